-- S001: three organisations; `shares` says how many percent of everything each of them has.
select
    md5(s.seed || ':organization:' || o.n)::uuid as org_id,
    o.slug,
    o.name,
    timestamptz '2015-01-01 12:00:00+00' as created_at
from
    (
        values
        (1, 'NHF', 'Norges Handikapforbund'),
        (2, 'HLF', 'Hørselshemmedes Landsforbund'),
        (3, 'NBF', 'Norges Blindeforbund')
    ) as o (n, slug, name)
cross join (select current_setting('pgschema.seed') as seed) as s
order by o.n;
