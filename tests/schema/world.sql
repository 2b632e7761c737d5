-- A small world for tests of V001-V003, loaded into an empty migrated database by its owner.
-- Ids are md5('<kind>:<name>')::uuid. Chapters A, A2 belong to NHF, D to HLF.
insert into public.organizations (org_id, slug, name)
select md5('org:' || slug)::uuid, slug, slug from unnest('{NHF, HLF}'::text[]) as slug;

insert into public.chapters (id, org_id, name, kind)
select md5('chapter:' || c.name)::uuid, md5('org:' || c.org)::uuid, c.name, 'local'
from (
    values ('A', 'NHF'), ('A2', 'NHF'), ('A3', 'NHF'), ('A4', 'NHF'), ('A5', 'NHF'), ('A6', 'NHF'),
        ('D', 'HLF')
) as c (name, org);

insert into public.org_members (org_id, user_id, role)
select md5('org:' || m.org)::uuid, md5('user:' || m.who)::uuid, m.role
from (
    values ('NHF', 'kari', 'coordinator'), ('NHF', 'per', 'coordinator'),
        ('NHF', 'admin', 'org_admin'), ('NHF', 'mentor-1', 'peer_mentor'),
        ('NHF', 'kari', 'peer_mentor'), ('NHF', 'auditor', 'bufdir_auditor'),
        ('HLF', 'dina', 'coordinator'), ('HLF', 'admin-hlf', 'org_admin'),
        ('HLF', 'mentor-46', 'peer_mentor')
) as m (org, who, role);
insert into public.platform_admins (user_id) values (md5('user:platform')::uuid);

-- Kari has chapter A, Per has A2, Dina has D.
insert into public.coordinators (id, org_id, user_id, display_name)
select md5('coordinator:' || c.who)::uuid, md5('org:' || c.org)::uuid,
    md5('user:' || c.who)::uuid, initcap(c.who)
from (values ('kari', 'NHF'), ('per', 'NHF'), ('dina', 'HLF')) as c (who, org);
insert into public.coordinator_chapters (org_id, coordinator_id, chapter_id)
select md5('org:' || c.org)::uuid, md5('coordinator:' || c.who)::uuid,
    md5('chapter:' || c.chapter)::uuid
from (values ('kari', 'NHF', 'A'), ('per', 'NHF', 'A2'), ('dina', 'HLF', 'D'))
    as c (who, org, chapter);

-- Mentors 1-40 are in A with Kari, 41-45 in A2 with Per, 46-50 in D. Mentor 40 is Kari herself.
insert into public.peer_mentors (id, org_id, user_id, chapter_id, coordinator_id, display_name)
select md5('mentor:' || n)::uuid, md5('org:' || w.org)::uuid,
    case when n in (1, 46) then md5('user:mentor-' || n)::uuid
        when n = 40 then md5('user:kari')::uuid end,
    md5('chapter:' || w.chapter)::uuid, md5('coordinator:' || w.coordinator)::uuid, 'Mentor ' || n
from generate_series(1, 50) as n
cross join lateral (
    select * from (
        values (1, 40, 'NHF', 'A', 'kari'), (41, 45, 'NHF', 'A2', 'per'), (46, 50, 'HLF', 'D', 'dina')
    ) as v (first, last, org, chapter, coordinator)
    where n between v.first and v.last
) as w;
