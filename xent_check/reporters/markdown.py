"""Markdown: the matrix, then each divergence with its samples. For an issue or a step summary."""

from __future__ import annotations

from ..report import STATUSES, CaseResult, Report
from ..wording import samples, sentence
from . import Terminal
from .matrix import Matrix

MARKS = {
    "agrees": "✓",
    "known": "≈ known",
    "diverges": "**✗ diverges**",
    "failed": "**! failed**",
    "unsupported": "·",
    "missing": "missing",
}


def render(report: Report, terminal: Terminal) -> str:
    """GitHub-flavoured Markdown."""
    counts = ", ".join(f"{s} {report.counts[s]}" for s in STATUSES if report.counts[s])
    parts = [f"## xent-check: {report.verdict}", f"{report.cases} cases: {counts or 'nothing'}."]
    if report.results:
        parts.append(_matrix(report))
    for result in report.results:
        if result.status in ("diverges", "failed"):
            parts.append(_details(result, report.verbose))
    parts += [f"> {warning}" for warning in report.warnings]
    return "\n\n".join(parts) + "\n"


def _matrix(report: Report) -> str:
    matrix = Matrix.of(report)
    lines = [
        "| case | " + " | ".join(_cell(name) for name in matrix.columns) + " |",
        "|---" * (len(matrix.columns) + 1) + "|",
    ]
    for row in matrix.rows:
        cells = [MARKS[cell.status] if cell else "" for cell in row.cells]
        lines.append(f"| {_cell(row.case.id)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _details(result: CaseResult, everything: bool) -> str:
    lines = [f"- {_cell(sentence(result))}"]
    table = samples(result, everything)
    if table is not None and table.rows:
        count = len(table.headings)
        lines += ["", "  | " + " | ".join(table.headings) + " |", "  " + "|---" * count + "|"]
        lines += ["  | " + " | ".join(map(_cell, row.cells)) + " |" for row in table.rows]
    if table is not None and table.left_out:
        lines.append(f"\n  and {table.left_out} more samples")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
