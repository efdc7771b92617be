"""Judging: one answer held against the truth and what its case states of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from xent_check.implementations.names import parse
from xent_check.problem.evaluation import Computed, Evaluation, Unsupported
from xent_check.problem.problem import Problem
from xent_check.reference.truth import Truth, truth
from xent_check.results.attached_diagnosis import diagnosed
from xent_check.results.report import CaseResult
from xent_check.results.verdict import judge

from .jobs import Job
from .stated import stated_of

NOTHING_FOUND_OUT: Mapping[str, Any] = MappingProxyType({})


def result_of(
    job: Job,
    evaluation: Evaluation,
    exact: Truth,
    strict: bool,
    found_out: Mapping[str, Any] = NOTHING_FOUND_OUT,
) -> CaseResult:
    """The answer as `judged`, a divergence with its reason."""
    return diagnosed(judged(job, evaluation, exact, strict, found_out))


def judged(
    job: Job,
    evaluation: Evaluation,
    exact: Truth,
    strict: bool,
    found_out: Mapping[str, Any] = NOTHING_FOUND_OUT,
) -> CaseResult:
    """The answer compared with the truth, under the bounds of the dtype it is computed in.

    found_out: of a user's own, the fields of its Introduction. Where its library is one whose
    functions an implementation is, what diverges just as the case declares of that one is known, as
    that.
    """
    library = found_out.get("library", "")
    posed, i = job.posed, job.implementation
    if isinstance(evaluation, Computed):
        exact = _with_totals(exact, posed.problem, evaluation)
        evaluation = _with_gradient(evaluation, exact)
    if i.computes_in_float32(posed.problem):
        exact = exact.inside_float32(posed.problem)
    if (promise := i.declared.promise_for(posed.problem)) is not None:
        exact = exact.as_promised(posed.problem, promise)
    if isinstance(evaluation, Computed) and evaluation.gradient_of is not None:
        exact = exact.of_total(posed.problem, evaluation.gradient_of)
    stated = stated_of(
        posed.expectation_of(i, found_out.get("version", "")), posed.problem, evaluation, exact
    )
    result = judge(posed.case, posed.problem, i.name, evaluation, exact, stated, strict)
    if stated is None and library and result.status in ("diverges", "failed"):
        of_library = posed.expectation_of(parse(library))
        of_library = stated_of(of_library, posed.problem, evaluation, exact)
        if of_library is not None and of_library.because is not None:
            stated = replace(of_library, because=f"as {library}: {of_library.because}")
            known = judge(posed.case, posed.problem, i.name, evaluation, exact, stated, strict)
            result = known if known.status == "known" else result
    notes = [*posed.overflows] if result.comparison else []
    if promise is not None and result.comparison and posed.case.fields.tolerance != "auto":
        notes.append(f"its promise of {promise} counts under the tolerance auto alone")
    return replace(result, notes=(*result.notes, *notes)) if notes else result


def _with_gradient(computed: Computed, exact: Truth) -> Computed:
    """The answer without the gradient of a total where it cannot be held against anything, and with
    a note where it is held against that."""
    of = computed.gradient_of
    if of is None:
        return computed
    total, divisor = of.replace("_", " "), exact.reference.divisors[of]
    if divisor == 0 or not math.isfinite(divisor):
        why = f"the {total} divides by {divisor:g} here, and has no gradient"
        by_parameters = dict.fromkeys(computed.by_parameters, Unsupported(why))
        return replace(
            computed, gradient=Unsupported(why), by_parameters=by_parameters, gradient_of=None
        )
    note = f"its gradient is that of the {total}, and is compared with that"
    return replace(computed, notes=(*computed.notes, note))


def _with_totals(exact: Truth, problem: Problem, computed: Computed) -> Truth:
    """The truth with the totals that a user's own loss gives in place of its losses."""
    more = tuple(r for r in computed.totals if r not in problem.reductions)
    if not more:
        return exact
    return truth(replace(problem, reductions=(*problem.reductions, *more)))
