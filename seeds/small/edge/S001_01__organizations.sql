-- S001 edge pack: TEST has the odd cases, TEST-2 has people but no activity.
select
    md5(s.seed || ':organization:' || o.n)::uuid as org_id,
    o.slug,
    o.name,
    timestamptz '2019-01-01 12:00:00+00' as created_at
from
    (
        values
        (101, 'TEST', 'Testforbundet'),
        (102, 'TEST-2', 'Testforbundet uten aktivitet')
    ) as o (n, slug, name)
cross join (select current_setting('pgschema.seed') as seed) as s
order by o.n;
