"""Expansion: from a file's mapping to one per case, with defaults merged and matrices expanded."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from xent_check.errors import KeyPath, Mistake, closest, did_you_mean

from .case import KEY_WORDS, CaseFields
from .listing import choice_text
from .validation import UNKNOWN_KEY, unknown_key
from .yaml_values import Map, Seq, describe

SourceMistake = tuple[Map, Mistake]  # the mapping that a mistake's key is in, and the mistake
MAX_COMBINATIONS = 10_000
_FILE_KEYS = ("cases", "defaults")
_MATRIX_KEYS = tuple(key for key in CaseFields.model_fields if key not in ("name", "matrix"))


def expand(source: Map, stem: str, mistakes: list[SourceMistake]) -> Iterator[Map]:
    """The mapping of each case of a file: a case that is the file itself, or each of `cases` over
    the `defaults`; one per combination of a `matrix`.

    stem: the name of a case without one. Adds to `mistakes`; what has one is left out.
    """
    for case_source in _case_sources(source, mistakes):
        yield from _combinations(case_source, stem, mistakes)


def _case_sources(source: Map, mistakes: list[SourceMistake]) -> list[Map]:
    """The mapping itself, or each of `cases` merged with the `defaults`. Keys that stand beside
    those are taken for what was meant by them."""
    meant = {key: closest(key, _FILE_KEYS, KEY_WORDS) for key in source if key not in _FILE_KEYS}
    renamed = {m[0]: source[key] for key, m in meant.items() if m and m[0] not in source}
    is_list = isinstance(renamed.get("cases"), Seq) and "loss" not in source
    if "cases" not in source and "defaults" not in source and not is_list:
        return [source]
    common = Map(source.line)
    for key in meant:
        of_case = not meant[key] and key in CaseFields.model_fields
        remedy = "move it into `defaults` or a case" if of_case else "remove it"
        near = did_you_mean(key, _FILE_KEYS, KEY_WORDS)
        allowed = "" if near else "defaults, cases"
        mistakes.append((source, Mistake((key,), UNKNOWN_KEY, allowed, near or remedy)))
        if of_case:
            common[key], common.lines[key] = source[key], source.lines[key]
    found = {**renamed, **source}
    defaults, cases = found.get("defaults", Map(1)), found.get("cases")
    if not isinstance(defaults, Map):
        mistake = Mistake(("defaults",), describe(defaults), "a mapping of case keys", "")
        mistakes.append((source, mistake))
        defaults = Map(1)
    defaults = _merge(common, defaults, defaults.line)
    if not isinstance(cases, Seq) or not cases:
        value = "missing" if "cases" not in found else describe(cases)
        mistakes.append((source, Mistake(("cases",), value, "a list of one case or more", "")))
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
        merged.unclear = (merged.unclear - part.keys()) | part.unclear
    return merged


def _combinations(source: Map, stem: str, mistakes: list[SourceMistake]) -> Iterator[Map]:
    """One mapping per combination of the matrix, named name[key=value,...]."""
    matrix = source.get("matrix")
    if matrix is None:
        yield source
        return
    matrix_mistakes = list(_matrix_mistakes(matrix))
    mistakes += [(source, mistake) for mistake in matrix_mistakes]
    whole = _merge(source, Map(source.line), source.line)
    del whole["matrix"]
    columns = _columns(matrix, bool(matrix_mistakes))
    whole.unclear |= {key for key, column in columns.items() if not column}
    columns = {key: column for key, column in columns.items() if column}
    if not columns:
        yield whole
        return
    for values in itertools.product(*columns.values()):
        choice = Map(source.line)
        for key, (value, line, origin) in zip(columns, values, strict=True):
            choice[key], choice.lines[key], choice.origins[key] = value, line, origin
        combination = _merge(whole, choice, source.line)
        if combination.get("name") is None:
            combination["name"] = stem
            combination.lines["name"] = source.lines["matrix"]
        if isinstance(combination["name"], str):
            combination["name"] = f"{combination['name']}[{choice_text(choice)}]"
        yield combination


def _columns(matrix: object, mended: bool) -> dict[str, list[tuple[Any, int, KeyPath]]]:
    """The values of each key of a matrix, each with its line and its place in the case.

    mended: what is wrong in it is taken for what was meant; of values, the first alone.
    """
    columns: dict[str, list[tuple[Any, int, KeyPath]]] = {}
    if not isinstance(matrix, Map):
        return {}
    for key, values in matrix.items():
        (meant, *others) = closest(key, _MATRIX_KEYS, KEY_WORDS) or ("",)
        if not meant or others or (meant != key and meant in matrix):
            continue
        if isinstance(values, Seq):
            columns[meant] = [
                (value, values.lines[index], ("matrix", key, index))
                for index, value in enumerate(values[:1] if mended else values)
            ]
        else:
            columns[meant] = [(values, matrix.lines[key], ("matrix", key))]
    return columns


def _matrix_mistakes(matrix: object) -> Iterator[Mistake]:
    if not isinstance(matrix, Map) or not matrix:
        fault = "an empty mapping" if isinstance(matrix, Map) else describe(matrix)
        advice = "such as {dtype: [float32, float64]}"
        yield Mistake(("matrix",), fault, "a mapping of keys to lists of values", advice)
        return
    combinations = 1
    for key, values in matrix.items():
        if key not in _MATRIX_KEYS:
            yield unknown_key(("matrix", key), _MATRIX_KEYS, _MATRIX_KEYS)
        elif not isinstance(values, Seq) or not values:
            yield Mistake(("matrix", key), describe(values), "a list of values", "")
        else:
            combinations *= len(values)
    if combinations > MAX_COMBINATIONS:
        fault, allowed = f"{combinations:,} combinations", f"at most {MAX_COMBINATIONS:,}"
        yield Mistake(("matrix",), fault, allowed, "split the case")
