"""Observes what a person can do to a relation: which rows each command reaches, zone by zone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

if TYPE_CHECKING:
    from psycopg import Connection

COMMANDS = ("select", "insert", "update", "delete", "truncate")

# A cell of the matrix: the zones that a command reaches, or one of these.
NO_PRIVILEGE = "-"
NOTHING = "0"
REFUSED = "!"

# Errors by which a guard turns down what row security lets through, and what it would not.
_REFUSALS = ("42501", "23514")


@dataclass(frozen=True)
class Actor:
    """Somebody who calls the API: a role, and the user of the claims."""

    name: str
    role: str
    sub: UUID | None = None


@dataclass(frozen=True)
class Relation:
    """A table or view, and how to probe it.

    `zone` is an SQL expression over `t` that gives the one-letter zone of a row. `inserts` has a
    statement for each zone; `update` should set a constant without WHERE: only then does no
    SELECT policy come to the help of a loose UPDATE policy. `%(me)s` is the actor's user id.
    """

    name: str
    zone: LiteralString = "'?'"
    inserts: Mapping[str, LiteralString] = field(default_factory=dict)
    update: LiteralString = ""


def observe(conn: Connection[Any], relation: Relation, actor: Actor) -> dict[str, str]:
    """Return the cell of each command; everything that is tried is rolled back.

    `conn` is a superuser's in autocommit mode; it acts as `authenticator`, then as the actor.
    """
    look = _Look(conn, relation, actor)
    return {
        "select": look.select(),
        "insert": look.insert(),
        "update": look.update(),
        "delete": look.delete(),
        "truncate": look.truncate(),
    }


class _Look:
    def __init__(self, conn: Connection[Any], relation: Relation, actor: Actor) -> None:
        self._conn = conn
        self._relation = relation
        self._actor = actor
        self._parameters = {"me": actor.sub}

    def select(self) -> str:
        with self._attempt() as act:
            zones = dict(self._rows(f"to_jsonb(t)::text, {self._relation.zone}"))
            seen: list[Any] = []
            cell = act(lambda: seen.extend(self._rows("to_jsonb(t)::text")))
            whole, reached = Counter(zones.values()), Counter(zones[row] for (row,) in seen)
            return cell or _letters(reached, whole)

    def insert(self) -> str:
        if not self._relation.inserts:
            return self._try(f"insert into {self._relation.name} default values") or REFUSED
        cells: dict[str, str] = {}
        for zone, statement in self._relation.inserts.items():
            cells[zone] = self._insert_one(statement) or zone
        reached = "".join(cell for cell in cells.values() if cell not in (NO_PRIVILEGE, REFUSED))
        if set(cells.values()) == {NO_PRIVILEGE}:
            return NO_PRIVILEGE
        return reached or NOTHING

    def _insert_one(self, statement: str) -> str:
        """Return why not; a statement that finds nobody to insert for has not reached a row."""
        with self._attempt() as act:
            made: list[int] = []
            cell = act(lambda: made.append(self._execute(statement)))
            return cell or ("" if made[0] else REFUSED)

    def update(self) -> str:
        with self._attempt() as act:
            statement = self._relation.update or self._any_update()
            if cell := act(lambda: self._execute(statement)):
                return cell
            self._conn.execute("reset session authorization")
            rows = self._rows(f"t.xmin = pg_current_xact_id()::xid, {self._relation.zone}")
            whole = Counter(zone for _, zone in rows)
            return _letters(Counter(zone for changed, zone in rows if changed), whole)

    def delete(self) -> str:
        with self._attempt() as act:
            gone: list[int] = []
            statement = f"delete from {self._relation.name}"  # noqa: S608 - our own words
            cell = act(lambda: gone.append(self._execute(statement)))
            return cell or (f"{gone[0]} rows" if gone[0] else NOTHING)

    def truncate(self) -> str:
        return self._try(f"truncate {self._relation.name}") or "yes"

    def _try(self, statement: str) -> str:
        with self._attempt() as act:
            return act(lambda: self._execute(statement))

    @contextmanager
    def _attempt(self) -> Iterator[Callable[[Callable[[], object]], str]]:
        """Give a function that acts as the actor and returns why not, or nothing; undo all."""
        import psycopg

        def act(deed: Callable[[], object]) -> str:
            self._become()
            try:
                deed()
                self._conn.execute("set constraints all immediate")
            except psycopg.errors.InsufficientPrivilege as error:
                denied = (error.diag.message_primary or "").startswith("permission denied for")
                return NO_PRIVILEGE if denied else REFUSED
            except psycopg.Error as error:
                known = error.sqlstate in _REFUSALS or (error.sqlstate or "").startswith("PM")
                return REFUSED if known else f"{REFUSED}{error.sqlstate}"
            return ""

        self._conn.execute("begin")
        try:
            yield act
        finally:
            self._conn.execute("rollback")

    def _become(self) -> None:
        sub = {"sub": str(self._actor.sub)} if self._actor.sub else {}
        claims = json.dumps({"role": self._actor.role, **sub})
        self._conn.execute("set local session authorization authenticator")
        self._conn.execute(
            "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
            (self._actor.role, claims),
        )

    def _rows(self, columns: str) -> list[Any]:
        query = f"select {columns} from {self._relation.name} as t"  # noqa: S608 - our own words
        return self._conn.execute(query.encode(), self._parameters).fetchall()

    def _execute(self, statement: str) -> int:
        return self._conn.execute(statement.encode(), self._parameters).rowcount

    def _any_update(self) -> str:
        row = self._conn.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum = 1",
            (self._relation.name,),
        ).fetchone()
        return f'update {self._relation.name} set "{row[0] if row else ""}" = default'  # noqa: S608


def _letters(reached: Counter[str], whole: Counter[str]) -> str:
    """Return the zones that were reached; one reached in part is marked, for nothing expects it."""
    order = sorted(whole, key=lambda zone: "mgcfso".find(zone))
    marks = (
        zone if reached[zone] == whole[zone] else f"{zone}?" for zone in order if reached[zone]
    )
    return "".join(marks) or NOTHING
