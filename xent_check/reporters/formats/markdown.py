"""Markdown: the matrix, then each divergence with its samples, for an issue or a step summary."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from xent_check.errors import and_more
from xent_check.results.behaviour import unusual
from xent_check.results.durations import sections
from xent_check.results.report import CaseResult, Report

from .. import markdown_text
from ..change_sentences import ChangeLine, gate_lines, gate_summary, variant_lines, variant_summary
from ..markdown_text import cell, inline
from ..matrix import Matrix
from ..outcome import summary
from ..remarks import findings_of_own, remarks
from ..sentences import number_tables, sentence, versions
from . import Terminal

ROOM = 500_000  # bytes of details: GitHub refuses a step summary of more than 1 MiB
MARKS = {
    "agrees": "✓",
    "known": "≈ known",
    "diverges": "**✗ diverges**",
    "failed": "**! failed**",
    "unsupported": "·",
    "missing": "missing",
}


def render(report: Report, terminal: Terminal) -> str:
    """The report in GitHub-flavoured Markdown (its specification, 0.29-gfm)."""
    parts = [f"## xent-check: {report.verdict}", f"{inline(summary(report))}."]
    parts += [f"{inline(took)}." for took in findings_of_own(report)]
    if report.results:
        parts.append(_matrix(report))
    bad = [r for r in report.results if r.status in ("diverges", "failed")]
    details = _fitting([_details(result, report.verbose) for result in bad])
    parts += details
    if more := and_more(len(bad) - len(details)):
        parts.append(f"{more}; `--report html` and `--report json` have every one.")
    parts += _changes(report)
    parts += [f"> {inline(remark)}" for remark in remarks(report, report.verbose)]
    parts += _durations(report)
    if answered := versions(report):
        parts.append(inline(answered))
    return "\n\n".join(parts) + "\n"


def _durations(report: Report) -> list[str]:
    """The durations, folded; none unless the run was to list them (--durations)."""
    return [
        f"<details><summary>{inline(section.heading)}</summary>\n\n"
        + "\n".join(markdown_text.table(("seconds", "share", ""), section.rows))
        + "\n\n</details>"
        for section in sections(report)
    ]


def _fitting(details: Sequence[str]) -> list[str]:
    """The first texts, as many as fit into ROOM."""
    sizes = accumulate(len(text.encode()) for text in details)
    return [text for text, size in zip(details, sizes, strict=True) if size <= ROOM]


def _changes(report: Report) -> list[str]:
    parts = []
    for variants in report.variants:
        parts.append(f"**{inline(variant_summary(variants))}**")
        parts += _list(variant_lines(variants, report.verbose))
    if report.gate is not None:
        parts.append(f"**{inline(gate_summary(report.gate))}**")
        parts += _list(gate_lines(report.gate, report.verbose))
        parts += [f"> {inline(note)}" for note in report.gate.notes]
    return parts


def _list(lines: Sequence[ChangeLine]) -> list[str]:
    items = [f"- {'**fails**: ' if line.fails else ''}{inline(line.text)}" for line in lines]
    return ["\n".join(items)] if items else []


def _matrix(report: Report) -> str:
    matrix = Matrix.of(report, gradients=True)
    lines = [
        "| case | " + " | ".join(cell(name) for name in matrix.columns) + " |",
        "|---" * (len(matrix.columns) + 1) + "|",
    ]
    for row in matrix.rows:
        marks = [_mark(result) if result else "" for result in row.cells]
        name = row.part or row.case.id
        lines.append(f"| {cell(name)} | " + " | ".join(marks) + " |")
    return "\n".join(lines)


def _mark(result: CaseResult) -> str:
    behaviour = unusual(result) if result.evaluation is not None else ""
    return f"{MARKS[result.status]} {cell(behaviour)}".rstrip()


def _details(result: CaseResult, everything: bool) -> str:
    lines = [f"- {inline(sentence(result))}"]
    for table in number_tables(result, everything):
        count = len(table.headings)
        lines += ["", "  | " + " | ".join(table.headings) + " |", "  " + "|---" * count + "|"]
        lines += ["  | " + " | ".join(map(cell, row.cells)) + " |" for row in table.rows]
        lines += ["", f"  {table.rest}"] if table.rest else []
    return "\n".join(lines)
