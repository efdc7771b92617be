"""Fresh source: a module is loaded as its file stands, also where it was compiled just before.

Python takes a compiled file for that of its source where the source has the size and the whole
second of its last change that it had when it was compiled. An edit in the same second that keeps
the size, as of a sign, goes unseen, now and in every later process.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType
from typing import Any

_INSTALLED = tuple(
    Path(folder).resolve()
    for folder in {*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix}
)
_IN_INSTALLED = {"site-packages", "dist-packages"}  # the names of such folders anywhere


class FreshLoader(SourceFileLoader):
    """Takes a compiled file where it was written after the last change of the source."""

    def get_code(self, fullname: str) -> CodeType | None:
        """The code of the module."""
        path = self.get_filename(fullname)
        if _may_be_stale(path):
            code: CodeType = self.source_to_code(self.get_data(path), path)
            return code
        return super().get_code(fullname)


def _may_be_stale(path: str) -> bool:
    try:
        compiled = os.stat(cache_from_source(path)).st_mtime_ns
        return compiled <= os.stat(path).st_mtime_ns
    except (OSError, NotImplementedError):  # there is none
        return False


def load_fresh() -> None:
    """From here on load modules so, those of installed packages excepted: there, nobody edits."""
    if _finder not in sys.path_hooks:
        sys.path_hooks.insert(0, _finder)
        for folder in [*sys.path_importer_cache]:
            if not _is_installed(folder):
                del sys.path_importer_cache[folder]


def _finder(folder: str) -> Any:
    if _is_installed(folder) or not os.path.isdir(folder or "."):
        raise ImportError(f"{folder}: left to the other finders")
    return FileFinder(
        folder,
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (FreshLoader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )


def _is_installed(folder: str) -> bool:
    path = Path(folder).resolve()
    inside = any(path.is_relative_to(installed) for installed in _INSTALLED)
    return inside or not _IN_INSTALLED.isdisjoint(path.parts)
