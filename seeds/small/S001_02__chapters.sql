-- S001: chapters A, B and C of NHF, chapter D of HLF.
select
    md5(s.seed || ':chapter:' || c.n)::uuid as id,
    md5(s.seed || ':organization:' || c.org)::uuid as org_id,
    c.name,
    'local' as kind,
    c.municipality_no,
    date '2010-01-01' as active_from
from
    (
        values
        (1, 1, 'NHF Tromsø', '5501'),
        (2, 1, 'NHF Ålesund', '1508'),
        (3, 1, 'NHF Bergen', '4601'),
        (4, 2, 'HLF Bærum', '3201')
    ) as c (n, org, name, municipality_no)
cross join (select current_setting('pgschema.seed') as seed) as s
order by c.n;
