"""A change is classified by what was and what is, in every combination that a run can meet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.reports import INF, NAN, case, compared, difference, result
from xent_check.history.baseline_file import Baseline, Environment, baseline_text, load_baseline
from xent_check.history.changes import change_between, move_between, variants_of
from xent_check.history.gate import Rule
from xent_check.history.record import AnswerRecord, answer_record
from xent_check.problem.evaluation import Computed, Failed, Missing, Unsupported
from xent_check.reference.bounds import Bounds
from xent_check.results.change import Change, ChangeKind
from xent_check.results.comparison import share_of
from xent_check.results.report import CaseResult, Status

EXACT = [0.5, 0.25, 4.0]
NOT_COMPARED: dict[str, Any] = {
    "IndexError": ("failed", Failed("error", "IndexError: no such class")),
    "ValueError": ("failed", Failed("error", "ValueError: no such class")),
    "crash": ("failed", Failed("crash", "the process was killed by SIGSEGV")),
    "declared error": ("agrees", Failed("error", "IndexError: as the case says")),
    "unsupported": ("unsupported", Unsupported("no such option")),
    "missing": ("missing", Missing("not installed")),
    "shape": ("diverges", Computed(np.zeros((3, 1)), {}, "f(x)", 0.0)),
}
LOSSES: dict[str, tuple[Status, list[float]]] = {
    "exact": ("agrees", EXACT),
    "one ulp": ("agrees", [0.5, 0.25, 4.0 + 2**-21]),
    "two ulps": ("agrees", [0.5, 0.25, 4.0 + 2**-20]),
    "off": ("diverges", [0.5, 0.25, 5.0]),
    "off and an ulp": ("diverges", [0.5, 0.25, 5.0 + 2**-21]),
    "further off": ("diverges", [0.5, 0.25, 6.0]),
    "nan first": ("diverges", [NAN, 0.25, 4.0]),
    "nan last": ("diverges", [0.5, 0.25, NAN]),
    "inf last": ("diverges", [0.5, 0.25, INF]),
    "zero": ("agrees", [0.5, 0.25, 0.0]),
}


def made(name: str, implementation: str = "torch") -> CaseResult:
    if name in NOT_COMPARED:
        status, evaluation = NOT_COMPARED[name]
        return result(case("c"), implementation, status, evaluation=evaluation, reason="r")
    of, losses = LOSSES[name]
    comparison = compared(difference(losses, EXACT, 2e-6), {"mean": difference(1.0, 1.0)})
    return result(case("c"), implementation, of, comparison=comparison)


def kind(before: str | None, after: str | None, because: str | None = None) -> ChangeKind:
    was = None if before is None else answer_record(made(before))
    if was is not None and because is not None:
        was = replace(was, because=because)
    now = None if after is None else answer_record(made(after))
    return change_between("c", "torch", was, now).kind


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("exact", "exact", "same"),
        ("exact", "one ulp", "drifted"),
        ("one ulp", "two ulps", "drifted"),
        ("exact", "zero", "drifted"),  # rounding makes a zero of a tiny number
        ("exact", "off", "new"),
        ("exact", "nan last", "behaviour"),
        ("nan first", "nan last", "behaviour"),
        ("nan last", "inf last", "behaviour"),
        ("nan last", "exact", "fixed"),
        ("off", "exact", "fixed"),
        ("IndexError", "exact", "fixed"),
        ("IndexError", "off", "behaviour"),
        ("IndexError", "ValueError", "behaviour"),
        ("declared error", "exact", "behaviour"),
        ("exact", "IndexError", "behaviour"),
        ("exact", "crash", "behaviour"),
        ("crash", "crash", "same"),
        ("exact", "unsupported", "behaviour"),
        ("unsupported", "exact", "behaviour"),
        ("unsupported", "unsupported", "same"),
        ("exact", "shape", "behaviour"),
        ("exact", "missing", "missing"),
        ("missing", "missing", "same"),
        ("missing", "exact", "added"),
        ("missing", "off", "new"),
        (None, "exact", "added"),
        (None, "off", "new"),
        (None, "crash", "new"),
        ("exact", None, "removed"),
        ("off", "off", "same"),
        ("off", "off and an ulp", "drifted"),
        ("off", "further off", "new"),
    ],
)
def test_what_became_of_an_answer(
    before: str | None, after: str | None, expected: ChangeKind
) -> None:
    assert kind(before, after) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("off", "off", "known"),
        ("off", "off and an ulp", "known"),
        ("off", "further off", "new"),
        ("off", "exact", "fixed"),
        ("off", "nan last", "behaviour"),
        ("nan last", "nan last", "known"),
        ("nan last", "nan first", "behaviour"),
        ("IndexError", "IndexError", "known"),
        ("crash", "crash", "known"),
        ("crash", "IndexError", "behaviour"),
        ("shape", "shape", "known"),
    ],
)
def test_what_became_of_an_accepted_divergence(
    before: str, after: str, expected: ChangeKind
) -> None:
    assert kind(before, after, "it is known") == expected


def test_how_far_it_moved_is_counted_in_ulps() -> None:
    change = change_between(
        "c", "torch", answer_record(made("one ulp")), answer_record(made("off"))
    )
    assert change.ulps == 2.0**21 - 1  # from 4 + 2^-21 to 5, in spacings of 2^-21
    assert (
        change_between("c", "t", answer_record(made("exact")), answer_record(made("nan last"))).ulps
        == INF
    )


def test_a_total_alone_that_moves_is_a_drift() -> None:
    losses = difference(EXACT, EXACT)
    pair = [
        result(case("c"), "t", "agrees", comparison=compared(losses, {"mean": difference(m, 1.0)}))
        for m in (1.0, 1.0 + 2**-23)
    ]
    change = change_between("c", "t", *map(answer_record, pair))
    assert (change.kind, change.ulps) == ("drifted", 1.0)


def test_another_dtype_is_another_behaviour() -> None:
    pair = [
        result(case("c"), "t", "agrees", comparison=compared(difference(EXACT, EXACT, dtype=d)))
        for d in ("float32", "float64")
    ]
    change = change_between("c", "t", *map(answer_record, pair))
    assert change.kind == "behaviour"
    assert "computed in float32 -> in float64" in change.sentence


def test_of_many_numbers_the_digest_tells(tmp_path: Any) -> None:
    """A baseline keeps the worst few of an array, and one bit of any other still shows."""
    target = np.ones(5000)
    was, now = np.ones(5000), np.ones(5000)
    was[17] = now[17] = 1.0 + 2**-20
    now[4000] += 2**-23
    kept = through_a_file(answer_record(of_many(was, target)), tmp_path)
    assert kept.parts["losses"].index is not None
    assert change_between("c", "t", kept, answer_record(of_many(was, target))).kind == "same"
    assert change_between("c", "t", kept, answer_record(of_many(now, target))).kind == "drifted"
    now[4000] = NAN
    assert change_between("c", "t", kept, answer_record(of_many(now, target))).kind == "behaviour"


def test_of_many_that_are_nan_one_that_moves_still_shows(tmp_path: Any) -> None:
    """More of them than a baseline keeps one by one."""
    was = np.ones(500)
    was[100:120] = NAN
    now = was.copy()
    now[119], now[300] = 1.0, NAN
    for before, after in ((was, now), (now, was)):
        kept = through_a_file(answer_record(of_many(before, np.ones(500))), tmp_path)
        assert (
            change_between("c", "t", kept, answer_record(of_many(before, np.ones(500)))).kind
            == "same"
        )
        kind = change_between("c", "t", kept, answer_record(of_many(after, np.ones(500)))).kind
        assert kind == "behaviour"


def of_many(losses: Any, target: Any) -> CaseResult:
    return result(case("c"), "t", "agrees", comparison=compared(difference(losses, target)))


def through_a_file(record: AnswerRecord, folder: Any) -> AnswerRecord:
    """As a baseline keeps it."""
    key, place = ("c.yaml::c", "t"), Environment("1", "cpu", "here")
    text = baseline_text(Baseline({key: record}, {key: place}))
    (folder / "base.json").write_text(text, encoding="utf-8")
    loaded = load_baseline(folder / "base.json")
    assert baseline_text(loaded) == text
    return loaded.records[key]


NUMBERS = st.floats(width=16) | st.sampled_from([NAN, INF, -INF, 0.0, -0.0])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@given(data=st.data())
def test_a_baseline_keeps_every_bit(
    tmp_path_factory: pytest.TempPathFactory, dtype: str, data: st.DataObject
) -> None:
    from xent_check.problem.dtypes import rounded

    shape = data.draw(st.sampled_from([(3,), (2, 2), (0,), (1,), (40,)]))
    size = int(np.prod(shape))
    drawn = data.draw(st.lists(NUMBERS, min_size=size, max_size=size))
    values = rounded(np.array(drawn).reshape(shape) * np.float64(1.1), dtype).astype(np.float64)
    of = compared(difference(values, np.zeros(shape), dtype=dtype))
    record = answer_record(result(case("c"), "t", "agrees", comparison=of))
    kept = through_a_file(record, tmp_path_factory.mktemp("b"))
    assert move_between(kept, record).same_bits
    assert change_between("c", "t", kept, record).kind == "same"


def test_columns_with_a_label_are_held_against_those_without() -> None:
    results = [made("exact", "torch[old]"), made("one ulp", "torch"), made("exact", "jax")]
    [found] = variants_of(results, ("reference", "torch", "torch[old]", "jax"))
    assert (found.before, found.after) == ("torch[old]", "torch")
    assert [c.kind for c in found.changes] == ["drifted"]
    [two] = variants_of(
        [made("exact", "torch[a]"), made("exact", "torch[b]")], ("torch[a]", "torch[b]")
    )
    assert (two.before, two.after) == ("torch[a]", "torch[b]")
    assert variants_of([made("exact", "torch[a]")], ("torch[a]", "jax")) == ()


# ---- what an answer is made of ------------------------------------------------------------------


def answers_with(losses: Any = EXACT, **parts: Any) -> AnswerRecord:
    """An answer that agrees, its totals and gradient as given."""
    gradient = parts.pop("gradient", None)
    totals: Any = {name: difference(number, number) for name, number in parts.items()}
    made = compared(
        difference(losses, losses),
        totals,
        gradient=None if gradient is None else difference(gradient, gradient),
    )
    of = answer_record(result(case("c"), "t", "agrees", comparison=made))
    return replace(of, inputs=None)  # which hold the number of samples


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (answers_with(), answers_with([0.5, 0.25]), "losses of shape [3] -> of [2]"),
        (answers_with(), answers_with([[0.5, 0.25, 4.0]]), "losses of shape [3] -> of [1, 3]"),
        (answers_with(mean=1.0), answers_with(), "mean -> no mean"),
        (answers_with(), answers_with(mean=1.0), "no mean -> mean"),
        (
            answers_with(gradient=[1.0]),
            answers_with(gradient=[1.0, 2.0]),
            "gradient of shape [1] -> of [2]",
        ),
    ],
)
def test_another_number_of_numbers_is_another_behaviour(
    before: AnswerRecord, after: AnswerRecord, words: str
) -> None:
    change = change_between("c", "t", before, after)
    assert (change.kind, change.sentence) == ("behaviour", f"t on c: {words}")


def test_a_total_that_becomes_unsupported_is_another_behaviour() -> None:
    numbers = compared(difference(EXACT, EXACT))
    without = replace(numbers, unsupported={"mean": "no such reduction"})
    after = answer_record(result(case("c"), "t", "agrees", comparison=without))
    change = change_between("c", "t", answers_with(mean=1.0), after)
    assert (change.kind, change.sentence) == ("behaviour", "t on c: nothing more -> no mean")


# ---- the share of what rounding explains --------------------------------------------------------


def test_a_share_is_of_the_bound_part_by_part() -> None:
    """Errors of 1e-3, 3e-3 and 1e-2 under bounds of 4e-3, 4e-3 and 1e-1."""
    bounds = Bounds(np.full(3, 4e-3), {"mean": 4e-3}, np.full(2, 1e-1), {}, 2.0**-24)
    made = compared(
        difference([1.0, 1.001, 1.0], np.ones(3), 1.0),
        {"mean": difference(1.003, 1.0, 1.0)},
        gradient=difference([0.01, 0.0], [0.0, 0.0], 1.0),
    )
    share = share_of(made.losses, np.full(3, 4e-3))
    assert share == pytest.approx(0.25)
    of = replace(made, bounds=bounds, share=share)
    shares = answer_record(result(case("c"), "t", "agrees", comparison=of)).shares
    assert shares == pytest.approx({"losses": 0.25, "mean": 0.75, "gradient": 0.1})


@pytest.mark.parametrize("part", ["losses", "mean", "sum", "gradient"])
def test_the_part_that_grew_most_is_told(part: str, tmp_path: Any) -> None:
    calm = {"losses": 0.2, "mean": 0.3, "sum": 0.9, "gradient": 0.1}
    before = replace(answers_with(mean=1.0, sum=2.0, gradient=[1.0]), shares=calm)
    numbers = answers_with(mean=1.0 + 2**-23, sum=2.0, gradient=[1.0])
    after = replace(numbers, shares=calm | {part: 2 * calm[part]})
    change = change_between("c", "t", through_a_file(before, tmp_path), after)
    assert (change.share_before, change.share_after) == (calm[part], 2 * calm[part])
    assert Rule("drifted", 2.0).fails(change)
    assert not Rule("drifted", 2.01).fails(change)
    assert f"{'' if part == 'losses' else f'{part}: '}{calm[part]:g} -> " in change.sentence


@pytest.mark.parametrize(
    ("before", "after", "fails"),
    [
        (0.1, 0.2, True),  # twice, to the bit
        (0.1, 0.19999, False),
        (0.01, 0.1, True),  # less than 0.05 counts as 0.05
        (0.01, 0.09999, False),
        (0.2, 0.1, False),
        (None, 0.01, True),  # nobody knows
        (0.1, None, True),
        (0.1, NAN, True),
        (NAN, 0.1, True),
    ],
)
def test_a_drift_fails_from_its_factor_on(
    before: float | None, after: float | None, fails: bool
) -> None:
    change = Change("c", "t", "drifted", "s", "agrees", "agrees", 1.0, before, after)
    assert Rule("drifted", 2.0).fails(change) == fails
    assert Rule("drifted").fails(change)
    assert not Rule("behaviour").fails(change)


@pytest.mark.parametrize(
    ("kind", "after", "fails"),
    [
        ("new", "diverges", True),
        ("new", "failed", True),
        ("behaviour", "diverges", True),  # a number that became nan
        ("behaviour", "failed", True),
        ("behaviour", "agrees", False),
        ("behaviour", "unsupported", False),
        ("inputs", "diverges", True),
        ("inputs", "agrees", False),
        ("known", "diverges", False),
        ("drifted", "agrees", False),
    ],
)
def test_new_is_every_divergence_that_nobody_accepted(
    kind: ChangeKind, after: str, fails: bool
) -> None:
    assert Rule("new").fails(Change("c", "t", kind, "s", "agrees", after)) == fails


def test_what_was_at_the_edge_of_the_tolerance_agreed() -> None:
    """abs(actual - reference) <= atol: 1.5 for 1.0 under 0.5 is no divergence that 2.0 repeats."""
    for earlier, stands in ((1.5, False), (1.5 + 2**-20, True)):
        before, after = (
            answer_record(
                result(case("c"), "torch", "diverges",
                       comparison=compared(difference([one, 9.0], [1.0, 1.0], 0.5)))
            )
            for one in (earlier, 2.0)
        )  # fmt: skip
        assert move_between(before, after).stays_accepted is stands


def test_what_was_accepted_and_is_the_same_says_so() -> None:
    was = replace(answer_record(made("off")), because="it is known")
    for name, words in (("off", "the same bits; "), ("off and an ulp", "moved by ")):
        change = change_between("c", "torch", was, answer_record(made(name)))
        assert (change.kind, change.sentence.startswith(f"torch on c: {words}")) == ("known", True)
        assert "accepted because it is known" in change.sentence
