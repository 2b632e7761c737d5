-- Every fact about the structure of this database, one row each: kind, identity, aspect, value.
--
-- Read by pgschema/fingerprint.py under search_path = pg_catalog, so that every name comes out
-- qualified. No oid and no attnum appears: the same structure made twice gives the same rows.
-- Left out: system schemas, the ledger (`pgschema`), archives (`archive_v*`), members of
-- extensions, roles as such.
with ours as materialized (
    select n.oid, n.nspname, n.nspowner, n.nspacl
    from pg_namespace n
    where n.nspname !~ '^(pg_|archive_v[0-9]+$)'
      and n.nspname not in ('information_schema', 'pgschema')
), extension_member as materialized (
    select d.classid, d.objid from pg_depend d where d.deptype = 'e'
), relation as materialized (
    select c.*, format('%I.%I', n.nspname, c.relname) as identity,
        case c.relkind
            when 'r' then 'table' when 'p' then 'table' when 'v' then 'view'
            when 'm' then 'materialized view' when 'S' then 'sequence'
            when 'f' then 'foreign table' when 'c' then 'composite type'
        end as kind
    from pg_class c
    join ours n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'c')
      and (1259::oid, c.oid) not in (select m.classid, m.objid from extension_member m)
), attribute as materialized (
    select r.oid as relid, r.identity || '.' || quote_ident(a.attname) as identity,
        a.*, d.adbin, d.adrelid
    from relation r
    join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
    where r.relkind <> 'S'
), routine as materialized (
    select p.*, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
        as identity
    from pg_proc p
    join ours n on n.oid = p.pronamespace
    where (1255::oid, p.oid) not in (select m.classid, m.objid from extension_member m)
), data_type as materialized (
    select t.*, format('%I.%I', n.nspname, t.typname) as identity
    from pg_type t
    join ours n on n.oid = t.typnamespace
    where t.typtype in ('d', 'e', 'r', 'b', 'c')
      and not exists (select from pg_type e where e.typarray = t.oid)
      and (t.typrelid = 0
           or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
      and (1247::oid, t.oid) not in (select m.classid, m.objid from extension_member m)
), privileged (kind, identity, acl) as (
    select 'schema', quote_ident(n.nspname), coalesce(n.nspacl, acldefault('n', n.nspowner))
    from ours n
    union all
    select r.kind, r.identity, coalesce(
        r.relacl, acldefault(case r.relkind when 'S' then 's'::"char" else 'r' end, r.relowner)
    )
    from relation r
    where r.relkind <> 'c'
    union all
    select 'column', a.identity, a.attacl from attribute a where a.attacl is not null
    union all
    select 'function', p.identity, coalesce(p.proacl, acldefault('f', p.proowner)) from routine p
    union all
    select 'type', t.identity, coalesce(t.typacl, acldefault('T', t.typowner)) from data_type t
    union all
    select 'database', 'this', coalesce(d.datacl, acldefault('d', d.datdba))
    from pg_database d
    where d.datname = current_database()
    union all
    select
        'default privileges',
        format(
            'of %I in %s on %s', pg_get_userbyid(a.defaclrole),
            coalesce(quote_ident(n.nspname), 'any schema'), a.defaclobjtype
        ),
        a.defaclacl
    from pg_default_acl a
    left join pg_namespace n on n.oid = a.defaclnamespace
    where a.defaclnamespace = 0 or a.defaclnamespace in (select o.oid from ours o)
), exploded as (
    select p.kind, p.identity,
        case e.grantee when 0 then 'public' else pg_get_userbyid(e.grantee) end as grantee,
        e.privilege_type || case when e.is_grantable then ' with grant option' else '' end
            as privilege
    from privileged p, aclexplode(p.acl) e
), fact (kind, identity, aspect, value) as (
    select e.kind, e.identity, 'granted to ' || e.grantee,
        string_agg(distinct e.privilege, ', ' order by e.privilege)
    from exploded e
    group by e.kind, e.identity, e.grantee

    -- schemas
    union all
    select 'schema', quote_ident(n.nspname), f.aspect, f.value
    from ours n, lateral (values
        ('owner', pg_get_userbyid(n.nspowner)::text),
        ('comment', obj_description(n.oid, 'pg_namespace'))
    ) f (aspect, value)

    -- tables, views, sequences
    union all
    select r.kind, r.identity, f.aspect, f.value
    from relation r, lateral (values
        ('owner', pg_get_userbyid(r.relowner)::text),
        ('comment', obj_description(r.oid, 'pg_class')),
        ('persistence', nullif(r.relpersistence, 'p')::text),
        ('row level security', nullif(r.relrowsecurity, false)::text),
        ('row level security forced', nullif(r.relforcerowsecurity, false)::text),
        ('replica identity', (
            select r.relreplident where r.relkind in ('r', 'p') and r.relreplident <> 'd'
        )::text),
        ('options', (select string_agg(o, ', ' order by o) from unnest(r.reloptions) o)),
        ('storage options', (
            select string_agg(o, ', ' order by o)
            from pg_class t, unnest(t.reloptions) o where t.oid = r.reltoastrelid
        )),
        ('access method', (
            select nullif(m.amname, 'heap') from pg_am m where m.oid = r.relam
        )::text),
        ('tablespace', (select s.spcname from pg_tablespace s where s.oid = r.reltablespace)::text),
        ('partition key', case r.relkind when 'p' then pg_get_partkeydef(r.oid) end),
        ('partition bound', pg_get_expr(r.relpartbound, r.oid)),
        ('parents', (
            select string_agg(i.inhparent::regclass::text, ', ' order by i.inhseqno)
            from pg_inherits i where i.inhrelid = r.oid
        )),
        ('definition', case when r.relkind in ('v', 'm') then pg_get_viewdef(r.oid) end),
        ('populated', case r.relkind when 'm' then r.relispopulated::text end),
        ('columns', case when r.relkind <> 'S' then (
            select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
            from pg_attribute a where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
        ) end),
        ('generates', (
            select format(
                '%s start %s increment %s min %s max %s cache %s%s', format_type(s.seqtypid, null),
                s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                case when s.seqcycle then ' cycle' else '' end
            )
            from pg_sequence s where s.seqrelid = r.oid
        )),
        ('owned by', (
            select d.refobjid::regclass || '.' || quote_ident(a.attname)
            from pg_depend d
            join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
            where d.classid = 1259 and d.objid = r.oid and d.refclassid = 1259
              and d.deptype in ('a', 'i') and r.relkind = 'S'
        ))
    ) f (aspect, value)

    -- columns
    union all
    select 'column', a.identity, f.aspect, f.value
    from attribute a, lateral (values
        ('type', format_type(a.atttypid, a.atttypmod)),
        ('not null', nullif(a.attnotnull, false)::text),
        (case a.attgenerated when '' then 'default' else 'generated ' || a.attgenerated::text end,
            pg_get_expr(a.adbin, a.adrelid)),
        ('identity', nullif(a.attidentity, '')::text),
        ('collation', (
            select nullif(c.collname, 'default') from pg_collation c where c.oid = a.attcollation
        )::text),
        ('storage', a.attstorage::text),
        ('compression', nullif(a.attcompression, '')::text),
        ('statistics', nullif(a.attstattarget, -1)::text),
        ('options', a.attoptions::text),
        ('inherited', nullif(a.attinhcount, 0)::text),
        ('comment', col_description(a.relid, a.attnum))
    ) f (aspect, value)

    -- constraints of tables and domains
    union all
    select
        'constraint', coalesce(r.identity, t.identity) || '.' || quote_ident(k.conname),
        f.aspect, f.value
    from pg_constraint k
    left join relation r on r.oid = k.conrelid
    left join data_type t on t.oid = k.contypid,
    lateral (values
        ('definition', pg_get_constraintdef(k.oid)),
        ('validated', k.convalidated::text),
        ('enforced by triggers', (
            select string_agg(distinct g.tgenabled::text, ',' order by g.tgenabled::text)
            from pg_trigger g where g.tgconstraint = k.oid and g.tgisinternal
        )),
        ('comment', obj_description(k.oid, 'pg_constraint'))
    ) f (aspect, value)
    where coalesce(r.oid, t.oid) is not null

    -- indexes
    union all
    select 'index', i.indexrelid::regclass::text, f.aspect, f.value
    from pg_index i
    join relation r on r.oid = i.indrelid,
    lateral (values
        ('definition', pg_get_indexdef(i.indexrelid)),
        ('state', concat_ws(
            ', ', case when not i.indisvalid then 'invalid' end,
            case when not i.indisready then 'not ready' end,
            case when i.indisprimary then 'primary key' end,
            case when i.indisreplident then 'replica identity' end,
            case when i.indisclustered then 'clustered' end
        )),
        ('comment', obj_description(i.indexrelid, 'pg_class'))
    ) f (aspect, value)

    -- triggers and rules
    union all
    select 'trigger', quote_ident(t.tgname) || ' on ' || r.identity, f.aspect, f.value
    from pg_trigger t
    join relation r on r.oid = t.tgrelid,
    lateral (values
        ('definition', pg_get_triggerdef(t.oid)),
        ('enabled', t.tgenabled::text),
        ('comment', obj_description(t.oid, 'pg_trigger'))
    ) f (aspect, value)
    where not t.tgisinternal
    union all
    select 'rule', quote_ident(w.rulename) || ' on ' || r.identity, f.aspect, f.value
    from pg_rewrite w
    join relation r on r.oid = w.ev_class,
    lateral (values
        ('definition', pg_get_ruledef(w.oid)),
        ('enabled', w.ev_enabled::text),
        ('comment', obj_description(w.oid, 'pg_rewrite'))
    ) f (aspect, value)
    where w.rulename <> '_RETURN'

    -- row level security policies
    union all
    select 'policy', quote_ident(p.polname) || ' on ' || r.identity, f.aspect, f.value
    from pg_policy p
    join relation r on r.oid = p.polrelid,
    lateral (values
        ('command', case p.polcmd
            when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
            when 'd' then 'delete' else 'all'
        end),
        ('kind', case when p.polpermissive then 'permissive' else 'restrictive' end),
        ('roles', (
            select string_agg(
                case m when 0 then 'public' else pg_get_userbyid(m) end, ', '
                order by case m when 0 then 'public' else pg_get_userbyid(m) end
            )
            from unnest(p.polroles) m
        )),
        ('using', pg_get_expr(p.polqual, p.polrelid)),
        ('with check', pg_get_expr(p.polwithcheck, p.polrelid)),
        ('comment', obj_description(p.oid, 'pg_policy'))
    ) f (aspect, value)

    -- functions, procedures, aggregates
    union all
    select 'function', p.identity, f.aspect, f.value
    from routine p, lateral (values
        ('owner', pg_get_userbyid(p.proowner)::text),
        ('definition', case
            when p.prokind <> 'a' then pg_get_functiondef(p.oid)
            else (
                select to_jsonb(a) - 'aggfnoid' from pg_aggregate a where a.aggfnoid = p.oid
            )::text
        end),
        ('comment', obj_description(p.oid, 'pg_proc'))
    ) f (aspect, value)

    -- types
    union all
    select 'type', t.identity, f.aspect, f.value
    from data_type t, lateral (values
        ('owner', pg_get_userbyid(t.typowner)::text),
        ('kind', t.typtype::text),
        ('base type', case t.typtype when 'd' then format_type(t.typbasetype, t.typtypmod) end),
        ('not null', nullif(t.typnotnull, false)::text),
        ('default', t.typdefault),
        ('labels', (
            select string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
            from pg_enum e where e.enumtypid = t.oid
        )),
        ('range of', (
            select format_type(g.rngsubtype, null) from pg_range g where g.rngtypid = t.oid
        )),
        ('comment', obj_description(t.oid, 'pg_type'))
    ) f (aspect, value)

    -- publications: what they hold; Fingerprint.diff forgives that one as such is missing
    union all
    select 'publication', quote_ident(p.pubname), f.aspect, f.value
    from pg_publication p, lateral (values
        ('publishes', concat_ws(
            ', ', case when p.puballtables then 'all tables' end,
            case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end,
            case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end,
            case when p.pubviaroot then 'via root' end
        ))
    ) f (aspect, value)
    union all
    select 'published', format('%s in %I', r.identity, p.pubname), f.aspect, f.value
    from pg_publication_rel m
    join pg_publication p on p.oid = m.prpubid
    join relation r on r.oid = m.prrelid,
    lateral (values
        ('rows', coalesce(pg_get_expr(m.prqual, m.prrelid), 'all')),
        ('columns', (
            select string_agg(quote_ident(a.attname), ', ' order by a.attname)
            from unnest(m.prattrs::smallint[]) n
            join pg_attribute a on a.attrelid = r.oid and a.attnum = n
        ))
    ) f (aspect, value)
    union all
    select 'published', format('schema %I in %I', n.nspname, p.pubname), 'rows', 'all'
    from pg_publication_namespace m
    join pg_publication p on p.oid = m.pnpubid
    join ours n on n.oid = m.pnnspid

    -- extensions, event triggers, extended statistics, settings of this database
    union all
    select 'extension', quote_ident(e.extname), f.aspect, f.value
    from pg_extension e
    join pg_namespace n on n.oid = e.extnamespace,
    lateral (values ('version', e.extversion), ('schema', n.nspname::text)) f (aspect, value)
    union all
    select 'event trigger', quote_ident(t.evtname), 'definition', concat_ws(
        ' ', t.evtevent, t.evtenabled, t.evttags::text, t.evtfoid::regprocedure::text,
        pg_get_userbyid(t.evtowner)
    )
    from pg_event_trigger t
    union all
    select 'statistics', format('%I.%I', n.nspname, s.stxname), f.aspect, f.value
    from pg_statistic_ext s
    join ours n on n.oid = s.stxnamespace,
    lateral (values
        ('definition', pg_get_statisticsobjdef(s.oid)),
        ('owner', pg_get_userbyid(s.stxowner)::text),
        ('comment', obj_description(s.oid, 'pg_statistic_ext'))
    ) f (aspect, value)
    union all
    select 'settings', case s.setrole when 0 then 'everybody' else pg_get_userbyid(s.setrole) end,
        split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)
    from pg_db_role_setting s
    join pg_database d on d.oid = s.setdatabase and d.datname = current_database(),
    unnest(s.setconfig) c

    -- everything rarer: that it exists, and its comment
    union all
    select o.type, o.identity, f.aspect, f.value
    from (
        select 2605::oid as classid, c.oid from pg_cast c
        union all select 2617, c.oid from pg_operator c
        union all select 2616, c.oid from pg_opclass c
        union all select 2753, c.oid from pg_opfamily c
        union all select 2607, c.oid from pg_conversion c
        union all select 3456, c.oid from pg_collation c
        union all select 3602, c.oid from pg_ts_config c
        union all select 3600, c.oid from pg_ts_dict c
        union all select 2328, c.oid from pg_foreign_data_wrapper c
        union all select 1417, c.oid from pg_foreign_server c
        union all select 2612, c.oid from pg_language c
        union all select 2601, c.oid from pg_am c
        union all select 3576, c.oid from pg_transform c
    ) x,
    pg_identify_object(x.classid, x.oid, 0) o,
    lateral (values
        ('exists', 'true'),
        ('comment', (
            select d.description from pg_description d
            where d.classoid = x.classid and d.objoid = x.oid and d.objsubid = 0
        ))
    ) f (aspect, value)
    where x.oid >= 16384
      and (x.classid, x.oid) not in (select m.classid, m.objid from extension_member m)
)
select f.kind, f.identity, f.aspect, f.value
from fact f
where f.value is not null
order by f.kind collate "C", f.identity collate "C", f.aspect collate "C"
