-- S001: coordinators; the first are the personas coordinator-k1, -k2 and so on.
with shares as (
    select
        o.n as org,
        sum(o.share) over (order by o.n) - o.share as low,
        sum(o.share) over (order by o.n) as high
    from unnest(current_setting('pgschema.shares')::numeric[]) with ordinality as o (share, n)
)

select
    c.digest::uuid as id,
    md5(s.seed || ':organization:' || c.org)::uuid as org_id,
    md5('pgschema:persona:coordinator-k' || c.n)::uuid as user_id,
    s.first_names[1 + ('x' || substr(c.digest, 1, 7))::bit(28)::integer % 60]
    || ' ' || s.last_names[1 + ('x' || substr(c.digest, 8, 7))::bit(28)::integer % 60]
        as display_name
from
    (
        select
            current_setting('pgschema.seed') as seed,
            current_setting('pgschema.coordinators')::integer as coordinators,
            current_setting('pgschema.first_names')::text[] as first_names,
            current_setting('pgschema.last_names')::text[] as last_names
    ) as s
cross join
    lateral (
        select
            k.n,
            p.org,
            md5(s.seed || ':coordinator:' || k.n) as digest
        from generate_series(1, s.coordinators) as k (n)
        inner join shares as p
            on (k.n - 1) * 100 >= p.low * s.coordinators
                and (k.n - 1) * 100 < p.high * s.coordinators
    ) as c
order by c.n;
