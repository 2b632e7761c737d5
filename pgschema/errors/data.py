"""PGS5xx: what is wrong with data or data sets."""

from __future__ import annotations

from pgschema.errors.record import Failure

FAILURES: tuple[Failure, ...] = (
    Failure(
        code="PGS500",
        title="There is no data set of this size",
        cause="`{size}` is not a size; the seeds folder has: {sizes}",
        fix="name one of them: `pgschema seed --size small`",
        exit_code=2,
        explanation="A size is a folder of queries in the seeds folder. Larger sizes come with "
        "later releases; `pgschema seed --help` names those of this one.",
        example="`pgschema seed --size huge`",
    ),
    Failure(
        code="PGS501",
        title="The database holds other rows",
        cause="{tables}",
        fix="seed an empty database, or repeat the size, seed, scale and anchor it was loaded "
        "with; nothing was changed",
        exit_code=1,
        explanation="A data set is loaded into empty tables only. Where its rows are there "
        "already, unchanged, there is nothing to do; where tables came with a later migration, "
        "they are filled. Any other row - yours, or one that was changed after loading - is never "
        "overwritten, deleted or mixed with synthetic data.",
        example="Add an organisation of your own, then run `pgschema seed`.",
    ),
    Failure(
        code="PGS502",
        title="There are no tables to load into",
        cause="the database has none of the tables of the {what}",
        fix="apply the migrations first: `pgschema migrate`, or `pgschema up` which does both",
        exit_code=2,
        explanation="Data sets fill the tables that the migrations make. A table that a later "
        "migration brings is skipped; here every one was missing.",
        example="`pgschema seed` on a database that was never migrated.",
    ),
    Failure(
        code="PGS503",
        title="This role may not load data",
        cause="`{role}` cannot act as `{owner}`: {reason}",
        fix="connect as the role that applied the migrations, or have it grant the role: "
        '`grant {owner} to "{role}"`',
        exit_code=2,
        explanation="Row-level security is forced on every table, for its owner too. Data sets are "
        "loaded as pgschema_owner, whose policies see every row; that needs membership, not "
        "superuser.",
        example="`pgschema seed` as a role without membership in pgschema_owner.",
    ),
    Failure(
        code="PGS504",
        title="Somebody else is writing to the tables",
        cause="a lock on {table} was not granted within {seconds} s",
        fix="end the other transaction, or wait, and run it again; nothing was changed",
        exit_code=3,
        explanation="Loading takes a lock that keeps other writers, and a second `pgschema seed`, "
        "out; readers are not disturbed. A transaction that has written there and is still open "
        "prevents it.",
        example="`begin; update public.organizations ...` in one session, "
        "`pgschema seed` in another.",
    ),
    Failure(
        code="PGS505",
        title="These options do not make a data set",
        cause="{reason}",
        fix="{remedy}",
        exit_code=2,
        explanation="`small` has a closed form, so that tests can say what must come out; it has "
        "one size only. `--scale` shrinks or grows the random data sets and must be above 0.",
        example="`pgschema seed --size small --scale 2`",
    ),
    Failure(
        code="PGS506",
        title="This is not a seeds folder",
        cause="`{folder}` has no file sizes.json",
        fix="give an existing one with --seeds, or leave the option out for the packaged one",
        exit_code=2,
        explanation="A seeds folder lists its data sets in sizes.json; their queries are in "
        "its sub-folders.",
        example="`pgschema --seeds /nowhere seed`",
    ),
    Failure(
        code="PGS507",
        title="A file's name does not say what it fills",
        cause="`{path}` is not named S<migration>_<step>__<table>.sql",
        fix="rename it, for example S003_01__activities.sql: the migration that makes the table, "
        "the place in the order, the table",
        exit_code=2,
        explanation="The number says when the table exists and in which order files are loaded; "
        "the rest names the table, with its schema when that is not `public`.",
        example="A file `seeds/small/activities.sql`.",
    ),
    Failure(
        code="PGS508",
        title="A data set does not fit the tables",
        cause="{path}: {message}",
        fix="correct the file, or apply the migrations that belong to it; nothing was loaded",
        exit_code=3,
        explanation="A query of the data set failed, or its rows were refused by a constraint or "
        "trigger. Loading is one transaction: the database is as before.",
        example="A file in a --seeds folder that names a column of no table.",
    ),
    Failure(
        code="PGS510",
        title="Assignment counts are not the number of assignments",
        cause="{count} peer mentors have a wrong count: {mentors}",
        fix="find out who wrote past the triggers, then run `pgschema reconcile --repair`",
        exit_code=1,
        explanation="Triggers keep `assignment_count` and `completed_assignment_count` equal to "
        "the assignments at every commit. They differ only when rows were written with the "
        "triggers off: by a data-only restore, by logical replication, or by hand.",
        example="`update peer_mentors set assignment_count = 99` as the owner, "
        "then `pgschema reconcile`.",
    ),
    Failure(
        code="PGS511",
        title="There are no counts to reconcile",
        cause="the database has no function stats.assignment_count_drift()",
        fix="apply the migrations up to V002: `pgschema migrate`",
        exit_code=2,
        explanation="Counts and their reconciliation come with V002.",
        example="`pgschema reconcile` on an empty database.",
    ),
    Failure(
        code="PGS512",
        title="This role may not reconcile",
        cause="role {role} may not call the functions of schema stats",
        fix="connect as a member of pgschema_owner, such as the role that migrates",
        exit_code=2,
        explanation="Reconciliation reads every organisation's assignments, so it is the "
        "operator's: no role of the API may repair, and only service_role may look.",
        example="`pgschema reconcile` connected as `authenticator`.",
    ),
)
