"""Summary: from the results of a run to its report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from xent_check.casefile.loading import PosedCase
from xent_check.history.changes import variants_of
from xent_check.implementations.names import Implementation, why_missing
from xent_check.implementations.placement import placed, unused
from xent_check.implementations.table import FRAMEWORKS, IMPLEMENTATIONS
from xent_check.problem.expectation import REFERENCE
from xent_check.results.report import CaseResult, Host, Report

from .settings import Settings


def report_of(
    settings: Settings,
    posed_cases: Sequence[PosedCase],
    implementations_of: Callable[[PosedCase], Sequence[Implementation]],
    results: Sequence[CaseResult],
    introduction_of: Callable[[Implementation], Mapping[str, Any]] = lambda _: {},
) -> Report:
    """The results in order of case and implementation, the hosts that answered, and warnings."""
    by_name = {i.name: i for posed in posed_cases for i in implementations_of(posed)}
    names = (REFERENCE, *(i.name for i in sorted(by_name.values(), key=_rank)))
    required = placed(settings.required, settings.pythons)
    absent = {i.name: why_missing(i) or _unseen(i) for i in required if i.name not in by_name}
    warnings = [f"{name} is required and missing: {why}" for name, why in absent.items() if why]
    warnings += unused(by_name.values(), settings.pythons)
    answered = {r.implementation for r in results if r.status != "missing"}
    unanswered = {r.implementation for r in results} - answered
    order = {posed.case.id: position for position, posed in enumerate(posed_cases)}
    ordered = sorted(results, key=lambda r: (order[r.case.id], names.index(r.implementation)))
    return Report(
        results=tuple(ordered),
        cases=len(posed_cases),
        implementations=names,
        hosts={
            name: host_of(i, introduction_of(i))
            for name, i in by_name.items()
            if why_missing(i) is None and name not in unanswered
        },
        seconds=0.0,
        warnings=tuple(warnings),
        absent=tuple(name for name, why in absent.items() if why),
        verbose=settings.verbose,
        variants=variants_of(ordered, names),
    )


def host_of(implementation: Implementation, introduction: Mapping[str, Any]) -> Host:
    """Where it ran; for a user's own function, of which framework, as it was found out."""
    host = Host.of(implementation)
    if not introduction:
        return host
    name, sentence = introduction["framework"], introduction["sentence"]
    if sentence and implementation.place:
        sentence = f"{implementation.unlabelled}: {sentence}"
    return replace(
        host,
        distribution=FRAMEWORKS[name],
        version=introduction["version"],
        took=sentence,
    )


def _unseen(implementation: Implementation) -> str | None:
    """What is unknown of an implementation that is installed and ran on no case: its device, which
    its process alone can see; None where it has none but the CPU."""
    if implementation.device == "cpu":
        return None
    return f"no case asks for it, so nothing looked for its device: add -i {implementation.name}"


def _rank(implementation: Implementation) -> tuple[int, str, str]:
    """The order of the table, modes after their names, labels after those; user functions last."""
    table, i = list(IMPLEMENTATIONS), implementation
    return (table.index(i.base) if i.base in table else len(table), i.unlabelled, i.label)
