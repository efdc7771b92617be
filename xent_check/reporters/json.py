"""JSON: one document, as the contract describes it."""

from __future__ import annotations

import json

from ..report import Report
from . import Terminal
from .plain import plain_report


def render(report: Report, terminal: Terminal) -> str:
    """The report as JSON, indented by one space, arrays of numbers on one line."""
    return json.dumps(plain_report(report), indent=1, allow_nan=False) + "\n"
