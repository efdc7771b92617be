"""Paths: the case files that a command names or that ship, and their names in reports."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from xent_check.errors import NothingToCompareError, UserError, visible

from .case import split_id
from .project import Project, root_of

SUFFIXES = (".yaml", ".yml")


def corpus() -> Path:
    """The folder of the shipped cases."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "cases"
    return installed if installed.is_dir() else package.parent / "cases"


def split_given(text: str) -> tuple[str, str]:
    """The path and the name of `file`, `folder` or `file::name`; the name may be empty. The whole
    text is the path where such a file exists."""
    if "::" not in text or os.path.exists(text):
        return text, ""
    given, _, name = text.partition("::")
    return (given, name) if os.path.exists(given) else split_id(text)


def existing(paths: Sequence[str]) -> list[str]:
    """The paths; UserError with every file or folder that does not exist."""
    missing = [given for text in paths if not Path(given := split_given(text)[0]).exists()]
    if missing:
        lines = [f"{visible(given)}: no such file or folder; check the path" for given in missing]
        raise UserError("\n".join(lines))
    return list(paths)


def case_files(given: str) -> list[Path]:
    """The file, or every case file below the folder; NothingToCompareError where that has none."""
    path = Path(given)
    if not path.is_dir():
        return [path]
    files = sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
    if not files:
        raise NothingToCompareError(
            f"{visible(given)}: no case files (*.yaml, *.yml) in this folder"
        )
    return files


def shown_path(file: Path) -> str:
    """`cases/...` for a file of the shipped corpus, wherever that is; else relative to the working
    directory for a file below it."""
    absolute = Path(os.path.abspath(file))
    for base, prefix in ((corpus(), "cases/"), (Path.cwd(), "")):
        if absolute.is_relative_to(base):
            return prefix + absolute.relative_to(base).as_posix()
    return file.as_posix()


def project_of(baseline: Path) -> Project:
    """The project of a baseline, to whose root its paths are relative."""
    return Project(root_of(baseline), corpus())
