"""Diagnosis: which change of a problem's meaning reproduces the numbers that were observed.

Changes are tried alone, then in pairs. A reading explains when every observed number is what it
gives, within the last printed digit and rounding; it is reported only where so close a meeting by
chance is unlikely. Nothing is claimed that the numbers do not support.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction
from xent_check.reference.bounds import Bounds

from .candidates import Candidate, pairs, plain, singles
from .distinguishing import distinguishing_input
from .evidence import CHANCE, Evidence, Observed, computed_in, evidence_of
from .hypotheses.scores import Parameters
from .losses import meaning_of
from .meaning import Divisor, Meaning

__all__ = ["ROUNDING", "Diagnosis", "Explanation", "Observed", "diagnose"]
ROUNDING = "rounding"
CLOSEST = 3
PAIRS_AT_MOST = 20_000  # scores of a problem on which two changes at once are tried
_DIVISORS: dict[Reduction, Divisor] = {"mean": "kept", "sum": "one", "weighted_mean": "weights"}


@dataclass(frozen=True)
class Explanation:
    """One reading of the numbers: the changes together, best first in a list of them.

    max_abs_residual: the largest abs(observed - what the reading gives), inf where one is not
    finite and the other is not the same. share_explained: of the samples that differ from the
    truth, the share that the reading reproduces. meaning: what the reading computes: the
    problem's own where it changes no choice.
    """

    ids: tuple[str, ...]
    parameters: Parameters
    sentence: str
    max_abs_residual: float
    share_explained: float
    meaning: Meaning | None = field(default=None, repr=False, compare=False)

    @property
    def id(self) -> str:
        return self.ids[0]


@dataclass(frozen=True)
class Diagnosis:
    """explanations: those that reproduce the numbers, the most usual first. closest: where there
    are none, what comes nearest; one that meets the numbers is there only because so would stray
    numbers. tried: how many readings were computed. by_chance: the probability that a stray number
    finds as good an explanation. others: how many further readings give a total; 0 for losses.
    telling_apart: an input on which the first two explanations differ, or why there is none."""

    explanations: tuple[Explanation, ...]
    closest: tuple[Explanation, ...]
    tried: int
    by_chance: float
    others: int = 0
    distinguishing_input: str = ""

    @property
    def explained(self) -> bool:
        return bool(self.explanations)


def diagnose(problem: Problem, observed: Observed, bounds: Bounds) -> Diagnosis:
    """The readings of `observed`, given the problem that should have been computed.

    The truth itself comes first: numbers that rounding explains need no other reason.
    """
    start = meaning_of(problem)
    total = observed.reduction is not None
    if observed.reduction is not None:
        start = replace(start, divisor=_DIVISORS[observed.reduction])
    truth = plain(start, total)
    evidence = evidence_of(observed, bounds, truth)
    if not evidence.apart.any():
        return _agreement(start, evidence)
    found = singles(truth, total)
    good, poor, chance = evidence.believed(found)
    tried = found
    if total or not good:
        small = start.scores.size <= PAIRS_AT_MOST
        both = pairs(truth, found, total) if small else ()
        tried = [*found, *sorted(both, key=lambda r: r.order)]
        if not good:
            good, poor, chance = evidence.believed(tried)
    explanations = [_explanation(evidence, r) for r in _distinct(good)]
    if not explanations:
        explanations, chance = _in_another_precision(evidence, bounds, chance)
    others = 0
    if total:
        meeting = {r.ids for r in tried if evidence.agreeing(r).all()}
        needed = {i for i in meeting if not any(set(j) < set(i) for j in meeting)}
        others = len(needed - {e.ids for e in explanations})
    if explanations:
        apart = distinguishing_input(_distinct(good)[:2], truth, total)
        return Diagnosis(tuple(explanations), (), len(tried), chance, others, apart)
    near = [_explanation(evidence, r) for r in _distinct([*poor, *found])]
    near.sort(key=lambda e: (-e.share_explained, len(e.ids), e.max_abs_residual))
    return Diagnosis((), tuple(near[:CLOSEST]), len(tried), chance, others)


def _agreement(start: Meaning, evidence: Evidence) -> Diagnosis:
    """The observed numbers are the exact ones."""
    off = evidence.residuals(evidence.truth.numbers)
    outside = start.outside_labels.any() and np.isnan(evidence.observed.values).any()
    words = "the exact value, within what rounding explains"
    if outside:
        words = "a label outside the classes gives nan"
    name = "label-gives-nan" if outside else ROUNDING
    reason = Explanation((name,), {}, words, float(off.max(initial=0.0)), 1.0, start)
    return Diagnosis((reason,), (), 1, 0.0)


def _in_another_precision(
    evidence: Evidence, bounds: Bounds, chance: float
) -> tuple[list[Explanation], float]:
    coarse = computed_in(evidence, bounds)
    if coarse is None or coarse[1] > CHANCE:
        return [], chance
    off = float(evidence.residuals(evidence.truth.numbers).max(initial=0.0))
    meaning = evidence.truth.meaning
    which = {"which": coarse[0], "where": "computation"}
    words = f"computed in {coarse[0]}: the numbers are of that precision, within its rounding"
    return [Explanation(("dtype",), which, words, off, 1.0, meaning)], coarse[1]


def _explanation(evidence: Evidence, candidate: Candidate) -> Explanation:
    agreeing, apart = evidence.agreeing(candidate), evidence.apart
    off = float("inf")
    if evidence.fits(candidate):
        off = float(evidence.residuals(candidate.numbers).max(initial=0.0))
    share = float(agreeing[apart].mean())
    return Explanation(
        candidate.ids, candidate.parameters, candidate.sentence, off, share, candidate.meaning
    )


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The first reading of each set of ids: its parameters are the most usual that fit."""
    first: dict[tuple[str, ...], Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.ids, candidate)
    return list(first.values())
