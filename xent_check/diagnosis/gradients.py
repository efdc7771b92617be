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

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s
from xent_check.problem.last_layer import through_layer
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Parameter
from xent_check.reference.bounds import Bounds
from xent_check.reference.truth import Truth, truth

from .diagnosis import ROUNDING, Change, Diagnosis, Explanation
from .evidence import CHANCE, CHANCE_OF_TWO
from .hypotheses.gradients import GRADIENT_CHANGES, GRADIENT_DIVISORS, GradientHypothesis
from .hypotheses.gradients_by_meaning import gradients
from .hypotheses.scores import Parameters
from .losses import meaning_of
from .overflows import OVERFLOW, infinite, of_gradient, reason, sentence

CLOSEST = 3
CHANCE_BESIDE = 1e-5  # a factor beside another change: nearly any row is some multiple of some


@dataclass(frozen=True, eq=False)
class _Candidate:
    """A changed gradient."""

    steps: tuple[Change, ...]
    parameters: Parameters
    numbers: Float64s
    """of the gradient's shape"""
    bound: Float64s
    """what rounding explains of each entry"""
    allowed: Float64s
    """the largest residual of an agreeing entry: the bound, and its last printed digit"""
    problem: Problem
    """whose gradient it is, once it is divided"""
    divisor: float
    """of the exact gradient of that problem"""


@dataclass(frozen=True, eq=False)
class _Observed:
    """A gradient beside the exact one."""

    asked: Problem
    """whose gradient it should be"""
    by: Parameter | None
    """the parameter of the last layer that it is by; None: by what is given"""
    values: Float64s
    """of the shape of what it is by"""
    units: Float64s
    """one unit of each number's last printed digit, 0 where it is exact; of the same shape"""
    exact: Truth
    aside: npt.NDArray[np.bool_] | None = None
    """entries that have their reason already, and are not looked at; None: all are"""

    def part_of(self, exact: Truth) -> tuple[Float64s, Float64s]:
        """The exact gradient in question, and its bound."""
        reference, bounds = exact.reference, exact.bounds
        part = reference.gradient if self.by is None else reference.by_parameters[self.by]
        bound = bounds.gradient if self.by is None else bounds.by_parameters[self.by]
        assert part is not None  # the problem asks for it
        assert bound is not None
        return part.high, bound

    def truth_of(self, problem: Problem) -> Truth:
        """The exact value of a changed problem, and its bounds for who computes as is asked of
        the observed gradient."""
        exact, asked = truth(problem), self.exact.bounds
        if problem.dtype != self.asked.dtype:
            return exact
        if asked.promise is not None:
            return exact.as_promised(problem, asked.promise)
        return exact.inside_float32(problem) if asked.in_float32 else exact

    def candidate(
        self, problem: Problem, exact: Truth, steps: tuple[Change, ...], parameters: Parameters,
        divisor: float,
    ) -> _Candidate:  # fmt: skip
        """The exact gradient of a problem over the divisor. Of a problem of logits where a last
        layer is asked for: through that layer."""
        bound = self.part_of(self.exact)[1]  # what is computed is of the asked problem's dtype
        if problem.given == "logits" and self.asked.given == "hidden":
            slopes = exact.reference.gradient
            assert slopes is not None  # the problem asks for it
            gradient = through_layer(self.asked, slopes.high, self.by)
        else:
            gradient, own_bound = self.part_of(exact)
            bound = np.fmax(bound, own_bound)
        numbers = np.zeros_like(gradient) if np.isinf(divisor) else gradient / divisor
        bound = bound / abs(divisor)
        allowed = bound + self.units
        return _Candidate(steps, parameters, numbers, bound, allowed, problem, divisor)

    def fits(self, candidate: _Candidate) -> npt.NDArray[np.bool_]:
        """Whether each entry is the candidate's, or set aside."""
        near = np.asarray(distance(self.values, candidate.numbers) <= candidate.allowed)
        return near if self.aside is None else near | self.aside


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
    own = truth(problem)
    exact = own if bounds is None else replace(own, bounds=bounds)
    seen = _Observed(problem, by, observed, units, exact)
    plain = seen.candidate(problem, seen.exact, (), {}, 1.0)
    differing = ~seen.fits(plain)
    if not differing.any():
        words = "the exact gradient, within what rounding explains"
        residual = float(distance(observed, plain.numbers).max(initial=0.0))
        return Diagnosis((Explanation((ROUNDING,), {}, words, residual, 1.0),), (), 1, 0.0)
    lost = differing & ~np.isfinite(observed)
    overflow = _overflow(seen, problem, lost) if lost.any() else None
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
    seen: _Observed,
    problem: Problem,
    plain: _Candidate,
    differing: npt.NDArray[np.bool_],
    own: Truth,
) -> Diagnosis:
    """What explains the differing entries, without an overflow."""
    alone = [*_changed(seen, plain, GRADIENT_CHANGES), *_changed(seen, plain, GRADIENT_DIVISORS)]
    meanings: list[_Candidate] = []
    good, chance = _supported(seen, alone, differing, 0.0, CHANCE)
    tried = len(alone)
    if not good:
        meanings = list(_of_meanings(seen, problem))
        found, chance = _supported(seen, meanings, differing, chance, CHANCE)
        good = list({one.steps[0].id: one for one in reversed(found)}.values())[::-1]
        tried += len(meanings)
    if not good:
        undivided = [one for one in alone if one.divisor == 1.0]
        pairs = [both for one in undivided for both in _changed(seen, one, GRADIENT_DIVISORS)]
        good, chance = _supported(seen, pairs, differing, chance, CHANCE_OF_TWO)
        tried += len(pairs)
    if not good:
        factors = list(_scaled(seen, plain))
        good, chance = _supported(seen, factors, differing, chance, CHANCE_OF_TWO)
        tried += len(factors)
    if not good:
        factors = [scaled for one in undivided for scaled in _scaled(seen, one)]
        good, chance = _supported(seen, factors, differing, chance, CHANCE_BESIDE)
        tried += len(factors)
    if not good:
        good = _in_own_dtype(seen, problem, own)
    if good:
        return Diagnosis(tuple(_explained(seen, one, 1.0) for one in good), (), tried, chance)
    shares = [(float(seen.fits(one)[differing].mean()), one) for one in (*alone, *meanings)]

    def furthest(one: _Candidate) -> float:
        return float(distance(seen.values, one.numbers)[differing].max())

    near = [pair for pair in shares if pair[0]]
    near = sorted(near, key=lambda pair: (-pair[0], furthest(pair[1])))[:CLOSEST]
    return Diagnosis((), tuple(_explained(seen, one, share) for share, one in near), tried, chance)


