"""The forms that an array of a case file takes: nested lists, a recipe, or a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import numpy.typing as npt
from pydantic import BeforeValidator, Discriminator, Field, PlainValidator, Tag, model_validator
from pydantic.json_schema import SkipJsonSchema

from xent_check.errors import Mistake, did_you_mean, listed

from .field_types import Number, Numbers, Shape, Strict, validation_error


class RandomArray(Strict):
    """Numbers from numpy.random.RandomState(seed), the same with every NumPy (NEP 19)."""

    shape: Shape
    """How many numbers there are along each axis."""
    random: Literal["normal", "uniform", "integers"]
    """The distribution."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Other numbers for each."""
    loc: float = 0.0
    """For normal: the mean."""
    scale: Annotated[float, Field(ge=0)] = 1.0
    """For normal: the standard deviation."""
    low: float | None = None
    """For uniform and integers: the smallest; 0 where it is left out."""
    high: float | None = None
    """For uniform and integers: what all are below; 1 where it is left out, of uniform."""

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        mistakes = list(self._mistakes())
        if mistakes:
            raise validation_error(*mistakes)
        return self

    def _mistakes(self) -> Iterator[Mistake]:
        parameters = ("loc", "scale") if self.random == "normal" else ("low", "high")
        for key in ("loc", "scale", "low", "high"):
            if key in self.model_fields_set and key not in parameters:
                fault = f"set for `random: {self.random}`"
                yield Mistake((key,), fault, " and ".join(parameters), "remove it")
        low, high = self.bounds
        if self.random == "integers":
            if self.high is None:
                advice = "add `high`, one past the largest"
                yield Mistake((), "`random: integers` without `high`", "", advice)
            elif not (low.is_integer() and high.is_integer() and -(2**63) <= low < high <= 2**63):
                allowed = "whole numbers of 64 bits, low below high"
                yield Mistake((), f"low {low:g}, high {high:g}", allowed, "")
        elif self.random == "uniform" and not low <= high < low + sys.float_info.max:
            allowed = "low at most high, no further apart than float64 can say"
            yield Mistake((), f"low {low:g}, high {high:g}", allowed, "")

    @property
    def bounds(self) -> tuple[float, float]:
        """low and high, with their defaults."""
        return (
            0.0 if self.low is None else float(self.low),
            1.0 if self.high is None else float(self.high),
        )


class RangeArray(Strict):
    """0, 1, 2, ... in row-major order."""

    shape: Shape
    """How many numbers there are along each axis."""
    range: Literal[True]
    """Always true."""


class FillArray(Strict):
    """One number everywhere."""

    shape: Shape
    """How many numbers there are along each axis; 0 makes an empty batch."""
    fill: Number
    """The number."""


class OneHotArray(Strict):
    """One row per class index: 1 at the index, 0 elsewhere."""

    one_hot: Numbers
    """The class indices: a number, or lists of numbers."""
    num_classes: Annotated[int, Field(ge=1)]
    """How many classes there are: the length of each row."""


class FileArray(Strict):
    """An array file."""

    file: str
    """`x.npy`, `x.npz#key` or `x.safetensors#key`, from the case file's folder."""


@dataclass(frozen=True, eq=False)
class MemoryArray:
    """An array of the calling program; no case file has one."""

    array: npt.NDArray[Any]  # of numbers; integers of int64


ARRAY_FORMS: dict[str, type[Strict]] = {
    "random": RandomArray,
    "range": RangeArray,
    "fill": FillArray,
    "one_hot": OneHotArray,
    "file": FileArray,
}


def _form(value: object) -> str:
    if isinstance(value, MemoryArray):
        return "memory"
    forms = [form for form in ARRAY_FORMS if isinstance(value, dict) and form in value]
    return forms[0] if forms else "numbers"


def _known_form(value: object) -> object:
    if not isinstance(value, dict) or _form(value) != "numbers":
        return value
    keys = sorted({key for model in ARRAY_FORMS.values() for key in model.model_fields})
    hints = [hint for word in value if (hint := did_you_mean(word, keys))]
    fault = f"a mapping with {_keys(value)}"
    allowed = f"lists of numbers, or a mapping with one of {', '.join(ARRAY_FORMS)}"
    raise validation_error(Mistake((), fault, allowed, hints[0] if hints else ""))


def _keys(value: dict[str, object]) -> str:
    names = [repr(name) for name in value]
    return listed(names, most=4) or "no keys"


_Memory = Annotated[Any, PlainValidator(lambda value: value)]
Array = Annotated[
    Annotated[
        Annotated[Numbers, Tag("numbers")]
        | Annotated[RandomArray, Tag("random")]
        | Annotated[RangeArray, Tag("range")]
        | Annotated[FillArray, Tag("fill")]
        | Annotated[OneHotArray, Tag("one_hot")]
        | Annotated[FileArray, Tag("file")]
        | Annotated[SkipJsonSchema[_Memory], Tag("memory")],
        Discriminator(_form),
    ],
    BeforeValidator(_known_form),
]
