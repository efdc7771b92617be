"""Names of implementations: `name[:mode][@device]`, `[framework=]module:attribute[@device]`, or
the name of one that the project declares; with `[label]` where it runs in a labelled interpreter.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib.metadata
import importlib.util
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING, Any

from xent_check.errors import InvalidError, Mistake, closest, did_you_mean

from .declaration import NOTHING, Declaration
from .interpreters import interpreter
from .table import CUSTOM, DEVICES, FRAMEWORKS, IMPLEMENTATIONS, MODES, OTHER_WORDS, Entry

if TYPE_CHECKING:
    from xent_check.problem.problem import Problem

# What `declaring` makes known, by name; `parse` reads it.
_DECLARED: dict[str, Implementation] = {}
UNKNOWN = "unknown"  # the version of a distribution without metadata
_LABELLED = re.compile(r"(.*)\[([^\[\]]*)\]", re.DOTALL)


@dataclass(frozen=True)
class Python:
    """`--python NAME[LABEL]=PATH`: the implementations that run in another interpreter."""

    name: str  # of an implementation, with its modes and devices; empty for all
    label: str  # of an additional column; empty where the interpreter replaces our own
    path: str  # of the interpreter

    def is_about(self, implementation: Implementation) -> bool:
        """Whether its name is the implementation's, that of its row of the table, or empty."""
        return self.name in ("", implementation.base, implementation.unlabelled)


@dataclass(frozen=True)
class Implementation:
    """A way of computing the loss: an entry of the table in a mode, on a device, in a Python."""

    name: str  # as reports show it
    entry: Entry  # its row of the table
    mode: str = ""  # one of the row's modes; empty for none
    device: str = "cpu"  # one of the row's devices
    function: str = ""  # the user's `module:attribute`; empty for those of the table
    framework: str = ""  # whose arrays the user's function gets; empty where that is found out
    python: str = ""  # the path of the interpreter; empty for our own
    label: str = ""  # of that interpreter's column; empty where it has none
    declared: Declaration = NOTHING  # what is said of the user's function
    place: str = ""  # `pyproject.toml:LINE` of the table that declares it; empty where none does

    @property
    def environment(self) -> str:
        """The name of its worker: a process per framework, device and interpreter."""
        device = "" if self.device == "cpu" else f"@{self.device}"
        return self.entry.environment + device + (f" in {self.python}" if self.python else "")

    @property
    def unlabelled(self) -> str:
        """The name without the label."""
        return self.name.removesuffix(f"[{self.label}]") if self.label else self.name

    @property
    def base(self) -> str:
        """The row of the table, without mode and device; or the user's function."""
        return self.function or self.unlabelled.partition("@")[0].partition(":")[0]

    @property
    def own(self) -> str:
        """The user's `[framework=]module:attribute`; empty for those of the table."""
        return f"{self.framework}={self.function}" if self.framework else self.function

    @property
    def spec(self) -> str:
        """The user's `[framework=]module:attribute[@device]`; empty for those of the table."""
        device = "" if self.device == "cpu" else f"@{self.device}"
        return self.own + device if self.own else ""

    def computes_in_float32(self, problem: Problem) -> bool:
        """Whether the table says that it computes this problem of 16 bits in float32: not what is
        written around its loss, logits scaled and capped, or a z-loss."""
        dtypes = self.entry.in_float32.get((problem.loss, problem.given), ())
        if problem.dtype not in dtypes or self.device != "cpu" or self.mode:
            return False
        return not problem.options & {"logit_scale", "softcap", "z_loss"}

    @property
    def version(self) -> str:
        """The version of its distribution in its interpreter; of a user's own, that of
        the framework which is stated for it, else NumPy's."""
        distribution = FRAMEWORKS.get(self.framework, self.entry.distribution)
        if self.python:
            return interpreter(self.python).versions.get(distribution, UNKNOWN)
        try:
            return importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            return UNKNOWN

    @property
    def plain(self) -> dict[str, Any]:
        """As plain values, for another machine, where `of_plain` makes it again in the interpreter
        of that one."""
        fields = ("name", "device", "function", "framework", "place")
        return {key: getattr(self, key) for key in fields} | {"declared": asdict(self.declared)}

    def said(self, declared: Declaration) -> Implementation:
        """The same with this declared of it, over what is already; unless it is of the table."""
        return replace(self, declared=declared.over(self.declared)) if self.function else self

    def labelled(self, python: Python) -> Implementation:
        """The same in the interpreter and under the label of `python`."""
        return replace(
            self, name=f"{self.name}[{python.label}]", python=python.path, label=python.label
        )


