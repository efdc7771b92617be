"""JSON Lines: a result a line, the environment and the summary last."""

from __future__ import annotations

import json

from ..report import Report
from . import Terminal
from .plain import plain_cases, plain_header, plain_result


def render(report: Report, terminal: Terminal) -> str:
    """One JSON object a line; the last holds the environment, the summary and the cases."""
    lines = [plain_result(result, report.verbose) for result in report.results]
    last = plain_header(report) | {"cases": plain_cases(report)}
    return "".join(json.dumps(line, allow_nan=False) + "\n" for line in [*lines, last])
