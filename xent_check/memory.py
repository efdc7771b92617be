"""Memory: an array that cannot fit is refused before it is allocated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from .errors import InvalidError, KeyPath, Mistake


def must_fit(shape: Sequence[int], bytes_per_value: int, key: KeyPath) -> None:
    """InvalidError where an array of this shape asks for more memory than is free."""
    import psutil  # 10 ms that most runs can do without

    needed = math.prod(shape) * bytes_per_value
    available = psutil.virtual_memory().available
    if needed > available:
        found = f"shape {list(shape)} needs {_gib(needed)}"
        allowed = f"{_gib(available)}, the memory that is free"
        raise InvalidError(Mistake(key, found, allowed, "make it smaller"))


def _gib(count: int) -> str:
    gib = Decimal(count) / 2**30
    return f"{gib:,.1f} GiB" if gib < 10**6 else f"{gib:.3g} GiB"
