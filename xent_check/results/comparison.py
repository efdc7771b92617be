"""Comparison: an evaluation compared with the reference, sample by sample. Arithmetic only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s, dtype_name, ulp
from xent_check.problem.evaluation import Computed, Unsupported
from xent_check.problem.expectation import Expectation, Published
from xent_check.problem.kept import Kept
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.problem.vocabulary import CONDUCT_CHECKS, DTYPES, ConductCheck, Reduction
from xent_check.reference.bounds import Bounds
from xent_check.reference.enclosure import Enclosure, is_narrow
from xent_check.reference.reference import Reference

from .departure import Checked, Departure
from .difference import Allowance, Difference

Array = npt.NDArray[Any]
_NARROW: Kept[bool] = Kept()  # whether the exact losses are known closely enough for two dtypes


@dataclass(frozen=True, eq=False)
class Comparison:
    """Losses, totals and gradient against the reference, and against what an expectation states."""

    losses: Difference
    """from the reference"""
    totals: dict[Reduction, Difference]
    """from the reference, by reduction"""
    expected_losses: Difference | None
    """from the losses that the expectation states; None where it states none"""
    expected_totals: dict[Reduction, Difference]
    """from the totals that it states, and from those that follow from its losses"""
    unsupported: dict[str, str]
    """the parts that the implementation did not give, by name, with the reason"""
    wide_radius: bool
    """whether the reference's radius is more than 1/1024 ulp of the computed dtype"""
    gradient: Difference | None = None
    """from the reference; None where none was asked for or given"""
    expected_gradient: Difference | None = None
    """from the gradient that the expectation states; None where it states none"""
    share: float | None = None
    """the largest abs_diff of a loss as a share of its bound; None without bounds"""
    bounds: Bounds | None = field(default=None, repr=False)
    """of the errors that rounding explains"""
    divisors: Mapping[Reduction, float] = field(default_factory=dict)
    """of the totals that follow from expected losses, by reduction"""
    asked: frozenset[str] = frozenset({"losses"})
    """the parts that the case asks for"""
    unheld: Mapping[str, Published] = field(default_factory=dict)
    """what an expectation states of parts that the implementation did not give"""
    rows: Mapping[Reduction, tuple[int, int]] = field(default_factory=dict)
    """the first and the last row of the chunk that a total is of, in a case asked in chunks"""
    conduct: Mapping[ConductCheck, Checked] = field(default_factory=dict)
    """the further checks that were made"""
    by_parameters: Mapping[str, Difference] = field(default_factory=dict)
    """the gradients by the parameters of a last layer from the reference, by the part's name"""
    expected_by_parameters: Mapping[str, Difference] = field(default_factory=dict)
    """the same from those that the expectation states"""

    @property
    def gaps(self) -> dict[str, str]:
        """The parts that the case asks for or states, but were not compared, and the further checks
        that were not made, with the reason."""
        names = self.asked | self.unheld.keys()
        return {name: why for name, why in self.unsupported.items() if name in names}

    @property
    def compared(self) -> int:
        """How many numbers were compared in the parts that the case asks for or states, and of
        the totals that an implementation gives in place of its losses; with the further checks
        that were made."""
        parts = self.by_reference
        names = self.asked | self.by_expectation.keys()
        names |= set() if "losses" in parts else self.totals.keys()
        return sum(parts[name].size for name in names if name in parts) + len(self.conduct)

    @property
    def by_reference(self) -> dict[str, Difference]:
        """Every part given against the reference: losses, totals by reduction, gradients."""
        parts = {} if "losses" in self.unsupported else {"losses": self.losses}
        parts |= {str(r): d for r, d in self.totals.items()}
        parts |= {} if self.gradient is None else {"gradient": self.gradient}
        return parts | dict(self.by_parameters)

    @property
    def by_expectation(self) -> dict[str, Difference]:
        """The parts that an expectation states, against what it states."""
        parts: dict[str, Difference] = {}
        if self.expected_losses is not None:
            parts["losses"] = self.expected_losses
        parts |= {str(r): d for r, d in self.expected_totals.items()}
        if self.expected_gradient is not None:
            parts["gradient"] = self.expected_gradient
        return parts | dict(self.expected_by_parameters)

    @property
    def agrees_with_reference(self) -> bool:
        """Whether no part diverges from the reference."""
        return not any(part.diverging for part in self.by_reference.values())

    @property
    def agrees_with_expected(self) -> bool:
        """Every stated number holds; what is not stated agrees with the reference."""
        parts = {**self.by_reference, **self.by_expectation}
        return not any(part.diverging for part in parts.values())

    @property
    def departures(self) -> tuple[Departure, ...]:
        """What the further checks found."""
        return tuple(c.departure for c in self.conduct.values() if c.departure is not None)

    @property
    def smallest_atol(self) -> float:
        """The smallest absolute tolerance at which every part would agree; inf where none."""
        sizes = [float(p.abs_diff.max()) for p in self.by_reference.values() if p.abs_diff.size]
        return max(sizes, default=0.0)

    def under(self, tolerance: Tolerance | Auto) -> Comparison:
        """The same numbers under another tolerance; ValueError for `auto` without bounds,
        UndecidedError where an excerpt has too few of them."""
        allowance = Allowance(tolerance, self.bounds, self.losses.asked)
        expected = self.expected_losses and allowance.again("losses", self.expected_losses)
        expected_totals = {
            r: allowance.again(r, d)
            if expected is None or r not in self.divisors
            else _following(d.actual, d.dtype, expected, self.divisors[r])
            for r, d in self.expected_totals.items()
        }
        again = replace(
            self,
            losses=allowance.again("losses", self.losses),
            totals={r: allowance.again(r, d) for r, d in self.totals.items()},
            gradient=self.gradient and allowance.again("gradient", self.gradient),
            expected_losses=expected,
            expected_totals=expected_totals,
            expected_gradient=self.expected_gradient
            and allowance.again("gradient", self.expected_gradient),
            by_parameters={n: allowance.again(n, d) for n, d in self.by_parameters.items()},
            expected_by_parameters={
                n: allowance.again(n, d) for n, d in self.expected_by_parameters.items()
            },
        )
        return again if again._company_is_as_of(self) else again._without_company

    def _company_is_as_of(self, before: Comparison) -> bool:
        """Whether what `batch` showed under an earlier tolerance holds under this one. A finding
        does; that samples are as they are in other company, where no less is allowed. What rounding
        explains is allowed by either."""
        if "batch" not in self.conduct or self.conduct["batch"].departure is not None:
            return True
        parts = {} if self.bounds is None else self.bounds.parts
        for name in ("losses", *self.totals):
            if name in self.by_reference:
                was, now = before.by_reference[name].allowed, self.by_reference[name].allowed
                bound = np.asarray(parts.get(name, 0.0), dtype=np.float64)
                if bound.shape == was.shape:
                    was, now = np.fmax(was, bound), np.fmax(now, bound)
                if not (now >= was).all():
                    return False
        return True

    @property
    def _without_company(self) -> Comparison:
        why = "it was checked under another tolerance, and the numbers of that are not saved"
        conduct: dict[ConductCheck, Checked] = {
            name: check for name, check in self.conduct.items() if name != "batch"
        }
        return replace(self, conduct=conduct, unsupported={**self.unsupported, "batch": why})


