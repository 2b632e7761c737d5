"""Writes a migration's reference page from its header and from what it changed in a database."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgschema.catalog import Migration
    from pgschema.fingerprint import Fingerprint

_NOTICE = "<!-- Generated from the migration and the catalogue by `make generate`: do not edit. -->"
_RELATIONS = ("table", "view", "materialized view", "foreign table")
_OWNED = ("column", "constraint", "index", "trigger", "policy")
# Written the same by every server version: 18 has NOT NULL constraints, 17 has MAINTAIN.
_NOT_NULL = re.compile(r"NOT NULL \w+$")

Aspects = Mapping[str, str]


@dataclass(frozen=True)
class Header:
    """A migration's leading comment: its sentence, and what it says under each keyword."""

    sentence: str
    paragraphs: tuple[tuple[str, str], ...]


def read_header(text: str) -> Header:
    """Return the leading comment of a file; `-- Why: ...` begins a paragraph of its own."""
    lines = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    paragraphs: list[tuple[str, str]] = [("", "")]
    for line in lines:
        keyword = re.match(r"([A-Z][a-z]+): (.*)", line)
        if keyword:
            paragraphs.append((keyword[1], keyword[2]))
        elif line:
            name, so_far = paragraphs[-1]
            paragraphs[-1] = (name, f"{so_far} {line}".strip())
    sentence = re.sub(r"^V[\d.]+: ", "", paragraphs[0][1])
    return Header(sentence, tuple(paragraphs[1:]))


