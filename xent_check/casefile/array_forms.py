"""The forms that an array of a case file takes: nested lists, a recipe, or a file."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import numpy.typing as npt
from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from xent_check.errors import KeyPath, Mistake, did_you_mean, listed

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


class CycleArray(Strict):
    """The same numbers over and over, in row-major order: 1, -1, 1, -1, ..."""

    shape: Shape
    """How many numbers there are along each axis."""
    cycle: Annotated[list[Number], Field(min_length=1)]
    """The numbers."""


class OneHotArray(Strict):
    """One row per class index: 1 (`on`) at the index, 0 (`off`) elsewhere."""

    one_hot: Array
    """The class indices: a number, lists of numbers, or an array of them."""
    num_classes: Annotated[int, Field(ge=1)]
    """How many classes there are: the length of each row."""
    on: Numbers = 1
    """What stands at the index: a number, or one for each row."""
    off: Number = 0
    """What stands elsewhere."""
    probability: Numbers = None
    """In place of `on`: what a softmax of the row makes of the index, more than 0 and less than 1;
    a number, or one for each row. `on` is then off + log(probability (n - 1) / (1 - probability)),
    n being num_classes."""

    @model_validator(mode="after")
    def _one_of_on_and_probability(self) -> Self:
        if self.probability is not None and "on" in self.model_fields_set:
            raise validation_error(Mistake(("on",), "beside `probability`", "one of them", ""))
        return self


class SumArray(Strict):
    """The sum of arrays, as NumPy broadcasts them: noise and an offset for each row, a mask."""

    add: Annotated[list[Array], Field(min_length=1)]
    """The arrays."""


class PutArray(Strict):
    """An array with numbers put into it, in the order of the file."""

    base: Array
    """The array."""
    put: Annotated[dict[str, Number], Field(min_length=1)]
    """The places, as an index in Python, with what stands there: `{"0, -1": 20, ":, 4:8": -.inf}`
    is array[0, -1] = 20, then array[:, 4:8] = -inf."""

    @field_validator("put", mode="after")
    @classmethod
    def _places_are_indices(cls, put: dict[str, float]) -> dict[str, float]:
        allowed = "an index in Python: whole numbers and slices, such as '0, 4:8'"
        wrong = [Mistake((text,), repr(text), allowed, "") for text in put if not index_of(text)]
        if wrong:
            raise validation_error(*wrong)
        return put


class ArgmaxArray(Strict):
    """The index of the largest number along an axis, the first of several: labels that the logits
    predict."""

    argmax: Array
    """The array, before it is rounded to a dtype."""
    axis: int = -1
    """Which axis goes."""


class TransposedArray(Strict):
    """An array that is transposed in memory: its first two axes have changed places there."""

    transposed: Array
    """The array."""


class SlicedArray(Strict):
    """An array that is every second number of its memory."""

    sliced: Array
    """The array."""


class ExpandedArray(Strict):
    """One number for every sample, which stands in memory once: what the backward pass of a sum
    hands on."""

    expanded: Number
    """The number."""


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
    "cycle": CycleArray,
    "one_hot": OneHotArray,
    "add": SumArray,
    "put": PutArray,
    "argmax": ArgmaxArray,
    "file": FileArray,
}
LAID_OUT_FORMS: dict[str, type[Strict]] = {
    "transposed": TransposedArray,
    "expanded": ExpandedArray,
    "sliced": SlicedArray,
}
_FORMS: dict[str, type[Strict]] = {**ARRAY_FORMS, **LAID_OUT_FORMS}
# The keys that are arrays; `add` is a list of them.
_PARTS = ("base", "argmax", "one_hot", "transposed", "sliced")
_WHOLE = r"(-?(?:0|[1-9][0-9]{0,17}))"
_INDEX = re.compile(rf"{_WHOLE}|{_WHOLE}?:{_WHOLE}?(?::(-?[1-9][0-9]{{0,17}})?)?")


def index_of(text: str) -> tuple[int | slice, ...]:
    """What Python makes of the text between brackets; () where it is no such index."""
    index: list[int | slice] = []
    for part in text.split(","):
        match = _INDEX.fullmatch(part.strip())
        if match is None:
            return ()
        ends = [None if end is None else int(end) for end in match.groups()]
        index.append(slice(*ends[1:]) if ends[0] is None else ends[0])
    return tuple(index)


def without_tags(loc: KeyPath) -> tuple[KeyPath, type[Strict] | None]:
    """A place of pydantic's in an array without its names of forms, which are no keys; and the form
    that its last key is in, None where that is a list of numbers.

    loc: from the key of a case on.
    """
    key, rest, model = list(loc[:1]), list(loc[1:]), None
    while rest:
        model = _FORMS.get(str(rest.pop(0)))
        if model is None or not rest:
            break
        field = rest.pop(0)
        key.append(field)
        if field == "add" and rest:
            key.append(rest.pop(0))
        elif field not in _PARTS:
            break
    return (*key, *rest), model


def _form(value: object) -> str:
    if isinstance(value, MemoryArray):
        return "memory"
    forms = [form for form in _FORMS if isinstance(value, dict) and form in value]
    return forms[0] if forms else "numbers"


def _known_form(value: object) -> object:
    return _one_of(ARRAY_FORMS, value)


def _known_laid_out_form(value: object) -> object:
    return _one_of(_FORMS, value)


def _one_of(forms: Mapping[str, type[Strict]], value: object) -> object:
    form = _form(value)
    if not isinstance(value, dict) or form in forms:
        return value
    keys = sorted({key for model in forms.values() for key in model.model_fields})
    hints = [hint for word in value if (hint := did_you_mean(word, keys))]
    if form in LAID_OUT_FORMS:
        hints = ["a whole cotangent alone is laid out so; scores and labels by the key `layout`"]
    fault = f"a mapping with {_keys(value)}"
    allowed = f"lists of numbers, or a mapping with one of {', '.join(forms)}"
    raise validation_error(Mistake((), fault, allowed, hints[0] if hints else ""))


def _keys(value: dict[str, object]) -> str:
    names = [repr(name) for name in value]
    return listed(names, most=4) or "no keys"


_Memory = Annotated[Any, PlainValidator(lambda value: value)]
_Plain = (
    Annotated[Numbers, Tag("numbers")]
    | Annotated[RandomArray, Tag("random")]
    | Annotated[RangeArray, Tag("range")]
    | Annotated[FillArray, Tag("fill")]
    | Annotated[CycleArray, Tag("cycle")]
    | Annotated[OneHotArray, Tag("one_hot")]
    | Annotated[SumArray, Tag("add")]
    | Annotated[PutArray, Tag("put")]
    | Annotated[ArgmaxArray, Tag("argmax")]
    | Annotated[FileArray, Tag("file")]
    | Annotated[SkipJsonSchema[_Memory], Tag("memory")]
)
Array = Annotated[Annotated[_Plain, Discriminator(_form)], BeforeValidator(_known_form)]
LaidOutArray = Annotated[
    Annotated[
        _Plain
        | Annotated[TransposedArray, Tag("transposed")]
        | Annotated[ExpandedArray, Tag("expanded")]
        | Annotated[SlicedArray, Tag("sliced")],
        Discriminator(_form),
    ],
    BeforeValidator(_known_laid_out_form),
]
"""An array, or one that is not contiguous in memory."""


def layout_of(form: object) -> str | None:
    """What the array is in memory; None: contiguous."""
    return next((layout for layout, model in LAID_OUT_FORMS.items() if type(form) is model), None)
