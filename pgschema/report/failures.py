"""Failures of the catalogue as lines for a person, a document for a program, a page to read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pgschema.errors import Failure, PgschemaError

# What the server said and where: a line each below the four lines of an error, in this order.
_SERVER_LINES = ("detail", "hint", "internal_query", "context")

FAMILIES: Mapping[str, str] = {
    "1": "the files of a project",
    "2": "files and database that do not fit together",
    "3": "what the database answered",
    "4": "findings of a check",
    "5": "data and data sets",
    "6": "server binaries and clusters",
    "7": "the command line",
}

_EXITS: Mapping[int, str] = {
    1: "the answer is no: nothing failed, but something was found",
    2: "could not start: nothing was changed",
    3: "failed midway: the database is as it was before that step",
}


def failure_text(error: PgschemaError, *, source: str = "") -> str:
    """Return the error's four lines and what explains them.

    With the text of the file that the error points into, that is the failing line with a mark
    below it; then what the server added.
    """
    lines = [
        f"{error.code}: {_one_line(error.failure.title)}",
        f"cause: {_one_line(error.cause)}",
        f"fix: {_one_line(error.fix)}",
        f"more: pgschema rule {error.code}",
    ]
    return "\n".join(lines + _excerpt(error.details, source) + _server_lines(error.details))


def failure_document(error: PgschemaError) -> dict[str, Any]:
    """Return the error as the value of `error` in a JSON document."""
    return {
        "code": error.code,
        "title": error.failure.title,
        "cause": error.cause,
        "fix": error.fix,
        "exit_code": error.exit_code,
        "details": {key: _plain_value(value) for key, value in sorted(error.details.items())},
    }


def failure_page(failure: Failure) -> str:
    """Return the page of one error code: Markdown, ends with a newline."""
    return (
        f"# {failure.code}: {failure.title}\n\n"
        f"**What happened.** {_placeholders(failure.cause)}\n\n"
        f"**What to do.** {_placeholders(failure.fix)}\n\n"
        f"{failure.explanation.strip()}\n\n"
        f"## An example that raises it\n\n{_example(failure.example.strip())}\n\n"
        f"Exit code {failure.exit_code}: {_EXITS[failure.exit_code]}.\n"
    )


def failure_index(catalogue: Mapping[str, Failure]) -> str:
    """Return the page that lists every code, by family: Markdown, ends with a newline."""
    parts = [
        "# Error codes\n\nEvery failure that a user can meet. `pgschema rule CODE` prints a page.\n"
    ]
    for digit, meaning in FAMILIES.items():
        codes = [code for code in sorted(catalogue) if code[3] == digit]
        if codes:
            parts.append(f"\n## PGS{digit}xx: {meaning}\n\n")
            parts += [f"- [{code}]({code}.md): {catalogue[code].title}\n" for code in codes]
    return "".join(parts)


def _excerpt(details: Mapping[str, Any], source: str) -> list[str]:
    """Return the failing line, below the one before it, with a caret under the column."""
    line, column, lines = details.get("line"), details.get("column"), source.splitlines()
    if not line or not column or line > len(lines):
        return []
    width = len(str(line))
    shown = [
        f"    {number:>{width}} | {_untabbed(lines[number - 1])}"
        for number in (line - 1, line)
        if number == line or (number > 0 and lines[number - 1].strip())
    ]
    return ["", f"  {details['where']}", *shown, f"    {' ' * width} | {' ' * (column - 1)}^"]


def _untabbed(line: str) -> str:
    """Return a line in which every character is one column wide, so that the caret fits."""
    return line.replace("\t", " ").rstrip()


def _server_lines(details: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for key in _SERVER_LINES:
        if details.get(key):
            first, *more = str(details[key]).splitlines()
            lines += [f"{key.replace('_', ' ')}: {first}", *(f"    {line}" for line in more)]
    return lines


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _example(example: str) -> str:
    """Return a bare command line as a block of code, and a sentence as it is."""
    is_sentence = "`" in example or example.endswith(".")
    return example if is_sentence else f"```sh\n{example}\n```"


def _placeholders(template: str) -> str:
    """Return a template with `{path}` shown as PATH: a page has no case to fill it with."""
    return re.sub(r"\{(\w+)[^}]*\}", lambda match: match[1].replace("_", "-").upper(), template)


def _plain_value(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain_value(item) for item in value]
    return str(value)
