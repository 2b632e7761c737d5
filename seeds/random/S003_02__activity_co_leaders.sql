-- S003: of 37 activities of a mentor one is led together with another mentor of the organisation.
with leaders as (
    select
        m.id,
        m.org_id,
        coalesce(lead(m.id) over everybody, first_value(m.id) over everybody) as other_id
    from public.peer_mentors as m
    window everybody as (partition by m.org_id order by m.id)
),

activities as (
    select
        a.id,
        a.org_id,
        a.chapter_id,
        a.peer_mentor_id,
        row_number() over (partition by a.peer_mentor_id order by a.occurred_at, a.id) as i
    from public.activities as a
)

select
    a.org_id,
    a.id as activity_id,
    l.other_id as peer_mentor_id,
    a.chapter_id,
    a.peer_mentor_id as leader_id
from activities as a
inner join leaders as l on a.peer_mentor_id = l.id
where a.i % 37 = 7 and l.other_id <> l.id
order by a.id;
