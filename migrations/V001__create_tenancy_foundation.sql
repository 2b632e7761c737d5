-- V001: tenants, their chapters and people, and who may see what.
--
-- Why: everything later hangs on organisations and chapters and on one answer to "what is in my
--   scope", so the tables, row security and the functions of schema `authz` come together.
-- Locks: creates only; it waits for nobody, except for a parallel first deployment on the same
--   cluster that is just creating the same roles.
-- Needs: a superuser, or the owner of the database with CREATEROLE (Supabase's `postgres`).
-- Rollback: rollbacks/V001__rollback_tenancy_foundation.sql. Filled tables move to schema
--   archive_v001 and come back when this file is applied again; roles and publication stay.
set local lock_timeout = '5s';
set local statement_timeout = '60s';
set local search_path = pg_catalog, pg_temp;
set local client_min_messages = warning;

-- 1. Roles, schemas and the few things of Supabase that a plain server lacks -------------------

-- Two parallel deployments may create the same role: whoever comes second finds it there.
do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (values
            ('pgschema_owner', 'nologin'),
            ('stats_refresher', 'nologin'),
            ('pgschema_worker', 'nologin'),
            ('anon', 'nologin'),
            ('authenticated', 'nologin'),
            ('service_role', 'nologin'),
            ('authenticator', 'login noinherit')
        ) as roles (rolname, attributes)
        where not exists (select from pg_catalog.pg_roles as r where r.rolname = roles.rolname)
    loop
        begin
            execute format('create role %I %s', wanted.rolname, wanted.attributes);
        exception
            when duplicate_object or unique_violation then null;
        end;
    end loop;
end
$$;

-- The migrating role must be able to act as both owners; authenticator as the three API roles.
do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (values
            ('pgschema_owner', current_user::text),
            ('stats_refresher', current_user::text),
            ('anon', 'authenticator'),
            ('authenticated', 'authenticator'),
            ('service_role', 'authenticator')
        ) as memberships (granted, member)
        where not exists (
            select
            from pg_catalog.pg_auth_members as m
            where
                m.roleid = memberships.granted::regrole
                and m.member = memberships.member::regrole
                -- 16 and later give the creator of a role ADMIN without SET: not enough
                and coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)
        )
    loop
        begin
            execute format('grant %I to %I', wanted.granted, wanted.member);
        exception
            when unique_violation then null;
        end;
    end loop;
end
$$;

create schema if not exists authz authorization pgschema_owner;

-- Supabase brings schema auth; on a plain server we make the three functions that its clients use.
-- Whatever is there already is never touched: `pgschema_owner` as its owner marks ours.
do $$
begin
    if to_regnamespace('auth') is null then
        create schema auth authorization pgschema_owner;
    end if;
    if (
        select n.nspowner from pg_catalog.pg_namespace as n where n.nspname = 'auth'
    ) = 'pgschema_owner'::regrole then
        set local role pgschema_owner;
        create or replace function auth.jwt() returns jsonb
        language sql stable set search_path = pg_catalog, pg_temp
        as $body$
            select coalesce(
                nullif(current_setting('request.jwt.claim', true), ''),
                nullif(current_setting('request.jwt.claims', true), '')
            )::jsonb
        $body$;
        create or replace function auth.uid() returns uuid
        language sql stable set search_path = pg_catalog, pg_temp
        as $body$
            select nullif(coalesce(
                nullif(current_setting('request.jwt.claim.sub', true), ''),
                nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
            ), '')::uuid
        $body$;
        create or replace function auth.role() returns text
        language sql stable set search_path = pg_catalog, pg_temp
        as $body$
            select nullif(coalesce(
                nullif(current_setting('request.jwt.claim.role', true), ''),
                nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
            ), '')
        $body$;
        comment on schema auth is
        'Stand-in for Supabase''s schema of this name, made because this server had none.';
        comment on function auth.jwt() is 'The claims of the request, as Supabase''s auth.jwt().';
        comment on function auth.uid() is 'The user of the request, as Supabase''s auth.uid().';
        comment on function auth.role() is 'The API role that the claims name.';
        revoke all on schema auth from public;
        grant usage on schema auth to anon, authenticated, service_role;
        revoke all on all functions in schema auth from public;
        grant execute on all functions in schema auth to anon, authenticated, service_role;
        reset role;
    end if;
end
$$;

-- Realtime listens to this publication; V009 adds the one table that belongs in it.
do $$
begin
    if not exists (
        select from pg_catalog.pg_publication as p where p.pubname = 'supabase_realtime'
    ) then
        -- errors only: where wal_level is not logical, an empty publication deserves no warning
        set local client_min_messages = error;
        create publication supabase_realtime;
        set local client_min_messages = warning;
    end if;
