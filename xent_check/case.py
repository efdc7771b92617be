"""Case: what a case file says, checked key by key.

Shapes, labels and probabilities are the problem's to check; here a key is known or unknown, a
value has the right type or not. The models are also the source of the JSON Schema.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from .errors import InvalidError, KeyPath, Located, Mistake, did_you_mean
from .words import GIVEN, Check, DType, Given, Loss, Reduction
from .yaml_source import Map, describe, line_of

ARRAY_KEYS = (*GIVEN, "labels", "class_weight", "pos_weight", "sample_weight")


def _wrong(found: str, allowed: str, advice: str = "", key: KeyPath = ()) -> PydanticCustomError:
    """A mistake in pydantic's clothes; `key` is relative to the value under validation."""
    context = {"found": found, "allowed": allowed, "advice": advice, "key": key}
    return PydanticCustomError("mistake", "{found}", context)


def _number(value: object) -> float:
    """A number as it stands, its text kept."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        special = {"nan": ".nan", "inf": ".inf", "-inf": "-.inf", "+inf": ".inf"}
        spelled = special.get(str(value).lower())
        advice = f"YAML writes it {spelled}" if spelled and isinstance(value, str) else ""
        raise _wrong(describe(value), "a number", advice)
    return value


def _numbers(value: object) -> Any:
    """A number, or lists of numbers nested to one depth with rows of one length."""
    _shape(value, ())
    return value


def _shape(value: object, key: KeyPath) -> tuple[int, ...]:
    if not isinstance(value, list):
        try:
            _number(value)
        except PydanticCustomError as error:
            raise _wrong(**{**(error.context or {}), "key": key}) from None
        return ()
    if not value:
        raise _wrong("an empty list", "at least one number", "an empty batch is a `shape`", key)
    first = _shape(value[0], (*key, 0))
    for index, row in enumerate(value[1:], start=1):
        shape = _shape(row, (*key, index))
        if shape != first:
            raise _wrong(
                f"ragged: {_length(shape)} here, {_length(first)} in the rows before",
                "rows of one length",
                "",
                (*key, index),
            )
    return (len(value), *first)


def _length(shape: tuple[int, ...]) -> str:
    return f"{' x '.join(map(str, shape))} numbers" if shape else "a number"


def _word(value: object) -> str:
    """Printable text that can stand in a case id."""
    if not isinstance(value, str):
        raise _wrong(describe(value), "text", "quote it" if value is not None else "")
    if not value.strip():
        raise _wrong("a blank name", "printable text", "")
    if not value.isprintable() or "::" in value:
        raise _wrong(describe(value), "printable text without `::`", "")
    return value


def _versions(value: object) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(str(value))
    except InvalidSpecifier:
        allowed = "a PEP 440 specifier, such as '>=3.15,<3.16'"
        raise _wrong(describe(value), allowed) from None
    return str(value)


class _OneOrMore:
    """The JSON Schema of a list whose single item may stand alone."""

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        many = handler(core_schema)
        return {"anyOf": [many["items"], many]}


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


_ONE_OR_MORE = (Field(min_length=1), BeforeValidator(_listed), _OneOrMore())
NUMBERS_SCHEMA: dict[str, Any] = {"$ref": "#/$defs/Numbers"}  # defined by schema.py
Number = Annotated[float, PlainValidator(_number), WithJsonSchema({"type": "number"})]
Numbers = Annotated[Any, PlainValidator(_numbers), WithJsonSchema({"x-ref": "Numbers"})]
Word = Annotated[str, PlainValidator(_word), WithJsonSchema({"type": "string", "minLength": 1})]
Size = Annotated[int, Field(ge=0)]
Shape = Annotated[list[Size], Field(max_length=32)]


class Strict(BaseModel):
    """A mapping with known keys and exact types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RandomArray(Strict):
    """Drawn from numpy.random.RandomState(seed), whose stream is frozen."""

    shape: Shape
    random: Literal["normal", "uniform", "integers"]
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    loc: float = 0.0
    scale: Annotated[float, Field(ge=0)] = 1.0
    low: float | None = None
    high: float | None = None


