"""The outcome of a run in a sentence: cases and answers counted apart, and what made it fail."""

from __future__ import annotations

from collections.abc import Iterator

from xent_check.casefile.levels import left_out_text
from xent_check.errors import ExitCode
from xent_check.results.change import GateResult
from xent_check.results.number_text import count_of, small
from xent_check.results.report import STATUSES, Report, Status

from .change_sentences import counts, gone_text

_WRONG: tuple[tuple[Status, str], ...] = (("diverges", "diverge"), ("failed", "fail"))
_PLURALS: dict[Status, str] = {"agrees": "agree", "diverges": "diverge"}


def summary(report: Report, timed: bool = False) -> str:
    """The verdict; how many cases and answers diverge or fail; the results by status; and for a
    verdict that these do not give, why. timed: with the seconds."""
    wrong = [status for status, _ in _WRONG if report.counts[status]]
    others = [
        _counted(report, status) + _accepted(report, status)
        for status in STATUSES
        if report.counts[status] and status not in wrong
    ]
    stopped = f" ({report.stopped})" if report.stopped else ""
    seconds = f" in {small(report.seconds)} s" if timed else ""
    first = _wrong(report) or _all(report)
    other_counts = ", ".join(others) or ("" if wrong else "nothing ran")
    tally = "; ".join(filter(None, (first, other_counts)))
    return "; ".join((f"{report.verdict}: {tally}{stopped}{seconds}", *_reasons(report)))


def _counted(report: Report, status: Status) -> str:
    count = report.counts[status]
    if status == "agrees" and not report.compared_implementations:  # rows of the reference alone
        return f"{count_of(count, 'reference')} {status if count == 1 else 'agree'}"
    return status_count(status, count)


def status_count(status: Status, count: int) -> str:
    """`24 agree`, `1 agrees`, `2 known`."""
    return f"{count} {status if count == 1 else _PLURALS.get(status, status)}"


def _answers(report: Report) -> int:
    """How many answers there are, if only errors; the reference's rows are none by themselves."""
    compared = report.compared if report.compared_implementations else 0
    return compared + report.counts["failed"]


def _all(report: Report) -> str:
    answers = _answers(report)
    cases = count_of(report.cases, "case")
    return f"{cases}, {count_of(answers, 'answer')}" if answers else cases


def _wrong(report: Report) -> str:
    """`2 of 3 cases diverge (3 of 8 answers), 1 fails (1 answer)`; empty where none does."""
    parts: list[str] = []
    for status, verb in _WRONG:
        answers = report.counts[status]
        if answers:
            cases = len({r.case.id for r in report.results if r.status == status})
            of = "" if parts else f" of {count_of(report.cases, 'case')}"
            total = count_of(answers, "answer") if parts else f"{answers} of {_total(report)}"
            parts.append(f"{cases}{of} {verb}{'s' if cases == 1 else ''} ({total})")
    return ", ".join(parts)


def _total(report: Report) -> str:
    return count_of(_answers(report), "answer")


def _accepted(report: Report, status: Status) -> str:
    """How many of the known divergences the baseline excuses."""
    accepted = sum(result.ungated is not None for result in report.results)
    if status != "known" or not accepted or report.gate is None:
        return ""
    return f" ({accepted} accepted in {report.gate.file})"


def _reasons(report: Report) -> Iterator[str]:
    """What made the run fail beside its own divergences and failures, and what did not."""
    required = {r.implementation for r in report.results if r.required and r.status == "missing"}
    missing = dict.fromkeys([*report.absent, *sorted(required)])
    if missing:
        yield f"failed: {', '.join(missing)} required and missing"
    if report.stopped and report.exit_code == ExitCode.NOTHING_COMPARED:
        yield "no success: the rest was not asked; run it without -x"
    if report.gate is not None:
        yield from _gate_reasons(report, report.gate)
    if text := _sampled_text(report):
        yield text
    if text := left_out_text(report.scope.left_out):
        yield text


def _sampled_text(report: Report) -> str:
    """How many rows were asked of the cases that were not asked for all; "" where all were."""
    counts = [one.sampled for one in report.asked if one.sampled is not None]
    if not counts:
        return ""
    some, of = (sum(numbers) for numbers in zip(*counts, strict=True))
    cases = "" if len(report.asked) == 1 else f" of {count_of(len(counts), 'case')}"
    return f"only {some:,} of {of:,} rows{cases} were compared"


def _gate_reasons(report: Report, gate: GateResult) -> Iterator[str]:
    rules = f"--fail-on {','.join(gate.fail_on)}"
    if gate.failing:
        yield f"failed: {counts(gate.failing)} ({rules})"
    failing = {(change.case, change.implementation) for change in gate.failing}
    passed = sum(
        r.status == "diverges" and (r.case.id, r.implementation) not in failing
        for r in report.results
    )
    if passed:
        yield f"not failed: {count_of(passed, 'answer')} that {rules} lets diverge"
    if not gate.matched:
        yield f"no answer was compared with {gate.file}"
    if text := gone_text(gate):
        yield text
