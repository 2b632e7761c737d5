"""PGS6xx: what is wrong with server binaries and clusters."""

from __future__ import annotations

from pgschema.errors.record import Failure

FAILURES: tuple[Failure, ...] = (
    Failure(
        code="PGS601",
        title="No PostgreSQL server found",
        cause="no PostgreSQL {oldest} or newer in: {searched}",
        fix="pip install 'pgschema[embedded]', or apt-get install postgresql, or name a folder "
        "with initdb and postgres in PGSCHEMA_PG_BIN, or name a running server in DATABASE_URL",
        exit_code=2,
        explanation="""\
pgschema needs `initdb` and `postgres` to run a server of its own. It looks on `PATH`, asks
`pg_config --bindir`, looks where the usual packages put servers, and last into the Python
packages that carry one. What counts is the newest one that runs.""",
        example="PGSCHEMA_PG_SOURCE=wheel pgschema server start   # without the embedded extra",
    ),
    Failure(
        code="PGS602",
        title="The named server binaries cannot be used",
        cause="{bin_dir}: {reason}",
        fix="let PGSCHEMA_PG_BIN name a folder that holds initdb and postgres and that runs on "
        "this machine, or unset it",
        exit_code=2,
        explanation="""\
A folder named by `PGSCHEMA_PG_BIN` is taken at its word: nothing else is tried when it fails, so
that a test run never quietly happens on another server than the one that was asked for.""",
        example="PGSCHEMA_PG_BIN=/nowhere pgschema server start",
    ),
    Failure(
        code="PGS603",
        title="The server is too old",
        cause="{bin_dir} holds PostgreSQL {version}; {oldest} is the oldest that is supported",
        fix="install PostgreSQL {oldest} or newer, or pip install 'pgschema[embedded]'",
        exit_code=2,
        explanation="""\
The schema uses `security_invoker` views, `MERGE` and other things that came with PostgreSQL 15.""",
        example="PGSCHEMA_PG_BIN=/usr/lib/postgresql/13/bin pgschema server start",
    ),
    Failure(
        code="PGS604",
        title="Unknown source of server binaries",
        cause="PGSCHEMA_PG_SOURCE is {source!r}",
        fix="set PGSCHEMA_PG_SOURCE to system or wheel, or unset it",
        exit_code=2,
        explanation="""\
`system` means a server that the machine has, `wheel` one that came as a Python package. Without
the variable the system's is used if it is new enough and runs, else the wheel's.""",
        example="PGSCHEMA_PG_SOURCE=docker pgschema server start",
    ),
    Failure(
        code="PGS605",
        title="This user has no name",
        cause="uid {uid} has no entry in the password file, and initdb refuses to run without one",
        fix="run as a named user, or add one (echo 'app:x:{uid}:0::/tmp:/bin/sh' >> /etc/passwd), "
        "or name a running server in DATABASE_URL",
        exit_code=2,
        explanation="""\
Some platforms start containers under a numeric uid that exists nowhere. PostgreSQL's `initdb`
looks up the name of its user and stops when there is none.""",
        example="docker run --user 12345 ... pgschema up",
    ),
    Failure(
        code="PGS606",
        title="No user to run the server as",
        cause="PostgreSQL refuses to run as root, and {reason}",
        fix="create the user (useradd --system postgres), or run pgschema as an ordinary user",
        exit_code=2,
        explanation="""\
Started by root, pgschema runs the server as `postgres`, or as `nobody` where there is no such
user. A user namespace that maps root alone has neither.""",
        example="unshare --map-root-user pgschema up",
    ),
    Failure(
        code="PGS607",
        title="Not enough space for a server",
        cause="{directory} has {free_mb} MB free; a new server needs {needed_mb} MB",
        fix="free some space, or let TMPDIR name a folder with more of it",
        exit_code=2,
        explanation="""\
An empty cluster takes about 40 MB, and writes its log of changes before anything else.""",
        example="TMPDIR=/mnt/full pgschema test",
    ),
    Failure(
        code="PGS608",
        title="Initdb failed",
        cause="{initdb} ended with status {status}: {output}",
        fix="see what initdb says; `pgschema doctor` shows which binaries were chosen",
        exit_code=2,
        explanation="""\
`initdb` makes the data directory of a new server. Its own words say what went wrong.""",
        example="PGSCHEMA_PG_BIN=/broken/share/folder pgschema server start",
    ),
    Failure(
        code="PGS609",
        title="The server did not start",
        cause="{reason}",
        fix="read the log: {log}",
        exit_code=2,
        explanation="""\
The server ended, or was not ready in time. The last lines of its log are in the message.""",
        example="pgschema server start   # with a setting that the server does not know",
    ),
    Failure(
        code="PGS610",
        title="A package is missing",
        cause="throw-away servers need the Python package {package}",
        fix="pip install 'pgschema[testing]'",
        exit_code=2,
        explanation="""\
Throw-away servers are an extension of `testing.postgresql`, which `pgschema[testing]` brings.""",
        example="pgschema test   # without the testing extra",
    ),
    Failure(
        code="PGS611",
        title="No folder that the server can use",
        cause="the server runs as {account}, who can reach none of: {directories}",
        fix="let TMPDIR name a folder that {account} can reach",
        exit_code=2,
        explanation="""\
Started by root, the server runs as another user, and every folder above its data must be open
(mode x) to that user.""",
        example="TMPDIR=/root/tmp pgschema test   # with /tmp and /var/tmp closed as well",
    ),
    Failure(
        code="PGS612",
        title="The cluster belongs to another user",
        cause="{root} holds the cluster of another user, or cannot be written",
        fix="run pgschema as the user who started it, or name another database in DATABASE_URL",
        exit_code=2,
        explanation="""\
A cluster's password and data can be read by the user who made it, and by nobody else.""",
        example="sudo pgschema up && pgschema up",
    ),
    Failure(
        code="PGS613",
        title="The cluster's password is lost",
        cause="{path} is missing while the server is running",
        fix="put the file back; or make a new password: pgschema server stop, then pgschema up",
        exit_code=2,
        explanation="""\
The password of the embedded cluster is kept in one file, which only its user can read. A start
of the server makes a new one when it is gone.""",
        example="rm .pgschema/password && pgschema status",
    ),
)
