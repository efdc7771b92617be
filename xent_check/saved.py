"""Saved: the report that `--report json` wrote, read again. No framework, no case file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from .bounds import Bounds
from .case import Auto, Case, CaseFields, Tolerance
from .change import Change, Gate
from .changes import variants_of
from .comparison import Comparison
from .diagnosis import Diagnosis, Explanation
from .difference import Difference, Excerpt, Judge, in_ulps
from .dtypes import Float64s, numpy_dtype, spacing, unit_roundoff
from .enclosure import Enclosure
from .errors import UserError, key_text, visible
from .evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from .expectation import REFERENCE, Expectation
from .reference import Reference
from .report import CaseResult, Host, Report, Scope
from .saved_fields import Index, SavedArray, SavedGate, SavedReport, SavedResult, SavedTotal
from .shard import Shard
from .yaml_values import Map


def load_report(file: Path) -> Report:
    """The report of a file; UserError where it is none."""
    try:
        saved = SavedReport.model_validate(json.loads(file.read_bytes()))
        return restored(saved)
    except OSError as error:
        raise UserError(f"{visible(str(file))}: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = key_text(first["loc"])
        raise UserError(
            _not_a_run(file, f"{key}: {first['msg']}" if key else first["msg"])
        ) from None
    except (ValueError, RecursionError) as error:  # no JSON, or arrays that do not fit together
        raise UserError(_not_a_run(file, str(error))) from None


def _not_a_run(file: Path, why: str) -> str:
    return visible(f"{file}: not what `xent-check run --report json=FILE` writes; {why}")


def restored(saved: SavedReport) -> Report:
    """The report. Its results have no problem: they cannot be diagnosed anew."""
    lines = {case.case: case.line for case in saved.cases}
    labels = {case.case: dict(case.labels or ()) for case in saved.cases}
    run, hosts = saved.run, saved.environment.implementations
    results = [_result(r, lines.get(r.case, 1), labels.get(r.case, {})) for r in saved.results]
    return Report(
        results=tuple(results),
        cases=saved.summary.cases,
        implementations=run.implementations,
        hosts={name: Host(**host.model_dump()) for name, host in hosts.items()},
        seconds=saved.summary.seconds,
        warnings=saved.warnings,
        absent=run.absent,
        stopped=run.stopped,
        verbose=run.verbose,
        python=saved.environment.python,
        machine=saved.environment.platform,
        gate=None if saved.baseline is None else _gate(saved.baseline),
        shard=None if run.shard is None else Shard(**run.shard.model_dump()),
        variants=variants_of(results, run.implementations),
        scope=Scope(**run.scope.model_dump()),
    )


def _gate(saved: SavedGate) -> Gate:
    made = [(Change(**c.model_dump(exclude={"fails"})), c.fails) for c in saved.changes]
    failing = tuple(change for change, fails in made if fails)
    changes = tuple(change for change, _ in made)
    return Gate(saved.file, saved.same, changes, failing, saved.fail_on, saved.notes)


def _result(r: SavedResult, line: int, labels: Mapping[Index, str]) -> CaseResult:
    comparison = _comparison(r) if r.compared else None
    high = np.zeros(r.samples) if comparison is None else comparison.losses.target
    radius = np.full_like(high, r.reference_radius)
    expect = r.expect
    return CaseResult(
        case=_case(r.case, line, r.tolerance),
        problem=None,
        implementation=r.implementation,
        status=r.status,
        reason=r.reason,
        evaluation=_evaluation(r),
        comparison=comparison,
        reference=Reference(Enclosure(high, np.zeros_like(high), radius), {}, {}, None),
        notes=r.notes,
        required=r.required,
        vacuous=r.vacuous,
        diagnosis=_diagnosis(r),
        expectation=None
        if expect is None
        else Expectation(None, {}, None, expect.error, expect.because, None),
        labels=labels,
        behaviour=r.behaviour,
    )


def _case(name: str, line: int, tolerance: Tolerance | Auto) -> Case:
    """As far as it was saved: its name, its place and its tolerance."""
    shown, _, own = name.rpartition("::")
    fields = CaseFields.model_construct(tolerance=tolerance)
    return Case(Path(shown), shown, own, Map(line), fields)


def _evaluation(r: SavedResult) -> Evaluation | None:
    if r.implementation == REFERENCE:
        return None
    if r.failure is not None:
        return Failed(r.failure, r.message or "", r.call or "", r.printed or "")
    if r.status in ("unsupported", "missing"):
        return (Unsupported if r.status == "unsupported" else Missing)(r.reason or "")
    if r.dtype is None:
        return None
    kept = _array(r.losses) if r.losses is not None else np.zeros(0)
    losses = kept.astype(numpy_dtype(r.dtype))
    return Computed(losses, {}, r.call or "", r.seconds or 0.0, printed=r.printed or "")


def _diagnosis(r: SavedResult) -> Diagnosis | None:
    if r.explanation is None:
        return None
    explanations = tuple(
        Explanation(
            e.ids or (e.id,), e.parameters, e.sentence, e.max_abs_residual, e.share_explained
        )
        for e in r.explanation
    )
    return Diagnosis(explanations, closest=(), tried=0, by_chance=0.0)


def _comparison(r: SavedResult) -> Comparison:
    bounds = _bounds(r)
    judge = Judge(r.tolerance, bounds)
    saved = r.gradient
    given = {name: total for name, total in r.totals.items() if total.reason is None}
    unsupported: dict[str, str] = {n: t.reason for n, t in r.totals.items() if t.reason is not None}
    gradient = expected_gradient = None
    if saved is not None and saved.reason is not None:
        unsupported["gradient"] = saved.reason
    elif saved is not None:
        gradient = _difference(judge, "gradient", saved.actual, saved, saved.diverging_elements)
        expected_gradient = _expected(judge, "gradient", saved.actual, saved)
    made = Comparison(
        losses=_difference(judge, "losses", r.losses, r, r.diverging_samples or 0),
        totals={name: _total(judge, name, total) for name, total in given.items()},
        expected_losses=_expected(judge, "losses", r.losses, r),
        expected_totals={
            name: _expected_total(judge, name, total)
            for name, total in given.items()
            if total.expected is not None
        },
        unsupported=unsupported,
        wide_radius=False,
        gradient=gradient,
        expected_gradient=expected_gradient,
        share=r.share_of_bound,
        bounds=bounds,
        divisors={n: t.divisor for n, t in given.items() if t.divisor is not None},
    )
    if not made.divisors:
        return made
    return replace(made, expected_totals=made.under(r.tolerance).expected_totals)


def _bounds(r: SavedResult) -> Bounds | None:
    """Without the terms that they were made of; of an excerpt, for what it holds."""
    totals = {name: total.bound for name, total in r.totals.items() if total.bound is not None}
    losses = _bound_of(r, r.shape)
    if losses is None or r.dtype is None:
        return None
    gradient = None if r.gradient is None else _bound_of(r.gradient, r.gradient.shape)
    return Bounds(losses, totals, gradient, {}, unit_roundoff(r.dtype))


def _bound_of(saved: SavedArray, shape: tuple[int, ...] | None) -> Float64s | None:
    if saved.worst is None:
        return None if saved.bound is None else _array(saved.bound, shape)
    rows = [row.bound for row in saved.worst if row.bound is not None]
    return _array(rows) if len(rows) == len(saved.worst) else None


def _difference(
    judge: Judge, part: str, actual: Any, saved: SavedArray, diverging: int
) -> Difference:
    """The whole array, or the excerpt that was kept of it."""
    dtype, shape = saved.dtype or "float64", saved.shape or ()
    if saved.worst is None:
        target, distance = _array(saved.reference, shape), _array(saved.abs_diff, shape)
        return judge.again(part, _unjudged(_array(actual, shape), target, distance, dtype, 0.0))
    rows = saved.worst
    indices = tuple(row.index for row in rows)
    target = np.array([row.reference for row in rows], dtype=np.float64)
    distance = np.array([row.abs_diff for row in rows], dtype=np.float64)
    return Difference(
        actual=np.array([row.actual for row in rows], dtype=np.float64),
        target=target,
        abs_diff=distance,
        ulps=in_ulps(distance, spacing(target, dtype)),
        allowed=np.array([row.allowed for row in rows], dtype=np.float64),
        dtype=dtype,
        excerpt=Excerpt(indices, shape, diverging, saved.classes, saved.digest),
    )


def _total(judge: Judge, name: str, total: SavedTotal) -> Difference:
    target, distance = _array(total.reference), _array(total.abs_diff)
    made = _unjudged(_array(total.actual), target, distance, total.dtype or "float64", 0.0)
    return judge.again(name, made)


def _expected(judge: Judge, part: str, actual: Any, saved: SavedArray) -> Difference | None:
    if saved.expected is None:
        return None
    shape, dtype = saved.shape or (), saved.dtype or "float64"
    unit = _array(saved.expected_unit, shape)
    return _stated(judge, part, _array(actual, shape), _array(saved.expected, shape), dtype, unit)


def _expected_total(judge: Judge, name: str, total: SavedTotal) -> Difference:
    dtype, unit = total.dtype or "float64", _array(total.expected_unit or 0.0)
    return _stated(judge, name, _array(total.actual), _array(total.expected), dtype, unit)


def _stated(
    judge: Judge, part: str, actual: Float64s, target: Float64s, dtype: str, unit: Float64s
) -> Difference:
    zero = np.zeros_like(target)
    distance = Enclosure(target, zero, zero).distance(actual)
    return judge.again(part, _unjudged(actual, target, distance, dtype, unit))


def _unjudged(
    actual: Float64s, target: Float64s, distance: Float64s, dtype: str, unit: Float64s | float
) -> Difference:
    return Difference(actual, target, distance, distance, np.zeros_like(target), dtype, unit)


def _array(numbers: Any, shape: tuple[int, ...] | None = None) -> Float64s:
    array = np.asarray(numbers, dtype=np.float64)
    return array if shape is None else array.reshape(shape)