def _overflow(
    seen: _Observed, problem: Problem, differing: npt.NDArray[np.bool_]
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


def _changed(
    seen: _Observed, before: _Candidate, hypotheses: Sequence[GradientHypothesis]
) -> Iterator[_Candidate]:
    """What each hypothesis makes of a candidate, where that is another gradient."""
    for hypothesis in hypotheses:
        for problem, parameters, divisor in hypothesis.changes(before.problem):
            same = problem is before.problem and not before.steps
            exact = seen.exact if same else seen.truth_of(problem)
            step = Change(hypothesis.id, hypothesis.sentence.format(**parameters))
            steps, merged = (*before.steps, step), {**before.parameters, **parameters}
            candidate = seen.candidate(problem, exact, steps, merged, before.divisor * divisor)
            if not np.array_equal(candidate.numbers, before.numbers, equal_nan=True):
                yield candidate


def _of_meanings(seen: _Observed, problem: Problem) -> Iterator[_Candidate]:
    """The gradients of changed meanings, beside losses that are right."""
    bound, kept = seen.part_of(seen.exact)[1], problem.kept
    if problem.loss != "binary":
        kept = np.expand_dims(kept, problem.class_axis)
    if seen.by is None:
        bound = np.where(kept, bound, bound.max(initial=0.0))  # ignored samples have none
    for name, words, parameters, slopes in gradients(problem):
        gradient = slopes if problem.given != "hidden" else through_layer(problem, slopes, seen.by)
        own = bound
        if seen.exact.bounds.promise is None:  # it is rounded, where an exact 0 is not
            size = np.where(np.isfinite(gradient), np.abs(gradient), 0.0)
            own = np.fmax(bound, seen.exact.bounds.u * size)
        steps, allowed = (Change(name, words),), own + seen.units
        yield _Candidate(steps, parameters, gradient, own, allowed, problem, np.nan)


def _supported(
    seen: _Observed,
    candidates: Sequence[_Candidate],
    differing: npt.NDArray[np.bool_],
    chance: float,
    most: float,
) -> tuple[list[_Candidate], float]:
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


def _in_own_dtype(seen: _Observed, problem: Problem, own: Truth) -> list[_Candidate]:
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


def _scaled(seen: _Observed, before: _Candidate) -> Iterator[_Candidate]:
    """The candidate times the factor that its best known entry says, with the fewest digits that
    all entries allow. That entry confirms nothing: its share of the chance is 1."""
    values, numbers = seen.values, before.numbers
    usable = np.isfinite(values) & np.isfinite(numbers) & (numbers != 0) & (values != 0)
    if np.count_nonzero(usable) < 2:
        return
    with np.errstate(all="ignore"):
        relative = before.bound / np.abs(numbers) + seen.units / np.abs(values)
        uncertain = np.where(usable, relative, np.inf)
    at = int(np.argmin(uncertain))
    factor = float(values.flat[at] / numbers.flat[at])
    slack = abs(factor) * float(uncertain.flat[at])
    for digits in range(1, 9):
        for short in (float(f"{factor:.{digits}g}"), 1 / float(f"{1 / factor:.{digits}g}")):
            bound = before.bound * abs(short)
            allowed = bound + seen.units
            fits = distance(values, numbers * short) <= allowed
            if abs(short - factor) <= slack and fits.all() and short != 1:
                allowed = allowed + np.abs(numbers) * slack  # the chance is that of any factor
                allowed.flat[at] = np.inf
                step = Change("scaled", f"the gradient is {short:.6g} times what it should be")
                yield _Candidate(
                    (*before.steps, step), {**before.parameters, "factor": short},
                    numbers * short, bound, allowed, before.problem, before.divisor / short,
                )  # fmt: skip
                return


def _explained(seen: _Observed, one: _Candidate, share: float) -> Explanation:
    ids = tuple(dict.fromkeys(step.id for step in one.steps))
    words = "; and ".join(step.sentence for step in one.steps)
    words = words if seen.by is None else f"by the {seen.by}, {words}"
    off = distance(seen.values, one.numbers)
    off = off if seen.aside is None else off[~seen.aside]
    residual = float(off.max(initial=0.0))
    return Explanation(ids, one.parameters, words, residual, share, None, one.steps)
