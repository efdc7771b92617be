"""Stated reasons: whether reasons that are stated of an implementation give its numbers.

`diagnose` has every reason to choose from, and believes one where so good a match is unlikely by
chance. A stated reason is held against the numbers alone, whatever else gives them: a few reasons
are not likely to give numbers that come of another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s, spacing
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Parameter
from xent_check.reference.bounds import Bounds

from .candidates import by_hypothesis, together
from .diagnosis import NOT_SHIFT_SAFE, PAIRS_AT_MOST, Observed, evidence_for, of_a_common_offset
from .evidence import Evidence
from .gradient_candidates import changed, of_meanings, seen_gradient, summing_to_1
from .gradients import gradient_overflow
from .hypotheses.gradients import GRADIENT_HYPOTHESES
from .hypotheses.gradients_by_meaning import SUM_TO_1
from .hypotheses.scores import Parameters
from .lost import INF_MINUS_INF, lost_to
from .overflows import OVERFLOW


@dataclass(frozen=True)
class Given:
    """Stated reasons that give the numbers at once."""

    ids: tuple[str, ...]
    parameters: Parameters


def reproduces(problem: Problem, observed: Observed, bounds: Bounds, hypothesis: str) -> bool:
    """Whether a change by this hypothesis alone gives all observed numbers, of which some differ
    from the truth: then they do not contradict it, whatever else gives them too. Far less work than
    `diagnose`."""
    evidence = evidence_for(problem, observed, bounds)
    return bool(evidence.differing.any()) and any(_alone(evidence, (hypothesis,)))


@np.errstate(all="ignore")  # a change may make nan and inf of anything
def given_by(
    problem: Problem, observed: Observed, bounds: Bounds, hypotheses: Collection[str]
) -> list[Given]:
    """What those of these hypotheses that give the observed numbers are, of which some differ from
    the truth: each alone, whatever else gives them, or beside what makes the others nan or
    inf; where none does, two or three at once, where that is unlikely by chance. Of numbers that
    float64 cannot tell from the truth: which give their last digits."""
    if problem.num_scores > PAIRS_AT_MOST:
        return []
    evidence, names = evidence_for(problem, observed, bounds), sorted(hypotheses)
    if not evidence.differing.any():
        return list(_to_the_last_digit(evidence, names))
    found = [*_alone(evidence, names), *_beside_lost(evidence, names)]
    if NOT_SHIFT_SAFE in names:
        offset, _ = of_a_common_offset(evidence, 1.0)
        found += [Given(one.ids, one.parameters) for one in offset]
    if found:
        return found
    total = observed.reduction is not None
    at_once = [some for count in (2, 3) for some in permutations(names, count)]
    made = [one for some in at_once for one in together(evidence.truth, some, total)]
    good, poor, _ = evidence.weigh(made)
    if not (evidence.differing & np.isfinite(observed.values)).any():
        good = [*good, *poor]  # of what is nan or inf alone no chance can be told
    return [Given(one.ids, one.parameters) for one in good]


@np.errstate(all="ignore")  # a change may make nan and inf of anything
def gradient_given_by(
    problem: Problem,
    observed: Float64s,
    hypotheses: Collection[str],
    by: Parameter | None = None,
    bounds: Bounds | None = None,
) -> list[Given]:
    """What those of these hypotheses that give a gradient are: each alone, whatever else gives
    it, or beside an overflow or infinities that cancel, which make entries nan or inf. by, bounds:
    as of `diagnose_gradient`."""
    seen = seen_gradient(problem, observed, np.zeros_like(observed), by, bounds)
    plain = seen.candidate(problem, seen.exact, (), {}, 1.0)
    every = (*changed(seen, plain, GRADIENT_HYPOTHESES), *of_meanings(seen, problem))
    made = [(one.steps[0].id, one) for one in every if one.steps[0].id in hypotheses]
    alone = [Given((name,), one.parameters) for name, one in made if seen.fits(one).all()]
    lost = ~seen.fits(plain) & ~np.isfinite(observed)
    if not lost.any():
        return alone
    nans = [one for name, one in made if name == INF_MINUS_INF]
    losers = [INF_MINUS_INF] if any(seen.fits(one)[lost].all() for one in nans) else []
    asked = [problem]
    if SUM_TO_1.id in hypotheses and problem.loss == "categorical":
        asked.append(summing_to_1(problem))
    overflows = (gradient_overflow(seen, one, lost) for one in asked)
    if OVERFLOW in hypotheses and any(one is not None for one in overflows):
        losers.append(OVERFLOW)
    rest = replace(seen, aside=lost)
    beside = [(name, one) for name, one in made if rest.fits(one).all()]
    return alone + [
        Given((name, loser), one.parameters)
        for name, one in beside
        for loser in losers
        if name != loser
    ]


def _alone(evidence: Evidence, names: Collection[str]) -> Iterator[Given]:
    """Those that give all numbers."""
    total = evidence.observed.reduction is not None
    for one in (one for name in names for one in by_hypothesis(evidence.truth, name, total)):
        if evidence.agreeing(one).all() and evidence.is_nearer(one):
            yield Given(one.ids, one.parameters)


def _to_the_last_digit(evidence: Evidence, names: Collection[str]) -> Iterator[Given]:
    """Those that give each number to two of its spacings: of float64, which is too narrow to tell
    those numbers from the truth otherwise."""
    total, values = evidence.observed.reduction is not None, evidence.observed.values
    near = 2 * np.nan_to_num(spacing(values, evidence.truth.meaning.dtype))  # 0 of nan and inf
    for one in (one for name in names for one in by_hypothesis(evidence.truth, name, total)):
        if evidence.fits(one) and (distance(values, one.numbers) <= near).all():
            yield Given(one.ids, one.parameters)


def _beside_lost(evidence: Evidence, names: Collection[str]) -> Iterator[Given]:
    """Those that give all losses but what is nan or inf for another of these reasons."""
    if evidence.observed.reduction is not None or not evidence.fits(evidence.truth):
        return
    lost, narrow = ~np.isfinite(evidence.observed.values), evidence.truth.meaning.dtype != "float64"
    lost = lost & evidence.differing if narrow else lost  # what float64 cannot hold, it cannot tell
    if not lost.any() or not (evidence.differing & ~lost).any():
        return
    losers = [name for name, _ in lost_to(evidence, lost) if name in names]
    made = [one for name in names for one in by_hypothesis(evidence.truth, name, total=False)]
    for one in made if losers else ():
        agrees = (evidence.agreeing(one) | lost).all()
        if agrees and evidence.is_nearer(one):
            others = (loser for loser in losers if loser not in one.ids)
            yield from (Given((*one.ids, loser), one.parameters) for loser in others)
