"""Bugs to plant, a file for each subject: every module here has them as BUGS."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path

from tests.support.sources import lines_of, source_file


@dataclass(frozen=True)
class Bug:
    """What is changed: `old` becomes `new` in the function, class or constant `module:name`, its
    module by as much of its dotted name as tells it from others.

    tests: the file that is run, with its folder where another has its name. only: a part of a
    test's name, where a file is slow.
    """

    name: str
    place: str
    old: str
    new: str
    tests: str
    only: str = ""

    def plant(self, package: Path) -> Path:
        """Into a copy of the package; the file. LookupError where the text does not stand there."""
        module, _, function = self.place.partition(":")
        file = source_file(package, module)
        source = file.read_text(encoding="utf-8").splitlines(keepends=True)
        where = lines_of(file, function)
        before = "".join(source[where])
        if self.old not in before:
            raise LookupError(f"{self.place} has changed: plant {self.name!r} anew")
        source[where] = [before.replace(self.old, self.new)]
        file.write_text("".join(source), encoding="utf-8")
        return file


def planted() -> tuple[Bug, ...]:
    """Those of every module."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(bug for module in modules for bug in module.BUGS)
