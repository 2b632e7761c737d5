"""How patiently steps are carried out, and the session that carries them out."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pgschema.apply.events import OnEvent
from pgschema.database import Server

if TYPE_CHECKING:
    import psycopg

    from pgschema.apply.backend import LedgerBackend
    from pgschema.apply.blockers import Watch
    from pgschema.apply.ledger_sql import LedgerSql


@dataclass(frozen=True)
class ApplyOptions:
    """All times are seconds.

    `lock_timeout`: how long one try waits for a lock, and so how long it may hold up readers.
    `retry_for`: how long a file is tried again after its locks were not to be had.
    `lock_wait`: how long to wait for another deploy. `watch_after`: when to look who blocks.
    `discard`: rollback files drop what they would otherwise archive.
    """

    lock_timeout: float = 2.0
    retry_for: float = 60.0
    lock_wait: float = 60.0
    watch_after: float = 0.3
    discard: bool = False
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    random: random.Random = field(default_factory=random.Random)

    def jitter(self, tries: int, *, base: float = 0.1, cap: float = 3.0) -> float:
        """Return a pause before the next try: anything up to a bound that doubles each time."""
        return self.random.uniform(base / 10, min(cap, base * 2**tries))


@dataclass(frozen=True)
class Deploy:
    """One run: its connection under the migration lock and everything that steps need."""

    conn: psycopg.Connection[Any]
    server: Server
    options: ApplyOptions
    emit: OnEvent
    watch: Watch
    ledger: LedgerSql
    backend: LedgerBackend
