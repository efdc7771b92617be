"""The package's source files by their modules' names, and where in them a function stands."""

from __future__ import annotations

import ast
from pathlib import Path


def source_file(package: Path, module: str) -> Path:
    """The file of a module, by as much of its dotted name as tells it from others: `fast`,
    `repro.formulas`; of several the one nearest to the top, a module before a package's own file.
    LookupError where there is none, or more than one."""
    parts = tuple(module.split("."))
    found: dict[tuple[bool, int], list[Path]] = {}
    for file in package.rglob("*.py"):
        names = file.relative_to(package).with_suffix("").parts
        names = names[:-1] if names[-1] == "__init__" and len(names) > 1 else names
        if names[-len(parts) :] == parts:
            found.setdefault((file.stem == "__init__", len(names)), []).append(file)
    nearest = found[min(found)] if found else []
    if len(nearest) != 1:
        raise LookupError(f"{module} is {len(nearest)} modules")
    return nearest[0]


def module_of(package: Path, file: Path) -> str:
    """The shortest name by which source_file finds it."""
    parts = file.relative_to(package).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts
    names = [".".join(parts[start:]) for start in reversed(range(len(parts)))]
    return next(name for name in names if _is(package, name, file))


def _is(package: Path, name: str, file: Path) -> bool:
    try:
        return source_file(package, name) == file
    except LookupError:
        return False


def lines_of(file: Path, name: str) -> slice:
    """Where a function, a method (`Class.method`), a class or a constant stands, its decorators
    with it. LookupError where it does not."""
    body: list[ast.stmt] = ast.parse(file.read_text(encoding="utf-8")).body
    node: ast.stmt | None = None
    for part in name.split("."):
        node = next((n for n in body if part in _names(n)), None)
        if node is None:
            raise LookupError(f"{file.name} has no {name}")
        body = node.body if isinstance(node, ast.ClassDef) else []
    assert node is not None
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    return slice(first - 1, node.end_lineno)


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
    return [target.id for target in targets if isinstance(target, ast.Name)]
