from __future__ import annotations

import os
from pathlib import Path

import pytest

from pgschema.catalog import Catalog, Version, packaged_folders, parse_version, read_catalog
from pgschema.errors import PgschemaError


def folder(root: Path, *names: str, text: str = "select 1;") -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    root.mkdir(exist_ok=True)
    return root


def names(catalog: Catalog) -> list[str]:
    return [m.stem for m in (*catalog.migrations, *catalog.repeatables)]


def refusal(migrations: Path, rollbacks: Path | None = None) -> PgschemaError:
    with pytest.raises(PgschemaError) as caught:
        read_catalog(migrations, rollbacks)
    assert caught.value.exit_code == 2
    return caught.value


def test_numbers_are_ordered_as_numbers(tmp_path: Path) -> None:
    folder(tmp_path, "V10__c.sql", "V2__a.sql", "V2.1__b.sql", "V20240101__d.sql", "V2_5__e.sql")
    assert names(read_catalog(tmp_path)) == [
        *("V2__a", "V2.1__b", "V2_5__e", "V10__c", "V20240101__d")
    ]


def test_a_version_is_written_back_as_it_was_written() -> None:
    assert [str(parse_version(text)) for text in ("V007", "7", "1.2", "v1_2", "V003__a_b")] == [
        *("V007", "V7", "V1.2", "V1.2", "V003")
    ]
    assert parse_version("head") is None
    assert Version((1, 0)) == Version((1,))
    assert str(Version((1, 2))) == "V1.2"


def test_repeatables_come_last_and_by_name(tmp_path: Path) -> None:
    folder(tmp_path, "R__b.sql", "R__a.sql", "V1__x.sql")
    assert names(read_catalog(tmp_path)) == ["V1__x", "R__a", "R__b"]


def test_sub_folders_are_read_and_other_files_left_alone(tmp_path: Path) -> None:
    folder(tmp_path, "a/b/V2__y.sql", "V1__x.sql", "README.md", ".#V3__z.sql", "notes.SQL.bak")
    assert names(read_catalog(tmp_path)) == ["V1__x", "V2__y"]


def test_a_rollback_is_found_by_its_number(tmp_path: Path) -> None:
    folder(tmp_path / "m", "V001__add_users.sql", "V002__add_teams.sql")
    folder(tmp_path / "r", "V001__rollback_users.sql", "V003__rollback_later.sql")
    catalog = read_catalog(tmp_path / "m", tmp_path / "r")
    first, second = catalog.migrations
    assert first.rollback is not None
    assert first.rollback.stem == "V001__rollback_users"
    assert second.rollback is None
    assert second.rollback_name == "V002__rollback_teams.sql"
    assert catalog.notes == ("V003__rollback_later.sql has no migration V003",)


def test_bom_and_crlf_do_not_change_a_file(tmp_path: Path) -> None:
    (tmp_path / "V1__a.sql").write_bytes(b"\xef\xbb\xbfselect 1;\r\n-- \xc3\xb8\r\n")
    (tmp_path / "V2__b.sql").write_bytes("select 1;\n-- ø\n".encode())
    first, second = read_catalog(tmp_path).migrations
    assert first.text == second.text
    assert first.checksum == second.checksum


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere").code == "PGS101"
    assert refusal(folder(tmp_path / "m"), tmp_path / "nowhere").code == "PGS101"


def test_an_empty_folder_is_an_empty_catalogue(tmp_path: Path) -> None:
    assert names(read_catalog(tmp_path)) == []


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("v007_add_users.sql", "V007__add_users.sql"),
        ("V007_add_users.sql", "V007__add_users.sql"),
        ("007-add users.sql", "V007__add_users.sql"),
        ("20240101120000_add.sql", "V20240101120000__add.sql"),
        ("V3_10_4_Add_Index.sql", "V3_10_4__Add_Index.sql"),
        ("v1.2__x.sql", "V1.2__x.sql"),
        ("V7.sql", "V7__what_it_does.sql"),
        ("B5__baseline.sql", "V5__baseline.sql"),
        ("R_views.sql", "R__what_it_does.sql"),
        ("add_users.sql", "V001__what_it_does.sql"),
        ("V__x.sql", "V001__what_it_does.sql"),
    ],
)
def test_a_name_that_cannot_be_read_is_refused(tmp_path: Path, name: str, suggestion: str) -> None:
    error = refusal(folder(tmp_path, name))
    assert (error.code, error.details["suggestion"]) == ("PGS102", suggestion)


def test_a_name_is_the_same_however_a_disk_writes_its_letters(tmp_path: Path) -> None:
    composed, decomposed = "V1__st\u00e5.sql", "V1__sta\u030a.sql"
    (one,) = read_catalog(folder(tmp_path / "a", composed)).migrations
    (other,) = read_catalog(folder(tmp_path / "b", decomposed)).migrations
    assert one.stem == other.stem == "V1__st\u00e5"


