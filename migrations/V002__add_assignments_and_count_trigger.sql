-- V002: assignments, and a count per mentor that is the true count at every commit.
--
-- Why: honoraria are paid by the counts, so no path may change assignments without them. Statement
--   triggers append signed deltas to a ledger; a deferred trigger on the ledger applies the
--   transaction's own rows in mentor order at commit. Counting inside the statement deadlocks as
--   soon as two transactions touch two mentors in opposite order.
-- Locks: ACCESS EXCLUSIVE on peer_mentors while two columns are added (no rewrite).
-- Rollback: rollbacks/V002__rollback_assignments_and_count_trigger.sql. Filled assignments move to
--   schema archive_v002; the counts are dropped, they are rebuilt when this file comes back.
set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local search_path = pg_catalog, pg_temp;
set local client_min_messages = warning;

create schema if not exists stats authorization stats_refresher;

-- Archived by the rollback: take the rows back before anything is created in their place. Only our
-- own table: what somebody else keeps in that schema stays there.
do $$
begin
    if to_regclass('archive_v002.assignments') is not null then
        alter table archive_v002.assignments set schema public;
    end if;
    begin
        drop schema if exists archive_v002;
    exception
        when dependent_objects_still_exist then null;
    end;
end
$$;

-- 1. Assignments -------------------------------------------------------------------------------

set local role pgschema_owner;

create table if not exists public.assignments (
    id uuid not null default gen_random_uuid(),
    org_id uuid not null,
    chapter_id uuid not null,
    peer_mentor_id uuid not null,
    coordinator_id uuid,
    status text not null default 'dispatched',
    version integer not null default 1,
    title character varying(120) not null,
    due_at timestamptz,
    dispatched_at timestamptz not null default now(),
    accepted_at timestamptz,
    started_at timestamptz,
    completed_at timestamptz,
    closed_at timestamptz,
    client_request_id uuid,
    created_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint assignments_pkey primary key (id),
    constraint assignments_org_id_id_key unique (org_id, id),
    constraint assignments_org_id_client_request_id_key unique (org_id, client_request_id),
    constraint assignments_status_is_known check (
        status in (
            'dispatched', 'accepted', 'in_progress', 'completed', 'declined', 'cancelled', 'expired'
        )
    ),
    constraint assignments_version_is_positive check (version >= 1),
    constraint assignments_title_is_not_blank check (btrim(title) <> ''),
    constraint assignments_due_at_is_plausible
    check ((due_at at time zone 'UTC') between '1990-01-01' and '2200-01-01')
);

alter table public.peer_mentors
add column if not exists assignment_count bigint not null default 0
constraint peer_mentors_assignment_count_is_not_negative check (assignment_count >= 0),
add column if not exists completed_assignment_count bigint not null default 0
constraint peer_mentors_completed_assignment_count_is_not_negative
check (completed_assignment_count >= 0);

-- Apart from the table because a table that comes back from the archive comes without them.
do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (values
            (
                'assignments_org_id_fkey',
                'foreign key (org_id) references public.organizations (org_id)'
            ),
            (
                'assignments_org_id_chapter_id_fkey',
                'foreign key (org_id, chapter_id) references public.chapters (org_id, id)'
            ),
            (
                'assignments_org_id_peer_mentor_id_fkey',
                'foreign key (org_id, peer_mentor_id) references public.peer_mentors (org_id, id)'
            ),
            (
                'assignments_org_id_coordinator_id_fkey',
                'foreign key (org_id, coordinator_id) references public.coordinators (org_id, id)'
            )
        ) as keys (key_name, definition)
        where not exists (
            select
            from pg_catalog.pg_constraint as c
            where c.conrelid = 'public.assignments'::regclass and c.conname = keys.key_name
        )
    loop
        execute format(
            'alter table public.assignments add constraint %I %s',
            wanted.key_name, wanted.definition
        );
    end loop;
end
$$;

-- the policy itself, when a reader names no organisation: without it the OR of chapter and mentor
-- reads the whole table
create index if not exists assignments_chapter_id_idx on public.assignments (chapter_id);
-- the list screen
create index if not exists assignments_org_id_chapter_id_status_updated_at_idx
on public.assignments (org_id, chapter_id, status, updated_at);
-- the mentor's screen
create index if not exists assignments_peer_mentor_id_status_idx
on public.assignments (peer_mentor_id, status);
-- what a coordinator has dispatched
create index if not exists assignments_org_id_coordinator_id_status_idx
on public.assignments (org_id, coordinator_id, status);

-- 2. What a writer may not do, whoever it is ------------------------------------------------------

create or replace function authz.check_assignment_mentor(org_id uuid, chapter_id uuid, mentor uuid)
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Raises one and the same error for a mentor that does not exist and for one of another chapter,
-- and keeps the mentor from disappearing until commit. Called by the two guards of assignments.
begin
    perform
    from public.peer_mentors as pm
    where
        pm.org_id = check_assignment_mentor.org_id
        and pm.id = check_assignment_mentor.mentor
        and pm.chapter_id = check_assignment_mentor.chapter_id
    for key share;
    if not found then
        raise exception 'no such peer mentor in this chapter'
        using
            errcode = 'foreign_key_violation',
            schema = 'public',
            table = 'assignments',
            constraint = 'assignments_org_id_peer_mentor_id_fkey',
            hint = 'An assignment goes to a mentor who is in its chapter now.';
    end if;
