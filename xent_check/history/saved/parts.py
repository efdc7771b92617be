"""The JSON of an answer's parts: losses, totals, gradient. One model for writing and reading."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    SerializerFunctionWrapHandler,
    Tag,
    WithJsonSchema,
    model_serializer,
)

from xent_check.problem.dtypes import Float64s
from xent_check.problem.vocabulary import DepartureId, DType

NOT_FINITE = ("nan", "inf", "-inf")


def _number(value: object) -> object:
    return float(str(value)) if value in NOT_FINITE else value


def json_number(number: float) -> float | str:
    """A number as JSON can say it."""
    return float(number) if math.isfinite(number) else str(float(number))


def _array(value: object) -> Float64s:
    try:
        return np.asarray(value, dtype=np.float64)
    except TypeError as error:
        raise ValueError(str(error)) from None


def json_lists(array: Float64s) -> Any:
    """The numbers of an array, nested as its axes are."""
    return array.tolist() if np.isfinite(array).all() else _json_numbers(array.tolist())


def _json_numbers(numbers: Any) -> Any:
    return (
        [_json_numbers(n) for n in numbers] if isinstance(numbers, list) else json_number(numbers)
    )


# NumPy reads the names of what is not finite; that the numbers fill their shape is seen by the
# reader, which knows it.
Number = Annotated[
    float,
    BeforeValidator(_number),
    PlainSerializer(json_number, when_used="json"),
    WithJsonSchema({"x-ref": "Number"}),
]
_Array = Annotated[Float64s, PlainValidator(_array), PlainSerializer(json_lists, when_used="json")]
Numbers = Annotated[_Array, WithJsonSchema({"x-ref": "Numbers"})]
Scalar = Annotated[_Array, WithJsonSchema({"x-ref": "Number"})]  # an array without axes
MAX_NUMBERS = 1000  # of an array that is kept whole, unless all numbers are asked for
Index = tuple[int, ...]
PartStatus = Literal["agrees", "diverges", "unsupported"]
# Of variants; no keys of the document.
TAGS = ("#whole", "#excerpt", "#given", "#gap", "#none", "#one", "#layer")


class Saved(BaseModel):
    """A mapping. Keys that a later version adds are not its business."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        ser_json_inf_nan="constants",
    )

    def plain(self) -> dict[str, Any]:
        """As JSON can say it, in the order of the fields."""
        return self.model_dump(mode="json", by_alias=True)


class Sparse(Saved):
    """A key that has a default is not there where it would be null."""

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        for name, field in type(self).model_fields.items():
            if not field.is_required() and getattr(self, name) is None:
                del data[name]
        return data


class Gap(Sparse):
    """A total or a gradient that was asked for or stated, and was not given."""

    tag: ClassVar[str] = "#gap"
    status: PartStatus
    """unsupported"""
    reason: str
    """why it is not there"""
    expected: Numbers | None = None
    """what the case file states of it"""
    expected_unit: Numbers | None = None
    """one unit of the last digit that was printed, of each stated number"""


class Total(Sparse):
    """A total of one reduction."""

    tag: ClassVar[str] = "#given"
    shape: ClassVar[Index] = ()
    actual: Scalar
    """what the implementation gave, of `dtype`"""
    reference: Scalar
    """the exact value, rounded to float64"""
    abs_diff: Scalar
    """abs(actual - reference)"""
    ulps: Scalar
    """the same in spacings at the reference, of `dtype` or of the case's if that is finer"""
    dtype: DType
    """of `actual`"""
    status: PartStatus
    """held against the reference, and against what is stated of it"""
    bound: Scalar | None = None
    """the largest abs_diff that rounding explains"""
    expected: Scalar | None = None
    """what the case file states, or what follows from the losses that it states"""
    expected_unit: Scalar | None = None
    """one unit of the last digit of `expected` that was printed"""
    rows: tuple[int, int] | None = None
    """the first and the last row of the chunk that it is of, where the case was asked in chunks"""
    divisor: Number | None = None
    """divisor of the sum of stated losses, where `expected` follows from them"""


class Check(Sparse):
    """A further check of `check`: inputs, repeatable or batch."""

    status: PartStatus
    """unsupported: it was asked for, and could not be made"""
    reason: str | None = None
    """why it could not be made"""
    extent: str | None = None
    """what was asked of the implementation, in a few words"""
    id: DepartureId | None = None
    """what was found, where that is wrong"""
    sentence: str | None = None
    """what it does, where, and by how much"""
    parameters: dict[str, Any] | None = None
    """the same as values"""


