"""Conduct: what the further calls of an implementation showed, held against what they should."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.implementations.program import problem_arrays
from xent_check.problem.conduct import Conduct, Regrouped, Repetition, Unrepeated
from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s
from xent_check.problem.last_layer import as_logits
from xent_check.problem.parts import one_sample
from xent_check.problem.problem import Problem
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.problem.vocabulary import CONDUCT_CHECKS, GRADIENTS, ConductCheck
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.truth import Truth, truth

from .comparison import Comparison
from .departure import Checked, Departure
from .difference import Allowance, Difference
from .number_text import index_text, number, small

Bools = npt.NDArray[np.bool_]
# A formula that loses digits to an offset of a row loses others in other company: so many units
# roundoff of the row's largest score are no sign that a wrong loss depends on other rows.
_SCATTER = 4


def with_conduct(
    comparison: Comparison,
    problem: Problem,
    conduct: Conduct,
    exact: Truth,
    tolerance: Tolerance | Auto,
) -> Comparison:
    """The comparison with the further checks that its case asks for: what they found, or why they
    were not made."""
    if comparison.asked.isdisjoint(CONDUCT_CHECKS):
        return comparison
    checked: dict[ConductCheck, Checked] = {}
    unsupported = dict(comparison.unsupported)
    for check in CONDUCT_CHECKS:
        if check not in comparison.asked:
            continue
        if check == "inputs" and conduct.overwritten is not None:
            checked[check] = _inputs(problem, conduct.overwritten)
        elif check == "repeatable" and conduct.repetition is not None:
            checked[check] = _repeatable(conduct.repetition, comparison)
        elif check == "batch" and conduct.regrouped is not None:
            regrouped = conduct.regrouped
            checked[check] = _Company(problem, regrouped, exact, comparison, tolerance).checked
        else:
            why = conduct.not_regrouped if check == "batch" else ""
            unsupported[check] = why or "its adapter does not show that"
    if _departs_from("repeatable", checked) and _departs_from("batch", checked):
        del checked["batch"]
        unsupported["batch"] = "its second call gives other numbers in the same company already"
    return replace(comparison, conduct=checked, unsupported=unsupported)


def _departs_from(check: ConductCheck, checked: Mapping[ConductCheck, Checked]) -> bool:
    return check in checked and checked[check].departure is not None


def _inputs(problem: Problem, overwritten: Mapping[str, int]) -> Checked:
    arrays = problem_arrays(problem)
    extent = f"{', '.join(arrays)} are unchanged"
    if not overwritten:
        return Checked(extent)
    changed = [f"{name} ({n} of {arrays[name].size} entries)" for name, n in overwritten.items()]
    many = "arrays are" if len(changed) > 1 else "array is"
    words = f"it overwrites the {' and the '.join(changed)} that it was given: the caller's {many}"
    parameters = {"changed": dict(overwritten)}
    return Checked(extent, Departure("input-overwritten", f"{words} destroyed", parameters))


def _repeatable(repetition: Repetition, comparison: Comparison) -> Checked:
    extent, unrepeated = "a second call gives the same bits", repetition.unrepeated
    if raised := repetition.raised:
        words = f"a second call with the same arrays raised {raised}"
        seen = {"raised": raised, "beyond": "a second call raises"}
        return Checked(extent, Departure("not-repeatable", words, seen))
    if not unrepeated:
        return Checked(extent)
    words = "; ".join(map(_other_bits, unrepeated))
    parameters: dict[str, Any] = {"differing": {part.part: part.differing for part in unrepeated}}
    if beyond := next(filter(None, (_beyond(part, comparison) for part in unrepeated)), ""):
        parameters["beyond"] = beyond
    words = f"a second call gives other bits: {words}"
    return Checked(extent, Departure("not-repeatable", words, parameters))


def _beyond(u: Unrepeated, comparison: Comparison) -> str:
    """What is worse than other bits: another form, or numbers further apart than two right ones."""
    if u.forms:
        return "of another form"
    part = comparison.by_reference.get(u.part)
    if part is None or part.excerpt is not None or len(u.place) != part.allowed.ndim:
        return ""
    apart = float(distance(u.first, u.second))
    return "" if apart <= 2 * float(part.allowed[u.place]) else "further apart than what is allowed"


def _other_bits(u: Unrepeated) -> str:
    name = u.part.replace("_", " ")
    if u.forms:
        return f"its {name} {'are' if u.part == 'losses' else 'is'} {u.forms}"
    what = {part: f"{name} {index_text(u.place)}" for part in GRADIENTS}
    what["losses"] = f"sample {index_text(u.place)}"
    numbers = f"{number(u.first, u.dtype)}, then {number(u.second, u.dtype)}"
    apart = float(distance(u.first, u.second))
    far = f", {small(apart)} apart" if np.isfinite(apart) else ""
    count = f" ({u.differing} of {u.size} differ)" if u.size > 1 else ""
    return f"{what.get(u.part, f'the {name}')} is {numbers}{far}{count}"


@dataclass(frozen=True, eq=False)
class _Company:
    """The answers to samples in other company than their batch.

    A loss depends on other rows where it is within what is allowed of the exact value in one
    company, and in the other further from that answer than what is allowed of both. Two answers
    that are both wrong, or both right, show nothing.
    """

    problem: Problem
    regrouped: Regrouped
    exact: Truth
    comparison: Comparison
    tolerance: Tolerance | Auto

    @property
    def checked(self) -> Checked:
        found = self._of_total() if self.regrouped.reduction is not None else self._of_losses()
        return Checked(self._extent, found)

    @property
    def _extent(self) -> str:
        count, asked = self.problem.kept.size, len(self.regrouped.samples)
        if count == 1:
            return "a sample beside a copy of itself gives the same"
        if not asked:
            return "all in reverse order give the same"
        which = f"{asked} of {count} samples" if asked < count else f"each of {count} samples"
        alone = "alone" if self.problem.shift is None else "with their sequence alone"
        return f"{which} asked {alone}, and all in reverse order, give the same"

    def _of_losses(self) -> Departure | None:
        first, samples = self.comparison.losses, np.array(self.regrouped.samples, np.intp)
        everywhere = np.arange(first.actual.size)
        twice = self.problem.kept.size == 1
        ways = {
            "alone": (samples, self.regrouped.alone),
            "beside a copy of itself" if twice else "with all in reverse order": (
                everywhere,
                self.regrouped.together.reshape(-1),
            ),
        }
        worst: tuple[float, str] = (-1.0, "")
        counts: dict[str, int] = {}
        for how, (places, answers) in ways.items():
            other = self._losses(places, answers)
            here = self._losses(places, first.actual.reshape(-1)[places].astype(answers.dtype))
            departs, off = _departs(here, other, self._scatter(places))
            counts[how] = int(departs.sum())
            if not departs.any():
                continue
            at = int(np.argmax(np.where(departs, off, -1.0)))
            if off[at] > worst[0]:
                place = np.unravel_index(places[at], self.problem.samples_shape)
                where = index_text(tuple(int(i) for i in place))
                numbers = [number(d.actual[at], d.dtype) for d in (other, here)]
                among = f"among {first.actual.size} samples" if not twice else "by itself"
                words = (
                    f"sample {where} is {numbers[0]} {how} and {numbers[1]} {among}, "
                    f"exactly {number(here.target[at], here.dtype)}"
                )
                worst = float(off[at]), words
        if not worst[1]:
            return None
        words = f"a loss depends on the other rows: {worst[1]}"
        return Departure("row-dependent", words, {"differing": counts})

    def _losses(self, places: npt.NDArray[np.intp], answers: npt.NDArray[Any]) -> Difference:
        """Losses of the samples at `places` held against the exact ones: at most what the tolerance
        or rounding allows is right."""
        losses, bounds = self.exact.reference.losses, self.exact.bounds
        target = Enclosure(
            *(a.reshape(-1)[places] for a in (losses.high, losses.low, losses.radius))
        )
        bound = bounds.losses.reshape(-1)[places]
        allowance = Allowance(self.tolerance, replace(bounds, losses=bound), self.problem.dtype)
        d = allowance.by_reference("losses", answers, target)
        return replace(d, allowed=np.fmax(d.allowed, np.where(np.isfinite(d.target), bound, 0.0)))

    def _scatter(self, places: npt.NDArray[np.intp]) -> Float64s:
        values = as_logits(self.problem).values.astype(np.float64)
        sizes = np.where(np.isfinite(values), np.abs(values), 0.0)
        if self.problem.loss != "binary":
            sizes = sizes.max(axis=self.problem.class_axis)
        return _SCATTER * self.exact.bounds.u * sizes.reshape(-1)[places]

    def _of_total(self) -> Departure | None:
        reduction = self.regrouped.reduction
        assert reduction is not None
        allowance = Allowance(self.tolerance, self.exact.bounds, self.problem.dtype)
        here, target = self.comparison.totals[reduction], self.exact.reference.totals[reduction]
        name = reduction.replace("_", " ")
        other = allowance.by_reference(reduction, self.regrouped.together.reshape(()), target)
        if _departs(here, other, np.zeros(()))[0]:
            numbers = [number(float(d.actual), d.dtype) for d in (here, other)]
            words = (
                f"the {name} depends on the order of the samples: it is {numbers[0]}, in reverse "
                f"{numbers[1]}, exactly {number(float(here.target), here.dtype)}"
            )
            return Departure(
                "row-dependent", words, {"differing": {"with all in reverse order": 1}}
            )
        right, wrong = 0, list[str]()
        for flat, answer in zip(self.regrouped.samples, self.regrouped.alone, strict=True):
            one = replace(
                one_sample(self.problem, flat), reductions=(reduction,), gradient=False,
                cotangent=None, conduct=(),
            )  # fmt: skip
            exact = truth(one)
            exact = exact.inside_float32(one) if self.exact.bounds.in_float32 else exact
            alone = Allowance(self.tolerance, exact.bounds, self.problem.dtype).by_reference(
                reduction, np.asarray(answer), exact.reference.totals[reduction]
            )
            bound = exact.bounds.totals[reduction]
            if bool(alone.agrees) or float(alone.abs_diff) <= bound:
                right += 1
            elif not float(alone.abs_diff) <= 2 * max(float(alone.allowed), bound):
                place = np.unravel_index(flat, self.problem.samples_shape)
                where = index_text(tuple(int(i) for i in place))
                wrong.append(
                    f"alone, sample {where} has the {name} "
                    f"{number(float(alone.actual), alone.dtype)}, "
                    f"exactly {number(float(alone.target), alone.dtype)}"
                )
        kept = int(self.problem.kept.sum())
        if not here.diverging and wrong:
            words = f"{wrong[0]}; that of all is right"
        elif here.diverging and right == kept == len(self.regrouped.samples):
            words = f"each of {kept} samples alone is right, and the {name} of all is not"
        else:
            return None
        words = f"a loss depends on the other rows: {words}"
        return Departure("row-dependent", words, {"differing": {"alone": len(wrong) or 1}})


def _departs(here: Difference, other: Difference, scatter: Float64s) -> tuple[Bools, Float64s]:
    """Where one of two answers is right and the other further from it than what is allowed of
    both, and how far they are apart. scatter: what is allowed beside."""
    right_here, right = (np.isfinite(d.abs_diff) & (d.abs_diff <= d.allowed) for d in (here, other))
    apart = distance(here.actual, other.actual)
    departs = (right_here != right) & (apart > here.allowed + other.allowed + scatter)
    return np.asarray(departs), apart