end
$$;

create or replace function authz.check_assignment_author(org_id uuid, coordinator uuid)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Raises when a coordinator acts in another coordinator's name; admins may. Called by the guards.
begin
    if
        not (org_id = any(authz.admin_org_ids()))
        and not exists (
            select
            from public.coordinators as c
            where c.id = coordinator and c.user_id = authz.uid()
        )
    then
        raise exception 'an assignment is dispatched in one''s own name'
        using errcode = 'insufficient_privilege', hint = 'Leave coordinator_id out.';
    end if;
end
$$;

create or replace function authz.guard_assignment_insert()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fired by assignments_100_guard_insert. The scope comes first: row security is asked only after
-- this trigger, so the mentor's check alone would tell a stranger which mentors exist.
begin
    if authz.acts_for_user() then
        if not coalesce(new.chapter_id = any(authz.my_chapter_ids()), false) then
            perform authz.deny_row('assignments');
        end if;
        if new.coordinator_id is not null then
            perform authz.check_assignment_author(new.org_id, new.coordinator_id);
        end if;
        new.coordinator_id := coalesce(
            new.coordinator_id,
            (
                select c.id
                from public.coordinators as c
                where c.org_id = new.org_id and c.user_id = authz.uid()
            )
        );
        new.created_by := authz.uid();
    end if;
    perform authz.check_assignment_mentor(new.org_id, new.chapter_id, new.peer_mentor_id);
    return new;
end
$$;

create or replace function authz.guard_assignment_update()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fired by assignments_100_guard_update for every writer. Keeps tenancy and history as they were
-- and stamps version and times. The order of states comes with V009: until then no user may
-- write `status`.
declare
    closed constant text[] := '{completed, declined, cancelled, expired}';
begin
    if
        (new.id, new.org_id, new.chapter_id, new.client_request_id, new.created_at, new.created_by)
        is distinct from
        (old.id, old.org_id, old.chapter_id, old.client_request_id, old.created_at, old.created_by)
    then
        raise exception 'an assignment keeps its organisation, chapter and origin'
        using
            errcode = 'PM010',
            hint = 'Cancel it and dispatch a new one in the other chapter.';
    end if;
    if old.status = any(closed) and new is distinct from old and authz.acts_for_user() then
        raise exception 'a closed assignment stays as it is'
        using errcode = 'PM011', hint = 'Dispatch a new assignment.';
    end if;
    if new.peer_mentor_id is distinct from old.peer_mentor_id then
        if old.status = any(closed) then
            raise exception 'a closed assignment stays with its mentor'
            using errcode = 'PM011', hint = 'Dispatch a new assignment.';
        end if;
        perform authz.check_assignment_mentor(new.org_id, new.chapter_id, new.peer_mentor_id);
    end if;
    if new.coordinator_id is distinct from old.coordinator_id and authz.acts_for_user() then
        perform authz.check_assignment_author(new.org_id, new.coordinator_id);
    end if;
    if new.status is distinct from old.status then
        new.accepted_at := case new.status
            when 'accepted' then coalesce(new.accepted_at, now()) else new.accepted_at
        end;
        new.started_at := case new.status
            when 'in_progress' then coalesce(new.started_at, now()) else new.started_at
        end;
        new.completed_at := case new.status
            when 'completed' then coalesce(new.completed_at, now())
        end;
        new.closed_at := case
            when new.status = any(closed) then coalesce(new.closed_at, now())
        end;
    end if;
    if new is distinct from old then
        new.version := old.version + 1;
        new.updated_at := now();
    end if;
    return new;
end
$$;

create or replace function authz.zero_assignment_counts()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- A new mentor has no assignments, whatever the writer says. Fired by peer_mentors_100_zero_counts.
begin
    new.assignment_count := 0;
    new.completed_assignment_count := 0;
    return new;
end
$$;

create or replace function authz.keep_mentor_key()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- A mentor's id is what pending counts are kept by. Fired by peer_mentors_100_keep_key.
begin
    raise exception 'a peer mentor keeps id and organisation'
    using errcode = 'PM010', hint = 'Add a mentor in the other organisation.';
end
$$;

drop trigger if exists assignments_100_guard_insert on public.assignments;
create trigger assignments_100_guard_insert
before insert on public.assignments
for each row execute function authz.guard_assignment_insert();
drop trigger if exists assignments_100_guard_update on public.assignments;
create trigger assignments_100_guard_update
before update on public.assignments
for each row execute function authz.guard_assignment_update();
drop trigger if exists peer_mentors_100_zero_counts on public.peer_mentors;
create trigger peer_mentors_100_zero_counts
before insert on public.peer_mentors
for each row execute function authz.zero_assignment_counts();
drop trigger if exists peer_mentors_100_keep_key on public.peer_mentors;
create trigger peer_mentors_100_keep_key
before update of id, org_id on public.peer_mentors
for each row
when ((old.id, old.org_id) is distinct from (new.id, new.org_id))
execute function authz.keep_mentor_key();
alter table public.peer_mentors
enable always trigger peer_mentors_100_zero_counts,
enable always trigger peer_mentors_100_keep_key;

