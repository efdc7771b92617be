"""A large array saved by an excerpt: what was kept decides as all of it would."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.command import xent_check
from tests.support.reports import INF, NAN, case, compared, difference, report, result
from xent_check.history.changes import change_between
from xent_check.history.record import answer_record
from xent_check.history.rejudge import rejudge
from xent_check.history.saved.read import load_report
from xent_check.problem.dtypes import Float64s
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.reference.bounds import Bounds
from xent_check.reference.enclosure import Enclosure
from xent_check.reporters.formats import Terminal, reporter
from xent_check.results.comparison import Comparison
from xent_check.results.difference import Allowance, Difference, UndecidedError
from xent_check.results.excerpts import WORST, merged, shortened
from xent_check.results.report import CaseResult, Report, Status

TIGHT, LOOSE = Tolerance(atol=1e-6), Tolerance(atol=1.0)
NUMBERS = st.sampled_from([0.0, 1e-45, 1e-6, 0.5, 0.75, 1.0, 1.5, 3.0, 1e4, 3e38, 1e39, INF, NAN])
OFF = st.sampled_from([0.0, 1e-9, 2e-6, 1e-3, 0.4, 0.5, 2.0, -2.0, INF, NAN])
TOLERANCES = st.builds(
    Tolerance,
    atol=st.sampled_from([0.0, 1e-9, 2e-6, 1e-3, 0.45, 10.0]),
    rtol=st.sampled_from([0.0, 1e-6, 0.3, 1.0]),
    ulps=st.sampled_from([0.0, 1.0, 1e4, 1e8]),
)
ALL = st.lists(st.tuples(NUMBERS, OFF, st.sampled_from([0.0, 1e-6, 1.0])), min_size=1, max_size=60)


def held(pairs: list[tuple[float, float, float]], tolerance: Tolerance | Auto) -> Any:
    """Numbers against their targets, and the judge of them."""
    target = np.array([t for t, _, _ in pairs], dtype=np.float64)
    actual = np.where(np.isnan(target), target, target + np.array([off for _, off, _ in pairs]))
    with np.errstate(over="ignore"):
        actual = actual.astype(np.float32)
    bound = np.array([b for _, _, b in pairs])
    zero = np.zeros_like(target)
    judge = Allowance(tolerance, Bounds(bound, {}, None, {}, 2.0**-24))
    return judge.by_reference("losses", actual, Enclosure(target, zero, zero)), bound


def again(kept: Difference, bound: Float64s, tolerance: Tolerance | Auto) -> Difference:
    return Allowance(tolerance, Bounds(bound, {}, None, {}, 2.0**-24)).again("losses", kept)


@example([(1.0, 0.5, 1e-6), (1.0, 0.0, 1e-6)], TIGHT, 1)  # the last part has none
@given(ALL, st.one_of(TOLERANCES, st.just("auto")), st.integers(1, 50))
def test_excerpts_of_parts_are_merged_into_that_of_the_whole(
    pairs: list[tuple[float, float, float]], tolerance: Tolerance | Auto, size: int
) -> None:
    """The same elements, which stand for as many others; the digest is one of digests."""
    whole, bound = held(pairs, tolerance)
    starts = list(range(0, len(pairs), size))
    parts = [shortened(*held(pairs[i : i + size], tolerance)) for i in starts]
    kept, kept_bound = merged(parts, [(i,) for i in starts], (len(pairs),))
    target, target_bound = shortened(whole, bound)
    assert kept.excerpt is not None
    assert target.excerpt is not None
    for name in ("actual", "target", "abs_diff", "ulps", "allowed"):
        np.testing.assert_array_equal(getattr(kept, name), getattr(target, name))
    np.testing.assert_array_equal(kept_bound, target_bound)
    ours, theirs = kept.excerpt, target.excerpt
    assert (ours.indices, ours.shape) == (theirs.indices, theirs.shape)
    assert (ours.diverging, ours.at_least) == (theirs.diverging, theirs.at_least)
    assert ours.classes.split(", places")[0] == theirs.classes.split(", places")[0]
    np.testing.assert_array_equal(ours.least, theirs.least)
    np.testing.assert_array_equal(ours.stands_for, theirs.stands_for)


@given(ALL, st.one_of(TOLERANCES, st.just("auto")), st.one_of(TOLERANCES, st.just("auto")))
def test_what_was_kept_decides_under_any_tolerance(
    pairs: list[tuple[float, float, float]], then: Tolerance | Auto, now: Tolerance | Auto
) -> None:
    before, bound = held(pairs, then)
    kept, few = shortened(before, bound, worst=1)
    assert few is not None
    whole, _ = held(pairs, now)
    try:
        judged = again(kept, few, now)
    except UndecidedError:
        assert isinstance(now, Tolerance)
        assert now.rtol > 0
        return
    assert (judged.diverging > 0) == (whole.diverging > 0)
    assert judged.diverging <= whole.diverging
    assert judged.diverging == whole.diverging or judged.at_least
    assert (judged.size, judged.classes) == (whole.size, whole.classes)


@pytest.mark.parametrize(
    "last",
    [(1.0, 2e-6, 1e-6), (1e39, -INF, 1.0)],
    ids=["further off as a share of its bound", "the wrong infinity"],
)
@pytest.mark.parametrize("first", [(1.0, 0.4, 1.0), (1.0, 0.0, 0.0)], ids=["off", "exact"])
def test_what_exceeds_the_bound_is_kept_beside_more_that_is_further_off(
    first: tuple[float, float, float], last: tuple[float, float, float]
) -> None:
    """All in one binade with it, within the bound."""
    pairs = [first, *[(last[0], 0.4, 1.0)] * 3, last]
    for then in (TIGHT, LOOSE):
        before, bound = held(pairs, then)
        kept, few = shortened(before, bound, worst=1)
        assert few is not None
        assert again(kept, few, "auto").diverging == 1


@given(ALL, TOLERANCES)
def test_an_excerpt_stands_for_every_number_once(
    pairs: list[tuple[float, float, float]], tolerance: Tolerance
) -> None:
    before, bound = held(pairs, tolerance)
    kept, _ = shortened(before, bound, worst=1)
    assert kept.excerpt is not None
    assert kept.excerpt.stands_for.sum() == len(pairs)
    assert kept.excerpt.stands_for.dtype.kind == "i"
    assert len(set(kept.excerpt.indices)) == len(kept.excerpt.indices)


def test_what_diverges_is_kept_beside_more_that_is_further_off() -> None:
    """atol 0, rtol 0.1: of one binade only the sample at 1.0 diverges, by 0.15; 40 at 1.9 are off
    by 0.18 of the 0.19 that they may be."""
    target = np.array([*[1.9] * 40, 1.0])
    d = again_whole(target, target + np.array([*[0.18] * 40, 0.15]), Tolerance(rtol=0.1, ulps=0))
    assert d.diverging == 1
    kept, _ = shortened(d, None)
    assert kept.excerpt is not None
    assert (40,) in kept.excerpt.indices[WORST:]
    assert kept.place(kept.worst) == (40,)


def again_whole(target: Float64s, actual: Any, tolerance: Tolerance) -> Difference:
    zero = np.zeros_like(target)
    return Allowance(tolerance, None).by_reference("losses", actual, Enclosure(target, zero, zero))


def test_rtol_between_two_numbers_of_one_binade_is_not_decided() -> None:
    """|1.9| x 0.1 allows what |1.0| x 0.1 would not, and which of the two was off is not known
    but for the one that was kept."""
    target = np.array([1.0, *[1.9] * 30])
    d = again_whole(target, target + np.array([0.0, *[0.15] * 30]), Tolerance(atol=1.0))
    kept, _ = shortened(d, None)
    with pytest.raises(UndecidedError):
        Allowance(Tolerance(rtol=0.1), None).again("losses", kept)
    assert Allowance(Tolerance(rtol=0.2), None).again("losses", kept).diverging == 0
    some = Allowance(Tolerance(rtol=0.01), None).again("losses", kept)
    assert some.diverging > 0
    assert some.at_least


# ---- through the file ---------------------------------------------------------------------------


def many(off: float = 3e-3) -> Comparison:
    """3,000 losses, 30 of them off; one of a smaller binade by less than those."""
    target = np.full((3, 1000), 1.5)
    target[2, 999] = 0.25
    actual = target.copy()
    actual[1, 100:130] += off
    actual[2, 999] += off / 2
    bound = np.full(target.shape, 1e-6)
    losses = difference(actual, target, 1.0)
    return Comparison(
        losses, {}, None, {}, {}, False, share=off / 1e-6,
        bounds=Bounds(bound, {}, None, {}, 2.0**-24),
    )  # fmt: skip


def rendered(of: Report, name: str = "json") -> str:
    return reporter(name).render(of, Terminal())


def through_file(of: Comparison, folder: Path, status: Status = "agrees") -> Report:
    single = result(case("many"), "torch", status, comparison=of)
    fields = single.case.fields.model_copy(update={"tolerance": LOOSE})
    single.case.__dict__["fields"] = fields
    file = folder / "saved.json"
    file.write_text(rendered(report([single])), encoding="utf-8")
    return load_report(file)


def only(of: Report) -> CaseResult:
    [kept] = of.results
    assert kept.comparison is not None
    return kept


@pytest.mark.parametrize(
    ("tolerance", "status", "count"),
    [(LOOSE, "agrees", 0), (TIGHT, "diverges", 21), ("auto", "diverges", 21)],
)
def test_a_saved_excerpt_is_judged_for_all_its_samples(
    tmp_path: Path, tolerance: Tolerance | Auto, status: Status, count: int
) -> None:
    kept = only(rejudge(through_file(many(), tmp_path), tolerance))
    assert kept.comparison is not None
    assert kept.status == status
    assert kept.comparison.losses.size == 3000
    assert kept.comparison.losses.diverging == count


def test_how_many_diverge_is_said_to_be_no_more_than_a_least(tmp_path: Path) -> None:
    judged = rejudge(through_file(many(), tmp_path), TIGHT)
    text = " ".join(rendered(judged, "table").split())
    assert "at least 21 of 3000 samples; worst: sample [1, 100]" in text
    assert "what was not saved is not counted" in text
    again = load_report_of(judged, tmp_path)
    assert rendered(again) == rendered(judged)


def load_report_of(of: Report, folder: Path) -> Report:
    file = folder / "again.json"
    file.write_text(rendered(of), encoding="utf-8")
    return load_report(file)


def test_the_record_of_an_excerpt_is_that_of_all(tmp_path: Path) -> None:
    """The digest, the shape and the share; judged again too."""
    whole = answer_record(result(case("many"), "torch", "agrees", comparison=many()))
    read = through_file(many(), tmp_path)
    for of in (read, rejudge(read, LOOSE), rejudge(rejudge(read, TIGHT), LOOSE)):
        kept = answer_record(only(of))
        assert kept.parts["losses"].same_bits(whole.parts["losses"])
        assert kept.behaviour == whole.behaviour


def test_what_is_stated_number_by_number_is_saved_whole(tmp_path: Path) -> None:
    """Of 2,000 stated losses one is off, and is held against what is stated whenever judged."""
    target, stated = np.ones(2000), np.ones(2000)
    stated[1999] = 2.0
    of = compared(difference(target, target), expected=difference(target, stated))
    [kept] = load_report_of(
        report([result(case("many"), "torch", "diverges", comparison=of)]), tmp_path
    ).results
    assert kept.comparison is not None
    assert kept.comparison.expected_losses is not None
    assert kept.comparison.expected_losses.diverging == 1


def test_a_saved_excerpt_is_the_baseline_of_all_its_samples(tmp_path: Path) -> None:
    """Accepted from the run, from its file, and from its file judged again: the same bytes."""
    (tmp_path / "c.yaml").write_text(
        "loss: sparse_categorical\nlogits: {shape: [3000, 2], random: normal, seed: 0}\n"
        "labels: {shape: [3000], fill: 1}\n"
    )
    one = ("c.yaml", "-i", "stable")
    assert xent_check(tmp_path, "run", *one, "--report", "json=r.json").code == 0
    judge = ("judge", "r.json", "--tolerance", "1.0e-3", "--report", "json=j.json")
    assert xent_check(tmp_path, *judge).code == 0
    [kept] = json.loads((tmp_path / "j.json").read_text())["results"]
    assert (kept["samples"], kept["shape"]) == (3000, [3000])
    assert xent_check(tmp_path, "accept", *one, "--baseline", "whole.json").code == 0
    for name in ("r.json", "j.json"):
        accept = ("accept", "--results", name, "--baseline", f"of-{name}")
        assert xent_check(tmp_path, *accept).code == 0
        whole = (tmp_path / "whole.json").read_text()
        assert (tmp_path / f"of-{name}").read_text() == whole
    held = xent_check(tmp_path, *judge, "--baseline", "whole.json", "--report", "json")
    assert (held.code, held.json["baseline"]["same"]) == (0, 1)


def test_a_divergence_that_changed_outside_what_was_kept_is_not_the_same(tmp_path: Path) -> None:
    """Two saved runs: the worst 20 are alike, and one of the others that diverge moved."""
    before, after = many(), many()
    grown = before.losses.actual.copy()
    grown[1, 128] -= 1e-3
    d = difference(grown, before.losses.target, 1e-3)
    records = []
    for losses in (replace(before.losses, allowed=d.allowed), d):
        of = replace(after, losses=losses)
        file = tmp_path / "one.json"
        single = result(case("many"), "torch", "diverges", comparison=of)
        file.write_text(rendered(report([single])), encoding="utf-8")
        records.append(answer_record(load_report(file).results[0]))
    was, now = records
    assert change_between("c", "torch", was, was).kind == "same"
    change = change_between("c", "torch", was, now)
    assert change.kind == "new"
    assert "other bits" in change.sentence
    assert "or other numbers do" in change.sentence
    accepted = replace(was, because="known to be off")
    assert change_between("c", "torch", accepted, now).kind == "new"
    assert change_between("c", "torch", accepted, was).kind == "known"
