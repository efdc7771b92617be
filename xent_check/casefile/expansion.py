"""Expansion: from a file's mapping to one per case, with defaults merged and matrices expanded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from xent_check.errors import KeyPath, Mistake, did_you_mean

from .case import CaseFields
from .yaml_values import Map, Seq, describe

SourceMistake = tuple[Map, Mistake]  # the mapping that a mistake's key is in, and the mistake
MAX_COMBINATIONS = 10_000


def expand(source: Map, stem: str, mistakes: list[SourceMistake]) -> Iterator[Map]:
    """The mapping of each case of a file: a case that is the file itself, or each of `cases` over
    the `defaults`; one per combination of a `matrix`.

    stem: the name of a case without one. Adds to `mistakes`; what has one is left out.
    """
    for case_source in _case_sources(source, mistakes):
        yield from _combinations(case_source, stem, mistakes)


def _case_sources(source: Map, mistakes: list[SourceMistake]) -> list[Map]:
    """The mapping itself, or each of `cases` merged with the `defaults`."""
    if "cases" not in source and "defaults" not in source:
        return [source]
    for key in source:
        if key not in ("cases", "defaults"):
            of_case = key in CaseFields.model_fields
            remedy = "move it into `defaults` or a case" if of_case else "remove it"
            advice = did_you_mean(key, ("cases", "defaults")) or remedy
            mistakes.append((source, Mistake((key,), "unknown key", "defaults, cases", advice)))
    defaults, cases = source.get("defaults", Map(1)), source.get("cases")
    if not isinstance(defaults, Map):
        fault = describe(defaults)
        mistakes.append((source, Mistake(("defaults",), fault, "a mapping of case keys", "")))
        defaults = Map(1)
    if not isinstance(cases, Seq) or not cases:
        fault = "missing" if "cases" not in source else describe(cases)
        mistakes.append((source, Mistake(("cases",), fault, "a list of one case or more", "")))
        return []
    sources = []
    for index, case in enumerate(cases):
        if isinstance(case, Map):
            sources.append(_merge(defaults, case, case.line))
        else:
            place: KeyPath = ("cases", index)
            mistakes.append((source, Mistake(place, describe(case), "a mapping", "")))
    return sources


def _merge(base: Map, override: Map, line: int) -> Map:
    """`override` on top of `base`, key by key."""
    merged = Map(line)
    for part in (base, override):
        merged.update(part)
        merged.lines.update(part.lines)
        merged.origins.update(part.origins)
    return merged


def _combinations(source: Map, stem: str, mistakes: list[SourceMistake]) -> Iterator[Map]:
    """One mapping per combination of the matrix, named name[key=value,...]."""
    matrix = source.get("matrix")
    if matrix is None:
        yield source
        return
    matrix_mistakes = list(_matrix_mistakes(matrix))
    if matrix_mistakes:
        mistakes += [(source, mistake) for mistake in matrix_mistakes]
        return
    for values in itertools.product(*map(enumerate, matrix.values())):
        choice = Map(source.line)
        for key, (index, value) in zip(matrix, values, strict=True):
            choice[key], choice.lines[key] = value, matrix[key].lines[index]
            choice.origins[key] = ("matrix", key, index)
        combination = _merge(source, choice, source.line)
        del combination["matrix"]
        if combination.get("name") is None:
            combination["name"] = stem
            combination.lines["name"] = source.lines["matrix"]
        if isinstance(combination["name"], str):
            combination["name"] = f"{combination['name']}[{_choice_text(choice)}]"
        yield combination


def _matrix_mistakes(matrix: object) -> Iterator[Mistake]:
    if not isinstance(matrix, Map) or not matrix:
        fault = "an empty mapping" if isinstance(matrix, Map) else describe(matrix)
        advice = "such as {dtype: [float32, float64]}"
        yield Mistake(("matrix",), fault, "a mapping of keys to lists of values", advice)
        return
    keys = [key for key in CaseFields.model_fields if key not in ("name", "matrix")]
    combinations = 1
    for key, values in matrix.items():
        if key not in keys:
            hint = did_you_mean(key, keys)
            yield Mistake(("matrix", key), "unknown key", ", ".join(keys), hint)
        elif not isinstance(values, Seq) or not values:
            yield Mistake(("matrix", key), describe(values), "a list of values", "")
        else:
            combinations *= len(values)
    if combinations > MAX_COMBINATIONS:
        fault, allowed = f"{combinations:,} combinations", f"at most {MAX_COMBINATIONS:,}"
        yield Mistake(("matrix",), fault, allowed, "split the case")


def _choice_text(choice: Mapping[str, Any]) -> str:
    return ",".join(f"{key}={_value_text(value)}" for key, value in choice.items())


def _value_text(value: object) -> str:
    if isinstance(value, dict):
        return "{" + _choice_text(value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_value_text(item) for item in value) + "]"
    return value if isinstance(value, str) else describe(value)
