"""Of results in any order a report in one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.answered import answered, posed
from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import Implementation, parse
from xent_check.problem.evaluation import Computed
from xent_check.running import jobs, summary
from xent_check.running.settings import Settings
from xent_check.running.summary import report_of

CASES = """
defaults: {loss: sparse_categorical, logits: [[0, 0]], labels: [1]}
cases:
  - name: b
  - name: a
    expect: {reference: {losses: [0.6931472]}}
"""
NAMES = ("stable", "manual", "torch")


def asked(posed: PosedCase) -> list[Implementation]:
    """Whatever the case."""
    return [parse(name) for name in NAMES]


def test_results_stand_by_case_and_then_in_the_order_of_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reference first; who answered nothing has no version to tell, and is said to be required
    where no case asks for it."""
    for module in (jobs, summary):
        monkeypatch.setattr(
            module, "why_missing", lambda i: "not there" if i.name in ("torch", "keras") else None
        )
    cases = posed(tmp_path, CASES)
    results = answered(
        cases, NAMES, lambda p: Computed(np.zeros(p.samples_shape, np.float32), {}, "", 0.0)
    )
    settings = Settings((str(tmp_path),), required=(parse("torch"), parse("keras")))
    report = report_of(settings, cases, asked, results[::-1])
    assert report.implementations == ("reference", "torch", "manual", "stable")
    assert [(r.case.name, r.implementation) for r in report.results] == [
        ("b", "torch"), ("b", "manual"), ("b", "stable"),
        ("a", "reference"), ("a", "torch"), ("a", "manual"), ("a", "stable"),
    ]  # fmt: skip
    assert set(report.hosts) == {"manual", "stable"}
    assert report.absent == ("keras",)
    assert "keras is required and missing: not there" in report.warnings