class Row(Saved):
    """One number that was kept of a large array."""

    place: Index  # its indices in the array
    actual: Number
    """what the implementation gave, of the array's dtype"""
    reference: Number
    """the exact value, rounded to float64"""
    abs_diff: Number
    """abs(actual - reference)"""
    allowed: Number
    """the largest abs_diff that agrees"""
    bound: Number | None
    """the largest abs_diff that rounding explains"""
    ulps: Number
    """abs_diff in spacings at the reference, of the dtype or the case's if that is finer"""
    stands_for: int
    """how many numbers it stands for, as the one furthest off; 0 where it stands for none"""
    least_reference: Number | None
    """the smallest abs(reference) of those"""


class Sample(Row):
    """One loss that was kept."""

    place: Index = Field(alias="sample")
    """the indices of the sample"""


class Element(Row):
    """One number of a gradient that was kept."""

    place: Index = Field(alias="element")
    """the indices of the number in the gradient"""


class Whole(Sparse):
    """An array, number by number."""

    tag: ClassVar[str] = "#whole"
    actual: Numbers
    """what the implementation gave, of the array's dtype"""
    reference: Numbers
    """the exact values, rounded to float64"""
    abs_diff: Numbers
    """abs(actual - reference)"""
    bound: Numbers | None = None
    """the largest abs_diff that rounding explains"""
    expected: Numbers | None = None
    """what the case file states"""
    expected_unit: Numbers | None = None
    """one unit of the last digit that was printed, of each stated number"""


class Excerpt(Saved):
    """Of a large array the worst numbers, and those that decide for all under any tolerance."""

    tag: ClassVar[str] = "#excerpt"
    worst: tuple[Row, ...]
    """up to 20, the largest abs_diff first"""
    deciding: tuple[Row, ...]
    """the others, in the order of the array"""
    at_least: bool
    """whether more may diverge than are counted"""
    classes: str
    """what kinds of numbers there are in all of it"""
    digest: str
    """16 hexadecimal digits of all its numbers"""

    @property
    def rows(self) -> tuple[Row, ...]:
        """All that was kept."""
        return (*self.worst, *self.deciding)


class Gradient(Saved):
    """A gradient."""

    status: PartStatus
    """held against what is stated of it, else against the reference"""
    max_abs_diff: Number | None
    """of the worst element, the one furthest off of those that diverge if any does"""
    max_ulps: Number | None
    """of the same, in ulps"""
    worst_element: Index | None
    """its indices"""
    elements: int
    """how many there are"""
    diverging_elements: int
    """how many of them diverge from the reference"""
    dtype: DType
    """of its numbers"""
    shape: Index
    """that of what it is by: the logits, probs or log_probs; or hidden, the weight, the bias"""


class WholeGradient(Whole, Gradient):
    """A gradient, number by number."""


class ExcerptOfGradient(Excerpt, Gradient):
    """What was kept of a large gradient."""

    # As in an excerpt, of a gradient's numbers.
    worst: tuple[Element, ...]  # up to 20, the largest abs_diff first
    deciding: tuple[Element, ...]  # the others, in the order of the array


def _tag(value: object, by_keys: Callable[[Mapping[str, object]], str]) -> str:
    """The tag of a variant; of a mapping, as its keys say."""
    if isinstance(value, Mapping):
        return by_keys(value)
    return str(getattr(value, "tag", by_keys({})))


def _total(value: object) -> str:
    return _tag(value, lambda of: "#given" if of.get("reason") is None else "#gap")


def _gradient(value: object) -> str:
    return _tag(value, lambda of: array_tag(of) if of.get("reason") is None else "#gap")


def _gradients(value: object) -> str:
    if isinstance(value, Mapping):
        return "#one" if "status" in value else "#layer"
    return "#layer" if isinstance(value, LayerGradients) else "#one"


def array_tag(of: Mapping[str, object]) -> str:
    """Whether an array is there whole."""
    return "#whole" if of.get("worst") is None else "#excerpt"


AnyTotal = Annotated[
    Annotated[Total, Tag("#given")] | Annotated[Gap, Tag("#gap")], Discriminator(_total)
]
AnyGradient = Annotated[
    Annotated[WholeGradient, Tag("#whole")]
    | Annotated[ExcerptOfGradient, Tag("#excerpt")]
    | Annotated[Gap, Tag("#gap")],
    Discriminator(_gradient),
]


class LayerGradients(Sparse):
    """The gradients of a case with `hidden`, by what each is taken."""

    hidden: AnyGradient
    """by what is hidden"""
    weight: AnyGradient | None = None
    """by the weight"""
    bias: AnyGradient | None = None
    """by the bias"""


AnyGradients = Annotated[
    Annotated[AnyGradient, Tag("#one")] | Annotated[LayerGradients, Tag("#layer")],
    Discriminator(_gradients),
]