class RangeArray(Strict):
    """0, 1, 2, ... in row-major order."""

    shape: Shape
    range: Literal[True]


class FillArray(Strict):
    """One number everywhere."""

    shape: Shape
    fill: Number


class OneHotArray(Strict):
    """One row per class index: 1 at the index, 0 elsewhere."""

    one_hot: Numbers
    num_classes: Annotated[int, Field(ge=1)]


class FileArray(Strict):
    """`x.npy`, `x.npz#key` or `x.safetensors#key`, relative to the case file."""

    file: str


ARRAY_FORMS: dict[str, type[Strict]] = {
    "random": RandomArray,
    "range": RangeArray,
    "fill": FillArray,
    "one_hot": OneHotArray,
    "file": FileArray,
}


def _form(value: object) -> str:
    if not isinstance(value, dict):
        return "numbers"
    for form in ARRAY_FORMS:
        if form in value:
            return form
    keys = sorted({key for model in ARRAY_FORMS.values() for key in model.model_fields})
    hints = [hint for word in value if (hint := did_you_mean(word, keys))]
    raise _wrong(
        f"a mapping with {', '.join(map(repr, value)) or 'nothing'}",
        f"one of the keys {', '.join(ARRAY_FORMS)}",
        hints[0] if hints else "",
    )


Array = Annotated[
    Annotated[Numbers, Tag("numbers")]
    | Annotated[RandomArray, Tag("random")]
    | Annotated[RangeArray, Tag("range")]
    | Annotated[FillArray, Tag("fill")]
    | Annotated[OneHotArray, Tag("one_hot")]
    | Annotated[FileArray, Tag("file")],
    Discriminator(_form),
]


class Tolerance(Strict):
    """agree when abs(actual - reference) <= atol + rtol abs(reference), or within `ulps`."""

    atol: Annotated[float, Field(ge=0)] = 0.0
    rtol: Annotated[float, Field(ge=0)] = 0.0
    ulps: Annotated[float, Field(ge=0)] = 1.0

    def __str__(self) -> str:
        rtol = f" + {self.rtol:g} x abs(reference)" if self.rtol else ""
        return f"{self.atol:g}{rtol}, or {self.ulps:g} ulp{'' if self.ulps == 1 else 's'}"


def _tolerance(value: object) -> object:
    if isinstance(value, Tolerance | dict):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(describe(value), "a number, or a mapping with atol, rtol, ulps")
    if not (value >= 0 and math.isfinite(value)):
        raise _wrong(describe(value), "a finite number, 0 or more")
    return {"atol": value}


ToleranceField = Annotated[
    Tolerance, BeforeValidator(_tolerance, json_schema_input_type=float | Tolerance)
]


class ExpectedFields(Strict):
    """What a source published for one implementation, or what is known of it."""

    losses: Numbers = None
    mean: Number | None = None
    weighted_mean: Number | None = None
    sum: Number | None = None
    error: str | None = None
    because: Word | None = None
    versions: (
        Annotated[str, PlainValidator(_versions), WithJsonSchema({"type": "string"})] | None
    ) = None


def _entries(value: object) -> object:
    return [value] if isinstance(value, dict) else value


Entries = Annotated[
    list[ExpectedFields], Field(min_length=1), BeforeValidator(_entries), _OneOrMore()
]


class CaseFields(Strict):
    """The keys of a case."""

    name: Word | None = None
    description: str | None = None
    source: str | None = None
    tags: Annotated[list[Word], *_ONE_OR_MORE] = []
    loss: Loss
    logits: Array | None = None
    probs: Array | None = None
    log_probs: Array | None = None
    labels: Array
    dtype: DType = "float32"
    class_axis: int = -1
    normalize: bool | None = None
    ignore_index: int | None = None
    label_smoothing: Annotated[float, Field(ge=0, le=1)] | None = None
    class_weight: Array | None = None
    pos_weight: Array | None = None
    sample_weight: Array | None = None
    reduction: Annotated[list[Reduction], *_ONE_OR_MORE] = []
    check: Annotated[list[Check], *_ONE_OR_MORE] = ["value"]
    tolerance: ToleranceField = Tolerance(atol=2e-6)
    implementations: Annotated[list[Word], *_ONE_OR_MORE] | None = None
    matrix: dict[str, Annotated[list[Any], Field(min_length=1)]] | None = None
    expect: dict[str, Entries] = {}