revoke all on function
authz.check_assignment_mentor(uuid, uuid, uuid),
authz.check_assignment_author(uuid, uuid), authz.guard_assignment_insert(),
authz.guard_assignment_update(), authz.zero_assignment_counts(), authz.keep_mentor_key()
from public, anon, authenticated, service_role;

-- 3. Row security and grants on public tables ---------------------------------------------------

alter table public.assignments enable row level security, force row level security;
revoke all on table public.assignments from public, anon, authenticated, service_role;

drop policy if exists owner_all on public.assignments;
create policy owner_all on public.assignments
for all to pgschema_owner using (true) with check (true);
drop policy if exists service_role_select on public.assignments;
create policy service_role_select on public.assignments
for select to service_role using (true);
drop policy if exists service_role_insert on public.assignments;
create policy service_role_insert on public.assignments
for insert to service_role with check (true);
drop policy if exists service_role_update on public.assignments;
create policy service_role_update on public.assignments
for update to service_role using (true) with check (true);
drop policy if exists stats_refresher_select on public.assignments;
create policy stats_refresher_select on public.assignments
for select to stats_refresher using (true);
drop policy if exists authenticated_select on public.assignments;
create policy authenticated_select on public.assignments
for select to authenticated
using (
    chapter_id = any((select authz.my_chapter_ids())::uuid[])
    or peer_mentor_id = any((select authz.my_mentor_ids())::uuid[])
);
drop policy if exists authenticated_insert on public.assignments;
create policy authenticated_insert on public.assignments
for insert to authenticated
with check (chapter_id = any((select authz.my_chapter_ids())::uuid[]));
drop policy if exists authenticated_update on public.assignments;
create policy authenticated_update on public.assignments
for update to authenticated
using (chapter_id = any((select authz.my_chapter_ids())::uuid[]))
with check (chapter_id = any((select authz.my_chapter_ids())::uuid[]));

drop policy if exists stats_refresher_select on public.peer_mentors;
create policy stats_refresher_select on public.peer_mentors
for select to stats_refresher using (true);
drop policy if exists stats_refresher_update on public.peer_mentors;
create policy stats_refresher_update on public.peer_mentors
for update to stats_refresher using (true) with check (true);

grant select on public.assignments to authenticated, service_role, stats_refresher;
grant
insert (org_id, chapter_id, peer_mentor_id, coordinator_id, title, due_at, client_request_id),
update (peer_mentor_id, coordinator_id, title, due_at)
on public.assignments to authenticated;
grant
insert (
    id, org_id, chapter_id, peer_mentor_id, coordinator_id, title, due_at, client_request_id,
    created_by
),
update (peer_mentor_id, coordinator_id, title, due_at, status)
on public.assignments to service_role;
grant select, update (assignment_count, completed_assignment_count)
on public.peer_mentors to stats_refresher;

-- 4. The ledger of the counts -------------------------------------------------------------------

set local role stats_refresher;

create table if not exists stats.assignment_count_deltas (
    xid xid8 not null default pg_current_xact_id(),
    id bigint not null generated always as identity,
    peer_mentor_id uuid not null,
    assignments bigint not null,
    completed bigint not null,
    -- the transaction comes first: at commit each finds its own rows in one descent
    constraint assignment_count_deltas_pkey primary key (xid, id)
)
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

create table if not exists stats.bulk_loads (
    xid xid8 not null default pg_current_xact_id(),
    triggers jsonb not null,
    constraint bulk_loads_pkey primary key (xid)
);

alter default privileges for role stats_refresher revoke execute on functions from public;

create or replace function stats.record_inserted_assignments()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fired once per inserting statement (also COPY, MERGE, ON CONFLICT); writes the ledger.
begin
    insert into stats.assignment_count_deltas (peer_mentor_id, assignments, completed)
    select
        r.peer_mentor_id,
        count(*),
        count(*) filter (where r.status = 'completed')
    from new_rows as r
    group by r.peer_mentor_id;
    return null;
end
$$;

create or replace function stats.record_deleted_assignments()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fired once per deleting statement; writes the ledger.
begin
    insert into stats.assignment_count_deltas (peer_mentor_id, assignments, completed)
    select
        r.peer_mentor_id,
        -count(*),
        -count(*) filter (where r.status = 'completed')
    from old_rows as r
    group by r.peer_mentor_id;
    return null;
end
$$;

create or replace function stats.record_updated_assignments()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fired once per updating statement (also MERGE, ON CONFLICT DO UPDATE); writes the ledger where
-- mentor or completion moved, so that an edited title costs nothing at commit.
begin
    insert into stats.assignment_count_deltas (peer_mentor_id, assignments, completed)
    select
        r.peer_mentor_id,
        sum(r.assignments),
        sum(r.completed)
    from (
        select n.peer_mentor_id, 1 as assignments, (n.status = 'completed')::integer as completed
        from new_rows as n
        union all
        select o.peer_mentor_id, -1, -(o.status = 'completed')::integer
        from old_rows as o
    ) as r
    group by r.peer_mentor_id
    having sum(r.assignments) <> 0 or sum(r.completed) <> 0;
    return null;
