"""Config: the settings of a project, from `[tool.xent-check]` of its pyproject.toml.

The functions under `implementations` and the interpreters under `python` are run, as pytest runs a
conftest.py. There is no key for `allow-outside`: a checkout may not decide which files its case
files may read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xent_check.casefile.pyproject import TABLE, TABLES, Place, Table, description, find_table
from xent_check.errors import InvalidError, Mistake, did_you_mean, key_text
from xent_check.problem.vocabulary import CHOICE_WORDS, LEVELS
from xent_check.results.number_text import tidy

if TYPE_CHECKING:
    from xent_check.implementations.names import Implementation

Value = str | float | bool | tuple[str, ...]
_Check = Callable[[Any, Place], Value]


@dataclass(frozen=True)
class Config:
    """The checked table of a pyproject.toml."""

    table: Table  # as it stands there
    values: Mapping[str, Value]  # by key
    # Those that it declares, by name.
    declared: Mapping[str, Implementation] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """A key of the table."""

    parameter: str
    """the parameter of the command that it sets"""
    check: _Check
    """gives the value as the option takes it; InvalidError, its keys relative to this one"""
    unset: str = ""
    """the default in words, where the option's help does not say it"""
    option: str = ""
    """the long option, where its name differs from the key"""


def find(folder: Path) -> Config | None:
    """The table for a working directory; UserError with every mistake in it."""
    table = find_table(folder)
    return None if table is None else _checked(table)


def _checked(table: Table) -> Config:
    values: dict[str, Value] = {}
    mistakes: list[Mistake] = []
    settings = table.value
    if not isinstance(settings, dict):
        advice = f"write [{key_text(TABLE)}]"
        mistakes.append(Mistake((), description(settings), "a table", advice))
        settings = {}
    declared: dict[str, Implementation] = {}
    if TABLES in settings:
        from xent_check.casefile.declared import declared_in

        try:
            declared = declared_in(table)
        except InvalidError as error:
            mistakes += error.mistakes
    with _known(declared, settings):
        for name, value in settings.items():
            if name == TABLES:
                continue
            if name not in KEYS:
                advice = _advice(name)
                allowed = "" if advice else ", ".join((*KEYS, TABLES))
                mistakes.append(Mistake((name,), "unknown", allowed, advice))
                continue
            try:
                values[name] = KEYS[name].check(value, table.place)
            except InvalidError as error:
                mistakes += [mistake.below(name) for mistake in error.mistakes]
    table.refuse(mistakes)
    return Config(table, values, declared)


@contextmanager
def _known(declared: Mapping[str, Implementation], settings: Mapping[str, Any]) -> Iterator[None]:
    """Let other keys name what is declared; also a name whose table is wrong, which is told."""
    if TABLES not in settings:
        yield
        return
    from xent_check.implementations.names import Implementation, declaring
    from xent_check.implementations.table import CUSTOM

    tables = settings[TABLES]
    names = tables if isinstance(tables, dict) else ()
    with declaring({name: Implementation(name, CUSTOM) for name in names} | dict(declared)):
        yield


def _advice(name: str) -> str:
    if name.replace("_", "-") == "allow-outside":
        return "who runs it says so: run --allow-outside"
    by_option = {key.option: f"did you mean {name!r}?" for name, key in KEYS.items() if key.option}
    return by_option.get(name) or did_you_mean(name, KEYS)


# ---- paths --------------------------------------------------------------------------------------


def _case_path(text: str, place: Place) -> str:
    """A PATH of `run`; InvalidError where nothing of this name exists."""
    from xent_check.casefile.paths import CORPUS, absence, split_path, user_path

    start, colons, name = text.partition("::")
    path = split_path(text)[0] if text.startswith(CORPUS) else user_path(place(start))
    mistake = absence(path)
    if mistake is not None:
        raise _wrong(f"{start!r}: {mistake.fault}", mistake.allowed, mistake.advice)
    return text if path.startswith(CORPUS) else path + colons + name


def _implementation(text: str, place: Place) -> str:
    """The name of an implementation; in `file.py:function` the file is a path from the table. A
    label is checked later, when the interpreters are known."""
    from xent_check.implementations.names import parse

    match = re.fullmatch(r"((?:\w+=)?)([^=]+\.py)(:\w+(?:@\w+)?(?:\[[^\[\]]*\])?)", text)
    if match is not None:
        return match[1] + place(match[2]) + match[3]
    parse(re.sub(r"\[[^\[\]]*\]$", "", text))
    return text


