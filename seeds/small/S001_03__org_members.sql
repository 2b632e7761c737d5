-- S001: who belongs to which organisation, and as what.
-- A person's user id comes from the persona's name, not from the seed: see seeds/README.md.
select
    md5(s.seed || ':organization:' || p.org)::uuid as org_id,
    md5('pgschema:persona:' || p.persona)::uuid as user_id,
    p.role
from
    (
        values
        (1, 'org-admin-nhf', 'org_admin'),
        (2, 'org-admin-hlf', 'org_admin'),
        (1, 'bufdir-auditor', 'bufdir_auditor'),
        (1, 'coordinator-k1', 'coordinator'),
        (1, 'coordinator-k2', 'coordinator'),
        (2, 'coordinator-k3', 'coordinator')
        union all
        -- mentors 1-9 are in NHF, 10-12 in HLF
        select
            case when m.n <= 9 then 1 else 2 end as org,
            'mentor-' || m.n as persona,
            'peer_mentor' as role
        from generate_series(1, 12) as m (n)
    ) as p (org, persona, role)
cross join (select current_setting('pgschema.seed') as seed) as s
order by p.org, p.persona collate "C";
