-- Two organisations, X and Y, with a row of every table in every zone of the matrix.
--
-- Zones: m the actor's own row, g in X without a chapter, c chapter x1, f chapters x2-x5 (only the
-- coordinator with five has them), s chapter x6 (a sibling for everybody), o organisation Y.
-- Every id is the MD5 of a name, so that the probes can write md5('x1')::uuid.
insert into public.organizations (org_id, slug, name)
values (md5('X')::uuid, 'x', 'X'), (md5('Y')::uuid, 'y', 'Y');

insert into public.chapters (id, org_id, name, kind)
select md5(name)::uuid, md5(upper(left(name, 1)))::uuid, name, 'local'
from unnest('{x1,x2,x3,x4,x5,x6,y1}'::text[]) as name;

insert into public.org_members (org_id, user_id, role)
select md5(org)::uuid, md5('user ' || who)::uuid, role
from (
    values
    ('X', 'mentor', 'peer_mentor'), ('X', 'coordinator 1', 'coordinator'),
    ('X', 'coordinator 5', 'coordinator'), ('X', 'org admin', 'org_admin'),
    ('X', 'auditor', 'bufdir_auditor'), ('X', 'somebody', 'peer_mentor'),
    ('Y', 'stranger', 'org_admin')
) as members (org, who, role);

insert into public.platform_admins (user_id)
values (md5('user platform admin')::uuid), (md5('user second platform admin')::uuid);

insert into public.coordinators (id, org_id, user_id, display_name)
select md5('coordinator ' || who)::uuid, md5(org)::uuid, md5('user coordinator ' || who)::uuid, who
from (
    values
    ('X', '1'), ('X', '5'), ('X', 'f'), ('X', 's'), ('X', 'without chapters'),
    ('Y', 'o'), ('Y', 'o without chapters')
) as coordinators (org, who);

insert into public.coordinator_chapters (org_id, coordinator_id, chapter_id)
select c.org_id, md5('coordinator ' || who)::uuid, c.id
from (
    values
    ('1', 'x1'), ('5', 'x1'), ('5', 'x2'), ('5', 'x3'), ('5', 'x4'), ('5', 'x5'),
    ('f', 'x3'), ('s', 'x6'), ('o', 'y1')
) as pairs (who, chapter)
inner join public.chapters as c on c.id = md5(pairs.chapter)::uuid;

insert into public.peer_mentors (id, org_id, user_id, chapter_id, display_name)
select
    md5('mentor ' || who)::uuid, c.org_id,
    case who when 'm' then md5('user mentor')::uuid end,
    c.id, who
from (
    values
    ('m', 'x1'), ('c1', 'x1'), ('c2', 'x1'), ('c3', 'x1'), ('f1', 'x3'), ('f2', 'x3'),
    ('f3', 'x3'), ('s1', 'x6'), ('s2', 'x6'), ('s3', 'x6'), ('o1', 'y1'), ('o2', 'y1'),
    ('o3', 'y1')
) as mentors (who, chapter)
inner join public.chapters as c on c.id = md5(mentors.chapter)::uuid;

insert into public.assignments (id, org_id, chapter_id, peer_mentor_id, title)
select md5('assignment ' || display_name)::uuid, org_id, chapter_id, id, 'Visit'
from public.peer_mentors
where display_name in ('m', 'c1', 'f1', 's1', 'o1');

-- The mentor's own activity is a draft, what the others registered waits for a decision.
insert into public.activities (
    id, org_id, peer_mentor_id, activity_type, status, occurred_at, duration_minutes,
    participant_count, delivery_mode
)
select
    md5('activity ' || display_name)::uuid, org_id, id, 'outreach_visit',
    case display_name when 'm' then 'draft' else 'submitted' end,
    '2025-03-03 12:00+01', 60, 1, 'in_person'
from public.peer_mentors
where display_name in ('m', 'c1', 'f1', 's1', 'o1');

insert into public.activity_co_leaders (org_id, activity_id, peer_mentor_id)
select org_id, md5('activity ' || replace(display_name, '2', '1'))::uuid, id
from public.peer_mentors
where display_name in ('c2', 'f2', 's2', 'o2');
insert into public.activity_co_leaders (org_id, activity_id, peer_mentor_id)
values (md5('X')::uuid, md5('activity m')::uuid, md5('mentor c2')::uuid);
