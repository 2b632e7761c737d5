"""V001-V003 on Supabase: no superuser, old default privileges, a schema auth of somebody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from pgschema.catalog import packaged_folders, read_catalog
from pgschema.fingerprint import Fingerprint, catalogue_fingerprint, row_checksums
from pgschema.reconcile import find_drift, repair_drift
from pgschema.server import EphemeralCluster
from pgschema.testing.requests import request_as

if TYPE_CHECKING:
    from psycopg import Connection

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
FOLDERS = packaged_folders()
CATALOG = read_catalog(FOLDERS.migrations, FOLDERS.rollbacks)
USER = "6c1e9d4e-0000-4000-8000-000000000001"


def apply(conninfo: str, sql: str) -> None:
    """Send a file as `psql -1` does: one transaction, one role."""
    with psycopg.connect(conninfo) as conn:
        conn.execute(sql.encode())


def fingerprint(cluster: EphemeralCluster, dbname: str) -> Fingerprint:
    with psycopg.connect(cluster.conninfo(dbname), autocommit=True) as conn:
        return catalogue_fingerprint(conn)


@pytest.fixture(scope="module")
def supabase() -> Iterator[EphemeralCluster]:
    """A cluster whose roles are Supabase's."""
    with EphemeralCluster() as cluster:
        with psycopg.connect(cluster.conninfo(), autocommit=True) as conn:
            conn.execute("create role deployer login")
            conn.execute("create database project owner deployer")
        apply(cluster.conninfo("project"), (HERE / "supabase_like.sql").read_text())
        yield cluster


@pytest.fixture(scope="module")
def before(supabase: EphemeralCluster) -> Fingerprint:
    """The project before any migration."""
    return fingerprint(supabase, "project")


@pytest.fixture
def project(supabase: EphemeralCluster, before: Fingerprint) -> Iterator[str]:
    """The connection string of the deployer, with all migrations applied; taken down again."""
    conninfo = supabase.conninfo("project", user="deployer")
    for migration in CATALOG.migrations:
        apply(conninfo, migration.text)
    yield conninfo
    for migration in reversed(CATALOG.migrations):
        assert migration.rollback
        apply(conninfo, f"set pgschema.discard = 'on'; {migration.rollback.text}")


@pytest.fixture
def deployer(project: str) -> Iterator[Connection[Any]]:
    with psycopg.connect(project, autocommit=True) as conn:
        assert conn.execute(
            "select rolsuper from pg_roles where rolname = current_user"
        ).fetchone() == (False,)
        yield conn


def test_the_structure_and_every_privilege_are_those_of_a_superusers_deployment(
    supabase: EphemeralCluster, project: str
) -> None:
    query = """
        select n.nspname, c.relname, c.relkind::text, c.relowner::regrole::text,
            array(select x::text from unnest(c.relacl) as x order by x::text),
            array(
                select a.attname || ' ' || x::text
                from pg_attribute as a, unnest(a.attacl) as x
                where a.attrelid = c.oid order by 1
            ),
            array(
                select concat_ws(' ', p.polname, p.polcmd, p.polroles::regrole[]::text,
                    pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
                from pg_policy as p where p.polrelid = c.oid order by 1
            ),
            c.relrowsecurity, c.relforcerowsecurity
        from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname in ('public', 'authz', 'stats')
        union all
        select n.nspname, p.oid::regprocedure::text, 'function', p.proowner::regrole::text,
            array(select x::text from unnest(p.proacl) as x order by x::text), '{}',
            array[p.prosecdef::text, p.proconfig::text, md5(pg_get_functiondef(p.oid))], null, null
        from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
        where n.nspname in ('public', 'authz', 'stats')
        union all
        select n.nspname, '', 'schema', n.nspowner::regrole::text,
            array(select x::text from unnest(n.nspacl) as x order by x::text), '{}', '{}', null,
            null
        from pg_namespace as n where n.nspname in ('authz', 'stats')
        order by 1, 2, 3
    """
    with EphemeralCluster() as plain:
        for migration in CATALOG.migrations:
            apply(plain.conninfo(), migration.text)
        with psycopg.connect(plain.conninfo()) as conn:
            wanted = conn.execute(query).fetchall()
    with psycopg.connect(supabase.conninfo("project")) as conn:
        assert conn.execute(query).fetchall() == wanted
    assert len(wanted) > 60


def test_a_second_run_of_each_file_changes_nothing(
    supabase: EphemeralCluster, project: str
) -> None:
    was = fingerprint(supabase, "project")
    for migration in CATALOG.migrations:
        apply(project, migration.text)
    assert fingerprint(supabase, "project").diff(was) == ()


