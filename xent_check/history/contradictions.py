"""Contradictions: where a saved run says of itself something else than its own numbers give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xent_check.errors import key_text

_TIMES = ("durations",)  # where the time went is of the run alone


def contradiction(written: dict[str, Any], again: dict[str, Any]) -> str | None:
    """The first place where a document is not what is written of the report that was read from
    it, in words; None where there is none. What the document has beside that does not count."""
    told = {"results": again["results"], **again}  # a result says more than the counts of all
    rest = {key: value for key, value in told.items() if key not in _TIMES}
    found = next(_differences((), written, rest), None)
    if found is None:
        return None
    path, was, own = found
    where, of = key_text(path), ""
    if path[0] == "results" and len(path) > 2:
        result = again["results"][path[1]]
        where, of = key_text(path[2:]), f"{result['implementation']} on {result['case']}: "
    said = "is not there" if was is _ABSENT else f"is {_short(was)}"
    return f"{of}{where} {said}, and its numbers give {_short(own)}"


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


_ABSENT = _Absent()
Difference = tuple[tuple[str | int, ...], Any, Any]


def _differences(path: tuple[str | int, ...], was: Any, own: Any) -> Iterator[Difference]:
    if isinstance(own, dict) and isinstance(was, dict):
        for key, value in own.items():
            yield from _differences((*path, key), was.get(key, _ABSENT), value)
    elif isinstance(own, list) and isinstance(was, list):
        for index in range(max(len(own), len(was))):
            first = was[index] if index < len(was) else _ABSENT
            second = own[index] if index < len(own) else _ABSENT
            yield from _differences((*path, index), first, second)
    elif isinstance(own, bool) or isinstance(was, bool):
        if own is not was:
            yield path, was, own
    elif was != own:
        yield path, was, own


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
