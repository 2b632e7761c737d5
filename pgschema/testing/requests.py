"""One API request, made as PostgREST makes it: so row security sees what it sees in production."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pgschema.errors import PgschemaError

if TYPE_CHECKING:
    from uuid import UUID

    from psycopg import Connection

# PostgREST opens each transaction with one such SELECT, as `authenticator`.
_SWITCH = """
    select set_config('search_path', 'public', true), set_config('role', %s, true),
        set_config('request.jwt.claims', %s, true)
"""

_SEES_EVERYTHING = """
    select r.rolname from pg_catalog.pg_roles r
    where r.rolname in (current_user, session_user) and (r.rolsuper or r.rolbypassrls)
"""


@contextmanager
def request_as(
    conninfo: str,
    sub: UUID | str | None,
    role: str = "authenticated",
    *,
    commit: bool = True,
    claims: Mapping[str, Any] | None = None,
) -> Iterator[Connection[Any]]:
    """Open a transaction as `role` with the claims of user `sub`, on a connection of its own.

    `conninfo` logs in as `authenticator`. Leaving the block commits, so deferred triggers run;
    an exception, or `commit=False`, rolls back. Raises PgschemaError PGS450 when row security
    would not hold for the role: a test under such a role passes whatever the policies say.
    """
    import psycopg

    everything = {"role": role, **({"sub": str(sub)} if sub else {}), **(claims or {})}
    with psycopg.connect(conninfo) as conn:
        conn.execute(_SWITCH, (role, json.dumps(everything)))
        if seer := conn.execute(_SEES_EVERYTHING).fetchone():
            raise PgschemaError("PGS450", role=seer[0])
        yield conn
        if not commit:
            conn.rollback()
