"""Expectations: the `expect` of a case, its numbers with the digits that were printed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from xent_check.errors import InvalidError, KeyPath, Mistake
from xent_check.problem.dtypes import unit_roundoff
from xent_check.problem.expectation import REFERENCE, Expectation, Expectations, Published
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import (
    CONDUCT_CHECKS,
    DEPARTURES,
    DTYPES,
    PARAMETERS,
    REDUCTIONS,
    ConductCheck,
    Given,
    Parameter,
)

from .case import Case, ExpectedFields, GradientFields
from .yaml_values import origin_of

Shape = tuple[int, ...] | None  # None: not known


@dataclass(frozen=True)
class Layout:
    """What the numbers of expectations must fit. None: not known."""

    given: Given  # which values the case has: a gradient is by them
    samples_shape: tuple[int, ...] | None  # of the losses
    values_shape: tuple[int, ...] | None  # of the logits, probs or log_probs, and of a gradient
    gradient: bool | None  # whether it is checked
    conduct: tuple[ConductCheck, ...] | None  # the further checks that are made
    # Of each parameter of a last layer that is known, and of a gradient by it.
    parameters: Mapping[Parameter, tuple[int, ...]] = field(default_factory=dict)

    def gradients_of(self, entry: ExpectedFields) -> dict[KeyPath, tuple[Any, Shape, str]]:
        """The gradients that an entry states, by their keys in it: the numbers, the shape that is
        known of them, and what they are one for each of."""
        stated = entry.gradient
        if stated is None:
            return {}
        if not isinstance(stated, GradientFields):
            return {("gradient",): (stated, self.values_shape, f"the {self.given}")}
        shapes: dict[str, Shape] = {str(p): shape for p, shape in self.parameters.items()}
        shapes["hidden"] = self.values_shape
        numbers = {key: getattr(stated, key) for key in ("hidden", *PARAMETERS)}
        return {
            ("gradient", key): (given, shapes.get(key), f"the {key}")
            for key, given in numbers.items()
            if given is not None
        }


def expectations(case: Case, problem: Problem) -> Expectations:
    """The entries of `expect` by implementation, in their order.

    InvalidError, with the keys in the case, where an entry says nothing, contradicts itself, is
    never reached, or has numbers of another shape than the problem's.
    """
    shapes = problem.samples_shape, problem.values.shape
    layer = {p: getattr(problem, p).shape for p in problem.parameters}
    layout = Layout(problem.given, *shapes, problem.gradient, problem.conduct, layer)
    if mistakes := list(expectation_mistakes(case, layout)):
        raise InvalidError(*mistakes)
    return {
        name: tuple(_expectation(entry, layout) for entry in entries)
        for name, entries in case.fields.expect.items()
    }


def expectation_mistakes(case: Case, layout: Layout) -> Iterator[Mistake]:
    """Every mistake in the `expect` of a case, with the keys in the case."""
    for name, entries in case.fields.expect.items():
        is_list = isinstance(case.source["expect"][name], list)
        for index, entry in enumerate(entries):
            key: KeyPath = ("expect", name, index) if is_list else ("expect", name)
            yield from _entry_mistakes(entry, name, key)
            yield from _never_narrower(case, entry, key)
            for mistake in _layout_mistakes(entry, layout):
                yield mistake.below(*key)
        if name != REFERENCE:
            yield from _unreachable_entries(name, entries)


def _unreachable_entries(name: str, entries: Sequence[ExpectedFields]) -> Iterator[Mistake]:
    """An entry after one for every version, which no answer would be compared with."""
    catch_all = next((i for i, e in enumerate(entries[:-1]) if e.versions is None), None)
    if catch_all is not None:
        fault = f"never reached: entry {catch_all} before it is about every version"
        advice = "limit that one by `versions`, or make one entry of the two"
        yield Mistake(("expect", name, catch_all + 1), fault, "", advice)


def _entry_mistakes(entry: ExpectedFields, name: str, key: KeyPath) -> list[Mistake]:
    numbers = [k for k in ("losses", *REDUCTIONS, "gradient") if getattr(entry, k) is not None]
    stated = [*numbers, *(known for known in ("conduct", "compute") if getattr(entry, known))]
    if not stated and entry.error is None:
        advice = "say what it gives, or remove the entry"
        allowed = "losses, mean, weighted_mean, sum, gradient, error, conduct or compute"
        return [Mistake(key, "states nothing", allowed, advice)]
    if stated and entry.error is not None:
        return [Mistake((*key, "error"), f"error beside {stated[0]}", "one or the other", "")]
    if entry.error is not None and not entry.error.strip():
        return [Mistake((*key, "error"), "blank", "text that the message contains", "")]
    if name == REFERENCE:
        extra = [k for k in ("error", "because", "versions") if getattr(entry, k) is not None]
        extra += [k for k in ("conduct", "compute") if getattr(entry, k)]
        return [Mistake((*key, k), "set for the reference", "numbers alone", "") for k in extra]
    if numbers and entry.compute is not None:
        return [Mistake((*key, "compute"), f"compute beside {numbers[0]}", "one or the other", "")]
    for known in ("conduct", "compute"):
        if getattr(entry, known) and entry.because is None:
            fault, advice = f"{known} without a because", "say why it is known"
            return [Mistake((*key, known), fault, "a known divergence, with its reason", advice)]
    return []


def _never_narrower(case: Case, entry: ExpectedFields, key: KeyPath) -> Iterator[Mistake]:
    """A `compute` that is about no dtype that the case has: its divergence would never be looked
    for. Of a matrix of dtypes it is about the wider ones."""
    of_matrix = origin_of(case.source, ("dtype",))[0] == "matrix"
    dtypes = DTYPES if of_matrix else (case.fields.dtype,)
    if entry.compute is None or "dtype" in case.unknown:
        return
    if all(unit_roundoff(entry.compute) <= unit_roundoff(dtype) for dtype in dtypes):
        allowed = "a dtype narrower than the case's" + ("" if of_matrix else f" {dtypes[0]}")
        yield Mistake((*key, "compute"), f"'{entry.compute}'", allowed, "")


def _layout_mistakes(entry: ExpectedFields, layout: Layout) -> Iterator[Mistake]:
    """Numbers of another shape, and a gradient where none is checked; keys are in the entry."""
    if entry.gradient is not None and layout.gradient is False:
        found, allowed = "stated where no gradient is checked", "with `check: [value, gradient]`"
        yield Mistake(("gradient",), found, allowed, "add it, or remove this")
    for name in entry.conduct:
        check = CONDUCT_CHECKS[DEPARTURES.index(name)]
        if layout.conduct is not None and check not in layout.conduct:
            found, allowed = f"{name}, where that is not checked", f"with `check: [value, {check}]`"
            yield Mistake(("conduct",), found, allowed, "add it, or remove this")
    yield from _misfit(("losses",), entry.losses, layout.samples_shape, "one number per sample")
    if not layout.gradient:
        return
    hidden = layout.given == "hidden"
    if entry.gradient is not None and hidden != isinstance(entry.gradient, GradientFields):
        found, allowed = f"beside {layout.given}", "a mapping with hidden, weight and bias"
        allowed = allowed if hidden else f"numbers in the shape of the {layout.given}"
        yield Mistake(("gradient",), found, allowed, "say by which of them" if hidden else "")
        return
    for key, (numbers, shape, what) in layout.gradients_of(entry).items():
        if key == ("gradient", "bias") and layout.parameters and shape is None:
            yield Mistake(key, "stated where there is no bias", "", "remove it")
        yield from _misfit(key, numbers, shape, f"one number for each of {what}")
    if isinstance(entry.gradient, GradientFields) and not layout.gradients_of(entry):
        yield Mistake(("gradient",), "states nothing", "hidden, weight or bias", "")


def _misfit(key: KeyPath, numbers: Any, shape: Shape, what: str) -> Iterator[Mistake]:
    """Stated numbers of another shape. A single sample may lack its axis."""
    if numbers is None or shape is None:
        return
    stated = np.shape(numbers)
    if stated != shape and (1, *stated) != shape:
        yield Mistake(key, f"shape {list(stated)}", f"shape {list(shape)}, {what}", "")


def _expectation(entry: ExpectedFields, layout: Layout) -> Expectation:
    """The entry with its numbers."""
    totals = {
        r: published_numbers(getattr(entry, r)) for r in REDUCTIONS if getattr(entry, r) is not None
    }
    gradients = {
        key[-1]: _published(numbers, shape)
        for key, (numbers, shape, _) in layout.gradients_of(entry).items()
    }
    by_parameters = {p: n for p in PARAMETERS if (n := gradients.get(p)) is not None}
    return Expectation(
        _published(entry.losses, layout.samples_shape),
        totals,
        gradients.get("gradient", gradients.get("hidden")),
        entry.error,
        entry.reason,
        entry.versions,
        entry.hypothesis,
        tuple(entry.conduct),
        entry.compute,
        by_parameters,
    )


def _published(numbers: object, shape: tuple[int, ...] | None) -> Published | None:
    """The published array; a single sample may lack its axis, as in the case."""
    if numbers is None:
        return None
    array = published_numbers(numbers)
    if (1, *array.values.shape) == shape:
        return Published(array.values[None], array.units[None])
    return array


def published_numbers(numbers: object) -> Published:
    """Numbers, or nested lists of them, as float64 arrays: the values, and of each the unit of its
    last printed digit (see last_digit)."""
    values = np.array(numbers, dtype=np.float64)
    units = np.array(_units(numbers), dtype=np.float64)
    return Published(values, units)


def printed_numbers(numbers: object) -> Published:
    """As `published_numbers`, of a print: where several numbers stand in it, a whole one with a
    point, as NumPy's `0.` and the `0.0` of a rounded list, has the finest unit of those that have
    decimals."""
    published = published_numbers(numbers)
    whole = np.array(_is_whole(numbers), dtype=np.bool_)
    decimals = published.units[published.units > 0]
    if not decimals.size:
        return published
    return Published(published.values, np.where(whole, decimals.min(), published.units))


def _is_whole(numbers: object) -> object:
    if isinstance(numbers, list):
        return [_is_whole(number) for number in numbers]
    return re.fullmatch(r"[-+]?\d+\.0?", _text(numbers)) is not None


def _units(numbers: object) -> object:
    if isinstance(numbers, list):
        return [_units(number) for number in numbers]
    return last_digit(_text(numbers))


def _text(number: object) -> str:
    return getattr(number, "text", None) or repr(number)


def last_digit(text: str) -> float:
    """One unit of the last digit of a printed number: '0.00928' gives 1e-5, '1.5264e+11' 1e7.

    0 for integers, for whole numbers printed as x.0, and for nan and the infinities: exact.
    """
    try:
        number = Decimal(text)
    except ArithmeticError:  # .nan, .inf, 0x10
        return 0.0
    exponent = number.as_tuple().exponent
    whole = re.fullmatch(r"[-+]?\d+(\.0?)?([eE]\+?\d+)?", text)  # 2, 2., 2.0, 2e5, 2.0e+5
    if not isinstance(exponent, int) or whole:
        return 0.0
    return float(f"1e{exponent}")