end
$$;

create or replace function stats.record_truncated_assignments()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fired by TRUNCATE, which has no transition table: no assignment is left, so every count is zero.
-- The table's lock keeps other writers out, so what this transaction still had to apply goes too.
begin
    -- a stored snapshot would not show the counts that others have committed since
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'TRUNCATE of assignments needs READ COMMITTED'
        using
            errcode = 'feature_not_supported',
            hint = 'Begin the transaction with ISOLATION LEVEL READ COMMITTED.';
    end if;
    delete from stats.assignment_count_deltas as d where d.xid = pg_current_xact_id();
    perform
    from public.peer_mentors as pm
    where pm.assignment_count <> 0 or pm.completed_assignment_count <> 0
    order by pm.id
    for no key update;
    update public.peer_mentors as pm
    set assignment_count = 0, completed_assignment_count = 0
    where pm.assignment_count <> 0 or pm.completed_assignment_count <> 0;
    return null;
end
$$;

create or replace function stats.forget_deleted_mentors()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fired once per statement that deletes mentors. A mentor goes only when no assignment is left, so
-- what is still to be applied belongs to nobody: not to a later mentor of the same id either.
begin
    delete from stats.assignment_count_deltas as d
    using old_rows as o
    where d.xid = pg_current_xact_id() and d.peer_mentor_id = o.id;
    return null;
end
$$;

create or replace function stats.take_assignment_deltas(
    out mentors uuid[], out assignments bigint[], out completed bigint[]
)
returns record
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Takes this transaction's rows off the ledger and returns their sums in mentor order. Called by
-- stats.fold_assignment_counts().
#variable_conflict use_column
begin
    with mine as (
        delete from stats.assignment_count_deltas as d
        where d.xid = pg_current_xact_id()
        returning d.peer_mentor_id, d.assignments, d.completed
    ),
    sums as (
        select
            m.peer_mentor_id,
            sum(m.assignments)::bigint as assignments,
            sum(m.completed)::bigint as completed
        from mine as m
        group by m.peer_mentor_id
        having sum(m.assignments) <> 0 or sum(m.completed) <> 0
    )
    select
        array_agg(s.peer_mentor_id order by s.peer_mentor_id),
        array_agg(s.assignments order by s.peer_mentor_id),
        array_agg(s.completed order by s.peer_mentor_id)
    into mentors, assignments, completed
    from sums as s;
end
$$;

create or replace function stats.fold_assignment_counts()
returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
-- at commit statement_timeout does not run: without this an idle transaction that holds a mentor's
-- row would keep commits waiting for ever
set lock_timeout = '5s'
as $$
-- Applies this transaction's deltas to peer_mentors, in mentor order so that no two commits can
-- wait for one another. Called at commit and by the repair; empties the ledger.
declare
    mentors uuid[];
    assignments bigint[];
    completed bigint[];
    lost uuid[];
begin
    select t.mentors, t.assignments, t.completed into mentors, assignments, completed
    from stats.take_assignment_deltas() as t;
    if cardinality(mentors) > 1 then
        perform
        from public.peer_mentors as pm
        where pm.id = any(mentors)
        order by pm.id
        for no key update;
    end if;
    with deltas as (
        select *
        from unnest(mentors, assignments, completed) as d (peer_mentor_id, assignments, completed)
    ),
    counted as (
        update public.peer_mentors as pm
        set
            assignment_count = pm.assignment_count + d.assignments,
            completed_assignment_count = pm.completed_assignment_count + d.completed
        from deltas as d
        where pm.id = d.peer_mentor_id
        returning pm.id
    )
    -- A mentor deleted together with the last assignments takes the count along.
    select array_agg(d.peer_mentor_id) into lost
    from deltas as d
    where
        (d.assignments > 0 or d.completed > 0)
        and not exists (select from counted as c where c.id = d.peer_mentor_id);
    if lost is not null then
        raise exception 'the assignment count of peer mentor % could not be kept', lost[1]
        using
            errcode = 'PM020',
            detail = format('Mentors without a row to count on: %s', lost),
            hint = 'Nothing was saved. See the policies of stats_refresher on peer_mentors.';
    end if;
end
$$;

create or replace function stats.apply_assignment_counts()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fired at commit for each row of the ledger. The first one does the work for all of them; the
-- others find their row gone. There is no marker that could be faked or outlive a savepoint.
begin
    if exists (
        select
        from stats.assignment_count_deltas as d
        where d.xid = new.xid and d.id = new.id
    ) then
        perform stats.fold_assignment_counts();
    end if;
    return null;
end
$$;

drop trigger if exists assignment_count_deltas_apply on stats.assignment_count_deltas;
create constraint trigger assignment_count_deltas_apply
after insert on stats.assignment_count_deltas
deferrable initially deferred
for each row execute function stats.apply_assignment_counts();
alter table stats.assignment_count_deltas enable always trigger assignment_count_deltas_apply;

-- 5. Reconciliation and bulk loads --------------------------------------------------------------