@dataclass(frozen=True, eq=False)
class Case:
    """One case of a file, and where it stands."""

    file: Path
    shown: str  # the file as reports name it
    name: str
    source: Map  # the YAML it came from, with lines
    fields: CaseFields

    @property
    def id(self) -> str:
        return f"{self.shown}::{self.name}"

    @property
    def line(self) -> int:
        return self.source.line

    @property
    def given(self) -> Given:
        return next(given for given in GIVEN if getattr(self.fields, given) is not None)

    def located(self, mistake: Mistake) -> Located:
        return Located(self.shown, line_of(self.source, mistake.key), mistake)


def case_fields(source: Map) -> CaseFields:
    """The checked keys of a case; InvalidError with every mistake."""
    mistakes: list[Mistake] = []
    try:
        fields = CaseFields.model_validate(dict(source))
    except ValidationError as error:
        mistakes = [_mistake(dict(item), source) for item in error.errors()]
    present = [given for given in GIVEN if source.get(given) is not None]
    if not present:
        mistakes.append(Mistake((), "no logits, probs or log_probs", "exactly one of them", ""))
    elif len(present) > 1:
        both = " and ".join(present)
        mistakes.append(
            Mistake((present[1],), f"{both} together", "exactly one of them", "keep one")
        )
    if mistakes:
        raise InvalidError(*mistakes)
    return fields


_TYPE_NAMES = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping",
    "model": "a mapping",
}


def _mistake(item: dict[str, Any], source: Map) -> Mistake:
    """A pydantic error in the words of the contract."""
    kind, loc, context = item["type"], tuple(item["loc"]), item.get("ctx", {})
    key = _key(loc, source)
    found = describe(item["input"])
    if kind == "mistake":
        return Mistake(
            (*key, *context["key"]), context["found"], context["allowed"], context["advice"]
        )
    if kind == "extra_forbidden":
        keys = list(_model_at(loc).model_fields)
        return Mistake(
            (*key, loc[-1]) if key[-1:] != loc[-1:] else key,
            "unknown key",
            ", ".join(keys),
            did_you_mean(str(loc[-1]), keys),
        )
    if kind == "missing":
        allowed = ", ".join(get_args(Loss)) if loc[-1] == "loss" else ""
        return Mistake((*key, loc[-1]), "missing", allowed, "add it" if not allowed else "")
    if kind == "literal_error":
        allowed = context["expected"].replace("'", "").replace(" or ", ", ")
        hint = (
            did_you_mean(item["input"], allowed.split(", "))
            if isinstance(item["input"], str)
            else ""
        )
        return Mistake(key, found, allowed, hint)
    name, _, suffix = kind.partition("_")
    if suffix in ("type", "from_float", "attributes_type"):
        return Mistake(key, found, _TYPE_NAMES.get(name, name), "")
    if kind == "too_short":
        return Mistake(key, found, "at least one entry", "")
    words = item["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return Mistake(key, found, words, "")


def _key(loc: KeyPath, source: Map) -> KeyPath:
    """The path in the file: pydantic's, without its tags of unions and lists of one."""
    key: list[str | int] = []
    value: Any = source
    if loc[0] in ARRAY_KEYS:
        loc = (loc[0], *loc[2:])
    for part in loc:
        inside = (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        )
        if inside:
            key.append(part)
            value = value[part]
    return tuple(key)


def _model_at(loc: KeyPath) -> type[BaseModel]:
    if len(loc) == 1:
        return CaseFields
    if loc[0] == "tolerance":
        return Tolerance
    if loc[0] == "expect":
        return ExpectedFields
    return ARRAY_FORMS[str(loc[1])]
