"""PGS4xx: what a check of a live database found."""

from __future__ import annotations

from pgschema.errors.record import Failure

FAILURES: tuple[Failure, ...] = (
    Failure(
        code="PGS450",
        title="Row security would not hold for this persona",
        cause="role {role} is a superuser or has BYPASSRLS, so it sees every row",
        fix="`alter role {role} nosuperuser nobypassrls`, or test as a role without these rights",
        exit_code=1,
        explanation=(
            "`as_user(...)` opens a request as PostgREST does, to test what a person may see. "
            "PostgreSQL applies no policy to superusers and to roles with BYPASSRLS: a test as "
            "such a role would pass whatever the policies say, so it is refused.\n\n"
            "On Supabase `service_role` has BYPASSRLS; a server that `V001` prepared does not "
            "give it that, because every table has explicit policies for it."
        ),
        example="with db.as_user(role='postgres'): ...",
    ),
    Failure(
        code="PGS451",
        title="Tests cannot be run on this server",
        cause="role {role} on PostgreSQL {version}: a superuser on 15 or newer is needed",
        fix="name a superuser of a test server, or leave the server out: one is started for you",
        exit_code=2,
        explanation=(
            "With `--pgschema-server URL` (or `DATABASE_URL` and `make test`) the databases of "
            "the tests are made on that server and dropped afterwards. Making templates and "
            "taking on the roles of personas without their passwords needs a superuser."
        ),
        example="pytest --pgschema-server postgresql://app@localhost/postgres",
    ),
)
