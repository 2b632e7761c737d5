-- V001: who belongs where, and what that lets them see.
begin;
select plan(53);

-- Structure ----------------------------------------------------------------------------------
select has_schema('authz');
select has_rls('public', t, t || ': row security is enabled and forced')
from unnest('{organizations,chapters,org_members,platform_admins,coordinators,coordinator_chapters,peer_mentors}'::name[]) as t;
select is_empty(
    $$select c.relname from pg_class as c
    where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
        and c.relowner <> 'pgschema_owner'::regrole$$,
    'every table belongs to pgschema_owner'
);
select is_empty(
    $$select p.tablename, p.policyname from pg_policies as p
    where p.schemaname in ('public', 'authz', 'stats')
        and (p.permissive <> 'PERMISSIVE' or 'public' = any (p.roles)
            or (p.cmd = 'ALL' and p.policyname not in ('owner_all', 'loader_all')))$$,
    'a policy is for one named role and one command, but for the owner'
);
select is_empty(
    $$select p.tablename, r, p.cmd, count(*) from pg_policies as p, unnest(p.roles) as r
    where p.schemaname = 'public' group by 1, 2, 3 having count(*) > 1$$,
    'one policy for each role and command: nothing is ORed behind one''s back'
);
select is_empty(
    $$select p.oid::regprocedure from pg_proc as p
    where p.pronamespace in (select n.oid from pg_namespace as n where n.nspname in ('public', 'authz', 'stats'))
        and p.prosecdef
        and not coalesce(p.proconfig @> '{"search_path=pg_catalog, pg_temp"}', false)$$,
    'every definer function pins its search_path'
);
select is_empty(
    $$select p.oid::regprocedure from pg_proc as p
    where p.pronamespace in (select n.oid from pg_namespace as n where n.nspname in ('public', 'authz', 'stats'))
        and (p.proowner::regrole::text not in ('pgschema_owner', 'stats_refresher')
            or has_function_privilege('anon', p.oid, 'execute'))$$,
    'every function belongs to an owner role and is closed to anon'
);
select is_empty(
    $$select r.rolname from pg_roles as r
    where r.rolname in ('pgschema_owner', 'stats_refresher') and (r.rolcanlogin or r.rolsuper or r.rolbypassrls)$$,
    'the owners cannot log in and cannot pass row security by'
);
select is_empty(
    $$select c.relname::text from pg_class as c
    where c.relnamespace in (select n.oid from pg_namespace as n where n.nspname in ('public', 'stats'))
        and c.relkind = 'r' and obj_description(c.oid, 'pg_class') is null
    union all
    select p.proname::text from pg_proc as p
    where p.pronamespace in (select n.oid from pg_namespace as n where n.nspname in ('authz', 'stats'))
        and obj_description(p.oid, 'pg_proc') is null
    union all
    select p.polname::text from pg_policy as p where obj_description(p.oid, 'pg_policy') is null
    union all
    select t.tgname::text from pg_trigger as t
    where not t.tgisinternal and obj_description(t.oid, 'pg_trigger') is null$$,
    'every table, function, policy and trigger says what it is for'
);

-- The people ---------------------------------------------------------------------------------
insert into organizations (org_id, slug, name, max_chapters_per_coordinator)
select md5('org:' || o)::uuid, o, o, m from (values ('NHF', 5), ('HLF', 2)) as v (o, m);
insert into chapters (id, org_id, name, kind)
select md5('chapter:' || c)::uuid, md5('org:NHF')::uuid, c, 'local'
from unnest('{A,B,C,E,F,G}'::text[]) as c
union all
select md5('chapter:' || c)::uuid, md5('org:HLF')::uuid, c, 'local' from unnest('{D,H,I}'::text[]) as c;
insert into org_members (org_id, user_id, role)
select md5('org:' || o)::uuid, md5('user:' || u)::uuid, r
from (values ('NHF', 'kari', 'coordinator'), ('NHF', 'per', 'coordinator'), ('NHF', 'mia', 'peer_mentor'),
    ('NHF', 'admin', 'org_admin'), ('NHF', 'auditor', 'bufdir_auditor'), ('HLF', 'dina', 'coordinator'),
    ('HLF', 'mia', 'peer_mentor')) as v (o, u, r);
