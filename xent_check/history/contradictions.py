"""Contradictions: where a saved run states something else than its numbers give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xent_check.errors import key_text

_NOT_DERIVED = ("durations", "origin")  # no numbers of the report give these


def contradiction(written: dict[str, Any], again: dict[str, Any]) -> str | None:
    """The first place where a document differs from what is written again of its report, in words;
    None where none does. Further keys of the document do not count."""
    ordered = {"results": again["results"], **again}  # one result says more than the summary
    rest = {key: value for key, value in ordered.items() if key not in _NOT_DERIVED}
    difference = next(_differences((), written, rest), None)
    if difference is None:
        return None
    path, file_value, report_value = difference
    where, answer = key_text(path), ""
    if path[0] == "results" and len(path) > 2:
        result = again["results"][path[1]]
        where, answer = key_text(path[2:]), f"{result['implementation']} on {result['case']}: "
    text = "is missing" if file_value is _ABSENT else f"is {_short(file_value)}"
    return f"{answer}{where} {text}; its numbers give {_short(report_value)}"


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


_ABSENT = _Absent()
Difference = tuple[
    tuple[str | int, ...], Any, Any
]  # path, what the file says, what its numbers give


def _differences(
    path: tuple[str | int, ...], file_value: Any, report_value: Any
) -> Iterator[Difference]:
    if isinstance(report_value, dict) and isinstance(file_value, dict):
        for key, value in report_value.items():
            yield from _differences((*path, key), file_value.get(key, _ABSENT), value)
    elif isinstance(report_value, list) and isinstance(file_value, list):
        for index in range(max(len(report_value), len(file_value))):
            first = file_value[index] if index < len(file_value) else _ABSENT
            second = report_value[index] if index < len(report_value) else _ABSENT
            yield from _differences((*path, index), first, second)
    elif isinstance(report_value, bool) or isinstance(file_value, bool):
        if report_value is not file_value:
            yield path, file_value, report_value
    elif file_value != report_value:
        yield path, file_value, report_value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
