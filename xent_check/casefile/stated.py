"""Stated: a case of the command line, checked like one of a file, its mistakes by option."""

from __future__ import annotations

import re
from pathlib import Path

from xent_check.errors import InvalidError, Mistake, key_text, mistake_text
from xent_check.problem.options import dashed

from .case import ARRAY_KEYS, Case, CaseFields
from .expectations import expectations
from .loading import PosedCase, chosen, misspelt_names
from .posing import pose
from .validation import case_fields, without_harmless
from .yaml_values import Map

SHOWN = "eval"
_OPTIONS = {"implementations": "--impl"}


def stated(source: Map, any_label: bool = False) -> PosedCase:
    """The case that a mapping holds, ready to be run; InvalidError with every mistake.

    Array files are found from the current folder. any_label: labels outside the classes are
    allowed.
    """
    mistakes = list(misspelt_names(source))
    try:
        fields = case_fields(source)
    except InvalidError as error:
        mistakes += error.mistakes
        rest = without_harmless(source, error)
        if rest is None:
            raise InvalidError(*mistakes) from None
        source, fields = rest, case_fields(rest)
    case = Case(Path(SHOWN).absolute(), SHOWN, fields.loss, source, fields)
    try:
        problem = pose(case, allow_outside=True, any_label=any_label)
    except InvalidError as error:
        mistakes += error.mistakes
    if mistakes:
        raise InvalidError(*mistakes)
    return PosedCase(case, problem, expectations(case, problem), chosen(case))


def option(key: str) -> str:
    """The option of the command line for a key of a case: `class_axis` is `--class-axis`."""
    return _OPTIONS.get(key, dashed(key))


def by_option(mistake: Mistake) -> str:
    """`eval: --logits[0]: what is there; what is allowed; what to do`."""
    key = [part for part in mistake.key if part != "file"]
    if key and key[0] not in ARRAY_KEYS:  # words of an option that is repeated
        key = [part for part in key if not isinstance(part, int)]
    place = key_text((option(str(key[0])), *key[1:])) if key else ""
    words = map(_in_options, (mistake.found, mistake.allowed, mistake.advice))
    return mistake_text(Mistake((), *words), SHOWN, place)


def _in_options(text: str) -> str:
    """A case file's words in those of the command line: `normalize: false` is `--no-normalize`."""
    text = re.sub(r"`check: \[value, gradient\]`", "`--check gradient`", text)
    text = re.sub(r"`(\w+): (true|false)`", _flag, text)
    text = re.sub(r"`(\w+): (\w+)`", lambda m: f"`{option(m[1])} {m[2]}`", text)
    text = re.sub(r"`(\w+)`", _key, text)
    return text.replace("the case file's folder", "the current folder")


def _flag(match: re.Match[str]) -> str:
    name = option(match[1])
    return f"`{name}`" if match[2] == "true" else f"`--no-{name[2:]}`"


def _key(match: re.Match[str]) -> str:
    if match[1] == "expect":
        return "`expect` in a case file"
    return f"`{option(match[1])}`" if match[1] in CaseFields.model_fields else match[0]
