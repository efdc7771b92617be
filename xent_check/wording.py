"""Results in words: one sentence and one table of samples per divergence. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .comparison import Difference
from .evaluation import Failed
from .report import CaseResult

MAX_ROWS = 20


def number(value: float) -> str:
    """A number as a float32 needs it: 9 significant digits, nan and inf by name."""
    return f"{float(value):.9g}"


def small(value: float) -> str:
    """A difference: two or three significant digits."""
    return f"{float(value):.3g}"


def index_text(index: tuple[int, ...]) -> str:
    """`[1, 2]`."""
    return f"[{', '.join(map(str, index))}]"


@dataclass(frozen=True, eq=False)
class Finding:
    """What a verdict rests on: the losses or a total, held against the reference or `expect`."""

    name: str  # "losses", or the reduction
    against: str  # "reference", or "expected"
    difference: Difference


def finding(result: CaseResult) -> Finding | None:
    """The first part that diverges, `expect` before the reference; the losses where none does.

    A result that is judged by what `expect` states is shown against that.
    """
    comparison = result.comparison
    if comparison is None:
        return None
    by_reference = Finding("losses", "reference", comparison.losses)
    if result.status != "diverges":
        return by_reference
    findings = [by_reference]
    findings += [Finding(r, "reference", d) for r, d in comparison.totals.items()]
    if comparison.expected_losses is not None or comparison.expected_totals:
        stated = [Finding(r, "expected", d) for r, d in comparison.expected_totals.items()]
        if comparison.expected_losses is not None:
            stated.insert(0, Finding("losses", "expected", comparison.expected_losses))
        findings = [*stated, *findings] if not comparison.agrees_with_expected else findings
    return next((f for f in findings if f.difference.diverging), by_reference)


def sentence(result: CaseResult) -> str:
    """What happened, in one sentence."""
    who = f"{result.implementation} {_VERBS[result.status]} {result.case.id}"
    if result.status in ("failed", "unsupported", "missing"):
        kind = f" ({result.evaluation.kind})" if isinstance(result.evaluation, Failed) else ""
        return f"{who}{kind}: {result.reason}"
    if result.status == "known":
        return f"{who}: {result.reason}"
    found = finding(result)
    if found is None or not found.difference.diverging:
        return f"{who}: {result.reason}" if result.reason else who
    why = f"{result.reason}; " if result.reason else ""
    return f"{who}, {why}{_where(found)}"


_VERBS = {
    "agrees": "agrees on",
    "known": "diverges as declared on",
    "diverges": "diverges on",
    "failed": "failed on",
    "unsupported": "does not support",
    "missing": "is missing for",
}


def _where(found: Finding) -> str:
    difference = found.difference
    worst = difference.worst
    numbers = (
        f"is {number(difference.actual[worst])}, {found.against} {number(difference.target[worst])}"
    )
    if found.name == "losses":
        count = f"{difference.diverging} of {_samples(difference)}"
        what = f"{count}; worst: sample {index_text(worst)} {numbers}"
    else:
        what = f"in the {found.name}, which {numbers}"
    off = difference.abs_diff[worst]
    if not np.isfinite(off):
        return what
    ulps = f"{small(difference.ulps[worst])} ulps of {difference.dtype}"
    return f"{what}, off by {small(off)}, allowed {small(difference.allowed[worst])} ({ulps})"


def _samples(difference: Difference) -> str:
    count = difference.actual.size
    return f"{count} sample{'' if count == 1 else 's'}"


@dataclass(frozen=True)
class Row:
    """One line of a per-sample table."""

    index: str
    label: str
    actual: str
    target: str
    difference: str
    allowed: str
    ulps: str
    agrees: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """In the order of the headings."""
        return (
            self.index,
            self.label,
            self.actual,
            self.target,
            self.difference,
            self.allowed,
            self.ulps,
        )


@dataclass(frozen=True)
class Samples:
    """A per-sample table. left_out: rows that were not shown."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    left_out: int


def samples(result: CaseResult, everything: bool) -> Samples | None:
    """The samples that diverge, worst first; every sample in order where asked."""
    found, comparison = finding(result), result.comparison
    if found is None or comparison is None:
        return None
    losses = found.difference if found.name == "losses" else comparison.losses
    flat = np.arange(losses.actual.size)
    if not everything:
        flat = flat[~losses.agrees.reshape(-1)]
        flat = flat[np.argsort(-losses.abs_diff.reshape(-1)[flat], kind="stable")]
    shown = flat if everything else flat[:MAX_ROWS]
    made = [_row(result, losses, np.unravel_index(int(i), losses.actual.shape)) for i in shown]
    totals = {**comparison.totals}
    if found.against == "expected":
        totals |= comparison.expected_totals
    made += [
        _made(name, "", difference, ())
        for name, difference in totals.items()
        if everything or difference.diverging
    ]
    headings = ("sample", "label", "actual", found.against, "difference", "allowed", "ulps")
    return Samples(headings, tuple(made), len(flat) - len(shown))


def _row(result: CaseResult, losses: Difference, where: tuple[np.intp, ...]) -> Row:
    index = tuple(int(i) for i in where)
    return _made(index_text(index), _label(result, index), losses, index)


def _made(name: str, label: str, difference: Difference, index: tuple[int, ...]) -> Row:
    return Row(
        name,
        label,
        number(difference.actual[index]),
        number(difference.target[index]),
        small(difference.abs_diff[index]),
        small(difference.allowed[index]),
        small(difference.ulps[index]),
        bool(difference.agrees[index]),
    )


def _label(result: CaseResult, index: tuple[int, ...]) -> str:
    labels = result.problem.labels
    if result.problem.loss == "categorical":
        axis = result.problem.class_axis % labels.ndim
        row = np.moveaxis(labels, axis, -1)[index].astype(np.float64)
        hot = np.flatnonzero(row)
        if len(hot) == 1 and row[hot[0]] == 1:
            return str(int(hot[0]))
        return "[" + " ".join(f"{t:.3g}" for t in row[:4]) + (" ...]" if len(row) > 4 else "]")
    label = labels[index]
    return str(label) if result.problem.loss == "sparse_categorical" else f"{float(label):g}"
