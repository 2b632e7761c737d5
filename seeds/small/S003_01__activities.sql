-- S003: coordinator k's mentors have 2k + m counted activities of 60 minutes in month m (1-12) of
-- the year before the anchor, 378 in all. Each is approved, in person, led by a peer, has at least
-- three participants and is on a day of its own (for its coordinator), between 10 and 19 in Oslo.
-- peer_course is not among the types: it counts from 90 minutes on.
with activities as (
    select
        k.n as k,
        m.n as m,
        i.n as i,
        s.seed,
        p.month_start,
        p.shift,
        md5(s.seed || ':activity:' || k.n || ':' || m.n || ':' || i.n) as digest,
        -- K1 has mentors 1-6, K2 7-9, K3 10-12; everyone gets a turn
        (array[1, 7, 10])[k.n] + (i.n + p.shift) % (array[6, 3, 3])[k.n] as mentor
    from
        (
            select
                current_setting('pgschema.seed') as seed,
                current_setting('pgschema.anchor')::date as anchor
        ) as s
    cross join generate_series(1, 3) as k (n)
    cross join generate_series(1, 12) as m (n)
    cross join
        lateral (
            select
                date_trunc('month', s.anchor::timestamp) + interval '1 month' * (m.n - 13)
                    as month_start,
                md5(s.seed || ':month:' || k.n || ':' || m.n) as digest
        ) as d
    cross join
        lateral (
            select
                d.month_start,
                ('x' || substr(d.digest, 1, 7))::bit(28)::integer % 84 as shift
        ) as p
    cross join lateral generate_series(1, 2 * k.n + m.n) as i (n)
),

timed as (
    select
        a.*,
        -- 3 and 28 have no common divisor: 28 numbers give 28 days
        (
            a.month_start
            + interval '1 day' * ((3 * a.i + a.shift) % 28)
            + interval '10 hours'
            + interval '15 minutes' * (('x' || substr(a.digest, 1, 7))::bit(28)::integer % 36)
        ) at time zone 'Europe/Oslo' as occurred_at
    from activities as a
)

select
    t.digest::uuid as id,
    md5(t.seed || ':organization:' || (array[1, 1, 2])[t.k])::uuid as org_id,
    md5(t.seed || ':chapter:' || (t.mentor + 2) / 3)::uuid as chapter_id,
    md5(t.seed || ':peer_mentor:' || t.mentor)::uuid as peer_mentor_id,
    md5(t.seed || ':coordinator:' || t.k)::uuid as coordinator_id,
    (array['outreach_visit', 'conversation_group', 'activity_group'])[
        1 + ('x' || substr(t.digest, 8, 7))::bit(28)::integer % 3
    ] as activity_type,
    'approved' as status,
    t.occurred_at,
    60 as duration_minutes,
    3 + ('x' || substr(t.digest, 15, 7))::bit(28)::integer % 10 as participant_count,
    'in_person' as delivery_mode,
    md5('pgschema:persona:mentor-' || t.mentor)::uuid as registered_by,
    t.occurred_at + interval '2 hours' as created_at,
    t.occurred_at + interval '1 day' as updated_at
from timed as t
order by t.k, t.m, t.i;
