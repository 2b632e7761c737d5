-- S001 edge pack: people in two organisations, with two roles, and whose access has ended.
select
    md5(s.seed || ':organization:' || p.org)::uuid as org_id,
    md5('pgschema:persona:' || p.persona)::uuid as user_id,
    p.role,
    p.active,
    p.valid_until
from
    (
        values
        (101, 'org-admin-test', 'org_admin', true, null::timestamptz),
        (101, 'coordinator-five', 'coordinator', true, null),
        (101, 'coordinator-two-orgs', 'coordinator', true, null),
        (102, 'coordinator-two-orgs', 'coordinator', true, null),
        (101, 'coordinator-expired', 'coordinator', true, '2024-12-31 23:00:00+00'),
        (101, 'mentor-101', 'peer_mentor', true, null),
        (101, 'mentor-102', 'peer_mentor', true, null),
        (101, 'mentor-103', 'peer_mentor', true, null),
        (101, 'mentor-moved', 'peer_mentor', true, null),
        (101, 'mentor-without-coordinator', 'peer_mentor', true, null),
        (101, 'mentor-inactive', 'peer_mentor', false, null),
        -- the coordinator of five chapters is a peer mentor, too
        (101, 'coordinator-five', 'peer_mentor', true, null),
        (102, 'mentor-111', 'peer_mentor', true, null)
    ) as p (org, persona, role, active, valid_until)
cross join (select current_setting('pgschema.seed') as seed) as s
order by p.org, p.persona collate "C", p.role collate "C";
