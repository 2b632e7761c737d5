-- The few pgTAP-like functions that tests/schema/V*.sql need, under their pgTAP names.
--
-- Loaded by pgschema/testing/tap.py into schema `tap` of a clone that one test file gets for
-- itself; never into a real database. Results are counted by a sequence, which no rollback takes
-- back. The functions run with the rights and the search_path of the test that calls them.
create schema tap;
comment on schema tap is 'Assertions for the SQL tests; part of a throw-away clone only.';
create sequence tap.results;
create sequence tap.planned minvalue 0;

create function tap.plan(tests bigint) returns text language sql
return '1..' || setval('tap.planned', tests);

create function tap.no_plan() returns setof text language sql
begin atomic
select null::text where false;
end;

create function tap.finish() returns setof text language sql
begin atomic
select '1..' || (select case when r.is_called then r.last_value else 0 end from tap.results r)
from tap.planned p
where not p.is_called;
end;

create function tap.diag(message text) returns text language sql
return '# ' || replace(coalesce(message, 'NULL'), e'\n', e'\n# ');

create function tap.ok(passed boolean, description text default '') returns text language sql
return case when passed then 'ok ' else 'not ok ' end || nextval('tap.results')
    || coalesce(' - ' || replace(replace(nullif(description, ''), '#', '\#'), e'\n', ' '), '')
    || case when passed is null then e'\n# (the result was NULL)' else '' end;

create function tap._ok_or(passed boolean, description text, explanation text)
returns text language sql
return tap.ok(passed, description)
    || case when passed then '' else e'\n' || tap.diag(explanation) end;

create function tap.pass(description text default '') returns text language sql
return tap.ok(true, description);

create function tap.fail(description text default '') returns text language sql
return tap.ok(false, description);

create function tap.is(have anycompatible, want anycompatible, description text default '')
returns text language sql
as $$
select tap._ok_or(
    have is not distinct from want, description,
    format(e'have: %s\nwant: %s', coalesce(have::text, 'NULL'), coalesce(want::text, 'NULL'))
)
$$;

create function tap.isnt(have anycompatible, unwanted anycompatible, description text default '')
returns text language sql
as $$
select tap._ok_or(
    have is distinct from unwanted, description,
    format('have: %s, and wanted anything else', coalesce(have::text, 'NULL'))
)
$$;

create function tap.matches(have text, pattern text, description text default '')
returns text language sql
return tap._ok_or(
    coalesce(have ~ pattern, false), description,
    format(e'have: %s\nwant: a match of %s', coalesce(have, 'NULL'), pattern)
);

-- A word alone is the name of a prepared statement.
create function tap._statement(query text) returns text language sql
return case when query ~ '\s' then query else 'execute ' || query end;

create function tap.lives_ok(query text, description text default '')
returns text language plpgsql as $$
begin
    execute tap._statement(query);
    return tap.ok(true, description);
exception
    when others or assert_failure then
        return tap._ok_or(false, description, format('died: %s: %s', sqlstate, sqlerrm));
end
$$;

create function tap._throws(
    query text, code text, message text, pattern text, description text
) returns text language plpgsql as $$
declare
    wanted text := concat_ws(': ', code, message, pattern);
begin
    execute tap._statement(query);
    return tap._ok_or(
        false, description, format(e'have: no error\nwant: %s', coalesce(nullif(wanted, ''), 'one'))
    );
exception
    when others or assert_failure then
        return tap._ok_or(
            sqlstate = coalesce(code, sqlstate) and sqlerrm = coalesce(message, sqlerrm)
                and sqlerrm like coalesce(pattern, '%'),
            description, format(e'have: %s: %s\nwant: %s', sqlstate, sqlerrm, wanted)
        );
end
$$;

-- As in pgTAP: five characters in second place are an SQLSTATE, anything else is the message.
create function tap.throws_ok(
    query text, code text default null, message text default null, description text default ''
) returns text language sql
return case
    when code is null or octet_length(code) = 5
        then tap._throws(query, code, message, null, description)
    else tap._throws(query, null, code, null, coalesce(message, description))
end;

create function tap.throws_like(query text, pattern text, description text default '')
returns text language sql
return tap._throws(query, null, null, pattern, description);

create function tap._rows(query text) returns text[] language plpgsql as $$
declare
    one record;
    found_rows text[] := '{}';
begin
    for one in execute tap._statement(query) loop
        found_rows := found_rows || one::text;
    end loop;
    return found_rows;