def test_a_name_of_bytes_that_are_no_utf8_is_refused(tmp_path: Path) -> None:
    try:
        Path(os.fsdecode(bytes(tmp_path) + b"/V1__st\xe5tte.sql")).touch()
    except OSError:
        pytest.skip("this file system takes no such name")
    error = refusal(tmp_path)
    assert (error.code, error.details["suggestion"]) == ("PGS102", "V1__st_tte.sql")
    assert error.cause.encode()


def test_a_rollback_name_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    folder(tmp_path / "m", "V1__a.sql")
    assert refusal(tmp_path / "m", folder(tmp_path / "r", "undo_a.sql")).code == "PGS102"


def test_flyway_undo_files_and_callbacks_are_noted_and_left_alone(tmp_path: Path) -> None:
    folder(tmp_path, "V1__a.sql", "U1.2__a.sql", "beforeMigrate.sql", "afterEachMigrate__x.sql")
    catalog = read_catalog(tmp_path)
    assert names(catalog) == ["V1__a"]
    assert catalog.notes == (
        "U1.2__a.sql: a Flyway undo file, not read; "
        "in the rollbacks folder it would be V1.2__rollback_*.sql",
        "afterEachMigrate__x.sql and 1 more: a Flyway callback, not run",
    )


@pytest.mark.parametrize(
    "twins",
    [
        ("V1__a.sql", "V1__b.sql"),
        ("V1__a.sql", "V01__b.sql"),
        ("V1__a.sql", "V1.0__b.sql"),
        ("x/V1__a.sql", "y/V1__a.sql"),
        ("x/R__a.sql", "y/R__a.sql"),
    ],
)
def test_a_number_taken_twice_is_refused(tmp_path: Path, twins: tuple[str, str]) -> None:
    error = refusal(folder(tmp_path, *twins))
    assert error.code == "PGS103"
    assert all(Path(twin).name in error.cause for twin in twins)


def test_two_rollbacks_of_one_number_are_refused(tmp_path: Path) -> None:
    folder(tmp_path / "m", "V1__a.sql")
    folder(tmp_path / "r", "V1__rollback_a.sql", "V1__rollback_b.sql")
    assert refusal(tmp_path / "m", tmp_path / "r").code == "PGS103"


def test_a_gap_in_a_padded_sequence_is_refused(tmp_path: Path) -> None:
    error = refusal(folder(tmp_path, "V001__a.sql", "V002__b.sql", "V004__d.sql"))
    assert (error.code, error.details["missing"]) == ("PGS104", "V003")
    (tmp_path / "V001__a.sql").unlink()
    assert refusal(tmp_path).details["missing"] == "V001"


def test_a_gap_is_allowed_by_the_file_behind_it_and_only_there(tmp_path: Path) -> None:
    folder(tmp_path, "V001__a.sql", "V003__c.sql", "V004__d.sql", "V007__g.sql")
    allow = "-- pgschema: allow PGS104 because it was withdrawn\nselect 1;"
    folder(tmp_path, "V001__a.sql", "V004__d.sql", text=allow)
    assert refusal(tmp_path).details["missing"] == "V002"
    folder(tmp_path, "V003__c.sql", text=allow)
    assert refusal(tmp_path).details["missing"] == "V005"
    folder(tmp_path, "V007__g.sql", text=allow)
    assert read_catalog(tmp_path).notes == (
        "V002 left out before V003__c.sql: it was withdrawn",
        "V005 to V006 left out before V007__g.sql: it was withdrawn",
    )


def test_allowing_something_else_allows_no_gap(tmp_path: Path) -> None:
    folder(tmp_path, "V001__a.sql", "V003__c.sql", text="-- pgschema: allow PGS412 because x")
    assert refusal(tmp_path).code == "PGS104"


@pytest.mark.parametrize(
    "numbers",
    [("1", "3"), ("1.0", "1.5"), ("20240101", "20240301"), ("001", "1000"), ("01.1", "02")],
)
def test_gaps_in_other_numberings_are_fine(tmp_path: Path, numbers: tuple[str, ...]) -> None:
    folder(tmp_path, *(f"V{number}__x.sql" for number in numbers))
    assert len(read_catalog(tmp_path).migrations) == len(numbers)


@pytest.mark.parametrize("data", [b"select '\xf8';", b"select 1;\0"])
def test_bytes_that_are_no_utf8_text_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "V1__a.sql").write_bytes(data)
    error = refusal(tmp_path)
    assert error.code == "PGS105"
    assert "V1__a.sql" in error.cause


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder(tmp_path, "V1__a.sql")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    error = refusal(tmp_path)
    assert (error.code, error.details["reason"]) == ("PGS106", "Permission denied")


def test_the_product_can_be_read_and_sent() -> None:
    from pgschema.sqltext import inspect_file

    folders = packaged_folders()
    catalog = read_catalog(folders.migrations, folders.rollbacks)
    assert catalog.migrations
    assert catalog.notes == ()
    for migration in catalog.migrations:
        assert migration.rollback is not None
        assert inspect_file(migration)
        assert inspect_file(migration.rollback)
