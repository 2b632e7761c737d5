from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pgschema.catalog import Catalog, Migration, Rollback, parse_version
from pgschema.errors import PgschemaError
from pgschema.ledger import Applied, Ledger, Unfinished
from pgschema.plan import Plan, edit_diff, plan_migrate, plan_rollback, problems, survey

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def migration(stem: str, *, text: str = "", undo: bool = True) -> Migration:
    version = parse_version(stem.partition("__")[0])
    rollback = None
    if undo and version is not None:
        rollback = Rollback(Path(f"r/{stem}.sql"), "select 2;", version, f"{version}__rollback")
    path = Path(f"m/{stem}.sql")
    return Migration(path, text or f"select '{stem}';", version, stem, stem, rollback)


def catalog(*found: Migration | str) -> Catalog:
    files = [migration(f) if isinstance(f, str) else f for f in found]
    versioned = [f for f in files if f.version is not None]
    repeatables = [f for f in files if f.version is None]
    versioned.sort(key=lambda f: f.version or parse_version("0"))  # type: ignore[arg-type,return-value]
    return Catalog(tuple(versioned), tuple(repeatables), Path("m"), Path("r"))


def applied(*stems: str) -> Ledger:
    files = [migration(stem) for stem in stems]
    entries = (Applied(f.stem, f.checksum, f.semantic_checksum, NOW) for f in files)
    return Ledger(tuple(entries), installed=True)


def unfinished(stem: str, direction: str = "apply") -> Unfinished:
    return Unfinished(stem, direction, "", NOW, "me")


def stems(plan: Plan) -> list[str]:
    return [step.stem for step in plan.steps]


def code_of(caught: pytest.ExceptionInfo[PgschemaError]) -> str:
    assert caught.value.exit_code == 1
    assert caught.value.cause
    assert caught.value.fix
    return caught.value.code


ABC = ("V001__a", "V002__b", "V003__c")


def test_everything_pending_is_applied_in_order() -> None:
    assert stems(plan_migrate(catalog("V10__x", "V2__y", "R__v"), Ledger())) == [
        *("V2__y", "V10__x", "R__v")
    ]


def test_what_is_applied_is_not_applied_again() -> None:
    assert stems(plan_migrate(catalog(*ABC, "R__v"), applied("V001__a", "R__v"))) == [
        *("V002__b", "V003__c")
    ]
    assert stems(plan_migrate(catalog(*ABC), applied(*ABC))) == []


@pytest.mark.parametrize("to", ["V002", "2", "002"])
def test_a_target_ends_the_plan_and_repeatables_wait(to: str) -> None:
    plan = plan_migrate(catalog(*ABC, "R__v"), Ledger(), to=to)
    assert stems(plan) == ["V001__a", "V002__b"]
    assert any("repeatable files wait" in note for note in plan.notes)


def test_a_target_that_is_the_head_takes_the_repeatables_along() -> None:
    assert stems(plan_migrate(catalog(*ABC, "R__v"), Ledger(), to="V003"))[-1] == "R__v"


def test_a_target_that_is_applied_already_is_nothing_to_do() -> None:
    assert stems(plan_migrate(catalog(*ABC), applied(*ABC[:2]), to="V002")) == []


def test_an_unknown_target_is_refused_with_a_suggestion() -> None:
    with pytest.raises(PgschemaError) as caught:
        plan_migrate(catalog(*ABC), Ledger(), to="V004")
    assert code_of(caught) == "PGS206"
    assert caught.value.details["suggestion"] in {"V001", "V002", "V003"}


def test_a_target_below_the_database_is_refused() -> None:
    with pytest.raises(PgschemaError) as caught:
        plan_migrate(catalog(*ABC), applied(*ABC), to="V001")
    assert code_of(caught) == "PGS207"
    assert "rollback --to V001" in caught.value.fix


def test_an_edited_file_is_refused() -> None:
    files = catalog(migration("V001__a", text="select 'other';"), "V002__b")
    with pytest.raises(PgschemaError) as caught:
        plan_migrate(files, applied("V001__a"))
    assert code_of(caught) == "PGS201"
    assert survey(files, applied("V001__a"))[0].state == "edited"


