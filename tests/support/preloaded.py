"""What xent-check's commands import, loaded once in the process that they are forked from."""

from __future__ import annotations

import importlib
import pkgutil

import execnet  # noqa: F401
import flint  # noqa: F401
import psutil  # noqa: F401

import xent_check.cli
from xent_check.reporters import formats
from xent_check.running import session  # noqa: F401

for package in (xent_check.cli, formats):
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