def of_plain(plain: Mapping[str, Any]) -> Implementation:
    """The implementation of its plain values."""
    if not plain["function"]:
        return _parse(plain["name"])
    fields = {**plain, "declared": Declaration.of(plain["declared"])}
    return Implementation(entry=CUSTOM, **fields)


DEFAULT: tuple[Implementation, ...] = tuple(
    Implementation(name, entry) for name, entry in IMPLEMENTATIONS.items() if entry.default
)


@contextlib.contextmanager
def declaring(implementations: Mapping[str, Implementation]) -> Iterator[None]:
    """Let `parse` know these names, which a project declares, beside those of the table."""
    before = dict(_DECLARED)
    _DECLARED.update(implementations)
    try:
        yield
    finally:
        _DECLARED.clear()
        _DECLARED.update(before)


def parse(text: str, pythons: Sequence[Python] = ()) -> Implementation:
    """The implementation that `text` names; InvalidError (with an empty key) where there is none.

    pythons: those whose labels `text` may have. Without a label the interpreter is our own.
    """
    match = _LABELLED.fullmatch(text)
    if match is None:
        return _parse(text)
    base = _parse(match[1])
    candidates = [p for p in pythons if p.label and p.is_about(base)]
    for python in candidates:
        if python.label == match[2]:
            return base.labelled(python)
    allowed = ", ".join(f"{base.name}[{p.label}]" for p in candidates) or f"{base.name} alone"
    hint = did_you_mean(match[2], [p.label for p in candidates])
    hint = hint or f"--python {shlex.quote(f'{text}=PATH')} says where it runs"
    raise _wrong(f"label {match[2]!r} of {base.name}", allowed, hint)


def _parse(text: str) -> Implementation:
    if text in _DECLARED:
        return _DECLARED[text]
    framework, equals, spec = text.partition("=")
    if equals:
        return _parse_framework(framework, spec)
    return _parse_named(text)


def _parse_framework(framework: str, text: str) -> Implementation:
    """A function of the user with its framework in front of it."""
    if framework not in FRAMEWORKS:
        hint = did_you_mean(framework, FRAMEWORKS, (("tensorflow", ("tf", "keras")),))
        raise _wrong(f"framework {framework!r} of {text}", ", ".join(FRAMEWORKS), hint)
    spec, at, device = text.partition("@")
    module, _, name = spec.rpartition(":")
    if not module or not _is_attribute(name):
        raise _wrong(
            f"{text!r} of {framework}=", "module:attribute, or path/to/file.py:attribute", ""
        )
    entry = replace(CUSTOM, devices=DEVICES[:1]) if framework == "numpy" else CUSTOM
    own = _own(module, name, at, device, f"{framework}=", entry)
    return replace(own, framework=framework)


def _own(
    module: str, name: str, at: str, device: str, before: str = "", entry: Entry = CUSTOM
) -> Implementation:
    """The user's own; in its name the path of a file is a normal one, as `expect` knows it."""
    if module.endswith(".py"):
        module = os.path.normpath(module)
    spec = f"{module}:{name}"
    found = _device(device, f"{before}{spec}", entry) if at else "cpu"
    return Implementation(f"{before}{spec}{at}{device}", CUSTOM, "", found, function=spec)


