"""JUnit XML: a suite per case file, a test per case and implementation.

The format is that of Jenkins: junit-10.xsd of its xUnit plugin.
"""

from __future__ import annotations

from xml.etree import ElementTree

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from xent_check.casefile.paths import split_id
from xent_check.errors import visible_lines
from xent_check.results.report import CaseResult, Report

from ..alarms import Alarm, alarms_of
from ..sentences import details, sentence
from . import Terminal


def render(report: Report, terminal: Terminal) -> str:
    """The report as one <testsuites>; a <property> says what a user's own loss was found to take.

    An answer that makes the run fail is a <failure>; one that failed, or that is missing and
    required, an <error>; any other that was not compared is <skipped>. An answer that only the
    baseline has is a test of its own.
    """
    document = JUnitXml("xent-check")
    suites: dict[str, TestSuite] = {}
    alarms = {(alarm.case, alarm.implementation): alarm for alarm in alarms_of(report)}
    for result in report.results:
        alarm = alarms.pop((result.case.id, result.implementation), None)
        _suite(suites, result.case.shown, report).add_testcase(_test(result, alarm, report.verbose))
    for alarm in alarms.values():
        shown, name = split_id(alarm.case)
        title = f"{name} [{alarm.implementation}]".lstrip()
        test = TestCase(visible_lines(title), classname=visible_lines(shown))
        test.result = [_outcome(alarm)]
        _suite(suites, shown or "xent-check", report).add_testcase(test)
    for suite in suites.values():
        document.add_testsuite(suite)
    document.update_statistics()
    return f'<?xml version="1.0" encoding="utf-8"?>\n{_by_jenkins_schema(document, report)}\n'


def _by_jenkins_schema(document: JUnitXml, report: Report) -> str:
    """The document as Jenkins' schema wants it: without a count of skipped tests at the root, and
    with times that have no exponent.

    The root's time is that of the whole run, not the sum over answers that were computed side by
    side.
    """
    root = ElementTree.fromstring(document.tostring())
    root.attrib.pop("skipped", None)
    root.set("time", str(report.seconds))
    for element in root.iter():
        if "time" in element.attrib:
            element.set("time", f"{float(element.attrib['time']):.6f}")
    return ElementTree.tostring(root, "unicode")


def _suite(suites: dict[str, TestSuite], shown: str, report: Report) -> TestSuite:
    if shown not in suites:
        suites[shown] = suite = TestSuite(visible_lines(shown))
        for name, host in report.hosts.items():
            if host.took:
                suite.add_property(visible_lines(name), visible_lines(host.took))
    return suites[shown]


def _test(result: CaseResult, alarm: Alarm | None, everything: bool) -> TestCase:
    test = TestCase(
        visible_lines(f"{result.case.name} [{result.implementation}]"),
        classname=visible_lines(result.case.shown),
        time=round(getattr(result.evaluation, "seconds", 0.0), 6),
    )
    text = visible_lines(sentence(result))
    if alarm is not None:
        outcome = _outcome(alarm)
        outcome.text = visible_lines(details(result, everything)) or None
        test.result = [outcome]
    elif result.status in ("unsupported", "missing"):
        test.result = [Skipped(text)]
    lines = [text] if alarm is None and result.status in ("known", "diverges") else []
    lines += [f"note: {visible_lines(note)}" for note in result.notes]
    if lines:
        test.system_out = "\n".join(lines)
    return test


def _outcome(alarm: Alarm) -> Failure | Error:
    error = alarm.kind in ("failed", "missing")
    return (Error if error else Failure)(visible_lines(alarm.sentence), alarm.kind)
