"""Shard: one of several runs that share the cases among them, and fit together again."""

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
    """the digest of all cases that are shared out, by which the shares of one run know each other;
    empty before they are known"""

    def __str__(self) -> str:
        return f"{self.index}/{self.of}"

    def take(self, items: Sequence[Item]) -> tuple[Item, ...]:
        """Every of-th item: each item is in exactly one shard, and their sizes differ by 1 at
        most."""
        return tuple(items[self.index - 1 :: self.of])


def parse_shard(text: str) -> Shard:
    """`2/5`; InvalidError otherwise."""
    match = re.fullmatch(r"([1-9]\d{0,5})/([1-9]\d{0,5})", text, re.ASCII)
    if match is None or int(match[1]) > int(match[2]):
        raise InvalidError(Mistake((), repr(text), "1/5 to 5/5, for five of them", ""))
    return Shard(int(match[1]), int(match[2]))
