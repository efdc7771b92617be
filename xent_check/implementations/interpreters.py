"""Interpreters: where another Python is, and what is installed there."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from xent_check.errors import InvalidError, Mistake, visible

from .table import CUSTOM, IMPLEMENTATIONS

OLDEST = (3, 10)  # the first version that runs what a worker imports, and NumPy's annotations
_ALLOWED = "a Python, or the folder of a virtual environment"
_PATIENCE = 60.0  # seconds

_ENTRIES = (*IMPLEMENTATIONS.values(), CUSTOM)
_MODULES = sorted({"numpy", *(name for entry in _ENTRIES for name in entry.needs)})
_DISTRIBUTIONS = sorted({entry.distribution for entry in _ENTRIES})

# One expression, so that a shell given in place of a Python refuses it and runs nothing.
_QUESTION = f"""exec('''
import sys
sys.path[:] = [path for path in sys.path if path]
answer = {{"version": list(sys.version_info[:3])}}
if sys.version_info >= {OLDEST}:
    from importlib import metadata, util
    versions = {{}}
    for name in {_DISTRIBUTIONS}:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            pass
    answer["versions"] = versions
    answer["modules"] = [name for name in {_MODULES} if util.find_spec(name)]
import json
print()
print(json.dumps(answer))
''')"""


@dataclass(frozen=True)
class Interpreter:
    """Another Python."""

    path: str  # of its executable
    version: str  # such as 3.12.1
    modules: frozenset[str]  # those that it finds, of all that implementations need
    versions: Mapping[str, str] = field(compare=False)  # by distribution


@cache
def interpreter(path: str) -> Interpreter:
    """The Python at `path`, asked once; InvalidError where there is none, or one before OLDEST."""
    command = [path, "-E", "-c", _QUESTION]
    variables = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    try:
        process = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, env=variables
        )
    except OSError as error:
        raise _no_python(path, error.strerror or str(error)) from error
    except subprocess.TimeoutExpired as error:
        raise _no_python(path, f"no answer after {_PATIENCE:g} s") from error
    try:
        answer = json.loads(process.stdout.decode("utf-8").strip().splitlines()[-1])
        version = ".".join(str(int(part)) for part in answer["version"])
    except (ValueError, LookupError, TypeError):
        words = process.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        last = f"; its last words: {visible(words[0])}" if words else ""
        raise _no_python(path, f"it exited with code {process.returncode}{last}") from None
    if tuple(answer["version"]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        fault = f"{shlex.quote(path)} is Python {version}"
        raise InvalidError(Mistake((), fault, f"Python {oldest} or newer", ""))
    return Interpreter(path, version, frozenset(answer["modules"]), answer["versions"])


def _no_python(path: str, why: str) -> InvalidError:
    return InvalidError(Mistake((), f"{shlex.quote(path)} is no Python ({why})", _ALLOWED, ""))


def located(text: str) -> str:
    """The path of the executable at `text`: a file, a folder that has a Python, or a command.
    InvalidError where there is none.

    The Python of a virtual environment is a link, and following it would leave the environment.
    """
    if not text:
        raise InvalidError(Mistake((), "no path", _ALLOWED, ""))
    path = Path(os.getcwd(), os.path.expanduser(text))
    if path.is_dir():
        for name in ("bin/python", "bin/python3", "Scripts/python.exe", "python.exe"):
            if (path / name).is_file():
                return str(path / name)
        raise InvalidError(
            Mistake((), f"no Python in the folder {shlex.quote(text)}", _ALLOWED, "")
        )
    if path.is_file():
        return str(path)
    command = shutil.which(text) if os.path.basename(text) == text else None
    if command is None:
        raise InvalidError(Mistake((), f"no file {shlex.quote(text)}", _ALLOWED, ""))
    return command
