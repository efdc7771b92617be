"""Saved: the report that `--report json` wrote, read again. No framework, no case file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from .case import Auto, Case, CaseFields, Tolerance, split_id
from .change import Change, Gate
from .changes import variants_of
from .diagnosis import Diagnosis, Explanation
from .dtypes import numpy_dtype
from .enclosure import Enclosure
from .errors import UserError, key_text, visible
from .evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from .expectation import REFERENCE, Expectation
from .reference import Reference
from .report import CaseResult, Host, Report, Scope
from .saved_fields import SavedCase, SavedGate, SavedReport, SavedResult
from .saved_numbers import comparison_of
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
    cases = {case.case: case for case in saved.cases}
    run, hosts = saved.run, saved.environment.implementations
    results = [
        _result(r, cases.get(r.case, SavedCase(case=r.case, line=1, labels=None)))
        for r in saved.results
    ]
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
    return Gate(
        saved.file, saved.same, changes, failing, saved.fail_on, saved.notes,
        saved.matched, saved.left_out, saved.gone_cases, saved.gone_implementations,
    )  # fmt: skip


def _result(r: SavedResult, case: SavedCase) -> CaseResult:
    comparison = comparison_of(r) if r.compared else None
    high = np.zeros(r.samples) if comparison is None else comparison.losses.target
    radius = np.full_like(high, r.reference_radius)
    expect = r.expect
    return CaseResult(
        case=_case(r.case, case.line, r.tolerance),
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
        labels=dict(case.labels or ()),
        behaviour=r.behaviour,
        saved_inputs=case.inputs,
    )


def _case(name: str, line: int, tolerance: Tolerance | Auto) -> Case:
    """As far as it was saved: its name, its place and its tolerance."""
    shown, own = split_id(name)
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
    kept = np.zeros(0) if r.losses is None else np.asarray(r.losses, dtype=np.float64)
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
