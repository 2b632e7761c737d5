-- V003: activities as peer mentors register them, with Oslo dates and marked duplicates.
--
-- Why: the numbers that grants and honoraria rest on are counted from this table, so it keeps who,
--   where and when as they were: tenancy and attribution never change, days and months are stored
--   in Oslo's calendar, and a second registration of the same thing points at the first.
-- Locks: creates only.
-- Rollback: rollbacks/V003__rollback_activities.sql. Filled tables move to schema archive_v003.
set local lock_timeout = '5s';
set local statement_timeout = '10min';
set local search_path = pg_catalog, pg_temp;
set local client_min_messages = warning;

-- Archived by the rollback: take the rows back before anything is created in their place. Only our
-- own tables: what somebody else keeps in that schema stays there.
do $$
declare
    ours constant text[] := array['activity_types', 'activities', 'activity_co_leaders'];
    table_name text;
begin
    foreach table_name in array ours
    loop
        if to_regclass(format('archive_v003.%I', table_name)) is not null then
            execute format('alter table archive_v003.%I set schema public', table_name);
        end if;
    end loop;
    begin
        drop schema if exists archive_v003;
    exception
        when dependent_objects_still_exist then null;
    end;
end
$$;

set local role pgschema_owner;

-- 1. Tables ------------------------------------------------------------------------------------

create table if not exists public.activity_types (
    code text not null,
    label_nb text not null,
    label_nn text not null,
    label_en text not null,
    category text not null,
    active boolean not null default true,
    constraint activity_types_pkey primary key (code),
    constraint activity_types_code_is_snake_case check (code ~ '^[a-z][a-z0-9_]{0,62}$'),
    constraint activity_types_category_is_known
    check (category in ('outreach', 'group', 'course', 'remote', 'other'))
);

-- The codes that counting rules name. What an operator has changed since stays changed.
insert into public.activity_types (code, label_nb, label_nn, label_en, category)
values
('outreach_visit', 'Oppsøkende besøk', 'Oppsøkjande besøk', 'Outreach visit', 'outreach'),
('conversation_group', 'Samtalegruppe', 'Samtalegruppe', 'Conversation group', 'group'),
('activity_group', 'Aktivitetsgruppe', 'Aktivitetsgruppe', 'Activity group', 'group'),
('peer_course', 'Likepersonkurs', 'Likepersonkurs', 'Peer course', 'course'),
('phone_call', 'Telefonsamtale', 'Telefonsamtale', 'Phone call', 'remote'),
('digital_meeting', 'Digitalt møte', 'Digitalt møte', 'Digital meeting', 'remote'),
('chat', 'Chat', 'Chat', 'Chat', 'remote'),
('hospital_shift', 'Sykehusvakt', 'Sjukehusvakt', 'Hospital shift', 'other'),
('board_work', 'Styrearbeid', 'Styrearbeid', 'Board work', 'other'),
('other', 'Annet', 'Anna', 'Other', 'other')
on conflict (code) do nothing;

create table if not exists public.activities (
    id uuid not null default gen_random_uuid(),
    org_id uuid not null,
    chapter_id uuid not null,
    peer_mentor_id uuid not null,
    coordinator_id uuid,
    activity_type text not null,
    status text not null default 'draft',
    occurred_at timestamptz not null,
    duration_minutes integer not null,
    participant_count integer not null,
    delivery_mode text not null,
    country character(2) not null default 'NO',
    led_by_peer boolean not null default true,
    series_id uuid,
    anonymous_group_marker smallint,
    assignment_id uuid,
    duplicate_of uuid,
    duplicate_override_by uuid,
    client_request_id uuid,
    registered_by uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    cancelled_at timestamptz,
    activity_date date not null
    generated always as ((occurred_at at time zone 'Europe/Oslo')::date) stored,
    activity_month date not null
    generated always as (
        date_trunc('month', occurred_at at time zone 'Europe/Oslo')::date
    ) stored,
    constraint activities_pkey primary key (id),
    constraint activities_org_id_id_key unique (org_id, id),
    constraint activities_org_id_client_request_id_key unique (org_id, client_request_id),
    constraint activities_status_is_known
    check (status in ('draft', 'submitted', 'approved', 'rejected', 'cancelled')),
    constraint activities_occurred_at_is_plausible
    check ((occurred_at at time zone 'UTC') between '1990-01-01' and '2200-01-01'),
    constraint activities_duration_within_a_day check (duration_minutes between 0 and 1440),
    constraint activities_participant_count_is_plausible
    check (participant_count between 0 and 10000),
    constraint activities_delivery_mode_is_known
    check (delivery_mode in ('in_person', 'phone', 'digital', 'mixed')),
    constraint activities_country_is_two_letters check (country ~ '^[A-Z]{2}$'),
    constraint activities_duplicate_of_is_another_row check (duplicate_of <> id)
);

