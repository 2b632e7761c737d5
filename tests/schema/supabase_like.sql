-- What a hosted Supabase project has before the first migration: sent by the superuser to a new
-- cluster, into the project's database. `deployer` is what Supabase calls `postgres` there.
alter role deployer with nosuperuser createdb createrole replication bypassrls;

create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;
create role supabase_auth_admin nologin noinherit createrole;
create role supabase_realtime_admin nologin noinherit;

create schema auth authorization supabase_auth_admin;
grant usage on schema auth to anon, authenticated, service_role, deployer;
create table auth.users (id uuid primary key);
create function auth.uid() returns uuid language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')
    )::uuid
$$;
create function auth.jwt() returns jsonb language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim', true), ''),
        nullif(current_setting('request.jwt.claims', true), '')
    )::jsonb
$$;
create function auth.role() returns text language sql stable as $$
    select coalesce(
        nullif(current_setting('request.jwt.claim.role', true), ''),
        (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role')
    )::text
$$;
alter table auth.users owner to supabase_auth_admin;
alter function auth.uid() owner to supabase_auth_admin;
alter function auth.jwt() owner to supabase_auth_admin;
alter function auth.role() owner to supabase_auth_admin;
create schema realtime authorization supabase_realtime_admin;

grant usage on schema public to anon, authenticated, service_role;
-- the default privileges of projects older than autumn 2026
alter default privileges for role deployer in schema public
grant all on tables to deployer, anon, authenticated, service_role;
alter default privileges for role deployer in schema public
grant all on functions to deployer, anon, authenticated, service_role;
alter default privileges for role deployer in schema public
grant all on sequences to deployer, anon, authenticated, service_role;

set client_min_messages = error;
create publication supabase_realtime;
alter publication supabase_realtime owner to deployer;
reset client_min_messages;
