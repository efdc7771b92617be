"""The types of values that a case file's keys take, for pydantic and for the JSON Schema."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from xent_check.diagnosis.diagnosis import ROUNDING
from xent_check.diagnosis.hypotheses.gradients import GRADIENT_HYPOTHESES
from xent_check.diagnosis.hypotheses.gradients_by_meaning import BY_MEANING
from xent_check.diagnosis.hypotheses.solved import EVERY
from xent_check.diagnosis.overflows import OVERFLOW
from xent_check.errors import KeyPath, Mistake, did_you_mean

from .yaml_values import Row, describe, scalar

MAX_SHOWN = 10  # mistakes of one array that are listed one by one


def validation_error(*mistakes: Mistake) -> PydanticCustomError:
    """The mistakes as an error of pydantic's; their keys start at the value that is validated."""
    return PydanticCustomError("mistakes", "see mistakes", {"mistakes": mistakes})


def number(value: object, key: KeyPath = (), allowed: str = "a number") -> float:
    """The number itself, with its text. PydanticCustomError where it is none, or beyond float64.

    key: of the number in the value that is validated. allowed: what to say is allowed.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise validation_error(Mistake(key, describe(value), allowed, number_advice(value)))
    try:
        overflows = math.isinf(float(value)) and "inf" not in str(value_text(value)).lower()
    except OverflowError:
        overflows = True
    if overflows:
        most = "numbers of up to 1.79e308, the largest of float64"
        raise validation_error(Mistake(key, describe(value), most, "infinity is written .inf"))
    return value


def _checked_number(value: object) -> float:
    return number(value)


def number_advice(value: object) -> str:
    """What to do about text that means a number; "" for anything else."""
    if not isinstance(value, str):
        return ""
    if isinstance(scalar(value), int | float) and not isinstance(scalar(value), bool):
        return "remove the quotes"
    word = value.lower().replace("infinity", "inf").removeprefix("+")
    spelled = {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}.get(word)
    return f"YAML writes it {spelled}" if spelled else ""


def value_text(value: object) -> str:
    """The text of a number in the file, or the value as text."""
    return str(getattr(value, "text", value))


def numbers(value: object) -> Any:
    """A number, or lists of numbers nested to one depth with rows of one length: the value itself.

    PydanticCustomError with up to MAX_SHOWN mistakes for anything else.
    """
    mistakes = list(_list_mistakes(value, ()))
    if len(mistakes) > MAX_SHOWN:
        more = len(mistakes) - MAX_SHOWN
        last = mistakes[MAX_SHOWN - 1].key
        mistakes[MAX_SHOWN:] = [Mistake(last, f"{more} more mistakes after this one", "", "")]
    if mistakes:
        raise validation_error(*mistakes)
    return value


def _list_mistakes(value: object, key: KeyPath) -> Iterator[Mistake]:
    if not isinstance(value, list):
        try:
            number(value, key, "a number" if key else "a number, or lists of numbers")
        except PydanticCustomError as error:
            yield from (error.context or {})["mistakes"]
        return
    if not value:
        advice = "an empty batch is written {shape: [0, 3], fill: 0}"
        yield Mistake(key, "an empty list", "at least one number", advice)
        return
    if isinstance(value, Row) or ({*map(type, value)} == {Row} and len({*map(len, value)}) == 1):
        return  # as most arrays are: a row, or rows of one length
    first = _shape(value[0])
    for index, row in enumerate(value):
        yield from _list_mistakes(row, (*key, index))
        shape = _shape(row)
        if shape != first and 0 not in (*shape, *first):
            fault = f"ragged: {_length(shape)} here, {_length(first)} in the first entry"
            yield Mistake((*key, index), fault, "rows of one length", "")


def _shape(value: object) -> tuple[int, ...]:
    """The shape of a list by its first items."""
    if isinstance(value, Row):
        return (len(value),)
    return (len(value), *(_shape(value[0]) if value else ())) if isinstance(value, list) else ()


def _length(shape: tuple[int, ...]) -> str:
    if not shape:
        return "a bare value"
    return "1 value" if shape == (1,) else f"{' x '.join(map(str, shape))} values"


NAME = "printable text without control characters or `::`"


def is_name(text: str) -> bool:
    """Whether text can stand in a case id."""
    return bool(text.strip()) and text.isprintable() and "::" not in text


def word(value: object) -> str:
    """Text that can stand in a case id. PydanticCustomError for anything else."""
    name = text(value)
    if not is_name(name):
        raise validation_error(Mistake((), describe(name), NAME, ""))
    return name


def text(value: object, allowed: str = "text") -> str:
    """Text that is not blank. PydanticCustomError for anything else. allowed: what to say is."""
    if not isinstance(value, str):
        advice = "" if value is None or isinstance(value, list | dict) else "quote it"
        raise validation_error(Mistake((), describe(value), allowed, advice))
    if not value.strip():
        raise validation_error(Mistake((), "blank text", "text that is not blank", ""))
    return value


def _checked_text(value: object) -> str:
    return text(value)


def _reason(value: object) -> str:
    return text(value, "text, or a mapping with text and id")


_OF_GRADIENTS = (*GRADIENT_HYPOTHESES, *BY_MEANING)
HYPOTHESIS_IDS = tuple(
    dict.fromkeys([*(h.id for h in EVERY), *(h.id for h in _OF_GRADIENTS), OVERFLOW, ROUNDING])
)


def hypothesis_id(value: object) -> str:
    """The id of a hypothesis of the diagnosis. PydanticCustomError for anything else."""
    if value not in HYPOTHESIS_IDS:
        hint = did_you_mean(value, HYPOTHESIS_IDS) if isinstance(value, str) else ""
        allowed = "" if hint else ", ".join(HYPOTHESIS_IDS)
        raise validation_error(Mistake((), describe(value), allowed, hint))
    return str(value)


def versions(value: object) -> str:
    """A specifier of versions by PEP 440, `>=3.15,<3.16`. PydanticCustomError for anything else."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    allowed = "a version specifier (PEP 440), such as '>=3.15,<3.16'"
    if not isinstance(value, str):
        raise validation_error(Mistake((), describe(value), allowed, "quote it, with == before it"))
    try:
        SpecifierSet(value)
    except InvalidSpecifier:
        exact = value[:1].isdigit()
        advice = f"for that version alone, write '=={value}'" if exact else ""
        raise validation_error(Mistake((), describe(value), allowed, advice)) from None
    if not value.strip():
        raise validation_error(
            Mistake((), "blank text", allowed, "leave the key out for every version")
        )
    return value


