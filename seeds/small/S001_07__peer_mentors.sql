-- S001: twelve peer mentors, three in each chapter: 1-3 in A, 4-6 in B, 7-9 in C, 10-12 in D.
select
    m.digest::uuid as id,
    md5(s.seed || ':organization:' || case when m.n <= 9 then 1 else 2 end)::uuid as org_id,
    md5('pgschema:persona:mentor-' || m.n)::uuid as user_id,
    md5(s.seed || ':chapter:' || (m.n + 2) / 3)::uuid as chapter_id,
    md5(s.seed || ':coordinator:' || (array[1, 1, 2, 3])[(m.n + 2) / 3])::uuid as coordinator_id,
    s.first_names[1 + ('x' || substr(m.digest, 1, 7))::bit(28)::integer % 60]
    || ' ' || s.last_names[1 + ('x' || substr(m.digest, 8, 7))::bit(28)::integer % 60]
        as display_name,
    1950 + ('x' || substr(m.digest, 15, 7))::bit(28)::integer % 45 as birth_year,
    'active' as status,
    a.approved_from,
    (a.approved_from + time '12:00') at time zone 'Europe/Oslo' as confidentiality_signed_at
from
    (
        select
            current_setting('pgschema.seed') as seed,
            current_setting('pgschema.anchor')::date as anchor,
            current_setting('pgschema.first_names')::text[] as first_names,
            current_setting('pgschema.last_names')::text[] as last_names
    ) as s
cross join
    lateral (
        select
            g.n,
            md5(s.seed || ':peer_mentor:' || g.n) as digest
        from generate_series(1, 12) as g (n)
    ) as m
cross join
    lateral (
        select s.anchor - 500 - ('x' || substr(m.digest, 22, 7))::bit(28)::integer % 1000
    ) as a (approved_from)
order by m.n;
