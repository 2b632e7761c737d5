from __future__ import annotations

from contextlib import suppress
from uuid import UUID, uuid4

import psycopg
import pytest

from pgschema.errors import PgschemaError
from pgschema.fingerprint import catalogue_fingerprint, row_checksums
from pgschema.seeding.personas import user_id
from pgschema.testing.clones import AsUser, Clone
from pgschema.testing.requests import user_id_of
from pgschema.testing.templates import Stock, Template, template_digest
from pgschema.testing.workshop import Workshop

CLAIMS = "select current_user, session_user, current_setting('request.jwt.claims')::jsonb"


def _tables(clone: Clone) -> set[str]:
    rows = clone.owner.execute("select tablename from pg_tables where schemaname = 'public'")
    return {name for (name,) in rows}


def _organizations(clone: Clone) -> int:
    (count,) = clone.owner.execute("select count(*) from public.organizations").fetchone() or (-1,)
    return count


def test_a_bare_database_has_no_tables(bare_db: Clone) -> None:
    assert _tables(bare_db) == set()


def test_an_empty_database_has_tables_without_rows(empty_db: Clone) -> None:
    assert _organizations(empty_db) == 0


def test_an_empty_database_is_a_copy_of_its_template(
    workshop: Workshop, empty_template: Template, empty_db: Clone
) -> None:
    assert empty_template.stock is Stock.MIGRATED
    with psycopg.connect(workshop.server.conninfo(dbname=empty_template.name)) as conn:
        origin = catalogue_fingerprint(conn)
    assert [str(d) for d in origin.diff(catalogue_fingerprint(empty_db.owner))] == []


def test_a_database_has_the_small_data_set(db: Clone) -> None:
    assert _organizations(db) > 2


def test_a_clone_equals_its_template(workshop: Workshop, template: Template, db: Clone) -> None:
    with psycopg.connect(workshop.server.conninfo(dbname=template.name)) as conn:
        origin = catalogue_fingerprint(conn), row_checksums(conn)
    assert [str(d) for d in origin[0].diff(catalogue_fingerprint(db.owner))] == []
    assert origin[1] == row_checksums(db.owner)


def test_privileges_on_the_database_come_along(workshop: Workshop) -> None:
    template = workshop.template(Stock.BARE)
    clone = Clone(workshop.server, template.name)
    clone.owner.execute(f"grant create on database {template.name} to pg_monitor")
    clone.owner.execute(f"revoke temporary on database {template.name} from public")
    copy = None
    try:
        clone.close()
        copy = workshop.clone(Stock.BARE)
        (acl,) = copy.owner.execute(
            "select datacl::text from pg_database where datname = current_database()"
        ).fetchone() or ("",)
        assert "pg_monitor=C/" in acl
        assert "=T" not in acl.split(",")[0]
    finally:
        if copy:
            workshop.discard(copy)
        clone.owner.execute(f"revoke create on database {template.name} from pg_monitor")
        clone.owner.execute(f"grant temporary on database {template.name} to public")
        clone.close()


def test_a_clone_is_seen_by_one_test_only(workshop: Workshop) -> None:
    first, second = workshop.clone(Stock.BARE), workshop.clone(Stock.BARE)
    first.owner.execute("create table public.mine ()")
    assert (_tables(first), _tables(second)) == ({"mine"}, set())
    workshop.discard(first)
    workshop.discard(second)


def test_a_discarded_clone_is_dropped_whoever_is_connected(workshop: Workshop) -> None:
    clone = workshop.clone(Stock.BARE)
    ours = clone.owner
    with psycopg.connect(clone.conninfo, autocommit=True) as forgotten:
        workshop.discard(clone)
        assert ours.closed
        with suppress(psycopg.OperationalError):
            forgotten.execute("select pg_sleep(30)")  # ended by the drop, long before
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(clone.conninfo)


def test_a_digest_tells_servers_and_stocks_apart() -> None:
    digests = {template_digest(stock, version) for stock in Stock for version in ("15.1", "15.2")}
    assert len(digests) == 6


def test_a_request_is_made_as_postgrest_makes_it(as_user: AsUser) -> None:
    sub = uuid4()
    with as_user(sub, aal="aal2") as conn:
        row = conn.execute(CLAIMS).fetchone()
        assert row == (
            "authenticated",
            "authenticator",
            {"sub": str(sub), "role": "authenticated", "aal": "aal2"},
        )
        assert conn.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS


def test_nothing_of_a_request_outlives_its_transaction(as_user: AsUser) -> None:
    with as_user(uuid4()) as conn:
        conn.commit()
        role, _, _ = conn.execute(CLAIMS.replace("::jsonb", "::text")).fetchone() or ("",) * 3
        (claims,) = conn.execute("select current_setting('request.jwt.claims')").fetchone() or ()
        assert (role, claims) == ("authenticator", "")


def test_nobody_is_signed_in_without_a_sub(as_user: AsUser) -> None:
    with as_user(role="anon") as conn:
        assert conn.execute(CLAIMS).fetchone() == ("anon", "authenticator", {"role": "anon"})


def test_a_person_of_the_data_set_signs_in_by_name(as_user: AsUser) -> None:
    with as_user("coordinator-k1") as conn:
        row = conn.execute("select authz.uid(), cardinality(authz.my_chapter_ids())").fetchone()
    assert row == (user_id("coordinator-k1"), 2)


def test_a_name_that_nobody_has_is_refused() -> None:
    with pytest.raises(LookupError, match="coordinator-k1"):
        user_id_of("coordinator-k9")
    assert user_id_of(str(UUID(int=7))) == UUID(int=7)


@pytest.mark.parametrize("attribute", ["superuser", "bypassrls"])
def test_a_role_that_row_security_does_not_hold_is_refused(db: Clone, attribute: str) -> None:
    role = f"harness_{attribute}"
    db.owner.execute(f"create role {role} {attribute}; grant {role} to authenticator")
    try:
        with pytest.raises(PgschemaError) as caught, db.as_user(role=role):
            raise AssertionError("the request was opened")
    finally:
        db.owner.execute(f"drop role {role}")
    assert (caught.value.code, caught.value.details) == ("PGS450", {"role": role})


RENAME = "update public.organizations set name = 'renamed' where slug = 'NHF'"


def _renamed(db: Clone) -> bool:
    found = db.owner.execute("select from public.organizations where name = 'renamed'")
    return found.rowcount == 1


def test_a_request_commits(db: Clone) -> None:
    with db.as_user("platform-admin") as conn:
        conn.execute(RENAME)
    assert _renamed(db)


def test_a_request_that_is_only_a_look_changes_nothing(db: Clone) -> None:
    with db.as_user("platform-admin", commit=False) as conn:
        assert conn.execute(RENAME).rowcount == 1
    assert not _renamed(db)


def test_a_request_that_raises_changes_nothing(db: Clone) -> None:
    def fail() -> None:
        with db.as_user("platform-admin") as conn:
            assert conn.execute(RENAME).rowcount == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not _renamed(db)