create or replace function stats.assignment_count_drift()
returns table (
    org_id uuid,
    peer_mentor_id uuid,
    display_name text,
    stored_count bigint,
    true_count bigint,
    stored_completed_count bigint,
    true_completed_count bigint
)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    -- Mentors whose counts are not the truth: no row in a healthy database. What the calling
    -- transaction has yet to apply is taken into account. Called by `pgschema reconcile`.
    with truth as (
        select
            a.peer_mentor_id,
            count(*) as assignments,
            count(*) filter (where a.status = 'completed') as completed
        from public.assignments as a
        group by a.peer_mentor_id
    ),
    pending as (
        select
            d.peer_mentor_id,
            sum(d.assignments)::bigint as assignments,
            sum(d.completed)::bigint as completed
        from stats.assignment_count_deltas as d
        where d.xid = pg_current_xact_id_if_assigned()
        group by d.peer_mentor_id
    ),
    compared as (
        select
            pm.org_id,
            pm.id,
            pm.display_name,
            pm.assignment_count + coalesce(p.assignments, 0) as stored,
            coalesce(t.assignments, 0) as counted,
            pm.completed_assignment_count + coalesce(p.completed, 0) as stored_completed,
            coalesce(t.completed, 0) as counted_completed
        from public.peer_mentors as pm
        left join truth as t on t.peer_mentor_id = pm.id
        left join pending as p on p.peer_mentor_id = pm.id
    )
    select
        c.org_id, c.id, c.display_name, c.stored, c.counted, c.stored_completed,
        c.counted_completed
    from compared as c
    where c.stored <> c.counted or c.stored_completed <> c.counted_completed
    order by c.org_id, c.id
$$;

create or replace function stats.repair_assignment_counts()
returns table (
    org_id uuid,
    peer_mentor_id uuid,
    display_name text,
    stored_count bigint,
    true_count bigint,
    stored_completed_count bigint,
    true_completed_count bigint
)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Makes every count true again and returns what was wrong. Exact while others write: whoever wants
-- to change a mentor's count waits for the mentor's row, which is locked before it is counted.
-- Called by `pgschema reconcile --repair` and after a bulk load; writes peer_mentors.
#variable_conflict use_column
declare
    drifted uuid[];
begin
    perform stats.fold_assignment_counts();
    -- rows that a committed transaction left behind can only come from a disabled trigger
    delete from stats.assignment_count_deltas;
    select array_agg(d.peer_mentor_id) into drifted from stats.assignment_count_drift() as d;
    perform from public.peer_mentors as pm where pm.id = any(drifted) order by pm.id
    for no key update;
    return query
    with found as (
        select d.* from stats.assignment_count_drift() as d where d.peer_mentor_id = any(drifted)
    ),
    repaired as (
        update public.peer_mentors as pm
        set
            assignment_count = f.true_count,
            completed_assignment_count = f.true_completed_count
        from found as f
        where pm.id = f.peer_mentor_id
    )
    select f.* from found as f;
end
$$;

create or replace function stats.check_bulk_load_ended()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fired at commit of a transaction that began a bulk load: the triggers must be on again.
begin
    if exists (select from stats.bulk_loads as b where b.xid = new.xid) then
        raise exception 'the bulk load was not ended'
        using errcode = 'PM021', hint = 'Call stats.end_bulk_load() before commit.';
    end if;
    return null;
end
$$;

drop trigger if exists bulk_loads_ended on stats.bulk_loads;
create constraint trigger bulk_loads_ended
after insert on stats.bulk_loads
deferrable initially deferred
for each row execute function stats.check_bulk_load_ended();
alter table stats.bulk_loads enable always trigger bulk_loads_ended;

create or replace function stats.begin_bulk_load()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- Switches the triggers of our public tables off until stats.end_bulk_load() in the same
-- transaction. Only who may alter those tables can do it, and other writers wait for the end, so
-- there is nothing to fake and nothing to miss. Foreign keys and checks stay on.
declare
    kept record;
begin
    insert into stats.bulk_loads (triggers)
    select coalesce(
        jsonb_agg(jsonb_build_object('table', c.relname, 'trigger', t.tgname, 'state', t.tgenabled)),
        '[]'
    )
    from pg_trigger as t
    inner join pg_class as c on c.oid = t.tgrelid
    where
        not t.tgisinternal
        and c.relnamespace = 'public'::regnamespace
        and c.relowner = 'pgschema_owner'::regrole;
    for kept in
        select r.*
        from stats.bulk_loads as b
        cross join jsonb_to_recordset(b.triggers) as r ("table" name, "trigger" name)
        where b.xid = pg_current_xact_id()
        order by r."table", r."trigger"
    loop
        execute format(
            'alter table public.%I disable trigger %I', kept."table", kept."trigger"
        );
    end loop;
end
$$;

create or replace function stats.rebuild_after_bulk_load()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- Rebuilds whatever the triggers would have kept. Later migrations replace it by a longer one.
begin
    perform stats.repair_assignment_counts();
    if exists (select from stats.assignment_count_drift()) then
        raise exception 'counts still differ after the bulk load'
        using errcode = 'PM022', hint = 'Read stats.assignment_count_drift().';
    end if;
end
$$;

