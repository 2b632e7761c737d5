"""What happens while steps are carried out, as records for whoever reports it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pgschema.plan import Plan, Step


@dataclass(frozen=True)
class Session:
    """Another session that is in the way. `query` is its last one, shortened.

    The age is the seconds of its transaction, or since its last one where it has none.

    `user`, `application`, `state` and `query` are empty when the role may not see them.
    """

    pid: int
    user: str
    application: str
    state: str
    query: str
    transaction_age_s: float | None

    def __str__(self) -> str:
        age = "" if self.transaction_age_s is None else f" for {self.transaction_age_s:.1f} s"
        who = " ".join(part for part in (self.user, self.application) if part)
        return f"process {self.pid} ({who}; {self.state or 'state unknown'}{age}): {self.query}"


@dataclass(frozen=True)
class Planned:
    """The plan is made, under the lock; nothing was sent yet."""

    plan: Plan


@dataclass(frozen=True)
class LockAwaited:
    """Another deploy holds the migration lock."""

    holders: tuple[Session, ...]
    waited_s: float


@dataclass(frozen=True)
class Started:
    """A file is about to be sent: the `number`-th of `total`."""

    step: Step
    number: int
    total: int


@dataclass(frozen=True)
class Blocked:
    """The file waits for locks that these sessions hold. Told when they change."""

    step: Step
    blockers: tuple[Session, ...]
    waited_s: float


@dataclass(frozen=True)
class Retrying:
    """A try ended without its lock; the next one begins in `pause_s` seconds."""

    step: Step
    tries: int
    pause_s: float
    sqlstate: str
    blockers: tuple[Session, ...]


@dataclass(frozen=True)
class Noticed:
    """The server sent a notice or a warning while the file ran."""

    step: Step
    severity: str
    message: str


@dataclass(frozen=True)
class Noted:
    """Something that a reader should know and that is no failure."""

    step: Step | None
    message: str


@dataclass(frozen=True)
class Finished:
    """A file and its ledger row are committed. Milliseconds are of the successful try."""

    step: Step
    duration_ms: float
    tries: int


Event = Planned | LockAwaited | Started | Blocked | Retrying | Noticed | Noted | Finished
OnEvent = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Take an event and do nothing."""
