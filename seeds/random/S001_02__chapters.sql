-- S001: chapters named after places; a place that comes again gets a part of the town.
with shares as (
    select
        o.n as org,
        sum(o.share) over (order by o.n) - o.share as low,
        sum(o.share) over (order by o.n) as high
    from unnest(current_setting('pgschema.shares')::numeric[]) with ordinality as o (share, n)
),

chapters as (
    select
        c.n,
        s.org,
        row_number() over (partition by s.org order by c.n) - 1 as i,
        md5(current_setting('pgschema.seed') || ':chapter:' || c.n) as digest
    from generate_series(1, current_setting('pgschema.chapters')::integer) as c (n)
    inner join shares as s
        on
            (c.n - 1) * 100 >= s.low * current_setting('pgschema.chapters')::integer
            and (c.n - 1) * 100 < s.high * current_setting('pgschema.chapters')::integer
)

select
    c.digest::uuid as id,
    md5(current_setting('pgschema.seed') || ':organization:' || c.org)::uuid as org_id,
    (array['NHF', 'HLF', 'Blindeforbundet'])[c.org]
    || ' ' || (current_setting('pgschema.places')::text[])[1 + c.i % 60]
    || case
        when c.i >= 60
            then ' ' || coalesce(
                    (
                        array[
                            'nord',
                            'sør',
                            'øst',
                            'vest',
                            'sentrum',
                            'ytre',
                            'indre',
                            'øvre',
                            'nedre'
                        ]
                    )[
                        c.i / 60
                    ],
                    (c.i / 60)::text
                )
        else ''
    end as name,
    case when c.org = 3 then 'county' else 'local' end as kind,
    lpad((301 + ('x' || substr(c.digest, 1, 7))::bit(28)::integer % 5300)::text, 4, '0')
        as municipality_no,
    date '1990-01-01' + ('x' || substr(c.digest, 8, 7))::bit(28)::integer % 9000 as active_from
from chapters as c
order by c.n;
