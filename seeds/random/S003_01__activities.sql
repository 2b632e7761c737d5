-- S003: activities, few by most mentors and many by some, over the months before the anchor.
-- A mentor's share is log-normal (the sum of twelve uniform numbers stands for the normal one, in
-- exact decimals: floating point differs between machines). Every 36th row of a mentor is the
-- row before it registered again.
with weighted as (
    select
        m.n,
        m.id,
        exp((
            select sum(('x' || substr(m.digest, 1 + 2 * u.n, 2))::bit(8)::integer) / 256.0 - 6
            from generate_series(0, 11) as u (n)
        )) as weight
    from (
        select
            g.n,
            p.id,
            md5(current_setting('pgschema.seed') || ':weight:' || g.n) as digest
        from generate_series(1, current_setting('pgschema.mentors')::integer) as g (n)
        inner join public.peer_mentors as p
            on p.id = md5(current_setting('pgschema.seed') || ':peer_mentor:' || g.n)::uuid
    ) as m
),

-- each mentor's rows are numbers low + 1 to high; the last mentor's high is the total
mentors as (
    select
        p.*,
        round(
            a.total * sum(w.weight) over (order by w.n) / sum(w.weight) over ()
        )::integer as high,
        round(
            a.total * (sum(w.weight) over (order by w.n) - w.weight) / sum(w.weight) over ()
        )::integer as low
    from weighted as w
    inner join public.peer_mentors as p on w.id = p.id
    cross join (select current_setting('pgschema.activities')::numeric as total) as a
),

numbered as (
    select
        m.org_id,
        m.chapter_id,
        m.id as peer_mentor_id,
        m.coordinator_id,
        m.user_id,
        g.n,
        (g.n - m.low) % 36 = 0 as is_again,
        case when (g.n - m.low) % 36 = 0 then g.n - 1 else g.n end - m.low as i,
        s.seed,
        md5(
            s.seed || ':activity:' || case when (g.n - m.low) % 36 = 0 then g.n - 1 else g.n end
        ) as digest
    from mentors as m
    cross join (select current_setting('pgschema.seed') as seed) as s
    cross join lateral generate_series(m.low + 1, m.high) as g (n)
),

-- the digest in pieces, and the months with their seasons: July is quiet, autumn is not
drawn as (
    select
        a.*,
        current_setting('pgschema.anchor')::date
        - interval '1 month' * (
            d.months - width_bucket(
                ('x' || substr(a.digest, 1, 7))::bit(28)::integer % d.floors[d.months + 1],
                d.floors[:d.months]
            ) + 1
        ) as month_start,
        ('x' || substr(a.digest, 8, 4))::bit(16)::integer as day_draw,
        ('x' || substr(a.digest, 12, 2))::bit(8)::integer as weekend_draw,
        ('x' || substr(a.digest, 14, 3))::bit(12)::integer as time_draw,
        ('x' || substr(a.digest, 17, 4))::bit(16)::integer % 100 as type_draw,
        ('x' || substr(a.digest, 21, 4))::bit(16)::integer % 100 as status_draw,
        ('x' || substr(a.digest, 25, 2))::bit(8)::integer as minutes_draw,
        ('x' || substr(a.digest, 27, 2))::bit(8)::integer as participants_draw,
        ('x' || substr(a.digest, 29, 4))::bit(16)::integer as delay_draw
    from numbered as a
    cross join (
        select
            count(*)::integer - 1 as months,
            array_agg(m.floor order by m.n) as floors
        from (
            select
                g.n,
                coalesce(sum(
                    (array[100, 100, 100, 100, 100, 100, 35, 100, 100, 130, 130, 70])[
                        extract(month from (
                            date_trunc('month', current_setting('pgschema.anchor')::timestamp)
                            - interval '1 month'
                            * (current_setting('pgschema.months')::integer - g.n)
                        ))::integer
                    ]
                ) over (
                    order by g.n rows between unbounded preceding and 1 preceding
                ), 0)::integer as floor
            from generate_series(0, current_setting('pgschema.months')::integer) as g (n)
        ) as m
    ) as d
),

dated as (
    select
        a.*,
        date_trunc('month', a.month_start) + interval '1 day' * (
            a.day_draw
            % extract(day from date_trunc('month', a.month_start) + interval '1 month - 1 day')
            ::integer
        ) as local_date
    from drawn as a
),

-- four of five are on a working day: three of ten at weekends move there
timed as (
    select
        a.*,
        (
            a.local_date
            + case
                when
                    extract(isodow from a.local_date) < 6 or a.weekend_draw % 10 >= 3
                    then interval '0'
                when extract(day from a.local_date) <= 2 then interval '2 days'
                else interval '-2 days'
            end
            + interval '10 hours'
            + interval '5 minutes' * (a.time_draw % 120)
            -- so that no two of one mentor are at the same time by chance
            + interval '1 second' * (a.i % 60)
            + interval '1 millisecond' * (a.i / 60)
        ) at time zone 'Europe/Oslo' as occurred_at,
        case
            when a.type_draw < 30 then 'outreach_visit'
            when a.type_draw < 50 then 'conversation_group'
            when a.type_draw < 65 then 'activity_group'
            when a.type_draw < 70 then 'peer_course'
            when a.type_draw < 90 then 'phone_call'
            when a.type_draw < 97 then 'digital_meeting'
            else 'other'
        end as activity_type,
        case
            when a.status_draw < 90 then 'approved'
            when a.status_draw < 94 then 'draft'
            when a.status_draw < 97 then 'cancelled'
            else 'rejected'
        end as status
    from dated as a
)

select
    case when a.is_again then md5(a.seed || ':activity:' || a.n) else a.digest end::uuid as id,
    a.org_id,
    a.chapter_id,
    a.peer_mentor_id,
    a.coordinator_id,
    a.activity_type,
    a.status,
    a.occurred_at,
    case a.activity_type
        when 'outreach_visit' then 30 + 5 * (a.minutes_draw % 19)
        when 'peer_course' then 75 + 15 * (a.minutes_draw % 12)
        when 'phone_call' then 5 + 5 * (a.minutes_draw % 12)
        else 40 + 5 * (a.minutes_draw % 29)
    end as duration_minutes,
    case a.activity_type
        when 'outreach_visit' then 1 + a.participants_draw % 2
        when 'peer_course' then 4 + a.participants_draw % 22
        when 'phone_call' then 1
        else 2 + a.participants_draw % 14
    end as participant_count,
    case
        when a.activity_type = 'phone_call' then 'phone'
        when a.activity_type = 'digital_meeting' or a.delay_draw / 20 % 50 < 9 then 'digital'
        else 'in_person'
    end as delivery_mode,
    case when a.is_again and a.status not in ('rejected', 'cancelled') then a.digest::uuid end
        as duplicate_of,
    a.user_id as registered_by,
    -- one of twenty is registered a month or more afterwards
    a.occurred_at
    + case
        when a.delay_draw % 20 = 0 then interval '1 day' * (31 + a.delay_draw % 200)
        else interval '1 minute' * (20 + a.delay_draw % 1000)
    end
    + case when a.is_again then interval '4 minutes' else interval '0' end as created_at,
    case when a.status = 'cancelled' then a.occurred_at + interval '2 days' end as cancelled_at
from timed as a
order by a.n;