def test_a_comment_only_edit_is_a_note() -> None:
    files = catalog(migration("V001__a", text="-- why\nSELECT 'V001__a' ;"))
    plan = plan_migrate(files, applied("V001__a"))
    assert plan.steps == ()
    assert plan.notes == ("V001__a: only comments or spacing changed since it was applied",)


def test_a_missing_applied_file_is_refused() -> None:
    with pytest.raises(PgschemaError) as caught:
        plan_migrate(catalog("V001__a", "V003__c"), applied(*ABC))
    assert code_of(caught) == "PGS202"


def test_a_renamed_applied_file_is_refused() -> None:
    with pytest.raises(PgschemaError) as caught:
        plan_migrate(catalog("V001__a", "V002__new"), applied("V001__a", "V002__old"))
    assert code_of(caught) == "PGS203"
    assert "V002__old" in caught.value.cause
    assert "V002__new" in caught.value.cause


def test_a_lower_number_under_applied_ones_is_refused() -> None:
    with pytest.raises(PgschemaError) as caught:
        plan_migrate(catalog(*ABC), applied("V001__a", "V003__c"))
    assert code_of(caught) == "PGS204"


def test_a_database_newer_than_the_files_is_refused() -> None:
    for files in (catalog("V001__a"), catalog()):
        with pytest.raises(PgschemaError) as caught:
            plan_migrate(files, applied(*ABC[:2]))
        assert code_of(caught) == "PGS205"


def test_all_contradictions_are_found_at_once() -> None:
    files = catalog(migration("V001__a", text="select 0;"), "V003__c")
    ledger = applied("V001__a", "V002__b", "V004__d")
    codes = [problem.code for problem in problems(survey(files, ledger), files)]
    assert codes == ["PGS201", "PGS202", "PGS204", "PGS205"]


def test_a_repeatable_runs_again_when_it_changed_or_went_stale() -> None:
    changed = catalog(migration("R__v", text="select 'new';"))
    (step,) = plan_migrate(changed, applied("R__v")).steps
    assert step.again
    (entry,) = applied("R__v").applied
    stale = Ledger((replace(entry, is_stale=True),), installed=True)
    assert stems(plan_migrate(catalog("R__v"), stale)) == ["R__v"]


def test_a_repeatable_whose_comments_changed_does_not_run_again() -> None:
    assert not plan_migrate(
        catalog(migration("R__v", text="-- x\nselect 'R__v';")), applied("R__v")
    ).steps


def test_a_repeatable_whose_file_is_gone_is_a_note() -> None:
    plan = plan_migrate(catalog("V001__a"), applied("V001__a", "R__v"))
    assert plan.notes == ("R__v: its file is gone; what it made stays",)


def test_a_missing_rollback_is_a_note() -> None:
    plan = plan_migrate(catalog(migration("V001__a", undo=False)), Ledger())
    assert plan.notes == ("V001__a: no rollback file",)


def test_files_that_share_a_note_share_a_line() -> None:
    files = [migration(stem, undo=False) for stem in ABC]
    plan = plan_migrate(catalog(*files, "V004__d"), Ledger())
    assert plan.notes == ("V001__a and 2 more: no rollback file",)


def test_a_row_that_yoyo_made_is_taken_as_applied() -> None:
    ledger = Ledger((Applied("V001__a", None, None, NOW),), installed=True)
    plan = plan_migrate(catalog(*ABC), ledger)
    assert stems(plan) == ["V002__b", "V003__c"]
    assert plan.notes == ("V001__a: recorded by yoyo, without a checksum",)


def test_rollback_undoes_one_version_by_default() -> None:
    assert stems(plan_rollback(catalog(*ABC), applied(*ABC))) == ["V003__c"]


def test_rollback_goes_from_the_top_down() -> None:
    files, ledger = catalog(*ABC), applied(*ABC)
    assert stems(plan_rollback(files, ledger, steps=2)) == ["V003__c", "V002__b"]
    assert stems(plan_rollback(files, ledger, to="V001")) == ["V003__c", "V002__b"]
    assert stems(plan_rollback(files, ledger, to="V003")) == []
    assert stems(plan_rollback(files, ledger, all=True)) == ["V003__c", "V002__b", "V001__a"]
    assert stems(plan_rollback(files, ledger, only="V003")) == ["V003__c"]


