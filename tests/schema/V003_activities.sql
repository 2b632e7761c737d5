-- V003: activities, their calendar, their duplicates, and who may do what with them.
begin;
select plan(63);

-- Structure ----------------------------------------------------------------------------------
select has_rls('public', t, t || ': row security is enabled and forced')
from unnest('{activity_types,activities,activity_co_leaders}'::name[]) as t;
select has_index('public', 'activities', i) from unnest('{
    activities_org_id_coordinator_id_activity_month_idx,
    activities_peer_mentor_id_activity_date_activity_type_idx,
    activities_org_id_chapter_id_activity_month_idx,
    activities_org_id_activity_month_activity_type_idx,
    activities_org_id_created_at_submitted_idx,
    activities_org_id_client_request_id_key}'::name[]) as i;
select is((select count(*)::int from activity_types), 10, 'the ten types that counting rules name are there');
select is_empty(
    $$select a.attname from pg_attribute as a
    where a.attrelid = 'activities'::regclass and a.attname in (
        'id', 'org_id', 'chapter_id', 'peer_mentor_id', 'coordinator_id', 'duplicate_of', 'registered_by',
        'client_request_id', 'created_at', 'updated_at', 'cancelled_at')
        and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update')$$,
    'users may not write tenancy, attribution or stamps'
);

-- The people ---------------------------------------------------------------------------------
insert into organizations (org_id, slug, name)
select md5('org:' || o)::uuid, o, o from unnest('{NHF,HLF}'::text[]) as o;
insert into chapters (id, org_id, name, kind)
select md5('chapter:' || c)::uuid, md5('org:NHF')::uuid, c, 'local' from unnest('{A,B,C}'::text[]) as c;
insert into org_members (org_id, user_id, role)
select md5('org:NHF')::uuid, md5('user:' || u)::uuid, r
from (values ('kari', 'coordinator'), ('kari', 'peer_mentor'), ('per', 'coordinator'), ('mia', 'peer_mentor'),
    ('bo', 'peer_mentor'), ('admin', 'org_admin'), ('admin', 'peer_mentor')) as v (u, r);
insert into coordinators (id, org_id, user_id, display_name)
select md5('coordinator:' || u)::uuid, md5('org:NHF')::uuid, md5('user:' || u)::uuid, u
from unnest('{kari,per}'::text[]) as u;
insert into coordinator_chapters (org_id, coordinator_id, chapter_id)
select md5('org:NHF')::uuid, md5('coordinator:' || u)::uuid, md5('chapter:' || c)::uuid
from (values ('kari', 'A'), ('per', 'C')) as v (u, c);
insert into peer_mentors (id, org_id, user_id, chapter_id, coordinator_id, display_name)
select md5('mentor:' || m)::uuid, md5('org:NHF')::uuid, md5('user:' || m)::uuid, md5('chapter:' || c)::uuid,
    md5('coordinator:' || k)::uuid, m
from (values ('mia', 'A', 'kari'), ('bo', 'A', 'kari'), ('kari', 'A', 'kari'), ('siv', 'C', 'per'),
    ('admin', 'C', 'per')) as v (m, c, k);

create function pg_temp.sign_in(who text) returns void language sql as $$
    select set_config('role', 'authenticated', true),
        set_config('request.jwt.claims', json_build_object('sub', md5('user:' || who)::uuid)::text, true)
$$;
create function pg_temp.owner() returns void language sql as $$
    select set_config('role', 'none', true), set_config('request.jwt.claims', '', true)
$$;
create function pg_temp.register(
    mentor text, at timestamptz default '2025-03-01 12:00+01', status text default 'submitted',
    type text default 'chat', chapter text default null
) returns public.activities language sql as $$
    insert into public.activities (
        org_id, chapter_id, peer_mentor_id, activity_type, status, occurred_at, duration_minutes,
        participant_count, delivery_mode
    )
    values (
        md5('org:NHF')::uuid, md5('chapter:' || chapter)::uuid, md5('mentor:' || mentor)::uuid, type, status,
        at, 30, 1, 'digital'
    )
    returning *
$$;

