-- S001 edge pack: a region with five chapters of one coordinator, others outside, and TEST-2's.
select
    md5(s.seed || ':chapter:' || c.n)::uuid as id,
    md5(s.seed || ':organization:' || c.org)::uuid as org_id,
    md5(s.seed || ':chapter:' || c.parent)::uuid as parent_id,
    c.name,
    c.kind,
    c.active_to
from
    (
        values
        (100, 101, null, 'TEST Region Fjell og Fjære', 'region', null::date),
        (101, 101, 100, 'TEST Østby', 'local', null),
        (102, 101, 100, 'TEST Vestøy', 'local', null),
        (103, 101, 100, 'TEST Nordfjære', 'local', null),
        (104, 101, 100, 'TEST Sørlia', 'local', null),
        (105, 101, 100, 'TEST Midtås', 'local', null),
        (106, 101, null, 'TEST Utenfor', 'association', null),
        -- same name as another, of another kind; closed years ago
        (107, 101, null, 'TEST Østby', 'county', date '2022-12-31'),
        (111, 102, null, 'TEST-2 Ødemark', 'local', null)
    ) as c (n, org, parent, name, kind, active_to)
cross join (select current_setting('pgschema.seed') as seed) as s
order by c.n;
