"""Architecture section 2: one direction, checked by reading every import of the package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import pgschema

PACKAGE = Path(pgschema.__file__).parent

# What each part may import. Parts that are not named here do not exist.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "sqltext": {"errors"},
    "catalog": {"errors", "sqltext"},
    "database": {"errors"},
    "ledger": {"errors", "catalog"},
    "fingerprint": {"errors"},
    "plan": {"errors", "sqltext", "catalog", "ledger"},
    "server": {"errors"},
    "apply": {"errors", "sqltext", "catalog", "database", "ledger", "plan"},
    "seeding": {"errors", "catalog"},
    "reconcile": {"errors", "database"},
    "overview": set(),
    "proving": {"errors", "catalog", "ledger", "plan", "apply", "database", "fingerprint"},
    "documenting": {"errors", "catalog", "fingerprint"},
    "report": {
        "errors", "catalog", "ledger", "plan", "apply", "seeding", "reconcile", "proving",
        "overview", "server",
    },
    "testing": {
        "errors", "server", "catalog", "plan", "apply", "seeding", "database", "fingerprint",
        "documenting", "proving",
    },
    # `generate` composes what the suite compares; it is a program, as the command line is.
    "testing.generate": {"apply", "catalog", "cli", "documenting", "fingerprint", "testing"},
    "cli": {
        "errors", "sqltext", "catalog", "database", "ledger", "plan", "apply", "seeding",
        "reconcile", "proving", "server", "report", "fingerprint", "overview",
    },
    "__main__": {"cli", "errors"},
    "__init__": set(),
}  # fmt: skip

# Programs run at start-up, at --help and for other people's test runs: no slow import at the top.
SLOW = {"psycopg", "yoyo", "rich", "testing.postgresql"}
MAY_BE_SLOW = {"apply", "seeding"}


def _modules() -> Iterator[tuple[str, str, Path]]:
    """Give (part, module, path) for every module of the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        names = path.relative_to(PACKAGE).with_suffix("").parts
        if names[0] != "_sql":
            module = ".".join(names)
            part = "testing.generate" if module == "testing.generate" else names[0]
            yield part, module, path


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide what a module depends on"
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _parts_imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    ours = (name.split(".") for name in _imports(tree))
    return {names[1] for names in ours if names[0] == "pgschema" and len(names) > 1} - {
        "__version__"
    }


def _imported_at_the_top(tree: ast.Module) -> set[str]:
    plain = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return set(_imports(ast.Module(plain, [])))


EVERY_MODULE = pytest.mark.parametrize(
    ("part", "path"), [pytest.param(p, path, id=module) for p, module, path in _modules()]
)


@EVERY_MODULE
def test_a_module_imports_what_lies_below_it(part: str, path: Path) -> None:
    assert part in MAY_IMPORT, f"{part} has no place in the layers yet: give it one"
    allowed = MAY_IMPORT[part] | {part.partition(".")[0]}
    assert _parts_imported(path) - allowed == set()


@EVERY_MODULE
def test_a_module_below_the_writers_is_quick_to_import(part: str, path: Path) -> None:
    top = _imported_at_the_top(ast.parse(path.read_text(encoding="utf-8")))
    slow = {name for name in top for one in SLOW if f"{name}.".startswith(f"{one}.")}
    assert part in MAY_BE_SLOW or not slow


def test_only_apply_knows_yoyo() -> None:
    knowing = {
        part
        for part, _, path in _modules()
        if any(
            name.split(".")[0] == "yoyo"
            for name in _imports(ast.parse(path.read_text(encoding="utf-8")))
        )
    }
    assert knowing <= {"apply"}


def test_only_the_command_line_and_programs_print() -> None:
    printing = {
        module
        for part, module, path in _modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and part != "cli"
    }
    assert printing <= {"testing.generate"}


def test_the_layers_have_no_circle() -> None:
    remaining = dict(MAY_IMPORT)
    del remaining["testing.generate"]
    while free := {part for part, below in remaining.items() if not below & remaining.keys()}:
        for part in free:
            del remaining[part]
    assert remaining == {}


def test_the_check_sees_an_import_wherever_it_is(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden.py"
    hidden.write_text("def f():\n    if 1:\n        from pgschema.cli import app\n")
    assert _parts_imported(hidden) == {"cli"}
