"""Expectation: what a source published for an implementation, or what is known of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from packaging.specifiers import SpecifierSet

from .case import Case, ExpectedFields
from .dtypes import Float64s
from .errors import InvalidError, KeyPath, Mistake
from .problem import Problem
from .words import REDUCTIONS, Reduction

REFERENCE = "reference"


@dataclass(frozen=True, eq=False)
class Published:
    """Numbers as printed. units: one unit of each number's last printed digit, 0 where exact."""

    values: Float64s
    units: Float64s


@dataclass(frozen=True, eq=False)
class Expectation:
    """One entry of `expect`. With `because` it is a known divergence."""

    losses: Published | None
    totals: Mapping[Reduction, Published]
    error: str | None
    because: str | None
    versions: str | None

    def applies_to(self, version: str) -> bool:
        """Whether the entry is about this version of the framework."""
        return self.versions is None or SpecifierSet(self.versions).contains(
            version, prereleases=True
        )


Expectations = Mapping[str, tuple[Expectation, ...]]


def expectations(case: Case, problem: Problem) -> Expectations:
    """By implementation; InvalidError where an entry cannot be about this problem."""
    mistakes: list[Mistake] = []
    made: dict[str, tuple[Expectation, ...]] = {}
    for name, entries in case.fields.expect.items():
        raw = case.source["expect"][name]
        for index, entry in enumerate(entries):
            key: KeyPath = ("expect", name, index) if isinstance(raw, list) else ("expect", name)
            mistakes += _entry_mistakes(entry, name, key)
        try:
            made[name] = tuple(_expectation(entry, problem) for entry in entries)
        except ValueError as error:
            mistakes.append(
                Mistake(("expect", name, "losses"), str(error), _shape_text(problem), "")
            )
    if mistakes:
        raise InvalidError(*mistakes)
    return made


def _shape_text(problem: Problem) -> str:
    return f"shape {list(problem.samples_shape)}, one number per sample"


def _entry_mistakes(entry: ExpectedFields, name: str, key: KeyPath) -> list[Mistake]:
    numbers = [k for k in ("losses", *REDUCTIONS) if getattr(entry, k) is not None]
    if not numbers and entry.error is None:
        advice = "say what it gives, or remove the entry"
        return [Mistake(key, "states nothing", "losses, mean, weighted_mean, sum or error", advice)]
    if numbers and entry.error is not None:
        return [Mistake((*key, "error"), f"error beside {numbers[0]}", "one or the other", "")]
    if entry.error is not None and not entry.error.strip():
        return [Mistake((*key, "error"), "blank", "text that the message contains", "")]
    if name == REFERENCE:
        extra = [k for k in ("error", "because", "versions") if getattr(entry, k) is not None]
        return [Mistake((*key, k), "set for the reference", "numbers alone", "") for k in extra]
    return []


def _expectation(entry: ExpectedFields, problem: Problem) -> Expectation:
    losses = None
    if entry.losses is not None:
        losses = published(entry.losses)
        shape = losses.values.shape
        if shape == () and problem.samples_shape == (1,):
            losses = Published(losses.values.reshape(1), losses.units.reshape(1))
        elif shape != problem.samples_shape:
            raise ValueError(f"shape {list(shape)}")
    totals = {r: published(getattr(entry, r)) for r in REDUCTIONS if getattr(entry, r) is not None}
    return Expectation(losses, totals, entry.error, entry.because, entry.versions)


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
    """One unit of the last digit of a printed number: '0.00928' gives 1e-5, '1.20e-3' 1e-5.

    0 for integers, for whole numbers printed as x.0, and for nan and the infinities: exact.
    """
    try:
        number = Decimal(text)
    except ArithmeticError:  # .nan, .inf, 0x10
        return 0.0
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= 0 or re.fullmatch(r"[-+]?\d+\.0", text):
        return 0.0
    return float(Decimal(1).scaleb(exponent))
