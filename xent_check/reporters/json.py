"""JSON: one document, as the contract describes it."""

from __future__ import annotations

import json
import re

from ..report import Report
from . import Terminal
from .plain import plain_report

# A string holds no line break, so nothing inside one looks like this.
_NUMBER = r'(?:-?[\d.]+(?:[eE][-+]?\d+)?|"nan"|"-?inf")'
_NUMBERS = re.compile(rf"\[\n\s*{_NUMBER}(?:,\n\s*{_NUMBER})*\n\s*\]")


def render(report: Report, terminal: Terminal) -> str:
    """The report as JSON, indented by one space, each innermost array of numbers on one line."""
    text = json.dumps(plain_report(report), indent=1, allow_nan=False)
    return (
        _NUMBERS.sub(
            lambda match: " ".join(match[0].split()).replace("[ ", "[").replace(" ]", "]"), text
        )
        + "\n"
    )
