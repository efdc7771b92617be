"""Gradients: which change reproduces a gradient that is not the exact one.

Each change is of the problem, or of what its gradient is divided by; what it gives is the exact
gradient of the changed problem. One explains the observed gradient where every entry is within its
last printed digit and what rounding explains, and two entries at least are not within that of the
exact one: a single one may be so by chance. Then two changes are tried, and a factor that is solved
from one entry and confirmed by all others.

With a last layer there is a gradient by what is hidden, by the weight and by the bias, each
explained by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Parameter
from xent_check.reference.bounds import Bounds
from xent_check.reference.truth import Truth, truth

from .diagnosis import ROUNDING, Change, Diagnosis, Explanation
from .evidence import CHANCE, CHANCE_OF_TWO
from .gradient_candidates import (
    GradientCandidate,
    ObservedGradient,
    changed,
    of_meanings,
    scaled,
    seen_gradient,
)
from .hypotheses.gradients import GRADIENT_CHANGES, GRADIENT_DIVISORS
from .losses import meaning_of
from .overflows import OVERFLOW, infinite, of_gradient, reason, sentence

CLOSEST = 3
CHANCE_BESIDE = 1e-5  # a factor beside another change: nearly any row is some multiple of some


def diagnose_gradient(
    problem: Problem,
    observed: Float64s,
    units: Float64s | None = None,
    by: Parameter | None = None,
    bounds: Bounds | None = None,
) -> Diagnosis | None:
    """What explains a gradient; None where nothing does.

    by: the parameter of the last layer that it is by, and of whose shape; None: by what is given.
    units: one unit of each number's last printed digit; None where the numbers are exact. bounds:
    what rounding explains; None: that of the problem's own dtype.
    """
    units = np.zeros_like(observed) if units is None else units
    found = _diagnosis(problem, observed, units, by, bounds)
    explained = found.explained and found.explanations[0].id != ROUNDING
    return found if explained else None


def diagnose_printed_gradient(
    problem: Problem, observed: Float64s, units: Float64s, by: Parameter | None = None
) -> Diagnosis:
    """As `diagnose_gradient`, with the closest where nothing explains the gradient, and `rounding`
    for one that is exact."""
    return _diagnosis(problem, observed, units, by)


@np.errstate(all="ignore")  # a change may make nan and inf of anything
def _diagnosis(
    problem: Problem,
    observed: Float64s,
    units: Float64s,
    by: Parameter | None,
    bounds: Bounds | None = None,
) -> Diagnosis:
    seen, own = seen_gradient(problem, observed, units, by, bounds), truth(problem)
    plain = seen.candidate(problem, seen.exact, (), {}, 1.0)
    differing = ~seen.fits(plain)
    if not differing.any():
        words = "the exact gradient, within what rounding explains"
        residual = float(distance(observed, plain.numbers).max(initial=0.0))
        return Diagnosis((Explanation((ROUNDING,), {}, words, residual, 1.0),), (), 1, 0.0)
    lost = differing & ~np.isfinite(observed)
    overflow = gradient_overflow(seen, problem, lost) if lost.any() else None
    if overflow is not None and np.array_equal(lost, differing):
        return Diagnosis((overflow,), (), 1, 0.0)
    found = _search(seen, problem, plain, differing, own)
    if overflow is None or found.explained:
        return found
    rest = replace(seen, aside=lost)
    of_rest = _search(rest, problem, plain, differing & ~lost, own)
    both = _beside(overflow, of_rest)
    return both if both.explained or not found.closest else replace(found, closest=both.closest)


def _beside(overflow: Explanation, rest: Diagnosis) -> Diagnosis:
    """What explains the other entries, beside the overflow that explains the lost ones."""

    def joined(one: Explanation) -> Explanation:
        words = f"{one.sentence}; and {overflow.sentence}"
        parameters, steps = {**one.parameters, **overflow.parameters}, one.steps + overflow.steps
        ids = (*one.ids, *overflow.ids)
        return replace(one, ids=ids, parameters=parameters, sentence=words, steps=steps)

    explanations = tuple(joined(one) for one in rest.explanations)
    closest = tuple(joined(one) for one in rest.closest if one.share_explained == 1)
    return replace(rest, explanations=explanations, closest=closest or rest.closest)


def _search(
    seen: ObservedGradient,
    problem: Problem,
    plain: GradientCandidate,
    differing: npt.NDArray[np.bool_],
    own: Truth,
) -> Diagnosis:
    """What explains the differing entries, without an overflow."""
    alone = [*changed(seen, plain, GRADIENT_CHANGES), *changed(seen, plain, GRADIENT_DIVISORS)]
    meanings: list[GradientCandidate] = []
    good, chance = _supported(seen, alone, differing, 0.0, CHANCE)
    tried = len(alone)
    if not good:
        meanings = list(of_meanings(seen, problem))
        found, chance = _supported(seen, meanings, differing, chance, CHANCE)
        good = list({one.steps[0].id: one for one in reversed(found)}.values())[::-1]
        tried += len(meanings)
    if not good:
        undivided = [one for one in alone if one.divisor == 1.0]
        pairs = [both for one in undivided for both in changed(seen, one, GRADIENT_DIVISORS)]
        good, chance = _supported(seen, pairs, differing, chance, CHANCE_OF_TWO)
        tried += len(pairs)
    if not good:
        factors = list(scaled(seen, plain))
        good, chance = _supported(seen, factors, differing, chance, CHANCE_OF_TWO)
        tried += len(factors)
    if not good:
        factors = [multiple for one in undivided for multiple in scaled(seen, one)]
        good, chance = _supported(seen, factors, differing, chance, CHANCE_BESIDE)
        tried += len(factors)
    if not good:
        good = _in_own_dtype(seen, problem, own)
    if good:
        return Diagnosis(tuple(_explained(seen, one, 1.0) for one in good), (), tried, chance)
    shares = [(float(seen.fits(one)[differing].mean()), one) for one in (*alone, *meanings)]

    def furthest(one: GradientCandidate) -> float:
        return float(distance(seen.values, one.numbers)[differing].max())

    near = [pair for pair in shares if pair[0]]
    near = sorted(near, key=lambda pair: (-pair[0], furthest(pair[1])))[:CLOSEST]
    return Diagnosis((), tuple(_explained(seen, one, share) for share, one in near), tried, chance)


def gradient_overflow(
    seen: ObservedGradient, problem: Problem, differing: npt.NDArray[np.bool_]
) -> Explanation | None:
    """The explanation by an overflow on the way, where that may have made every entry that differs
    nan or inf. A gradient by the weight or the bias is a sum over all samples."""
    if np.isfinite(seen.values[differing]).any():
        return None
    meaning = meaning_of(problem)
    if seen.by is not None:
        samples = np.full(len(meaning.scores), True)
    elif problem.loss == "binary":
        samples = differing.reshape(-1)
    else:
        axis = -1 if problem.given == "hidden" else problem.class_axis
        samples = differing.any(axis=axis).reshape(-1)
    cotangent = problem.cotangent
    weights = None if cotangent is None else cotangent.astype(np.float64).reshape(-1)
    found = of_gradient(meaning, weights)
    if seen.by is not None:
        found = [replace(one, where=np.full_like(one.where, one.where.any())) for one in found]
    what = reason(found, samples, infinite(meaning))
    if what is None:
        return None
    words = sentence(what, meaning)
    return Explanation((OVERFLOW,), {"of": what}, words, 0.0, 1.0, None, (Change(OVERFLOW, words),))


def _supported(
    seen: ObservedGradient,
    candidates: Sequence[GradientCandidate],
    differing: npt.NDArray[np.bool_],
    chance: float,
    most: float,
) -> tuple[list[GradientCandidate], float]:
    """Those that give every entry, where that is unlikely by chance; and the probability that one
    of all so far gives stray numbers. Of one entry that differs none is believed."""
    away = distance(seen.values, seen.part_of(seen.exact)[0])[differing]
    finite = np.isfinite(away)
    good = []
    for candidate in candidates:
        if finite.any():  # which entries are nan or inf is no matter of how far off they are
            shares = np.minimum(candidate.allowed[differing][finite] / away[finite], 1.0)
            chance += float(np.prod(shares))
        if seen.fits(candidate).all() and np.count_nonzero(differing) > 1 and chance <= most:
            good.append(candidate)
    return good, chance


def _in_own_dtype(seen: ObservedGradient, problem: Problem, own: Truth) -> list[GradientCandidate]:
    """The gradient that is right for who computes in the problem's dtype, where another one is
    promised."""
    if seen.exact.bounds.promise is None or own.bounds.gradient is None:
        return []
    words = (
        f"the gradient is computed in {problem.dtype} on the way, and not in the promised "
        f"{seen.exact.bounds.promise}"
    )
    wide = replace(seen, exact=own)
    parameters = {"which": problem.dtype, "where": "computation"}
    computed = wide.candidate(problem, own, (Change("dtype", words),), parameters, 1.0)
    return [computed] if wide.fits(computed).all() else []


def _explained(seen: ObservedGradient, one: GradientCandidate, share: float) -> Explanation:
    ids = tuple(dict.fromkeys(step.id for step in one.steps))
    words = "; and ".join(step.sentence for step in one.steps)
    words = words if seen.by is None else f"by the {seen.by}, {words}"
    off = distance(seen.values, one.numbers)
    off = off if seen.aside is None else off[~seen.aside]
    residual = float(off.max(initial=0.0))
    return Explanation(ids, one.parameters, words, residual, share, None, one.steps)
