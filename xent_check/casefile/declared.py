"""Declared: what a user says of their own losses, checked: `[tool.xent-check.implementation.NAME]`,
the options of the same names, and the keywords of the Python API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from xent_check.errors import InvalidError, KeyPath, Mistake, OtherWords, closest, did_you_mean
from xent_check.implementations.declaration import (
    EXPLICIT,
    FACTS,
    FIXABLE,
    ROLES,
    Declaration,
    Promise,
)
from xent_check.implementations.names import Implementation, parse
from xent_check.implementations.table import IMPLEMENTATIONS
from xent_check.problem.expectation import REFERENCE
from xent_check.problem.options import OPTIONS, NumberArray
from xent_check.problem.vocabulary import CHOICE_WORDS, DTYPES, GIVEN, LOSSES, REDUCTIONS

from .case import KEY_WORDS
from .pyproject import TABLES, Place, Table, description, find_table
from .validation import case_fields
from .yaml_values import Map

FUNCTION = "function"
KEYS = ("loss", "given", "returns", "compute", "map", "set", "fixed", "env")
_WORDS: OtherWords = (
    (FUNCTION, ("func", "fn", "callable", "spec", "module", "path", "implementation")),
    ("loss", ("losses", "kind", "computes")),
    ("given", ("input", "inputs", "takes", "from")),
    ("returns", ("return", "reduction", "output", "answers")),
    ("compute", ("dtype", "compute_dtype", "precision", "accumulate", "accumulator")),
    ("map", ("mapping", "rename", "parameters", "names")),
    ("set", ("constants", "args", "kwargs", "arguments", "options", "pass")),
    ("fixed", ("built_in", "builtin", "builtins", "fix")),
    ("env", ("environment", "environ", "variables")),
)
_NAME = re.compile(r"[\w.-]+")
_RETURNS = (*("losses", *REDUCTIONS), f"[{EXPLICIT}]")
_TOO_LATE = ("PYTHON", "LD_", "DYLD_")  # of the variables that a process reads when it starts
_EXAMPLE = {"map": 'target = "labels"', "set": "inplace = false", "fixed": "label_smoothing = 0.1",
            "env": 'TRITON_INTERPRET = "1"'}  # fmt: skip


def declared_in(table: Table) -> dict[str, Implementation]:
    """The implementations that the tables in `[tool.xent-check]` declare, by name. InvalidError
    with every mistake, the keys those in the table."""
    declared: dict[str, Implementation] = {}
    mistakes: list[Mistake] = []
    tables = table.value.get(TABLES, {}) if isinstance(table.value, dict) else {}
    if not isinstance(tables, dict) or not all(isinstance(one, dict) for one in tables.values()):
        raise InvalidError(_not_tables(tables))
    for name, values in tables.items():
        try:
            declared[name] = _implementation(name, values, table)
        except InvalidError as error:
            mistakes += [mistake.below(TABLES, name) for mistake in error.mistakes]
    if mistakes:
        raise InvalidError(*mistakes)
    return declared


def project_implementations(folder: Path, with_lines: bool = False) -> dict[str, Implementation]:
    """What the project of a working directory declares, by name; UserError with every mistake.
    with_lines: their places have the lines of their tables too, which takes a moment to find."""
    table = find_table(folder)
    if table is None:
        return {}
    try:
        declared = declared_in(table)
    except InvalidError as error:
        table.refuse(error.mistakes)
        raise
    if not with_lines:
        return declared
    lines = {name: table.line_of(TABLES, name) for name in declared}
    return {name: replace(i, place=f"{i.place}:{lines[name]}") for name, i in declared.items()}


def _not_tables(tables: Any) -> Mistake:
    advice = f"write [tool.xent-check.{TABLES}.NAME], with a {FUNCTION} in it"
    if not isinstance(tables, dict):
        advice = "did you mean 'implementations'?"
        return Mistake((TABLES,), description(tables), "tables, one for each name", advice)
    name, value = next((n, v) for n, v in tables.items() if not isinstance(v, dict))
    return Mistake((TABLES, name), description(value), "a table, whose key is a name", advice)


def _implementation(name: str, values: Mapping[str, Any], table: Table) -> Implementation:
    mistakes = list(_name_mistakes(name))
    function: Implementation | None = None
    try:
        function = _function(values, table.place)
    except InvalidError as error:
        mistakes += error.mistakes
    try:
        declared = declaration_of({k: v for k, v in values.items() if k != FUNCTION}, FUNCTION)
    except InvalidError as error:
        mistakes += error.mistakes
    if mistakes:
        raise InvalidError(*mistakes)
    assert function is not None
    return replace(function, name=name, declared=declared, place=table.file)


def _name_mistakes(name: str) -> Iterator[Mistake]:
    if name in (*IMPLEMENTATIONS, REFERENCE):
        yield Mistake((), f"{name!r} is taken", "another name", f"{name} is built in")
    elif not _NAME.fullmatch(name):
        yield Mistake((), repr(name), "a name of letters, digits, '.', '_' and '-'", "")


def _function(values: Mapping[str, Any], place: Place) -> Implementation:
    """The function of a table; the path of its file is one from the table's folder."""
    allowed = "[FRAMEWORK=]module:attribute[@DEVICE], or path/to/file.py:attribute"
    if FUNCTION not in values:
        raise InvalidError(Mistake((FUNCTION,), "missing", allowed, "add it"))
    text = values[FUNCTION]
    if not isinstance(text, str) or not text.strip():
        raise InvalidError(Mistake((FUNCTION,), description(text), allowed, ""))
    with_place = re.sub(r"^((?:\w+=)?)([^=]+\.py)(?=:)", lambda m: m[1] + place(m[2]), text)
    try:
        implementation = parse(with_place)
    except InvalidError as error:
        mistake = error.mistakes[0]
        raise InvalidError(replace(mistake, key=(FUNCTION,), allowed=allowed)) from None
    if not implementation.function or implementation.label or implementation.place:
        fault = f"{text!r} is no function of yours"
        raise InvalidError(Mistake((FUNCTION,), fault, allowed, ""))
    return implementation


