"""Results in words: one sentence and one table of samples per divergence. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xent_check.errors import and_more, visible
from xent_check.problem.evaluation import Failed
from xent_check.problem.expectation import REFERENCE
from xent_check.problem.vocabulary import GRADIENTS, PARAMETER_PARTS
from xent_check.results.behaviour import label_text, why
from xent_check.results.columns import aligned
from xent_check.results.difference import Difference
from xent_check.results.number_text import count_of, index_text, number, small
from xent_check.results.ranking import largest_first
from xent_check.results.report import CaseResult, Report

MAX_ROWS = 20
_BY = {part: parameter for parameter, part in PARAMETER_PARTS.items()}


@dataclass(frozen=True, eq=False)
class Finding:
    """A part of an answer held against the reference or `expect`."""

    name: str  # of the part: "losses", one of GRADIENTS, or the reduction
    against: str  # "reference", or "expected"
    difference: Difference  # the two numbers of each entry, and what is allowed between them


def findings(result: CaseResult) -> list[Finding]:
    """The parts that decide the verdict, each against its target; losses first.

    A stated part is held against `expect` where that is what failed, every other part against the
    reference; of the reference's own row only what `expect` states.
    """
    comparison = result.comparison
    if comparison is None:
        return []
    stated = {n: Finding(n, "expected", d) for n, d in comparison.by_expectation.items()}
    if result.evaluation is None:
        return [part for name, part in stated.items() if name not in comparison.divisors]
    parts = {n: Finding(n, "reference", d) for n, d in comparison.by_reference.items()}
    if result.status == "diverges" and not comparison.agrees_with_expected:
        parts |= stated
    return list(parts.values())


def finding(result: CaseResult) -> Finding | None:
    """The first part that diverges; the losses where none does."""
    parts = findings(result)
    return next((part for part in parts if part.difference.diverging), parts[0] if parts else None)


def sentence(result: CaseResult) -> str:
    """The result in one sentence."""
    subject = visible(f"{result.implementation} {_VERBS[result.status]} {result.case.id}")
    if result.status in ("failed", "unsupported", "missing", "known"):
        kind = f" ({result.evaluation.kind})" if isinstance(result.evaluation, Failed) else ""
        return f"{subject}{kind}: {result.reason}"
    part = finding(result)
    if result.status == "agrees" or part is None or not part.difference.diverging:
        return f"{subject}: {result.reason}" if result.reason else subject
    if result.implementation == REFERENCE:
        return f"`expect.reference` of {visible(result.case.id)} is wrong: {_published(part)}"
    first = f"{result.reason}; " if result.reason else ""
    reason = None if _is_conduct(result) else why(result)
    return f"{subject}, {first}{_difference_clause(part)}" + (f". Why: {reason}" if reason else "")


def sentence_for_others(result: CaseResult) -> str:
    """As `sentence`, for readers who have no such case: what is declared is the reason of the
    difference, which is told like any other."""
    if result.status != "known" or isinstance(result.evaluation, Failed):
        return sentence(result)
    told = sentence(replace(result, status="diverges", reason=None, diagnosis=None))
    return f"{told}. Why: {result.reason}"


def _is_conduct(result: CaseResult) -> bool:
    """Whether all that is known of a divergence is what further checks found: that stands in its
    reason."""
    diagnosis = result.diagnosis
    return diagnosis is not None and not diagnosis.explanations and bool(diagnosis.conduct)


_VERBS = {
    "agrees": "agrees on",
    "known": "diverges as declared on",
    "diverges": "diverges on",
    "failed": "failed on",
    "unsupported": "does not support",
    "missing": "is missing for",
}


def _published(part: Finding) -> str:
    """The published number that is furthest off, beside the exact one, and what to do."""
    difference = part.difference
    worst, singular = difference.worst, singular_of(part.name)
    place = f"{singular} {index_text(difference.place(worst))}" if singular else f"the {part.name}"
    exact, stated = _exact_cells(difference, worst)
    clause = f"published {stated} for {place}, exactly {exact}"
    abs_diff = difference.abs_diff[worst]
    if np.isfinite(abs_diff):
        clause += f", off by {small(abs_diff)}, allowed {small(difference.allowed[worst])}"
    if difference.size > 1:
        count = count_of(difference.size, "number")
        clause += f" ({difference.diverging} of {count} {_ARE[difference.diverging > 1]} off)"
    return f"{clause}; correct the number, or what the case takes from its source"


def singular_of(part: str) -> str:
    """The word for a number of the losses or of a gradient: `sample`, `weight gradient`; "" of a
    total, which is one number."""
    if part == "losses":
        return "sample"
    return part.replace("_", " ") if part in GRADIENTS else ""


_ARE = {False: "is", True: "are"}


def _exact_cells(difference: Difference, index: tuple[int, ...]) -> tuple[str, str]:
    """An exact value and the number published for it, as short as tells them apart."""
    actual, target = difference.actual[index], difference.target[index]
    exact, stated = number(actual), number(target, "float64")
    return (number(actual, "float64") if exact == stated else exact), stated


def _difference_clause(part: Finding) -> str:
    difference = part.difference
    worst = difference.worst
    actual = number(difference.actual[worst], difference.dtype)
    target = number(difference.target[worst], difference.dtype)
    numbers = f"is {actual}, {part.against} {target}"
    if singular := singular_of(part.name):
        count = count_of(difference.size, singular if part.name == "losses" else "derivative")
        place = index_text(difference.place(worst))
        least = "at least " if difference.at_least else ""
        clause = f"{least}{difference.diverging} of {count}; worst: {singular} {place} {numbers}"
    else:
        clause = f"in the {part.name}, which {numbers}"
    abs_diff = difference.abs_diff[worst]
    if not np.isfinite(abs_diff):
        return clause
    ulps = f"{small(difference.ulps_at(worst))} ulps of {difference.ulps_of(worst)}"
    return (
        f"{clause}, off by {small(abs_diff)}, allowed {small(difference.allowed[worst])} ({ulps})"
    )


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    cells: tuple[str, ...]  # in the order of the headings
    agrees: bool  # whether its number is within what is allowed


@dataclass(frozen=True)
class NumberTable:
    """Numbers beside the targets they were held against."""

    headings: tuple[str, ...]  # of the columns, the place first
    rows: tuple[Row, ...]  # those that are shown
    left_out: int  # how many rows are not shown
    at_least: bool = False  # whether numbers that were not saved may add to them

    @property
    def lines(self) -> list[str]:
        """The headings and the rows in columns, the first aligned to the left."""
        cells = [self.headings, *(row.cells for row in self.rows)]
        return aligned(cells, right=range(1, len(self.headings)))

    def within(self, width: int) -> NumberTable:
        """The table without its last columns, as many as it is too wide by; never without the
        numbers and what they are held against."""
        table, least = self, self.headings.index("difference")
        while len(table.lines[0]) > width and len(table.headings) > least:
            rows = tuple(replace(row, cells=row.cells[:-1]) for row in table.rows)
            table = replace(table, headings=table.headings[:-1], rows=rows)
        return table

    @property
    def rest(self) -> str:
        """How many rows are not shown, in words; empty where all are."""
        more = and_more(self.left_out)
        unknown = "what was not saved is not counted" if self.at_least else ""
        return "; ".join(part for part in (more, unknown) if part)


def number_tables(result: CaseResult, everything: bool) -> list[NumberTable]:
    """The samples that diverge, worst first, with the totals that do; then the gradients likewise.

    everything: all samples in order, all totals, and the worst of the gradients.
    """
    parts = findings(result)
    if not parts:
        return []
    against, pinned = parts[0].against, result.implementation == REFERENCE
    losses, derivatives = [], []
    left_out = {"sample": 0, "gradient": 0}
    at_least = {part.name for part in parts if part.difference.at_least}
    several = len(GRADIENTS & {part.name for part in parts}) > 1
    for part in parts:
        suffix = "" if part.against == against else f" ({part.against})"
        is_gradient, difference = part.name in GRADIENTS, part.difference
        shown, hidden = _shown(difference, everything and not is_gradient)
        left_out["gradient" if is_gradient else "sample"] += hidden
        for index in shown:
            numbers = (_pinned_cells if pinned else _cells)(difference, index)
            agrees = bool(difference.agrees[index])
            place = difference.place(index)
            if is_gradient:
                by = f"{_BY.get(part.name, 'hidden')} " if several else ""
                derivatives.append(Row((f"{by}{index_text(place)}{suffix}", *numbers), agrees))
            elif part.name == "losses":
                losses.append(Row((index_text(place), _label(result, place), *numbers), agrees))
            else:
                losses.append(Row((part.name + suffix, "", *numbers), agrees))
    after = _PINNED if pinned else ("actual", against, "difference", "allowed", "ulps")
    tables = [
        NumberTable(
            ("sample", "label", *after), tuple(losses), left_out["sample"], "losses" in at_least
        ),
        NumberTable(
            ("gradient", *after),
            tuple(derivatives),
            left_out["gradient"],
            bool(GRADIENTS & at_least),
        ),
    ]
    return [table for table in tables if table.rows]


def _shown(difference: Difference, everything: bool) -> tuple[list[tuple[int, ...]], int]:
    """The indices to show, and how many are left out."""
    if everything:
        shown = np.arange(difference.actual.size)
    else:
        sizes = np.where(difference.agrees, -1.0, difference.abs_diff)
        shown = largest_first(sizes, min(MAX_ROWS, int((~difference.agrees).sum())))
    shape = difference.actual.shape
    indices = [tuple(int(i) for i in np.unravel_index(int(i), shape)) for i in shown]
    everywhere = difference.size if everything else difference.diverging
    return indices, everywhere - len(shown)


def _cells(difference: Difference, index: tuple[int, ...]) -> tuple[str, ...]:
    return (
        number(difference.actual[index], difference.dtype),
        number(difference.target[index], difference.dtype),
        small(difference.abs_diff[index]),
        small(difference.allowed[index]),
        small(difference.ulps_at(index)),
    )


_PINNED = ("exactly", "published", "difference", "allowed")


def _pinned_cells(difference: Difference, index: tuple[int, ...]) -> tuple[str, ...]:
    """The same where the exact value is held against what was published: nothing was computed in a
    dtype, so there are no ulps."""
    abs_diff, allowed = difference.abs_diff[index], difference.allowed[index]
    return (*_exact_cells(difference, index), small(abs_diff), small(allowed))


def _label(result: CaseResult, index: tuple[int, ...]) -> str:
    if result.problem is None:
        return result.labels.get(index, "")
    return label_text(result.problem, index)


def traceback_lines(result: CaseResult) -> list[str]:
    """How what a user's own function raised got there; none of any other result."""
    failed = result.evaluation if isinstance(result.evaluation, Failed) else None
    return failed.traceback.splitlines() if failed is not None else []


def details(result: CaseResult, everything: bool = False) -> str:
    """The call, the traceback and the tables of samples: what stands below the sentence of a failed
    test."""
    call = getattr(result.evaluation, "call", "")
    lines = [f"call: {call}"] if call else []
    lines += traceback_lines(result)
    for table in number_tables(result, everything):
        lines += [*table.lines, table.rest]
    return "\n".join(line for line in lines if line)


def versions(report: Report) -> str:
    """The distributions that answered: `torch 2.13.0, torch[old] 2.12.0 (cpu)`; one part for each
    device, empty where nothing answered."""
    by_device: dict[str, dict[str, None]] = {}
    for name, host in report.answering_hosts.items():
        label = name[name.index("[") :] if host.python and name.endswith("]") else ""
        text = f"{host.distribution + label if host.distribution else name} {host.version}"
        by_device.setdefault(host.device, {})[text] = None
    return "; ".join(f"{', '.join(texts)} ({device})" for device, texts in by_device.items())
