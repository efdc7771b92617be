"""Each change of the diagnosis gives the numbers that its sentence says.

Most changes make another problem of it, or another sum of its losses: the expected numbers are the
mpmath oracle's for that problem. `seen` holds that every entry of the table comes up.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.observed import problem_of
from tests.support.changed import Array, Changed, Parameters, exact
from tests.support.oracle import truth
from xent_check.diagnosis.candidates import AppliedChange, Candidate, again, pairs, plain, singles
from xent_check.diagnosis.hypotheses.table import HYPOTHESES
from xent_check.diagnosis.losses import Divisor, meaning_of
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.problem import Problem

LOGITS = [[1.5, -0.25, 0.5, 2.0], [-1.0, 0.75, 3.0, 0.0], [0.25, 1.25, -2.0, 1.0]]
PROBS = [[0.125, 0.25, 0.25, 0.5], [0.75, 0.0, 0.25, 0.375], [0.25, 0.125, 0.375, 0.625]]
SOFT = [[0.5, 0.25, 0.25, 0.0], [0.0, 1.0, 0.5, 0.0], [0.125, 0.125, 0.25, 0.5]]
SPARSE: Mapping[str, Any] = {"loss": "sparse_categorical", "logits": LOGITS, "labels": [0, 2, 1]}
WEIGHTS: Mapping[str, Any] = {"class_weight": [1, 2, 3, 0.5], "sample_weight": [0.5, 0, 2]}
BINARY: Mapping[str, Any] = {
    "loss": "binary",
    "logits": [[1.5, -0.25, 2.0], [0.5, 9.0, -3.0]],
    "labels": [[1, 0, 0.25], [1, 0, 1]],
}
ROWS: Mapping[str, Any] = {
    "loss": "sparse_categorical",
    "logits": [LOGITS, [[0.5, 1.5, -1.0, 2.5], *LOGITS[:2]]],
    "labels": [[0, 2, -1], [1, -1, -1]],
    "ignore_index": -1,
}
PROBLEMS: Mapping[str, Mapping[str, Any]] = {
    "sparse": SPARSE,
    "two samples": {**SPARSE, "logits": LOGITS[:2], "labels": [0, 2]},
    "sparse, weighted and smoothed": {**SPARSE, **WEIGHTS, "label_smoothing": 0.25},
    "sparse, labels outside": {**SPARSE, "labels": [0, -1, 7]},
    "sparse, ignored": {**SPARSE, "labels": [0, 2, 3], "ignore_index": 2},
    "rows, ignored": ROWS,
    "rows, weighted": {**ROWS, "sample_weight": [[1, 0.5, 2], [3, 1, 1]]},
    "shifted": {**ROWS, "labels": [[7, 2, -1], [1, 3, 0]], "shift": 1},
    "shifted by 2, weighted and smoothed": {
        **ROWS, "labels": [[7, 2, 1], [9, 3, 0]], "shift": 2, "class_weight": [1, 2, 3, 0.5],
        "sample_weight": [[1, 0.5, 2], [3, 1, 1]], "label_smoothing": 0.25,
        "smoothing_formula": "megatron",
    },
    "a shifted sequence": {**SPARSE, "labels": [9, 0, 3], "shift": 1},
    "classes on axis 1": {
        "loss": "sparse_categorical",
        "logits": np.swapaxes(np.array(ROWS["logits"]), 1, 2),
        "labels": [[0, 2, 3], [1, 3, 0]],
        "class_axis": 1,
    },
    "as many samples as classes": {
        **SPARSE, "logits": [*LOGITS, [3.0, -1.5, 0.75, 0.5]], "labels": [0, 2, 1, 1],
    },
    "sparse probs": {
        "loss": "sparse_categorical", "probs": PROBS, "labels": [3, 1, 0], "normalize": False,
    },
    "sparse probs, normalised": {
        "loss": "sparse_categorical", "probs": PROBS, "labels": [3, 1, 0], "normalize": True,
    },
    "sparse log_probs": {
        "loss": "sparse_categorical", "log_probs": -np.abs(LOGITS), "labels": [3, 1, 0],
    },
    "soft": {"loss": "categorical", "logits": LOGITS, "labels": SOFT},
    "soft, weighted and smoothed": {
        "loss": "categorical", "logits": LOGITS, "labels": SOFT, **WEIGHTS, "label_smoothing": 0.25,
    },
    "soft probs": {"loss": "categorical", "probs": PROBS, "labels": SOFT, "normalize": True},
    "a certain class": {"loss": "categorical", "logits": [[-math.inf, 0.0]], "labels": [[0, 1]]},
    "binary": BINARY,
    "binary, weighted and smoothed": {
        **BINARY, "pos_weight": [2, 3, 0.5], "label_smoothing": 0.25,
        "sample_weight": [[1, 0.5, 2], [3, 0, 1]],
    },
    "one row, binary": {"loss": "binary", "logits": [0.5, -2.0, 4.0], "labels": [1, 0, 1]},
    "binary probs": {
        "loss": "binary", "probs": [[0.25, 0.875], [1, 0]], "labels": [[1, 0], [1, 1]],
    },
    "binary log_probs": {
        "loss": "binary", "log_probs": [[-0.25, -3.0], [-0.75, -1.0]], "labels": [[1, 0], [0, 0.5]],
    },
    "over 256 classes": {
        "loss": "sparse_categorical", "logits": {"zeros": [1, 300], "at": [[0, 257, 5.0]]},
        "labels": [257],
    },
    "beyond float16": {**SPARSE, "logits": [[7e4, 6e4], [100.0, 0.0], [0.0, 300.0]],
                       "labels": [1, 0, 0]},
}  # fmt: skip

pytestmark = pytest.mark.filterwarnings("error")  # NumPy's would reach the user


def expected(problem: Problem, candidate: Candidate) -> Array:
    (step,) = candidate.steps
    with np.errstate(all="ignore"):
        parameters = {**step.parameters, "formula": candidate.meaning.formula}
        return Changed(problem).by(step.hypothesis.id, parameters)


def applicable_to_sums(problem: Problem, divisor: Divisor) -> set[str]:
    """What the total of one of these can be mistaken for."""
    total = Total(problem, divisor)
    rows, all_kept = len(problem.samples_shape) > 1, total.kept.all()
    uneven = rows and len(set(total.kept.sum(axis=-1).tolist())) > 1
    weights = problem.class_weight is not None or problem.sample_weight is not None
    more = rows and bool((total.kept.sum(axis=-1) > 1).any())
    by_id = {
        "sum": divisor == "kept" and total.kept.sum() > 1,
        "mean": divisor == "one" and total.kept.sum() > 1,
        "weighted-mean": weights,
        "mean-over-all": not all_kept,
        "mean-over-kept": weights and bool((total.losses == 0)[total.kept.reshape(-1)].any()),
        "mean-of-means": uneven and divisor == "kept",
        "num-items": problem.shift is not None and divisor == "kept",
        "mean-last-axis": rows and more and (divisor == "one" or uneven),
        "divided-by-classes": total.classes > 1 and bool(total.losses.sum()),
    }
    return {name for name, applies in by_id.items() if applies}


def close(numbers: Array, wanted: Array, problem: Problem, candidate: Candidate) -> None:
    assert numbers.shape == wanted.shape
    (step,) = candidate.steps
    rounded = step.hypothesis.breaks or step.hypothesis.id == "dtype"
    u = float(np.finfo(np.float32).eps) if rounded and problem.dtype != "float64" else 0.0
    np.testing.assert_allclose(numbers, wanted, rtol=1e-9 + 4 * u, atol=1e-12 + 4 * u)


@functools.cache
def changes(name: str) -> list[Candidate]:
    meaning = meaning_of(problem_of(PROBLEMS[name]))
    return singles(plain(meaning, False), False)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_change_of_the_losses_gives_what_it_says(name: str) -> None:
    problem = problem_of(PROBLEMS[name])
    for candidate in changes(name):
        assert math.prod(candidate.shape) == candidate.numbers.size
        if candidate.steps[0].hypothesis.stage == "losses":
            close(candidate.losses, expected(problem, candidate), problem, candidate)


def applicable(problem: Problem) -> set[str]:
    """What a problem of these can be mistaken for, by what it is and by the options it has."""
    classes, sparse = problem.loss != "binary", problem.loss == "sparse_categorical"
    samples, logits = len(exact(problem)), problem.given == "logits"
    weighted = problem.sample_weight is not None or problem.pos_weight is not None
    by_id = {
        "probs-as-logits exp log-missing": True,
        "logits-as-probs log-of-probability inf-minus-inf": logits,
        "sigmoid-for-softmax unshifted-exp not-shift-safe": classes and logits and samples > 1,
        "softmax-for-sigmoid": not classes and logits and not weighted,
        "label-offset": sparse,
        "labels-shifted labels-not-shifted": sparse and samples > 1,
        "argmax-label": classes and samples > 1,
        "labels-broadcast": samples > 1 and not weighted and problem.shift is None,
        "class-axis": classes and samples > 1 and (logits or problem.normalize is True),
        "mean-last-axis": len(problem.samples_shape) > 1,
        "renormalised": problem.normalize is False,
        "not-renormalised": problem.normalize is True,
        "class-weight-ignored class-weight-as-sample-weight": problem.class_weight is not None,
        "pos-weight-ignored": problem.pos_weight is not None,
        "sample-weight-ignored": problem.sample_weight is not None,
        "smoothing-missing smoothing-formula": problem.label_smoothing > 0,
        "ignored-not-ignored": problem.ignore_index is not None and (problem.labels < 0).any(),
    }
    return {name for names, applies in by_id.items() if applies for name in names.split()}


@pytest.mark.parametrize("name", [name for name in PROBLEMS if name != "a certain class"])
def test_what_a_problem_can_be_mistaken_for_is_tried(name: str) -> None:
    found = {candidate.steps[0].hypothesis.id for candidate in changes(name)}
    assert applicable(problem_of(PROBLEMS[name])) <= found


def test_every_change_of_the_losses_is_among_these() -> None:
    found = {candidate.steps[0].hypothesis.id for name in PROBLEMS for candidate in changes(name)}
    losses = {h.id for h in HYPOTHESES if h.stage == "losses"}
    assert losses - found == {
        "label-gives-nan",  # what a label outside gives without any change
        "scale-missing", "softcap-missing", "z-loss-missing",  # see test_solving.py
        "logits-overflow",  # see below
        "bias-missing",  # see test_rarer.py
        "flushed", "zero-targets-skipped",  # see test_overflows.py
    }  # fmt: skip


def test_each_place_where_a_precision_can_be_lost_is_tried() -> None:
    # 7e4 is beyond float16 alone, and is a number of no other dtype of 16 bits
    lost = [r.steps[0].parameters for r in changes("beyond float16") if r.ids == ("dtype",)]
    assert {(p["which"], p["where"]) for p in lost} == {
        ("float16", "input, where it overflows,"), ("float16", "input"), ("bfloat16", "input"),
        ("float16", "output"), ("bfloat16", "output"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("largest", "first"), [(79.0, False), (-79.0, False), (81.0, True), (-81.0, True),
                           (-math.inf, True)],
)  # fmt: skip
def test_extreme_logits_make_a_formula_that_breaks_down_the_likeliest(
    largest: float, first: bool
) -> None:
    problem = problem_of(
        {**SPARSE, "logits": [[largest, 0.5, 1, 2], *LOGITS[1:]], "labels": [1] * 3}
    )
    found = singles(plain(meaning_of(problem), False), False)
    breaking = [candidate.breaks for candidate in found]
    assert any(breaking)
    assert breaking[0] == first
    assert (breaking == sorted(breaking, reverse=True)) == first


def test_0_times_the_log_of_0_is_tried_on_the_exact_logs_too() -> None:
    nans = [r for r in changes("a certain class") if r.ids == ("inf-minus-inf",)]
    assert {r.meaning.formula for r in nans} == {"exact", "log of probability", "unshifted"}
    assert all(np.isnan(r.losses).all() for r in nans)


@pytest.mark.parametrize("classes", [[0.0, 200.0], [200.0, 0.0]])
def test_labels_that_all_leave_the_classes_are_no_reason_of_nan(classes: list[float]) -> None:
    """nan is what the textbook formula gives here, whatever the label. A label off by one, which is
    then outside the two classes, has no number that says so."""
    problem = problem_of({**SPARSE, "logits": [classes], "labels": [0]})
    found = singles(plain(meaning_of(problem), False), False)
    nans = [candidate.ids[0] for candidate in found if np.isnan(candidate.losses).all()]
    assert set(nans) <= {"unshifted-exp", "inf-minus-inf"}
    assert "inf-minus-inf" in nans


def test_a_label_that_leaves_the_classes_is_off_by_one_where_another_says_so() -> None:
    problem = problem_of({**SPARSE, "logits": LOGITS[:2], "labels": [2, 3]})
    found = singles(plain(meaning_of(problem), False), False)
    offsets = [one for one in found if one.ids == ("label-offset",)]
    assert [np.isnan(one.losses).tolist() for one in offsets] == [[False, False], [False, True]]


# ---- sums ---------------------------------------------------------------------------------------


class Total:
    """What a total is under each entry that changes the sum alone."""

    def __init__(self, problem: Problem, divisor: Divisor) -> None:
        self.stated, self.divisor = problem, divisor
        problem = self.problem = problem.aligned
        self.losses = exact(problem)
        shape = problem.samples_shape
        labels, ignored = problem.labels, problem.ignore_index
        self.kept = np.ones(shape, bool) if ignored is None else np.asarray(labels != ignored)
        self.rows = self.losses.reshape(shape)
        self.classes = shape[-1] if problem.loss == "binary" and len(shape) > 1 else 1
        if problem.loss != "binary":
            self.classes = problem.num_classes

    def sum(self, _: Parameters) -> float:
        return float(self.losses.sum())

    def mean(self, _: Parameters) -> float:
        return float(self.losses.sum() / self.kept.sum())

    def weighted_mean(self, _: Parameters) -> float:
        return float(truth(self.problem).totals["weighted_mean"])

    def mean_over_all(self, _: Parameters) -> float:
        return float(self.losses.sum() / len(self.losses))

    def mean_over_kept(self, _: Parameters) -> float:
        counts = self.kept.reshape(-1).copy()
        p, n = self.problem, len(counts)
        if p.sample_weight is not None:
            counts &= np.asarray(p.sample_weight).reshape(-1) != 0
        if p.class_weight is not None and p.loss == "sparse_categorical":
            counts &= p.class_weight[np.clip(p.labels.reshape(-1), 0, self.classes - 1)] != 0
        if p.loss == "categorical":
            t = np.moveaxis(p.labels, p.class_axis, -1).reshape(n, -1)
            w = np.ones(self.classes) if p.class_weight is None else p.class_weight
            counts &= ((t + p.label_smoothing) * w != 0).any(axis=1) & (t @ w != 0)
        return float(self.losses.sum() / counts.sum())

    def num_items(self, p: Parameters) -> float:
        labels, ignored = self.stated.labels.reshape(-1), self.stated.ignore_index
        counted = len([y for y in labels if ignored is None or y != ignored])
        assert (p["count"], p["declared"]) == (counted, self.kept.sum())
        return float(self.losses.sum() / counted)

    def means(self, p: Parameters) -> list[float]:
        batches = p.get("batches", math.prod(self.rows.shape[:-1]))
        assert p["what"] == (f"{batches} micro-batches" if "batches" in p else "the rows")
        size = len(self.losses) // batches
        parts = [slice(i * size, (i + 1) * size) for i in range(batches)]
        kept = self.kept.reshape(-1)
        with np.errstate(all="ignore"):
            return [float(self.losses[part].sum() / kept[part].sum()) for part in parts]

    def mean_of_means(self, p: Parameters) -> float:
        means = self.means(p)
        return sum(means) / (1 if p["how"] == "sum" else len(means))

    def divided_by_classes(self, p: Parameters) -> float:
        by = {
            ("kept", "as well"): self.kept.sum() * self.classes,
            ("kept", "in place of the samples"): self.classes,
            ("one", "as well"): self.classes,
            ("one", "and of samples"): self.kept.sum() * self.classes,
        }[self.divisor, p["beside"]]
        return float(self.losses.sum() / by)

    def last_axis(self, p: Parameters) -> Array:
        """The losses, one for each row."""
        with np.errstate(all="ignore"):
            sums, counts = self.rows.sum(axis=-1), self.kept.sum(axis=-1)
            return np.asarray(sums if p["how"] == "sum" else sums / counts)

    def mean_last_axis(self, p: Parameters) -> float:
        rows = self.last_axis(p)
        by = 1 if self.divisor == "one" else self.kept.any(axis=-1).sum()
        return float(rows.sum() / by)

    def dtype(self, p: Parameters) -> float:
        """Added up one after the other in the precision, and divided there."""
        assert p["where"] == "accumulation"
        dtype = numpy_dtype(p["which"])
        total = dtype.type(0)
        with np.errstate(over="ignore"):
            for loss in self.losses.astype(dtype):
                total = dtype.type(total + loss)
            by = 1 if self.divisor == "one" else self.kept.sum()
            return float(dtype.type(float(total) / by))


TOTALS: Mapping[str, Mapping[str, Any]] = {
    **PROBLEMS,
    "no weight": {**SPARSE, "class_weight": [0, 1, 1, 1]},
    "no target": {**PROBLEMS["soft"], "labels": [SOFT[0], [0, 0, 0, 0], SOFT[2]]},
    "kept rows": {**ROWS, "labels": [[0, 2, -1], [1, 3, -1]], "logits": ROWS["logits"]},
}

FINITE = [name for name in TOTALS if np.isfinite(exact(problem_of(TOTALS[name]))).all()]


@pytest.mark.parametrize("divisor", ["kept", "one"])
@pytest.mark.parametrize("name", TOTALS)
def test_a_change_of_the_sum_gives_what_it_says(name: str, divisor: Divisor) -> None:
    problem = problem_of(TOTALS[name])
    start = replace(meaning_of(problem), divisor=divisor)
    for candidate in singles(plain(start, True), True):
        (step,) = candidate.steps
        if step.hypothesis.stage == "losses" and step.parameters.get("where") != "accumulation":
            continue
        total = getattr(Total(problem, divisor), step.hypothesis.id.replace("-", "_"))
        wanted = np.array([total(step.parameters)])
        close(candidate.numbers, wanted, problem, candidate)


@pytest.mark.parametrize("divisor", ["kept", "one"])
@pytest.mark.parametrize("name", FINITE)
def test_what_a_total_can_be_mistaken_for_is_tried(name: str, divisor: Divisor) -> None:
    problem = problem_of(TOTALS[name])
    start = replace(meaning_of(problem), divisor=divisor)
    found = {candidate.ids[0] for candidate in singles(plain(start, True), True)}
    assert applicable_to_sums(problem, divisor) <= found


@pytest.mark.parametrize("divisor", ["kept", "one"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_a_change_of_the_losses_changes_their_total_alike(name: str, divisor: Divisor) -> None:
    start = replace(meaning_of(problem_of(PROBLEMS[name])), divisor=divisor)
    for candidate in singles(plain(start, True), True):
        (step,) = candidate.steps
        if step.hypothesis.stage == "losses" and step.parameters.get("where") != "accumulation":
            by = candidate.meaning.kept.sum() if divisor == "kept" else 1
            losses = np.log(candidate.losses) if candidate.ids == ("exp",) else candidate.losses
            with np.errstate(all="ignore"):
                wanted = np.array([losses.sum() / by])
                wanted = np.exp(wanted) if candidate.ids == ("exp",) else wanted
            np.testing.assert_allclose(candidate.numbers, wanted, rtol=1e-12)


def _told(step: AppliedChange) -> tuple[str, str, str]:
    return step.hypothesis.stage, step.hypothesis.id, str(step.parameters)


@pytest.mark.parametrize("total", [False, True])
@pytest.mark.parametrize("name", ["rows, weighted", "soft, weighted and smoothed", "binary"])
def test_the_steps_of_a_pair_taken_one_by_one_give_its_numbers(name: str, total: bool) -> None:
    start = meaning_of(problem_of(PROBLEMS[name]))
    first = plain(start, total)
    found = list(pairs(first, singles(first, total), total))
    assert found
    told = Counter(frozenset(_told(step) for step in p.steps) for p in found)
    once = {pair for pair in told if all(stage == "losses" for stage, _, _ in pair)}
    assert {pair for pair in once if told[pair] > 1 and "inf-minus-inf" not in str(pair)} == set()
    for pair in found:
        assert len(pair.steps) == 2
        repeated = again(pair, start, total)
        assert repeated is not None
        if "inf-minus-inf" not in pair.ids:  # it has two formulas and one description
            np.testing.assert_array_equal(repeated.numbers, pair.numbers)


def test_a_label_that_gives_0_can_be_left_out_of_the_divisor() -> None:
    problem = problem_of(PROBLEMS["sparse, labels outside"])  # one of three is among the classes
    start = plain(meaning_of(problem), True)
    found = {p.ids: p.numbers for p in pairs(start, singles(start, True), True)}
    (inside,) = found["label-gives-zero", "mean-over-kept"]
    np.testing.assert_allclose(inside, exact(problem)[0], rtol=1e-12)


@pytest.mark.parametrize(
    ("divisor", "ways"),
    [("kept", {"as well", "in place of the samples"}), ("one", {"as well", "and of samples"})],
)
def test_each_way_to_divide_by_the_classes_and_each_accumulation_is_tried(
    divisor: Divisor, ways: set[str]
) -> None:
    start = replace(meaning_of(problem_of(SPARSE)), divisor=divisor)
    tried = [r.steps[0].parameters for r in singles(plain(start, True), True)]
    assert {p["beside"] for p in tried if "beside" in p} == ways
    accumulated = {p["which"] for p in tried if p.get("where") == "accumulation"}
    assert {"float16", "bfloat16", "float32"} <= accumulated


def test_logits_beyond_the_range_of_their_dtype_are_infinite_and_their_row_nan() -> None:
    """3 times 30000 is inf in float16, and inf - inf is nan; 3 times 10000 is a number."""
    problem = problem_of({
        "loss": "sparse_categorical", "dtype": "float16", "labels": [0, 1],
        "logits": [[30000, 0], [10000, 0]], "logit_scale": 3,
    })  # fmt: skip
    (found,) = (
        candidate
        for candidate in singles(plain(meaning_of(problem), False), False)
        if candidate.ids == ("logits-overflow",)
    )
    np.testing.assert_array_equal(found.losses, [np.nan, 30000])
    assert found.sentence == "the logits are computed in float16, and are infinite beyond 65504"