class OneOrMore:
    """The JSON Schema of a list whose single item may stand alone."""

    def __get_pydantic_json_schema__(self, core_schema: Any, handler: Any) -> dict[str, Any]:
        many = handler(core_schema)
        return {"anyOf": [many["items"], many]}


def _word_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


ONE_OR_MORE = (Field(min_length=1), BeforeValidator(_word_list), OneOrMore())
NUMBERS_SCHEMA: dict[str, Any] = {"$ref": "#/$defs/Numbers"}  # defined by json_schema.py
_TEXT = {"type": "string", "minLength": 1, "pattern": r"\S"}
Number = Annotated[float, PlainValidator(_checked_number), WithJsonSchema({"type": "number"})]
Numbers = Annotated[Any, PlainValidator(numbers), WithJsonSchema({"x-ref": "Numbers"})]
Word = Annotated[
    str, PlainValidator(word), WithJsonSchema(_TEXT | {"not": {"pattern": r"::|[\x00-\x1f\x7f]"}})
]
Text = Annotated[str, PlainValidator(_checked_text), WithJsonSchema(_TEXT)]
Reason = Annotated[str, PlainValidator(_reason), WithJsonSchema(_TEXT)]
HypothesisId = Annotated[
    str, PlainValidator(hypothesis_id), WithJsonSchema({"enum": list(HYPOTHESIS_IDS)})
]
Versions = Annotated[str, PlainValidator(versions), WithJsonSchema(_TEXT)]
Size = Annotated[int, Field(ge=0)]
Shape = Annotated[list[Size], Field(max_length=32)]


class Strict(BaseModel):
    """A mapping with known keys and exact types."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        defer_build=True,  # a model inside another, or made to be extended, is never asked alone
    )
