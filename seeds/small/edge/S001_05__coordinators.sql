-- S001 edge pack: one with five chapters, one person in two organisations, one whose access ended.
select
    md5(s.seed || ':coordinator:' || c.n)::uuid as id,
    md5(s.seed || ':organization:' || c.org)::uuid as org_id,
    md5('pgschema:persona:' || c.persona)::uuid as user_id,
    c.display_name
from
    (
        values
        (101, 101, 'coordinator-five', 'Åse-Lill Bjørnstad'),
        (102, 101, 'coordinator-two-orgs', 'Jørgen Ø''Brien-Sæther'),
        (103, 102, 'coordinator-two-orgs', 'Jørgen Ø''Brien-Sæther'),
        (104, 101, 'coordinator-expired', 'Frøydis Kråkmo')
    ) as c (n, org, persona, display_name)
cross join (select current_setting('pgschema.seed') as seed) as s
order by c.n;
