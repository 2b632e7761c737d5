-- V003 undone: activities, their co-leaders and types.
--
-- Data: filled tables move to schema archive_v003 and come back when V003 is applied again. With
--   `set pgschema.discard = 'on'` they are dropped.
-- Locks: ACCESS EXCLUSIVE on the three tables.
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

-- Discarding is said in the session that rolls back, never once for all of them.
do $$
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
end
$$;

create schema if not exists archive_v003 authorization pgschema_owner;
comment on schema archive_v003 is
'Rows of V003, kept by its rollback; they come back when V003 is applied again.';

set local role pgschema_owner;

-- Before the tables move: these name the table's row type.
drop function if exists authz.original_activity(public.activities);
drop function if exists authz.check_activity_facts(public.activities);
drop function if exists authz.check_activity_actor(public.activities, public.activities);

-- Keys, checks and the owner's policy travel with an archived table. What refers to other objects
-- is taken off here and put back by the migration.
do $$
declare
    ours constant text[] := array[
        'activity_co_leaders',
        'activities',
        'activity_types'
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
            execute format('alter table public.%I set schema archive_v003', table_name);
        end if;
    end loop;
    if not exists (
        select
        from pg_catalog.pg_class as c
        where c.relnamespace = 'archive_v003'::regnamespace
    ) then
        drop schema archive_v003;
    end if;
end
$$;

drop function if exists authz.guard_activity_insert();
drop function if exists authz.guard_activity_update();
drop function if exists authz.release_duplicates();
drop function if exists authz.guard_co_leader();
drop function if exists authz.check_activity_step(text, text);
drop function if exists authz.is_my_mentor(uuid);

reset role;
