"""Diagnosis: which change of a problem's meaning reproduces the numbers that were observed.

Changes are tried alone, then in pairs. A candidate explains the numbers when it gives every one of
them, within the last printed digit and rounding; it is reported only where such a match is unlikely
by chance. Nothing is claimed that the numbers do not support.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction
from xent_check.reference.bounds import Bounds

from .candidates import (
    AppliedChange,
    Candidate,
    of_memory,
    of_nothing,
    of_zeros,
    pairs,
    plain,
    rarer,
    singles,
    with_divisors,
)
from .common_offset import keeps_its_spacing
from .distinguishing import distinguishing_input
from .evidence import CHANCE, CHANCE_OF_TWO, Evidence, Observed, computed_in, evidence_of
from .hypotheses.further import OF_ZEROS
from .hypotheses.scores import Parameters
from .hypotheses.table import sentence_of
from .losses import meaning_of
from .lost import lost_to
from .meaning import Divisor, Meaning
from .overflows import OVERFLOW, infinite, of_losses, of_total, reason, sentence
from .solving import ENOUGH, believed, beside_another_change, with_values
from .solving_two import two_solved

__all__ = ["ROUNDING", "Diagnosis", "Explanation", "Observed", "diagnose"]
ROUNDING = "rounding"
NOT_SHIFT_SAFE = "not-shift-safe"
CLOSEST = 3
PAIRS_AT_MOST = 20_000  # scores of a problem on which two changes at once are tried
_DIVISORS: dict[Reduction, Divisor] = {"mean": "kept", "sum": "one", "weighted_mean": "weights"}


@dataclass(frozen=True)
class Change:
    """One change of meaning, as it is reported."""

    id: str
    """of its hypothesis"""
    sentence: str
    """the change in words"""


@dataclass(frozen=True)
class Explanation:
    """A candidate as it is reported: its changes together give the numbers."""

    ids: tuple[str, ...]
    """of the changes' hypotheses"""
    parameters: Parameters
    """of all changes, by name"""
    sentence: str
    """the changes in words"""
    max_abs_residual: float
    """the largest abs(observed - given by the candidate); inf where one is not finite and they
    differ"""
    share_explained: float
    """of the numbers that differ from the truth, those that it reproduces"""
    meaning: Meaning | None = field(default=None, repr=False, compare=False)
    """the meaning that it computes; the problem's where it changes no choice"""
    steps: tuple[Change, ...] = field(default=(), repr=False, compare=False)
    """the changes one by one, where there are several"""
    applied: tuple[AppliedChange, ...] = field(default=(), repr=False, compare=False)
    """the changes as they apply to other samples; none where it is not made of any"""

    @property
    def id(self) -> str:
        """The id of the first change's hypothesis."""
        return self.ids[0]

    @property
    def is_vague(self) -> bool:
        """Whether it says of which precision the numbers are, and gives none of them."""
        return self.ids == ("dtype",) and self.parameters.get("where") == "computation"

    @property
    def changes(self) -> tuple[Change, ...]:
        """Its changes, one by one."""
        return self.steps or (Change(self.id, self.sentence),)


@dataclass(frozen=True)
class Diagnosis:
    """What explains the observed numbers."""

    explanations: tuple[Explanation, ...]  # they reproduce the numbers; the most usual first
    # Where there are none, the nearest candidates that reproduce some of the numbers; one that
    # reproduces all is here because it would also reproduce many stray numbers.
    closest: tuple[Explanation, ...]
    tried: int  # the number of candidates that were computed
    by_chance: float  # the probability that a stray number has as good an explanation
    others: int = 0  # the number of further candidates that give the total; 0 for losses
    # An input on which the first two explanations differ, or why there is none.
    distinguishing_input: str = ""
    # What further checks found. It may be the reason of the numbers, but does not give them.
    conduct: tuple[Explanation, ...] = ()

    @property
    def reasons(self) -> tuple[Explanation, ...]:
        """What explains the numbers, then what further checks found."""
        return (*self.explanations, *self.conduct)

    @property
    def explained(self) -> bool:
        """Whether something explains the numbers."""
        return bool(self.explanations)


