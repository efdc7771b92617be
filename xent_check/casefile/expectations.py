"""Expectations: the `expect` of a case, its numbers with the digits that were printed."""

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
    """The entries of `expect` by implementation, in their order.

    InvalidError, with the keys in the case, where an entry says nothing, contradicts itself, is
    never reached, or has numbers of another shape than the problem's.
    """
    mistakes: list[Mistake] = []
    by_name: dict[str, tuple[Expectation, ...]] = {}
    for name, entries in case.fields.expect.items():
        raw = case.source["expect"][name]
        parsed: list[Expectation] = []
        for index, entry in enumerate(entries):
            key: KeyPath = ("expect", name, index) if isinstance(raw, list) else ("expect", name)
            mistakes += _entry_mistakes(entry, name, key)
            try:
                parsed.append(_expectation(entry, problem))
            except InvalidError as error:
                mistakes += [mistake.below(*key) for mistake in error.mistakes]
        by_name[name] = tuple(parsed)
        if name != REFERENCE:
            mistakes += _unreachable_entries(name, entries)
    if mistakes:
        raise InvalidError(*mistakes)
    return by_name


def _unreachable_entries(name: str, entries: Sequence[ExpectedFields]) -> Iterator[Mistake]:
    """An entry after one for every version, which no answer would be compared with."""
    catch_all = next((i for i, e in enumerate(entries[:-1]) if e.versions is None), None)
    if catch_all is not None:
        fault = f"never reached: entry {catch_all} before it is about every version"
        advice = "limit that one by `versions`, or make one entry of the two"
        yield Mistake(("expect", name, catch_all + 1), fault, "", advice)


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
    """The entry with its numbers. InvalidError, with keys in the entry, for other shapes."""
    losses = _published_of_shape(
        "losses", entry.losses, problem.samples_shape, "one number per sample"
    )
    totals = {
        r: published_numbers(getattr(entry, r)) for r in REDUCTIONS if getattr(entry, r) is not None
    }
    if entry.gradient is not None and not problem.gradient:
        fault, allowed = "stated where no gradient is checked", "with `check: [value, gradient]`"
        raise InvalidError(Mistake(("gradient",), fault, allowed, "add it, or remove this"))
    what = f"one number for each of the {problem.given}"
    gradient = _published_of_shape("gradient", entry.gradient, problem.values.shape, what)
    return Expectation(
        losses, totals, gradient, entry.error, entry.reason, entry.versions, entry.hypothesis
    )


def _published_of_shape(
    key: str, numbers: object, shape: tuple[int, ...], what: str
) -> Published | None:
    """The published array, of that shape; a single sample may lack its axis, as in the case.

    InvalidError for other shapes. what: the shape in words.
    """
    if numbers is None:
        return None
    array = published_numbers(numbers)
    if (1, *array.values.shape) == shape:
        return Published(array.values[None], array.units[None])
    if array.values.shape != shape:
        mistake = Mistake(
            (key,), f"shape {list(array.values.shape)}", f"shape {list(shape)}, {what}", ""
        )
        raise InvalidError(mistake)
    return array


def published_numbers(numbers: object) -> Published:
    """Numbers, or nested lists of them, as float64 arrays: the values, and of each the unit of its
    last printed digit (see last_digit)."""
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
