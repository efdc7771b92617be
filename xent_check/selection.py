"""Selection: an implementation as written, `name[:mode][@device]` or `module:function`."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache

from .errors import InvalidError, Mistake, did_you_mean
from .implementations import CUSTOM, DEVICES, IMPLEMENTATIONS, Entry


@dataclass(frozen=True)
class Implementation:
    """One way of computing the loss, chosen. `function` is set for the user's own."""

    name: str
    entry: Entry
    mode: str = ""
    device: str = "cpu"
    function: str = ""

    @property
    def environment(self) -> str:
        """The worker it runs in: one process per framework and device."""
        return self.entry.environment + ("" if self.device == "cpu" else f"@{self.device}")


DEFAULT: tuple[Implementation, ...] = tuple(
    Implementation(name, entry) for name, entry in IMPLEMENTATIONS.items() if entry.default
)


def parse(text: str) -> Implementation:
    """The implementation that `text` names; InvalidError (with an empty key) otherwise."""
    spec, at, device = text.partition("@")
    if at and device not in DEVICES:
        hint = did_you_mean({"gpu": "cuda"}.get(device, device), DEVICES)
        raise _wrong(f"device {device!r}", ", ".join(DEVICES), hint)
    device = device or "cpu"
    base, colon, rest = spec.rpartition(":") if ":" in spec else (spec, "", "")
    if base in IMPLEMENTATIONS:
        entry = IMPLEMENTATIONS[base]
        if colon and rest not in entry.modes:
            allowed = ", ".join(f"{base}:{mode}" for mode in entry.modes) or f"{base} alone"
            raise _wrong(f"mode {rest!r} of {base}", allowed, did_you_mean(rest, entry.modes))
        return Implementation(text, entry, rest, device)
    if colon and base and rest.isidentifier() and not _is_typo(base):
        return Implementation(text, CUSTOM, "", device, function=spec)
    names = list(IMPLEMENTATIONS)
    allowed = f"{', '.join(names)}, or module:function"
    raise _wrong(f"no implementation {text!r}", allowed, did_you_mean(base or text, names))


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
    absent = [name for name in implementation.entry.needs if _find(name) is None]
    if not absent:
        return None
    extra = implementation.entry.extra
    return f"{' and '.join(absent)} not installed: pip install 'xent-check[{extra}]'"
