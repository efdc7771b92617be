"""Memory: what cannot fit is refused before it is allocated."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from xent_check.errors import InvalidError, KeyPath, Mistake

_SURE = 2**26  # bytes that are there: most runs can do without asking, which takes 10 ms
_GROUPS, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
# The limit, what is used of it, and what of that is files that can go: of both versions.
_UNIFIED = ("memory.max", "memory.current", "inactive_file")
_FIRST = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def available() -> int:
    """The bytes that can be had: those that are free, or fewer where a control group (a container,
    a batch job) has a limit."""
    import psutil

    free = psutil.virtual_memory().available
    return max(0, min([free, *_left_in_groups(_GROUPS, _OWN)]))


def must_fit(shape: Sequence[int], bytes_per_value: int, key: KeyPath) -> None:
    """InvalidError where an array of this shape asks for more memory than is free. An empty one
    asks for as much as if no size were 0: NumPy refuses it then, too."""
    needed = math.prod(max(size, 1) for size in shape) * bytes_per_value
    must_have(needed, f"shape {list(shape)} needs", key)


def must_have(needed: int, what: str, key: KeyPath, advice: str = "make it smaller") -> None:
    """InvalidError where so many bytes are more than is free; `what` says who needs them."""
    if needed > _SURE and needed > (free := available()):
        found, allowed = f"{what} {_gib(needed)}", f"{_gib(free)}, the memory that is free"
        raise InvalidError(Mistake(key, found, allowed, advice))


def _left_in_groups(groups: Path, own: Path) -> Iterator[int]:
    """What each control group leaves, ours and those that it is in, where it has a limit."""
    text = ""
    with contextlib.suppress(OSError):
        text = own.read_text()
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root = groups / "memory" if controllers else groups
        folder = root if ".." in path else root / path.lstrip("/")
        for group in (folder, *folder.parents):
            with contextlib.suppress(OSError, ValueError):  # not there, or "max"
                yield _left(group, _FIRST if controllers else _UNIFIED)
            if group == root:
                break


def _left(group: Path, names: tuple[str, str, str]) -> int:
    limit, used = (int((group / name).read_text()) for name in names[:2])
    stat = (line.split() for line in (group / "memory.stat").read_text().splitlines())
    files = next((int(count) for name, count in stat if name == names[2]), 0)
    return limit - max(0, used - files)


def _gib(count: int) -> str:
    gib = Decimal(count) / 2**30
    return f"{gib:,.1f} GiB" if gib < 10**6 else f"{gib:.3g} GiB"
