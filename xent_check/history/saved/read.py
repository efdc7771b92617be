"""Reading what `--report json` wrote as a report, without a framework or a case file."""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from xent_check import __version__
from xent_check.casefile.case import Case, CaseFields
from xent_check.casefile.paths import split_id
from xent_check.casefile.yaml_values import Map
from xent_check.diagnosis.diagnosis import Diagnosis, Explanation
from xent_check.errors import InvalidError, UserError, key_text, visible
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from xent_check.problem.expectation import REFERENCE, Expectation
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.problem.vocabulary import DEPARTURES
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import Reference
from xent_check.results.change import BAD, Change, GateResult
from xent_check.results.report import Asked, CaseResult, Report, Status, Ungated
from xent_check.results.verdict import verdict

from ..changes import variants_of
from ..gate import parse_rules
from . import schema as form
from .checks import ContradictionError, check_answers
from .numbers import comparison_of
from .parts import TAGS
from .results import AnyResult, Compared, ComparedExcerpt, ComparedWhole


def load_report(file: Path) -> Report:
    """The report in a file. UserError where it has none."""
    return report_of(file, load_document(file))


def load_document(file: Path) -> Any:
    """The JSON in a file. UserError where it has none."""
    try:
        return json.loads(file.read_bytes())
    except OSError as error:
        raise UserError(f"{visible(str(file))}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(_not_a_run(file, str(error))) from None


def report_of(file: Path, document: Any) -> Report:
    """The report in a file's JSON. UserError where it has none."""
    try:
        saved = form.Document.model_validate(document)
        return restore(saved)
    except ContradictionError as error:
        raise UserError(contradiction_text(file, str(error), saved.xent_check)) from None
    except InvalidError as error:
        raise UserError(_not_a_run(file, error.mistakes[0].fault)) from None
    except ValidationError as error:
        first = error.errors()[0]
        key = key_text(tuple(part for part in first["loc"] if part not in TAGS))
        raise UserError(
            _not_a_run(file, f"{key}: {first['msg']}" if key else first["msg"])
        ) from None
    except ValueError as error:  # arrays that do not fit together
        raise UserError(_not_a_run(file, str(error))) from None


def contradiction_text(file: Path, what: str, version: str) -> str:
    """The message about a file that contradicts itself. version: of the xent-check that wrote."""
    other = "" if version == __version__ else f" ({version}; this is {__version__})"
    return visible(f"{file}: {what}; it was edited, or another xent-check wrote it{other}")


def _not_a_run(file: Path, why: str) -> str:
    text = f"{file}: not what `xent-check run --report json=FILE` writes; {why}"
    older = "; an older xent-check wrote less: run it again" if why.endswith("required") else ""
    return visible(text + older)


def restore(saved: form.Document) -> Report:
    """The report, with every status that its numbers give. Its results have no problem, so they
    cannot be diagnosed again. ContradictionError where the file states what cannot be."""
    cases = {case.case: case for case in saved.cases}
    run = saved.run
    check_answers(saved)
    excused = {(c.case, c.implementation) for c in _changes(saved) if c.kind == "known"}
    results = [_result(r, cases[r.case], run.strict, excused) for r in saved.results]
    return Report(
        results=tuple(results),
        cases=len(saved.cases),
        implementations=run.implementations,
        hosts=saved.environment.implementations,
        seconds=saved.summary.seconds,
        warnings=saved.warnings,
        absent=run.absent,
        stopped=run.stopped,
        verbose=run.verbose,
        python=saved.environment.python,
        machine=saved.environment.platform,
        gate=None if saved.baseline is None else _gate(saved.baseline, results),
        shard=run.shard,
        variants=variants_of(results, run.implementations),
        scope=run.scope,
        asked=tuple(Asked(**_fields_of(Asked, c)) for c in saved.cases),
        strict=run.strict,
        tolerance=run.tolerance,
        version=saved.xent_check,
        origin=saved.origin,
    )


def _changes(saved: form.Document) -> tuple[form.Change, ...]:
    return () if saved.baseline is None else saved.baseline.changes


def _gate(saved: form.Gate, results: Sequence[CaseResult]) -> GateResult:
    """The gate's result, with what fails by its rules. ContradictionError unless every answer is a
    change or counted as the same; a divergence must be a change."""
    rules = parse_rules(saved.fail_on)
    changes = tuple(Change(**_fields_of(Change, c)) for c in saved.changes)
    failing = tuple(change for change in changes if any(rule.fails(change) for rule in rules))
    after = {(c.case, c.implementation): c.after for c in changes if c.after is not None}
    for result in results:
        status, key = result.without_gate.status, (result.case.id, result.implementation)
        if after.get(key, "" if status in BAD else status) != status:
            who = f"{key[1]} on {key[0]}"
            raise ContradictionError(f"baseline: no change gives {who} the status {status!r}")
    changed = sum(change.after is not None for change in changes)
    if saved.same + changed != len(results):
        raise ContradictionError(
            f"baseline: {saved.same} the same and {changed} changed, of {len(results)} answers"
        )
    return GateResult(**vars(saved) | {"changes": changes, "failing": failing})


def _fields_of(kind: type[Change | Asked], model: BaseModel) -> dict[str, Any]:
    """The values of the fields of a data class, which are fields of the model too."""
    return {field.name: getattr(model, field.name) for field in fields(kind)}


def _result(
    r: AnyResult, case: form.Case, strict: bool, excused: Set[tuple[str, str]]
) -> CaseResult:
    saved_verdict, comparison = r.ungated or r, None
    high = radius = np.zeros(r.samples)
    if isinstance(r, Compared):
        try:
            comparison = comparison_of(r)
        except ContradictionError as error:
            raise ContradictionError(f"{r.implementation} on {r.case}: {error}") from None
        high = comparison.losses.target
        radius = np.full_like(high, r.reference_radius)
    result = CaseResult(
        case=_case(case, r.tolerance),
        problem=None,
        implementation=r.implementation,
        status=saved_verdict.status,
        reason=saved_verdict.reason,
        evaluation=_evaluation(r, saved_verdict.status, saved_verdict.reason),
        comparison=comparison,
        reference=Reference(Enclosure(high, np.zeros_like(high), radius), {}, {}, None),
        notes=r.notes,
        required=r.required,
        vacuous=r.vacuous,
        diagnosis=_diagnosis(r),
        expectation=None
        if r.expect is None
        else Expectation(
            None, {}, None, r.expect.error, r.expect.because, None, conduct=r.expect.conduct or ()
        ),
        labels=dict(case.labels or ()),
        behaviour=r.behaviour if isinstance(r, ComparedExcerpt) else None,
        saved_inputs=case.inputs,
    )
    status, reason = verdict(result, strict)
    result = replace(result, status=status, reason=reason)
    if r.ungated is None or status not in BAD or (r.case, r.implementation) not in excused:
        return result
    return replace(result, status="known", reason=r.reason, ungated=Ungated(status, reason))


def _case(saved: form.Case, tolerance: Tolerance | Auto) -> Case:
    """The case with what was saved of it: its name, its line, its tolerance and its words."""
    file, name = split_id(saved.case)
    case_fields = CaseFields.model_construct(
        tolerance=tolerance,
        description=saved.description,
        source=saved.source,
        tags=list(saved.tags or ()),
    )
    return Case(Path(file), file, name, Map(saved.line), case_fields)


def _evaluation(r: AnyResult, status: Status, reason: str | None) -> Evaluation | None:
    if r.implementation == REFERENCE:
        return None
    if r.failure is not None:
        traceback = getattr(r, "traceback", None) or ""
        printed = r.printed or ""
        return Failed(r.failure, r.message or "", r.call or "", printed, traceback=traceback)
    if status in ("unsupported", "missing") and not isinstance(r, Compared):
        return (Unsupported if status == "unsupported" else Missing)(reason or "")
    if r.dtype is None:
        return None
    numbers = r.actual if isinstance(r, ComparedWhole) else np.zeros(0)
    try:
        losses = numbers.astype(numpy_dtype(r.dtype))
    except TypeError:
        who = f"{r.implementation} on {r.case}"
        raise ContradictionError(f"{who}: dtype is {r.dtype!r}, which NumPy has not") from None
    return Computed(losses, {}, r.call or "", r.seconds or 0.0, printed=r.printed or "")


def _diagnosis(r: AnyResult) -> Diagnosis | None:
    if r.explanation is None:
        return None
    explanations = tuple(
        Explanation(
            e.ids or (e.id,), e.parameters, e.sentence, e.max_abs_residual, e.share_explained
        )
        for e in r.explanation
    )
    conduct = tuple(e for e in explanations if e.id in DEPARTURES)
    of_numbers = tuple(e for e in explanations if e not in conduct)
    return Diagnosis(of_numbers, closest=(), tried=0, by_chance=0.0, conduct=conduct)
