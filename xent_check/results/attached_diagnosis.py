"""Diagnose a result's numbers, and hold a declared reason against the diagnosis."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np

from xent_check.diagnosis.diagnosis import (
    ROUNDING,
    Diagnosis,
    Explanation,
    Observed,
)
from xent_check.diagnosis.gradients import diagnose_gradient
from xent_check.diagnosis.large import diagnose_any
from xent_check.diagnosis.stated_reasons import Given, given_by, gradient_given_by, reproduces
from xent_check.problem.dtypes import Float64s
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import PARAMETER_PARTS, REDUCTIONS, Parameter
from xent_check.reference.bounds import Bounds

from .comparison import Comparison
from .departure import MEANINGS
from .difference import Difference
from .report import CaseResult

MAX_VALUES = 2**18  # a diagnosis of more than this would take longer than the run
MAX_ENTRIES = 10_000  # the same of a gradient, whose exact value is slow
MAX_PRODUCTS = 100_000  # of a last layer, in the same


def observed_of(result: CaseResult) -> Observed | None:
    """The losses where they differ from the exact ones, else the first total that does; of an
    answer that has totals alone, the first total."""
    comparison = result.comparison
    if comparison is None:
        return None
    if not comparison.losses.diverging:
        for reduction, total in comparison.totals.items():
            if total.diverging or "losses" in comparison.unsupported:
                return Observed(np.atleast_1d(total.actual), np.zeros(1), reduction)
    actual = comparison.losses.actual.reshape(-1)
    return Observed(actual, np.zeros_like(actual), None)


def diagnosed(result: CaseResult) -> CaseResult:
    """The result: a divergence with its diagnosis, a known one with a note where its numbers
    contradict the declared hypothesis."""
    if result.status == "diverges":
        diagnosis = _diagnosis(result) or _diagnosis_of_gradient(result)
        diagnosis = _with_departures(diagnosis, result.comparison)
        return result if diagnosis is None else replace(result, diagnosis=diagnosis)
    hypothesis = None if result.expectation is None else result.expectation.hypothesis
    if result.status == "known" and hypothesis is not None and _finite(result):
        asked = _asked(result)
        if asked is not None and reproduces(*asked, hypothesis):
            return result
        diagnosis = _diagnosis(result)
        if diagnosis is not None and contradicts(hypothesis, diagnosis):
            best = diagnosis.explanations[0].sentence
            note = f"its `because` says otherwise than its numbers: {best}"
            return replace(result, notes=(*result.notes, note))
    return result


def stated_reasons(result: CaseResult, hypotheses: Collection[str]) -> Iterator[Given]:
    """Those of these hypotheses that give the losses or the total that diverges, or the first
    gradient that does, whatever else gives it: one, or several at once."""
    asked = _asked(result)
    if asked is not None:
        yield from given_by(*asked, hypotheses)
    for problem, gradient, by, bounds in _diverging_gradients(result):
        yield from gradient_given_by(problem, gradient, hypotheses, by, bounds)
        return


def _with_departures(
    diagnosis: Diagnosis | None, comparison: Comparison | None
) -> Diagnosis | None:
    """The diagnosis with what the further checks found."""
    departures = () if comparison is None else comparison.departures
    if comparison is None or not departures:
        return diagnosis
    numbers_agree = comparison.agrees_with_reference
    residual, share = (0.0, 1.0) if numbers_agree else (comparison.smallest_atol, 0.0)
    found = tuple(
        Explanation((d.id,), dict(d.parameters), MEANINGS[d.id], residual, share)
        for d in departures
    )
    diagnosis = diagnosis or Diagnosis((), closest=(), tried=0, by_chance=0.0)
    return replace(diagnosis, conduct=found)


def _diagnosis(result: CaseResult) -> Diagnosis | None:
    """The diagnosis of losses or totals that diverge; None for gradients and large problems."""
    asked = _asked(result)
    if asked is None:
        return None
    return diagnose_any(*asked, result.reference.losses.high, diverging=True)


def _asked(result: CaseResult) -> tuple[Problem, Observed, Bounds] | None:
    """What the diagnosis is asked about losses or totals that diverge; None for gradients and large
    problems."""
    comparison, observed = result.comparison, observed_of(result)
    if comparison is None or observed is None or result.evaluation is None:
        return None
    parts = (comparison.losses, *comparison.totals.values())
    if result.problem is None or result.problem.num_scores > MAX_VALUES:
        return None
    if comparison.bounds is None or not any(part.diverging for part in parts):
        return None
    return result.problem, observed, comparison.bounds


def _diagnosis_of_gradient(result: CaseResult) -> Diagnosis | None:
    """The diagnosis of the first gradient that diverges and has one."""
    of = getattr(result.evaluation, "gradient_of", None)
    for problem, gradient, by, bounds in _diverging_gradients(result):
        diagnosis = diagnose_gradient(problem, gradient, by=by, bounds=bounds)
        found = () if diagnosis is None else diagnosis.explanations
        if of is not None:  # a total's it should be
            found = tuple(one for one in found if one.id not in REDUCTIONS)
        if diagnosis is not None and found:
            return replace(diagnosis, explanations=found)
    return None


def _diverging_gradients(
    result: CaseResult,
) -> Iterator[tuple[Problem, Float64s, Parameter | None, Bounds | None]]:
    """The problem, the gradient, what it is by, and what rounding explains of it, of each gradient
    that diverges beside losses and totals that do not; a total's gradient as that of the losses
    that it comes from. None of large problems."""
    comparison, problem = result.comparison, result.problem
    if comparison is None or problem is None:
        return
    features = 0 if problem.weight is None else problem.weight.shape[1]
    if problem.num_scores > MAX_ENTRIES or problem.num_scores * features > MAX_PRODUCTS:
        return
    others = (comparison.losses, *comparison.totals.values())
    if any(part.diverging for part in others):
        return
    of = getattr(result.evaluation, "gradient_of", None)
    factor = 1.0 if of is None else result.reference.divisors[of]
    parts: list[tuple[Parameter | None, Difference | None]] = [(None, comparison.gradient)]
    parts += [(p, comparison.by_parameters.get(name)) for p, name in PARAMETER_PARTS.items()]
    for by, part in parts:
        if part is not None and part.diverging:
            bounds = comparison.bounds if of is None else None
            yield problem, part.actual * factor, by, bounds


def _finite(result: CaseResult) -> bool:
    """Whether every loss is finite: too many hypotheses predict nan and inf to rule one out."""
    comparison = result.comparison
    return comparison is not None and bool(np.isfinite(comparison.losses.actual).all())


def contradicts(hypothesis: str, diagnosis: Diagnosis) -> bool:
    """Whether the numbers have explanations, none of them by this hypothesis (its id)."""
    ids = {name for e in diagnosis.explanations for name in e.ids} - {ROUNDING}
    return bool(ids) and hypothesis not in ids