create table if not exists public.activity_co_leaders (
    org_id uuid not null,
    activity_id uuid not null,
    peer_mentor_id uuid not null,
    -- copied from the activity by a trigger, so that a policy needs no join
    chapter_id uuid not null,
    leader_id uuid not null,
    constraint activity_co_leaders_pkey primary key (org_id, activity_id, peer_mentor_id),
    constraint activity_co_leaders_is_not_the_leader check (peer_mentor_id <> leader_id)
);

-- Apart from the tables because tables that come back from the archive come without them.
do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (values
            (
                'activities', 'activities_org_id_fkey',
                'foreign key (org_id) references public.organizations (org_id)'
            ),
            (
                'activities', 'activities_org_id_chapter_id_fkey',
                'foreign key (org_id, chapter_id) references public.chapters (org_id, id)'
            ),
            (
                'activities', 'activities_org_id_peer_mentor_id_fkey',
                'foreign key (org_id, peer_mentor_id) references public.peer_mentors (org_id, id)'
            ),
            (
                'activities', 'activities_org_id_coordinator_id_fkey',
                'foreign key (org_id, coordinator_id) references public.coordinators (org_id, id)'
            ),
            (
                'activities', 'activities_activity_type_fkey',
                'foreign key (activity_type) references public.activity_types (code)'
            ),
            (
                'activities', 'activities_org_id_assignment_id_fkey',
                'foreign key (org_id, assignment_id) references public.assignments (org_id, id)'
            ),
            (
                'activities', 'activities_org_id_duplicate_of_fkey',
                'foreign key (org_id, duplicate_of) references public.activities (org_id, id)'
            ),
            (
                'activity_co_leaders', 'activity_co_leaders_org_id_activity_id_fkey',
                'foreign key (org_id, activity_id) references public.activities (org_id, id)'
            ),
            (
                'activity_co_leaders', 'activity_co_leaders_org_id_peer_mentor_id_fkey',
                'foreign key (org_id, peer_mentor_id) references public.peer_mentors (org_id, id)'
            )
        ) as keys (table_name, key_name, definition)
        where not exists (
            select
            from pg_catalog.pg_constraint as c
            where
                c.conrelid = format('public.%I', keys.table_name)::regclass
                and c.conname = keys.key_name
        )
    loop
        execute format(
            'alter table public.%I add constraint %I %s',
            wanted.table_name, wanted.key_name, wanted.definition
        );
    end loop;
end
$$;

-- 2. Indexes: each names the screen or rule that needs it ---------------------------------------

-- the coordinator's months
create index if not exists activities_org_id_coordinator_id_activity_month_idx
on public.activities (org_id, coordinator_id, activity_month)
include (activity_type, status, duration_minutes);
-- streaks and thresholds of one mentor; finding a duplicate; the mentor's own list
create index if not exists activities_peer_mentor_id_activity_date_activity_type_idx
on public.activities (peer_mentor_id, activity_date, activity_type);
-- a chapter's months under row security
create index if not exists activities_org_id_chapter_id_activity_month_idx
on public.activities (org_id, chapter_id, activity_month);
-- the policy itself, when a reader names no organisation: without it the OR of chapter and mentor
-- reads the whole table (500,000 rows: coordinator 74 -> 3 ms, mentor 70 -> 1 ms)
create index if not exists activities_chapter_id_idx on public.activities (chapter_id);
-- a period of the whole organisation, by type
create index if not exists activities_org_id_activity_month_activity_type_idx
on public.activities (org_id, activity_month, activity_type);
-- the approval queue
create index if not exists activities_org_id_created_at_submitted_idx
on public.activities (org_id, created_at) where status = 'submitted';
-- foreign keys that few rows use
create index if not exists activities_org_id_assignment_id_idx
on public.activities (org_id, assignment_id) where assignment_id is not null;
create index if not exists activities_org_id_duplicate_of_idx
on public.activities (org_id, duplicate_of) where duplicate_of is not null;
create index if not exists activity_co_leaders_peer_mentor_id_idx
on public.activity_co_leaders (peer_mentor_id);
create index if not exists activity_co_leaders_chapter_id_idx
on public.activity_co_leaders (chapter_id);
create index if not exists activity_co_leaders_leader_id_idx
on public.activity_co_leaders (leader_id);

