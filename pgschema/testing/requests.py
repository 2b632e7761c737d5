"""One API request, made as PostgREST makes it: so row security sees what it sees in production."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pgschema.errors import PgschemaError

if TYPE_CHECKING:
    from psycopg import Connection

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# PostgREST opens each transaction with one such SELECT, as `authenticator`.
_SWITCH = """
    select set_config('search_path', 'public', true), set_config('role', %s, true),
        set_config('request.jwt.claims', %s, true)
"""

_SEES_EVERYTHING = """
    select r.rolname from pg_catalog.pg_roles r
    where r.rolname in (current_user, session_user) and (r.rolsuper or r.rolbypassrls)
"""


def user_id_of(person: UUID | str) -> UUID:
    """Return a user id as it is, and that of a named person of the small data set.

    Raises LookupError for a name that nobody has: it would be a user without any rights, and a
    test that expects nothing to be seen would pass.
    """
    from pgschema.seeding.personas import PERSONAS, user_id

    if isinstance(person, UUID):
        return person
    if _UUID.fullmatch(person):
        return UUID(person)
    names = {persona.name for persona in PERSONAS} | {f"mentor-{n}" for n in range(1, 13)}
    if person not in names:
        raise LookupError(f"nobody is called {person!r}: there are {', '.join(sorted(names))}")
    return user_id(person)


@contextmanager
def request_as(
    login: str | Connection[Any],
    sub: UUID | str | None,
    role: str = "authenticated",
    *,
    commit: bool = True,
    claims: Mapping[str, Any] | None = None,
) -> Iterator[Connection[Any]]:
    """Open a transaction as `role` with the claims of user `sub`, on a connection of its own.

    `sub` is a user id or the name of a person of the small data set, such as `coordinator-k1`.
    `login` is a connection string or a new connection of `authenticator`; it is closed at the
    end. Leaving the block commits, so deferred triggers run;
    an exception, or `commit=False`, rolls back. Raises PgschemaError PGS450 when row security
    would not hold for the role: a test under such a role passes whatever the policies say.
    """
    import psycopg

    who = {"sub": str(user_id_of(sub))} if sub is not None else {}
    everything = {"role": role, **who, **(claims or {})}
    with psycopg.connect(login) if isinstance(login, str) else login as conn:
        conn.execute(_SWITCH, (role, json.dumps(everything)))
        if seer := conn.execute(_SEES_EVERYTHING).fetchone():
            raise PgschemaError("PGS450", role=seer[0])
        yield conn
        if not commit:
            conn.rollback()
