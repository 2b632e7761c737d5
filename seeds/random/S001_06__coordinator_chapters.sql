-- S001: of ten coordinators two have five chapters, five have one, the others two, three and four.
-- They take the chapters of their organisation one after the other; some chapters have nobody.
with coordinators as (
    select
        k.n,
        c.id,
        c.org_id,
        least(
            (array[1, 5, 1, 2, 1, 1, 5, 3, 1, 4])[1 + k.n % 10],
            (
                select count(*) from public.chapters as h
                where h.org_id = c.org_id
            )
        ) as chapters
    from
        generate_series(1, current_setting('pgschema.coordinators')::integer) as k (n)
    inner join public.coordinators as c
        on c.id = md5(current_setting('pgschema.seed') || ':coordinator:' || k.n)::uuid
),

slots as (
    select
        k.n,
        k.id,
        k.org_id,
        s.slot,
        row_number() over (partition by k.org_id order by k.n, s.slot) - 1 as i
    from coordinators as k
    cross join lateral generate_series(1, k.chapters) as s (slot)
),

chapters as (
    select
        h.id,
        h.org_id,
        row_number() over (partition by h.org_id order by c.n) - 1 as i,
        count(*) over (partition by h.org_id) as chapters
    from
        generate_series(1, current_setting('pgschema.chapters')::integer) as c (n)
    inner join public.chapters as h
        on h.id = md5(current_setting('pgschema.seed') || ':chapter:' || c.n)::uuid
)

select
    s.org_id,
    s.id as coordinator_id,
    h.id as chapter_id,
    s.slot::smallint as slot,
    timestamptz '2018-01-01 12:00:00+00' as assigned_at
from slots as s
inner join chapters as h on s.org_id = h.org_id and s.i % h.chapters = h.i
order by s.n, s.slot;
