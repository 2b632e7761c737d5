"""The ledger's statements as text: yoyo's own for its tables, ours for what yoyo does not keep."""

from __future__ import annotations

import hashlib
import re
import socket
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

from pgschema import __version__
from pgschema.ledger import LEDGER_SCHEMA
from pgschema.plan import Step

_NAMED = re.compile(r":(\w+)")
_UTC_NOW = "(pg_catalog.now() at time zone 'UTC')"


class YoyoSql(Protocol):
    """The part of a yoyo backend that writes its statements."""

    mark_migration_sql: str
    unmark_migration_sql: str
    log_migration_sql: str

    def format_sql(self, s: str, **kwargs: Any) -> str:
        """Return the template with its table names filled in."""


def literal(value: str | float | None) -> str:
    """Return `value` as an SQL literal that is right whatever the session's settings are."""
    if value is None:
        return "null"
    if not isinstance(value, str):
        return str(value)
    quoted = value.replace("'", "''")
    return " E'" + quoted.replace("\\", "\\\\") + "'" if "\\" in value else f"'{quoted}'"


@dataclass(frozen=True)
class LedgerSql:
    """Writes statements over yoyo's templates."""

    yoyo: YoyoSql

    @cached_property
    def _log(self) -> str:
        return self.yoyo.format_sql(self.yoyo.log_migration_sql)

    @cached_property
    def _mark(self) -> str:
        return self.yoyo.format_sql(self.yoyo.mark_migration_sql)

    @cached_property
    def _unmark(self) -> str:
        return self.yoyo.format_sql(self.yoyo.unmark_migration_sql)

    def log(self, step: Step, log_id: str) -> str:
        """Return the INSERT into yoyo's log."""
        return self._fill(
            self._log,
            step,
            id=literal(log_id),
            operation=literal(step.direction),
            username="session_user",
            hostname=literal(socket.gethostname()[:255]),
            created_at_utc=_UTC_NOW,
        )

    def log_done(self, step: Step) -> str:
        """Return the INSERT into yoyo's log for a step that ran outside of a transaction."""
        return self.log(step, new_log_id()) + ";"

    def begin(self, step: Step, object_before: int | None) -> str:
        """Return the transaction that says that a step without one is about to run."""
        return _BEGIN.format(
            stem=literal(step.stem),
            direction=literal(step.direction),
            checksum=literal(step.file.checksum),
            before=literal(object_before),
        )

    def forget(self, step: Step) -> str:
        """Return the statement that says that nothing of a begun step is left."""
        return _FORGET.format(stem=literal(step.stem))

    def record(self, step: Step, *, duration_ms: float | None = None) -> str:
        """Return the statements that make the ledger say that the step is done.

        Without `duration_ms` the step has taken as long as its transaction.
        """
        lines = [] if duration_ms is None and step.unfinished is None else [self.forget(step)]
        unmark = self._fill(self._unmark, step)
        if step.direction == "rollback":
            return "\n".join([*lines, f"{unmark};", _MAKE_STALE])
        mark = self._fill(self._mark, step, when=_UTC_NOW)
        took = _ELAPSED if duration_ms is None else literal(round(duration_ms, 3))
        kept = _KEEP.format(**self._kept(step), duration=took)
        lines += [f"{unmark};"] if step.again else []
        return "\n".join([*lines, f"{mark};", kept])

    def _kept(self, step: Step) -> Mapping[str, str]:
        migration = step.migration
        return {
            "hash": literal(yoyo_hash(migration.stem)),
            "repeatable": str(migration.repeatable).lower(),
            "checksum": literal(migration.checksum),
            "semantic": literal(migration.semantic_checksum),
            "body": literal(migration.text),
            "rollback": literal(migration.rollback.text if migration.rollback else None),
            "program": literal(__version__),
        }

    def _fill(self, template: str, step: Step, **values: str) -> str:
        values |= {
            "migration_hash": literal(yoyo_hash(step.stem)),
            "migration_id": literal(step.stem),
        }
        return _NAMED.sub(lambda match: values[match[1]], template)


def new_log_id() -> str:
    """Return an id for a row of yoyo's log."""
    return str(uuid.uuid4())


def yoyo_hash(stem: str) -> str:
    """Return the key under which yoyo keeps a migration: of its name, not of its content."""
    return hashlib.sha256(stem.encode()).hexdigest()


_MAKE_STALE = f"update {LEDGER_SCHEMA}.applied_files set is_stale = true where is_repeatable;"  # noqa: S608
_ELAPSED = "1000 * extract(epoch from pg_catalog.clock_timestamp() - pg_catalog.now())"
_BEGIN = f"""insert into {LEDGER_SCHEMA}.unfinished_files \
(migration_id, direction, checksum, object_before)
values ({{stem}}, {{direction}}, {{checksum}}, {{before}})
on conflict (migration_id) do update set direction = excluded.direction, \
checksum = excluded.checksum, object_before = excluded.object_before, \
started_at = excluded.started_at, started_by = excluded.started_by, resolution = null"""  # noqa: S608
_FORGET = f"delete from {LEDGER_SCHEMA}.unfinished_files where migration_id = {{stem}};"  # noqa: S608
_KEEP = f"""insert into {LEDGER_SCHEMA}.applied_files (migration_hash, is_repeatable, checksum, \
semantic_checksum, body, rollback_body, duration_ms, applied_by, applied_with)
values ({{hash}}, {{repeatable}}, {{checksum}}, {{semantic}}, {{body}}, {{rollback}}, \
{{duration}}, session_user, \
{{program}});"""  # noqa: S608