insert into platform_admins values (md5('user:platform')::uuid);
insert into coordinators (id, org_id, user_id, display_name)
select md5('coordinator:' || u)::uuid, md5('org:' || o)::uuid, md5('user:' || u)::uuid, u
from (values ('NHF', 'kari'), ('NHF', 'per'), ('HLF', 'dina')) as v (o, u);
insert into coordinator_chapters (org_id, coordinator_id, chapter_id)
select md5('org:' || o)::uuid, md5('coordinator:' || u)::uuid, md5('chapter:' || c)::uuid
from (values ('NHF', 'kari', 'A'), ('NHF', 'kari', 'B'), ('NHF', 'per', 'B'), ('NHF', 'per', 'C'),
    ('HLF', 'dina', 'D')) as v (o, u, c);
insert into peer_mentors (id, org_id, user_id, chapter_id, display_name)
select md5('mentor:' || m)::uuid, md5('org:' || o)::uuid, u, md5('chapter:' || c)::uuid, m
from (values ('mia', 'NHF', md5('user:mia')::uuid, 'A'), ('bo', 'NHF', null, 'B'),
    ('siv', 'NHF', null, 'C'), ('mia-hlf', 'HLF', md5('user:mia')::uuid, 'D')) as v (m, o, u, c);

create function pg_temp.sign_in(who text) returns void language sql as $$
    select set_config('role', 'authenticated', true),
        set_config('request.jwt.claims', json_build_object('sub', md5('user:' || who)::uuid)::text, true)
$$;

-- Scope ----------------------------------------------------------------------------------------
select pg_temp.sign_in('kari');
select is(authz.uid(), md5('user:kari')::uuid, 'uid() is the sub of the claims');
select bag_eq('select name from chapters where id = any (authz.my_chapter_ids())', $$values ('A'), ('B')$$,
    'a coordinator''s scope is the own chapters');
select bag_eq('select display_name from peer_mentors', $$values ('mia'), ('bo')$$,
    'a coordinator sees the mentors of the own chapters: A and B, not C');
select bag_eq('select display_name from coordinators', $$values ('kari'), ('per')$$,
    'a coordinator sees who shares a chapter');
select is((select count(*) from coordinator_chapters)::int, 3, 'and who else coordinates the own chapters');
select bag_eq('select slug from organizations', $$values ('NHF')$$, 'a coordinator sees the own organisation');
select is((select count(*) from chapters)::int, 6, 'and all of its chapters');
select bag_eq('select role from org_members', $$values ('coordinator')$$, 'and the own membership');
select is_empty('select * from platform_admins', 'but no platform admins');
select throws_ok($$insert into chapters (org_id, name, kind) values (md5('org:NHF')::uuid, 'X', 'local')$$,
    '42501', null, 'a coordinator founds no chapter');
select throws_ok($$delete from peer_mentors$$, '42501', null, 'nobody deletes through the API');
select lives_ok($$update peer_mentors set display_name = 'x'$$, 'an update without a right to it ...');
reset role;
select is_empty($$select from peer_mentors where display_name = 'x'$$, '... finds nothing');

select pg_temp.sign_in('mia');
select bag_eq('select display_name from peer_mentors', $$values ('mia'), ('mia-hlf')$$,
    'a mentor sees herself, in both of her organisations');
select is_empty('select * from coordinators', 'a mentor sees no coordinators');
select is(cardinality(authz.my_chapter_ids()), 0, 'a mentor has no chapters in scope');

select pg_temp.sign_in('auditor');
select is((select count(*) from chapters)::int, 6, 'the auditor sees the organisation''s chapters');
select is_empty('select user_id from org_members union all select id from peer_mentors', 'and no people');