create or replace function stats.end_bulk_load()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- Puts the triggers back as stats.begin_bulk_load() found them and rebuilds what they would have
-- kept. Raises when no bulk load was begun in this transaction.
declare
    kept record;
begin
    for kept in
        select r.*
        from stats.bulk_loads as b
        cross join jsonb_to_recordset(b.triggers)
            as r ("table" name, "trigger" name, state "char")
        where b.xid = pg_current_xact_id()
        order by r."table", r."trigger"
    loop
        execute format(
            'alter table public.%I %s trigger %I',
            kept."table",
            case kept.state
                when 'O' then 'enable'
                when 'A' then 'enable always'
                when 'R' then 'enable replica'
                else 'disable'
            end,
            kept."trigger"
        );
    end loop;
    delete from stats.bulk_loads as b where b.xid = pg_current_xact_id();
    if not found then
        raise exception 'no bulk load was begun in this transaction'
        using errcode = 'PM021', hint = 'Call stats.begin_bulk_load() first.';
    end if;
    perform stats.rebuild_after_bulk_load();
end
$$;

-- 6. Row security and grants in stats -----------------------------------------------------------

alter table stats.assignment_count_deltas enable row level security, force row level security;
alter table stats.bulk_loads enable row level security, force row level security;
revoke all on stats.assignment_count_deltas, stats.bulk_loads
from public, anon, authenticated, service_role;

drop policy if exists owner_all on stats.assignment_count_deltas;
create policy owner_all on stats.assignment_count_deltas
for all to stats_refresher using (true) with check (true);
drop policy if exists service_role_select on stats.assignment_count_deltas;
create policy service_role_select on stats.assignment_count_deltas
for select to service_role using (true);
drop policy if exists owner_all on stats.bulk_loads;
create policy owner_all on stats.bulk_loads
for all to stats_refresher using (true) with check (true);
drop policy if exists loader_all on stats.bulk_loads;
create policy loader_all on stats.bulk_loads
for all to pgschema_owner using (true) with check (true);
drop policy if exists service_role_select on stats.bulk_loads;
create policy service_role_select on stats.bulk_loads
for select to service_role using (true);

grant select on stats.assignment_count_deltas, stats.bulk_loads to service_role;
grant select, insert, delete on stats.bulk_loads to pgschema_owner;

revoke all on all functions in schema stats from public, anon, authenticated, service_role;
grant execute on function
stats.record_inserted_assignments(), stats.record_deleted_assignments(),
stats.record_updated_assignments(), stats.record_truncated_assignments(),
stats.forget_deleted_mentors(),
stats.assignment_count_drift(), stats.repair_assignment_counts(), stats.begin_bulk_load(),
stats.rebuild_after_bulk_load(), stats.end_bulk_load()
to pgschema_owner;
grant execute on function stats.assignment_count_drift() to service_role;
revoke all on schema stats from public, anon, authenticated, service_role;
grant usage on schema stats to pgschema_owner, service_role;

comment on schema stats is
'Numbers kept by triggers, and the machinery that keeps them; not part of the API.';
comment on table stats.assignment_count_deltas is
'Signed changes of mentors'' counts that open transactions apply at commit; empty in between.';
comment on column stats.assignment_count_deltas.xid is
'The transaction that wrote the row and will apply it.';
comment on column stats.assignment_count_deltas.assignments is
'What to add to peer_mentors.assignment_count.';
comment on column stats.assignment_count_deltas.completed is
'What to add to peer_mentors.completed_assignment_count.';
comment on table stats.bulk_loads is
'The bulk load that the current transaction has begun and must end; empty in between.';
comment on column stats.bulk_loads.triggers is
'Every trigger that was switched off, with the state to put back.';
comment on policy owner_all on stats.assignment_count_deltas is
'The counting functions act as the owner, who sees all in spite of FORCE.';
comment on policy service_role_select on stats.assignment_count_deltas is
'The service key may look at the machinery.';
comment on policy owner_all on stats.bulk_loads is
'The owner sees all in spite of FORCE.';
comment on policy loader_all on stats.bulk_loads is
'Who may alter the tables may begin and end a bulk load.';
comment on policy service_role_select on stats.bulk_loads is
'The service key may look at the machinery.';
comment on trigger assignment_count_deltas_apply on stats.assignment_count_deltas is
'At commit: applies the transaction''s own deltas in mentor order, also in replica mode.';
comment on trigger bulk_loads_ended on stats.bulk_loads is
'At commit: refuses a bulk load that left triggers switched off.';
comment on function stats.record_inserted_assignments() is
'Appends +1 per assignment. Definer: users have no right on the ledger.';
comment on function stats.record_deleted_assignments() is
'Appends -1 per assignment. Definer: users have no right on the ledger.';
comment on function stats.record_updated_assignments() is
'Appends moves between mentors and completions. Definer: users have no right on the ledger.';
comment on function stats.record_truncated_assignments() is
'Sets all counts to zero. Definer: only stats_refresher writes the counts.';
comment on function stats.forget_deleted_mentors() is
'Drops what was still to count for deleted mentors. Definer: users have no right on the ledger.';
comment on function stats.take_assignment_deltas() is
'Takes the transaction''s deltas off the ledger, summed. Definer: the ledger is private.';
comment on function stats.fold_assignment_counts() is
'Applies the transaction''s deltas, raises PM020 when a mentor is missing. Definer: see above.';
comment on function stats.apply_assignment_counts() is
'Commit-time trigger of the ledger. Definer: only stats_refresher writes the counts.';
comment on function stats.assignment_count_drift() is
'Mentors whose stored counts are wrong. Definer: reads all assignments.';
comment on function stats.repair_assignment_counts() is
'Corrects and returns wrong counts. Definer: only stats_refresher writes the counts.';
comment on function stats.check_bulk_load_ended() is
'Commit-time trigger of bulk_loads. Definer: reads the private table.';
comment on function stats.begin_bulk_load() is
'Switches our triggers off until stats.end_bulk_load(); for the owner of the tables only.';
comment on function stats.rebuild_after_bulk_load() is
'Rebuilds everything that triggers keep.';
comment on function stats.end_bulk_load() is
'Switches our triggers on again, rebuilds what they keep and checks it.';

