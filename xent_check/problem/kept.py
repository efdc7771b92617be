"""Kept: what is computed of an object once, for as long as the object lives."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class Kept(Generic[T]):
    """Values of one kind, by the object that they are of, which nobody changes, and a key.

    A value must not refer to its object, which would then live for ever.
    """

    def __init__(self) -> None:
        self._of: WeakKeyDictionary[object, dict[Hashable, T]] = WeakKeyDictionary()

    def get(self, owner: object, key: Hashable, compute: Callable[[], T]) -> T:
        """The value of the owner under the key: `compute()`, the first time."""
        values = self._of.setdefault(owner, {})
        if key not in values:
            values[key] = compute()
        return values[key]
