"""Large problems are explained as small ones are: by some rows first, held against all."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from xent_check.diagnosis import large
from xent_check.diagnosis.diagnosis import Diagnosis, Observed
from xent_check.diagnosis.large import diagnose_any, on_one_sample
from xent_check.problem.problem import Problem
from xent_check.reference.truth import truth

RNG = np.random.RandomState(11)
COUNT, N = 60, 40
LOGITS = (RNG.standard_normal((COUNT, N)) * 2).astype(np.float32)
LABELS = RNG.randint(0, N, COUNT)
WIDE = LOGITS.astype(np.float64)
SUMS = np.log(np.exp(WIDE).sum(axis=1))
Floats = npt.NDArray[np.float64]


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a problem of 2,400 scores were large, and its rows were looked at by fours."""
    monkeypatch.setattr(large, "LARGE", 1000)
    monkeypatch.setattr(large, "VALUES", 200)
    monkeypatch.setattr(large, "_SCORES", 160)


def own(labels: Any = LABELS, x: Floats = WIDE) -> Floats:
    return np.asarray(x[np.arange(len(labels)), labels])


def diagnosed(losses: Floats, **options: Any) -> Diagnosis:
    problem = Problem("sparse_categorical", "logits", LOGITS, LABELS, "float32", **options)
    exact = truth(problem)
    values = losses.astype(np.float32).astype(np.float64)
    seen = Observed(values, np.zeros_like(values), None)
    assert large.is_large(problem, seen)
    return diagnose_any(problem, seen, exact.bounds, exact.reference.losses.high)


def padded() -> Floats:
    return np.asarray(np.log(np.exp(WIDE).sum(axis=1) + 24) - own())  # two tiles of 32


def smoothed() -> Floats:
    return np.asarray(SUMS - 0.9 * own() - 0.1 * WIDE.mean(axis=1))


def cooled() -> Floats:
    return np.asarray(np.log(np.exp(WIDE / 1.37).sum(axis=1)) - own() / 1.37)


def shifted() -> Floats:
    return np.asarray(SUMS - own(np.roll(LABELS, -1)))


@pytest.mark.parametrize(
    ("name", "losses", "parameters"),
    [
        ("tile-padding-counts", padded(), {"tile": 32, "columns": 24}),
        ("smoothing-added", smoothed(), {"epsilon": 0.1}),
        ("temperature", cooled(), {"temperature": 1.37}),
        ("labels-shifted", shifted(), {"shift": 1}),
        ("log2", (SUMS - own()) / np.log(2), {}),
        ("loss-zero", np.zeros(COUNT), {}),
    ],
)
def test_a_reason_is_found_by_some_rows_and_held_against_all(
    name: str, losses: Floats, parameters: dict[str, Any]
) -> None:
    (first, *_) = diagnosed(losses).explanations
    assert first.ids == (name,)
    assert {key: first.parameters[key] for key in parameters} == parameters
    assert first.share_explained == 1


@pytest.mark.parametrize("at", [0, 31, 59])
def test_one_row_that_has_another_reason_leaves_all_unexplained(at: int) -> None:
    losses = padded()
    losses[at] += 0.5
    diagnosis = diagnosed(losses)
    assert diagnosis.explanations == ()


def test_the_share_of_what_nearly_explains_is_that_of_all_rows() -> None:
    losses = np.where(np.arange(COUNT) < 45, (SUMS - own()) / np.log(2), (SUMS - own()) * 1.1)
    diagnosis = diagnosed(losses)
    assert diagnosis.explanations == ()
    shares = {one.ids: one.share_explained for one in diagnosis.closest}
    assert shares.get(("log2",), 0.75) == 0.75


def test_numbers_that_are_exact_agree() -> None:
    (first, *_) = diagnosed(SUMS - own()).explanations
    assert first.ids == ("rounding",)


def test_rows_that_differ_alone_are_explained_beside_those_that_agree() -> None:
    """Ignored samples that are counted: all others are right."""
    ignored = int(LABELS[5])
    diagnosis = diagnosed(SUMS - own(), ignore_index=ignored)
    (first, *_) = diagnosis.explanations
    assert first.ids == ("ignored-not-ignored",)


def test_numbers_of_no_reason_are_not_explained() -> None:
    losses = (SUMS - own()) * RNG.uniform(1.02, 1.4, COUNT)
    assert diagnosed(losses).explanations == ()


def test_one_sample_is_worked_out_alone() -> None:
    problem = Problem("sparse_categorical", "logits", LOGITS, LABELS, "float32")
    (first, *_) = diagnosed(padded()).explanations
    start, changed = on_one_sample(problem, 7, first.applied)
    assert changed is not None
    np.testing.assert_array_equal(start.scores, WIDE[7:8])
    assert start.labels is not None
    assert start.labels.tolist() == [LABELS[7]]
    assert on_one_sample(problem, 7, ())[1] is None


def test_a_shift_that_is_left_out_is_found_where_each_row_is_a_sequence() -> None:
    logits, labels = LOGITS.reshape(4, 15, N), LABELS.reshape(4, 15)
    problem = Problem("sparse_categorical", "logits", logits, labels, "float32", shift=1)
    exact = truth(problem)
    seen = Observed((SUMS - own()).astype(np.float32).astype(np.float64), np.zeros(COUNT), None)
    losses = exact.reference.losses.high
    (first, *_) = diagnose_any(problem, seen, exact.bounds, losses).explanations
    assert (first.ids, first.parameters["shift"]) == (("labels-not-shifted",), 0)
