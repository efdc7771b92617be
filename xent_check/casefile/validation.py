"""Validation: a case's mapping against the models; every mistake in the contract's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from xent_check.errors import InvalidError, KeyPath, Mistake, did_you_mean
from xent_check.problem.options import OPTIONS, Words
from xent_check.problem.vocabulary import CHOICE_WORDS, GIVEN, Loss

from .array_forms import without_tags
from .case import (
    ANY_GIVEN,
    ARRAY_KEYS,
    KEY_WORDS,
    Because,
    CaseFields,
    ExpectedFields,
    GradientFields,
    ToleranceFields,
)
from .field_types import number_advice
from .yaml_values import Map, describe

UNKNOWN_KEY, MISSING = "unknown key", "missing"
NEAR_KEYS = (*CaseFields.model_fields, "cases", "defaults")  # what a key of a case may be meant as
TOLERANCE_KEYS = tuple(ToleranceFields.model_fields)


def case_fields(source: Map) -> CaseFields:
    """The keys of a case, checked against the models. InvalidError has every mistake, with its key
    in the case."""
    mistakes: list[Mistake] = []
    try:
        fields = CaseFields.model_validate(dict(source))
    except ValidationError as error:
        for item in error.errors():
            mistakes += _mistakes(dict(item), source)
    present = [given for given in GIVEN if source.get(given) is not None]
    if not present:
        fault = f"no {ANY_GIVEN}"
        mistakes.append(Mistake((), fault, "exactly one of them", "add one"))
    elif len(present) > 1:
        together = f"{' and '.join(present)} together"
        mistakes.append(Mistake((present[1],), together, "exactly one of them", "keep one"))
    if mistakes:
        raise InvalidError(*mistakes)
    return fields


_WORD_LIST_KEYS = (
    *("tags", "implementations"),
    *(option.key for option in OPTIONS if isinstance(option.kind, Words)),
)


_TYPES = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping",
    "model": "a mapping",
}
_MISSING = {
    "loss": ", ".join(get_args(Loss)),
    "labels": "numbers, or a mapping that makes them",
    "shape": "a list of sizes, such as [2, 3]",
    "num_classes": "a whole number, 1 or more",
    "base": "the array that they are put into",
    "text": "the reason in words",
    "id": "the id of a hypothesis (a reason without one is text alone)",
}
_BOUNDS = {
    "greater_than_equal": ("ge", "{} or more"),
    "less_than_equal": ("le", "at most {}"),
    "less_than": ("lt", "less than {}"),
    "greater_than": ("gt", "more than {}"),
}


def _mistakes(item: dict[str, Any], source: Map) -> Iterator[Mistake]:
    """A pydantic error in the words of the contract."""
    kind, loc, context = item["type"], tuple(item["loc"]), item.get("ctx", {})
    key, written = _place(loc, source)
    value = written if written == item["input"] else item["input"]  # a Row's numbers have no text
    fault, type_name = describe(value), kind.removesuffix("_type").removesuffix("_attributes")
    if kind == "mistakes":
        for mistake in context["mistakes"]:
            yield mistake.below(*key)
    elif kind == "extra_forbidden":
        yield _unknown_key((*key[:-1], str(loc[-1])), list(_model_at(loc).model_fields))
    elif kind == "missing":
        yield Mistake((*key, loc[-1]), MISSING, _MISSING.get(str(loc[-1]), ""), "add it")
    elif kind == "literal_error":
        allowed = context["expected"].replace("'", "").replace(" or ", ", ")
        allowed = "true" if allowed == "True" else allowed
        choices = allowed.split(", ")
        hint = did_you_mean(value, choices, CHOICE_WORDS) if isinstance(value, str) else ""
        if value == "none" and loc[0] == "reduction":
            hint = "leave the key out: the losses are always compared"
        yield Mistake(key, fault, allowed, hint)
    elif type_name in _TYPES:
        yield Mistake(key, fault, *_type_and_advice(type_name, loc, value))
    elif kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        yield Mistake(key, fault, words.format(_bound(context[name])), "")
    elif kind == "too_short":
        yield Mistake(key, fault, "at least one entry", "")
    elif kind == "too_long":
        yield Mistake(
            key, f"{context['actual_length']} entries", f"at most {context['max_length']}", ""
        )
    elif kind == "finite_number":
        yield Mistake(key, fault, "a finite number", "")
    else:
        yield Mistake(key, fault, item["msg"].removeprefix("Input should be "), "")


def _bound(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def _type_and_advice(type_name: str, loc: KeyPath, value: object) -> tuple[str, str]:
    if type_name == "string":
        scalar = value is not None and not isinstance(value, list | dict)
        return "text", "quote it" if scalar else ""
    if type_name == "list" and loc[0] in _WORD_LIST_KEYS:
        return "a word, or a list of words", ""
    if type_name == "list" and loc[0] == "expect":
        return "a mapping, or a list of mappings", "say what it gives: {losses: ...}"
    return _TYPES[type_name], number_advice(value) if type_name in ("int", "float") else ""


_ADVICE = {
    "<<": "YAML 1.2 has no merge keys: write the keys out, or put them in `defaults`",
    "from_logits": "the key of the scores says that: logits, probs or log_probs",
}


def _unknown_key(key: KeyPath, allowed: list[str]) -> Mistake:
    return unknown_key(key, NEAR_KEYS if len(key) == 1 else allowed, allowed)


def unknown_key(key: KeyPath, near: Iterable[str], allowed: Sequence[str]) -> Mistake:
    """The mistake: with the key that was meant, one of `near`, else with all that are allowed."""
    word = str(key[-1])
    advice = _ADVICE.get(word) or did_you_mean(word, near, KEY_WORDS)
    if advice and word in TOLERANCE_KEYS and "tolerance" in allowed:
        advice = f"write `tolerance: {{{word}: ...}}`"
    return Mistake(key, UNKNOWN_KEY, "" if advice else ", ".join(allowed), advice)


def _place(loc: KeyPath, source: Map) -> tuple[KeyPath, object]:
    """The path in the file, pydantic's without its tags of unions and lists of one, and the value
    there."""
    key: list[str | int] = []
    value: Any = source
    if loc[0] in ARRAY_KEYS:
        loc, _ = without_tags(loc)
    for part in loc:
        inside = (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        )
        if inside:
            key.append(part)
            value = value[part]
    return tuple(key), value


def _model_at(loc: KeyPath) -> type[BaseModel]:
    if len(loc) == 1:
        return CaseFields
    if loc[0] == "tolerance":
        return ToleranceFields
    if loc[0] == "expect":
        models: dict[object, type[BaseModel]] = {"because": Because, "gradient": GradientFields}
        return next((models[part] for part in loc[3:-1] if part in models), ExpectedFields)
    form = without_tags(loc)[1]
    assert form is not None  # numbers have no keys
    return form
