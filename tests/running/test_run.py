"""Cases x implementations -> results, with answers made up in place of the workers'."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.answered import answered, posed
from xent_check.implementations.names import Implementation
from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem
from xent_check.reference.truth import truth
from xent_check.running import jobs


def nothing(problem: Problem) -> Computed:
    """A loss of 0, whatever is asked."""
    return Computed(np.zeros(problem.samples_shape, np.float32), {}, "", 0.0)


ONE = "loss: sparse_categorical\nlogits: [[0, 0]]\nlabels: [1]\n"


def test_every_case_has_a_result_of_every_implementation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the reference is held to comes first, then who is not there, then the answers."""
    monkeypatch.setattr(
        jobs, "why_missing", lambda i: "not installed" if i.name == "torch" else None
    )
    case = ONE.replace("\n", "\n    ")
    one = f"  - name: a\n    {case}expect: {{reference: {{losses: [0.6931472]}}}}\n"
    cases = posed(tmp_path, f"cases:\n{one}  - name: b\n    {case}")
    results = answered(cases, ["torch", "manual", "stable"], nothing)
    assert [(r.case.name, r.implementation, r.status) for r in results] == [
        ("a", "reference", "agrees"),
        ("a", "torch", "missing"),
        ("b", "torch", "missing"),
        ("a", "manual", "diverges"),
        ("a", "stable", "diverges"),
        ("b", "manual", "diverges"),
        ("b", "stable", "diverges"),
    ]


@pytest.mark.parametrize(("name", "inside"), [("tf", True), ("tf:xla", False), ("manual", False)])
def test_what_computes_in_float32_is_held_to_what_that_explains(
    name: str, inside: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table says that TensorFlow rounds a loss of float16 once; of a mode it says nothing."""
    monkeypatch.setattr(jobs, "why_missing", lambda _: None)
    text = "loss: sparse_categorical\nlogits: [[8, 0, 8]]\nlabels: [1]\ndtype: float16\n"
    cases = posed(tmp_path, text)
    (result,) = answered(cases, [name], nothing)
    exact, problem = truth(cases[0].problem), cases[0].problem
    wide = float(exact.bounds.losses[0])
    narrow = float(exact.inside_float32(problem).bounds.losses[0])
    assert narrow < wide / 2
    assert result.comparison is not None
    assert result.comparison.bounds is not None
    assert float(result.comparison.bounds.losses[0]) == (narrow if inside else wide)


def test_an_answer_is_held_against_the_entry_about_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first that applies; nothing stated of another implementation, or of other versions."""
    monkeypatch.setattr(jobs, "why_missing", lambda _: None)
    because = "{losses: [0], because: %s, versions: '%s'}"
    cases = posed(
        tmp_path,
        f"{ONE}expect:\n  torch:\n    - {because % ('past', '<2')}\n"
        f"    - {because % ('today', '>=2')}\n    - {because % ('never reached', '>=1')}\n",
    )
    expected = {"1.9": "past", "2.13": "today", "unknown": None}
    for version, reason in expected.items():
        monkeypatch.setattr(Implementation, "version", version)
        torch, keras = answered(cases, ["torch", "keras"], nothing)
        assert (torch.status, torch.reason) == ("known" if reason else "diverges", reason)
        assert (keras.status, keras.reason) == ("diverges", None)


def test_the_answer_to_a_case_that_nobody_is_asked_is_the_reference_alone(tmp_path: Path) -> None:
    """No case, no result."""
    assert answered((), ["manual"], nothing) == []