def declaration_of(values: Mapping[str, Any], *also: str, in_process: bool = False) -> Declaration:
    """The declaration of values by their keys, of which None says nothing; InvalidError with every
    mistake. also: keys that stand beside them, which a misspelt one may mean. in_process: `set` may
    have any object."""
    checks: dict[str, Callable[[Any], Any]] = {
        "loss": lambda value: _choices(value, LOSSES),
        "given": lambda value: _choices(value, GIVEN),
        "returns": _returns,
        "compute": _compute,
        "map": _map,
        "set": _any_set if in_process else _set,
        "fixed": _fixed,
        "env": _env,
    }
    said: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    for key, value in values.items():
        if key not in checks:
            advice = did_you_mean(key, (*also, *KEYS), _WORDS)
            allowed = "" if advice else ", ".join((*also, *KEYS))
            mistakes.append(Mistake((key,), "unknown key", allowed, advice))
            continue
        try:
            if value is not None:
                said[key] = checks[key](value)
        except InvalidError as error:
            mistakes += [mistake.below(key) for mistake in error.mistakes]
    named = [name for key in ("map", "set") for name, _ in said.get(key, ())]
    for name in sorted({name for name in named if named.count(name) > 1}):
        mistakes.append(Mistake(("set", name), "is in `map` too", "one of the two", ""))
    if mistakes:
        raise InvalidError(*mistakes)
    return Declaration(**said)