-- 3. What a writer may not do -------------------------------------------------------------------

create or replace function authz.is_my_mentor(mentor uuid)
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    -- Whether the caller is this mentor as a person, with or without a membership now: who may see
    -- an activity goes by memberships, whose own it is does not.
    select exists (
        select
        from public.peer_mentors as pm
        where pm.id = is_my_mentor.mentor and pm.user_id = authz.uid()
    )
$$;

create or replace function authz.original_activity(activity public.activities)
returns uuid
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    -- The first registration of the same thing, or null. The caller holds the mentor's row, so
    -- that two sessions cannot both come first. What was cancelled or rejected is nobody's first.
    select a.id
    from public.activities as a
    where
        a.org_id = activity.org_id
        and a.peer_mentor_id = activity.peer_mentor_id
        and a.activity_date = (activity.occurred_at at time zone 'Europe/Oslo')::date
        and a.activity_type = activity.activity_type
        and a.occurred_at = activity.occurred_at
        and a.id <> activity.id
        and a.duplicate_of is null
        and a.status not in ('rejected', 'cancelled')
        and activity.status not in ('rejected', 'cancelled')
    order by a.created_at, a.id
    limit 1
$$;

create or replace function authz.check_activity_facts(activity public.activities)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
-- What a CHECK constraint cannot say: not in the future; an assignment of this mentor only.
begin
    if activity.occurred_at > now() + interval '1 day' then
        raise exception 'an activity cannot lie in the future'
        using
            errcode = 'check_violation',
            schema = 'public',
            table = 'activities',
            constraint = 'activities_occurred_at_is_not_in_the_future',
            hint = 'Register it when it has taken place.';
    end if;
    if
        activity.assignment_id is not null
        and authz.acts_for_user()
        and not exists (
            select
            from public.assignments as a
            where
                a.org_id = activity.org_id
                and a.id = activity.assignment_id
                and a.peer_mentor_id = activity.peer_mentor_id
        )
    then
        raise exception 'no such assignment of this peer mentor'
        using
            errcode = 'foreign_key_violation',
            schema = 'public',
            table = 'activities',
            constraint = 'activities_org_id_assignment_id_fkey';
    end if;
end
$$;

create or replace function authz.guard_activity_insert()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fired by activities_100_guard_insert. Holds users to their scope, takes chapter and coordinator
-- from the mentor as of now, and marks a duplicate under the lock of the mentor's row.
declare
    chapter uuid;
    own boolean;
begin
    if authz.acts_for_user() then
        own := coalesce(new.peer_mentor_id = any(authz.my_mentor_ids()), false);
        if not own and not coalesce(new.org_id = any(authz.admin_org_ids()), false) then
            perform authz.deny_row('activities');
        end if;
        if authz.is_my_mentor(new.peer_mentor_id) and new.status not in ('draft', 'submitted') then
            raise exception 'one''s own activity starts as a draft or submitted'
            using errcode = 'insufficient_privilege', hint = 'Somebody else approves it.';
        end if;
        new.registered_by := authz.uid();
    end if;
    select pm.chapter_id, pm.coordinator_id into chapter, new.coordinator_id
    from public.peer_mentors as pm
    where pm.org_id = new.org_id and pm.id = new.peer_mentor_id
    for no key update;
    new.chapter_id := coalesce(new.chapter_id, chapter);
    if new.status = 'cancelled' then
        new.cancelled_at := coalesce(new.cancelled_at, now());
    end if;
    if chapter is distinct from new.chapter_id or chapter is null then
        raise exception 'no such peer mentor in this chapter'
        using
            errcode = 'foreign_key_violation',
            schema = 'public',
            table = 'activities',
            constraint = 'activities_org_id_peer_mentor_id_fkey';
    end if;
    perform authz.check_activity_facts(new);
    new.duplicate_of := authz.original_activity(new);
    return new;
