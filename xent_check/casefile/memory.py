"""Memory: arrays that cannot fit are refused before they are allocated."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from xent_check.errors import InvalidError, KeyPath, Mistake

_SURE = 2**26  # bytes taken for granted: asking takes 10 ms, and most runs need no more
_GROUPS, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
# The files of the limit and of the use, and the count of pages that can be dropped; by version.
_UNIFIED = ("memory.max", "memory.current", "inactive_file")
_FIRST = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def available() -> int:
    """The free bytes, or fewer where a control group (a container, a batch job) has a limit."""
    import psutil

    free = psutil.virtual_memory().available
    return max(0, min([free, *_left_in_groups(_GROUPS, _OWN)]))


def must_fit(shape: Sequence[int], bytes_per_value: int, key: KeyPath) -> None:
    """InvalidError where an array of this shape needs more memory than is free. Sizes of 0 count as
    1, as NumPy refuses such an array, too."""
    needed = math.prod(max(size, 1) for size in shape) * bytes_per_value
    must_have(needed, f"shape {list(shape)} needs", key)


def must_have(needed: int, what: str, key: KeyPath, advice: str = "make it smaller") -> None:
    """InvalidError where so many bytes are not free. what: the start of the message."""
    if needed > _SURE and needed > (free := available()):
        found, allowed = f"{what} {_gib(needed)}", f"{_gib(free)}, the memory that is free"
        raise InvalidError(Mistake(key, found, allowed, advice))


def _left_in_groups(groups: Path, membership: Path) -> Iterator[int]:
    """The bytes left in our control group and in those around it, where they have a limit."""
    text = ""
    with contextlib.suppress(OSError):
        text = membership.read_text()
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root = groups / "memory" if controllers else groups
        folder = root if ".." in path else root / path.lstrip("/")
        for group in (folder, *folder.parents):
            with contextlib.suppress(OSError, ValueError):  # no such file, or "max"
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
