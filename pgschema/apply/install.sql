-- The ledger. The three _yoyo_ tables are what yoyo 9 makes itself (a test compares them), so
-- that `yoyo list` still tells the truth; the other two keep what yoyo does not.
create schema if not exists pgschema;
comment on schema pgschema is 'Which migrations this database has. Closed to everybody but its owner.';

create table if not exists pgschema._yoyo_migration (
    migration_hash varchar(64) not null,
    migration_id varchar(255),
    applied_at_utc timestamp,
    constraint _yoyo_migration_pkey primary key (migration_hash)
);

create table if not exists pgschema._yoyo_log (
    id varchar(36) not null,
    migration_hash varchar(64),
    migration_id varchar(255),
    operation varchar(10),
    username varchar(255),
    hostname varchar(255),
    comment varchar(255),
    created_at_utc timestamp,
    constraint _yoyo_log_pkey primary key (id)
);

create table if not exists pgschema._yoyo_version (
    version int not null,
    installed_at_utc timestamp,
    constraint _yoyo_version_pkey primary key (version)
);

insert into pgschema._yoyo_version (version, installed_at_utc)
values (2, pg_catalog.now() at time zone 'UTC')
on conflict do nothing;

create table if not exists pgschema.applied_files (
    migration_hash varchar(64) not null,
    ordinal bigint generated always as identity,
    is_repeatable boolean not null,
    is_stale boolean not null default false,
    checksum text not null,
    semantic_checksum text not null,
    body text not null,
    rollback_body text,
    duration_ms double precision not null,
    applied_by text not null,
    applied_with text not null,
    constraint applied_files_pkey primary key (migration_hash),
    constraint applied_files_migration_hash_fkey foreign key (migration_hash)
        references pgschema._yoyo_migration (migration_hash) on delete cascade
);

create table if not exists pgschema.unfinished_files (
    migration_id text not null,
    direction text not null,
    checksum text not null,
    started_at timestamptz not null default pg_catalog.now(),
    started_by text not null default session_user,
    object_before oid,
    resolution text,
    constraint unfinished_files_pkey primary key (migration_id),
    constraint unfinished_files_direction_is_known check (direction in ('apply', 'rollback')),
    constraint unfinished_files_resolution_is_known check (resolution in ('done', 'again'))
);

comment on table pgschema._yoyo_migration is 'One row per applied file; owned by yoyo.';
comment on table pgschema._yoyo_log is 'Every apply and rollback there ever was; owned by yoyo.';
comment on table pgschema._yoyo_version is 'The version of the _yoyo_ tables; owned by yoyo.';
comment on table pgschema.applied_files is 'Text and checksums of each applied file.';
comment on table pgschema.unfinished_files is 'Files without a transaction that are not seen to finish.';

do $$
declare
    ledger_table record;
    grant_given record;
begin
    for ledger_table in
        select c.oid, c.relname, c.relkind, c.relacl, c.relowner
        from pg_catalog.pg_class as c
        where c.relnamespace = 'pgschema'::regnamespace and c.relkind in ('r', 'S')
    loop
        if ledger_table.relkind = 'r' then
            execute format('alter table pgschema.%I enable row level security', ledger_table.relname);
        end if;
        -- Default privileges (Supabase has them) may have granted something to anybody.
        for grant_given in
            select distinct a.grantee from pg_catalog.aclexplode(ledger_table.relacl) as a
            where a.grantee <> ledger_table.relowner
        loop
            execute format(
                'revoke all on %s pgschema.%I from %s',
                case ledger_table.relkind when 'S' then 'sequence' else 'table' end,
                ledger_table.relname,
                case grant_given.grantee when 0 then 'public'
                    else grant_given.grantee::regrole::text end
            );
        end loop;
    end loop;
    for grant_given in
        select distinct a.grantee from pg_catalog.pg_namespace as n,
            pg_catalog.aclexplode(n.nspacl) as a
        where n.nspname = 'pgschema' and a.grantee <> n.nspowner
    loop
        execute format(
            'revoke all on schema pgschema from %s',
            case grant_given.grantee when 0 then 'public'
                else grant_given.grantee::regrole::text end
        );
    end loop;
end
$$;
