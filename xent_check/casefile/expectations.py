"""Expectations: the `expect` of a case, checked against its problem, its numbers as printed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

import numpy as np

from xent_check.errors import InvalidError, KeyPath, Mistake
from xent_check.problem.expectation import REFERENCE, Expectation, Expectations, Published
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import REDUCTIONS

from .case import Case, ExpectedFields


def expectations(case: Case, problem: Problem) -> Expectations:
    """By implementation; InvalidError where an entry cannot be about this problem."""
    mistakes: list[Mistake] = []
    made: dict[str, tuple[Expectation, ...]] = {}
    for name, entries in case.fields.expect.items():
        raw = case.source["expect"][name]
        listed: list[Expectation] = []
        for index, entry in enumerate(entries):
            key: KeyPath = ("expect", name, index) if isinstance(raw, list) else ("expect", name)
            mistakes += _entry_mistakes(entry, name, key)
            try:
                listed.append(_expectation(entry, problem))
            except InvalidError as error:
                mistakes += [mistake.below(*key) for mistake in error.mistakes]
        made[name] = tuple(listed)
        if name != REFERENCE:
            mistakes += _never_reached(name, entries)
    if mistakes:
        raise InvalidError(*mistakes)
    return made


def _never_reached(name: str, entries: Sequence[ExpectedFields]) -> Iterator[Mistake]:
    """Entries behind one about every version: no answer would be held against them."""
    every = next((i for i, e in enumerate(entries[:-1]) if e.versions is None), None)
    if every is not None:
        found = f"never reached: entry {every} before it is about every version"
        advice = "limit that one by `versions`, or make one entry of the two"
        yield Mistake(("expect", name, every + 1), found, "", advice)


def _entry_mistakes(entry: ExpectedFields, name: str, key: KeyPath) -> list[Mistake]:
    numbers = [k for k in ("losses", *REDUCTIONS, "gradient") if getattr(entry, k) is not None]
    if not numbers and entry.error is None:
        advice = "say what it gives, or remove the entry"
        allowed = "losses, mean, weighted_mean, sum, gradient or error"
        return [Mistake(key, "states nothing", allowed, advice)]
    if numbers and entry.error is not None:
        return [Mistake((*key, "error"), f"error beside {numbers[0]}", "one or the other", "")]
    if entry.error is not None and not entry.error.strip():
        return [Mistake((*key, "error"), "blank", "text that the message contains", "")]
    if name == REFERENCE:
        extra = [k for k in ("error", "because", "versions") if getattr(entry, k) is not None]
        return [Mistake((*key, k), "set for the reference", "numbers alone", "") for k in extra]
    return []


def _expectation(entry: ExpectedFields, problem: Problem) -> Expectation:
    """InvalidError, its keys within the entry, where the shapes are not the problem's."""
    losses = _of_shape("losses", entry.losses, problem.samples_shape, "one number per sample")
    totals = {r: published(getattr(entry, r)) for r in REDUCTIONS if getattr(entry, r) is not None}
    if entry.gradient is not None and not problem.gradient:
        found, allowed = "stated where no gradient is checked", "with `check: [value, gradient]`"
        raise InvalidError(Mistake(("gradient",), found, allowed, "add it, or remove this"))
    what = f"one number for each of the {problem.given}"
    gradient = _of_shape("gradient", entry.gradient, problem.values.shape, what)
    return Expectation(
        losses, totals, gradient, entry.error, entry.reason, entry.versions, entry.hypothesis
    )


def _of_shape(key: str, numbers: object, shape: tuple[int, ...], what: str) -> Published | None:
    """What is published for an array; one sample may lack its axis, as its row in the case does."""
    if numbers is None:
        return None
    found = published(numbers)
    if (1, *found.values.shape) == shape:
        return Published(found.values[None], found.units[None])
    if found.values.shape != shape:
        mistake = Mistake(
            (key,), f"shape {list(found.values.shape)}", f"shape {list(shape)}, {what}", ""
        )
        raise InvalidError(mistake)
    return found


def published(numbers: object) -> Published:
    """Numbers of a case file with the units of their texts."""
    values = np.array(numbers, dtype=np.float64)
    units = np.array(_units(numbers), dtype=np.float64)
    return Published(values, units)


def _units(numbers: object) -> object:
    if isinstance(numbers, list):
        return [_units(number) for number in numbers]
    return last_digit(getattr(numbers, "text", None) or repr(numbers))


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
