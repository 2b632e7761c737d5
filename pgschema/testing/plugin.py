"""The pytest plugin: a server for the session, a database of its own for each test."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

# Every pytest run on a machine with pgschema installed imports this module: whatever costs
# time is imported where it is used, and nothing is collected that no setting asks for.
if TYPE_CHECKING:
    from pgschema.server import EphemeralCluster
    from pgschema.testing.clones import AsUser, Clone
    from pgschema.testing.tap_items import TapFile
    from pgschema.testing.templates import Stock, Template
    from pgschema.testing.workshop import Workshop

_WORKSHOP = pytest.StashKey["Workshop"]()
_CLONES = pytest.StashKey[list["Clone"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that keeps failed databases, and the setting that names SQL tests."""
    group = parser.getgroup("pgschema")
    group.addoption(
        "--pgschema-keep",
        action="store_true",
        help="after a failure hold the server with the failed tests' databases until Ctrl-C",
    )
    group.addoption(
        "--pgschema-server",
        metavar="URL",
        help="make the databases on this server, as a superuser, instead of on one of our own",
    )
    parser.addini(
        "pgschema_sql_files",
        "patterns, relative to the root, of SQL test files that print TAP",
        type="linelist",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to hold a server whose process is not the one that the person sees."""
    if config.getoption("pgschema_keep") and config.getoption("numprocesses", None):
        raise pytest.UsageError("--pgschema-keep holds one session: run without -n")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> TapFile | None:
    """Collect the SQL files that the setting `pgschema_sql_files` names."""
    if file_path.suffix != ".sql":
        return None
    root = parent.config.rootpath
    relative = file_path.relative_to(root).as_posix() if file_path.is_relative_to(root) else ""
    patterns: list[str] = parent.config.getini("pgschema_sql_files")
    if not any(fnmatch(relative, pattern) for pattern in patterns):
        return None
    from pgschema.testing.tap_items import TapFile

    return TapFile.from_parent(parent, path=file_path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the databases of a failed test and print how to reach them."""
    report = yield
    clones = item.stash.get(_CLONES, [])
    if report.failed and clones:
        for clone in clones:
            clone.kept = True
        reach = "\n".join(f"psql {clone.conninfo!r}" for clone in clones)
        hint = "(kept while this session runs; --pgschema-keep holds it until Ctrl-C)"
        report.sections.append(("the test's database", f"{reach}\n{hint}"))
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, however the session ended; hold it before if that was asked for."""
    workshop = config.stash.get(_WORKSHOP, None)
    if workshop is None:
        return
    try:
        if workshop.kept and config.getoption("pgschema_keep"):
            _hold(config, workshop)
    finally:
        workshop.close()


def _hold(config: pytest.Config, workshop: Workshop) -> None:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    try:
        if reporter is not None:
            for clone in workshop.kept:
                reporter.write_line(f"kept: psql {clone.conninfo!r}")
            reporter.write_line("Ctrl-C ends the server.")
        threading.Event().wait()
    except KeyboardInterrupt:
        return


def workshop_of(config: pytest.Config) -> Workshop:
    """Return what makes this session's databases; its server starts with the first of them."""
    if _WORKSHOP not in config.stash:
        from pgschema.testing.workshop import Workshop

        config.stash[_WORKSHOP] = Workshop(config.getoption("pgschema_server"))
    return config.stash[_WORKSHOP]


def clone_for(item: pytest.Item, stock: Stock) -> Clone:
    """Return a new database for one test, which is kept should the test fail."""
    clone = workshop_of(item.config).clone(stock)
    item.stash.setdefault(_CLONES, []).append(clone)
    return clone


def _lend(item: pytest.Item, stock: Stock) -> Iterator[Clone]:
    clone = clone_for(item, stock)
    yield clone
    workshop_of(item.config).discard(clone)


@pytest.fixture(scope="session")
def workshop(pytestconfig: pytest.Config) -> Workshop:
    """Return the maker of databases, for fixtures with a scope wider than one test."""
    return workshop_of(pytestconfig)


@pytest.fixture(scope="session")
def cluster(workshop: Workshop) -> EphemeralCluster:
    """Return a server of the session's own (one for each xdist worker), to kill or to restart."""
    return workshop.cluster


@pytest.fixture(scope="session")
def template(workshop: Workshop) -> Template:
    """Return the template of `db`: all migrations, and the small data set."""
    from pgschema.testing.templates import Stock

    return workshop.template(Stock.SEEDED)


@pytest.fixture(scope="session")
def empty_template(workshop: Workshop) -> Template:
    """Return the template of `empty_db`: all migrations, and no rows but theirs."""
    from pgschema.testing.templates import Stock

    return workshop.template(Stock.MIGRATED)


@pytest.fixture
def db(request: pytest.FixtureRequest) -> Iterator[Clone]:
    """Give a migrated database with the small data set, for this test alone."""
    from pgschema.testing.templates import Stock

    yield from _lend(request.node, Stock.SEEDED)


@pytest.fixture
def empty_db(request: pytest.FixtureRequest) -> Iterator[Clone]:
    """Give a migrated database without data, for this test alone."""
    from pgschema.testing.templates import Stock

    yield from _lend(request.node, Stock.MIGRATED)


@pytest.fixture
def bare_db(request: pytest.FixtureRequest) -> Iterator[Clone]:
    """Give a database with nothing in it, for this test alone.

    Roles belong to the server: those of the schema may be there already.
    """
    from pgschema.testing.templates import Stock

    yield from _lend(request.node, Stock.BARE)


@pytest.fixture
def as_user(db: Clone) -> AsUser:
    """Return `db.as_user`: a request as PostgREST makes it, `with as_user(sub) as conn`."""
    return db.as_user