def _report(text: str, place: Place) -> str:
    form, equals, file = text.partition("=")
    return f"{form}={place(file)}" if file else form + equals


def _python(text: str, place: Place) -> str:
    """`[NAME[LABEL]=]PATH`; a word that is not a file is a command."""
    name, equals, path = text.rpartition("=") if not os.path.exists(place(text)) else ("", "", text)
    is_path = os.path.basename(path) != path or os.path.exists(place(path))
    return name + equals + (place(path) if is_path else path)


def _unchanged(text: str, _: Place) -> str:
    return text


# ---- values -------------------------------------------------------------------------------------


def _words(check_word: Callable[[str, Place], str]) -> _Check:
    """A check of a word, or a list of words."""

    def check(value: Any, place: Place) -> Value:
        is_list = isinstance(value, list)
        if isinstance(value, dict) and check_word is _implementation:
            advice = f"did you mean [{key_text((*TABLE, TABLES, next(iter(value), 'NAME')))}]?"
            raise _wrong(description(value), "text, or a list of them", advice)
        if value == []:
            raise _wrong(description(value), "at least one entry", "leave the key out")
        words: list[str] = []
        mistakes: list[Mistake] = []
        for index, item in enumerate(value if is_list else [value]):
            try:
                words.append(
                    check_word(_text(item, "" if is_list else ", or a list of them"), place)
                )
            except InvalidError as error:
                at = (index,) if is_list else ()
                mistakes += [mistake.below(*at) for mistake in error.mistakes]
        if mistakes:
            raise InvalidError(*mistakes)
        return tuple(words)

    return check


def _file(value: Any, place: Place) -> Value:
    return place(_text(value))


def _text(value: Any, more: str = "") -> str:
    if not isinstance(value, str):
        raise _wrong(description(value), f"text{more}", "")
    if not value.strip():
        raise _wrong(description(value), f"text{more}, not blank", "")
    return value


def _level(value: Any, _: Place) -> Value:
    if value in LEVELS:
        return str(value)
    hint = did_you_mean(value, LEVELS, CHOICE_WORDS) if isinstance(value, str) else ""
    raise _wrong(description(value), ", ".join(LEVELS), hint)


def _tolerance(value: Any, _: Place) -> Value:
    if value == "auto" or (_is_number(value) and 0 <= value < float("inf")):
        return tidy(str(value))
    raise _wrong(description(value), "auto, or a number, 0 or more", _unquoted(value))


def _seconds(value: Any, _: Place) -> Value:
    if _is_number(value) and 0 < value < float("inf"):
        return float(value)
    raise _wrong(description(value), "a number of seconds, more than 0", _unquoted(value))


def _count(value: Any, _: Place) -> Value:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise _wrong(description(value), "a whole number, 1 or more", _unquoted(value))


def _flag(value: Any, _: Place) -> Value:
    if isinstance(value, bool):
        return value
    raise _wrong(description(value), "true or false", _unquoted(value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unquoted(value: object) -> str:
    plain = isinstance(value, str) and re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?|true|false", value)
    return "remove the quotes" if plain else ""


def _wrong(fault: str, allowed: str, advice: str) -> InvalidError:
    return InvalidError(Mistake((), fault, allowed, advice))


KEYS: dict[str, Key] = {
    "paths": Key("paths", _words(_case_path), "./cases"),
    "implementations": Key(
        "names", _words(_implementation), "what the cases list, or the default set", "impl"
    ),
    "tag": Key("tags", _words(_unchanged), "any"),
    "level": Key("level", _level),
    "tolerance": Key("tolerance", _tolerance, "what the cases say"),
    "strict": Key("strict", _flag, "no"),
    "baseline": Key("baseline", _file),
    "fail-on": Key("fail_on", _words(_unchanged)),
    "max-fail": Key("max_fail", _count),
    "timeout": Key("timeout", _seconds),
    "jobs": Key("jobs", _count),
    "python": Key("pythons", _words(_python), "this one"),
    "require": Key("required", _words(_implementation)),
    "report": Key("reports", _words(_report)),
}


def by_parameter(config: Config | None) -> Iterator[tuple[str, Value]]:
    """The values of the table with the parameter that each sets."""
    if config is not None:
        yield from ((KEYS[name].parameter, value) for name, value in config.values.items())
