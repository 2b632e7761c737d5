-- S002: assignments to mentors at random, spread over the months; six of ten are completed.
with assignments as (
    select
        g.n,
        g.digest,
        m.id as peer_mentor_id,
        m.org_id,
        m.chapter_id,
        m.coordinator_id,
        case
            when g.state < 60 then 'completed'
            when g.state < 70 then 'accepted'
            when g.state < 78 then 'dispatched'
            when g.state < 86 then 'in_progress'
            when g.state < 92 then 'declined'
            when g.state < 97 then 'cancelled'
            else 'expired'
        end as status,
        (
            current_setting('pgschema.anchor')::timestamp
            - interval '1 month' * current_setting('pgschema.months')::integer
            + interval '1 minute' * (g.moment % (
                current_setting('pgschema.months')::integer * 30 * 24 * 60
            ))
        ) at time zone 'Europe/Oslo' as dispatched_at
    from (
        select
            a.n,
            md5(current_setting('pgschema.seed') || ':assignment:' || a.n) as digest
        from generate_series(1, current_setting('pgschema.assignments')::integer) as a (n)
    ) as a
    cross join
        lateral (
            select
                a.n,
                a.digest,
                ('x' || substr(a.digest, 1, 7))::bit(28)::integer as mentor,
                ('x' || substr(a.digest, 8, 7))::bit(28)::integer % 100 as state,
                ('x' || substr(a.digest, 15, 7))::bit(28)::integer as moment
        ) as g
    inner join public.peer_mentors as m
        on m.id = md5(
                current_setting('pgschema.seed') || ':peer_mentor:'
                || 1 + g.mentor % current_setting('pgschema.mentors')::integer
            )::uuid
)

select
    a.digest::uuid as id,
    a.org_id,
    a.chapter_id,
    a.peer_mentor_id,
    a.coordinator_id,
    a.status,
    case a.status
        when 'dispatched' then 1
        when 'in_progress' then 3
        when 'completed' then 4
        else 2
    end as version,
    (array[
        'Førstegangssamtale', 'Hjemmebesøk', 'Oppfølgingssamtale', 'Følge til møte', 'Samtalegruppe'
    ])[1 + ('x' || substr(a.digest, 22, 7))::bit(28)::integer % 5] as title,
    a.dispatched_at + interval '30 days' as due_at,
    a.dispatched_at,
    case
        when a.status in ('accepted', 'in_progress', 'completed')
            then a.dispatched_at + interval '1 day'
    end as accepted_at,
    case
        when a.status in ('in_progress', 'completed') then a.dispatched_at + interval '7 days'
    end as started_at,
    case when a.status = 'completed' then a.dispatched_at + interval '14 days' end as completed_at,
    case
        when a.status in ('completed', 'declined', 'cancelled', 'expired')
            then a.dispatched_at + interval '14 days'
    end as closed_at,
    a.dispatched_at as created_at,
    a.dispatched_at as updated_at
from assignments as a
order by a.n;
