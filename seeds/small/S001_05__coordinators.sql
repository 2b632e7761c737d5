-- S001: coordinators K1 and K2 of NHF, K3 of HLF.
select
    c.digest::uuid as id,
    md5(s.seed || ':organization:' || c.org)::uuid as org_id,
    md5('pgschema:persona:coordinator-k' || c.k)::uuid as user_id,
    s.first_names[1 + ('x' || substr(c.digest, 1, 7))::bit(28)::integer % 60]
    || ' ' || s.last_names[1 + ('x' || substr(c.digest, 8, 7))::bit(28)::integer % 60]
        as display_name
from
    (
        select
            current_setting('pgschema.seed') as seed,
            current_setting('pgschema.first_names')::text[] as first_names,
            current_setting('pgschema.last_names')::text[] as last_names
    ) as s
cross join
    lateral (
        select
            k.n as k,
            (array[1, 1, 2])[k.n] as org,
            md5(s.seed || ':coordinator:' || k.n) as digest
        from generate_series(1, 3) as k (n)
    ) as c
order by c.k;
