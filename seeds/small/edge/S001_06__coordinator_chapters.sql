-- S001 edge pack: five chapters for one coordinator; chapter 101 is shared by two coordinators.
select
    md5(s.seed || ':organization:' || c.org)::uuid as org_id,
    md5(s.seed || ':coordinator:' || c.coordinator)::uuid as coordinator_id,
    md5(s.seed || ':chapter:' || c.chapter)::uuid as chapter_id,
    c.slot,
    timestamptz '2020-01-01 12:00:00+00' as assigned_at
from
    (
        values
        (101, 101, 101, 1),
        (101, 101, 102, 2),
        (101, 101, 103, 3),
        (101, 101, 104, 4),
        (101, 101, 105, 5),
        (101, 102, 106, 1),
        (102, 103, 111, 1),
        (101, 104, 101, 1)
    ) as c (org, coordinator, chapter, slot)
cross join (select current_setting('pgschema.seed') as seed) as s
order by c.coordinator, c.slot;
