"""Python's search for circles is made seldom, unless it was set otherwise."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from xent_check.workers.collector import collect_seldom


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.mark.parametrize(
    ("before", "after"),
    [(700, 10_000), (2_000, 10_000), (0, 0), (50_000, 50_000)],
    ids=["of Python 3.11", "of Python 3.13", "turned off", "more already"],
)
def test_the_youngest_objects_are_searched_after_ten_thousand(before: int, after: int) -> None:
    gc.set_threshold(before, 7, 8)
    collect_seldom()
    assert gc.get_threshold()[:2] == (after, 7)
