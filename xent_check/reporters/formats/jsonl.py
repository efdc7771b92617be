"""JSON Lines: one result per line, the environment and the summary last."""

from __future__ import annotations

import json

from xent_check.history.saved.write import plain_results, saved_header
from xent_check.results.report import Report

from . import Terminal


def render(report: Report, terminal: Terminal) -> str:
    """One JSON object per line: each result, then the environment, summary and cases."""
    lines = [*plain_results(report), saved_header(report).plain()]
    return "".join(json.dumps(line, allow_nan=False) + "\n" for line in lines)
