"""GitHub Actions annotations: one per result that is not as it should be, at the case's line."""

from __future__ import annotations

from ..report import CaseResult, Report
from ..wording import absences, notes, sentence, summary
from . import Terminal


def render(report: Report, terminal: Terminal) -> str:
    """Workflow commands: ::error for divergences and failures, ::warning for warnings."""
    lines = [
        _annotation(result)
        for result in report.results
        if result.status in ("diverges", "failed")
        or (result.required and result.status == "missing")
    ]
    warnings = [*absences(report), *notes(report), *report.warnings]
    lines += [f"::warning title=xent-check::{_data(warning)}" for warning in warnings]
    lines.append(f"::notice title=xent-check::{_data(summary(report))}")
    return "".join(f"{line}\n" for line in lines)


def _annotation(result: CaseResult) -> str:
    title = f"{result.implementation} {result.status}"
    place = f"file={_property(result.case.shown)},line={result.case.line}"
    return f"::error {place},title={_property(title)}::{_data(sentence(result))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
