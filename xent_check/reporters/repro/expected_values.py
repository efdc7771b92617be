"""The exact values in a script, the difference that each is allowed, and the comparison."""

from __future__ import annotations

import textwrap
from dataclasses import replace

import numpy as np

from xent_check.casefile.loading import PosedCase
from xent_check.implementations.program import LOSSES
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.evaluation import Computed, Unsupported
from xent_check.reference.truth import truth
from xent_check.results.comparison import compare
from xent_check.results.difference import Difference
from xent_check.results.report import CaseResult

from .arrays import number
from .frameworks import indented, variable

MAX_SHOWN = 200  # numbers of a part that the script compares, all of them
WORST = 20  # numbers of a larger part that it compares, the worst

COMPARE = '''\
disagreements = []


def compare(name, actual, shape, exact, allowed, at=None):
    """Print each number beside the exact one; remember the worst that disagrees."""
    assert actual.shape == shape, f"{name} of shape {actual.shape}, expected {shape}"
    at = list(np.ndindex(shape)) if at is None else at
    allowed = allowed if isinstance(allowed, list) else [allowed] * len(at)
    worst, most = "", -1.0
    for index, want, limit in zip(at, exact, allowed):
        got = float(actual[index])
        same = got == want or (got != got and want != want)
        off = 0.0 if same else abs(got - want)
        off = inf if off != off else off
        where = f"{name}{list(index) if index else ''}"
        print(f"{where}: {got!r}  exact: {want!r}  off by {off:.3g}" + " !" * (off > limit))
        if off > limit and off > most:
            most = off
            worst = f"{where} is {got!r}, exactly {want!r}: off by {off:.3g}, allowed {limit:.3g}"
    if worst:
        disagreements.append(worst)


'''


def comparisons(posed: PosedCase, result: CaseResult) -> list[str]:
    """The script's last lines: a call of its `compare` for each part, and the assertion."""
    parts = _differences(posed, result)
    lines = ["# The exact values, and how far off each number may be."]
    for name, difference in parts.items():
        lines += _comparison(name, difference)
    return [*lines, "", 'assert not disagreements, "\\n".join(disagreements)', 'print("agrees")']


def _comparison(name: str, difference: Difference) -> list[str]:
    shape = difference.target.shape
    flat = np.arange(difference.target.size)
    if flat.size > MAX_SHOWN:
        sizes = -difference.abs_diff.reshape(-1)
        flat = np.sort(np.lexsort((sizes, difference.agrees.reshape(-1)))[:WORST])
    exact = [number(value) for value in difference.target.reshape(-1)[flat]]
    limits = [number(value) for value in difference.allowed.reshape(-1)[flat]]
    allowed = limits[0] if len(set(limits)) == 1 else _listed("", limits)
    values = [f'"{name}"', variable(name), str(shape), _listed("", exact)]
    values.append(allowed if limits else "[]")
    if flat.size < difference.target.size:
        indices = [str(tuple(int(i) for i in np.unravel_index(i, shape))) for i in flat]
        values.append(_listed("at=", indices))
    line = ", ".join(values)
    if "\n" not in line and len(line) <= 88:
        return [f"compare({line})"]
    rows = ",\n".join(values).splitlines()
    worst = [f"# the worst {flat.size} of {difference.target.size}"]
    return [
        *(worst if flat.size < difference.target.size else []),
        "compare(",
        *indented(rows[:-1]),
        f"    {rows[-1]},",
        ")",
    ]


def _listed(before: str, items: list[str]) -> str:
    text = f"{before}[{', '.join(items)}]"
    if len(text) <= 88:
        return text
    rows = textwrap.fill(", ".join(items) + ",", 88, break_on_hyphens=False)
    return f"{before}[\n{textwrap.indent(rows, '    ')}\n]"


def _differences(posed: PosedCase, result: CaseResult) -> dict[str, Difference]:
    """Each part that the script computes, compared with the exact value.

    Where the framework raised, the exact values stand in for the computed ones: a release that
    does compute is compared with them by the same script.
    """
    comparison, problem = result.comparison, posed.problem
    evaluation, exact = result.evaluation, result.reference
    if comparison is None:
        dtype = numpy_dtype(problem.dtype)
        parts = set(getattr(evaluation, "calls", {}) or exact.totals)
        if isinstance(evaluation, Computed):
            parts = {r for r, t in evaluation.totals.items() if not isinstance(t, Unsupported)}
        with np.errstate(over="ignore"):
            totals = {r: t.high.astype(dtype) for r, t in exact.totals.items() if r in parts}
            gradient, by_parameters = None, {}
            if exact.gradient is not None and getattr(evaluation, "calls", {}):
                gradient = exact.gradient.high.astype(dtype)
                by = exact.by_parameters.items()
                by_parameters = {name: part.high.astype(dtype) for name, part in by}
            losses = exact.losses.high.astype(dtype)
        stand_in = Computed(losses, {**totals}, "", 0.0, gradient, by_parameters={**by_parameters})
        tolerance = posed.case.fields.tolerance
        bounds = truth(problem).bounds
        comparison = compare(stand_in, exact, tolerance, None, bounds, problem.dtype)
    made = {name: _comparable(part) for name, part in comparison.by_reference.items()}
    calls = getattr(evaluation, "calls", {})
    if calls and LOSSES not in calls:  # it gives totals alone
        made.pop(LOSSES, None)
    return made


def _comparable(part: Difference) -> Difference:
    """The part with limits that give the same verdicts by a plain `off <= allowed`.

    An infinite difference disagrees, except for an infinity that the comparison accepts for a
    number beyond the dtype's range.
    """
    finite = np.minimum(part.allowed, np.finfo(np.float64).max)
    infinite = part.agrees & np.isinf(part.actual) & np.isfinite(part.target)
    return replace(part, allowed=np.where(infinite, np.inf, finite))
