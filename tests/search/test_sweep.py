"""Sweep: domains hold each number once, and tallies add up. No framework is needed."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent_check.implementations.names import parse
from xent_check.problem.dtypes import largest, numpy_dtype
from xent_check.search.sweeping.domain import Domain, default_range, rounded_range
from xent_check.search.sweeping.sweep import Plan, sweep
from xent_check.search.sweeping.tally import Tally, Worst

# Finite numbers of each: 2^16 less two exponents' worth of infinities and nan, of two signs.
FINITE = {"float16": 2 * 31 * 2**10, "bfloat16": 2 * 255 * 2**7, "float32": 2 * 255 * 2**23}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_every_finite_number_is_there_once_in_order(dtype: str) -> None:
    domain = Domain("binary", "logits", dtype, 1, *default_range("logits", dtype))  # type: ignore[arg-type]
    scores = domain.scores(0, domain.count)
    assert domain.count == FINITE[dtype] == len(set(scores.view(np.uint16)))
    numbers = scores.astype(np.float64)
    assert np.isfinite(numbers).all()
    assert (np.diff(numbers) >= 0).all()
    assert (np.signbit(numbers) == (np.arange(domain.count) < domain.count // 2)).all()


def test_all_of_float32_are_counted_without_being_made() -> None:
    domain = Domain("binary", "logits", "float32", 1, *default_range("logits", "float32"))
    assert domain.count == FINITE["float32"]
    assert domain.scores(0, 1)[0] == -largest("float32")
    assert domain.scores(domain.count - 1, domain.count)[0] == largest("float32")


def test_pairs_are_all_pairs() -> None:
    domain = Domain("sparse_categorical", "logits", "bfloat16", 0, 1.0, 1.03125)
    numbers = [1.0, 1.0078125, 1.015625, 1.0234375, 1.03125]
    pairs = [[a, b] for a in numbers for b in numbers]
    assert domain.scores(0, domain.count).astype(np.float64).tolist() == pairs


@given(
    st.sampled_from(["float16", "bfloat16", "float32"]),
    st.floats(-6e4, 6e4, width=32),
    st.floats(-6e4, 6e4, width=32),
)
def test_a_range_is_the_outermost_numbers_within(dtype: str, a: float, b: float) -> None:
    low, high = sorted((a, b))
    kind = numpy_dtype(dtype)
    try:
        first, last = rounded_range("logits", dtype, low, high)  # type: ignore[arg-type]
    except ValueError:
        with np.errstate(over="ignore"):
            assert not low <= float(kind.type(low)) <= high
        return
    assert low <= first <= last <= high
    below, above = (
        np.nextafter(kind.type(first), kind.type(-np.inf)),
        np.nextafter(kind.type(last), kind.type(np.inf)),
    )
    assert float(below) < low or first == 0
    assert float(above) > high or last == 0


def test_bits_are_those_of_the_number() -> None:
    domain = Domain("binary", "logits", "float32", 1, 1.0, 2.0)
    assert domain.bits(0) == "0x3f800000"  # 1.0 in IEEE 754 binary32
    assert Domain("binary", "logits", "bfloat16", 1, 1.0, 2.0).bits(0) == "0x3f80"


WORST = st.builds(Worst, st.sampled_from([0.0, 1.0, math.inf]), st.integers(0, 9))
TALLIES = st.builds(
    Tally,
    inputs=st.integers(0, 9),
    diverging=st.integers(0, 9),
    over=st.tuples(*[st.integers(0, 9)] * 4),
    by_ulps=WORST,
    by_share=WORST,
    curve=st.dictionaries(st.integers(-2, 2), st.sampled_from([0.0, 2.0])),
)


@given(TALLIES, TALLIES, TALLIES)
def test_tallies_add_up_to_the_same_in_any_order(a: Tally, b: Tally, c: Tally) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a or (a.by_ulps.size, a.by_ulps.place) == (b.by_ulps.size, b.by_ulps.place)


class InterruptedTooSoonError(Exception):
    """In place of a kill."""


@pytest.mark.long
def test_a_sweep_that_ends_early_goes_on_to_the_same_result(tmp_path: Path) -> None:
    domains = tuple(Domain("binary", "logits", "float16", label, -4.0, 4.0) for label in (0, 1))
    plan = Plan(domains, (parse("stable"), parse("manual")), tmp_path / "a.jsonl", values=5000)
    whole = sweep(replace(plan, journal=tmp_path / "b.jsonl", values=5000))
    ended = calls = 0

    def progress(*_: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 3 * (ended + 1):
            raise InterruptedTooSoonError

    while True:
        calls = 0
        try:
            again = sweep(replace(plan, resume=ended > 0), progress)
            break
        except InterruptedTooSoonError:
            ended += 1
            with plan.journal.open("ab") as file:
                file.write(b"0123456789abcdef {")  # what a kill leaves
    assert ended > 2
    assert [(one.domain, one.tally) for one in again] == [(o.domain, o.tally) for o in whole]
    assert not plan.journal.exists()


@pytest.mark.long
def test_the_size_of_a_part_changes_nothing(tmp_path: Path) -> None:
    domain = Domain("binary", "logits", "bfloat16", 1, -8.0, 8.0)
    plans = [
        Plan((domain,), (parse("stable"),), tmp_path / f"{size}.jsonl", values=size)
        for size in (777, 5000)  # the reference takes both through ball arithmetic
    ]
    few, one = (sweep(plan)[0].tally for plan in plans)
    assert few == one