end
$$;

create or replace function authz.check_activity_actor(
    was public.activities, becomes public.activities
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Mentors edit their own drafts, coordinators decide about what others submitted, admins edit
-- everything but approve nothing of their own. Called by the update guard for API users.
declare
    is_decision constant boolean :=
        was.status = 'submitted' and becomes.status in ('approved', 'rejected');
    has_same_facts constant boolean :=
        (
            was.activity_type, was.occurred_at, was.duration_minutes, was.participant_count,
            was.delivery_mode, was.country, was.led_by_peer, was.series_id,
            was.anonymous_group_marker, was.assignment_id
        )
        is not distinct from
        (
            becomes.activity_type, becomes.occurred_at, becomes.duration_minutes,
            becomes.participant_count, becomes.delivery_mode, becomes.country,
            becomes.led_by_peer, becomes.series_id, becomes.anonymous_group_marker,
            becomes.assignment_id
        );
begin
    if authz.is_my_mentor(was.peer_mentor_id) then
        if
            was.status = 'draft'
            and was.duplicate_override_by is not distinct from becomes.duplicate_override_by
        then
            return;
        end if;
    elsif was.org_id = any(authz.admin_org_ids()) then
        return;
    elsif
        was.chapter_id = any(authz.my_chapter_ids())
        and has_same_facts
        and (is_decision or was.status = becomes.status)
    then
        return;
    end if;
    raise exception 'this change of an activity is not the caller''s to make'
    using
        errcode = 'insufficient_privilege',
        hint = 'Mentors edit their own drafts; coordinators approve or reject what others submit.';
end
$$;

create or replace function authz.check_activity_step(was text, becomes text)
returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
-- The order of states, for every writer. Called by the update guard.
begin
    if
        was <> becomes
        and not (
            (was = 'draft' and becomes in ('submitted', 'cancelled'))
            or (was = 'submitted' and becomes in ('approved', 'rejected', 'cancelled'))
            or (was = 'approved' and becomes = 'cancelled')
        )
    then
        raise exception 'an activity cannot go from % to %', was, becomes
        using errcode = 'PT409', hint = 'Read the row again: somebody may have been faster.';
    end if;
end
$$;

create or replace function authz.guard_activity_update()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fired by activities_100_guard_update for every writer: tenancy and attribution stay, states
-- follow their order. A change of `duplicate_of` alone is the other trigger's own work.
begin
    if
        (
            new.id, new.org_id, new.chapter_id, new.peer_mentor_id, new.coordinator_id,
            new.client_request_id, new.registered_by, new.created_at
        )
        is distinct from
        (
            old.id, old.org_id, old.chapter_id, old.peer_mentor_id, old.coordinator_id,
            old.client_request_id, old.registered_by, old.created_at
        )
    then
        raise exception 'an activity keeps its organisation, chapter, mentor and origin'
        using errcode = 'PM010', hint = 'Cancel it and register a new one.';
    end if;
    new.updated_at := now();
    if new.duplicate_of is distinct from old.duplicate_of then
        return new;
    end if;
    perform authz.check_activity_step(old.status, new.status);
    if authz.acts_for_user() then
        perform authz.check_activity_actor(old, new);
        new.duplicate_override_by := case
            when new.duplicate_override_by is not distinct from old.duplicate_override_by
                then old.duplicate_override_by
            when new.duplicate_override_by is not null then authz.uid()
        end;
    end if;
    if new.status = 'cancelled' then
        new.cancelled_at := coalesce(new.cancelled_at, now());
    end if;
    perform authz.check_activity_facts(new);
    if (new.activity_type, new.occurred_at) is distinct from (old.activity_type, old.occurred_at)
    then
        perform from public.peer_mentors as pm where pm.id = new.peer_mentor_id for no key update;
        new.duplicate_of := authz.original_activity(new);
    end if;
    return new;
end
$$;

create or replace function authz.release_duplicates()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fired by activities_500_release_duplicates when a first registration stops being one: the next
-- one takes its place, so that what really happened is still counted once. Writes activities.
declare
    heir uuid;
begin
    perform from public.peer_mentors as pm where pm.id = old.peer_mentor_id for no key update;
    select a.id into heir
    from public.activities as a
    where
        a.org_id = old.org_id
        and a.duplicate_of = old.id
        -- what moved to another time along with the first one has been looked at there
        and a.activity_type = old.activity_type
        and a.occurred_at = old.occurred_at
        and a.status not in ('rejected', 'cancelled')
    order by a.created_at, a.id
    limit 1;
    if heir is not null then
        update public.activities as a
        set duplicate_of = case when a.id <> heir then heir end
        where
            a.org_id = old.org_id
            and a.duplicate_of = old.id
            and a.activity_type = old.activity_type
            and a.occurred_at = old.occurred_at;
    end if;
    return null;
end
$$;

create or replace function authz.guard_co_leader()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Fired by activity_co_leaders_100_guard. Copies chapter and leader from the activity; users add
-- to their own drafts, admins to any activity of their organisations.
declare
    activity public.activities;
begin
    select a.* into activity
    from public.activities as a
    where a.org_id = new.org_id and a.id = new.activity_id;
    if authz.acts_for_user() then
        if
            not coalesce(new.org_id = any(authz.admin_org_ids()), false)
            and not coalesce(activity.peer_mentor_id = any(authz.my_mentor_ids()), false)
        then
            perform authz.deny_row('activity_co_leaders');
        end if;
        -- kept as it is until commit: nobody submits the draft between this look and the insert
        select a.* into activity
        from public.activities as a
        where a.org_id = new.org_id and a.id = new.activity_id
        for share;
        if not (new.org_id = any(authz.admin_org_ids())) and activity.status <> 'draft' then
            raise exception 'co-leaders are named while the activity is a draft'
            using errcode = 'insufficient_privilege';
        end if;
    end if;
    if tg_op = 'UPDATE' and (new.org_id, new.activity_id) <> (old.org_id, old.activity_id) then
        raise exception 'a co-leader stays with the activity' using errcode = 'PM010';
    end if;
    if activity.id is null then
        raise exception 'no such activity'
        using
            errcode = 'foreign_key_violation',
            schema = 'public',
            table = 'activity_co_leaders',
            constraint = 'activity_co_leaders_org_id_activity_id_fkey';
    end if;
    new.chapter_id := activity.chapter_id;
    new.leader_id := activity.peer_mentor_id;
    return new;
end
$$;

drop trigger if exists activities_100_guard_insert on public.activities;
create trigger activities_100_guard_insert
before insert on public.activities
for each row execute function authz.guard_activity_insert();
drop trigger if exists activities_100_guard_update on public.activities;
create trigger activities_100_guard_update
before update on public.activities
for each row execute function authz.guard_activity_update();
drop trigger if exists activities_500_release_duplicates on public.activities;
create trigger activities_500_release_duplicates
after update on public.activities
for each row
when (
    (old.activity_type, old.occurred_at) is distinct from (new.activity_type, new.occurred_at)
    or (old.status is distinct from new.status and new.status in ('rejected', 'cancelled'))
)
execute function authz.release_duplicates();
drop trigger if exists activity_co_leaders_100_guard on public.activity_co_leaders;
create trigger activity_co_leaders_100_guard
before insert or update on public.activity_co_leaders
for each row execute function authz.guard_co_leader();

revoke all on function
authz.is_my_mentor(uuid), authz.original_activity(public.activities),
authz.check_activity_facts(public.activities), authz.check_activity_step(text, text),
authz.guard_activity_insert(),
authz.check_activity_actor(public.activities, public.activities), authz.guard_activity_update(),
authz.release_duplicates(), authz.guard_co_leader()
from public, anon, authenticated, service_role;

-- 4. Row security and grants --------------------------------------------------------------------

do $$
declare
    table_name text;
begin
    foreach table_name in array array['activity_types', 'activities', 'activity_co_leaders']
    loop
        execute format(
            $ddl$
            alter table public.%1$I enable row level security, force row level security;
            revoke all on table public.%1$I from public, anon, authenticated, service_role;
            drop policy if exists owner_all on public.%1$I;
            create policy owner_all on public.%1$I
            for all to pgschema_owner using (true) with check (true);
            comment on policy owner_all on public.%1$I is
            'Definer functions and the migrations act as the owner, who sees all in spite of FORCE.';
            drop policy if exists service_role_select on public.%1$I;
            create policy service_role_select on public.%1$I
            for select to service_role using (true);
            comment on policy service_role_select on public.%1$I is
            'The service key reads every tenant, also where it may not have BYPASSRLS.';
            drop policy if exists service_role_insert on public.%1$I;
            create policy service_role_insert on public.%1$I
            for insert to service_role with check (true);
            comment on policy service_role_insert on public.%1$I is
            'The service key writes for every tenant.';
            drop policy if exists service_role_update on public.%1$I;
            create policy service_role_update on public.%1$I
            for update to service_role using (true) with check (true);
            comment on policy service_role_update on public.%1$I is
            'The service key changes rows of every tenant; nobody in the API deletes.';
            $ddl$,
            table_name
        );
    end loop;
end
$$;

drop policy if exists authenticated_select on public.activity_types;
create policy authenticated_select on public.activity_types
for select to authenticated using (true);

drop policy if exists authenticated_select on public.activities;
create policy authenticated_select on public.activities
for select to authenticated
using (
    chapter_id = any((select authz.my_chapter_ids())::uuid[])
    or peer_mentor_id = any((select authz.my_mentor_ids())::uuid[])
);
drop policy if exists authenticated_insert on public.activities;
create policy authenticated_insert on public.activities
for insert to authenticated
with check (
    org_id = any((select authz.admin_org_ids())::uuid[])
    or peer_mentor_id = any((select authz.my_mentor_ids())::uuid[])
);
drop policy if exists authenticated_update on public.activities;
create policy authenticated_update on public.activities
for update to authenticated
using (
    chapter_id = any((select authz.my_chapter_ids())::uuid[])
    or peer_mentor_id = any((select authz.my_mentor_ids())::uuid[])
)
with check (
    chapter_id = any((select authz.my_chapter_ids())::uuid[])
    or peer_mentor_id = any((select authz.my_mentor_ids())::uuid[])
);

drop policy if exists authenticated_select on public.activity_co_leaders;
create policy authenticated_select on public.activity_co_leaders
for select to authenticated
using (
    chapter_id = any((select authz.my_chapter_ids())::uuid[])
    or peer_mentor_id = any((select authz.my_mentor_ids())::uuid[])
    or leader_id = any((select authz.my_mentor_ids())::uuid[])
);
drop policy if exists authenticated_insert on public.activity_co_leaders;
create policy authenticated_insert on public.activity_co_leaders
for insert to authenticated
with check (
    org_id = any((select authz.admin_org_ids())::uuid[])
    or leader_id = any((select authz.my_mentor_ids())::uuid[])
);
drop policy if exists authenticated_update on public.activity_co_leaders;
create policy authenticated_update on public.activity_co_leaders
for update to authenticated
using (org_id = any((select authz.admin_org_ids())::uuid[]))
with check (org_id = any((select authz.admin_org_ids())::uuid[]));

grant select on public.activity_types, public.activities, public.activity_co_leaders
to authenticated, service_role;
grant insert, update on public.activity_types to service_role;
grant
insert (
    org_id, chapter_id, peer_mentor_id, activity_type, status, occurred_at, duration_minutes,
    participant_count, delivery_mode, country, led_by_peer, series_id, anonymous_group_marker,
    assignment_id, client_request_id
),
update (
    activity_type, status, occurred_at, duration_minutes, participant_count, delivery_mode,
    country, led_by_peer, series_id, anonymous_group_marker, assignment_id, duplicate_override_by
)
on public.activities to authenticated, service_role;
grant insert (id, registered_by) on public.activities to service_role;
grant insert (org_id, activity_id, peer_mentor_id), update (peer_mentor_id)
on public.activity_co_leaders to authenticated, service_role;

-- 5. Meaning -----------------------------------------------------------------------------------

comment on table public.activity_types is
'The kinds of activity; whether a kind counts is a matter of the counting rules, not of this row.';
comment on column public.activity_types.label_nb is 'Label in Norwegian Bokmål.';
comment on column public.activity_types.label_nn is 'Label in Norwegian Nynorsk.';
comment on column public.activity_types.label_en is 'Label in English.';
comment on column public.activity_types.active is
'False hides the type from new registrations; old activities keep it.';
comment on table public.activities is
'One activity of a peer mentor. No free text and no participants'' names, by design.';
comment on column public.activities.chapter_id is
'The mentor''s chapter at registration; never changes.';
comment on column public.activities.coordinator_id is
'The mentor''s coordinator at registration, stamped; never changes.';
comment on column public.activities.status is
'draft, submitted, then approved or rejected; cancelled from any of them but rejected.';
comment on column public.activities.occurred_at is
'When it began; its Oslo day and month are what it counts for.';
comment on column public.activities.participant_count is
'Participants without the leader.';
comment on column public.activities.led_by_peer is
'Whether a peer led it, as the grant scheme asks.';
comment on column public.activities.series_id is
'Ties the days of one course or group together.';
comment on column public.activities.anonymous_group_marker is
'Tells groups of new participants on the same day apart without naming anybody.';
comment on column public.activities.assignment_id is
'The assignment that this activity answers, if any.';
comment on column public.activities.duplicate_of is
'The first registration of the same mentor, type and time; stamped. Such a row does not count.';
comment on column public.activities.duplicate_override_by is
'The user who decided that it is no duplicate after all.';
comment on column public.activities.client_request_id is
'The client''s own id of the request, so that a repeated one does not register twice.';
comment on column public.activities.registered_by is 'The user who registered it.';
comment on column public.activities.activity_date is 'The Oslo day on which it began.';
comment on column public.activities.activity_month is
'First day of the Oslo month in which it began.';
comment on table public.activity_co_leaders is
'Mentors who led an activity together with its own mentor.';
comment on column public.activity_co_leaders.chapter_id is 'The activity''s chapter, copied.';
comment on column public.activity_co_leaders.leader_id is 'The activity''s mentor, copied.';

comment on policy authenticated_select on public.activity_types is
'Every signed-in user reads the list.';
comment on policy authenticated_select on public.activities is
'Coordinators and admins see the chapters in scope, mentors what is theirs.';
comment on policy authenticated_insert on public.activities is
'Mentors register their own, admins in their organisations.';
comment on policy authenticated_update on public.activities is
'Coordinators and admins in scope, mentors their own; a trigger says which change is whose.';
comment on policy authenticated_select on public.activity_co_leaders is
'Coordinators and admins see the chapters in scope, mentors where they lead or co-lead.';
comment on policy authenticated_insert on public.activity_co_leaders is
'Mentors name co-leaders of their own activities, admins in their organisations.';
comment on policy authenticated_update on public.activity_co_leaders is
'Admins correct a co-leader in their organisations.';
comment on trigger activities_100_guard_insert on public.activities is
'Scope, mentor''s chapter, coordinator, future dates and duplicates of a new activity.';
comment on trigger activities_100_guard_update on public.activities is
'Tenancy and attribution stay; states follow their order; each actor has its own changes.';
comment on trigger activities_500_release_duplicates on public.activities is
'When a first registration falls away, the next one takes its place.';
comment on trigger activity_co_leaders_100_guard on public.activity_co_leaders is
'Copies chapter and leader from the activity and holds users to their own.';
comment on function authz.is_my_mentor(uuid) is
'Whether the caller is this mentor. Definer: the row may be out of the caller''s sight.';
comment on function authz.original_activity(public.activities) is
'First registration of the same thing. Definer: sees all of the mentor''s activities.';
comment on function authz.check_activity_facts(public.activities) is
'Refuses future dates and other mentors'' assignments. Definer: reads assignments.';
comment on function authz.guard_activity_insert() is
'Checks and stamps a new activity. Definer: locks the mentor''s row, sees all duplicates.';
comment on function authz.check_activity_actor(public.activities, public.activities) is
'Who may change what of an activity. Definer: called by the guard, reads scopes.';
comment on function authz.check_activity_step(text, text) is
'The order of an activity''s states.';
comment on function authz.guard_activity_update() is
'Checks and stamps a changed activity. Definer: sees more than the caller.';
comment on function authz.release_duplicates() is
'Promotes the next registration. Definer: changes rows that the caller may not.';
comment on function authz.guard_co_leader() is
'Checks and completes a co-leader. Definer: reads the activity behind it.';

-- 6. Assertions: `if not exists` must not hide an older shape ------------------------------------

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
                'activity_types',
                'code text, label_nb text, label_nn text, label_en text, category text, '
                'active boolean'
            ),
            (
                'activities',
                'id uuid, org_id uuid, chapter_id uuid, peer_mentor_id uuid, coordinator_id uuid, '
                'activity_type text, status text, occurred_at timestamp with time zone, '
                'duration_minutes integer, participant_count integer, delivery_mode text, '
                'country character(2), led_by_peer boolean, series_id uuid, '
                'anonymous_group_marker smallint, assignment_id uuid, duplicate_of uuid, '
                'duplicate_override_by uuid, client_request_id uuid, registered_by uuid, '
                'created_at timestamp with time zone, updated_at timestamp with time zone, '
                'cancelled_at timestamp with time zone, activity_date date, activity_month date'
            ),
            (
                'activity_co_leaders',
                'org_id uuid, activity_id uuid, peer_mentor_id uuid, chapter_id uuid, '
                'leader_id uuid'
            )
        ) as shapes (table_name, columns)
        except
        select
            c.relname,
            a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
        from pg_catalog.pg_class as c
        inner join pg_catalog.pg_attribute as a on a.attrelid = c.oid
        where
            c.relnamespace = 'public'::regnamespace
            and c.relowner = 'pgschema_owner'::regrole
            and c.relrowsecurity
            and c.relforcerowsecurity
            and a.attnum > 0
            and not a.attisdropped
    ) as expected;
    if wrong is not null then
        raise exception 'V003 found tables of another shape, owner or row security: %', wrong
        using
            errcode = 'PM001',
            hint = 'Somebody else made a table of this name: rename or drop it, then apply again.';
    end if;
    select string_agg(expected.constraint_name, ', ') into wrong
    from (
        select
            unnest(string_to_array(
                'activities_activity_type_fkey, activities_country_is_two_letters, '
                'activities_delivery_mode_is_known, activities_duplicate_of_is_another_row, '
                'activities_duration_within_a_day, activities_occurred_at_is_plausible, '
                'activities_org_id_assignment_id_fkey, activities_org_id_chapter_id_fkey, '
                'activities_org_id_client_request_id_key, activities_org_id_coordinator_id_fkey, '
                'activities_org_id_duplicate_of_fkey, activities_org_id_fkey, '
                'activities_org_id_id_key, activities_org_id_peer_mentor_id_fkey, '
                'activities_participant_count_is_plausible, activities_pkey, '
                'activities_status_is_known, activity_co_leaders_is_not_the_leader, '
                'activity_co_leaders_org_id_activity_id_fkey, '
                'activity_co_leaders_org_id_peer_mentor_id_fkey, activity_co_leaders_pkey, '
                'activity_types_category_is_known, activity_types_code_is_snake_case, '
                'activity_types_pkey',
                ', '
            )) as constraint_name
        except
        select c.conname
        from pg_catalog.pg_constraint as c
        where c.connamespace = 'public'::regnamespace and c.convalidated
    ) as expected;
    if wrong is not null then
        raise exception 'V003 found tables that lack constraints: %', wrong
        using
            errcode = 'PM001',
            hint = 'Somebody else made a table of this name: rename or drop it, then apply again.';
    end if;
    if (
        select count(*)
        from pg_catalog.pg_attribute as a
        where
            a.attrelid = 'public.activities'::regclass
            and a.attgenerated = 's'
            and a.attname in ('activity_date', 'activity_month')
    ) <> 2 then
        raise exception 'V003 found activities without generated Oslo dates'
        using errcode = 'PM001', hint = 'Compare with tests/golden/schema.sql.';
    end if;
end
$$;

reset role;
