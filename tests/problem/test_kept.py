"""What is kept of an object is computed once, by its key, and ends with the object."""

from __future__ import annotations

import gc
import weakref

from xent_check.problem.kept import Kept


class Owner:
    pass


class Value:
    pass


def test_a_value_is_computed_once_for_each_owner_and_key() -> None:
    kept, one, other = Kept[list[int]](), Owner(), Owner()
    first = kept.get(one, "a", lambda: [1])
    assert kept.get(one, "a", lambda: [2]) is first
    assert kept.get(one, "b", lambda: [3]) == [3]
    assert kept.get(other, "a", lambda: [4]) == [4]


def test_a_value_ends_with_its_owner() -> None:
    kept, owner = Kept[Value](), Owner()
    ended = weakref.ref(kept.get(owner, (), Value))
    assert ended() is not None
    del owner
    gc.collect()
    assert ended() is None
