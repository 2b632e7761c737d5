"""PGS1xx: what is wrong with the files of a project."""

from __future__ import annotations

from pgschema.errors.record import Failure

FAILURES: tuple[Failure, ...] = (
    Failure(
        "PGS101",
        "A folder is not there",
        "{folder} is not a folder",
        "create it, or name the right one with --migrations or --rollbacks",
        2,
        "The folder of migrations or of rollbacks that was named does not exist.",
        "`pgschema --migrations nowhere status`",
    ),
    Failure(
        "PGS102",
        "A file name cannot be read",
        "{path} has no name that the engine knows",
        "rename it, for example to {suggestion}",
        2,
        "Every `*.sql` file in the folder is either `V<number>__<what_it_does>.sql` or\n"
        "`R__<name>.sql` (run again whenever it changes). A file with another name would be\n"
        "left out silently, so it is refused. Files that are not `*.sql` are ignored.",
        "A file `add_users.sql` or `v7_add_users.sql` beside `V006__add_teams.sql`.",
    ),
    Failure(
        "PGS103",
        "A number is taken twice",
        "{version} is both {first} and {second}",
        "give the later one the next free number; a released file keeps its number",
        2,
        "Two files claim the same number, usually after two branches were merged.\n"
        "`V1`, `V01` and `V1.0` are the same number. Sub-folders are read too: of a folder with\n"
        "one sub-folder for each kind of database, name PostgreSQL's with `--migrations`.",
        "`V007__add_a.sql` and `V007__add_b.sql` in one folder.",
    ),
    Failure(
        "PGS104",
        "A number is left out",
        "{missing} is missing before {path}",
        "restore the missing file, or write in that file '-- pgschema: allow PGS104 because ...'",
        2,
        "The folder numbers its files 001, 002, 003 ...: a hole means that a file was lost or\n"
        "not committed. Later files may be renumbered as long as they are not released. A gap\n"
        "that is meant is allowed by the file behind it, in the comments at its top:\n"
        "`-- pgschema: allow PGS104 because V002 was withdrawn before its release`. It is then a\n"
        "note. Folders with dots, timestamps or unpadded numbers may have gaps.",
        "`V001__a.sql` and `V003__c.sql` without a `V002`.",
    ),
    Failure(
        "PGS105",
        "A file is not UTF-8 text",
        "{path} holds what is not UTF-8 text at {reason}",
        "save it as UTF-8; a byte order mark is fine",
        2,
        "Files are read as UTF-8 everywhere, whatever the machine's locale says.",
        "A file saved as Latin-1 that holds `ø`.",
    ),
    Failure(
        "PGS106",
        "A file cannot be read",
        "{path}: {reason}",
        "make the file readable for the user that runs pgschema",
        2,
        "The operating system refused to hand over the file.",
        "A file of mode 0 that belongs to somebody else.",
    ),
    Failure(
        "PGS110",
        "A directive does not exist",
        "{where}: '-- pgschema: {directive}' is not a directive",
        "write one of: {known}",
        2,
        "A leading comment that begins with `pgschema:` speaks to the engine, so a misspelt one\n"
        "is refused. Directives stand in the comments before the first statement.",
        "`-- pgschema: no-transactions`",
    ),
    Failure(
        "PGS111",
        "A muted finding has no reason",
        "{where}: '-- pgschema: {directive}' does not say why",
        "write '-- pgschema: {directive} because ...'",
        2,
        "A finding may be muted in place; the reason is for those who read the file later.",
        "`-- pgschema: allow PGS412`",
    ),
    Failure(
        "PGS112",
        "A file ends its own transaction",
        "{where}: {statement}",
        "delete it: the engine begins and commits the transaction, with the ledger row inside it",
        2,
        "BEGIN, COMMIT, ROLLBACK and their like at the top level of a file would commit a part\n"
        "of it without its ledger row. SAVEPOINT, RELEASE and ROLLBACK TO are fine, and so is\n"
        "`begin` in function bodies and DO blocks.",
        "A file that holds `create table a (); commit;`",
    ),
    Failure(
        "PGS113",
        "A psql command in a file",
        "{where}: {command} is a command of psql, not of the server",
        "say it in SQL, or delete it",
        2,
        "Files go to the server as they are; backslash commands are only known to psql.",
        "A file that holds `\\i other.sql` or `\\set x 1`.",
    ),
    Failure(
        "PGS114",
        "A file copies data over the wire",
        "{where}: {statement}",
        "write INSERT ... VALUES, or load the data with the seeds",
        2,
        "COPY FROM STDIN and COPY TO STDOUT need a client that feeds or drains them; a file is\n"
        "sent as one message without such a client. COPY from and to server files is fine.",
        "A file that holds `copy t from stdin;` and rows of data.",
    ),
    Failure(
        "PGS115",
        "A file without a transaction holds several statements",
        "{where}: '-- pgschema: no-transaction' files hold one statement, this one {count}",
        "split it into one file per statement",
        2,
        "Without a transaction nothing undoes the first statement when the second one fails.\n"
        "With one statement the engine can tell after a crash what was done.",
        "`-- pgschema: no-transaction` above two CREATE INDEX CONCURRENTLY.",
    ),
    Failure(
        "PGS116",
        "A statement cannot run in a transaction",
        "{where}: {statement}",
        "move it into a file of its own, with '-- pgschema: no-transaction' at its top",
        2,
        "PostgreSQL refuses this statement inside a transaction, and a file of several\n"
        "statements is one transaction. A file that holds nothing else runs without one.",
        "`create table a (); create index concurrently i on a (b);`",
    ),
    Failure(
        "PGS117",
        "An index that is built concurrently has no name",
        "{where}: {statement}",
        "name the index",
        2,
        "After a crash the engine looks for the index by its name, to tell a finished one from\n"
        "an invalid one. A generated name cannot be looked for.",
        "`create index concurrently on a (b);`",
    ),
    Failure(
        "PGS118",
        "A quote or a comment does not end",
        "{where}: the {what} that begins here does not end",
        "close it",
        2,
        "The server would read the rest of the file as a part of it.",
        "`select 'it''s;`",
    ),
    Failure(
        "PGS119",
        "A placeholder is not filled in",
        "{where}: {placeholder} is a placeholder, and files are sent as they are",
        "write the value; what differs between databases, a file can ask of current_setting()",
        2,
        "Flyway and others replace `${name}` before they send a file. Inside of quotes and of\n"
        "function bodies it may be meant literally and is let through.",
        "`create schema ${schema};`",
    ),
)
