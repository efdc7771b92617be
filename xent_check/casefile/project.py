"""Project: what the paths of a baseline are relative to, so that the working directory does not
matter."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_MARKS = ("pyproject.toml", ".git")
_FUNCTION = re.compile(r"((?:\w+=)?)([^=]+?\.py)(:.*)", re.DOTALL)  # [FRAMEWORK=]file.py:function


@dataclass(frozen=True)
class Project:
    """root: an absolute folder. shipped: that of the cases of the package, which reports name
    `cases/...` wherever it is."""

    root: Path
    shipped: Path

    def keys(self, answers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
        """Each case and implementation, named from the working directory, as in a baseline."""
        cases: dict[str, str] = {}
        names: dict[str, str] = {}
        made = {}
        for case, name in answers:
            shown = case.rpartition("::")[0]
            if shown not in cases:
                cases[shown] = self.path(shown)
            if name not in names:
                names[name] = self.implementation(name)
            made[case, name] = cases[shown] + case[len(shown) :], names[name]
        return made

    def implementation(self, name: str) -> str:
        """Of a function, its file is a path too."""
        match = _FUNCTION.fullmatch(name)
        return name if match is None else match[1] + self.path(match[2]) + match[3]

    def path(self, shown: str) -> str:
        first, _, rest = shown.partition("/")
        if first == "cases" and not os.path.exists(shown) and (self.shipped / rest).exists():
            return shown
        plain, real = Path(os.path.abspath(shown)), Path(os.path.realpath(shown))
        real_root = Path(os.path.realpath(self.root))
        for path, root in ((plain, self.root), (real, real_root)):
            if path.is_relative_to(root):
                return path.relative_to(root).as_posix()
        try:
            return Path(os.path.relpath(real, real_root)).as_posix()
        except ValueError:  # on another drive of Windows
            return real.as_posix()


def root_of(file: Path) -> Path:
    """The nearest folder above a baseline that has a pyproject.toml or is a repository; where none
    has, that above the working directory; else the baseline's own."""
    own = Path(os.path.abspath(file)).parent
    here = Path.cwd()
    return _marked((own, *own.parents)) or _marked((here, *here.parents)) or own


def _marked(folders: Sequence[Path]) -> Path | None:
    return next((f for f in folders if any((f / mark).exists() for mark in _MARKS)), None)
