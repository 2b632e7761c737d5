-- S003 edge pack: one row for each case that counting, months, duplicates or history may get wrong.
-- Times are UTC; Oslo is one hour ahead in winter, two in summer. What a row does not say is: an
-- approved visit of an hour by mentor 101, one participant, in person, in Norway, registered two
-- hours after it took place.
with cases (n, occurred_at, what, odd) as (
    values
        (1, '2025-01-31 22:59:59Z', 'last second of January in Oslo', '{}'),
        (2, '2025-01-31 23:00:00Z', 'first second of February in Oslo', '{}'),
        (3, '2025-06-30 21:59:59Z', 'last second of June in Oslo', '{}'),
        (4, '2025-06-30 22:00:00Z', 'first second of July in Oslo', '{}'),
        (5, '2025-12-31 22:59:59Z', 'last second of 2025 in Oslo', '{}'),
        (6, '2025-12-31 23:00:00Z', 'first second of 2026 in Oslo', '{}'),
        (7, '2024-02-29 11:00:00Z', 'leap day', '{}'),
        (8, '2025-03-30 01:00:00Z', 'first instant after the gap: 03:00', '{}'),
        (9, '2025-10-26 00:30:00Z', '02:30, in summer time', '{}'),
        (10, '2025-10-26 01:30:00Z', '02:30, an hour later, in winter time', '{}'),
        (11, '2021-01-03 22:59:59Z', 'last second of ISO week 2020-W53', '{}'),
        (12, '2021-01-03 23:00:00Z', 'first second of ISO week 2021-W01', '{}'),
        (13, '2025-04-01 10:00:00Z', 'group, a minute too short',
            '{"activity_type": "conversation_group", "minutes": 44, "participants": 5}'),
        (14, '2025-04-02 10:00:00Z', 'group, just long enough',
            '{"activity_type": "conversation_group", "minutes": 45, "participants": 5}'),
        (15, '2025-04-03 10:00:00Z', 'group, a minute to spare',
            '{"activity_type": "conversation_group", "minutes": 46, "participants": 5}'),
        (16, '2025-04-04 10:00:00Z', 'course, a minute too short',
            '{"activity_type": "peer_course", "minutes": 89, "participants": 5}'),
        (17, '2025-04-05 10:00:00Z', 'course, just long enough',
            '{"activity_type": "peer_course", "minutes": 90, "participants": 5}'),
        (18, '2025-04-06 10:00:00Z', 'group, one participant short',
            '{"activity_type": "activity_group", "participants": 2}'),
        (19, '2025-04-07 10:00:00Z', 'group, just enough participants',
            '{"activity_type": "activity_group", "participants": 3}'),
        (20, '2025-04-08 10:00:00Z', 'nobody came', '{"participants": 0}'),
        (21, '2025-04-09 10:00:00Z', 'group on a screen',
            '{"activity_type": "conversation_group", "participants": 5,
             "delivery_mode": "digital"}'),
        (22, '2025-04-10 10:00:00Z', 'half on a screen',
            '{"activity_type": "conversation_group", "participants": 5, "delivery_mode": "mixed"}'),
        (23, '2025-04-11 10:00:00Z', 'abroad', '{"country": "SE"}'),
        (24, '2025-04-12 10:00:00Z', 'not led by a peer',
            '{"activity_type": "conversation_group", "participants": 5, "led_by_peer": false}'),
        (25, '2025-04-13 10:00:00Z', 'a draft that was cancelled', '{"status": "cancelled"}'),
        (26, '2025-04-14 10:00:00Z', 'approved, then cancelled', '{"status": "cancelled"}'),
        (27, '2025-04-15 10:00:00Z', 'registered', '{}'),
        (28, '2025-04-15 10:00:00Z', 'the same registered again', '{"delay": "3 hours"}'),
        (29, '2025-04-16 10:00:00Z', 'saved', '{"delay": "0 hours"}'),
        (30, '2025-04-16 10:00:00.3Z', 'saved again, 300 ms later: not a duplicate',
            '{"delay": "0 hours"}'),
        (31, '2025-04-17 10:00:00Z', 'led by three together',
            '{"activity_type": "conversation_group", "participants": 8}'),
        (32, '2024-05-15 10:00:00Z', 'in the chapter that the mentor has left', '{"mentor": 104}'),
        (33, '2025-05-02 10:00:00Z', 'mentor without coordinator', '{"mentor": 105}'),
        (34, '2025-05-03 10:00:00Z', 'mentor without user', '{"mentor": 106}'),
        (35, '2024-03-04 10:00:00Z', 'mentor since anonymised', '{"mentor": 107}'),
        (36, '2024-05-01 10:00:00Z', 'registered 400 days late', '{"delay": "400 days"}'),
        (37, '2025-05-05 10:00:00Z', 'draft', '{"mentor": 102, "status": "draft"}'),
        (38, '2025-05-06 10:00:00Z', 'submitted', '{"mentor": 102, "status": "submitted"}'),
        (39, '2025-05-07 10:00:00Z', 'rejected', '{"mentor": 102, "status": "rejected"}'),
        (40, '2025-05-08 10:00:00Z', 'telephone',
            '{"activity_type": "phone_call", "minutes": 25, "delivery_mode": "phone"}'),
        (41, '2025-05-09 10:00:00Z', 'digital meeting',
            '{"activity_type": "digital_meeting", "participants": 5, "delivery_mode": "digital"}'),
        (42, '2025-05-10 10:00:00Z', 'chat',
            '{"activity_type": "chat", "minutes": 10, "delivery_mode": "digital"}'),
        (43, '2025-05-11 10:00:00Z', 'hospital shift',
            '{"activity_type": "hospital_shift", "minutes": 240, "participants": 6}'),
        (44, '2025-05-12 10:00:00Z', 'board work',
            '{"activity_type": "board_work", "minutes": 120, "participants": 5}'),
        (45, '2025-05-13 10:00:00Z', 'something else', '{"activity_type": "other"}')
)

