-- S002: mentor n has n assignments, 78 in all; the j-th of each has its status from j:
-- 1, 8 completed; 2, 9 dispatched; 3, 10 accepted; 4, 11 in progress; 5, 12 declined; 6 cancelled;
-- 7 expired. So assignment_count is n, and completed_assignment_count is n / 7, rounded up.
with assignments as (
    select
        m.n,
        j.n as j,
        md5(s.seed || ':assignment:' || m.n || ':' || j.n) as digest,
        -- the same day of eleven months: all is over before the anchor
        date_trunc('month', s.anchor::timestamp)
        + interval '1 month' * ((j.n - 1) % 11 - 12)
        + interval '1 day' * (m.n + 4) + interval '10 hours' as dispatched_at,
        s.seed,
        (array[
            'expired', 'completed', 'dispatched', 'accepted', 'in_progress', 'declined', 'cancelled'
        ])[1 + j.n % 7] as status,
        (m.n + 2) / 3 as chapter,
        (array[1, 1, 2, 3])[(m.n + 2) / 3] as coordinator,
        case when m.n <= 9 then 1 else 2 end as org
    from
        (
            select
                current_setting('pgschema.seed') as seed,
                current_setting('pgschema.anchor')::date as anchor
        ) as s
    cross join generate_series(1, 12) as m (n)
    cross join lateral generate_series(1, m.n) as j (n)
)

select
    a.digest::uuid as id,
    md5(a.seed || ':organization:' || a.org)::uuid as org_id,
    md5(a.seed || ':chapter:' || a.chapter)::uuid as chapter_id,
    md5(a.seed || ':peer_mentor:' || a.n)::uuid as peer_mentor_id,
    md5(a.seed || ':coordinator:' || a.coordinator)::uuid as coordinator_id,
    a.status,
    case a.status
        when 'dispatched' then 1
        when 'in_progress' then 3
        when 'completed' then 4
        else 2
    end as version,
    (array[
        'Førstegangssamtale', 'Hjemmebesøk', 'Oppfølgingssamtale', 'Følge til møte', 'Samtalegruppe'
    ])[1 + ('x' || substr(a.digest, 1, 7))::bit(28)::integer % 5] as title,
    (a.dispatched_at + interval '30 days') at time zone 'Europe/Oslo' as due_at,
    a.dispatched_at at time zone 'Europe/Oslo' as dispatched_at,
    case
        when a.status in ('accepted', 'in_progress', 'completed')
            then (a.dispatched_at + interval '1 day') at time zone 'Europe/Oslo'
    end as accepted_at,
    case
        when a.status in ('in_progress', 'completed')
            then (a.dispatched_at + interval '7 days') at time zone 'Europe/Oslo'
    end as started_at,
    case
        when a.status = 'completed'
            then (a.dispatched_at + interval '14 days') at time zone 'Europe/Oslo'
    end as completed_at,
    case
        when a.status in ('completed', 'declined', 'cancelled', 'expired')
            then (a.dispatched_at + interval '14 days') at time zone 'Europe/Oslo'
    end as closed_at,
    md5('pgschema:persona:coordinator-k' || a.coordinator)::uuid as created_by,
    a.dispatched_at at time zone 'Europe/Oslo' as created_at,
    a.dispatched_at at time zone 'Europe/Oslo' as updated_at
from assignments as a
order by a.n, a.j;