@np.errstate(all="ignore")  # a change may make nan and inf of anything
def diagnose(
    problem: Problem, observed: Observed, bounds: Bounds, diverging: bool = False
) -> Diagnosis:
    """Explain the observed numbers, given the problem that should have been computed.

    The truth comes first: numbers that rounding explains need no other reason. diverging: they are
    known not to be the exact ones, also where float64 is too narrow to tell. NotImplementedError
    where the problem has an option that the diagnosis gives no meaning to.
    """
    evidence = evidence_for(problem, observed, bounds)
    truth, total = evidence.truth, observed.reduction is not None
    start = truth.meaning
    overflow = _overflow(start, evidence, diverging)
    promised = bounds.promise is not None and evidence.agreeing(truth).all()
    if overflow is not None and not evidence.differing.any():
        return Diagnosis((overflow,), (), 1, 0.0)
    if promised or not evidence.differing.any():
        return _agreement(start, evidence, bounds)
    alone = singles(truth, total)
    candidates = [*of_memory(truth, total), *of_nothing(truth, total), *alone]
    if not observed.values.any():
        candidates = [*of_zeros(truth, total), *candidates]
        candidates = candidates if total else sorted(candidates, key=_nearly_zero)
    good, poor, chance = evidence.weigh(candidates)
    if overflow is not None:
        others = tuple(_explanation(evidence, one) for one in _distinct(good))
        return Diagnosis((overflow, *others), (), len(candidates), chance)
    if not good:
        candidates = [*alone, *rarer(truth, total)]
        good, poor, chance = evidence.weigh(candidates)
    added: list[Candidate] = []
    if not good:
        good, added, chance = with_values(evidence, alone, chance)
        candidates = [*candidates, *added]
    if total or not good:
        small = start.scores.size <= PAIRS_AT_MOST
        in_pairs = pairs(truth, alone, total) if small else ()
        candidates = [*candidates, *sorted(in_pairs, key=lambda c: c.order)]
        candidates += with_divisors(added) if small else ()
        if not good:
            good, poor, chance = evidence.weigh(candidates)
    if not good and not total and start.scores.size <= PAIRS_AT_MOST:
        good, added, chance = _two_that_many_confirm(evidence, alone, chance)
        candidates = [*candidates, *added]
    explanations = [_explanation(evidence, c) for c in _distinct(good)]
    if not explanations:
        explanations, chance = of_a_common_offset(evidence, chance)
    if not explanations:
        explanations, chance = in_another_precision(evidence, bounds, chance)
    other = 0
    if total:
        agreeing = {c.ids for c in candidates if evidence.agreeing(c).all()}
        minimal = {i for i in agreeing if not any(set(j) < set(i) for j in agreeing)}
        other = len(minimal - {e.ids for e in explanations})
    if explanations:
        text = distinguishing_input(_distinct(good)[:2], truth, total)
        return Diagnosis(tuple(explanations), (), len(candidates), chance, other, text)
    nearest = [_explanation(evidence, c) for c in _distinct([*poor, *alone])]
    nearest = [e for e in nearest if e.share_explained > 0]
    nearest.sort(key=lambda e: (-e.share_explained, len(e.ids), e.max_abs_residual))
    return Diagnosis((), tuple(nearest[:CLOSEST]), len(candidates), chance, other)


def _overflow(start: Meaning, evidence: Evidence, diverging: bool) -> Explanation | None:
    """The explanation by an overflow on the way, where that may have made every number that
    differs nan or inf. diverging: as of `diagnose`."""
    lost, total = ~np.isfinite(evidence.observed.values), evidence.observed.reduction is not None
    differing = evidence.differing
    if diverging and start.dtype == "float64" and not differing.any():
        differing = lost
    if not differing.any() or not evidence.fits(evidence.truth) or not lost[differing].all():
        return None
    found = of_total(start) if total else of_losses(start)
    samples = np.full(len(start.scores), True) if total else differing
    what = reason(found, samples, infinite(start))
    if what is None:
        return None
    near = ~differing
    residuals = evidence.residuals(evidence.truth.numbers)[near]
    return Explanation(
        (OVERFLOW,), {"of": what}, sentence(what, start), float(residuals.max(initial=0.0)), 1.0,
        start,
    )  # fmt: skip


def evidence_for(problem: Problem, observed: Observed, bounds: Bounds) -> Evidence:
    """The observed numbers beside those of the problem as it is meant."""
    start = meaning_of(problem)
    if observed.reduction is not None:
        counted = observed.reduction == "mean" and problem.num_items is not None
        start = replace(start, divisor="items" if counted else _DIVISORS[observed.reduction])
    return evidence_of(observed, bounds, plain(start, observed.reduction is not None))


def _nearly_zero(candidate: Candidate) -> int:
    """Of losses that are all 0: what gives exactly that for a reason of its own comes first, then
    what makes 0 of anything, then what gives nearly that."""
    nothing = any(step.hypothesis in OF_ZEROS for step in candidate.steps)
    return 1 if nothing else 2 * bool(candidate.numbers.any())