class ShapeError(Exception):
    """A part does not have the shape it must have, or does not hold floating-point numbers."""


def compare(
    computed: Computed,
    reference: Reference,
    tolerance: Tolerance | Auto,
    expectation: Expectation | None,
    bounds: Bounds | None = None,
    dtype: str = "",
    asked: frozenset[str] = frozenset({"losses"}),
) -> Comparison:
    """Compare losses, totals and gradient with the reference and the expectation.

    Agreement, elementwise: abs_diff <= max(atol + rtol abs(target), ulps spacing(target)), the
    spacing of the dtype that was computed, but no larger than that of the case's `dtype`. Under
    "auto", abs_diff <= the bound (`bounds` must be given), and the infinity that a target beyond
    the dtype's range rounds to. A published target allows one unit of its last printed digit more.
    A total that is not stated beside stated losses follows from these: its target and what is
    allowed are those of the losses, summed and divided. asked: the parts that the case asks for.

    ShapeError where a part has another shape than the reference, or no floating-point dtype.
    """
    check_shapes(computed, reference)
    allowance = Allowance(tolerance, bounds, dtype)
    target = _none(reference.losses) if computed.only_totals else reference.losses
    losses = allowance.by_reference("losses", computed.losses, target)
    actual = {r: t for r, t in computed.totals.items() if not isinstance(t, Unsupported)}
    unsupported: dict[str, str] = {
        r: t.reason for r, t in computed.totals.items() if isinstance(t, Unsupported)
    }
    if computed.only_totals:
        unsupported["losses"] = computed.only_totals
    totals = {r: allowance.by_reference(r, t, reference.totals[r]) for r, t in actual.items()}
    exact, gradients = reference.gradients, dict[str, Difference]()
    for name, part in computed.gradients.items():
        if isinstance(part, Unsupported):
            unsupported[name] = part.reason
        elif name in exact:
            gradients[name] = allowance.by_reference(name, part, exact[name])
    names_given: set[str] = {*totals, *gradients}
    names_given |= set() if computed.only_totals else {"losses"}
    stated_parts = {} if expectation is None else expectation.parts
    for name in (*sorted(asked - {*CONDUCT_CHECKS}), *stated_parts):
        if name not in names_given:
            unsupported.setdefault(name, "it gave none")
    expected_losses, expected_gradients = None, dict[str, Difference]()
    expected_totals: dict[Reduction, Difference] = {}
    divisors: dict[Reduction, float] = {}
    if expectation is not None:
        if expectation.losses is not None:
            stated_losses = computed.losses
            if computed.only_totals:  # what is stated stands in for them: the total is of it
                stated_losses = expectation.losses.values.astype(computed.losses.dtype)
            held = allowance.by_text("losses", stated_losses, expectation.losses)
            divisors = {r: reference.divisors[r] for r in actual if r not in expectation.totals}
            expected_totals = {
                r: _following(totals[r].actual, totals[r].dtype, held, divisor)
                for r, divisor in divisors.items()
            }
            expected_losses = None if computed.only_totals else held
        stated: Mapping[Reduction, Published] = expectation.totals
        expected_totals |= {
            r: allowance.by_text(r, actual[r], number)
            for r, number in stated.items()
            if r in actual
        }
        expected_gradients = {
            name: allowance.by_text(name, part, stated_parts[name])
            for name, part in computed.gradients.items()
            if name in stated_parts and not isinstance(part, Unsupported)
        }
    return Comparison(
        losses=losses,
        totals=totals,
        expected_losses=expected_losses,
        expected_totals=expected_totals,
        unsupported=unsupported,
        wide_radius=not _NARROW.get(
            reference.losses,
            (losses.dtype, dtype),
            lambda: is_narrow(reference.losses, losses.dtype, dtype),
        ),
        gradient=gradients.pop("gradient", None),
        expected_gradient=expected_gradients.pop("gradient", None),
        share=None if bounds is None or computed.only_totals else share_of(losses, bounds.losses),
        bounds=bounds,
        divisors=divisors,
        asked=asked,
        unheld={
            name: p
            for name, p in stated_parts.items()
            if name not in names_given and not (name == "losses" and divisors)
        },
        by_parameters=gradients,
        expected_by_parameters=expected_gradients,
    )


