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

grant create on schema public to pgschema_owner;
revoke create on schema public from public;

-- Archived by the rollback: take the rows back before anything is created in their place.
do $$
declare
    table_name text;
begin
    if to_regnamespace('archive_v001') is not null then
        for table_name in
            select c.relname
            from pg_catalog.pg_class as c
            where c.relnamespace = 'archive_v001'::regnamespace and c.relkind = 'r'
        loop
            execute format('alter table archive_v001.%I set schema public', table_name);
        end loop;
        drop schema archive_v001;
    end if;
end
$$;

-- From here on as the owner: nothing needs `owner to`, and no default privilege of the migrating
-- role (old Supabase projects grant ALL to anon) ever touches our objects.
set local role pgschema_owner;

-- 2. Tables ------------------------------------------------------------------------------------

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
    constraint chapters_kind_is_known
        check (kind in ('national', 'region', 'county', 'association', 'local')),
    constraint chapters_municipality_no_is_four_digits check (municipality_no ~ '^[0-9]{4}$'),
    constraint chapters_parent_is_another_chapter check (parent_id <> id),
    constraint chapters_active_period_is_ordered check (active_from <= active_to)
);

create table if not exists public.org_members (
    org_id uuid not null,
    user_id uuid not null,
    role text not null,
    active boolean not null default true,
    valid_until timestamptz,
    constraint org_members_pkey primary key (org_id, user_id, role),
    constraint org_members_role_is_known
        check (role in ('peer_mentor', 'coordinator', 'org_admin', 'bufdir_auditor'))
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
    constraint coordinators_display_name_is_not_blank check (btrim(display_name) <> '')
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
    constraint peer_mentors_birth_year_is_plausible check (birth_year between 1900 and 2100),
    constraint peer_mentors_status_is_known
        check (status in ('candidate', 'active', 'paused', 'ended')),
    constraint peer_mentors_approval_period_is_ordered check (approved_from <= approved_to)
)
with (fillfactor = 80);

reset role;
