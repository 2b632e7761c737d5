-- S001: mentors; nine of ten are in a chapter that has a coordinator.
with shares as (
    select
        o.n as org,
        sum(o.share) over (order by o.n) - o.share as low,
        sum(o.share) over (order by o.n) as high
    from unnest(current_setting('pgschema.shares')::numeric[]) with ordinality as o (share, n)
),

chapters as (
    select
        h.org_id,
        array_agg(h.id order by c.n) as every_one,
        array_agg(k.coordinator_id order by c.n) as coordinators,
        array_agg(h.id order by c.n) filter (where k.coordinator_id is not null) as looked_after,
        array_agg(k.coordinator_id order by c.n) filter (where k.coordinator_id is not null)
            as looking_after
    from
        generate_series(1, current_setting('pgschema.chapters')::integer) as c (n)
    inner join public.chapters as h
        on h.id = md5(current_setting('pgschema.seed') || ':chapter:' || c.n)::uuid
    left join lateral (
        select cc.coordinator_id
        from public.coordinator_chapters as cc
        where cc.chapter_id = h.id
        order by cc.slot, cc.coordinator_id
        limit 1
    ) as k on true
    group by h.org_id
),

mentors as (
    select
        m.n,
        s.org,
        md5(current_setting('pgschema.seed') || ':organization:' || s.org)::uuid as org_id,
        md5(current_setting('pgschema.seed') || ':peer_mentor:' || m.n) as digest
    from generate_series(1, current_setting('pgschema.mentors')::integer) as m (n)
    inner join shares as s
        on
            (m.n - 1) * 100 >= s.low * current_setting('pgschema.mentors')::integer
            and (m.n - 1) * 100 < s.high * current_setting('pgschema.mentors')::integer
),

placed as (
    select
        m.*,
        case when l.is_looked_after then c.looked_after else c.every_one end as chapters,
        case when l.is_looked_after then c.looking_after else c.coordinators end as coordinators,
        ('x' || substr(m.digest, 22, 7))::bit(28)::integer as place
    from mentors as m
    inner join chapters as c on m.org_id = c.org_id
    cross join lateral (
        select
            c.looked_after is not null
            and ('x' || substr(m.digest, 29, 4))::bit(16)::integer % 10 < 9
    ) as l (is_looked_after)
)

select
    p.digest::uuid as id,
    p.org_id,
    md5('pgschema:persona:mentor-' || p.n)::uuid as user_id,
    p.chapters[1 + p.place % cardinality(p.chapters)] as chapter_id,
    p.coordinators[1 + p.place % cardinality(p.chapters)] as coordinator_id,
    (current_setting('pgschema.first_names')::text[])[
        1 + ('x' || substr(p.digest, 1, 7))::bit(28)::integer % 60
    ]
    || ' ' || (current_setting('pgschema.last_names')::text[])[
        1 + ('x' || substr(p.digest, 8, 7))::bit(28)::integer % 60
    ] as display_name,
    1940 + ('x' || substr(p.digest, 15, 3))::bit(12)::integer % 60 as birth_year,
    'active' as status,
    current_setting('pgschema.anchor')::date - 800
    - ('x' || substr(p.digest, 18, 4))::bit(16)::integer % 2000 as approved_from
from placed as p
order by p.n;
