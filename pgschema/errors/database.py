"""PGS3xx: what a database answered."""

from __future__ import annotations

from pgschema.errors.record import Failure

FAILURES: tuple[Failure, ...] = (
    Failure(
        "PGS301",
        "A migration failed",
        "{where}: {message}",
        "correct the file and run again; {state}",
        3,
        "The server refused a statement of the file. The file and its ledger row are one\n"
        "transaction, so nothing of it is left behind. Line and column point into the file;\n"
        "the server's own detail, hint and context are shown as they came.",
        "A file that holds `create table t (a intt);`",
    ),
    Failure(
        "PGS302",
        "Another deploy holds the migration lock",
        "waited {waited_s} s for {holders}",
        "wait until it has finished and run again, or give it more time with --lock-wait",
        3,
        "One deploy at a time changes a database. The lock belongs to a session: it is free as\n"
        "soon as that session ends, also when its process is killed.",
        "Two deploys at once, the first one taking longer than `--lock-wait`.",
    ),
    Failure(
        "PGS303",
        "A lock was not to be had",
        "{where}: gave up after {tries} tries in {waited_s} s; blocked by {blockers}",
        "end what blocks it, or run again in a quieter hour; {state}",
        3,
        "The file waited for a lock that another session held. Everybody who comes later waits\n"
        "behind such a wait, so each try ends after `--lock-timeout` and the file is tried\n"
        "again after a random pause, until the time for it is used up.",
        "A session idle in a transaction that has read the table which the file alters.",
    ),
    Failure(
        "PGS304",
        "The server went away",
        "{where}: {message}",
        "run again as soon as the server is back: what was committed is recorded, the rest is "
        "rolled back, and a rerun finishes",
        3,
        "The connection was lost in the middle of a step. A file and its ledger row are one\n"
        "transaction: both are there or neither.",
        "Stopping the server while a migration runs.",
    ),
    Failure(
        "PGS305",
        "The role lacks a right",
        "{where}: {message} (as role {role})",
        "grant the right to {role}, or run as the owner of the object; {state}",
        3,
        "The server refused a statement because of the role that runs it.",
        "A role without CREATE on the schema that applies `create table`.",
    ),
    Failure(
        "PGS306",
        "A deferred constraint failed",
        "{where}: {message}",
        "correct the file's data; {state}",
        3,
        "A constraint or a constraint trigger that is checked at the end of the transaction\n"
        "refused what the file did. It cannot be told which statement queued it.",
        "A file that inserts a row against a `deferrable initially deferred` foreign key.",
    ),
    Failure(
        "PGS307",
        "A file ended its own transaction",
        "{where}: the transaction that it began in is not the one that it ended in",
        "take COMMIT and ROLLBACK out of the file, and undo by hand what it committed",
        3,
        "The last guard: the server says that another transaction ran at the end of the file.\n"
        "Its ledger row was not written. Usually PGS112 finds this before anything is sent.",
        "A statement that commits and that the reader of files does not know.",
    ),
    Failure(
        "PGS308",
        "It cannot be told whether a statement was done",
        "{where}: it was cut off before, and its effect cannot be looked up: {statement}",
        "look whether its effect is there, then say so: update pgschema.unfinished_files set "
        "resolution = 'done' where migration_id = '{stem}' (or 'again'), and run again",
        3,
        "A statement that ran without a transaction was cut off. For indexes, partitions and\n"
        "statements that may be repeated the engine looks and goes on; this one it cannot judge.\n"
        "`-- pgschema: no-transaction rerunnable` says beforehand that it may be repeated.",
        "A killed `call backfill()` that commits in batches.",
    ),
    Failure(
        "PGS309",
        "Somebody else builds the index",
        "{where}: {index} is being built by process {pid}",
        "wait until it is done and run again",
        3,
        "An invalid index of this name is there because another session works on it right now.",
        "CREATE INDEX CONCURRENTLY of the same name in psql.",
    ),
    Failure(
        "PGS310",
        "The database cannot be reached",
        "{target}: {message}",
        "check the address, the name, the role and its password, and that the server runs",
        2,
        "No connection came about. The message is the client library's own.",
        "`pgschema --database postgresql://localhost/nowhere status`",
    ),
    Failure(
        "PGS311",
        "A transaction pooler stands in between",
        "the session's process is {seen}, the server says {real}: a pooler shares server sessions",
        "connect to the server itself or to a pooler in session mode (Supabase: port 5432)",
        2,
        "The migration lock belongs to a session. A pooler in transaction mode gives each\n"
        "transaction to another session, so two deploys would both get the lock.",
        "Migrating through PgBouncer with `pool_mode = transaction`.",
    ),
    Failure(
        "PGS312",
        "The server is too old",
        "the server is PostgreSQL {version}",
        "use PostgreSQL 15 or later",
        2,
        "Migrations use what PostgreSQL 15 brought, such as security_invoker views.",
        "A server of version 14.",
    ),
    Failure(
        "PGS313",
        "The server is read-only",
        "{reason}",
        "connect to the primary",
        2,
        "The server is a standby, or the session may only read.",
        "Migrating against a hot standby.",
    ),
    Failure(
        "PGS314",
        "The role may not use the ledger",
        "role {role}: {reason}",
        "run as the role that migrates, or as a member of the owner of schema pgschema",
        2,
        "The ledger in schema pgschema is closed to everybody but its owner, so that no API\n"
        "role can read or change what is deployed. Creating it takes CREATE on the database.",
        "`pgschema status` as `anon`.",
    ),
)
