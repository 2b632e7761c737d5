"""The proof on both sides: a good pair of files holds, every broken rollback is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgschema.apply import migrate
from pgschema.catalog import Catalog, Version, read_catalog
from pgschema.errors import PgschemaError
from pgschema.proving import Proof, prove
from pgschema.testing.clones import Clone
from pgschema.testing.templates import Stock
from pgschema.testing.workshop import Workshop

pytestmark = pytest.mark.slow

BASE = """
create table public.people (id bigint generated always as identity primary key, name text);
insert into public.people (name) values ('Åse'), ('Bjørn');
grant select on public.people to pg_monitor;
alter table public.people enable row level security;
create function public.one() returns int language sql set search_path = pg_catalog as 'select 1';
comment on function public.one() is 'one';
"""

UP = """
do $$ begin
    if to_regclass('archive_v002.notes') is not null then
        alter table archive_v002.notes set schema public;
        drop schema archive_v002;
    end if;
end $$;
create table if not exists public.notes (
    id bigint generated always as identity primary key, person_id bigint, body text
);
create or replace function public.one() returns int language sql as 'select 2';
"""

DOWN = """
create or replace function public.one() returns int language sql set search_path = pg_catalog
as 'select 1';
do $$ begin
    if exists (select from public.notes) then
        create schema archive_v002;
        alter table public.notes set schema archive_v002;
    else
        drop table public.notes;
    end if;
end $$;
"""

BROKEN = {
    "drops the rows": DOWN.replace("if exists (select from public.notes)", "if false"),
    "forgets the old body": DOWN.replace("'select 1'", "'select 2'"),
    "forgets the function's setting": DOWN.replace("set search_path = pg_catalog", ""),
    "takes a grant along": f"{DOWN} revoke select on public.people from pg_monitor;",
    "leaves row security off": f"{DOWN} alter table public.people disable row level security;",
    "takes a comment along": f"{DOWN} comment on function public.one() is null;",
    "leaves an index": f"{DOWN} create index if not exists left_over on public.people (name);",
    "loses a row of another table": f"{DOWN} delete from public.people where name = 'Åse';",
    "changes a value": f"{DOWN} update public.people set name = upper(name);",
    "sets a sequence back": f"{DOWN} select setval('public.people_id_seq', 1, false);",
    "loses one archived row": f"{DOWN} do $$ begin "
    "if to_regclass('archive_v002.notes') is not null then "
    "delete from archive_v002.notes where id = 1; end if; end $$;",
}


def _catalog(folder: Path, down: str = DOWN, up: str = UP) -> Catalog:
    texts = {
        "migrations/V001__create_people.sql": BASE,
        "migrations/V002__add_notes.sql": up,
        "migrations/V003__add_more.sql": "create table public.more (id int);",
        "rollbacks/V001__rollback_people.sql": "drop function public.one(); "
        "drop table public.people;",
        "rollbacks/V002__rollback_notes.sql": down,
        "rollbacks/V003__rollback_more.sql": "drop table public.more;",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return read_catalog(folder / "migrations", folder / "rollbacks")


def _filled_and_proved(clone: Clone, catalog: Catalog, version: int = 2) -> Proof:
    migrate(clone.conninfo, catalog)
    clone.owner.execute("insert into public.notes (person_id, body) values (1, 'a'), (2, 'b')")
    return prove(clone.conninfo, catalog, Version((version,)))


def test_a_rollback_that_undoes_and_keeps_holds(bare_db: Clone, tmp_path: Path) -> None:
    proof = _filled_and_proved(bare_db, _catalog(tmp_path))
    assert (proof.holds, proof.findings, proof.rows) == (True, (), 4)
    assert [step.name for step in proof.steps] == [
        "to the version", "down", "up", "down again", "up again",
    ]  # fmt: skip


def test_an_empty_database_is_taken_up_first(bare_db: Clone, tmp_path: Path) -> None:
    proof = prove(bare_db.conninfo, _catalog(tmp_path), Version((2,)))
    assert proof.holds
    assert [step.name for step in proof.steps] == ["down", "up", "down again", "up again"]


def test_the_first_version_goes_down_to_nothing(bare_db: Clone, tmp_path: Path) -> None:
    catalog = _catalog(tmp_path)
    assert prove(bare_db.conninfo, catalog, Version((1,))).holds


@pytest.mark.parametrize("down", BROKEN.values(), ids=BROKEN)
def test_it_finds_a_rollback_that(
    workshop: Workshop, bare_db: Clone, tmp_path: Path, down: str
) -> None:
    """Empty and filled together: only an empty one is seen before the first way up."""
    catalog = _catalog(tmp_path, down)
    second = workshop.clone(Stock.BARE)
    proofs = (
        prove(bare_db.conninfo, catalog, Version((2,))),
        _filled_and_proved(second, catalog),
    )
    workshop.discard(second)
    findings = [str(finding) for proof in proofs for finding in proof.findings]
    assert findings
    assert all(finding.startswith("after ") for finding in findings)


def test_it_finds_a_migration_that_does_not_make_the_same_twice(
    bare_db: Clone, tmp_path: Path
) -> None:
    up = f"{UP} do $$ begin if exists (select from public.notes) then "
    up += "comment on table public.notes is 'filled'; end if; end $$;"
    proof = _filled_and_proved(bare_db, _catalog(tmp_path, up=up))
    assert "comment" in proof.findings[0].text


def test_a_file_that_fails_is_an_error_and_no_finding(bare_db: Clone, tmp_path: Path) -> None:
    with pytest.raises(PgschemaError):
        _filled_and_proved(bare_db, _catalog(tmp_path, "drop table public.nothing;"))
