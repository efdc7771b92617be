"""Paths: files and folders of the command line become case files, and how reports name them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from xent_check.errors import NothingToCompareError, UserError, visible

from .case import split_id
from .project import Project, root_of

SUFFIXES = (".yaml", ".yml")


def split_given(text: str) -> tuple[str, str]:
    """`file`, `folder` or `file::name`: the path and the name, which may be missing. A path that is
    there is one, whatever it is called."""
    if "::" not in text or os.path.exists(text):
        return text, ""
    given, _, name = text.partition("::")
    return (given, name) if os.path.exists(given) else split_id(text)


def existing(paths: Sequence[str]) -> list[str]:
    """The same; UserError naming every file or folder that is not there."""
    missing = [given for text in paths if not Path(given := split_given(text)[0]).exists()]
    if missing:
        lines = [f"{visible(given)}: no such file or folder; check the path" for given in missing]
        raise UserError("\n".join(lines))
    return list(paths)


def case_files(given: str) -> list[Path]:
    """A file, or every case file below a folder."""
    path = Path(given)
    if not path.is_dir():
        return [path]
    found = sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
    if not found:
        raise NothingToCompareError(
            f"{visible(given)}: no case files (*.yaml, *.yml) in this folder"
        )
    return found


def shown_path(file: Path) -> str:
    """The shipped corpus as `cases/...`, wherever it is installed; the rest relative to the working
    directory where it is below it."""
    from .corpus import corpus

    absolute = Path(os.path.abspath(file))
    for base, prefix in ((corpus(), "cases/"), (Path.cwd(), "")):
        if absolute.is_relative_to(base):
            return prefix + absolute.relative_to(base).as_posix()
    return file.as_posix()


def project_of(baseline: Path) -> Project:
    """What the paths of a baseline are relative to."""
    from .corpus import corpus

    return Project(root_of(baseline), corpus())
