"""Machine: what the last bits of a framework's answers may depend on, beside its version."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from xent_check.implementations.table import CHOOSING_CODE

from .saved.parts import Saved

# Instructions of which numerical libraries choose other code, as Linux calls them.
_EXTENSIONS = (
    "sse4_2", "avx", "avx2", "fma", "f16c", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16",
    "asimd", "sve", "bf16",
)  # fmt: skip


class Machine(Saved):
    """Where something was measured. What is unknown is empty."""

    python: str = ""
    """the version of the interpreter"""
    platform: str = ""
    """`linux x86_64`"""
    processor: str = ""
    """the maker's name for it"""
    extensions: tuple[str, ...] = ()
    """the vector instructions that it has"""
    variables: dict[str, str] = Field(default_factory=dict)
    """the environment variables that choose a library's code, where they are set"""

    @property
    def line(self) -> str:
        """In one line."""
        parts = [self.processor, self.platform, f"Python {self.python}" if self.python else ""]
        parts += [f"{name}={value}" for name, value in self.variables.items()]
        return ", ".join(filter(None, parts))

    @property
    def whole(self) -> str:
        """In one line, with its instructions."""
        return self.line + (f" ({' '.join(self.extensions)})" if self.extensions else "")


def joined(machines: Sequence[Machine]) -> Machine:
    """The machine of what several computed: the one that all are, else all of them in words."""
    kinds = {machine.line: machine for machine in machines}
    return Machine(processor="; ".join(kinds)) if len(kinds) > 1 else machines[0]


def elsewhere(machines: Sequence[Machine], here: Machine) -> str:
    """That another machine than this one computed, in a sentence; "" where all are alike."""
    lines = [machine.line for machine in machines]
    if not {*lines} - {here.line}:
        return ""
    where = "machines of several kinds" if len(lines) > 1 else "another machine than this"
    return f"computed on {where}; last bits may depend on that: {'; '.join(lines)}"


def this_machine() -> Machine:
    """The one that this process runs on."""
    text = _cpuinfo()
    names, flags = (
        re.findall(pattern, text, re.MULTILINE)
        for pattern in (r"^model name\s*:\s*(.*)$", r"^(?:flags|Features)\s*:\s*(.*)$")
    )
    has = set(flags[0].split()) if flags else set()
    return Machine(
        python=platform.python_version(),
        platform=f"{sys.platform} {platform.machine()}",
        processor=(names[0] if names else platform.processor()).strip(),
        extensions=tuple(name for name in _EXTENSIONS if name in has),
        variables={name: os.environ[name] for name in CHOOSING_CODE if name in os.environ},
    )


def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # another system than Linux
        return ""
