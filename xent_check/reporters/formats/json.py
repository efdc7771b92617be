"""JSON: one document, whose JSON Schema `xent-check schema --result` prints."""

from __future__ import annotations

import json
from typing import Any

from xent_check.history.saved.parts import NOT_FINITE
from xent_check.history.saved.write import plain_report
from xent_check.results.report import Report

from . import Terminal


def render(report: Report, terminal: Terminal) -> str:
    """The report as JSON, indented by one space, each innermost array of numbers on one line."""
    return _text(plain_report(report), "\n") + "\n"


def _text(value: Any, line: str) -> str:
    """A value as JSON. line: a line break and the indent of the line that the value stands on."""
    inner = f"{line} "
    if isinstance(value, dict) and value:
        items = (f"{json.dumps(key)}: {_text(item, inner)}" for key, item in value.items())
        return f"{{{inner}{f',{inner}'.join(items)}{line}}}"
    if isinstance(value, list) and not all(map(_is_number, value)):
        return f"[{inner}{f',{inner}'.join(_text(item, inner) for item in value)}{line}]"
    return json.dumps(value, allow_nan=False)


def _is_number(value: Any) -> bool:
    return type(value) in (float, int) or value in NOT_FINITE