def _two_that_many_confirm(
    evidence: Evidence, alone: list[Candidate], chance: float
) -> tuple[list[Candidate], list[Candidate], float]:
    """The unusual pairs, the values beside another change, and the pairs of values, that give the
    numbers; the unusual pairs; and the probability by chance. Only enough numbers that differ tell
    so many from each other."""
    if evidence.differing.sum() < ENOUGH:
        return [], [], chance
    rare = sorted(pairs(evidence.truth, alone, total=False, unusual=True), key=lambda c: c.order)
    good, _, by_chance = evidence.weigh(rare)
    if good:
        return good, rare, chance + by_chance
    good, chance = beside_another_change(evidence, alone, chance)
    if not good:
        good, chance = believed(list(two_solved(evidence, evidence.truth)), chance, CHANCE_OF_TWO)
    return good, rare, chance


def _agreement(start: Meaning, evidence: Evidence, bounds: Bounds) -> Diagnosis:
    """The diagnosis of numbers that are the exact ones, within the rounding of the dtype; where
    another one is promised, they may still be beyond that."""
    residuals = evidence.residuals(evidence.truth.numbers)
    if bounds.promise is not None and (residuals > evidence.rounding).any():
        words = f"computed in {start.dtype} on the way, and not in the promised {bounds.promise}"
        parameters = {"which": start.dtype, "where": "computation"}
        residual = float(residuals.max())
        broken = Explanation(("dtype",), parameters, words, residual, 1.0, start)
        return Diagnosis((broken,), (), 1, 0.0)
    outside = start.outside_labels.any() and np.isnan(evidence.observed.values).any()
    words = "the exact value, within what rounding explains"
    if (residuals > evidence.rounding + evidence.observed.units).any():
        words = "the exact value to 14 digits: no reason for the others can be told in float64"
    if outside:
        words = "a label outside the classes gives nan"
    name = "label-gives-nan" if outside else ROUNDING
    explanation = Explanation((name,), {}, words, float(residuals.max(initial=0.0)), 1.0, start)
    return Diagnosis((explanation,), (), 1, 0.0)


def of_a_common_offset(evidence: Evidence, chance: float) -> tuple[list[Explanation], float]:
    """The explanation by a log-sum-exp whose rounding the losses have, where there is one; and the
    probability by chance. Beside it some losses may be lost to an overflow, or to 0 times inf."""
    lost = evidence.differing & ~np.isfinite(evidence.observed.values)
    by_chance = keeps_its_spacing(evidence, lost)
    if by_chance is None or by_chance > CHANCE:
        return [], chance
    ids, words = [NOT_SHIFT_SAFE], [sentence_of(NOT_SHIFT_SAFE)]
    if lost.any():
        losing = next(lost_to(evidence, lost), None)
        if losing is None:
            return [], chance
        ids, words = [*ids, losing[0]], [*words, losing[1]]
    truth = evidence.truth
    residual = float(evidence.residuals(truth.numbers)[~lost].max(initial=0.0))
    found = Explanation(tuple(ids), {}, "; and ".join(words), residual, 1.0, truth.meaning)
    return [found], by_chance


def in_another_precision(
    evidence: Evidence, bounds: Bounds, chance: float
) -> tuple[list[Explanation], float]:
    """The explanation by a coarser dtype, where there is one; and the probability by chance."""
    coarse = computed_in(evidence, bounds)
    if coarse is None or coarse[1] > CHANCE:
        return [], chance
    residual = float(evidence.residuals(evidence.truth.numbers).max(initial=0.0))
    meaning = evidence.truth.meaning
    parameters = {"which": coarse[0], "where": "computation"}
    words = f"computed in {coarse[0]}: the numbers are of that precision, within its rounding"
    return [Explanation(("dtype",), parameters, words, residual, 1.0, meaning)], coarse[1]


def _explanation(evidence: Evidence, candidate: Candidate) -> Explanation:
    residual = float("inf")
    if evidence.fits(candidate):
        residual = float(evidence.residuals(candidate.numbers).max(initial=0.0))
    share = float(evidence.agreeing(candidate)[evidence.differing].mean())
    words = candidate.sentence
    steps = tuple(Change(step.hypothesis.id, step.sentence) for step in candidate.steps)
    return Explanation(
        candidate.ids, candidate.parameters, words, residual, share, candidate.meaning, steps,
        candidate.steps,
    )  # fmt: skip


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The first candidate with each ids: its parameters are the most usual that fit."""
    first: dict[tuple[str, ...], Candidate] = {}
    for candidate in candidates:
        first.setdefault(candidate.ids, candidate)
    return list(first.values())
