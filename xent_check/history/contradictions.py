"""Contradictions: where a saved run states something else than its numbers give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xent_check.errors import key_text

_TIMES = ("durations",)  # no numbers of the report give these


def contradiction(written: dict[str, Any], again: dict[str, Any]) -> str | None:
    """The first place where a document differs from what is written again of its report, in words;
    None where none does. Further keys of the document do not count."""
    ordered = {"results": again["results"], **again}  # one result says more than the summary
    rest = {key: value for key, value in ordered.items() if key not in _TIMES}
    difference = next(_differences((), written, rest), None)
    if difference is None:
        return None
    path, stated, given = difference
    where, answer = key_text(path), ""
    if path[0] == "results" and len(path) > 2:
        result = again["results"][path[1]]
        where, answer = key_text(path[2:]), f"{result['implementation']} on {result['case']}: "
    text = "is missing" if stated is _ABSENT else f"is {_short(stated)}"
    return f"{answer}{where} {text}; its numbers give {_short(given)}"


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


_ABSENT = _Absent()
Difference = tuple[tuple[str | int, ...], Any, Any]  # path, what is stated, what the numbers give


def _differences(path: tuple[str | int, ...], stated: Any, given: Any) -> Iterator[Difference]:
    if isinstance(given, dict) and isinstance(stated, dict):
        for key, value in given.items():
            yield from _differences((*path, key), stated.get(key, _ABSENT), value)
    elif isinstance(given, list) and isinstance(stated, list):
        for index in range(max(len(given), len(stated))):
            first = stated[index] if index < len(stated) else _ABSENT
            second = given[index] if index < len(given) else _ABSENT
            yield from _differences((*path, index), first, second)
    elif isinstance(given, bool) or isinstance(stated, bool):
        if given is not stated:
            yield path, stated, given
    elif stated != given:
        yield path, stated, given


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
