"""Bugs to plant, a file for each subject: every module here has them as BUGS."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """tests: the files that are run. only: a part of a test's name, where a file is slow."""

    name: str
    file: str
    old: str
    new: str
    tests: str
    only: str = ""


def planted() -> tuple[Bug, ...]:
    """Those of every module."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return tuple(bug for module in modules for bug in module.BUGS)
