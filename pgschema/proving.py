"""Proves on a throw-away database that a migration's rollback undoes it and loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter

from pgschema.apply import migrate, rollback
from pgschema.catalog import Catalog, Version
from pgschema.database import connect
from pgschema.fingerprint import (
    Fingerprint,
    RowChecksum,
    SequencePosition,
    catalogue_fingerprint,
    row_checksums,
    sequence_positions,
)
from pgschema.ledger import read_ledger


@dataclass(frozen=True)
class State:
    """Everything about a database that a round trip must bring back."""

    catalogue: Fingerprint
    rows: Mapping[str, RowChecksum]
    sequences: Mapping[str, SequencePosition]


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it was: after which step, and what."""

    step: str
    text: str

    def __str__(self) -> str:
        return f"after {self.step}: {self.text}"


@dataclass(frozen=True)
class ProofStep:
    """One move of the round trip and how long it took, in milliseconds."""

    name: str
    duration_ms: float


@dataclass(frozen=True)
class Proof:
    """The outcome for one version. It holds when nothing was found."""

    version: Version
    rows: int
    steps: tuple[ProofStep, ...]
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Return whether down and up again give back the structure and the rows."""
        return not self.findings


def read_state(conninfo: str) -> State:
    """Return what a database is made of and what it holds; needs to see every row."""
    with connect(conninfo) as conn:
        return State(catalogue_fingerprint(conn), row_checksums(conn), sequence_positions(conn))


def prove(
    conninfo: str,
    catalog: Catalog,
    version: Version,
    *,
    clock: Callable[[], float] = perf_counter,
) -> Proof:
    """Take a throw-away database down from `version` and up again, and say what did not return.

    Two proofs make one: a new database, which is first brought up to below `version`, shows
    whether down leads back to what was there before; a filled one at `version` or above shows
    whether its rows survive. It is left at `version`. Raises PgschemaError when a file fails.
    """
    return _RoundTrip(conninfo, catalog, version, clock).run()


class _RoundTrip:
    def __init__(
        self, conninfo: str, catalog: Catalog, version: Version, clock: Callable[[], float]
    ) -> None:
        self._conninfo = conninfo
        self._catalog = catalog
        self._version = version
        self._clock = clock
        self._steps: list[ProofStep] = []
        self._findings: list[Finding] = []

    def run(self) -> Proof:
        original = self._at_the_version_already()
        below = self._down("down")
        there = self._up("up")
        if original is not None:
            self._compare("down and up", original, there)
        self._compare("up and down", below, self._down("down again"))
        self._compare("down and up again", there, self._up("up again"))
        rows = sum(table.rows for table in there.rows.values())
        return Proof(self._version, rows, tuple(self._steps), tuple(self._findings))

    def _at_the_version_already(self) -> State | None:
        """Go down to the version if it is applied, and return what is there then."""
        with connect(self._conninfo) as conn:
            now = read_ledger(conn).version
        if now is None or now < self._version:
            return None
        if now > self._version:
            self._move("to the version", lambda: self._roll_back(self._version))
        return read_state(self._conninfo)

    def _down(self, name: str) -> State:
        below = [v for v in sorted(self._catalog.by_version) if v < self._version]
        with connect(self._conninfo) as conn:
            now = read_ledger(conn).version
        if now is not None and now >= self._version:
            self._move(name, lambda: self._roll_back(below[-1] if below else None))
        elif below:
            self._move(name, lambda: migrate(self._conninfo, self._catalog, to=below[-1]))
        return read_state(self._conninfo)

    def _up(self, name: str) -> State:
        self._move(name, lambda: migrate(self._conninfo, self._catalog, to=self._version))
        return read_state(self._conninfo)

    def _roll_back(self, to: Version | None) -> None:
        rollback(self._conninfo, self._catalog, to=to, all=to is None)

    def _move(self, name: str, act: Callable[[], object]) -> None:
        began = self._clock()
        act()
        self._steps.append(ProofStep(name, 1000 * (self._clock() - began)))

    def _compare(self, step: str, was: State, now: State) -> None:
        self._findings += [Finding(step, text) for text in differences(was, now)]


def differences(was: State, now: State) -> Iterator[str]:
    """Give a line for everything in which a database is not again what it was."""
    yield from map(str, was.catalogue.diff(now.catalogue))
    for table in sorted(was.rows.keys() & now.rows.keys()):
        before, after = was.rows[table], now.rows[table]
        if before.rows != after.rows:
            yield f"! rows of {table}\n    was: {before.rows}\n    is:  {after.rows}"
        elif before.checksum != after.checksum:
            columns = [
                name for name, value in before.columns.items() if after.columns.get(name) != value
            ]
            yield f"! values in {table}: {', '.join(columns) or 'between its rows'}"
    yield from _gone_back(was, now)


def _gone_back(was: State, now: State) -> Iterator[str]:
    """Give the sequences that will give out values again; one of an empty table may start anew."""
    for name in sorted(was.sequences.keys() & now.sequences.keys()):
        before, (after, table) = was.sequences[name].last_value, now.sequences[name]
        filled = table is None or (table in now.rows and now.rows[table].rows > 0)
        if after < before and filled:
            yield f"! sequence {name} went back\n    was: {before}\n    is:  {after}"