def check_shapes(computed: Computed, reference: Reference) -> None:
    """ShapeError where a part has another shape than the reference, or no floating-point dtype."""
    shape = reference.losses.high.shape
    if computed.losses.shape != shape and not computed.only_totals:
        raise ShapeError(f"losses of shape {list(computed.losses.shape)}, samples {list(shape)}")
    parts: dict[str, object] = {"losses": computed.losses, **computed.gradients}
    parts |= {str(r): total for r, total in computed.totals.items()}
    for name, part in parts.items():
        if isinstance(part, np.ndarray) and dtype_name(part.dtype) not in DTYPES:
            words = name.replace("_", " ")
            raise ShapeError(f"{words} of {part.dtype} numbers, not of {', '.join(DTYPES)}")
    for reduction, total in computed.totals.items():
        if isinstance(total, np.ndarray) and total.shape != ():
            raise ShapeError(f"{reduction} of shape {list(total.shape)}, not one number")
    exact = reference.gradients
    for name, part in computed.gradients.items():
        if isinstance(part, Unsupported) or name not in exact:
            continue
        actual, expected = part.shape, exact[name].high.shape
        if actual != expected:
            of = "values" if name == "gradient" else name.removesuffix("_gradient")
            words = name.replace("_", " ")
            raise ShapeError(f"a {words} of shape {list(actual)}, {of} {list(expected)}")


def _none(losses: Enclosure) -> Enclosure:
    """The exact value of no losses."""
    return Enclosure(*(part.reshape(-1)[:0] for part in (losses.high, losses.low, losses.radius)))


def share_of(part: Difference, bound: Float64s) -> float:
    """The largest finite abs_diff as a share of its bound (of the same shape); 0 without any."""
    finite = np.isfinite(part.abs_diff) & (part.abs_diff > 0)
    if not finite.any():
        return 0.0
    with np.errstate(divide="ignore", over="ignore"):
        return float((part.abs_diff[finite] / bound[finite]).max())


def _following(actual: Float64s, dtype: str, losses: Difference, divisor: float) -> Difference:
    """A total against the sum of the expected losses over the divisor."""
    with np.errstate(invalid="ignore", divide="ignore"):
        target = np.asarray(losses.target.sum() / divisor)
        allowed = np.asarray(np.nansum(losses.allowed) / abs(divisor))
    off = distance(actual, target)
    spaced = ulp(target, dtype, losses.asked)
    allowed = np.where(np.isfinite(target), np.fmax(allowed, spaced), 0.0)
    return Difference(actual, target, off, allowed, dtype, asked=losses.asked)