-- 7. Counting starts ----------------------------------------------------------------------------

set local role pgschema_owner;

drop trigger if exists assignments_500_count_insert on public.assignments;
create trigger assignments_500_count_insert
after insert on public.assignments
referencing new table as new_rows
for each statement execute function stats.record_inserted_assignments();
drop trigger if exists assignments_500_count_update on public.assignments;
create trigger assignments_500_count_update
after update on public.assignments
referencing old table as old_rows new table as new_rows
for each statement execute function stats.record_updated_assignments();
drop trigger if exists assignments_500_count_delete on public.assignments;
create trigger assignments_500_count_delete
after delete on public.assignments
referencing old table as old_rows
for each statement execute function stats.record_deleted_assignments();
drop trigger if exists assignments_500_count_truncate on public.assignments;
create trigger assignments_500_count_truncate
after truncate on public.assignments
for each statement execute function stats.record_truncated_assignments();
alter table public.assignments
enable always trigger assignments_500_count_insert,
enable always trigger assignments_500_count_update,
enable always trigger assignments_500_count_delete,
enable always trigger assignments_500_count_truncate;
drop trigger if exists peer_mentors_500_forget_deleted on public.peer_mentors;
create trigger peer_mentors_500_forget_deleted
after delete on public.peer_mentors
referencing old table as old_rows
for each statement execute function stats.forget_deleted_mentors();
alter table public.peer_mentors enable always trigger peer_mentors_500_forget_deleted;

-- Assignments that came back from the archive: the counts were dropped with the rollback.
do $$
begin
    perform stats.repair_assignment_counts();
end
$$;

-- 8. Meaning -----------------------------------------------------------------------------------

comment on table public.assignments is
'A piece of work that a coordinator gives to a mentor; never deleted through the API.';
comment on column public.assignments.chapter_id is
'The mentor''s chapter when it was dispatched; never changes.';
comment on column public.assignments.peer_mentor_id is
'Who carries it out; may change to another mentor of the same chapter while it is open.';
comment on column public.assignments.coordinator_id is
'Who dispatched it.';
comment on column public.assignments.status is
'dispatched, accepted, in_progress, then one of completed, declined, cancelled, expired.';
comment on column public.assignments.version is
'Rises by one with every change, so that a client notices that it holds an old copy.';
comment on column public.assignments.title is
'What to do, in a few words. No names and nothing about anybody''s health.';
comment on column public.assignments.client_request_id is
'The client''s own id of the request, so that a repeated one does not dispatch twice.';
comment on column public.assignments.closed_at is
'When it reached a state that it cannot leave.';
comment on column public.peer_mentors.assignment_count is
'Assignments ever dispatched to the mentor; written by the count trigger alone.';
comment on column public.peer_mentors.completed_assignment_count is
'Assignments the mentor has completed: the basis of honoraria. Written by the count trigger alone.';
comment on policy owner_all on public.assignments is
'Definer functions and the migrations act as the owner, who sees all in spite of FORCE.';
comment on policy service_role_select on public.assignments is
'The service key reads every tenant, also where it may not have BYPASSRLS.';
comment on policy service_role_insert on public.assignments is
'The service key writes for every tenant.';
comment on policy service_role_update on public.assignments is
'The service key changes rows of every tenant; nobody in the API deletes.';
comment on policy stats_refresher_select on public.assignments is
'Reconciliation counts all assignments.';
comment on policy authenticated_select on public.assignments is
'Coordinators and admins see the chapters in scope, mentors what is theirs.';
comment on policy authenticated_insert on public.assignments is
'Coordinators and admins dispatch in the chapters in scope.';
comment on policy authenticated_update on public.assignments is
'Coordinators and admins edit in the chapters in scope; states change through V009''s function.';
comment on policy stats_refresher_select on public.peer_mentors is
'The count trigger finds every mentor.';
comment on policy stats_refresher_update on public.peer_mentors is
'The count trigger counts for every mentor; its grant covers the two counts only.';
comment on trigger assignments_100_guard_insert on public.assignments is
'The mentor must be in the assignment''s chapter; users dispatch in their own scope and name.';
comment on trigger assignments_100_guard_update on public.assignments is
'Tenancy never changes; a new mentor must be of the same chapter; stamps version and times.';
comment on trigger assignments_500_count_insert on public.assignments is
'Counts inserted assignments, also in replica mode.';
comment on trigger assignments_500_count_update on public.assignments is
'Counts moves between mentors and completions, also in replica mode.';
comment on trigger assignments_500_count_delete on public.assignments is
'Counts deleted assignments down, also in replica mode.';
comment on trigger assignments_500_count_truncate on public.assignments is
'Sets all counts to zero, also in replica mode.';
comment on trigger peer_mentors_100_zero_counts on public.peer_mentors is
'A new mentor starts at zero, whatever the writer says, also in replica mode.';
comment on trigger peer_mentors_100_keep_key on public.peer_mentors is
'Id and organisation never change, also in replica mode: pending counts are kept by them.';
comment on trigger peer_mentors_500_forget_deleted on public.peer_mentors is
'What was still to count for a deleted mentor is dropped, also in replica mode.';
comment on function authz.check_assignment_mentor(uuid, uuid, uuid) is
'One error for unknown and foreign mentors. Definer: locks mentors that the caller only reads.';
comment on function authz.check_assignment_author(uuid, uuid) is
'Coordinators act in their own name. Definer: reads all coordinators.';
comment on function authz.guard_assignment_insert() is
'Checks and stamps a new assignment. Definer: sees more than the caller.';
comment on function authz.guard_assignment_update() is
'Checks and stamps a changed assignment. Definer: sees more than the caller.';
comment on function authz.zero_assignment_counts() is
'Starts the counts of a new mentor at zero.';
comment on function authz.keep_mentor_key() is
'Refuses a mentor''s move to another id or organisation.';

