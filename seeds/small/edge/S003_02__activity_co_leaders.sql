-- S003 edge pack: activity 31 has one leader and two co-leaders.
select
    md5(s.seed || ':organization:101')::uuid as org_id,
    md5(s.seed || ':activity:edge:31')::uuid as activity_id,
    md5(s.seed || ':peer_mentor:' || c.mentor)::uuid as peer_mentor_id
from (values (102), (103)) as c (mentor)
cross join (select current_setting('pgschema.seed') as seed) as s
order by c.mentor;
