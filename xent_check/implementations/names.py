"""Selection: an implementation as written, `name[:mode][@device]` or `module:function`, and
`[label]` behind it where it runs in an interpreter that has one."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from xent_check.errors import InvalidError, Mistake, did_you_mean

from .interpreters import interpreter
from .table import CUSTOM, DEVICES, IMPLEMENTATIONS, Entry

if TYPE_CHECKING:
    from xent_check.problem.problem import Problem

UNKNOWN = "unknown"  # the version of what has no metadata
_LABELLED = re.compile(r"(.*)\[([^\[\]]*)\]", re.DOTALL)


@dataclass(frozen=True)
class Python:
    """`--python NAME[LABEL]=PATH`: what runs in another interpreter.

    name: an implementation, its modes and devices too; empty for all. label: of a column of its
    own, beside the one without; empty where all that `name` says runs there.
    """

    name: str
    label: str
    path: str

    def is_about(self, implementation: Implementation) -> bool:
        """Whether it names the implementation, the table's row of it, or all."""
        return self.name in ("", implementation.base, implementation.unlabelled)


@dataclass(frozen=True)
class Implementation:
    """One way of computing the loss, chosen. `function` is set for the user's own.

    python: the interpreter that it runs in, empty for our own; label: where it is a column beside
    the one without.
    """

    name: str
    entry: Entry
    mode: str = ""
    device: str = "cpu"
    function: str = ""
    python: str = ""
    label: str = ""

    @property
    def environment(self) -> str:
        """The worker it runs in: one process per framework, device and interpreter."""
        device = "" if self.device == "cpu" else f"@{self.device}"
        return self.entry.environment + device + (f" in {self.python}" if self.python else "")

    @property
    def unlabelled(self) -> str:
        """The name of the column beside which this one stands."""
        return self.name.removesuffix(f"[{self.label}]") if self.label else self.name

    @property
    def base(self) -> str:
        """The row of the table, without mode and device; or the user's function."""
        return self.function or self.unlabelled.partition("@")[0].partition(":")[0]

    def computes_in_float32(self, problem: Problem) -> bool:
        """Whether the table says so of a problem of 16 bits: of the CPU, without a mode."""
        dtypes = self.entry.in_float32.get((problem.loss, problem.given), ())
        return problem.dtype in dtypes and self.device == "cpu" and not self.mode

    @property
    def version(self) -> str:
        """Of its distribution, where it runs."""
        distribution = self.entry.distribution
        if self.python:
            return interpreter(self.python).versions.get(distribution, UNKNOWN)
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            return UNKNOWN

    def labelled(self, python: Python) -> Implementation:
        """The column beside it that `python` gives."""
        return replace(
            self, name=f"{self.name}[{python.label}]", python=python.path, label=python.label
        )


DEFAULT: tuple[Implementation, ...] = tuple(
    Implementation(name, entry) for name, entry in IMPLEMENTATIONS.items() if entry.default
)


def parse(text: str, pythons: Sequence[Python] = ()) -> Implementation:
    """The implementation that `text` names; InvalidError (with an empty key) otherwise. The labels
    are those of `pythons`; one without a label is not placed yet."""
    match = _LABELLED.fullmatch(text)
    if match is None:
        return _parse(text)
    beside = _parse(match[1])
    given = [p for p in pythons if p.label and p.is_about(beside)]
    for python in given:
        if python.label == match[2]:
            return beside.labelled(python)
    allowed = ", ".join(f"{beside.name}[{p.label}]" for p in given) or f"{beside.name} alone"
    hint = did_you_mean(match[2], [p.label for p in given])
    hint = hint or f"--python {shlex.quote(f'{text}=PATH')} says where it runs"
    raise _wrong(f"label {match[2]!r} of {beside.name}", allowed, hint)


def _parse(text: str) -> Implementation:
    spec, at, device = text.partition("@")
    base, colon, rest = spec.rpartition(":") if ":" in spec else (spec, "", "")
    if base in IMPLEMENTATIONS:
        entry = IMPLEMENTATIONS[base]
        if colon and rest not in entry.modes:
            allowed = ", ".join(f"{base}:{mode}" for mode in entry.modes) or f"{base} alone"
            raise _wrong(f"mode {rest!r} of {base}", allowed, did_you_mean(rest, entry.modes))
        return Implementation(text, entry, rest, _device(device, spec, entry) if at else "cpu")
    if colon and base and rest.isidentifier() and not _is_typo(base):
        if base.endswith(".py"):  # one function has one name: `expect` knows it by that
            base = os.path.normpath(base)
            spec, text = f"{base}:{rest}", f"{base}:{rest}{at}{device}"
        device = _device(device, spec, CUSTOM) if at else "cpu"
        return Implementation(text, CUSTOM, "", device, function=spec)
    names = list(IMPLEMENTATIONS)
    allowed = f"{', '.join(names)}, or module:function"
    raise _wrong(f"no implementation {text!r}", allowed, did_you_mean(base or text, names))


def _device(device: str, spec: str, entry: Entry) -> str:
    """The device, where arrays of the implementation can be on such a one."""
    if device in entry.devices:
        return device
    if device in DEVICES:
        advice = "NumPy computes on the CPU, whatever is asked for"
        raise _wrong(f"device {device!r} of {spec}", f"{spec} alone", advice)
    hint = did_you_mean({"gpu": "cuda"}.get(device, device), entry.devices)
    raise _wrong(f"device {device!r}", ", ".join(entry.devices), hint)


def _is_typo(module: str) -> bool:
    """A word that is no module and is close to a known name: `kears:xla`."""
    return (
        bool(did_you_mean(module, IMPLEMENTATIONS))
        and not module.endswith(".py")
        and _find(module.partition(".")[0]) is None  # a whole dotted name would import its parent
    )


def _wrong(found: str, allowed: str, advice: str) -> InvalidError:
    return InvalidError(Mistake((), found, allowed, advice))


@cache
def _find(module: str) -> object:
    try:
        return importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None


def why_missing(implementation: Implementation) -> str | None:
    """What is not installed and how to add it; None where everything is there."""
    needs, python = implementation.entry.needs, implementation.python
    if python:
        there = interpreter(python).modules
        absent = [name for name in dict.fromkeys((*needs, "numpy")) if name not in there]
        where, how = f" in {python}", f"{shlex.quote(python)} -m pip install {' '.join(absent)}"
    else:
        absent = [name for name in needs if _find(name) is None]
        where, how = "", f"pip install 'xent-check[{implementation.entry.extra}]'"
    return f"{' and '.join(absent)} not installed{where}: {how}" if absent else None
