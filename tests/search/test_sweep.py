"""Sweep: domains hold each number once, and tallies add up. No framework is needed."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent_check.errors import UserError
from xent_check.history.journal import Journal
from xent_check.history.machine import Machine, this_machine
from xent_check.implementations.names import parse
from xent_check.problem.dtypes import largest, numpy_dtype
from xent_check.problem.evaluation import Computed
from xent_check.reference.bounds_between import has_least_bound
from xent_check.reference.reference import SMALL
from xent_check.reference.truth import truth
from xent_check.search.sweeping.counting import Part
from xent_check.search.sweeping.domain import Domain, default_range, rounded_range
from xent_check.search.sweeping.engine import Here
from xent_check.search.sweeping.sweep import Plan, Reported, parts_of, sweep
from xent_check.search.sweeping.tally import ULPS, Tally, Worst
from xent_check.search.sweeping.zoom import towards_the_worst

# Finite numbers of each: 2^16 less two exponents' worth of infinities and nan, of two signs.
FINITE = {"float16": 2 * 31 * 2**10, "bfloat16": 2 * 255 * 2**7, "float32": 2 * 255 * 2**23}


WHOLE = Domain("binary", "logits", "float32", 1, *default_range("logits", "float32"))


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
    assert WHOLE.count == FINITE["float32"]
    assert WHOLE.scores(0, 1)[0] == -largest("float32")
    assert WHOLE.scores(WHOLE.count - 1, WHOLE.count)[0] == largest("float32")


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize(("low", "high"), [(-1.5, -0.75), (0.75, 1.5), (-0.0, 1e-6), (-1.0, -0.0)])
def test_neighbours_of_one_sign_are_those_that_any_place_has(
    dtype: Any, low: float, high: float
) -> None:
    whole = Domain("binary", "logits", dtype, 1, low, high)
    for start, stop in [(0, 9), (whole.count - 9, whole.count), (5, 6)]:
        alone = np.concatenate([whole.scores_at(place) for place in range(start, stop)])
        assert whole.scores(start, stop).tobytes() == alone.tobytes()


@pytest.mark.parametrize("count", [1, 7, 8, 9, 15, 16, 50])
def test_parts_have_every_input_once_and_ask_as_many_scores(count: int) -> None:
    """All but the first ask the input before them too; the last may have fewer."""
    domain = replace(WHOLE, high=float(WHOLE.scores_at(count - 1)[0]))
    parts = list(parts_of(domain, 8))
    assert [i for start, stop in parts for i in range(start, stop)] == list(range(count))
    asked = [stop - start + (start > 0) for start, stop in parts]
    assert set(asked[:-1]) <= {8}
    assert asked[-1] <= 8


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


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_a_stride_takes_every_so_manyth_number(dtype: Any) -> None:
    whole = Domain("binary", "logits", dtype, 1, -1.0, -0.25)
    some = replace(whole, stride=7)
    every, taken = whole.scores(0, min(whole.count, 700)), some.scores(0, min(some.count, 100))
    assert every[::7].tolist() == taken.tolist()
    assert some.scores_at(some.place(3)).tolist() == every[21:22].tolist()


def test_float64_reaches_from_end_to_end() -> None:
    whole = Domain("binary", "logits", "float64", 1, *default_range("logits", "float64"))
    assert whole.numbers == 2 * 2047 * 2**52  # 2^64 less an exponent of infinities and nan, twice
    some = replace(whole, stride=whole.numbers // 2)
    scores = some.scores(0, some.count)
    assert scores.tolist() == [-largest("float64"), 0.0]
    assert not np.signbit(scores[1])
    assert whole.scores_at(whole.numbers - 1)[0] == largest("float64")


@given(st.floats(-1e300, 1e300), st.integers(0, 2000))
def test_around_a_number_are_its_neighbours(number: float, reach: int) -> None:
    whole = Domain("binary", "logits", "float64", 1, *default_range("logits", "float64"))
    place = whole.offset_of(replace(whole, low=number))
    near = whole.around(place, reach, 1)
    assert near.count == 2 * reach + 1
    assert near.scores(reach, reach + 1).tolist() == [number]
    assert whole.offset_of(near) == place - reach


def test_a_pair_with_a_stride_is_at_its_place() -> None:
    some = Domain("sparse_categorical", "logits", "float16", 0, 1.0, 2.0, stride=100)
    for index in range(some.count):
        at = some.scores_at(some.place(index))
        assert at.tolist() == some.scores(index, index + 1).tolist()


PEAK = 123_456_789_012_345  # the place of the worst input


def peaked(place: int) -> Worst:
    """An error that falls with the distance from PEAK."""
    return Worst(1 / (1 + abs(place - PEAK)), place)


def test_a_zoom_reaches_the_top_of_a_peak() -> None:
    whole = Domain("binary", "logits", "float64", 1, *default_range("logits", "float64"), False, 1)
    some = replace(whole, stride=2**50)

    def ask(inner: Domain) -> tuple[Tally, str]:
        first = whole.offset_of(inner)
        places = (first + inner.place(index) for index in range(inner.count))
        return sum((Tally(1, by_finite=peaked(p)) for p in places), Tally()), ""

    first, _ = ask(replace(some, stride=2**60))
    found, why = towards_the_worst(some, first, ask)
    assert (found.by_finite.place, found.by_finite.size, why) == (PEAK, 1.0, "")
    assert found.inputs < 10_000


def test_the_worst_finite_error_is_there_beside_an_infinite_one() -> None:
    """Of exact losses the third is inf and the fifth twice as large."""
    domain = Domain("binary", "logits", "float16", 1, 2.0, 2.5)
    problem = domain.problem(0, domain.count)
    exact = truth(problem)
    losses = exact.reference.losses.high.astype(np.float16)
    losses[2], losses[4] = np.inf, 2 * losses[4]
    found = Part(domain, 0, 0, problem.values).tally(Computed(losses, {}, "", 0.0), exact)
    assert (found.by_ulps.size, found.by_ulps.place) == (math.inf, 2)
    assert found.by_finite.place == 4
    # log(1 + exp(-2)) is 0.127, and float16 has a spacing of 2^-13 from 2^-3 to 2^-2.
    assert found.by_finite.size == pytest.approx(0.127 * 2**13, rel=0.02)


def test_a_zoom_that_fails_says_so() -> None:
    some = Domain("binary", "logits", "float64", 1, 1.0, 2.0, stride=2**40)
    found, why = towards_the_worst(
        some, Tally(1, by_finite=Worst(1.0, 5)), lambda _: (None, "died")
    )
    assert (found.inputs, why) == (1, "died")


@pytest.mark.parametrize(
    ("domain", "wrong"),
    [
        (Domain("binary", "logits", "float16", 1, 2.0, 2.5), True),
        (Domain("binary", "logits", "float16", 1, 2.0, 2.5, True), True),
        (Domain("binary", "probs", "float16", 0, 0.25, 0.375, True), True),
        (Domain("sparse_categorical", "logits", "float16", 1, 2.0, 2.03), True),
        (Domain("sparse_categorical", "logits", "float16", 1, 2.0, 2.03, True), True),
        (Domain("sparse_categorical", "probs", "float16", 1, 0.25, 0.252), True),
        (Domain("sparse_categorical", "probs", "float16", 0, 0.25, 0.252), False),
    ],
    ids=str,
)
def test_two_neighbours_in_the_wrong_order_are_counted(domain: Domain, wrong: bool) -> None:
    """Of exact values two neighbours are swapped; where the score has no say there is no order."""
    problem = domain.problem(0, domain.count)
    exact = truth(problem)
    assert exact.reference.gradient is not None or not domain.gradient
    target = exact.reference.gradient if domain.gradient else exact.reference.losses
    assert target is not None
    numbers = target.high.copy()

    def breaks() -> int:
        losses = exact.reference.losses.high
        answer = Computed(numbers if not domain.gradient else losses, {}, "", 0.0, numbers)
        return Part(domain, 0, 0, problem.values).tally(answer, exact).breaks

    assert breaks() == 0
    numbers[[2, 3]] = numbers[[3, 2]]
    assert bool(breaks()) is wrong


@pytest.mark.parametrize("off", [0.5, 1.0])
def test_runs_of_answers_at_a_limit_are_decided_as_each_alone_would_be(
    off: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Next to 0 the gradient is -0.5, and what it is more or less float64 cannot tell: an answer
    half an ulp away, or one, is further than that on one side of 0, and nearer on the other."""
    domain = Domain("binary", "logits", "float32", 1, -1e-14, 1e-14, True, stride=50_001)
    problem = domain.problem(0, domain.count)
    assert domain.count > SMALL  # the reference is that of float64
    exact = truth(problem)
    numbers = np.full(domain.count, -0.5 + off * 2.0**-24, np.float32)
    answer = Computed(numbers, {}, "", 0.0, numbers)
    in_runs = Part(domain, 0, 0, problem.values).tally(answer, exact)
    monkeypatch.setattr(
        "xent_check.search.sweeping.counting._runs",
        lambda held, d, near: ((int(row), int(row)) for row in near),
    )
    alone = Part(domain, 0, 0, problem.values).tally(answer, exact)
    assert in_runs.decided == alone.decided == domain.count
    assert in_runs.over == alone.over
    assert 0 < in_runs.over[ULPS.index(off)] < domain.count
    assert in_runs.diverging == alone.diverging


