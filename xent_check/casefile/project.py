"""Project: the folder that the paths of a baseline are relative to, in place of the working
directory."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .paths import CORPUS, user_path

_MARKS = ("pyproject.toml", ".git")
_FUNCTION = re.compile(r"((?:\w+=)?)([^=]+?\.py)(:.*)", re.DOTALL)  # [FRAMEWORK=]file.py:function


@dataclass(frozen=True)
class Project:
    """The folder that paths in a baseline start from; `corpus:...` is the same in all."""

    root: Path  # absolute

    def keys(self, answers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
        """The names in a baseline of each case's id and implementation, which are relative to the
        working directory."""
        cases: dict[str, str] = {}
        names: dict[str, str] = {}
        keys = {}
        for case, name in answers:
            shown = case.rpartition("::")[0]
            if shown not in cases:
                cases[shown] = self.path(shown)
            if name not in names:
                names[name] = self.implementation(name)
            keys[case, name] = cases[shown] + case[len(shown) :], names[name]
        return keys

    def implementation(self, name: str) -> str:
        """The name in a baseline; that of a function holds the path of its file."""
        match = _FUNCTION.fullmatch(name)
        return name if match is None else match[1] + self.path(match[2]) + match[3]

    def case(self, case: str) -> str:
        """The name in a baseline of a case's id."""
        shown = case.rpartition("::")[0]
        return self.path(shown) + case[len(shown) :]

    def path(self, shown: str) -> str:
        """The path in a baseline of a file that reports name `shown`: from the root, with `/`."""
        if shown.startswith(CORPUS):
            return shown
        plain, real = Path(os.path.abspath(shown)), Path(os.path.realpath(shown))
        real_root = Path(os.path.realpath(self.root))
        for path, root in ((plain, self.root), (real, real_root)):
            if path.is_relative_to(root):
                return user_path(path.relative_to(root).as_posix())
        try:
            return Path(os.path.relpath(real, real_root)).as_posix()
        except ValueError:  # on another drive of Windows
            return real.as_posix()


def project_of(baseline: Path) -> Project:
    """The project of a baseline, to whose root its paths are relative."""
    return Project(root_of(baseline))


def root_of(file: Path) -> Path:
    """The nearest folder above a baseline that has a pyproject.toml or is a repository; where there
    is none, the one above the working directory; else the baseline's folder."""
    folder = Path(os.path.abspath(file)).parent
    working = Path.cwd()
    above = (folder, *folder.parents)
    return _marked(above) or _marked((working, *working.parents)) or folder


def _marked(folders: Sequence[Path]) -> Path | None:
    return next((f for f in folders if any((f / mark).exists() for mark in _MARKS)), None)
