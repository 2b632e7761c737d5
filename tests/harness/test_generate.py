from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pgschema.catalog import packaged_folders, read_catalog
from pgschema.documenting import page, read_header
from pgschema.fingerprint import catalogue_fingerprint
from pgschema.testing.clones import Clone
from pgschema.testing.generate import (
    GOLDEN_MAJOR,
    GOLDEN_SCHEMA,
    SCHEMA_PAGES,
    faults,
    golden_schema,
    schema_pages,
    write,
)
from pgschema.testing.workshop import Workshop

ROOT = packaged_folders().migrations.parent

MADE = """
create table public.things (
    thing_id int not null,
    label text default 'x | y',
    constraint things_pkey primary key (thing_id)
);
comment on table public.things is 'What there is.';
comment on column public.things.label is 'Its name.';
alter table public.things enable row level security;
create policy things_seen on public.things for select to pg_monitor using (true);
grant select, update (label) on public.things to pg_monitor;
create index things_by_label on public.things (label);
alter table public.older add column more int;
create function public.one() returns int language sql as 'select 1';
comment on function public.one() is 'One.';
revoke execute on function public.one() from public;
"""

LINES = [
    "# V001: tenants, their chapters and people, and who may see what.",
    "- **Why**: everything later hangs on organisations and chapters",
    "### public.things",
    "What there is.",
    "| `thing_id` | integer | no |  |  |",
    "| `label` | text | yes | `'x \\| y'::text` | Its name. |",
    "- `things_pkey`: `PRIMARY KEY (thing_id)`",
    "- `things_by_label`: `btree (label)`",
    "| `things_seen` | select | pg_monitor |  |",
    "| pg_monitor | select, update (label) |",
    "## Added to what was there",
    "| `more` | integer | yes |  |  |",
    "| `public.one()` | One. | the owner |",
]


def test_a_page_tells_what_a_migration_made(bare_db: Clone) -> None:
    folders = packaged_folders()
    migration = read_catalog(folders.migrations, folders.rollbacks).migrations[0]
    bare_db.owner.execute("create table public.older (id int)")
    before = catalogue_fingerprint(bare_db.owner)
    bare_db.owner.execute(MADE)
    text = page(migration, before, catalogue_fingerprint(bare_db.owner))
    places = [text.find(line) for line in LINES]
    assert -1 not in places, LINES[places.index(-1)]
    assert "older (" not in text
    assert text.index("`thing_id` |") < text.index("`label` |"), "columns keep the table's order"


def test_a_header_is_a_sentence_and_paragraphs() -> None:
    header = read_header(
        "-- V007: does it.\n--\n-- Why: because\n--   of that.\n-- Locks: none.\nx;"
    )
    assert header.sentence == "does it."
    assert header.paragraphs == (("Why", "because of that."), ("Locks", "none."))


def test_a_file_without_a_header_has_an_empty_one() -> None:
    assert read_header("create table t ();").sentence == ""


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    """Give a server of our own: what is generated depends on its version."""
    own = Workshop()
    yield own
    own.close()


def test_every_migration_has_a_page_and_all_are_listed(workshop: Workshop) -> None:
    pages = schema_pages(workshop)
    index = pages[f"{SCHEMA_PAGES}/README.md"]
    stems = [path.stem.replace("__", "_", 1) for path in (ROOT / "migrations").glob("V*.sql")]
    assert stems
    for stem in stems:
        assert f"{SCHEMA_PAGES}/{stem}.md" in pages
        assert f"({stem}.md)" in index


def test_the_golden_schema_is_what_the_migrations_make(workshop: Workshop) -> None:
    binaries = workshop.cluster.binaries
    if binaries.major != GOLDEN_MAJOR or not (binaries.bin_dir / "pg_dump").exists():
        pytest.skip(f"pg_dump {GOLDEN_MAJOR} writes it, this server is {binaries.version}")
    text = golden_schema(workshop)
    assert "restrict " not in text.replace("restrict_", "")
    assert "Dumped" not in text
    assert text == (ROOT / GOLDEN_SCHEMA).read_text(encoding="utf-8"), "make generate"


def test_what_differs_is_named_and_then_written(tmp_path: Path) -> None:
    stray = tmp_path / SCHEMA_PAGES / "V009_gone.md"
    stray.parent.mkdir(parents=True)
    stray.touch()
    (tmp_path / "same.md").write_text("same\n")
    (tmp_path / "other.md").write_text("old\n")
    wanted = {"same.md": "same\n", "other.md": "new\n", "docs/missing.md": "x\n"}

    found = list(faults(tmp_path, wanted))
    assert found[0] == "docs/missing.md is missing"
    assert "-old\n+new" in found[1]
    assert found[2:] == [f"{SCHEMA_PAGES}/V009_gone.md is no longer generated"]

    assert len(list(write(tmp_path, wanted))) == 3
    assert list(faults(tmp_path, wanted)) == []
    assert list(write(tmp_path, wanted)) == []
