"""The published cases say where their numbers come from, and why an answer departs from exact."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from xent_check.casefile.loading import Filter, PosedCase, load
from xent_check.casefile.paths import corpus
from xent_check.problem.evaluation import Computed
from xent_check.problem.expectation import REFERENCE, Expectation
from xent_check.reference.bounds import bounds
from xent_check.reference.reference import Reference, reference
from xent_check.results.comparison import compare

SUBJECTS = load([str(corpus() / "forum")], Filter())
each_case = pytest.mark.parametrize("posed", SUBJECTS, ids=lambda posed: posed.case.id)


@each_case
def test_every_case_has_a_source(posed: PosedCase) -> None:
    assert (posed.case.fields.source or "").strip()


@each_case
def test_every_known_divergence_has_a_because(posed: PosedCase) -> None:
    exact = reference(posed.problem)
    missing = [
        name
        for name, entries in posed.expectations.items()
        if name != REFERENCE
        for entry in entries
        if not entry.because and departs(posed, exact, entry)
    ]
    assert missing == []


def test_ids_are_unique() -> None:
    counts = Counter(posed.case.id for posed in SUBJECTS)
    assert [name for name, count in counts.items() if count > 1] == []


def departs(posed: PosedCase, exact: Reference, entry: Expectation) -> bool:
    """Whether an entry states an error, or numbers that the exact ones do not meet."""
    if entry.error is not None:
        return True
    dtype = posed.problem.values.dtype
    with np.errstate(over="ignore"):
        totals = {r: total.high.astype(dtype) for r, total in exact.totals.items()}
        gradient = None if exact.gradient is None else exact.gradient.high.astype(dtype)
        computed = Computed(exact.losses.high.astype(dtype), {**totals}, "", 0.0, gradient)
    tolerance = posed.case.fields.tolerance
    limits = bounds(posed.problem, exact)
    comparison = compare(computed, exact, tolerance, entry, limits)
    return any(part.diverging for part in comparison.by_expectation.values())
