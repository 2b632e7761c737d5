"""PGS7xx: what a command line lacks or says wrongly."""

from __future__ import annotations

from pgschema.errors.record import Failure

FAILURES: tuple[Failure, ...] = (
    Failure(
        code="PGS701",
        title="The command line cannot be understood",
        cause="{message}",
        fix="see `{help_command}`",
        exit_code=2,
        explanation=(
            "An option or an argument is unknown, missing or out of range. Nothing was started: "
            "neither a file nor a database was looked at."
        ),
        example="`pgschema migrate --too V003` (there is no `--too`)",
    ),
    Failure(
        code="PGS702",
        title="No database is named",
        cause="neither --database, DATABASE_URL nor libpq's PG* variables name a database, "
        "and there is no embedded cluster in {root}",
        fix="name one, or make an embedded one here with `pgschema up`",
        exit_code=2,
        explanation=(
            "A database is looked for in this order: `--database`, `DATABASE_URL`, libpq's own "
            "variables (`PGHOST`, `PGHOSTADDR`, `PGPORT`, `PGDATABASE`, `PGSERVICE`), and last the "
            "embedded cluster under `.pgschema/` of the current directory. Only `pgschema up` and "
            "`pgschema server start` make that cluster: a deployment that forgot to set "
            "`DATABASE_URL` must fail, not succeed against an empty database of its own."
        ),
        example="`env -u DATABASE_URL pgschema migrate` in an empty directory",
    ),
    Failure(
        code="PGS703",
        title="A rollback needs a yes",
        cause="{count} to roll back from {database} and nobody at a terminal to ask",
        fix="look at it with --dry-run, then repeat with --yes",
        exit_code=2,
        explanation=(
            "`pgschema rollback` shows what it is going to undo and asks. Where standard input is "
            "not a terminal, or with `--json`, there is nobody to ask, so the yes must be given on "
            "the command line: `--yes`. Nothing was rolled back."
        ),
        example="`pgschema rollback --all < /dev/null`",
    ),
    Failure(
        code="PGS704",
        title="A migration cannot have this name",
        cause="{name!r} is not a name for a migration: {reason}",
        fix="use lower-case words joined by underscores that say what it does, such as {proposal}",
        exit_code=2,
        explanation=(
            "`pgschema new NAME` makes the file name `V008__NAME.sql`. The name is lower-case "
            "ASCII letters, digits and single underscores, begins with a letter and is at most 60 "
            "characters long. It does not carry the number (that is the next free one) and does "
            "not begin with `rollback` (that is how the undo is named)."
        ),
        example='`pgschema new "Add stats"`',
    ),
    Failure(
        code="PGS705",
        title="A stub would overwrite a file",
        cause="{path} is already there",
        fix="choose another name, or move that file away",
        exit_code=2,
        explanation=(
            "`pgschema new` writes a migration, its rollback, its test and its page, all four or "
            "none. One of them exists already, so none was written."
        ),
        example="`pgschema new add_stats` when `tests/schema/V008_add_stats.sql` exists",
    ),
    Failure(
        code="PGS706",
        title="There is no such error code",
        cause="{wanted} is not in the catalogue{similar}",
        fix="list all codes with `pgschema rule`",
        exit_code=2,
        explanation="`pgschema rule CODE` prints the page of one code. Codes are never reused.",
        example="`pgschema rule PGS000`",
    ),
    Failure(
        code="PGS707",
        title="Migrations cannot be added here",
        cause="{folder} is inside an installed package",
        fix="name your own folder: --migrations DIR",
        exit_code=2,
        explanation=(
            "Without `--migrations`, an installed pgschema uses the migrations that it carries. "
            "Those belong to the release: a file added there would be lost by the next upgrade."
        ),
        example="`pip install pgschema && pgschema new add_stats`",
    ),
    Failure(
        code="PGS708",
        title="The connection string cannot be read",
        cause="{origin}: {reason}",
        fix="write special characters of a URL's password as %40 (@), %2F (/), %3A (:), %23 (#), "
        "or leave the password to PGPASSFILE",
        exit_code=2,
        explanation=(
            "A connection string is a URL (`postgresql://user@host:5432/database`), libpq's "
            "`key=value` text, or the bare name of a database. When a password contains a "
            "character that has a meaning in a URL, parts of it end up in the host or the port, "
            "and from there in error messages and logs; so nothing is sent anywhere, and the "
            "string is not repeated here."
        ),
        example="`pgschema --database postgresql://ann:p@ss@db.example.no/app status`",
    ),
    Failure(
        code="PGS709",
        title="The plan changed while you were asked",
        cause="to roll back is now: {found}",
        fix="look again, and run it again",
        exit_code=2,
        explanation=(
            "Between the question and the yes somebody else migrated or rolled back this database. "
            "What was agreed to is not what would have been done, so nothing was."
        ),
        example="Two people answer the question of `pgschema rollback` at the same time.",
    ),
)
