"""GitHub Actions annotations: one per result that is not as it should be, at the case's line."""

from __future__ import annotations

from ..report import CaseResult, Report
from ..wording import sentence
from . import Terminal


def render(report: Report, terminal: Terminal) -> str:
    """Workflow commands: ::error for divergences and failures, ::warning for warnings."""
    lines = [
        _annotation(result)
        for result in report.results
        if result.status in ("diverges", "failed")
        or (result.required and result.status == "missing")
    ]
    lines += [f"::warning::{_data(warning)}" for warning in report.warnings]
    summary = f"{report.verdict}: {report.compared} compared, {report.counts['diverges']} diverge"
    lines.append(f"::notice title=xent-check::{_data(summary)}")
    return "".join(f"{line}\n" for line in lines)


def _annotation(result: CaseResult) -> str:
    title = f"{result.implementation} {result.status}"
    place = f"file={_property(result.case.shown)},line={result.case.line}"
    return f"::error {place},title={_property(title)}::{_data(sentence(result))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
