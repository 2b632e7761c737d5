-- S003 edge pack: one row for each case that counting, months, duplicates or history may get wrong.
-- Times are UTC; Oslo is one hour ahead in winter, two in summer. What a row does not say is: an
-- approved visit of an hour by mentor 101, one participant, in person, in Norway, registered two
-- hours after it took place.
with cases (n, occurred_at, odd) as (
    values
    -- last second of January in Oslo
    (1, '2025-01-31 22:59:59Z', '{}'),
    -- first second of February in Oslo
    (2, '2025-01-31 23:00:00Z', '{}'),
    -- last second of June in Oslo
    (3, '2025-06-30 21:59:59Z', '{}'),
    -- first second of July in Oslo
    (4, '2025-06-30 22:00:00Z', '{}'),
    -- last second of 2025 in Oslo
    (5, '2025-12-31 22:59:59Z', '{}'),
    -- first second of 2026 in Oslo
    (6, '2025-12-31 23:00:00Z', '{}'),
    -- leap day
    (7, '2024-02-29 11:00:00Z', '{}'),
    -- first instant after the gap: 03:00
    (8, '2025-03-30 01:00:00Z', '{}'),
    -- 02:30, in summer time
    (9, '2025-10-26 00:30:00Z', '{}'),
    -- 02:30, an hour later, in winter time
    (10, '2025-10-26 01:30:00Z', '{}'),
    -- last second of ISO week 2020-W53
    (11, '2021-01-03 22:59:59Z', '{}'),
    -- first second of ISO week 2021-W01
    (12, '2021-01-03 23:00:00Z', '{}'),
    -- group, a minute too short
    (13, '2025-04-01 10:00:00Z', '{"type": "conversation_group", "minutes": 44, "people": 5}'),
    -- group, just long enough
    (14, '2025-04-02 10:00:00Z', '{"type": "conversation_group", "minutes": 45, "people": 5}'),
    -- group, a minute to spare
    (15, '2025-04-03 10:00:00Z', '{"type": "conversation_group", "minutes": 46, "people": 5}'),
    -- course, a minute too short
    (16, '2025-04-04 10:00:00Z', '{"type": "peer_course", "minutes": 89, "people": 5}'),
    -- course, just long enough
    (17, '2025-04-05 10:00:00Z', '{"type": "peer_course", "minutes": 90, "people": 5}'),
    -- group, one participant short
    (18, '2025-04-06 10:00:00Z', '{"type": "activity_group", "people": 2}'),
    -- group, just enough participants
    (19, '2025-04-07 10:00:00Z', '{"type": "activity_group", "people": 3}'),
    -- nobody came
    (20, '2025-04-08 10:00:00Z', '{"people": 0}'),
    -- group on a screen
    (21, '2025-04-09 10:00:00Z', '{"type": "conversation_group", "people": 5, "mode": "digital"}'),
    -- half on a screen
    (22, '2025-04-10 10:00:00Z', '{"type": "conversation_group", "people": 5, "mode": "mixed"}'),
    -- abroad
    (23, '2025-04-11 10:00:00Z', '{"country": "SE"}'),
    -- not led by a peer
    (
        24,
        '2025-04-12 10:00:00Z',
        '{"type": "conversation_group", "people": 5, "led_by_peer": false}'
    ),
    -- a draft that was cancelled
    (25, '2025-04-13 10:00:00Z', '{"status": "cancelled"}'),
    -- approved, then cancelled
    (26, '2025-04-14 10:00:00Z', '{"status": "cancelled"}'),
    -- registered
    (27, '2025-04-15 10:00:00Z', '{}'),
    -- the same registered again
    (28, '2025-04-15 10:00:00Z', '{"delay": "3 hours"}'),
    -- saved
    (29, '2025-04-16 10:00:00Z', '{"delay": "0 hours"}'),
    -- saved again, 300 ms later: not a duplicate
    (30, '2025-04-16 10:00:00.3Z', '{"delay": "0 hours"}'),
    -- led by three together
    (31, '2025-04-17 10:00:00Z', '{"type": "conversation_group", "people": 8}'),
    -- in the chapter that the mentor has left
    (32, '2024-05-15 10:00:00Z', '{"mentor": 104}'),
    -- mentor without coordinator
    (33, '2025-05-02 10:00:00Z', '{"mentor": 105}'),
    -- mentor without user
    (34, '2025-05-03 10:00:00Z', '{"mentor": 106}'),
    -- mentor since anonymised
    (35, '2024-03-04 10:00:00Z', '{"mentor": 107}'),
    -- registered 400 days late
    (36, '2024-05-01 10:00:00Z', '{"delay": "400 days"}'),
    -- draft
    (37, '2025-05-05 10:00:00Z', '{"mentor": 102, "status": "draft"}'),
    -- submitted
    (38, '2025-05-06 10:00:00Z', '{"mentor": 102, "status": "submitted"}'),
    -- rejected
    (39, '2025-05-07 10:00:00Z', '{"mentor": 102, "status": "rejected"}'),
    -- telephone
    (40, '2025-05-08 10:00:00Z', '{"type": "phone_call", "minutes": 25, "mode": "phone"}'),
    -- digital meeting
    (41, '2025-05-09 10:00:00Z', '{"type": "digital_meeting", "people": 5, "mode": "digital"}'),
    -- chat
    (42, '2025-05-10 10:00:00Z', '{"type": "chat", "minutes": 10, "mode": "digital"}'),
    -- hospital shift
    (43, '2025-05-11 10:00:00Z', '{"type": "hospital_shift", "minutes": 240, "people": 6}'),
    -- board work
    (44, '2025-05-12 10:00:00Z', '{"type": "board_work", "minutes": 120, "people": 5}'),
    -- something else
    (45, '2025-05-13 10:00:00Z', '{"type": "other"}')
)

select
    md5(s.seed || ':activity:edge:' || c.n)::uuid as id,
    md5(s.seed || ':organization:101')::uuid as org_id,
    md5(s.seed || ':chapter:' || m.chapter)::uuid as chapter_id,
    md5(s.seed || ':peer_mentor:' || a.mentor)::uuid as peer_mentor_id,
    md5(s.seed || ':coordinator:' || m.coordinator)::uuid as coordinator_id,
    j.facts ->> 'type' as activity_type,
    j.facts ->> 'status' as status,
    o.occurred_at,
    a.minutes as duration_minutes,
    a.participants as participant_count,
    j.facts ->> 'mode' as delivery_mode,
    j.facts ->> 'country' as country,
    a.led_by_peer,
    md5('pgschema:persona:' || m.persona)::uuid as registered_by,
    o.occurred_at + a.delay as created_at,
    o.occurred_at + a.delay as updated_at,
    case when j.facts ->> 'status' = 'cancelled' then o.occurred_at + interval '1 day' end
        as cancelled_at
from cases as c
cross join lateral (select c.occurred_at::timestamptz) as o (occurred_at)
cross join
    lateral (
        select
            '{"mentor": 101, "type": "outreach_visit", "status": "approved", "minutes": 60}'::jsonb
            || '{"people": 1, "mode": "in_person", "country": "NO", "led_by_peer": true}'
            || '{"delay": "2 hours"}'
            || c.odd::jsonb as facts
    ) as j
cross join
    lateral (
        select
            (j.facts ->> 'mentor')::integer,
            (j.facts ->> 'minutes')::integer,
            (j.facts ->> 'people')::integer,
            (j.facts ->> 'led_by_peer')::boolean,
            (j.facts ->> 'delay')::interval
    ) as a (mentor, minutes, participants, led_by_peer, delay)
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