-- 9. Assertions: `if not exists` must not hide an older shape ------------------------------------

do $$
declare
    wrong text;
begin
    select string_agg(expected.table_name || '.' || expected.column_type, ', ') into wrong
    from (
        select
            shapes.table_name,
            unnest(string_to_array(shapes.columns, ', ')) as column_type
        from (values
            (
                'public.assignments',
                'id uuid, org_id uuid, chapter_id uuid, peer_mentor_id uuid, coordinator_id uuid, '
                'status text, version integer, title character varying(120), '
                'due_at timestamp with time zone, dispatched_at timestamp with time zone, '
                'accepted_at timestamp with time zone, started_at timestamp with time zone, '
                'completed_at timestamp with time zone, closed_at timestamp with time zone, '
                'client_request_id uuid, created_by uuid, created_at timestamp with time zone, '
                'updated_at timestamp with time zone'
            ),
            ('public.peer_mentors', 'assignment_count bigint, completed_assignment_count bigint'),
            (
                'stats.assignment_count_deltas',
                'xid xid8, id bigint, peer_mentor_id uuid, assignments bigint, completed bigint'
            ),
            ('stats.bulk_loads', 'xid xid8, triggers jsonb')
        ) as shapes (table_name, columns)
        except
        select
            format('%s.%s', c.relnamespace::regnamespace, c.relname),
            a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        from pg_catalog.pg_class as c
        inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid
        where
            c.relnamespace in ('public'::regnamespace, 'stats'::regnamespace)
            and c.relowner in ('pgschema_owner'::regrole, 'stats_refresher'::regrole)
            and c.relrowsecurity
            and c.relforcerowsecurity
            and a.attnum > 0
            and not a.attisdropped
    ) as expected;
    if wrong is not null then
        raise exception 'V002 found tables of another shape, owner or row security: %', wrong
        using
            errcode = 'PM001',
            hint = 'Somebody else made a table of this name: rename or drop it, then apply again.';
    end if;
    select string_agg(expected.constraint_name, ', ') into wrong
    from (
        select
            unnest(string_to_array(
                'assignments_due_at_is_plausible, assignments_org_id_chapter_id_fkey, '
                'assignments_org_id_client_request_id_key, assignments_org_id_coordinator_id_fkey, '
                'assignments_org_id_fkey, assignments_org_id_id_key, '
                'assignments_org_id_peer_mentor_id_fkey, assignments_pkey, '
                'assignments_status_is_known, assignments_title_is_not_blank, '
                'assignments_version_is_positive, peer_mentors_assignment_count_is_not_negative, '
                'peer_mentors_completed_assignment_count_is_not_negative',
                ', '
            )) as constraint_name
        except
        select c.conname
        from pg_catalog.pg_constraint as c
        where c.connamespace = 'public'::regnamespace and c.convalidated
    ) as expected;
    if wrong is not null then
        raise exception 'V002 found tables that lack constraints: %', wrong
        using
            errcode = 'PM001',
            hint = 'Somebody else made a table of this name: rename or drop it, then apply again.';
    end if;
    if (
        select count(*)
        from pg_catalog.pg_trigger as t
        where
            t.tgenabled = 'A'
            and t.tgrelid in (
                'public.assignments'::regclass, 'public.peer_mentors'::regclass,
                'stats.assignment_count_deltas'::regclass
            )
            and not t.tgisinternal
    ) <> 8 then
        raise exception 'V002 found count triggers that do not always fire'
        using errcode = 'PM001', hint = 'Compare with tests/golden/schema.sql.';
    end if;
end
$$;

reset role;
