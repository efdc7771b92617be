"""A meaning gives what the reference proves, and every hypothesis changes what it gives."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings

from tests.observed import problem_of
from tests.support.problems import problems
from xent_check.diagnosis.candidates import plain, singles
from xent_check.diagnosis.diagnosis import ROUNDING
from xent_check.diagnosis.hypotheses.table import HYPOTHESES
from xent_check.diagnosis.losses import Divisor, losses_of, meaning_of, total_of
from xent_check.problem.problem import Problem
from xent_check.reference.reference import reference

pytestmark = pytest.mark.filterwarnings("error")  # NumPy's would reach the user
LOGITS = [[1.5, -0.25, 0.5, 2.0], [-1.0, 0.75, 3.0, 0.0], [0.25, 1.25, -2.0, 1.0]]
PROBS = [[0.1, 0.2, 0.3, 0.5], [0.7, 0.0, 0.2, 0.4], [0.25, 0.25, 0.4, 0.6]]
SPARSE: Mapping[str, Any] = {"loss": "sparse_categorical", "logits": LOGITS, "labels": [0, 2, 1]}
WEIGHTED: Mapping[str, Any] = {**SPARSE, "class_weight": [1, 2, 3, 4], "sample_weight": [0.5, 0, 2]}
BINARY: Mapping[str, Any] = {
    "loss": "binary",
    "logits": [[1.5, -0.25], [0.5, 90.0]],
    "labels": [[1, 0], [1, 0]],
}
ROWS: Mapping[str, Any] = {
    "loss": "sparse_categorical",
    "logits": [LOGITS, LOGITS[::-1]],
    "labels": [[0, 2, -1], [1, -1, -1]],
    "ignore_index": -1,
}
VARIED: tuple[Mapping[str, Any], ...] = (
    SPARSE,
    {**WEIGHTED, "label_smoothing": 0.2},
    {**SPARSE, "labels": [0, -1, 7]},
    {**SPARSE, "logits": [[1e4, 1e4 - 1.3], [100.0, 0.0], [0.0, 300.0]], "labels": [1, 0, 0]},
    {**SPARSE, "logits": {"zeros": [1, 300], "at": [[0, 257, 5.0]]}, "labels": [257]},
    {"loss": "sparse_categorical", "probs": PROBS, "labels": [3, 1, 0], "normalize": False},
    {"loss": "categorical", "probs": PROBS, "labels": np.eye(4)[[3, 1, 0]], "normalize": True},
    {"loss": "categorical", "logits": [[-np.inf, 0.0]], "labels": [[0, 1]]},
    {"loss": "categorical", "logits": [[1.5, 0.0]], "labels": [[0.25, 0.75]]},
    {**BINARY, "pos_weight": [2.0, 3.0]},
    {"loss": "binary", "probs": [1e-12, 0.5], "labels": [0, 1]},
    {"loss": "sparse_categorical", "probs": [[1.0, 1e-12]], "labels": [0], "normalize": True},
    BINARY,
    ROWS,
    {**WEIGHTED, "logit_scale": 0.7, "softcap": 2.5, "z_loss": 0.01},
    {**BINARY, "logit_scale": 0.5, "softcap": 30.0},
    {**BINARY, "dtype": "float16", "logit_scale": 1000.0},
    {**ROWS, "shift": 1, "label_smoothing": 0.2, "smoothing_formula": "megatron"},
)

# What a label outside gives without any change; and see test_rarer.py and test_overflows.py.
ELSEWHERE = ("label-gives-nan", "bias-missing", "flushed", "zero-targets-skipped")

IDS = [
    "probs-as-logits", "logits-as-probs", "sigmoid-for-softmax", "softmax-for-sigmoid",
    "renormalised", "not-renormalised", "clipped", "log-clamped", "epsilon-in-log",
    "log-of-probability", "not-shift-safe", "unshifted-exp", "mean", "sum", "mean-over-all",
    "mean-over-kept", "weighted-mean", "mean-last-axis", "mean-of-means", "divided-by-classes",
    "class-weight-ignored", "class-weight-as-sample-weight", "pos-weight-ignored",
    "sample-weight-ignored", "ignored-not-ignored", "label-wraps", "label-gives-zero",
    "label-gives-nan", "label-rounded", "label-offset", "class-axis", "labels-broadcast",
    "labels-shifted", "labels-not-shifted", "argmax-label", "smoothing-missing",
    "smoothing-formula", "smoothing-not-weighted", "dtype", "log2", "log10", "exp", "sign",
    "log-missing", "inf-minus-inf", "scale-missing", "softcap-missing", "z-loss-missing",
    "rounding", "logits-overflow", "bias-missing", "kl-divergence", "labels-transposed",
    "num-items", "flushed", "zero-targets-skipped",
]  # fmt: skip


CANCELLING = Problem(  # the targets add up to 0 once they are smoothed, and so does the loss
    "categorical", "logits", np.zeros((1, 3), np.float16), np.array([[0, 0, -1]], np.float16),
    "float16", label_smoothing=0.5,
)  # fmt: skip

CANCELLING_BINARY = Problem(  # the two halves of a label of 1/2, one of them negative
    "binary", "logits", np.array([1e-45], np.float32), np.array([0.5], np.float32), "float32",
    pos_weight=np.asarray(-1, np.float32),
)  # fmt: skip

CANCELLING_ABOVE_1 = Problem(  # a label of 2, whose other half is -1
    "binary", "logits", np.array([1.17549435e-38], np.float32), np.array([2], np.float32),
    "float32", pos_weight=np.asarray(0.5, np.float32),
)  # fmt: skip

BESIDE_NAN = Problem(  # a small share of a row beside another row that is nan
    "categorical", "probs", np.array([[1e-188, 1.0], [0.0, np.nan]]), np.array([[0.0, 1], [0, 1]]),
    "float64", normalize=True,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(problems())
@example(CANCELLING)
@example(CANCELLING_BINARY)
@example(CANCELLING_ABOVE_1)
@example(BESIDE_NAN)
def test_the_losses_are_the_references_to_1e_9(problem: Problem) -> None:
    exact, meaning = reference(problem).losses, meaning_of(problem)
    high, radius = exact.high.reshape(-1), exact.radius.reshape(-1)
    losses = losses_of(meaning)
    allowed = 1e-9 * np.abs(high) + radius + 1e-300  # of factors that float64 flushes
    factors = {"targets": meaning.targets, "pos_weight": meaning.pos_weight}
    below = {n: f for n, f in factors.items() if f is not None and (f < 0).any()}
    if below:
        # those below 0 cancel others: the rounding is that of the terms, not of what is left
        sizes: dict[str, Any] = {name: np.abs(factor) for name, factor in below.items()}
        terms = np.abs(losses_of(replace(meaning, **sizes)))
        allowed += 1e-14 * np.where(np.isfinite(terms), terms, 0.0)
    t = meaning.targets
    if meaning.binary and t is not None and (t > 1).any():  # and so does 1 - t of one above 1
        of_1, of_0 = (losses_of(replace(meaning, targets=np.full_like(t, side))) for side in (1, 0))
        with np.errstate(all="ignore"):
            terms = np.abs(t).reshape(-1) * np.abs(of_1) + np.abs(1 - t).reshape(-1) * np.abs(of_0)
        allowed += 1e-14 * np.where(np.isfinite(terms), terms, 0.0)
    finite = np.isfinite(high) & np.isfinite(losses)
    assert (np.abs(losses[finite] - high[finite]) <= allowed[finite]).all()


@pytest.mark.parametrize("fields", VARIED)
def test_the_totals_are_the_references_to_1e_9(fields: Mapping[str, Any]) -> None:
    problem = problem_of(fields)
    meaning, exact = meaning_of(problem), reference(problem)
    losses = losses_of(meaning)
    np.testing.assert_allclose(losses, exact.losses.high.reshape(-1), rtol=1e-9)
    totals = {
        "mean": meaning,
        "sum": replace(meaning, divisor="one"),
        "weighted_mean": replace(meaning, divisor="weights"),
    }
    for name, chosen in totals.items():
        expected = exact.totals[name].high  # type: ignore[index]
        np.testing.assert_allclose(total_of(chosen, losses), expected, rtol=1e-9)


def test_no_sample_of_a_distribution_is_ignored() -> None:
    """An index to ignore, and labels that are distributions: each sample counts in the mean."""
    problem = problem_of({**SPARSE, "ignore_index": 3})  # which is none of its labels
    soft = replace(meaning_of(problem), labels=None, targets=np.eye(4)[problem.labels])
    mean = reference(problem).totals["mean"].high
    np.testing.assert_allclose(total_of(soft, losses_of(soft)), mean, rtol=1e-9)


def test_a_log_probability_above_0_has_a_loss_where_the_label_is_1() -> None:
    # 1 - p is below 0 and has no log; the label 1 does not ask for it, every other does
    problem = problem_of({"loss": "binary", "log_probs": [0.25, 0.25, 0.25], "labels": [1, 0.5, 0]})
    expected = [-0.25, np.nan, np.nan]
    np.testing.assert_array_equal(losses_of(meaning_of(problem)), expected)
    np.testing.assert_array_equal(reference(problem).losses.high, expected)
    exact = reference(replace(problem, gradient=True)).gradient
    assert exact is not None
    np.testing.assert_array_equal(exact.high, [-1.0, np.nan, np.nan])  # d(-log p) / d(log p)


@functools.cache
def _changing() -> frozenset[tuple[str, ...]]:
    """The hypotheses that change the losses of one of the problems, or its mean or sum."""
    divisors: tuple[Divisor, ...] = ("kept", "one")
    starts = [
        replace(meaning_of(problem_of(fields)), divisor=divisor)
        for fields in VARIED
        for divisor in divisors
    ]
    return frozenset(
        reading.ids
        for start in starts
        for total in (False, True)
        for reading in singles(plain(start, total), total)
    )


@pytest.mark.parametrize("hypothesis", [h.id for h in HYPOTHESES if h.id not in ELSEWHERE])
def test_a_hypothesis_changes_the_answer_to_some_problem(hypothesis: str) -> None:
    assert (hypothesis,) in _changing()


def test_the_ids_are_those_of_the_table_and_unique() -> None:
    assert sorted({*(h.id for h in HYPOTHESES), ROUNDING}) == sorted(IDS)
    assert len({(h.id, h.stage) for h in HYPOTHESES}) == len(HYPOTHESES)  # of a loss, or a total
    assert {h.stage for h in HYPOTHESES} == {"losses", "layout", "total"}
    sums = {h.id for h in HYPOTHESES if h.stage == "total"}
    assert sums == {
        "sum", "mean", "weighted-mean", "mean-over-all", "divided-by-classes", "mean-over-kept",
        "mean-of-means", "num-items",
    }  # fmt: skip


def test_a_sentence_has_its_parameters() -> None:
    for fields in VARIED:
        for reading in singles(plain(meaning_of(problem_of(fields)), True), True):
            assert reading.sentence
            assert "{" not in reading.sentence