def page(migration: Migration, before: Fingerprint, after: Fingerprint) -> str:
    """Return the Markdown page of one migration, given the database before and after it."""
    header = read_header(migration.text)
    made = _Made(before, after)
    parts = [
        f"# {migration.version}: {header.sentence or migration.title}",
        _NOTICE,
        _files(migration),
        "\n".join(f"- **{keyword}**: {text}" for keyword, text in header.paragraphs),
        *made.schemas(),
        *made.relations(),
        *made.additions(),
        *made.functions(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def index(migrations: Iterable[Migration]) -> str:
    """Return the Markdown page that lists the pages of all migrations."""
    lines = [
        f"- [{m.version}]({m.stem.replace('__', '_', 1)}.md): {read_header(m.text).sentence}"
        for m in migrations
    ]
    return "\n\n".join(["# The schema, migration by migration", _NOTICE, "\n".join(lines)]) + "\n"


def _files(migration: Migration) -> str:
    names = [f"migrations/{migration.path.name}"]
    if migration.rollback:
        names.append(f"rollbacks/{migration.rollback.path.name}")
    return " · ".join(f"[{name}](../../../{name})" for name in names)


class _Made:
    """What is in one fingerprint and not in another, by kind, as Markdown."""

    def __init__(self, before: Fingerprint, after: Fingerprint) -> None:
        self._objects: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for fact in after.facts:
            self._objects[fact.kind, fact.identity][fact.aspect] = fact.value
        self._new = sorted(after.objects() - before.objects())

    def schemas(self) -> Iterator[str]:
        rows = [(f"`{name}`", about.get("comment", "")) for name, about in self._of("schema")]
        if rows:
            yield "## Schemas"
            yield _table(("schema", "what it holds"), rows)

    def relations(self) -> Iterator[str]:
        for kind in _RELATIONS:
            found = list(self._of(kind))
            if found:
                yield f"## {kind.capitalize()}s"
            for name, about in found:
                yield f"### {name}"
                yield about.get("comment", "")
                yield from self._parts_of(name)
                yield _grants(about, self._column_grants(name))

    def additions(self) -> Iterator[str]:
        """Give what was added to relations that were there before."""
        new = {identity for kind, identity in self._new if kind in _RELATIONS}
        hosts = {
            _host(kind, identity, self._objects[kind, identity])
            for kind, identity in self._new
            if kind in _OWNED
        }
        older = sorted(hosts - new - {""})
        if older:
            yield "## Added to what was there"
        for name in older:
            yield f"### {name}"
            yield from self._parts_of(name)

    def functions(self) -> Iterator[str]:
        rows = [
            (f"`{name}`", about.get("comment", ""), _callers(about))
            for name, about in self._of("function")
        ]
        if rows:
            yield "## Functions"
            yield _table(("function", "what it does", "who may call it"), rows)

    def _parts_of(self, name: str) -> Iterator[str]:
        constraints = self._parts("constraint", name)
        indexes_of_constraints = {_last(identity) for identity, _ in constraints}
        yield _columns(self._parts("column", name))
        yield _bullets(
            "Constraints",
            (
                f"`{_last(identity)}`: `{about['definition']}`"
                for identity, about in constraints
                if not _NOT_NULL.match(about["definition"])
                and not about["definition"].startswith("TRIGGER")
            ),
        )
        yield _bullets("Indexes", (
            f"`{_last(identity)}`: `{about['definition'].partition(' USING ')[2]}`"
            for identity, about in self._parts("index", name)
            if _last(identity) not in indexes_of_constraints
        ))  # fmt: skip
        yield _policies(self._parts("policy", name))
        yield _bullets("Triggers", (
            f"`{identity.partition(' on ')[0]}`: {about.get('comment', '')}"
            for identity, about in self._parts("trigger", name)
        ))  # fmt: skip

    def _of(self, kind: str) -> Iterator[tuple[str, Aspects]]:
        return ((i, self._objects[k, i]) for k, i in self._new if k == kind)

    def _parts(self, kind: str, host: str) -> list[tuple[str, Aspects]]:
        parts = [(i, about) for i, about in self._of(kind) if _host(kind, i, about) == host]
        if kind == "column":
            hosts = (self._objects[one, host] for one in _RELATIONS if (one, host) in self._objects)
            order = next(hosts)["columns"].split(", ")
            parts.sort(key=lambda part: order.index(_last(part[0])))
        return parts

    def _column_grants(self, relation: str) -> dict[str, list[str]]:
        """Return, by role, the privileges on single columns: `update (title, due_at)`."""
        columns: dict[tuple[str, str], list[str]] = defaultdict(list)
        for identity, about in self._parts("column", relation):
            for role, privileges in _granted(about):
                for privilege in privileges.split(", "):
                    columns[role, privilege].append(_last(identity))
        grants: dict[str, list[str]] = defaultdict(list)
        for (role, privilege), names in sorted(columns.items()):
            grants[role].append(f"{privilege} ({', '.join(names)})")
        return grants


def _host(kind: str, identity: str, about: Aspects) -> str:
    """Return the relation that a column, a constraint, an index ... belongs to."""
    if kind in ("trigger", "policy"):
        return identity.partition(" on ")[2]
    if kind == "index":
        return re.split(r" ON (?:ONLY )?", about["definition"], maxsplit=1)[1].partition(" ")[0]
    return identity.rpartition(".")[0]


def _last(identity: str) -> str:
    return identity.rpartition(".")[2]


def _columns(columns: Iterable[tuple[str, Aspects]]) -> str:
    rows = [
        (
            f"`{_last(identity)}`",
            about["type"],
            "no" if "not null" in about else "yes",
            _filled(about),
            about.get("comment", ""),
        )
        for identity, about in columns
    ]
    return _table(("column", "type", "null", "filled by", "meaning"), rows) if rows else ""


def _filled(about: Aspects) -> str:
    for aspect, value in about.items():
        if aspect == "default" or aspect.startswith("generated"):
            return f"`{value}`"
    return "identity" if "identity" in about else ""


def _policies(policies: list[tuple[str, Aspects]]) -> str:
    rows = [
        (
            f"`{identity.partition(' on ')[0]}`",
            about["command"],
            about["roles"],
            about.get("comment", ""),
        )
        for identity, about in policies
    ]
    return _table(("policy", "command", "role", "rows"), rows) if rows else ""


def _granted(about: Aspects) -> Iterator[tuple[str, str]]:
    """Give (role, privileges) of one object, without its owner."""
    for aspect, value in about.items():
        role = aspect.removeprefix("granted to ")
        if role not in (aspect, about.get("owner")):
            yield role, value


def _grants(about: Aspects, of_columns: Mapping[str, list[str]]) -> str:
    whole = dict(_granted(about))
    rows = [
        (role, ", ".join(filter(None, [whole.get(role, ""), *of_columns.get(role, [])])).lower())
        for role in sorted(whole.keys() | of_columns.keys())
    ]
    return _table(("role", "may"), rows) if rows else "No role but the owner has any privilege."


def _callers(about: Aspects) -> str:
    return ", ".join(role for role, _ in sorted(_granted(about))) or "the owner"


def _bullets(title: str, lines: Iterable[str]) -> str:
    found = [f"- {line}" for line in lines]
    return "\n".join([f"{title}:", "", *found]) if found else ""


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = (" ".join(cell.replace("|", "\\|").split()) for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
