"""Markdown: the matrix, then each divergence with its samples. For an issue or a step summary."""

from __future__ import annotations

from ..markup import cell, inline
from ..outcome import unusual
from ..report import CaseResult, Report
from ..wording import absences, notes, number_tables, sentence, summary, versions
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
    parts = [f"## xent-check: {report.verdict}", f"{inline(summary(report))}."]
    if report.results:
        parts.append(_matrix(report))
    for result in report.results:
        if result.status in ("diverges", "failed"):
            parts.append(_details(result, report.verbose))
    warnings = [*absences(report), *notes(report), *report.warnings]
    parts += [f"> {inline(warning)}" for warning in warnings]
    if report.hosts:
        parts.append(inline(versions(report)))
    return "\n\n".join(parts) + "\n"


def _matrix(report: Report) -> str:
    matrix = Matrix.of(report)
    lines = [
        "| case | " + " | ".join(cell(name) for name in matrix.columns) + " |",
        "|---" * (len(matrix.columns) + 1) + "|",
    ]
    for row in matrix.rows:
        marks = [_mark(result) if result else "" for result in row.cells]
        lines.append(f"| {cell(row.case.id)} | " + " | ".join(marks) + " |")
    return "\n".join(lines)


def _mark(result: CaseResult) -> str:
    did = unusual(result) if result.evaluation is not None else ""
    return f"{MARKS[result.status]} {cell(did)}".rstrip()


def _details(result: CaseResult, everything: bool) -> str:
    lines = [f"- {inline(sentence(result))}"]
    for table in number_tables(result, everything):
        count = len(table.headings)
        lines += ["", "  | " + " | ".join(table.headings) + " |", "  " + "|---" * count + "|"]
        lines += ["  | " + " | ".join(map(cell, row.cells)) + " |" for row in table.rows]
        lines += ["", f"  {table.rest}"] if table.rest else []
    return "\n".join(lines)