select
    md5(s.seed || ':activity:edge:' || c.n)::uuid as id,
    md5(s.seed || ':organization:101')::uuid as org_id,
    md5(s.seed || ':chapter:' || m.chapter)::uuid as chapter_id,
    md5(s.seed || ':peer_mentor:' || a.mentor)::uuid as peer_mentor_id,
    md5(s.seed || ':coordinator:' || m.coordinator)::uuid as coordinator_id,
    a.activity_type,
    a.status,
    o.occurred_at,
    a.minutes as duration_minutes,
    a.participants as participant_count,
    a.delivery_mode,
    a.country,
    a.led_by_peer,
    md5('pgschema:persona:' || m.persona)::uuid as registered_by,
    o.occurred_at + a.delay as created_at,
    o.occurred_at + a.delay as updated_at,
    case when a.status = 'cancelled' then o.occurred_at + interval '1 day' end as cancelled_at
from cases as c
cross join lateral (select c.occurred_at::timestamptz) as o (occurred_at)
cross join lateral jsonb_to_record(
    jsonb_build_object(
        'mentor', 101, 'activity_type', 'outreach_visit', 'status', 'approved', 'minutes', 60,
        'participants', 1, 'delivery_mode', 'in_person', 'country', 'NO', 'led_by_peer', true,
        'delay', '2 hours'
    ) || c.odd::jsonb
) as a (
    mentor integer, activity_type text, status text, minutes integer, participants integer,
    delivery_mode text, country text, led_by_peer boolean, delay interval
)
inner join (
    -- where each mentor was, and under whom, when it was registered
    values
    (101, 101, 101, 'mentor-101'),
    (102, 102, 101, 'mentor-102'),
    (104, 102, 101, 'mentor-moved'),
    (105, 103, null, 'mentor-without-coordinator'),
    (106, 104, 101, null),
    (107, 105, 101, null)
) as m (mentor, chapter, coordinator, persona) on a.mentor = m.mentor
cross join (select current_setting('pgschema.seed') as seed) as s
order by c.n;
