"""Text in columns."""

from __future__ import annotations

import pytest

from xent_check.results.columns import aligned


def test_a_column_is_as_wide_as_its_longest_text() -> None:
    rows = [("a", "bb", "c"), ("long", "b", "longer")]
    assert aligned(rows) == ["a     bb  c", "long  b   longer"]
    assert aligned(rows, right=(0, 1)) == ["   a  bb  c", "long   b  longer"]
    assert aligned(rows, right=(1, 2)) == ["a     bb       c", "long   b  longer"]


def test_nothing_follows_the_last_column() -> None:
    assert aligned([("a",), ("long",)]) == ["a", "long"]
    assert aligned([("a", ""), ("b", "c ")]) == ["a  ", "b  c "]


def test_no_rows_are_no_lines() -> None:
    assert aligned([]) == []


def test_every_row_has_every_column() -> None:
    with pytest.raises(ValueError, match="shorter"):
        aligned([("a", "b"), ("c",)])
