-- S002 edge pack: assignments stay in the chapter where they were given, whatever became of the
-- mentor. 1-2 of the mentor who moved, in the old chapter; 3 of the anonymised one; 4 without
-- coordinator; 5 of the mentor without user.
select
    md5(s.seed || ':assignment:edge:' || a.n)::uuid as id,
    md5(s.seed || ':organization:101')::uuid as org_id,
    md5(s.seed || ':chapter:' || a.chapter)::uuid as chapter_id,
    md5(s.seed || ':peer_mentor:' || a.mentor)::uuid as peer_mentor_id,
    md5(s.seed || ':coordinator:' || a.coordinator)::uuid as coordinator_id,
    a.status,
    a.version,
    'Førstegangssamtale' as title,
    t.dispatched_at,
    t.accepted_at,
    t.completed_at as started_at,
    t.completed_at,
    t.completed_at as closed_at,
    md5('pgschema:persona:org-admin-test')::uuid as created_by,
    t.dispatched_at as created_at,
    t.dispatched_at as updated_at
from
    (
        values
        (1, 102, 104, 101, 'completed', 4, '2024-03-01', '2024-03-02', '2024-03-20'),
        (2, 102, 104, 101, 'accepted', 2, '2025-02-03', '2025-02-04', null),
        (3, 105, 107, 101, 'completed', 4, '2024-01-08', '2024-01-09', '2024-02-01'),
        (4, 103, 105, null, 'dispatched', 1, '2025-11-24', null, null),
        (5, 104, 106, 101, 'dispatched', 1, '2025-11-25', null, null)
    ) as a (
        n, chapter, mentor, coordinator, status, version, dispatched_on, accepted_on, completed_on
    )
cross join
    lateral (
        select
            (a.dispatched_on || ' 09:00Z')::timestamptz,
            (a.accepted_on || ' 09:00Z')::timestamptz,
            (a.completed_on || ' 09:00Z')::timestamptz
    ) as t (dispatched_at, accepted_at, completed_at)
cross join (select current_setting('pgschema.seed') as seed) as s
order by a.n;