-- Oslo's calendar ------------------------------------------------------------------------------
select is((r).activity_date::text || ' ' || (r).activity_month, wanted, at || ' is ' || wanted)
from (values
    ('2025-01-31 22:59:59Z', '2025-01-31 2025-01-01'), ('2025-01-31 23:00:00Z', '2025-02-01 2025-02-01'),
    ('2025-06-30 21:59:59Z', '2025-06-30 2025-06-01'), ('2025-06-30 22:00:00Z', '2025-07-01 2025-07-01'),
    ('2024-12-31 23:00:00Z', '2025-01-01 2025-01-01'), ('2024-02-29 12:00:00Z', '2024-02-29 2024-02-01')
) as v (at, wanted), lateral pg_temp.register('siv', at::timestamptz) as r;
select throws_ok($$update activities set activity_date = '2025-01-01'$$, '428C9', null,
    'nobody writes the day itself');
select throws_ok($$select pg_temp.register('siv', now() + interval '25 hours')$$, '23514',
    'an activity cannot lie in the future', 'the future is refused');
select lives_ok($$select pg_temp.register('siv', now() + interval '23 hours')$$, 'a day ahead is not');
select throws_ok($$update activities set occurred_at = now() + interval '2 days' where peer_mentor_id = md5('mentor:siv')::uuid$$,
    '23514', null, 'nor can one be moved there');
delete from activities;

-- A mentor registers -------------------------------------------------------------------------
select pg_temp.sign_in('mia');
select is(
    (select row(r.chapter_id, r.coordinator_id, r.registered_by)::text from pg_temp.register('mia', status => 'draft') as r),
    row(md5('chapter:A')::uuid, md5('coordinator:kari')::uuid, md5('user:mia')::uuid)::text,
    'chapter, coordinator and registrar come from the database'
);
select throws_ok($$select pg_temp.register('mia', chapter => 'B')$$, '23503', 'no such peer mentor in this chapter',
    'another chapter than the mentor''s is refused');
select throws_ok($$select pg_temp.register('bo')$$, '42501',
    'new row violates row-level security policy for table "activities"', 'so is another mentor ...');
select throws_ok($$select pg_temp.register('ghost')$$, '42501',
    'new row violates row-level security policy for table "activities"', '... and one who does not exist');
select throws_ok($$select pg_temp.register('mia', status => 'approved')$$, '42501', null,
    'nobody registers an approved activity of her own');
select lives_ok($$update activities set duration_minutes = 45$$, 'a draft may be edited');
select throws_ok($$update activities set status = 'approved'$$, 'PT409', null, 'a draft is not approved');
select lives_ok($$update activities set status = 'submitted'$$, 'a draft may be submitted');
select throws_ok($$update activities set duration_minutes = 60$$, '42501', null, 'what is submitted stays as it is');
select throws_ok($$update activities set status = 'approved'$$, '42501', null, 'and somebody else approves it');
select throws_ok($$update activities set peer_mentor_id = md5('mentor:bo')::uuid$$, '42501', null,
    'nobody may write the mentor');
select throws_ok($$delete from activities$$, '42501', null, 'nobody deletes through the API');
select pg_temp.sign_in('bo');
select is_empty('select * from activities', 'another mentor does not see it');

-- A coordinator decides ------------------------------------------------------------------------
select pg_temp.owner();
select pg_temp.register('siv');
select pg_temp.register('kari');
select pg_temp.sign_in('kari');
select is((select count(*)::int from activities), 2, 'a coordinator sees the chapter''s activities');
select throws_ok($$select pg_temp.register('mia', '2025-03-02 12:00+01')$$, '42501', null,
    'but registers none for others');
select throws_ok($$update activities set status = 'approved' where peer_mentor_id = md5('mentor:kari')::uuid$$,
    '42501', null, 'a coordinator cannot approve an activity of her own');
select throws_ok(
    $$update activities set status = 'approved', duration_minutes = 600 where peer_mentor_id = md5('mentor:mia')::uuid$$,
    '42501', null, 'nor change what is approved'
);
select throws_ok($$update activities set status = 'cancelled' where peer_mentor_id = md5('mentor:mia')::uuid$$,
    '42501', null, 'nor cancel it');
select lives_ok($$update activities set status = 'approved' where peer_mentor_id = md5('mentor:mia')::uuid$$,
    'but approve it');
select throws_ok($$update activities set status = 'rejected' where peer_mentor_id = md5('mentor:mia')::uuid$$,
    'PT409', null, 'once');
select pg_temp.sign_in('per');
update activities set status = 'approved' where peer_mentor_id = md5('mentor:kari')::uuid;
select pg_temp.owner();
select is((select status from activities where peer_mentor_id = md5('mentor:kari')::uuid), 'submitted',
    'another chapter''s coordinator finds nothing to approve');

-- An admin ---------------------------------------------------------------------------------------
select pg_temp.sign_in('admin');
select lives_ok($$update activities set status = 'cancelled' where status = 'approved'$$,
    'an admin cancels what was approved');
