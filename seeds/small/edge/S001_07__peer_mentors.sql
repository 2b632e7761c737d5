-- S001 edge pack: the mentor who moved, those without coordinator or user, the anonymised one.
-- initial_*: what the row is born with. Everything else of the data set is loaded then; at the end
-- the row gets the value without `initial_`.
select
    md5(s.seed || ':peer_mentor:' || m.n)::uuid as id,
    md5(s.seed || ':organization:' || m.org)::uuid as org_id,
    md5('pgschema:persona:' || m.persona)::uuid as user_id,
    md5(s.seed || ':chapter:' || case when m.n = 104 then 102 else m.chapter end)::uuid
        as initial_chapter_id,
    md5(s.seed || ':chapter:' || m.chapter)::uuid as chapter_id,
    md5(s.seed || ':coordinator:' || m.coordinator)::uuid as coordinator_id,
    m.display_name,
    m.birth_year,
    m.status,
    date '2020-06-01' as approved_from,
    case when m.status = 'ended' then date '2024-06-30' end as approved_to,
    case when m.n = 107 then timestamptz '2025-01-15 09:00:00+00' end as anonymized_at
from
    (
        values
        (101, 101, 'mentor-101', 101, 101, 'Kåre Tveitå', 1958, 'active'),
        (102, 101, 'mentor-102', 102, 101, 'Ingebjørg Løvdal', 1961, 'active'),
        (103, 101, 'mentor-103', 101, 101, 'Håkon Ødegård', 1972, 'active'),
        (104, 101, 'mentor-moved', 106, 101, 'Sølvi Åkervik', 1980, 'active'),
        (105, 101, 'mentor-without-coordinator', 103, null, 'Øyvind Æsøy', 1949, 'active'),
        (106, 101, null, 104, 101, 'Hjørdis Nygård-Moe', 1944, 'paused'),
        (107, 101, null, 105, 101, 'Anonymisert', null, 'ended'),
        (108, 101, 'mentor-inactive', 101, 101, 'Pål Mørkved', 1990, 'ended'),
        (109, 101, 'coordinator-five', 101, 101, 'Åse-Lill Bjørnstad', 1966, 'active'),
        (111, 102, 'mentor-111', 111, 103, 'Turid Ytterbø', 1955, 'active')
    ) as m (n, org, persona, chapter, coordinator, display_name, birth_year, status)
cross join (select current_setting('pgschema.seed') as seed) as s
order by m.n;
