"""Elementary functions of the frameworks, which their losses are made of; no losses. Their adapter
answers them as if a function's values were the losses of a problem's scores."""

from __future__ import annotations

from dataclasses import replace

from .names import Implementation, parse

MODULE = "elementary"  # its file in adapters/
FUNCTIONS = ("exp", "log", "log1p", "expm1", "tanh")
# The frameworks, by the implementation whose process answers, and the modes of each: "" is how its
# losses call a function unless a mode says otherwise.
FRAMEWORKS: dict[str, tuple[str, ...]] = {
    "torch": ("", "compile"),
    "tf": ("", "graph", "xla"),
    "jax": ("", "eager"),
    "stable": ("",),
}


def elementary(framework: str, mode: str, function: str) -> Implementation:
    """What answers with the values of a function. framework: a key of FRAMEWORKS; mode: of it."""
    base = parse(framework)
    named = f"{function} of {framework}" + f":{mode}" * bool(mode)
    entry = replace(base.entry, module=MODULE)
    return replace(base, name=named, entry=entry, mode=f"{framework}:{mode}:{function}")
