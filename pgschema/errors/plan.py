"""PGS2xx: why files and database do not fit together."""

from __future__ import annotations

from pgschema.errors.record import Failure

FAILURES: tuple[Failure, ...] = (
    Failure(
        "PGS201",
        "An applied file was edited",
        "{path} is not what the database applied",
        "restore it, for example from git, and put the change into a new file",
        1,
        "The file's SQL differs from what this database ran, so other databases would get\n"
        "something else. The applied text is kept in the ledger and the difference is shown.\n"
        "Edits of comments, spacing and letter case of keywords are a note, not an error.",
        "Adding a column to `V001__create_users.sql` after it was applied.",
    ),
    Failure(
        "PGS202",
        "An applied file is missing",
        "{stem} is applied but not in {folder}",
        "restore the file; to undo it, run rollback while the file is still there",
        1,
        "The database has a file that the folder lacks, though the folder has later ones.",
        "Deleting `V002__x.sql` after it was applied.",
    ),
    Failure(
        "PGS203",
        "An applied file was renamed",
        "{stem} is applied, and its number is now {path}",
        "give the file its old name; a title is part of a migration's identity",
        1,
        "The same number under another name may be another migration: the engine does not guess.",
        "`V002__add_x.sql` renamed to `V002__add_y.sql` after it was applied.",
    ),
    Failure(
        "PGS204",
        "A file comes too late",
        "{path} is not applied, but {top} already is",
        "renumber it above {top}",
        1,
        "Files are applied in the order of their numbers. One below the highest applied would\n"
        "run after files that were written without it.",
        "A branch brings `V003` after `V004` was deployed.",
    ),
    Failure(
        "PGS205",
        "The database is newer than the files",
        "{stem} is applied, but the files end at {highest}",
        "use the version of the files that was deployed last",
        1,
        "An older release of the files is run against a database that a newer one migrated.",
        "Deploying last week's image again.",
    ),
    Failure(
        "PGS206",
        "The target is not known",
        "{target} is not a version here",
        "name one that is, for example {suggestion}",
        1,
        "`migrate --to` takes the number of a file, `rollback --to` that of an applied one.",
        "`pgschema migrate --to V999`",
    ),
    Failure(
        "PGS207",
        "The target lies below what is applied",
        "{current} is applied, {target} is lower",
        "run pgschema rollback --to {target}",
        1,
        "Migrate only goes up. Going down is asked for by its own command.",
        "`pgschema migrate --to V001` when V003 is applied.",
    ),
    Failure(
        "PGS208",
        "There is no rollback file",
        "{stem} has no rollback",
        "write {expected}",
        1,
        "A rollback without a file would only forget the migration and leave its objects.",
        "`pgschema rollback` of a file that has no `V007__rollback_*.sql`.",
    ),
    Failure(
        "PGS209",
        "An interrupted step comes first",
        "{stem} was started without a transaction and not seen to finish",
        "run pgschema {verb}: it looks at what is there and finishes it",
        1,
        "A statement outside of a transaction was cut off. Only going on in the same direction\n"
        "can tell what is left to do.",
        "`pgschema rollback` after a killed CREATE INDEX CONCURRENTLY.",
    ),
    Failure(
        "PGS210",
        "A rollback under later migrations",
        "{stem} lies under {top}",
        "roll back {top} first",
        1,
        "Later files may build upon it, so migrations are undone from the top down.",
        "Undoing only V002 when V003 is applied.",
    ),
    Failure(
        "PGS211",
        "Fewer versions are applied than asked for",
        "{steps} steps back were asked for, {applied} are applied",
        "ask for at most {applied}, or for --all",
        1,
        "The count is probably a mistake, and a rollback is no place to guess.",
        "`pgschema rollback --steps 9` with three files applied.",
    ),
    Failure(
        "PGS212",
        "The file of an interrupted step is missing",
        "{stem} was started without a transaction and not seen to finish, and is not in {folder}",
        "restore the file; to give it up, take away by hand what it left and then: "
        "delete from pgschema.unfinished_files where migration_id = '{stem}'",
        1,
        "Without the file it cannot be told what was being done, for example which index was\n"
        "being built and may lie there half done.",
        "Deleting a `-- pgschema: no-transaction` file after its run was killed.",
    ),
)