def test_an_answer_near_a_limit_and_beyond_its_bound_is_one() -> None:
    """All but the first are half an ulp off, as above, and have a bound of a thirtieth of that."""
    domain = Domain("binary", "logits", "float32", 1, -1e-14, 1e-14, True, stride=50_001)
    problem = domain.problem(0, domain.count)
    exact = truth(problem)
    small = replace(exact.bounds, gradient=np.full(domain.count, 1e-9))
    numbers = np.full(domain.count, -0.5 + 2.0**-25, np.float32)
    numbers[0] = -0.5 + 3 * 2.0**-25
    answer = Computed(numbers, {}, "", 0.0, numbers)
    found = Part(domain, 0, 0, problem.values).tally(answer, replace(exact, bounds=small))
    assert found.diverging == found.inputs == domain.count


@pytest.mark.parametrize("with_bounds", [True, False], ids=["all bounds", "bounds of some"])
def test_each_answer_beyond_its_bound_is_counted_however_far_another_is(with_bounds: bool) -> None:
    """Three of 2^17 answers, of shares about 1.1, 1000 and 1.1, which lie far apart."""
    domain = Domain("binary", "logits", "float32", 1, 3.0, 3.0 + 2.0**-5)
    problem = domain.problem(0, domain.count)
    exact = truth(problem)
    numbers = exact.reference.losses.high.astype(np.float32)
    for place, bounds_off in [(100, 1.1), (domain.count // 2, 1000.0), (domain.count - 9, 1.1)]:
        numbers[place] += np.float32(bounds_off * exact.bounds.losses[place])
    found = Part(domain, 0, 0, problem.values).tally(
        Computed(numbers, {}, "", 0.0), exact if with_bounds else exact.reference
    )
    assert (found.diverging, found.inputs) == (3, domain.count)
    assert found.by_share.place == domain.count // 2


def test_an_answer_is_counted_once_where_all_others_are_near_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All are half an ulp off, as above, but five, each beyond its bound."""
    monkeypatch.setattr("xent_check.search.sweeping.counting.IN_CACHE", 128)
    domain = Domain("binary", "logits", "float32", 1, -1e-14, 1e-14, True, stride=50_001)
    problem = domain.problem(0, domain.count)
    numbers = np.full(domain.count, -0.5 + 2.0**-25, np.float32)
    numbers[:5] = np.inf
    answer = Computed(numbers, {}, "", 0.0, numbers)
    assert Part(domain, 0, 0, problem.values).tally(answer, truth(problem)).diverging == 5


@pytest.mark.parametrize(
    "domain",
    [
        Domain("binary", "logits", "float32", 1, 0.5, 8.0, stride=1_601),
        Domain("binary", "logits", "float32", 1, 0.5, 0.5 + 2.0**-10),
        Domain("binary", "logits", "float32", 0, -2.0, -2.0 + 2.0**-9),
        Domain("binary", "logits", "float32", 0, -90.0, 110.0, True, stride=100_001),
        Domain("binary", "probs", "float32", 1, 0.0, 1.0, stride=30_001),
        Domain("sparse_categorical", "logits", "bfloat16", 0, -3.0, 3.0, True, stride=170),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("odd", "wrong"),
    [((), 1.0), ((), 1.5), ((np.nan, np.inf), 1.5)],
    ids=["some-ulps", "one-is-wrong", "with-nan-and-inf"],
)
def test_answers_that_need_no_look_one_by_one_are_counted_as_if_they_had_it(
    domain: Domain, odd: tuple[float, ...], wrong: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers that are right, off by some ulps, by many in one place, and nan or inf in some: a few
    at a time, beside the worst so far."""
    monkeypatch.setattr("xent_check.search.sweeping.counting.IN_CACHE", 128)
    problem = domain.problem(0, domain.count)
    exact = truth(problem)
    target = exact.reference.gradient if domain.gradient else exact.reference.losses
    assert target is not None
    kind, draw = numpy_dtype(domain.dtype), np.random.default_rng(5)
    off = 1 + draw.integers(-6, 7, target.high.shape) * 2.0 ** (-8 if kind.itemsize == 2 else -24)
    numbers = (target.high * off).astype(kind)
    numbers[-5] *= wrong
    for place, number in enumerate(odd):
        numbers[place * 7] = number
    losses = exact.reference.losses.high.astype(kind)
    answer = Computed(numbers if not domain.gradient else losses, {}, "", 0.0, numbers)
    quick = Part(domain, 0, 0, problem.values).tally(answer, exact)
    assert quick.diverging >= (wrong > 1)
    if has_least_bound(problem):  # then the bounds of a few are looked at
        some = Part(domain, 0, 0, problem.values).tally(answer, exact.reference)
        assert repr(some) == repr(quick)
    monkeypatch.setattr("xent_check.search.sweeping.counting._of_plain", lambda *_: None)
    slow = Part(domain, 0, 0, problem.values).tally(answer, exact)
    assert repr(slow) == repr(quick)  # where a nan is a nan


def test_an_answer_near_its_bound_has_a_look_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound of the eighth answer is the error that float64 finds it to have."""
    domain = Domain("binary", "logits", "float32", 1, 0.5, 8.0, stride=1_601)
    problem = domain.problem(0, domain.count)
    exact = truth(problem)
    numbers = exact.reference.losses.high.astype(np.float32)
    bound = exact.bounds.losses.copy()
    bound[7] = abs(float(numbers[7]) - exact.reference.losses.high[7])
    exact = replace(exact, bounds=replace(exact.bounds, losses=bound))
    answer = Computed(numbers, {}, "", 0.0)
    quick = Part(domain, 0, 0, problem.values).tally(answer, exact)
    monkeypatch.setattr("xent_check.search.sweeping.counting._of_plain", lambda *_: None)
    slow = Part(domain, 0, 0, problem.values).tally(answer, exact)
    assert slow == quick
    assert quick.by_share.place == 7 * 1_601


def test_the_same_bits_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And other bits anew, or the same ones against another bound."""
    domain = Domain("binary", "logits", "float16", 1, 2.0, 2.5)
    problem = domain.problem(0, domain.count)
    exact, part = truth(problem), Part(domain, 0, 0, problem.values)
    losses = exact.reference.losses.high.astype(np.float16)
    first = part.tally(Computed(losses, {}, "", 0.0), exact)
    assert part.tally(Computed(losses.copy(), {}, "", 0.0), exact) is first
    assert part.tally(Computed(losses, {}, "", 0.0), exact.inside_float32(problem)) is not first
    losses = losses * np.where(np.arange(len(losses)) == 3, 2, 1).astype(np.float16)
    assert part.tally(Computed(losses, {}, "", 0.0), exact).diverging == 1


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
    by_finite=WORST,
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


def killed_in(folder: Path) -> Plan:
    """A sweep that ended after its first part."""
    domain = Domain("binary", "logits", "float16", 0, 1.0, 2.0)
    plan = Plan((domain,), (parse("stable"),), folder / "a.jsonl", values=500)

    def killed(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(plan, killed)
    return plan


def hears(machines: list[Machine]) -> Reported:
    """Who is told of machines."""

    def reported(_: object, those: Sequence[Machine]) -> bool:
        machines.extend(those)
        return True

    return reported


HERE = this_machine()
ANOTHER = Machine(processor="Another", extensions=("avx2",))


def test_a_sweep_does_not_go_on_on_another_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(killed_in(tmp_path), resume=True)
    kept = plan.journal.read_bytes()
    message = (
        rf"a\.jsonl: not the sweep that ended early: it was begun on {re.escape(HERE.whole)}; "
        r"this is Another \(avx2\); without --resume it begins anew"
    )
    with monkeypatch.context() as patch:
        patch.setattr("xent_check.search.sweeping.sweep.this_machine", lambda: ANOTHER)
        with pytest.raises(UserError, match=message):
            sweep(plan)
    assert plan.journal.read_bytes() == kept
    told: list[Machine] = []
    sweep(plan, reported=hears(told))
    assert told == [HERE]


def test_a_sweep_that_goes_on_on_a_cluster_tells_of_every_kind_of_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of those that computed what is kept."""
    plan = replace(killed_in(tmp_path), resume=True, scheduler="tcp://127.0.0.1:9")
    elsewhere = Here(None, 60.0)
    elsewhere.machines = (ANOTHER,)
    monkeypatch.setattr("xent_check.search.sweeping.sweep._engine", lambda _: elsewhere)
    told: list[Machine] = []
    sweep(plan, reported=hears(told))
    assert told == [HERE, ANOTHER]


def test_a_sweep_whose_report_cannot_be_written_is_kept(tmp_path: Path) -> None:
    plan = killed_in(tmp_path)
    whole = sweep(plan, reported=lambda *_: False)
    assert plan.journal.exists()
    kept = set[int]()

    def progress(*_: int) -> None:
        kept.add(plan.journal.read_bytes().count(b"tally"))

    again = sweep(replace(plan, resume=True), progress)
    assert [one.tally for one in again] == [one.tally for one in whole]
    assert len(kept) == 1  # nothing was asked again
    assert not plan.journal.exists()


def test_the_folder_of_a_killed_sweep_is_gone_once_it_was_resumed(tmp_path: Path) -> None:
    plan = killed_in(tmp_path)
    with Journal(plan.journal, plan.subject, resume=True) as journal:
        (folder,) = (Path(entry["folder"]) for entry in journal.entries if "folder" in entry)
    folder.mkdir()  # which a kill would have left
    sweep(replace(plan, resume=True))
    assert not folder.exists()


def test_what_fails_is_not_asked_for_the_next_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = tmp_path / "calls"
    monkeypatch.setenv("SWEPT_CALLS", str(calls))
    own = parse("tests/support/fakes/swept.py:failing")
    domain = Domain("binary", "logits", "float16", 0, 1.0, 2.0)
    (swept,) = sweep(Plan((domain,), (own,), tmp_path / "a.jsonl", values=300))
    assert (swept.failed, swept.tally.inputs) == (True, 0)
    assert calls.read_text(encoding="utf-8").count("called") == 1