select ok((select cancelled_at is not null from activities where status = 'cancelled'), 'which is stamped');
select lives_ok($$select pg_temp.register('siv', '2025-04-01 12:00+02')$$, 'an admin registers for others');
select throws_ok($$select pg_temp.register('admin', status => 'approved')$$, '42501', null,
    'and not even an admin approves her own');
select pg_temp.owner();
select throws_ok($$update activities set status = 'draft' where status = 'cancelled'$$, 'PT409', null,
    'what is cancelled stays cancelled, for every writer');
select throws_ok($$update activities set chapter_id = md5('chapter:B')::uuid$$, 'PM010', null,
    'tenancy stays, for every writer');
update peer_mentors set chapter_id = md5('chapter:B')::uuid, coordinator_id = null where display_name = 'siv';
select is(
    (select array_agg(distinct (chapter_id, coordinator_id)::text) from activities where peer_mentor_id = md5('mentor:siv')::uuid),
    array[(md5('chapter:C')::uuid, md5('coordinator:per')::uuid)::text],
    'a mentor who moves leaves the history where it happened'
);

-- Duplicates -----------------------------------------------------------------------------------
delete from activities;
select is((select duplicate_of from pg_temp.register('bo')), null, 'the first registration is no duplicate');
select is((select r.duplicate_of from pg_temp.register('bo') as r), (select id from activities where duplicate_of is null),
    'the second points at it');
select is((select r.duplicate_of from pg_temp.register('bo') as r), (select id from activities where duplicate_of is null),
    'and so does the third');
select is((select duplicate_of from pg_temp.register('bo', type => 'phone_call')), null, 'another type is none');
select is((select duplicate_of from pg_temp.register('bo', '2025-03-01 12:01+01')), null, 'nor is another minute');
select is((select duplicate_of from pg_temp.register('kari')), null, 'nor is another mentor');
select pg_temp.register('kari', type => 'board_work');
update activities set status = 'cancelled' where activity_type = 'board_work';
select is((select r.duplicate_of from pg_temp.register('kari', type => 'board_work') as r), null,
    'what was cancelled is nobody''s first registration');
update activities set status = 'rejected'
where peer_mentor_id = md5('mentor:bo')::uuid and activity_type = 'chat' and duplicate_of is null
    and exists (select from activities as d where d.duplicate_of = activities.id);
select is(
    (select count(*)::text || ' ' || count(*) filter (where duplicate_of is null) from activities
    where activity_type = 'chat' and occurred_at = '2025-03-01 12:00+01' and status = 'submitted'
        and peer_mentor_id = md5('mentor:bo')::uuid),
    '2 1', 'when the first is rejected, the next one takes its place'
);
update activities set occurred_at = '2025-03-01 12:00+01' where occurred_at = '2025-03-01 12:01+01';
select is(
    (select count(*)::int from activities where duplicate_of is not null), 2,
    'an activity moved onto another one becomes its duplicate'
);
select pg_temp.sign_in('kari');
update activities set duplicate_override_by = gen_random_uuid() where duplicate_of is not null;
select is((select array_agg(distinct duplicate_override_by) from activities where duplicate_of is not null),
    array[md5('user:kari')::uuid], 'a coordinator overrides in the own name');

-- Co-leaders -------------------------------------------------------------------------------------
select pg_temp.owner();
delete from activities;
select pg_temp.register('mia', status => 'draft');
select pg_temp.sign_in('mia');
select is(
    (select count(*)::int from activities), 1, 'the leader sees the draft');
insert into activity_co_leaders (org_id, activity_id, peer_mentor_id)
select org_id, id, md5('mentor:bo')::uuid from activities;
select pg_temp.sign_in('bo');
select is((select leader_id from activity_co_leaders), md5('mentor:mia')::uuid, 'a co-leader sees the co-led');
select throws_ok(
    $$insert into activity_co_leaders (org_id, activity_id, peer_mentor_id)
    select org_id, activity_id, md5('mentor:kari')::uuid from activity_co_leaders$$,
    '42501', null, 'and adds nobody'
);
select throws_ok(
    $$insert into activity_co_leaders (org_id, activity_id, peer_mentor_id)
    values (md5('org:NHF')::uuid, gen_random_uuid(), md5('mentor:bo')::uuid)$$,
    '42501', 'new row violates row-level security policy for table "activity_co_leaders"',
    'an unknown activity is refused as a foreign one'
);
select pg_temp.owner();

select * from finish();
rollback;