def _choices(value: Any, allowed: Sequence[str]) -> tuple[str, ...]:
    """One of the words, or a list of some."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not words:
        raise _wrong(value, f"{', '.join(allowed)}, or a list of them")
    mistakes: list[Mistake] = []
    for place, one in enumerate(words):
        try:
            _choice(one, allowed)
        except InvalidError as error:
            key: KeyPath = () if value is one else (place,)
            mistakes += [mistake.below(*key) for mistake in error.mistakes]
    if mistakes:
        raise InvalidError(*mistakes)
    return tuple(dict.fromkeys(words))


def _choice(value: Any, allowed: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        hint = did_you_mean(value, allowed, CHOICE_WORDS) if isinstance(value, str) else ""
        raise _wrong(value, ", ".join(allowed), hint)
    return value


def _compute(value: Any) -> str:
    if value in DTYPES and value not in get_args(Promise):
        advice = "without it the bound is that of the case's own dtype"
        raise _wrong(value, ", ".join(get_args(Promise)), advice)
    return _choice(value, get_args(Promise))


def _returns(value: Any) -> str:
    allowed = ", ".join(_RETURNS)
    if isinstance(value, list | tuple) and len(value) == 1:
        (value,) = value
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        if ", ".join(value) != EXPLICIT:
            raise InvalidError(Mistake((), f"[{', '.join(value)}]", allowed, ""))
        return EXPLICIT
    if not isinstance(value, str) or value not in _RETURNS[:-1]:
        words = (*_RETURNS[:-1], "gradient")
        near = closest(value, words, CHOICE_WORDS) if isinstance(value, str) else ()
        meant = f"[{EXPLICIT}]" if near == ("gradient",) else " or ".join(map(repr, near))
        raise _wrong(value, allowed, f"did you mean {meant}?" if meant else "")
    return value


def _map(value: Any) -> tuple[tuple[str, str], ...]:
    """Parameters and their roles, none of them twice."""
    mistakes: list[Mistake] = []
    parameters: dict[str, str] = {}
    for name, role in _pairs(value, "map", mistakes):
        if not isinstance(role, str) or role not in ROLES:
            hint = did_you_mean(role, ROLES, KEY_WORDS) if isinstance(role, str) else ""
            mistakes.append(Mistake((name,), description(role), ", ".join(ROLES), hint))
        elif role in parameters:
            fault = f"{role!r}, which {parameters[role]} is already"
            mistakes.append(Mistake((name,), fault, "one parameter for each", ""))
        else:
            parameters[role] = name
    if mistakes:
        raise InvalidError(*mistakes)
    return tuple((name, role) for role, name in parameters.items())


def _any_set(value: Any) -> tuple[tuple[str, Any], ...]:
    mistakes: list[Mistake] = []
    pairs = tuple(_pairs(value, "set", mistakes))
    if mistakes:
        raise InvalidError(*mistakes)
    return pairs


def _set(value: Any) -> tuple[tuple[str, Any], ...]:
    mistakes: list[Mistake] = []
    pairs = tuple(_pairs(value, "set", mistakes))
    for name, one in pairs:
        if one is not None and not isinstance(one, str | int | float):
            words = f"text, a number, true or false; or {' or '.join(FACTS)}, as the case has it"
            mistakes.append(Mistake((name,), description(one), words, ""))
    if mistakes:
        raise InvalidError(*mistakes)
    return tuple((name, _plain(one)) for name, one in pairs)


def _plain(value: Any) -> Any:
    """A number without the text that it was read from, which no other process would take."""
    kinds = (kind for kind in (bool, int, float) if isinstance(value, kind))
    return next((kind(value) for kind in kinds), value)


def _fixed(value: Any) -> tuple[tuple[str, Any], ...]:
    """Options with values as a case may have them."""
    mistakes: list[Mistake] = []
    pairs: list[tuple[str, Any]] = []
    for key, one in _pairs(value, "fixed", mistakes):
        if key not in FIXABLE:
            mistakes.append(_not_fixable(key))
        elif isinstance(FIXABLE[key].kind, NumberArray):
            array = np.asarray(one) if _is_array(one) else None
            if array is None or array.dtype.kind not in "iuf":
                mistakes.append(Mistake((key,), description(one), "numbers", ""))
            else:
                pairs.append((key, _nested(array.tolist())))
        else:
            found = list(_option_mistakes(key, one))
            mistakes += found
            pairs += [] if found else [(key, _plain(one))]
    if mistakes:
        raise InvalidError(*mistakes)
    return tuple(pairs)


def _not_fixable(key: str) -> Mistake:
    if key in ("reduction", "check", "cotangent"):
        advice = "`returns` says what comes back" if key == "reduction" else ""
        return Mistake((key,), "nothing that a loss has built in", ", ".join(FIXABLE), advice)
    words = tuple((o.key, (*o.synonyms, *o.other_words)) for o in OPTIONS)
    words += (("class_weight", ("weight",)),)  # which no loss has built in as a matrix
    hint = did_you_mean(key, FIXABLE, words)
    return Mistake((key,), "unknown option", ", ".join(FIXABLE), hint)


def _is_array(value: Any) -> bool:
    return isinstance(value, int | float | list | tuple | np.ndarray) and value is not True


def _nested(value: Any) -> Any:
    return tuple(map(_nested, value)) if isinstance(value, list) else float(value)


def _option_mistakes(key: str, value: Any) -> Iterator[Mistake]:
    """What is wrong with an option's value, as of a case."""
    source = Map(1)
    source.update({"loss": "binary", "logits": [0.0], "labels": [0.0], key: value})
    try:
        case_fields(source)
    except InvalidError as error:
        yield from error.mistakes
    if value is None:
        yield Mistake((key,), "nothing", "the value that is built in", "")


def _env(value: Any) -> tuple[tuple[str, str], ...]:
    mistakes: list[Mistake] = []
    pairs = tuple(_pairs(value, "env", mistakes))
    for name, one in pairs:
        if not isinstance(one, str):
            advice = "" if isinstance(one, list | dict) else "quote it"
            mistakes.append(Mistake((name,), description(one), "text", advice))
        elif not name or "=" in name or "\0" in name + one:
            mistakes.append(Mistake((name,), "no name of a variable", "", ""))
        elif name.startswith(_TOO_LATE):
            fault = "read when Python starts, which is before it would be set"
            mistakes.append(Mistake((name,), fault, "", "set it in the shell"))
    if mistakes:
        raise InvalidError(*mistakes)
    return pairs


def _pairs(value: Any, key: str, mistakes: list[Mistake]) -> Iterator[tuple[str, Any]]:
    """The entries of a table; a mistake where it is none."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            if isinstance(name, str):
                yield name, one
            else:
                mistakes.append(Mistake((), f"{name!r} for a name", "text", ""))
    else:
        allowed = f"a table, such as {{{_EXAMPLE[key]}}}"
        mistakes.append(Mistake((), description(value), allowed, ""))


def _wrong(value: Any, allowed: str, advice: str = "") -> InvalidError:
    return InvalidError(Mistake((), description(value), allowed, advice))
