"""Shard: one share of the cases, for one of several runs whose results are merged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from xent_check.errors import InvalidError, Mistake

Item = TypeVar("Item")


@dataclass(frozen=True)
class Shard:
    """One of several shares of the cases."""

    index: int
    """from 1"""
    of: int
    """how many shares there are"""
    selection: str = ""
    """the digest of all cases, the same in all shares of a run; "" before the cases are read"""

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"

    def take(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """Every of-th item: each item is in exactly one shard, and their sizes differ by 1 at
        most."""
        return tuple(items[self.index - 1 :: self.of])


def parse_shard(text: str) -> Shard:
    """The shard that a text like `2/5` names; InvalidError for another text."""
    match = re.fullmatch(r"([1-9]\d{0,5})/([1-9]\d{0,5})", text, re.ASCII)
    if match is None or int(match[1]) > int(match[2]):
        raise InvalidError(Mistake((), repr(text), "1/5 to 5/5, for five of them", ""))
    return Shard(int(match[1]), int(match[2]))