end
$$;

-- The API roles must reach schema public; most servers let PUBLIC in already.
do $$
declare
    api_role text;
begin
    foreach api_role in array array['anon', 'authenticated', 'service_role']
    loop
        if not has_schema_privilege(api_role, 'public', 'usage') then
            execute format('grant usage on schema public to %I', api_role);
        end if;
    end loop;
end
$$;

grant create on schema public to pgschema_owner;
grant usage on schema public to pgschema_owner, stats_refresher;
revoke create on schema public from public;

-- Archived by the rollback: take the rows back before anything is created in their place. Only our
-- own tables: what somebody else keeps in that schema stays there.
do $$
declare
    ours constant text[] := array[
        'organizations', 'chapters', 'org_members', 'platform_admins', 'coordinators',
        'coordinator_chapters', 'peer_mentors'
    ];
    table_name text;
begin
    foreach table_name in array ours
    loop
        if to_regclass(format('archive_v001.%I', table_name)) is not null then
            execute format('alter table archive_v001.%I set schema public', table_name);
        end if;
    end loop;
    begin
        drop schema if exists archive_v001;
    exception
        when dependent_objects_still_exist then null;
    end;
end
$$;

-- From here on as the owner: nothing needs `owner to`, and no default privilege of the migrating
-- role (old Supabase projects grant ALL to anon) ever touches our objects.
set local role pgschema_owner;

-- 2. Tables ------------------------------------------------------------------------------------
-- Dates are held to years that clients can read: infinity and BC break most of them.

create table if not exists public.organizations (
    org_id uuid not null default gen_random_uuid(),
    slug text not null,
    name text not null,
    time_zone text not null default 'Europe/Oslo',
    max_chapters_per_coordinator smallint not null default 5,
    created_at timestamptz not null default now(),
    archived_at timestamptz,
    constraint organizations_pkey primary key (org_id),
    constraint organizations_slug_key unique (slug),
    constraint organizations_slug_is_url_safe check (slug ~ '^[A-Za-z0-9][A-Za-z0-9-]{0,62}$'),
    constraint organizations_name_is_not_blank check (btrim(name) <> ''),
    constraint organizations_name_fits_200 check (char_length(name) <= 200),
    constraint organizations_archived_at_is_plausible
    check ((archived_at at time zone 'UTC') between '1990-01-01' and '2200-01-01'),
    constraint organizations_time_zone_is_oslo check (time_zone = 'Europe/Oslo'),
    constraint organizations_max_chapters_is_1_to_5
    check (max_chapters_per_coordinator between 1 and 5)
);

create table if not exists public.chapters (
    id uuid not null default gen_random_uuid(),
    org_id uuid not null,
    parent_id uuid,
    name text not null,
    kind text not null,
    municipality_no character(4),
    active_from date,
    active_to date,
    constraint chapters_pkey primary key (id),
    constraint chapters_org_id_id_key unique (org_id, id),
    constraint chapters_org_id_name_kind_key unique (org_id, name, kind),
    constraint chapters_name_is_not_blank check (btrim(name) <> ''),
    constraint chapters_name_fits_200 check (char_length(name) <= 200),
    constraint chapters_kind_is_known
    check (kind in ('national', 'region', 'county', 'association', 'local')),
    constraint chapters_municipality_no_is_four_digits check (municipality_no ~ '^[0-9]{4}$'),
    constraint chapters_parent_is_another_chapter check (parent_id <> id),
    constraint chapters_active_period_is_ordered check (active_from <= active_to),
    constraint chapters_active_period_is_plausible check (
        active_from between '1800-01-01' and '2200-01-01'
        and active_to between '1800-01-01' and '2200-01-01'
    )
);

create table if not exists public.org_members (
    org_id uuid not null,
    user_id uuid not null,
    role text not null,
    active boolean not null default true,
    valid_until timestamptz,
    constraint org_members_pkey primary key (org_id, user_id, role),
    constraint org_members_role_is_known
    check (role in ('peer_mentor', 'coordinator', 'org_admin', 'bufdir_auditor')),
    constraint org_members_valid_until_is_plausible
    check ((valid_until at time zone 'UTC') between '1990-01-01' and '2200-01-01')
);

create table if not exists public.platform_admins (
    user_id uuid not null,
    constraint platform_admins_pkey primary key (user_id)
);

