"""Judging: one answer held against the truth and what its case states of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xent_check.implementations.names import parse
from xent_check.problem.evaluation import Computed, Evaluation
from xent_check.problem.problem import Problem
from xent_check.reference.truth import Truth, truth
from xent_check.results.attached_diagnosis import diagnosed
from xent_check.results.report import CaseResult
from xent_check.results.verdict import judge

from .jobs import Job


def result_of(
    job: Job, evaluation: Evaluation, exact: Truth, strict: bool, kin: Sequence[str] = ()
) -> CaseResult:
    """The answer compared with the truth, under the bounds of the dtype it is computed in.

    kin: of a user's own loss, the names of the implementations that its framework's functions are.
    What diverges just as the case declares of one of those is known.
    """
    posed, i = job.posed, job.implementation
    if isinstance(evaluation, Computed):
        exact = _with_totals(exact, posed.problem, evaluation)
    if i.computes_in_float32(posed.problem):
        exact = exact.inside_float32(posed.problem)
    expectations = [posed.expectation_of(i)]
    if expectations[0] is None:
        expectations += [posed.expectation_of(parse(name)) for name in kin]
    results = [
        judge(posed.case, posed.problem, i.name, evaluation, exact, expectation, strict)
        for place, expectation in enumerate(expectations)
        if place == 0 or expectation is not None
    ]
    result = results[0]
    if result.status in ("diverges", "failed"):
        result = next((known for known in results[1:] if known.status == "known"), result)
    return diagnosed(result)


def _with_totals(exact: Truth, problem: Problem, computed: Computed) -> Truth:
    """The truth with the totals that a user's own loss gives in place of its losses."""
    more = tuple(r for r in computed.totals if r not in problem.reductions)
    if not more:
        return exact
    return truth(replace(problem, reductions=(*problem.reductions, *more)))
