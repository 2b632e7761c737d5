-- V002: assignments, and a count per mentor that is the true count at every commit.
set local lock_timeout = '5s';
set local statement_timeout = '60s';
set local search_path = pg_catalog, pg_temp;
set local client_min_messages = warning;

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
    constraint assignments_title_is_not_blank check (btrim(title) <> '')
);

alter table public.peer_mentors
    add column if not exists assignment_count bigint not null default 0
        constraint peer_mentors_assignment_count_is_not_negative check (assignment_count >= 0),
    add column if not exists completed_assignment_count bigint not null default 0
        constraint peer_mentors_completed_assignment_count_is_not_negative
        check (completed_assignment_count >= 0);

reset role;