create table if not exists public.coordinators (
    id uuid not null default gen_random_uuid(),
    org_id uuid not null,
    user_id uuid not null,
    display_name text not null,
    constraint coordinators_pkey primary key (id),
    constraint coordinators_org_id_id_key unique (org_id, id),
    constraint coordinators_org_id_user_id_key unique (org_id, user_id),
    constraint coordinators_display_name_is_not_blank check (btrim(display_name) <> ''),
    constraint coordinators_display_name_fits_200 check (char_length(display_name) <= 200)
);

create table if not exists public.coordinator_chapters (
    org_id uuid not null,
    coordinator_id uuid not null,
    chapter_id uuid not null,
    slot smallint not null,
    assigned_at timestamptz not null default now(),
    constraint coordinator_chapters_pkey primary key (coordinator_id, chapter_id),
    -- deferrable, so that one UPDATE can swap the primary chapter with another one
    constraint coordinator_chapters_coordinator_id_slot_key
    unique (coordinator_id, slot) deferrable initially immediate,
    constraint coordinator_max_5_chapters check (slot between 1 and 5)
);

create table if not exists public.peer_mentors (
    id uuid not null default gen_random_uuid(),
    org_id uuid not null,
    user_id uuid,
    chapter_id uuid not null,
    coordinator_id uuid,
    display_name text not null,
    birth_year smallint,
    status text not null default 'active',
    approved_from date,
    approved_to date,
    confidentiality_signed_at timestamptz,
    anonymized_at timestamptz,
    constraint peer_mentors_pkey primary key (id),
    constraint peer_mentors_org_id_id_key unique (org_id, id),
    constraint peer_mentors_org_id_user_id_key unique (org_id, user_id),
    constraint peer_mentors_display_name_is_not_blank check (btrim(display_name) <> ''),
    constraint peer_mentors_display_name_fits_200 check (char_length(display_name) <= 200),
    constraint peer_mentors_birth_year_is_plausible check (birth_year between 1900 and 2100),
    constraint peer_mentors_status_is_known
    check (status in ('candidate', 'active', 'paused', 'ended')),
    constraint peer_mentors_approval_period_is_ordered check (approved_from <= approved_to),
    constraint peer_mentors_approval_period_is_plausible check (
        approved_from between '1900-01-01' and '2200-01-01'
        and approved_to between '1900-01-01' and '2200-01-01'
    ),
    constraint peer_mentors_moments_are_plausible check (
        (confidentiality_signed_at at time zone 'UTC') between '1990-01-01' and '2200-01-01'
        and (anonymized_at at time zone 'UTC') between '1990-01-01' and '2200-01-01'
    )
)
with (fillfactor = 80);


