-- V002: assignments under row security, their guards, the counts, the bulk load.
begin;
select plan(50);

-- Structure ----------------------------------------------------------------------------------
select has_rls(s, t, s || '.' || t || ': row security is enabled and forced')
from (values ('public', 'assignments'), ('stats', 'assignment_count_deltas'), ('stats', 'bulk_loads'))
    as v (s, t);
select is(
    (select t.tgenabled::text || t.tgdeferrable || t.tginitdeferred from pg_trigger as t
    where t.tgname = 'assignment_count_deltas_apply'), 'Atruetrue',
    'the counts are applied at commit, in every replication role'
);
select is(
    (select string_agg(distinct t.tgenabled::text, '') from pg_trigger as t
    where t.tgname like 'assignments_500_count_%'), 'A', 'assignments are counted in every replication role'
);
select is_empty(
    $$select r, p, f.oid::regprocedure
    from unnest('{anon,authenticated}'::text[]) as r, unnest('{execute}'::text[]) as p, pg_proc as f
    where f.pronamespace = 'stats'::regnamespace and has_function_privilege(r, f.oid, p)
    union all
    select r, 'usage', null from unnest('{anon,authenticated}'::text[]) as r
    where has_schema_privilege(r, 'stats', 'usage')$$,
    'users cannot reach schema stats'
);
select is_empty(
    $$select a.attname from pg_attribute as a, unnest('{authenticated,service_role}'::text[]) as r,
        unnest('{insert,update}'::text[]) as p
    where a.attrelid = 'peer_mentors'::regclass and a.attname in ('assignment_count', 'completed_assignment_count')
        and has_column_privilege(r, a.attrelid, a.attnum, p)$$,
    'no API role may write a count'
);
select is_empty(
    $$select a.attname from pg_attribute as a
    where a.attrelid = 'assignments'::regclass and a.attnum > 0
        and (a.attname not in ('peer_mentor_id', 'coordinator_id', 'title', 'due_at')
            and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update'))$$,
    'until V009 users may write no state of an assignment'
);
select is(
    (select count(*)::int from pg_index as i where i.indrelid = 'peer_mentors'::regclass
        and exists (select from pg_attribute as a where a.attrelid = i.indrelid
            and a.attnum = any (i.indkey) and a.attname like '%assignment_count')),
    0, 'the counts are in no index, so that counting stays a heap-only update'
);

-- The people ---------------------------------------------------------------------------------
insert into organizations (org_id, slug, name) values (md5('org:NHF')::uuid, 'NHF', 'NHF');
insert into chapters (id, org_id, name, kind)
select md5('chapter:' || c)::uuid, md5('org:NHF')::uuid, c, 'local' from unnest('{A,B,C}'::text[]) as c;
insert into org_members (org_id, user_id, role)
select md5('org:NHF')::uuid, md5('user:' || u)::uuid, r
from (values ('kari', 'coordinator'), ('per', 'coordinator'), ('mia', 'peer_mentor'), ('admin', 'org_admin'))
    as v (u, r);
insert into coordinators (id, org_id, user_id, display_name)
select md5('coordinator:' || u)::uuid, md5('org:NHF')::uuid, md5('user:' || u)::uuid, u
from unnest('{kari,per}'::text[]) as u;
insert into coordinator_chapters (org_id, coordinator_id, chapter_id)
select md5('org:NHF')::uuid, md5('coordinator:' || u)::uuid, md5('chapter:' || c)::uuid
from (values ('kari', 'A'), ('kari', 'B'), ('per', 'C')) as v (u, c);
insert into peer_mentors (id, org_id, user_id, chapter_id, display_name)
select md5('mentor:' || m)::uuid, md5('org:NHF')::uuid, u, md5('chapter:' || c)::uuid, m
from (values ('mia', md5('user:mia')::uuid, 'A'), ('bo', null, 'A'), ('eva', null, 'B'), ('siv', null, 'C'))
    as v (m, u, c);

create function pg_temp.sign_in(who text) returns void language sql as $$
    select set_config('role', 'authenticated', true),
        set_config('request.jwt.claims', json_build_object('sub', md5('user:' || who)::uuid)::text, true)
$$;
create function pg_temp.owner() returns void language sql as $$
    select set_config('role', 'none', true), set_config('request.jwt.claims', '', true)
$$;
create function pg_temp.dispatch(mentor text, chapter text, coordinator text default null)
returns public.assignments language sql as $$
    insert into public.assignments (org_id, chapter_id, peer_mentor_id, coordinator_id, title)
    values (
        md5('org:NHF')::uuid, md5('chapter:' || chapter)::uuid, md5('mentor:' || mentor)::uuid,
        md5('coordinator:' || coordinator)::uuid, 'a visit'
    )
    returning *
$$;

-- Dispatching ----------------------------------------------------------------------------------
select pg_temp.sign_in('kari');
select is(
    (select row(d.status, d.version, d.coordinator_id, d.created_by)::text from pg_temp.dispatch('mia', 'A') as d),
    row('dispatched', 1, md5('coordinator:kari')::uuid, md5('user:kari')::uuid)::text,
    'a coordinator dispatches in the own name'
);
select throws_ok($$select pg_temp.dispatch('mia', 'A', 'per')$$, '42501', null,
    'and in nobody else''s');
select throws_ok($$update assignments set coordinator_id = null$$, '42501', null,
    'nor takes the own name off');
select throws_ok($$select pg_temp.dispatch('siv', 'A')$$, '23503', 'no such peer mentor in this chapter',
    'a mentor of another chapter is refused ...');
select throws_ok($$select pg_temp.dispatch('nobody', 'A')$$, '23503', 'no such peer mentor in this chapter',
    '... exactly as one who does not exist');
select throws_ok($$select pg_temp.dispatch('eva', 'A')$$, '23503', 'no such peer mentor in this chapter',
    '... and as one of another chapter in scope');
select throws_ok($$select pg_temp.dispatch('siv', 'C')$$, '42501',
    'new row violates row-level security policy for table "assignments"', 'a chapter out of scope is refused ...');
select throws_ok($$select pg_temp.dispatch('nobody', 'C')$$, '42501',
    'new row violates row-level security policy for table "assignments"', '... whether the mentor exists or not');
select throws_ok(
    $$insert into assignments (org_id, chapter_id, peer_mentor_id, title, status)
    select org_id, chapter_id, id, 'a visit', 'completed' from peer_mentors$$,
    '42501', null, 'a new assignment is dispatched, not done'
);
select throws_ok($$update assignments set status = 'completed'$$, '42501', null,
    'a coordinator cannot complete it');
select throws_ok($$update assignments set chapter_id = md5('chapter:B')::uuid$$, '42501', null,
    'nor move it to another chapter');
select throws_ok($$update assignments set peer_mentor_id = md5('mentor:eva')::uuid$$, '23503',
    'no such peer mentor in this chapter', 'nor to a mentor of another chapter');
select lives_ok($$update assignments set peer_mentor_id = md5('mentor:bo')::uuid, title = 'another visit'$$,
    'but to another mentor of the same chapter');
select is((select version from assignments), 2, 'every change is a new version');
select throws_ok($$delete from assignments$$, '42501', null, 'nobody deletes an assignment through the API');
select throws_ok($$truncate assignments$$, '42501', null, 'nor all of them');

select pg_temp.owner();
select pg_temp.dispatch('mia', 'A');
select pg_temp.dispatch('siv', 'C');
select pg_temp.sign_in('mia');
select is((select count(*)::int from assignments), 1, 'a mentor sees what is hers');
select throws_ok($$select pg_temp.dispatch('mia', 'A')$$, '42501', null, 'and dispatches nothing');
update assignments set title = 'mine';
select pg_temp.owner();
select is_empty($$select from assignments where title = 'mine'$$, 'and changes nothing');
select pg_temp.sign_in('per');
select is((select count(*)::int from assignments), 1, 'a coordinator does not see other chapters'' assignments');
select pg_temp.sign_in('admin');
select is((select count(*)::int from assignments), 3, 'an admin sees all of the organisation');
select is((select d.coordinator_id from pg_temp.dispatch('siv', 'C', 'per') as d), md5('coordinator:per')::uuid,
    'an admin dispatches in a coordinator''s name');
select pg_temp.sign_in('nobody');
select is_empty('select * from assignments', 'a stranger sees none');
select set_config('request.jwt.claims', '', true);
select throws_ok($$select pg_temp.dispatch('siv', 'C')$$, '42501',
    'new row violates row-level security policy for table "assignments"', 'without a user a mentor who exists ...');
select throws_ok($$select pg_temp.dispatch('nobody', 'C')$$, '42501',
    'new row violates row-level security policy for table "assignments"', '... looks like one who does not');

-- What holds for every writer ---------------------------------------------------------------------
select pg_temp.owner();
select throws_ok($$update assignments set chapter_id = md5('chapter:B')::uuid$$, 'PM010', null,
    'not even the owner moves an assignment to another chapter');
update assignments set status = 'completed' where peer_mentor_id = md5('mentor:mia')::uuid;
select ok((select completed_at is not null and closed_at is not null from assignments where status = 'completed'),
    'completion is stamped');
select throws_ok(
    $$update assignments set peer_mentor_id = md5('mentor:bo')::uuid where status = 'completed'$$,
    'PM011', null, 'a closed assignment stays with its mentor: honoraria are paid by it'
);
update peer_mentors set chapter_id = md5('chapter:B')::uuid where id = md5('mentor:bo')::uuid;
select is((select chapter_id from assignments where peer_mentor_id = md5('mentor:bo')::uuid), md5('chapter:A')::uuid,
    'when the mentor moves, the assignment stays in its chapter');

-- Counts ---------------------------------------------------------------------------------------
select is((select sum(assignment_count)::int from peer_mentors), 0, 'before the commit nothing is counted');
set constraints all immediate;
select results_eq(
    $$select display_name, assignment_count, completed_assignment_count from peer_mentors
    where assignment_count > 0 order by 1$$,
    $$values ('bo', 1::bigint, 0::bigint), ('mia', 1, 1), ('siv', 2, 0)$$,
    'at commit all of it is, completions apart'
);
select is_empty('select * from stats.assignment_count_deltas', 'and the ledger is empty');
select is_empty('select * from stats.assignment_count_drift()', 'and nothing drifts');
update peer_mentors set assignment_count = 9 where id = md5('mentor:eva')::uuid;
select results_eq(
    'select display_name, stored_count, true_count from stats.assignment_count_drift()',
    $$values ('eva', 9::bigint, 0::bigint)$$, 'a wrong count is found by the mentor''s name'
);
select results_eq(
    'select display_name, stored_count, true_count from stats.repair_assignment_counts()',
    $$values ('eva', 9::bigint, 0::bigint)$$, 'the repair says what was wrong'
);
select is_empty('select * from stats.assignment_count_drift()', 'and puts it right');

-- Bulk load ----------------------------------------------------------------------------------
set constraints all deferred;
select throws_ok('select stats.end_bulk_load()', 'PM021', null, 'only what was begun can be ended');
set local role pgschema_owner;
select stats.begin_bulk_load();
insert into assignments (org_id, chapter_id, peer_mentor_id, title, status)
select org_id, md5('chapter:A')::uuid, id, 'history', 'completed' from peer_mentors where display_name = 'siv';
select throws_ok('set constraints stats.bulk_loads_ended immediate', 'PM021', 'the bulk load was not ended',
    'a transaction cannot commit with the triggers off');
select stats.end_bulk_load();
select lives_ok('set constraints all immediate', 'after the end it can');
select is(
    (select string_agg(distinct t.tgenabled::text, '' order by t.tgenabled::text) from pg_trigger as t
    where t.tgrelid = 'assignments'::regclass and not t.tgisinternal), 'AO', 'the triggers are as they were'
);
select is((select assignment_count::int from peer_mentors where display_name = 'siv'), 3,
    'and what was loaded is counted');

select * from finish();
rollback;