def test_going_down_leaves_the_project_as_it_was(
    supabase: EphemeralCluster, before: Fingerprint, project: str
) -> None:
    for migration in reversed(CATALOG.migrations):
        assert migration.rollback
        apply(project, migration.rollback.text)
    now = fingerprint(supabase, "project")
    assert before.diff(now) == ()


def test_rows_survive_the_way_down_and_up_again(supabase: EphemeralCluster, project: str) -> None:
    admin = psycopg.connect(supabase.conninfo("project"), autocommit=True)
    admin.execute((HERE / "world.sql").read_bytes())
    admin.execute("""
        insert into public.assignments (org_id, chapter_id, peer_mentor_id, title)
        select org_id, chapter_id, id, 'a visit' from public.peer_mentors
    """)
    was = row_checksums(admin)
    for migration in reversed(CATALOG.migrations):
        assert migration.rollback
        apply(project, migration.rollback.text)
    assert not [name for name in row_checksums(admin) if name.startswith("public.")]
    for migration in CATALOG.migrations:
        apply(project, migration.text)
    assert row_checksums(admin) == was
    admin.close()


def test_supabases_own_schema_auth_is_not_touched(deployer: Connection[Any]) -> None:
    owners = deployer.execute("""
        select distinct p.proowner::regrole::text, n.nspowner::regrole::text
        from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
        where n.nspname = 'auth'
    """).fetchall()
    assert owners == [("supabase_auth_admin", "supabase_auth_admin")]


@pytest.mark.parametrize(
    "claims",
    [{"sub": USER}, {"sub": USER, "role": "authenticated"}, {"role": "anon"}, {}],
    ids=["sub", "sub and role", "no sub", "nothing"],
)
def test_our_uid_is_supabases_uid(deployer: Connection[Any], claims: dict[str, str]) -> None:
    with deployer.transaction():
        deployer.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps(claims),))
        assert deployer.execute(
            "select authz.uid() is not distinct from auth.uid()"
        ).fetchone() == (True,)


def test_the_old_default_privileges_give_nobody_anything(deployer: Connection[Any]) -> None:
    """TRUNCATE ignores row security and TRIGGER runs code as others: neither, nor DELETE."""
    found = deployer.execute("""
        select c.oid::regclass::text, r.role, p.privilege
        from pg_class as c
        cross join unnest('{anon, authenticated, service_role}'::text[]) as r (role)
        cross join unnest('{DELETE, TRUNCATE, REFERENCES, TRIGGER}'::text[]) as p (privilege)
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
            and has_table_privilege(r.role, c.oid, p.privilege)
        union all
        select c.oid::regclass::text, 'anon', p.privilege
        from pg_class as c
        cross join unnest('{SELECT, INSERT, UPDATE}'::text[]) as p (privilege)
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
            and (has_table_privilege('anon', c.oid, p.privilege)
                or has_any_column_privilege('anon', c.oid, p.privilege))
    """).fetchall()
    assert found == []


def test_the_deployer_repairs_counts_without_being_superuser(
    supabase: EphemeralCluster, deployer: Connection[Any]
) -> None:
    with psycopg.connect(supabase.conninfo("project"), autocommit=True) as admin:
        admin.execute((HERE / "world.sql").read_bytes())
        admin.execute(
            "update public.peer_mentors set assignment_count = 5 where user_id is not null"
        )
    wrong = find_drift(deployer)
    assert {one.display_name for one in wrong} == {"Mentor 1", "Mentor 40", "Mentor 46"}
    assert repair_drift(deployer) == wrong
    assert find_drift(deployer) == ()


def test_a_request_behind_the_api_is_held_to_its_scope(
    supabase: EphemeralCluster, project: str
) -> None:
    with psycopg.connect(supabase.conninfo("project"), autocommit=True) as admin:
        admin.execute((HERE / "world.sql").read_bytes())
        found = admin.execute("select md5('user:kari')::uuid").fetchone()
    assert found
    with request_as(supabase.conninfo("project", user="authenticator"), found[0]) as kari:
        chapters = kari.execute("select distinct chapter_id from public.peer_mentors").fetchall()
    assert len(chapters) == 1


def test_a_role_that_may_not_create_roles_is_told_so(supabase: EphemeralCluster) -> None:
    with psycopg.connect(supabase.conninfo(), autocommit=True) as admin:
        admin.execute("drop database if exists weak")
        admin.execute("drop role if exists weak")
        admin.execute("create role weak login")
        admin.execute("create database weak owner weak")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        apply(supabase.conninfo("weak", user="weak"), CATALOG.migrations[0].text)
