-- S001: K1 has chapters A and B, K2 has C, K3 has D. Slot 1 is the primary chapter.
select
    md5(s.seed || ':organization:' || c.org)::uuid as org_id,
    md5(s.seed || ':coordinator:' || c.k)::uuid as coordinator_id,
    md5(s.seed || ':chapter:' || c.chapter)::uuid as chapter_id,
    c.slot,
    timestamptz '2020-01-01 12:00:00+00' as assigned_at
from
    (
        values
        (1, 1, 1, 1),
        (1, 1, 2, 2),
        (1, 2, 3, 1),
        (2, 3, 4, 1)
    ) as c (org, k, chapter, slot)
cross join (select current_setting('pgschema.seed') as seed) as s
order by c.k, c.slot;
