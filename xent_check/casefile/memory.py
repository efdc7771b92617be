"""Memory: what a run takes, and what is free. What cannot fit is refused before it is allocated.

Beside the arrays of its case files, a run takes memory for each loss and each entry of a gradient:
in the process that the user starts for the exact values and for every answer, in a framework's
process for copies of what it gets and gives. Measured by `python -m tests.bench.large`.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from xent_check.errors import InvalidError, KeyPath, Mistake
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.problem import Array, Problem
from xent_check.problem.vocabulary import DType

# Bytes per loss and per entry of a gradient
TRUTH = 32  # the exact value, its radius and its bound
ANSWER = 32  # the number of an answer, its difference, what is allowed, and its ulps while read
COMPARISON = 24  # further ones while an answer is compared
WORKER = 6  # copies in a framework's process, each of the inputs' size

_SURE = 2**26  # bytes taken for granted: asking takes 10 ms, and most runs need no more
_GROUPS, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
# The files of the limit and of the use, and the count of pages that can be dropped; by version.
_UNIFIED = ("memory.max", "memory.current", "inactive_file")
_FIRST = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


@dataclass(frozen=True)
class Size:
    """The size of a problem, and the bytes that it takes."""

    values: int  # how many logits, probs or log_probs there are, and numbers that make logits
    samples: int  # how many losses
    dtype: DType  # of the inputs
    gradient: bool  # whether one is asked for
    further: int = 0  # how many checks need further calls, and a copy of the inputs each
    entries: int | None = None  # of the gradients; None: as many as values

    @property
    def truth_bytes(self) -> int:
        """Bytes of the exact values, as long as the run."""
        return self._numbers * TRUTH

    @property
    def answer_bytes(self) -> int:
        """Bytes of one answer, as long as the run."""
        return self._numbers * ANSWER

    @property
    def comparison_bytes(self) -> int:
        """Bytes that one answer takes beside those while it is compared."""
        return self._numbers * COMPARISON

    @property
    def worker_bytes(self) -> int:
        """Bytes of a framework's process while it answers."""
        width = numpy_dtype(self.dtype).itemsize
        return (WORKER + self.further) * width * (self.values + self._numbers)

    @property
    def one_answer_bytes(self) -> int:
        """Bytes of a run with one answer, in all processes at most."""
        return self.truth_bytes + self.answer_bytes + max(self.comparison_bytes, self.worker_bytes)

    @property
    def kept_bytes(self) -> int:
        """Bytes of a run with one answer that stay where it is asked in chunks: the losses'."""
        return self.samples * (TRUTH + ANSWER)

    @property
    def _numbers(self) -> int:
        entries = self.values if self.entries is None else self.entries
        return self.samples + (entries if self.gradient else 0)


def size_of(problem: Problem) -> Size:
    """The size of a problem."""
    samples = math.prod(problem.samples_shape)
    further = len(problem.conduct)
    entries, values = None, problem.num_scores
    if problem.given == "hidden":
        entries = problem.values.size + sum(getattr(problem, p).size for p in problem.parameters)
        values += entries
    return Size(values, samples, problem.dtype, problem.gradient, further, entries)


def copy_bytes(arrays: Mapping[str, Array], dtype: DType) -> int:
    """Bytes of the arrays rounded to the dtype: none for those that have it, or are indices."""
    to = numpy_dtype(dtype)
    return sum(a.size * to.itemsize for a in arrays.values() if a.dtype not in (to, "int64"))


def available_bytes() -> int:
    """The free bytes, or fewer where a control group (a container, a batch job) has a limit."""
    import psutil

    free = psutil.virtual_memory().available
    return max(0, min([free, *_bytes_left_in_groups(_GROUPS, _OWN)]))


def must_fit(shape: Sequence[int], bytes_per_value: int, key: KeyPath) -> None:
    """InvalidError, at the key, where an array of this shape needs more memory than is free.

    An axis without entries counts as one: NumPy refuses an array whose other axes are too long.
    """
    needed = math.prod(max(size, 1) for size in shape) * bytes_per_value
    must_have(needed, f"shape {list(shape)} needs", key)


def must_have(needed: int, what: str, key: KeyPath, advice: str = "make it smaller") -> None:
    """InvalidError, at the key, where so many bytes are not free.

    needed: bytes. what: the start of the message, `shape [2, 3] needs`.
    """
    if needed > _SURE and needed > (free := available_bytes()):
        fault, allowed = (
            f"{what} {_gib_text(needed)}",
            f"{_gib_text(free)}, the memory that is free",
        )
        raise InvalidError(Mistake(key, fault, allowed, advice))


def _bytes_left_in_groups(groups: Path, membership: Path) -> Iterator[int]:
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
                yield _bytes_left(group, _FIRST if controllers else _UNIFIED)
            if group == root:
                break


def _bytes_left(group: Path, names: tuple[str, str, str]) -> int:
    limit, used = (int((group / name).read_text()) for name in names[:2])
    stat = (line.split() for line in (group / "memory.stat").read_text().splitlines())
    files = next((int(count) for name, count in stat if name == names[2]), 0)
    return limit - max(0, used - files)


def _gib_text(count: int) -> str:
    gib = Decimal(count) / 2**30
    return f"{gib:,.1f} GiB" if gib < 10**6 else f"{gib:.3g} GiB"
