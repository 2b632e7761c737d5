-- V001 undone: tenancy, scope functions and the stand-ins for Supabase.
--
-- Data: filled tables move to schema archive_v001 and come back when V001 is applied again. With
--   `set pgschema.discard = 'on'` they are dropped. Roles and the publication stay: other
--   databases of the cluster and other programs may use them.
-- Locks: ACCESS EXCLUSIVE on the seven tables.
set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local search_path = pg_catalog, pg_temp;
set local client_min_messages = warning;

-- A stored snapshot would take a table for empty that somebody has filled since.
do $$
begin
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'a rollback needs READ COMMITTED'
        using
            errcode = 'PM003',
            hint = 'Begin the transaction with ISOLATION LEVEL READ COMMITTED.';
    end if;
end
$$;

-- The engine refuses this too; here it holds for plain psql.
do $$
begin
    if to_regclass('public.assignments') is not null then
        raise exception 'V001 cannot be rolled back while V002 is applied'
        using errcode = 'PM002', hint = 'Roll back V002 first.';
    end if;
end
$$;

-- Discarding is said in the session that rolls back, never once for all of them.
do $$
declare
    -- what was archived from here up refers to the rows that would go
    dependents constant text[] := array[
        'archive_v002.assignments', 'archive_v003.activities', 'archive_v003.activity_co_leaders'
    ];
    kept text;
begin
    if coalesce(current_setting('pgschema.discard', true), '') <> 'on' then
        return;
    end if;
    if exists (
        select
        from pg_catalog.pg_db_role_setting as s
        where
            s.setconfig @> '{pgschema.discard=on}'
            and s.setrole in (0, session_user::regrole)
            and s.setdatabase in (
                0,
                (select d.oid from pg_catalog.pg_database as d where d.datname = current_database())
            )
    ) then
        raise exception 'pgschema.discard is a default of this database or role'
        using
            errcode = 'PM004',
            hint = 'Reset it there (alter database, alter role) and set it in the session.';
    end if;
    select string_agg(d.name, ', ') into kept
    from unnest(dependents) as d (name)
    where to_regclass(d.name) is not null;
    if kept is not null then
        raise exception 'V001 cannot be discarded while % is kept', kept
        using
            errcode = 'PM005',
            hint = 'Roll back without discarding, or drop what is kept first.';
    end if;
end
$$;

create schema if not exists archive_v001 authorization pgschema_owner;
comment on schema archive_v001 is
'Rows of V001, kept by its rollback; they come back when V001 is applied again.';

set local role pgschema_owner;

-- Keys, checks and the owner's policy travel with an archived table. What refers to other objects
-- is taken off here and put back by the migration.
do $$
declare
    ours constant text[] := array[
        'coordinator_chapters',
        'peer_mentors',
        'coordinators',
        'platform_admins',
        'org_members',
        'chapters',
        'organizations'
    ];
    discards constant boolean := coalesce(current_setting('pgschema.discard', true), '') = 'on';
    table_name text;
    part record;
    is_filled boolean;
begin
    foreach table_name in array ours
    loop
        continue when to_regclass(format('public.%I', table_name)) is null;
        execute format('lock table public.%I in access exclusive mode', table_name);
        -- or a policy that somebody has changed would decide whether the table looks empty
        execute format('alter table public.%I no force row level security', table_name);
        for part in
            select format('alter table public.%I drop constraint %I', table_name, c.conname) as ddl
            from pg_catalog.pg_constraint as c
            where c.conrelid = format('public.%I', table_name)::regclass and c.contype = 'f'
            union all
            select format('drop trigger %I on public.%I', t.tgname, table_name)
            from pg_catalog.pg_trigger as t
            where t.tgrelid = format('public.%I', table_name)::regclass and not t.tgisinternal
            union all
            select format('drop policy %I on public.%I', p.polname, table_name)
            from pg_catalog.pg_policy as p
            where
                p.polrelid = format('public.%I', table_name)::regclass
                and p.polname <> 'owner_all'
        loop
            execute part.ddl;
        end loop;
    end loop;
    foreach table_name in array ours
    loop
        continue when to_regclass(format('public.%I', table_name)) is null;
        execute format('select exists (select from public.%I)', table_name) into is_filled;
        if discards or not is_filled then
            execute format('drop table public.%I', table_name);
        else
            execute format(
                'revoke all on public.%I from anon, authenticated, service_role, stats_refresher',
                table_name
            );
            execute format('alter table public.%I force row level security', table_name);
            execute format('alter table public.%I set schema archive_v001', table_name);
        end if;
    end loop;
    if not exists (
        select
        from pg_catalog.pg_class as c
        where c.relnamespace = 'archive_v001'::regnamespace
    ) then
        drop schema archive_v001;
    end if;
end
$$;

drop function if exists authz.assign_chapter_slot();
drop function if exists authz.deny_row(text);
drop function if exists authz.acts_for_user();
drop function if exists authz.my_mentor_ids();
drop function if exists authz.my_coordinator_ids();
drop function if exists authz.my_chapter_ids();
drop function if exists authz.member_org_ids();
drop function if exists authz.admin_org_ids();
drop function if exists authz.org_ids_for(text);
drop function if exists authz.is_platform_admin();
drop function if exists authz.uid();
drop schema if exists authz;

-- Schema auth only where it is our stand-in: Supabase's own belongs to somebody else.
do $$
begin
    if (
        select n.nspowner from pg_catalog.pg_namespace as n where n.nspname = 'auth'
    ) = 'pgschema_owner'::regrole then
        drop function if exists auth.role();
        drop function if exists auth.uid();
        drop function if exists auth.jwt();
        drop schema auth;
    end if;
end
$$;

alter default privileges for role pgschema_owner grant execute on functions to public;

reset role;

revoke create, usage on schema public from pgschema_owner;
revoke usage on schema public from stats_refresher;