-- Foreign keys carry the tenant, so that no row can point into another organisation. They are
-- added apart from the tables because tables that come back from the archive come without them.
do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (values
            (
                'chapters', 'chapters_org_id_fkey',
                'foreign key (org_id) references public.organizations (org_id)'
            ),
            (
                'chapters', 'chapters_org_id_parent_id_fkey',
                'foreign key (org_id, parent_id) references public.chapters (org_id, id)'
            ),
            (
                'org_members', 'org_members_org_id_fkey',
                'foreign key (org_id) references public.organizations (org_id)'
            ),
            (
                'coordinators', 'coordinators_org_id_fkey',
                'foreign key (org_id) references public.organizations (org_id)'
            ),
            (
                'coordinator_chapters', 'coordinator_chapters_org_id_coordinator_id_fkey',
                'foreign key (org_id, coordinator_id) references public.coordinators (org_id, id)'
            ),
            (
                'coordinator_chapters', 'coordinator_chapters_org_id_chapter_id_fkey',
                'foreign key (org_id, chapter_id) references public.chapters (org_id, id)'
            ),
            (
                'peer_mentors', 'peer_mentors_org_id_fkey',
                'foreign key (org_id) references public.organizations (org_id)'
            ),
            (
                'peer_mentors', 'peer_mentors_org_id_chapter_id_fkey',
                'foreign key (org_id, chapter_id) references public.chapters (org_id, id)'
            ),
            (
                'peer_mentors', 'peer_mentors_org_id_coordinator_id_fkey',
                'foreign key (org_id, coordinator_id) references public.coordinators (org_id, id)'
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

-- 3. Indexes that keys do not bring ------------------------------------------------------------

create index if not exists chapters_org_id_parent_id_idx on public.chapters (org_id, parent_id);
create index if not exists org_members_user_id_idx
on public.org_members (user_id) include (org_id, role) where active;
create index if not exists coordinators_user_id_idx on public.coordinators (user_id);
create index if not exists coordinator_chapters_chapter_id_idx
on public.coordinator_chapters (chapter_id);
create index if not exists peer_mentors_chapter_id_idx on public.peer_mentors (chapter_id);
create index if not exists peer_mentors_org_id_coordinator_id_idx
on public.peer_mentors (org_id, coordinator_id);
create index if not exists peer_mentors_user_id_idx
on public.peer_mentors (user_id) where user_id is not null;

-- 4. Scope: what the caller may see, as arrays that policies evaluate once per statement --------

alter default privileges for role pgschema_owner revoke execute on functions from public;

-- Who is calling, or null. Reads the claims itself: a role that a migration makes gets no USAGE on
-- Supabase's auth. A body of this form is bound to pg_catalog now, whatever the search_path later,
-- and the planner can look into it.
create or replace function authz.uid()
returns uuid
language sql
stable
return nullif(
    coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'
    ),
    ''
)::uuid;

create or replace function authz.is_platform_admin()
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    select exists (
        select from public.platform_admins as p where p.user_id = authz.uid()
    )
$$;

create or replace function authz.org_ids_for(role text)
returns uuid[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    -- The organisations where the caller holds this role now; null asks for any role.
    select coalesce(array_agg(distinct m.org_id), '{}')
    from public.org_members as m
    where
        m.user_id = authz.uid()
        and m.active
        and (m.valid_until is null or m.valid_until > statement_timestamp())
        and (org_ids_for.role is null or m.role = org_ids_for.role)
$$;

create or replace function authz.admin_org_ids()
returns uuid[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    -- The organisations that the caller administers: all of them for a platform admin.
    select case
        when authz.is_platform_admin()
            then (select coalesce(array_agg(o.org_id), '{}') from public.organizations as o)
        else authz.org_ids_for('org_admin')
    end
$$;

create or replace function authz.member_org_ids()
returns uuid[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    -- The organisations that the caller may look at: own ones, all of them for a platform admin.
    select case
        when authz.is_platform_admin() then authz.admin_org_ids()
        else authz.org_ids_for(null)
    end
$$;

create or replace function authz.my_chapter_ids()
returns uuid[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    -- The chapters in the caller's scope: up to five for a coordinator, all of the organisation
    -- for its admin, all for a platform admin, none for anybody else.
    select coalesce(array_agg(scope.chapter_id), '{}')
    from (
        select cc.chapter_id
        from public.coordinators as c
        inner join public.coordinator_chapters as cc on cc.coordinator_id = c.id
        where
            c.user_id = authz.uid()
            and c.org_id = any((select authz.org_ids_for('coordinator'))::uuid[])
        union
        select ch.id
        from public.chapters as ch
        where ch.org_id = any((select authz.admin_org_ids())::uuid[])
    ) as scope
$$;

create or replace function authz.my_coordinator_ids()
returns uuid[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    -- The caller as coordinator and the coordinators who share one of the caller's chapters.
    select coalesce(array_agg(scope.coordinator_id), '{}')
    from (
        select c.id as coordinator_id
        from public.coordinators as c
        where
            c.user_id = authz.uid()
            and c.org_id = any((select authz.org_ids_for('coordinator'))::uuid[])
        union
        select cc.coordinator_id
        from public.coordinator_chapters as cc
        where cc.chapter_id = any((select authz.my_chapter_ids())::uuid[])
    ) as scope
$$;

create or replace function authz.my_mentor_ids()
returns uuid[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
    -- The caller as peer mentor, one per organisation with an active membership.
    select coalesce(array_agg(pm.id), '{}')
    from public.peer_mentors as pm
    where
        pm.user_id = authz.uid()
        and pm.org_id = any((select authz.org_ids_for('peer_mentor'))::uuid[])
$$;

-- Whether an API user stands behind the statement, who must be held to a scope: the guards run as
-- the owner and so cannot ask row security.
create or replace function authz.acts_for_user()
returns boolean
language sql
stable
return coalesce(current_setting('role', true), 'none') in ('anon', 'authenticated')
or (
    authz.uid() is not null
    and coalesce(current_setting('role', true), 'none') <> 'service_role'
);

create or replace function authz.deny_row(relation text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
-- Raises what row security would raise. Called by guards that must look at the scope before they
-- look at rows which the caller may not see.
begin
    raise exception 'new row violates row-level security policy for table "%"', relation
    using errcode = 'insufficient_privilege', schema = 'public', table = relation;
end
$$;

create or replace function authz.assign_chapter_slot()
returns trigger
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
-- Gives a coordinator's new chapter the lowest free slot; the organisation's limit is checked
-- here. Called by trigger coordinator_chapters_100_slot; writes nothing but the new row. Row
-- security is asked only after it: who may not give chapters must not learn whose slots are full.
declare
    slots smallint[];
    most smallint;
begin
    if authz.acts_for_user() and not coalesce(new.org_id = any(authz.admin_org_ids()), false) then
        perform authz.deny_row('coordinator_chapters');
    end if;
    -- One at a time per coordinator: two sessions must not find the same free slot.
    perform
    from public.coordinators as c
    where c.org_id = new.org_id and c.id = new.coordinator_id
    for no key update;
    if not found then
        raise exception 'no such coordinator in this organisation'
        using
            errcode = 'foreign_key_violation',
            schema = 'public',
            table = 'coordinator_chapters',
            constraint = 'coordinator_chapters_org_id_coordinator_id_fkey';
    end if;
    select o.max_chapters_per_coordinator into most
    from public.organizations as o
    where o.org_id = new.org_id;
    -- The pair is there already: let its key say so, or ON CONFLICT skip it.
    select cc.slot into new.slot
    from public.coordinator_chapters as cc
    where cc.coordinator_id = new.coordinator_id and cc.chapter_id = new.chapter_id;
    if found then
        return new;
    end if;
    select array_agg(cc.slot) into slots
    from public.coordinator_chapters as cc
    where cc.coordinator_id = new.coordinator_id;
    select min(free.slot) into new.slot
    from generate_series(1, coalesce(most, 5)) as free (slot)
    where free.slot <> all(coalesce(slots, '{}'));
    if new.slot is null then
        raise exception 'a coordinator has at most % chapters in this organisation', most
        using
            errcode = 'check_violation',
            schema = 'public',
            table = 'coordinator_chapters',
            constraint = 'coordinator_max_5_chapters',
            hint = 'Change the chapter of one of the existing slots instead.';
    end if;
    return new;
end
$$;

drop trigger if exists coordinator_chapters_100_slot on public.coordinator_chapters;
create trigger coordinator_chapters_100_slot
before insert on public.coordinator_chapters
for each row execute function authz.assign_chapter_slot();

revoke all on all functions in schema authz from public, anon, authenticated, service_role;
grant execute on function
authz.uid(), authz.is_platform_admin(), authz.org_ids_for(text), authz.admin_org_ids(),
authz.member_org_ids(), authz.my_chapter_ids(), authz.my_coordinator_ids(), authz.my_mentor_ids()
to authenticated;
revoke all on schema authz from public, anon, authenticated, service_role;
grant usage on schema authz to authenticated;

-- 5. Row security: the owner and the service key see all, users what section 4 says --------------

-- The part that is the same for every table. FORCE without the owner's policy would silently hide
-- every row from the functions above.
do $$
declare
    table_name text;
begin
    foreach table_name in array array[
        'organizations', 'chapters', 'org_members', 'platform_admins', 'coordinators',
        'coordinator_chapters', 'peer_mentors'
    ]
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

drop policy if exists authenticated_select on public.organizations;
create policy authenticated_select on public.organizations
for select to authenticated
using (
    org_id = any((select authz.member_org_ids())::uuid[])
    or (select authz.is_platform_admin())
);
drop policy if exists authenticated_insert on public.organizations;
create policy authenticated_insert on public.organizations
for insert to authenticated
with check ((select authz.is_platform_admin()));
drop policy if exists authenticated_update on public.organizations;
create policy authenticated_update on public.organizations
for update to authenticated
using (org_id = any((select authz.admin_org_ids())::uuid[]))
with check (org_id = any((select authz.admin_org_ids())::uuid[]));

drop policy if exists authenticated_select on public.chapters;
create policy authenticated_select on public.chapters
for select to authenticated
using (org_id = any((select authz.member_org_ids())::uuid[]));
drop policy if exists authenticated_insert on public.chapters;
create policy authenticated_insert on public.chapters
for insert to authenticated
with check (org_id = any((select authz.admin_org_ids())::uuid[]));
drop policy if exists authenticated_update on public.chapters;
create policy authenticated_update on public.chapters
for update to authenticated
using (org_id = any((select authz.admin_org_ids())::uuid[]))
with check (org_id = any((select authz.admin_org_ids())::uuid[]));

drop policy if exists authenticated_select on public.org_members;
create policy authenticated_select on public.org_members
for select to authenticated
using (
    org_id = any((select authz.admin_org_ids())::uuid[])
    or (
        user_id = (select authz.uid())
        and role <> 'bufdir_auditor'
        and active
        and (valid_until is null or valid_until > statement_timestamp())
    )
);
drop policy if exists authenticated_insert on public.org_members;
create policy authenticated_insert on public.org_members
for insert to authenticated
with check (org_id = any((select authz.admin_org_ids())::uuid[]));
drop policy if exists authenticated_update on public.org_members;
create policy authenticated_update on public.org_members
for update to authenticated
using (org_id = any((select authz.admin_org_ids())::uuid[]))
with check (org_id = any((select authz.admin_org_ids())::uuid[]));

drop policy if exists authenticated_select on public.platform_admins;
create policy authenticated_select on public.platform_admins
for select to authenticated
using ((select authz.is_platform_admin()));

drop policy if exists authenticated_select on public.coordinators;
create policy authenticated_select on public.coordinators
for select to authenticated
using (
    org_id = any((select authz.admin_org_ids())::uuid[])
    or id = any((select authz.my_coordinator_ids())::uuid[])
);
drop policy if exists authenticated_insert on public.coordinators;
create policy authenticated_insert on public.coordinators
for insert to authenticated
with check (org_id = any((select authz.admin_org_ids())::uuid[]));
drop policy if exists authenticated_update on public.coordinators;
create policy authenticated_update on public.coordinators
for update to authenticated
using (org_id = any((select authz.admin_org_ids())::uuid[]))
with check (org_id = any((select authz.admin_org_ids())::uuid[]));

drop policy if exists authenticated_select on public.coordinator_chapters;
create policy authenticated_select on public.coordinator_chapters
for select to authenticated
using (chapter_id = any((select authz.my_chapter_ids())::uuid[]));
drop policy if exists authenticated_insert on public.coordinator_chapters;
create policy authenticated_insert on public.coordinator_chapters
for insert to authenticated
with check (org_id = any((select authz.admin_org_ids())::uuid[]));
drop policy if exists authenticated_update on public.coordinator_chapters;
create policy authenticated_update on public.coordinator_chapters
for update to authenticated
using (org_id = any((select authz.admin_org_ids())::uuid[]))
with check (org_id = any((select authz.admin_org_ids())::uuid[]));

drop policy if exists authenticated_select on public.peer_mentors;
create policy authenticated_select on public.peer_mentors
for select to authenticated
using (
    chapter_id = any((select authz.my_chapter_ids())::uuid[])
    or id = any((select authz.my_mentor_ids())::uuid[])
);
drop policy if exists authenticated_insert on public.peer_mentors;
create policy authenticated_insert on public.peer_mentors
for insert to authenticated
with check (org_id = any((select authz.admin_org_ids())::uuid[]));
drop policy if exists authenticated_update on public.peer_mentors;
create policy authenticated_update on public.peer_mentors
for update to authenticated
using (org_id = any((select authz.admin_org_ids())::uuid[]))
with check (org_id = any((select authz.admin_org_ids())::uuid[]));

-- 6. Grants: column by column where a user writes; keys are given by the database ----------------

grant select on
public.organizations, public.chapters, public.org_members, public.platform_admins,
public.coordinators, public.coordinator_chapters, public.peer_mentors
to authenticated, service_role;
grant insert, update on
public.organizations, public.chapters, public.org_members, public.platform_admins,
public.coordinators, public.coordinator_chapters
to service_role;
-- by column here: the counts that V002 adds are nobody's to write
grant
insert (
    id, org_id, user_id, chapter_id, coordinator_id, display_name, birth_year, status,
    approved_from, approved_to, confidentiality_signed_at, anonymized_at
),
update (
    user_id, chapter_id, coordinator_id, display_name, birth_year, status,
    approved_from, approved_to, confidentiality_signed_at, anonymized_at
)
on public.peer_mentors to service_role;

grant insert (slug, name, max_chapters_per_coordinator),
update (slug, name, max_chapters_per_coordinator, archived_at)
on public.organizations to authenticated;
grant insert (org_id, parent_id, name, kind, municipality_no, active_from, active_to),
update (parent_id, name, kind, municipality_no, active_from, active_to)
on public.chapters to authenticated;
grant insert (org_id, user_id, role, active, valid_until), update (active, valid_until)
on public.org_members to authenticated;
grant insert (org_id, user_id, display_name), update (display_name)
on public.coordinators to authenticated;
grant insert (org_id, coordinator_id, chapter_id), update (chapter_id, slot)
on public.coordinator_chapters to authenticated;
grant
insert (
    org_id, user_id, chapter_id, coordinator_id, display_name, birth_year, status,
    approved_from, approved_to, confidentiality_signed_at
),
update (
    user_id, chapter_id, coordinator_id, display_name, birth_year, status,
    approved_from, approved_to, confidentiality_signed_at
)
on public.peer_mentors to authenticated;

-- 7. Meaning -----------------------------------------------------------------------------------

comment on schema authz is
'Who is calling and what is in their scope; the guards that must see more than the caller.';
comment on table public.organizations is
'A peer-support organisation: the tenant. Every tenant table carries its org_id.';
comment on column public.organizations.time_zone is
'The zone of the organisation''s days and months; only Europe/Oslo is supported.';
comment on column public.organizations.max_chapters_per_coordinator is
'How many chapters one coordinator may have here, never more than five.';
comment on table public.chapters is
'A branch of an organisation, in a tree from national to local: what coordinators are scoped by.';
comment on column public.chapters.municipality_no is
'Statistics Norway''s four-digit number of the municipality, where there is one.';
comment on table public.org_members is
'Which user holds which role in which organisation; the only source of rights, never the token.';
comment on column public.org_members.active is
'False ends the access at once, in the middle of a valid token.';
comment on column public.org_members.valid_until is
'From this moment the membership gives no access; null is open-ended.';
comment on table public.platform_admins is
'Users who see and administer every organisation.';
comment on table public.coordinators is
'A coordinator of one organisation; the same user may be coordinator in several.';
comment on table public.coordinator_chapters is
'The chapters of a coordinator, in one of five slots.';
comment on column public.coordinator_chapters.slot is
'1 is the primary chapter. Given by a trigger: the lowest free one.';
comment on table public.peer_mentors is
'A peer mentor of one organisation, in one chapter at a time; may or may not have a user.';
comment on column public.peer_mentors.user_id is
'The user who signs in as this mentor; null for mentors without an account.';
comment on column public.peer_mentors.status is
'candidate until approved, active, paused, or ended.';
comment on column public.peer_mentors.approved_from is
'First day of the approval as peer mentor that the grant scheme asks for.';
comment on column public.peer_mentors.confidentiality_signed_at is
'When the oath of confidentiality was signed.';
comment on column public.peer_mentors.anonymized_at is
'When name and birth year were erased; the row stays for the counts.';

comment on function authz.uid() is
'The user that the claims of the request name, or null; equals auth.uid() on Supabase.';
comment on function authz.is_platform_admin() is
'Whether the caller is a platform admin. Definer: callers may not read platform_admins.';
comment on function authz.org_ids_for(text) is
'Organisations where the caller holds this role now. Definer: reads all memberships.';
comment on function authz.admin_org_ids() is
'Organisations the caller administers. Definer: a platform admin needs the whole list.';
comment on function authz.member_org_ids() is
'Organisations the caller may look at. Definer: reads memberships.';
comment on function authz.my_chapter_ids() is
'Chapters in the caller''s scope. Definer: policies call it, so it must not be under them.';
comment on function authz.my_coordinator_ids() is
'Coordinators the caller may see. Definer: policies call it, so it must not be under them.';
comment on function authz.my_mentor_ids() is
'The caller as peer mentor. Definer: policies call it, so it must not be under them.';
comment on function authz.acts_for_user() is
'Whether the statement is made for an API user, who is held to a scope.';
comment on function authz.deny_row(text) is
'Raises what row security would raise for a row out of scope.';
comment on function authz.assign_chapter_slot() is
'Chooses the slot of a coordinator''s chapter. Definer: must lock and see rows the caller cannot.';
comment on trigger coordinator_chapters_100_slot on public.coordinator_chapters is
'Gives the lowest free slot and refuses a chapter above the limit (coordinator_max_5_chapters).';

comment on policy authenticated_select on public.organizations is
'Members see their own organisations, platform admins all.';
comment on policy authenticated_insert on public.organizations is
'Only platform admins found an organisation.';
comment on policy authenticated_update on public.organizations is
'Admins change their own organisations.';
comment on policy authenticated_select on public.chapters is
'Members see the chapters of their own organisations.';
comment on policy authenticated_insert on public.chapters is
'Admins add chapters to their own organisations.';
comment on policy authenticated_update on public.chapters is
'Admins change the chapters of their own organisations.';
comment on policy authenticated_select on public.org_members is
'Admins see the members of their organisations, others their own current roles but the auditor''s.';
comment on policy authenticated_insert on public.org_members is
'Admins give roles in their own organisations.';
comment on policy authenticated_update on public.org_members is
'Admins end and prolong memberships in their own organisations.';
comment on policy authenticated_select on public.platform_admins is
'Platform admins see one another.';
comment on policy authenticated_select on public.coordinators is
'Coordinators see themselves and those who share a chapter, admins those of their organisations.';
comment on policy authenticated_insert on public.coordinators is
'Admins add coordinators to their own organisations.';
comment on policy authenticated_update on public.coordinators is
'Admins change the coordinators of their own organisations.';
comment on policy authenticated_select on public.coordinator_chapters is
'Who coordinates the chapters in the caller''s scope.';
comment on policy authenticated_insert on public.coordinator_chapters is
'Admins give chapters to the coordinators of their own organisations.';
comment on policy authenticated_update on public.coordinator_chapters is
'Admins exchange chapters and slots in their own organisations.';
comment on policy authenticated_select on public.peer_mentors is
'Mentors see themselves, coordinators and admins the mentors of the chapters in scope.';
comment on policy authenticated_insert on public.peer_mentors is
'Admins add mentors to their own organisations.';
comment on policy authenticated_update on public.peer_mentors is
'Admins change mentors, also their chapter, within their own organisations.';

-- 8. Assertions: `if not exists` must not hide an older shape ------------------------------------

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
                'organizations',
                'org_id uuid, slug text, name text, time_zone text, max_chapters_per_coordinator '
                'smallint, created_at timestamp with time zone, archived_at timestamp with time zone'
            ),
            (
                'chapters',
                'id uuid, org_id uuid, parent_id uuid, name text, kind text, municipality_no '
                'character(4), active_from date, active_to date'
            ),
            (
                'org_members',
                'org_id uuid, user_id uuid, role text, active boolean, valid_until timestamp with '
                'time zone'
            ),
            ('platform_admins', 'user_id uuid'),
            ('coordinators', 'id uuid, org_id uuid, user_id uuid, display_name text'),
            (
                'coordinator_chapters',
                'org_id uuid, coordinator_id uuid, chapter_id uuid, slot smallint, assigned_at '
                'timestamp with time zone'
            ),
            (
                'peer_mentors',
                'id uuid, org_id uuid, user_id uuid, chapter_id uuid, coordinator_id uuid, '
                'display_name text, birth_year smallint, status text, approved_from date, '
                'approved_to date, confidentiality_signed_at timestamp with time zone, '
                'anonymized_at timestamp with time zone'
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
        raise exception 'V001 found tables of another shape, owner or row security: %', wrong
        using
            errcode = 'PM001',
            hint = 'Somebody else made a table of this name: rename or drop it, then apply again.';
    end if;
    select string_agg(expected.constraint_name, ', ') into wrong
    from (
        select
            unnest(string_to_array(
                'chapters_active_period_is_ordered, chapters_active_period_is_plausible, '
                'chapters_kind_is_known, chapters_municipality_no_is_four_digits, '
                'chapters_name_fits_200, chapters_name_is_not_blank, chapters_org_id_fkey, '
                'chapters_org_id_id_key, chapters_org_id_name_kind_key, '
                'chapters_org_id_parent_id_fkey, chapters_parent_is_another_chapter, '
                'chapters_pkey, coordinator_chapters_coordinator_id_slot_key, '
                'coordinator_chapters_org_id_chapter_id_fkey, '
                'coordinator_chapters_org_id_coordinator_id_fkey, coordinator_chapters_pkey, '
                'coordinator_max_5_chapters, coordinators_display_name_fits_200, '
                'coordinators_display_name_is_not_blank, coordinators_org_id_fkey, '
                'coordinators_org_id_id_key, coordinators_org_id_user_id_key, coordinators_pkey, '
                'org_members_org_id_fkey, org_members_pkey, org_members_role_is_known, '
                'org_members_valid_until_is_plausible, organizations_archived_at_is_plausible, '
                'organizations_max_chapters_is_1_to_5, organizations_name_fits_200, '
                'organizations_name_is_not_blank, organizations_pkey, '
                'organizations_slug_is_url_safe, organizations_slug_key, '
                'organizations_time_zone_is_oslo, peer_mentors_approval_period_is_ordered, '
                'peer_mentors_approval_period_is_plausible, peer_mentors_birth_year_is_plausible, '
                'peer_mentors_display_name_fits_200, peer_mentors_display_name_is_not_blank, '
                'peer_mentors_moments_are_plausible, peer_mentors_org_id_chapter_id_fkey, '
                'peer_mentors_org_id_coordinator_id_fkey, peer_mentors_org_id_fkey, '
                'peer_mentors_org_id_id_key, peer_mentors_org_id_user_id_key, peer_mentors_pkey, '
                'peer_mentors_status_is_known, platform_admins_pkey',
                ', '
            )) as constraint_name
        except
        select c.conname
        from pg_catalog.pg_constraint as c
        where c.connamespace = 'public'::regnamespace and c.convalidated
    ) as expected;
    if wrong is not null then
        raise exception 'V001 found tables that lack constraints: %', wrong
        using
            errcode = 'PM001',
            hint = 'Somebody else made a table of this name: rename or drop it, then apply again.';
    end if;
end
$$;

reset role;
