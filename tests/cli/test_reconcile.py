"""reconcile and seed: what they say and how they exit; what they do is tested with the schema."""

from __future__ import annotations

import pytest

from pgschema.testing.clones import Clone
from tests.cli.conftest import Cli
from tests.cli.test_json import make_drift


def test_true_counts_are_said_to_be_true(cli: Cli, db: Clone) -> None:
    ran = cli("--database", db.conninfo, "reconcile")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("every count is true: ")


def test_a_wrong_count_names_the_mentor_and_exits_with_1(cli: Cli, db: Clone) -> None:
    make_drift(db)
    ran = cli("--database", db.conninfo, "reconcile")
    assert ran.code == 1
    assert "Kåre Bjørnstad" in ran.out
    assert ran.err.startswith("PGS510: ")
    assert "Kåre Bjørnstad" in ran.err


def test_repair_says_what_it_put_right_and_then_all_is_true(cli: Cli, db: Clone) -> None:
    make_drift(db)
    repaired = cli("--database", db.conninfo, "reconcile", "--repair")
    assert repaired.code == 0
    assert "Kåre Bjørnstad" in repaired.out
    assert "1 put right: " in repaired.out
    assert cli("--database", db.conninfo, "reconcile").code == 0
    again = cli("--database", db.conninfo, "reconcile", "--repair")
    assert again.out == "nothing to put right\n"


def test_without_the_counts_there_is_nothing_to_reconcile(cli: Cli, bare_db: Clone) -> None:
    ran = cli("--database", bare_db.conninfo, "reconcile")
    assert ran.code == 2
    assert ran.err.startswith("PGS511: ")


def test_a_role_that_may_not_look_at_all_counts_is_told_so(cli: Cli, db: Clone) -> None:
    ran = cli("--database", db.conninfo_of("authenticator"), "reconcile")
    assert ran.code == 2
    assert ran.err.startswith("PGS512: ")


def test_seed_loads_once_and_says_what_is_there(cli: Cli, empty_db: Clone) -> None:
    first = cli("--database", empty_db.conninfo, "seed")
    assert first.code == 0
    assert "public.assignments" in first.out
    assert first.out.endswith("loaded\n")
    second = cli("--database", empty_db.conninfo, "seed")
    assert second.out.endswith("nothing to do: the data set is there already\n")
    assert second.out.splitlines()[:-1] == first.out.splitlines()[:-1]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--size", "huge"), "PGS500"),
        (("--scale", "2"), "PGS505"),
        (("--seed", "43"), "PGS501"),
    ],
)
def test_options_that_make_no_data_set_here_are_refused(
    cli: Cli, db: Clone, arguments: tuple[str, ...], code: str
) -> None:
    ran = cli("--database", db.conninfo, "seed", *arguments)
    assert ran.code in (1, 2)
    assert ran.err.startswith(f"{code}: ")