end
$$;

create function tap._same_rows(have text[], want text[], description text)
returns text language sql
return tap._ok_or(
    have = want, description, format(
        e'have: %s rows %s\nwant: %s rows %s', cardinality(have), have[1:10],
        cardinality(want), want[1:10]
    )
);

create function tap.is_empty(query text, description text default '') returns text language sql
return tap._same_rows(tap._rows(query), '{}', description);

create function tap.isnt_empty(query text, description text default '') returns text language sql
return tap._ok_or(tap._rows(query) <> '{}', description, 'have: no rows');

create function tap.results_eq(have text, want text, description text default '')
returns text language sql
return tap._same_rows(tap._rows(have), tap._rows(want), description);

create function tap._sorted(elements text[]) returns text[] language sql
return array(select e from unnest(elements) e order by e collate "C");

create function tap.bag_eq(have text, want text, description text default '')
returns text language sql
return tap._same_rows(tap._sorted(tap._rows(have)), tap._sorted(tap._rows(want)), description);

create function tap.has_schema(schema name, description text default null)
returns text language sql
return tap.ok(
    exists (select from pg_catalog.pg_namespace n where n.nspname = schema),
    coalesce(description, format('schema %I exists', schema))
);

create function tap.has_role(role_name name, description text default null)
returns text language sql
return tap.ok(
    exists (select from pg_catalog.pg_roles r where r.rolname = role_name),
    coalesce(description, format('role %I exists', role_name))
);

create function tap._relation(schema name, relation name, kinds text) returns boolean language sql
return exists (
    select from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = schema and c.relname = relation and strpos(kinds, c.relkind::text) > 0
);

create function tap.has_table(schema name, relation name, description text default null)
returns text language sql
return tap.ok(
    tap._relation(schema, relation, 'rp'),
    coalesce(description, format('table %I.%I exists', schema, relation))
);

create function tap.hasnt_table(schema name, relation name, description text default null)
returns text language sql
return tap.ok(
    not tap._relation(schema, relation, 'rp'),
    coalesce(description, format('table %I.%I does not exist', schema, relation))
);

create function tap.has_view(schema name, relation name, description text default null)
returns text language sql
return tap.ok(
    tap._relation(schema, relation, 'v'),
    coalesce(description, format('view %I.%I exists', schema, relation))
);

create function tap.has_index(
    schema name, relation name, index_name name, description text default null
) returns text language sql
return tap.ok(
    exists (
        select from pg_catalog.pg_indexes i
        where i.schemaname = schema and i.tablename = relation and i.indexname = index_name
    ),
    coalesce(description, format('index %I on %I.%I exists', index_name, schema, relation))
);

create function tap.has_column(
    schema name, relation name, column_name name, description text default null
) returns text language sql
return tap.ok(
    exists (
        select from pg_catalog.pg_attribute a
        where a.attrelid = to_regclass(format('%I.%I', schema, relation))
          and a.attname = column_name and a.attnum > 0 and not a.attisdropped
    ),
    coalesce(description, format('column %I.%I.%I exists', schema, relation, column_name))
);

create function tap.has_trigger(
    schema name, relation name, trigger_name name, description text default null
) returns text language sql
return tap.ok(
    exists (
        select from pg_catalog.pg_trigger t
        where t.tgrelid = to_regclass(format('%I.%I', schema, relation))
          and t.tgname = trigger_name and not t.tgisinternal
    ),
    coalesce(description, format('trigger %I on %I.%I exists', trigger_name, schema, relation))
);

create function tap.has_function(schema name, routine name, description text default null)
returns text language sql
return tap.ok(
    exists (
        select from pg_catalog.pg_proc p
        join pg_catalog.pg_namespace n on n.oid = p.pronamespace
        where n.nspname = schema and p.proname = routine
    ),
    coalesce(description, format('function %I.%I exists', schema, routine))
);

create function tap.has_rls(schema name, relation name, description text default null)
returns text language sql
return tap.ok(
    coalesce((
        select c.relrowsecurity and c.relforcerowsecurity
        from pg_catalog.pg_class c
        where c.oid = to_regclass(format('%I.%I', schema, relation))
    ), false),
    coalesce(description, format('row level security of %I.%I is enforced', schema, relation))
);

-- A test may well `set role`: the assertions go along. The default rights may have been revoked.
grant usage on schema tap to public;
grant usage, select, update on all sequences in schema tap to public;
grant execute on all functions in schema tap to public;
