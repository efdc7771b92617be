"""Config: the settings of a project, from `[tool.xent-check]` of its pyproject.toml.

The functions under `implementations` and the interpreters under `python` are run, as pytest runs a
conftest.py. There is no key for `allow-outside`: a checkout may not decide which files its case
files may read.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xent_check.casefile.yaml_values import describe
from xent_check.errors import (
    InvalidError,
    KeyPath,
    Mistake,
    UserError,
    did_you_mean,
    key_text,
    mistake_text,
    visible,
)
from xent_check.results.number_text import tidy

FILE = "pyproject.toml"
TABLE = ("tool", "xent-check")
Value = str | float | bool | tuple[str, ...]
Place = Callable[[str], str]  # a path in the table as one from the working directory
_Check = Callable[[Any, Place], Value]


@dataclass(frozen=True)
class Config:
    """The table of a pyproject.toml."""

    file: str  # as reports name it
    values: Mapping[str, Value]  # by key


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
    """The table of the nearest pyproject.toml that has one, from the folder upwards to the root of
    its repository; UserError with every mistake in it."""
    for above in (folder, *folder.parents):
        file = above / FILE
        if os.path.isfile(file):
            table = _table(file, shown := os.path.relpath(file, folder))
            if table is not None:
                return _checked(table, shown, partial(_from, folder, above))
        if os.path.exists(above / ".git"):
            break
    return None


def _table(file: Path, shown: str) -> object:
    """The value of `[tool.xent-check]`; None where there is none."""
    try:
        document = tomllib.loads(file.read_bytes().decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        text, line = _place_of(str(error), file)
        raise UserError(visible(f"{shown}:{line}: {text}; --no-config does without")) from None
    except UnicodeDecodeError:
        raise UserError(visible(f"{shown}: not UTF-8; --no-config does without")) from None
    except OSError as error:
        raise UserError(visible(f"{shown}: {error.strerror}; --no-config does without")) from None
    tool = document.get(TABLE[0])
    if not isinstance(tool, dict):
        return None
    for name in tool:
        if name != TABLE[1] and re.sub(r"[\W_]", "", name.lower()) == "xentcheck":
            advice = f"write [{key_text(TABLE)}]"
            raise UserError(in_table(shown, Mistake((TABLE[0], name), "unknown table", "", advice)))
    return tool.get(TABLE[1])


def _place_of(message: str, file: Path) -> tuple[str, int]:
    """tomllib's message without the place at its end, and the line of that place."""
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", message, re.S)
    if match is None:
        return message, 1
    last = len(file.read_bytes().splitlines()) or 1
    return match[1], int(match[2] or last)


def _checked(table: object, file: str, place: Place) -> Config:
    values: dict[str, Value] = {}
    mistakes: list[Mistake] = []
    if not isinstance(table, dict):
        mistakes.append(
            Mistake(TABLE, _description(table), "a table", f"write [{key_text(TABLE)}]")
        )
        table = {}
    for name, value in table.items():
        key: KeyPath = (*TABLE, name)
        if name not in KEYS:
            advice = _advice(name)
            mistakes.append(Mistake(key, "unknown", "" if advice else ", ".join(KEYS), advice))
            continue
        try:
            values[name] = KEYS[name].check(value, place)
        except InvalidError as error:
            mistakes += [mistake.below(*key) for mistake in error.mistakes]
    if mistakes:
        raise UserError("\n".join(in_table(file, mistake) for mistake in mistakes))
    return Config(file, values)


def in_table(file: str, mistake: Mistake) -> str:
    """`pyproject.toml: tool.xent-check.jobs: 'two'; allowed: a whole number, 1 or more`."""
    return mistake_text(mistake, file, key_text(mistake.key))


def _advice(name: str) -> str:
    if name.replace("_", "-") == "allow-outside":
        return "who runs it says so: run --allow-outside"
    by_option = {key.option: f"did you mean {name!r}?" for name, key in KEYS.items() if key.option}
    return by_option.get(name) or did_you_mean(name, KEYS)


# ---- paths --------------------------------------------------------------------------------------


def _from(folder: Path, above: Path, path: str) -> str:
    """A path from `above` as one from `folder`."""
    path = os.path.expanduser(path)
    return path if os.path.isabs(path) else os.path.relpath(above / path, folder)


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
        if value == []:
            raise _wrong(_description(value), "at least one entry", "leave the key out")
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
        raise _wrong(_description(value), f"text{more}", "")
    if not value.strip():
        raise _wrong(_description(value), f"text{more}, not blank", "")
    return value


def _tolerance(value: Any, _: Place) -> Value:
    if value == "auto" or (_is_number(value) and 0 <= value < float("inf")):
        return tidy(str(value))
    raise _wrong(_description(value), "auto, or a number, 0 or more", _unquoted(value))


def _seconds(value: Any, _: Place) -> Value:
    if _is_number(value) and 0 < value < float("inf"):
        return float(value)
    raise _wrong(_description(value), "a number of seconds, more than 0", _unquoted(value))


def _count(value: Any, _: Place) -> Value:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise _wrong(_description(value), "a whole number, 1 or more", _unquoted(value))


def _flag(value: Any, _: Place) -> Value:
    if isinstance(value, bool):
        return value
    raise _wrong(_description(value), "true or false", _unquoted(value))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _unquoted(value: object) -> str:
    plain = isinstance(value, str) and re.fullmatch(r"[-+]?[\d.]+(e[-+]?\d+)?|true|false", value)
    return "remove the quotes" if plain else ""


def _description(value: object) -> str:
    return "a table" if isinstance(value, dict) else describe(value)


def _wrong(description: str, allowed: str, advice: str) -> InvalidError:
    return InvalidError(Mistake((), description, allowed, advice))


KEYS: dict[str, Key] = {
    "paths": Key("paths", _words(_case_path), "./cases"),
    "implementations": Key(
        "names", _words(_implementation), "what the cases list, or the default set", "impl"
    ),
    "tag": Key("tags", _words(_unchanged), "any"),
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