def _is_attribute(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _parse_named(text: str) -> Implementation:
    spec, at, device = text.partition("@")
    base, colon, rest = spec.rpartition(":") if ":" in spec else (spec, "", "")
    if base in IMPLEMENTATIONS:
        entry = IMPLEMENTATIONS[base]
        if colon and rest not in entry.modes and _is_member(base, rest, entry):
            return _own(base, rest, at, device)
        if colon and rest not in entry.modes:
            allowed = ", ".join(f"{base}:{mode}" for mode in entry.modes) or f"{base} alone"
            raise _wrong(f"mode {rest!r} of {base}", allowed, did_you_mean(rest, entry.modes))
        return Implementation(text, entry, rest, _device(device, spec, entry) if at else "cpu")
    if at and not colon and spec in _DECLARED:
        advice = f"say the device in the table's `function`: {_DECLARED[spec].own}@{device}"
        raise _wrong(f"device {device!r} of {spec}", f"{spec} alone", advice)
    names = (*IMPLEMENTATIONS, *_DECLARED)
    allowed = f"{', '.join(names)}, or module:function"
    near = closest(base, tuple(IMPLEMENTATIONS), OTHER_WORDS)
    modes = [name for name in near if rest in IMPLEMENTATIONS[name].modes]
    if colon and modes:
        meant = f"{modes[0]}:{rest}{at}{device}"
        raise _wrong(f"no implementation {text!r}", allowed, f"did you mean {meant!r}?")
    if colon and base and _is_attribute(rest) and not _is_typo(base):
        return _own(base, rest, at, device)
    word = base or text
    hint = did_you_mean(word, names, OTHER_WORDS) or did_you_mean(word.partition(".")[0], names)
    raise _wrong(f"no implementation {text!r}", allowed, hint)


def _is_member(module: str, name: str, entry: Entry) -> bool:
    """Whether the name is for a member of the module that an implementation is named like, as in
    `optax:softmax_cross_entropy`, and not for one of its modes."""
    typo = name in MODES or difflib.get_close_matches(name, entry.modes)
    return not typo and module in entry.needs and _is_attribute(name)


def _device(device: str, spec: str, entry: Entry) -> str:
    """The device; InvalidError where the implementation cannot run on it."""
    if device in entry.devices:
        return device
    if device in DEVICES:
        who = "NumPy" if entry.needs == ("numpy",) else spec
        advice = f"{who} computes on the CPU, whatever is asked for"
        raise _wrong(f"device {device!r} of {spec}", f"{spec} alone", advice)
    hint = did_you_mean({"gpu": "cuda"}.get(device, device), entry.devices)
    raise _wrong(f"device {device!r}", ", ".join(entry.devices), hint)


def _is_typo(module: str) -> bool:
    """Whether it is no module, but close to the name of an implementation: `kears:xla`."""
    top = module.partition(".")[0]  # looking for the whole name would import it
    if "." in module and any(top in entry.needs for entry in IMPLEMENTATIONS.values()):
        return False  # a module of a framework, installed here or not
    return (
        bool(difflib.get_close_matches(top, IMPLEMENTATIONS))
        and not module.endswith(".py")
        and _find(top) is None
        and PathFinder.find_spec(top, [os.getcwd()]) is None  # where a worker looks first
    )


def _wrong(fault: str, allowed: str, advice: str) -> InvalidError:
    return InvalidError(Mistake((), fault, allowed, advice))


@cache
def _find(module: str) -> object:
    try:
        return importlib.util.find_spec(module)
    except (ImportError, ValueError):
        return None


def why_missing(implementation: Implementation) -> str | None:
    """What is not installed, and the command that installs it; None where nothing is missing."""
    needs, python = implementation.entry.needs, implementation.python
    if python:
        modules = interpreter(python).modules
        absent = [name for name in dict.fromkeys((*needs, "numpy")) if name not in modules]
        place, command = f" in {python}", f"{shlex.quote(python)} -m pip install {' '.join(absent)}"
    else:
        absent = [name for name in needs if _find(name) is None]
        place, command = "", f"pip install 'xent-check[{implementation.entry.extra}]'"
    return f"{' and '.join(absent)} not installed{place}: {command}" if absent else None