select pg_temp.sign_in('admin');
select is((select count(*) from peer_mentors)::int, 3, 'an admin sees all mentors of the organisation');
select is((select count(*) from org_members)::int, 5, 'and all members');
select isnt_empty(
    $$insert into coordinators (org_id, user_id, display_name)
    values (md5('org:NHF')::uuid, gen_random_uuid(), 'new') returning id$$,
    'an admin gets a new coordinator''s row back'
);
select throws_ok(
    $$insert into coordinators (org_id, user_id, display_name)
    values (md5('org:HLF')::uuid, gen_random_uuid(), 'new')$$,
    '42501', null, 'but not in another organisation'
);
select throws_ok(
    $$update peer_mentors set chapter_id = md5('chapter:D')::uuid$$,
    '23503', null, 'a mentor cannot be moved into another organisation''s chapter'
);
select throws_ok($$update organizations set org_id = gen_random_uuid()$$, '42501', null,
    'nobody may write a key');

select pg_temp.sign_in('platform');
select is((select count(*) from organizations)::int, 2, 'a platform admin sees every organisation');
select is((select count(*) from peer_mentors)::int, 4, 'and every mentor');
select isnt_empty($$insert into organizations (slug, name) values ('NEW', 'New') returning org_id$$,
    'and founds organisations');

select pg_temp.sign_in('nobody');
select is_empty('select org_id from organizations union all select id from peer_mentors',
    'who is no member sees nothing');
select set_config('request.jwt.claims', '', true);
select is_empty('select org_id from organizations union all select id from chapters',
    'without claims nothing is seen');

-- Rights end at once ---------------------------------------------------------------------------
reset role;
update org_members set valid_until = now() - interval '1 second' where user_id = md5('user:kari')::uuid;
select pg_temp.sign_in('kari');
select is_empty(
    $$select org_id from organizations union all select org_id from org_members
    union all select id from peer_mentors union all select id from coordinators$$,
    'a membership that has run out shows nothing'
);
reset role;
update org_members set valid_until = now() + interval '1 day', active = false
where user_id = md5('user:kari')::uuid;
select pg_temp.sign_in('kari');
select is_empty('select org_id from organizations union all select id from peer_mentors',
    'neither does one that was switched off');
reset role;
update org_members set active = true where user_id = md5('user:kari')::uuid;
select pg_temp.sign_in('kari');
select is((select count(*) from peer_mentors)::int, 2, 'switched on again it shows what it did');

-- Slots ------------------------------------------------------------------------------------------
reset role;
select set_config('request.jwt.claims', '', true);
select results_eq(
    $$select slot::int from coordinator_chapters where coordinator_id = md5('coordinator:kari')::uuid order by 1$$,
    $$values (1), (2)$$, 'chapters take the lowest free slots'
);
select lives_ok(
    $$update coordinator_chapters set slot = 3 - slot where coordinator_id = md5('coordinator:kari')::uuid$$,
    'one statement swaps the primary chapter'
);
delete from coordinator_chapters where slot = 1 and coordinator_id = md5('coordinator:kari')::uuid;
insert into coordinator_chapters (org_id, coordinator_id, chapter_id)
select md5('org:NHF')::uuid, md5('coordinator:kari')::uuid, md5('chapter:' || c)::uuid
from unnest('{C,E,F,G}'::text[]) as c;
select is(
    (select array_agg(slot order by slot)::text from coordinator_chapters
    where coordinator_id = md5('coordinator:kari')::uuid), '{1,2,3,4,5}',
    'a slot given back is used again, also within one statement'
);
select throws_ok(
    $$insert into coordinator_chapters (org_id, coordinator_id, chapter_id)
    values (md5('org:NHF')::uuid, md5('coordinator:kari')::uuid, md5('chapter:B')::uuid)$$,
    '23514', 'a coordinator has at most 5 chapters in this organisation', 'the sixth chapter is refused'
);
select lives_ok(
    $$insert into coordinator_chapters (org_id, coordinator_id, chapter_id)
    values (md5('org:NHF')::uuid, md5('coordinator:kari')::uuid, md5('chapter:C')::uuid)
    on conflict (coordinator_id, chapter_id) do nothing$$,
    'one that is there already may be repeated when all slots are taken'
);
select throws_ok(
    $$insert into coordinator_chapters (org_id, coordinator_id, chapter_id)
    select md5('org:HLF')::uuid, md5('coordinator:dina')::uuid, md5('chapter:' || c)::uuid
    from unnest('{H,I}'::text[]) as c$$,
    '23514', 'a coordinator has at most 2 chapters in this organisation', 'the organisation''s own limit holds'
);

select * from finish();
rollback;