def test_rollback_of_nothing_is_nothing_to_do() -> None:
    assert plan_rollback(catalog(*ABC), Ledger()).steps == ()
    assert plan_rollback(catalog(*ABC), Ledger(), all=True).steps == ()


def test_a_rollback_under_later_versions_is_refused() -> None:
    with pytest.raises(PgschemaError) as caught:
        plan_rollback(catalog(*ABC), applied(*ABC), only="V002")
    assert code_of(caught) == "PGS210"


def test_a_rollback_without_a_file_is_refused_with_its_name() -> None:
    files = catalog(migration("V007__add_x", undo=False))
    with pytest.raises(PgschemaError) as caught:
        plan_rollback(files, applied("V007__add_x"))
    assert code_of(caught) == "PGS208"
    assert str(Path("r/V007__rollback_x.sql")) in caught.value.fix


def test_a_rollback_to_what_is_not_applied_is_refused() -> None:
    for to in ("V003", "nonsense"):
        with pytest.raises(PgschemaError) as caught:
            plan_rollback(catalog(*ABC), applied("V001__a"), to=to)
        assert code_of(caught) == "PGS206"


def test_more_steps_than_there_are_is_refused() -> None:
    with pytest.raises(PgschemaError) as caught:
        plan_rollback(catalog(*ABC), applied("V001__a"), steps=2)
    assert code_of(caught) == "PGS211"


@pytest.mark.parametrize(
    ("files", "code"),
    [(("V001__a",), "PGS205"), (("V001__a", "V002__x"), "PGS203"), (("V003__c",), "PGS202")],
)
def test_a_rollback_needs_the_file_that_was_applied(files: tuple[str, ...], code: str) -> None:
    with pytest.raises(PgschemaError) as caught:
        plan_rollback(catalog(*files), applied("V001__a", "V002__b"))
    assert code_of(caught) == code


def test_an_edited_file_may_be_rolled_back_with_a_note() -> None:
    files = catalog(migration("V001__a", text="select 0;"))
    plan = plan_rollback(files, applied("V001__a"))
    assert stems(plan) == ["V001__a"]
    assert "V001__a was edited" in plan.notes[0]


def test_rollback_leaves_repeatables_and_says_so() -> None:
    plan = plan_rollback(catalog("V001__a", "R__v"), applied("V001__a", "R__v"), all=True)
    assert stems(plan) == ["V001__a"]
    assert any("repeatable files are not undone" in note for note in plan.notes)


def test_an_interrupted_file_runs_first_and_shows_as_running() -> None:
    ledger = replace(applied("V001__a"), unfinished=(unfinished("V002__b"),))
    assert [s.state for s in survey(catalog(*ABC), ledger)] == ["applied", "running", "pending"]
    first, _ = plan_migrate(catalog(*ABC), ledger).steps
    assert first.unfinished is not None


def test_an_interrupted_step_is_finished_in_its_own_direction() -> None:
    files = catalog(*ABC)
    ledger = replace(applied("V001__a"), unfinished=(unfinished("V002__b"),))
    with pytest.raises(PgschemaError) as caught:
        plan_rollback(files, ledger)
    assert code_of(caught) == "PGS209"
    ledger = replace(applied(*ABC), unfinished=(unfinished("V003__c", "rollback"),))
    with pytest.raises(PgschemaError) as caught:
        plan_migrate(files, ledger)
    assert code_of(caught) == "PGS209"
    assert "pgschema rollback" in caught.value.fix


def test_an_interrupted_step_needs_its_file() -> None:
    ledger = replace(applied("V001__a"), unfinished=(unfinished("V009__gone"),))
    with pytest.raises(PgschemaError) as caught:
        plan_migrate(catalog(*ABC), ledger)
    assert code_of(caught) == "PGS212"


def test_the_difference_to_what_was_applied_is_a_unified_diff() -> None:
    diff = edit_diff("select 1;\nselect 2;", migration("V001__a", text="select 1;\nselect 3;"))
    assert "-select 2;\n+select 3;" in diff
    assert "V001__a.sql (applied)" in diff
