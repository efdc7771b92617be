"""JUnit XML: a suite per case file, a test per case and implementation."""

from __future__ import annotations

import re

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from ..report import CaseResult, Report
from ..wording import number_tables, sentence
from . import Terminal

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, terminal: Terminal) -> str:
    """Diverges is a failure; failed, and missing where required, an error; the rest not compared
    is skipped."""
    document = JUnitXml("xent-check")
    suites: dict[str, TestSuite] = {}
    for result in report.results:
        shown = result.case.shown
        if shown not in suites:
            suites[shown] = TestSuite(_clean(shown))
        suites[shown].add_testcase(_test(result, report.verbose))
    for suite in suites.values():
        document.add_testsuite(suite)
    document.time = round(report.seconds, 3)
    document.update_statistics()
    text: str = document.tostring().decode("utf-8")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _test(result: CaseResult, everything: bool) -> TestCase:
    test = TestCase(
        _clean(f"{result.case.name} [{result.implementation}]"),
        classname=_clean(result.case.shown),
        time=round(getattr(result.evaluation, "seconds", 0.0), 6),
    )
    words = _clean(sentence(result))
    if result.status == "diverges":
        failure = Failure(words, "diverges")
        failure.text = _clean(_table(result, everything))
        test.result = [failure]
    elif result.status == "failed" or (result.required and result.status == "missing"):
        test.result = [Error(words, result.status)]
    elif result.status in ("unsupported", "missing"):
        test.result = [Skipped(words)]
    if result.status == "known":
        test.system_out = words
    return test


def _table(result: CaseResult, everything: bool) -> str:
    """The call and the samples, for the body of a failure."""
    call = getattr(result.evaluation, "call", "")
    lines = [f"call: {call}"] if call else []
    for table in number_tables(result, everything):
        lines += [*table.lines, table.rest]
    return "\n".join(line for line in lines if line)


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)
