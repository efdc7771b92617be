"""Gating: what `--baseline` and `--fail-on` make of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import usage

if TYPE_CHECKING:
    from xent_check.history.gate import Rule
    from xent_check.results.report import CaseResult, Report


@dataclass(frozen=True)
class Gated:
    """What a baseline makes of a run, or what holds without one."""

    report: Callable[[Report], Report]
    """the report held against it"""
    fails: Callable[[CaseResult], bool]
    """whether a result makes the run fail"""


def gate_from_options(baseline: str | None, fail_on: Sequence[str]) -> Gated:
    """The gate that the options ask for. The baseline is read here: UserError and UsageError come
    before anything runs."""
    if baseline is None:
        if fail_on:
            raise click.UsageError("--fail-on needs --baseline FILE")
        from xent_check.results.report import is_bad

        return Gated(lambda report: report, is_bad)
    from xent_check.casefile.project import project_of
    from xent_check.history.baseline_file import load_baseline
    from xent_check.history.gate import DEFAULT, fails, gate

    rules = rules_of(fail_on or DEFAULT)
    loaded, project = load_baseline(Path(baseline)), project_of(Path(baseline))
    return Gated(
        lambda report: gate(report, loaded, baseline, rules, project),
        lambda result: fails(result, loaded, rules, project),
    )


def rules_of(fail_on: Sequence[str]) -> tuple[Rule, ...]:
    """The rules that `--fail-on` names; UsageError for an unknown one."""
    from xent_check.errors import InvalidError
    from xent_check.history.gate import parse_rules

    try:
        return parse_rules(fail_on)
    except InvalidError as error:
        raise usage("--fail-on", error) from None
