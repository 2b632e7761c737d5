"""What the seeds folder may hold, and what is made of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pgschema.catalog import packaged_folders
from pgschema.errors import PgschemaError
from pgschema.seeding import PERSONAS, sizes, user_id
from pgschema.seeding.parts import read_reference, read_size

SEEDS = packaged_folders().seeds
WORDS = {
    name: words
    for name, words in read_size(SEEDS, "small").parameters.items()
    if isinstance(words, tuple)
}
QUERIES = sorted(SEEDS.rglob("*.sql"))


def _folder(tmp_path: Path, *names: str, **sizes: dict[str, Any]) -> Path:
    """Make a seeds folder of these files; the sizes, by default `tiny`, have queries there."""
    listed = {name: {"queries": name, **entry} for name, entry in (sizes or {"tiny": {}}).items()}
    (tmp_path / "sizes.json").write_text(json.dumps(listed))
    for name in names:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("select 1 as n;\n")
    return tmp_path


def test_the_sizes_are_those_that_are_listed(tmp_path: Path) -> None:
    seeds = _folder(tmp_path, "other/S001_01__a.sql", tiny={}, huge={"queries": "other"})
    assert sizes(seeds) == ("tiny", "huge")
    assert [part.name for part in read_size(seeds, "huge").parts] == ["public.a"]


def test_a_scale_multiplies_the_counts_and_nothing_else(tmp_path: Path) -> None:
    entry = {"counts": {"people": 10, "places": 3}, "constants": {"months": 24, "shares": [6, 4]}}
    seeds = _folder(tmp_path, "tiny/S001_01__a.sql", "vocabulary/x.txt", tiny=entry)
    size = read_size(seeds, "tiny", 0.1)
    assert size.parameters == {
        "people": "1",
        "places": "1",
        "months": "24",
        "shares": ("6", "4"),
        "x": ("select 1 as n;",),
    }
    assert read_size(seeds, "tiny", 2.5).parameters["people"] == "25"


@pytest.mark.parametrize("scale", [0, -1, float("nan"), float("inf")])
def test_a_scale_is_a_number_above_nought(tmp_path: Path, scale: float) -> None:
    seeds = _folder(tmp_path, "tiny/S001_01__a.sql", tiny={"counts": {"people": 10}})
    with pytest.raises(PgschemaError) as caught:
        read_size(seeds, "tiny", scale)
    assert caught.value.code == "PGS505"


def test_parts_are_loaded_by_migration_then_step_with_sub_folders(tmp_path: Path) -> None:
    seeds = _folder(
        tmp_path,
        "tiny/S010_01__late.sql",
        "tiny/S002_02__b.sql",
        "tiny/odd/S002_01__audit.a.sql",
        "tiny/odd/S002_02__b.sql",
    )
    assert [part.name for part in read_size(seeds, "tiny").parts] == [
        "audit.a", "public.b", "public.b", "public.late",
    ]  # fmt: skip


def test_a_query_is_read_without_its_semicolon(tmp_path: Path) -> None:
    (part,) = read_size(_folder(tmp_path, "tiny/S001_01__a.sql"), "tiny").parts
    assert part.query == "select 1 as n"


def test_an_unknown_size_names_those_there_are(tmp_path: Path) -> None:
    seeds = _folder(tmp_path, tiny={}, huge={})
    with pytest.raises(PgschemaError) as caught:
        read_size(seeds, "nhf")
    assert caught.value.code == "PGS500"
    assert "`nhf`" in caught.value.cause
    assert "tiny, huge" in caught.value.cause


@pytest.mark.parametrize("name", ["activities.sql", "S003__activities.sql", "S3_1__Äpfel.sql"])
def test_a_name_that_does_not_say_what_it_fills_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PgschemaError) as caught:
        read_size(_folder(tmp_path, f"tiny/{name}"), "tiny")
    assert caught.value.code == "PGS507"
    assert name in caught.value.cause


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PgschemaError) as caught:
        sizes(tmp_path / "nowhere")
    assert caught.value.code == "PGS506"


def test_a_missing_vocabulary_or_reference_folder_is_no_mistake(tmp_path: Path) -> None:
    seeds = _folder(tmp_path, "tiny/S001_01__a.sql")
    assert read_size(seeds, "tiny").parameters == {}
    assert read_reference(seeds) == ()


def test_every_size_that_is_listed_has_queries() -> None:
    assert {name: bool(read_size(SEEDS, name).parts) for name in sizes(SEEDS)} == {
        "small": True,
        "medium": True,
    }


@pytest.mark.parametrize("name", ["first_names", "last_names", "places"])
def test_a_list_has_sixty_different_words(name: str) -> None:
    words = WORDS[name]
    assert len(words) == len(set(words)) == 60
    assert all(word == word.strip() != "" for word in words)


def test_the_words_have_what_breaks_careless_programs() -> None:
    everything = "".join(word for words in WORDS.values() for word in words)
    assert set("æøåÆØÅ-'") <= set(everything)
    everything.encode("latin-1")  # a database may have that encoding


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.relative_to(SEEDS).as_posix())
def test_a_query_depends_on_its_seed_alone(path: Path) -> None:
    text = re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))
    forbidden = r"\b(random|setseed|now|hash\w*|gen_random_uuid|\w*_timestamp|current_date)\s*\("
    assert not re.search(forbidden, text)
    assert not re.search(r"\bcurrent_(date|time|timestamp)\b|\blocaltime", text)


@pytest.mark.parametrize("path", QUERIES, ids=lambda path: path.relative_to(SEEDS).as_posix())
def test_a_query_says_first_what_its_rows_are(path: Path) -> None:
    number = path.name[:4]
    assert path.read_text(encoding="utf-8").startswith((f"-- {number}: ", f"-- {number} "))


def test_a_persona_keeps_its_user_id_for_ever() -> None:
    assert str(user_id("coordinator-k1")) == "800f25c8-7241-113a-3b89-bae5c173755f"


def test_personas_have_names_and_user_ids_of_their_own() -> None:
    assert len({persona.name for persona in PERSONAS}) == len(PERSONAS)
    assert len({persona.user_id for persona in PERSONAS}) == len(PERSONAS)


def test_the_docs_have_every_persona_with_its_user_id() -> None:
    page = Path(__file__).parents[2] / "docs" / "explanation" / "synthetic-data.md"
    text = page.read_text(encoding="utf-8")
    missing = [p.name for p in PERSONAS if f"| `{p.name}` | `{p.user_id}` |" not in text]
    assert missing == []
