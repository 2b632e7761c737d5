-- S001: an admin for each organisation, Bufdir's auditor, every coordinator and every mentor.
with shares as (
    select
        o.n as org,
        sum(o.share) over (order by o.n) - o.share as low,
        sum(o.share) over (order by o.n) as high
    from unnest(current_setting('pgschema.shares')::numeric[]) with ordinality as o (share, n)
),

people as (
    select
        'coordinator-k' as persona,
        'coordinator' as role,
        current_setting('pgschema.coordinators')::integer as total
    union all
    select
        'mentor-' as persona,
        'peer_mentor' as role,
        current_setting('pgschema.mentors')::integer as total
),

members as (
    select
        s.org,
        p.persona || g.n as persona,
        p.role
    from people as p
    cross join lateral generate_series(1, p.total) as g (n)
    inner join shares as s
        on (g.n - 1) * 100 >= s.low * p.total and (g.n - 1) * 100 < s.high * p.total
    union all
    values
    (1, 'org-admin-nhf', 'org_admin'),
    (2, 'org-admin-hlf', 'org_admin'),
    (3, 'org-admin-nbf', 'org_admin'),
    (1, 'bufdir-auditor', 'bufdir_auditor')
)

select
    md5(current_setting('pgschema.seed') || ':organization:' || m.org)::uuid as org_id,
    md5('pgschema:persona:' || m.persona)::uuid as user_id,
    m.role
from members as m
order by m.org, m.persona collate "C";
