-- V003: activities as peer mentors register them, with Oslo dates and marked duplicates.
set local lock_timeout = '5s';
set local statement_timeout = '60s';
set local search_path = pg_catalog, pg_temp;
set local client_min_messages = warning;

set local role pgschema_owner;

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
        generated always as (date_trunc('month', occurred_at at time zone 'Europe/Oslo')::date) stored,
    constraint activities_pkey primary key (id),
    constraint activities_org_id_id_key unique (org_id, id),
    constraint activities_org_id_client_request_id_key unique (org_id, client_request_id),
    constraint activities_status_is_known
        check (status in ('draft', 'submitted', 'approved', 'rejected', 'cancelled')),
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
    constraint activity_co_leaders_pkey primary key (org_id, activity_id, peer_mentor_id)
);

reset role;
