-- V002 undone: assignments, the counts and schema stats.
--
-- Data: filled assignments move to schema archive_v002 and come back when V002 is applied again.
--   With `set pgschema.discard = 'on'` they are dropped. The counts are derived: they are dropped
--   here and rebuilt from the assignments there.
-- Locks: ACCESS EXCLUSIVE on assignments and peer_mentors.
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
    if to_regclass('public.activities') is not null then
        raise exception 'V002 cannot be rolled back while V003 is applied'
        using errcode = 'PM002', hint = 'Roll back V003 first.';
    end if;
end
$$;

-- Discarding is said in the session that rolls back, never once for all of them.
do $$
declare
    -- what was archived from here up refers to the rows that would go
    dependents constant text[] := array['archive_v003.activities', 'archive_v003.activity_co_leaders'];
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
        raise exception 'V002 cannot be discarded while % is kept', kept
        using
            errcode = 'PM005',
            hint = 'Roll back without discarding, or drop what is kept first.';
    end if;
end
$$;

create schema if not exists archive_v002 authorization pgschema_owner;
comment on schema archive_v002 is
'Rows of V002, kept by its rollback; they come back when V002 is applied again.';

set local role pgschema_owner;

-- Keys, checks and the owner's policy travel with an archived table. What refers to other objects
-- is taken off here and put back by the migration.
do $$
declare
    ours constant text[] := array[
        'assignments'
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
            execute format('alter table public.%I set schema archive_v002', table_name);
        end if;
    end loop;
    if not exists (
        select
        from pg_catalog.pg_class as c
        where c.relnamespace = 'archive_v002'::regnamespace
    ) then
        drop schema archive_v002;
    end if;
end
$$;

drop trigger if exists peer_mentors_100_zero_counts on public.peer_mentors;
drop trigger if exists peer_mentors_100_keep_key on public.peer_mentors;
drop trigger if exists peer_mentors_500_forget_deleted on public.peer_mentors;
drop policy if exists stats_refresher_select on public.peer_mentors;
drop policy if exists stats_refresher_update on public.peer_mentors;
alter table if exists public.peer_mentors
drop column if exists assignment_count,
drop column if exists completed_assignment_count;
do $$
begin
    if to_regclass('public.peer_mentors') is not null then
        revoke all on public.peer_mentors from stats_refresher;
    end if;
end
$$;

drop function if exists authz.guard_assignment_insert();
drop function if exists authz.guard_assignment_update();
drop function if exists authz.zero_assignment_counts();
drop function if exists authz.keep_mentor_key();
drop function if exists authz.check_assignment_mentor(uuid, uuid, uuid);
drop function if exists authz.check_assignment_author(uuid, uuid);

set local role stats_refresher;

drop table if exists stats.bulk_loads;
drop table if exists stats.assignment_count_deltas;
drop function if exists stats.end_bulk_load();
drop function if exists stats.rebuild_after_bulk_load();
drop function if exists stats.begin_bulk_load();
drop function if exists stats.check_bulk_load_ended();
drop function if exists stats.repair_assignment_counts();
drop function if exists stats.assignment_count_drift();
drop function if exists stats.apply_assignment_counts();
drop function if exists stats.fold_assignment_counts();
drop function if exists stats.take_assignment_deltas();
drop function if exists stats.forget_deleted_mentors();
drop function if exists stats.record_truncated_assignments();
drop function if exists stats.record_updated_assignments();
drop function if exists stats.record_deleted_assignments();
drop function if exists stats.record_inserted_assignments();
alter default privileges for role stats_refresher grant execute on functions to public;
drop schema if exists stats;

reset role;
