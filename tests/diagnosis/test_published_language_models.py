"""What public reports about losses of language models saw, on the cases that tell of them."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from tests.observed import bounds_of, observed
from tests.support.console import ROOT
from xent_check.casefile.loading import Filter, load
from xent_check.diagnosis.diagnosis import Diagnosis, diagnose
from xent_check.problem.problem import Problem

FILE = ROOT / "cases" / "language_models" / "published.yaml"
# transformers 5.24.0 and torch 2.13.0, as tests/observed/print_language_models.py prints them, with
# the digits that a log has (four) where they are enough, else all; and what explains it first.
SEEN: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("transformers-34191-accumulation", "4.212320804595947", "mean-of-means",
     {"how": "mean", "batches": 2}),
    ("transformers-34191-accumulation", "4.1992292404174805", "mean-of-means",
     {"how": "mean", "what": "the rows"}),
    ("transformers-37766-sum-of-means", "8.4246", "mean-of-means", {"how": "sum", "batches": 2}),
    ("transformers-37766-sum-of-means", "16.7969", "mean-of-means", {"how": "sum", "batches": 4}),
    ("transformers-35438-doubled", "8.1873", "mean-of-means", {"how": "sum", "batches": 2}),
    ("transformers-46204-items", "3.6683", "num-items", {"count": 29, "declared": 25}),
    ("transformers-47394-shifted-twice", "4.352132320404053", "labels-shifted", {"shift": 2}),
    ("transformers-46897-shifted-twice", "4.255239009857178", "labels-shifted", {"shift": 1}),
    ("transformers-17960-not-shifted", "3.8119", "labels-not-shifted", {"shift": 0}),
    ("olmo-core-702-z-loss", "4.234440803527832", "z-loss-added", {"z_loss": 1e-4}),
    ("olmo-core-702-z-loss", "[2.5022423, 5.5945725, 3.5974190, 0.0000000, 5.1044540, 4.3735151]",
     "z-loss-added", {"z_loss": 1e-4}),
    ("ml-cross-entropy-48-softcap", "4.255239009857178", "softcap-missing", {}),
)  # fmt: skip


@functools.cache
def problems() -> dict[str, Problem]:
    return {posed.case.name: posed.problem for posed in load([str(FILE)], Filter())}


def explained(case: str, numbers: str) -> Diagnosis:
    problem, kind = problems()[case], "losses" if numbers.startswith("[") else "mean"
    return diagnose(problem, observed(problem, kind, numbers), bounds_of(problem))


@pytest.mark.parametrize(("case", "numbers", "reason", "parameters"), SEEN)
def test_what_a_report_saw_has_its_reason_first(
    case: str, numbers: str, reason: str, parameters: dict[str, Any]
) -> None:
    first = explained(case, numbers).explanations[0]
    assert first.ids == (reason,)
    assert first.parameters.items() >= parameters.items()


@pytest.mark.parametrize(
    ("case", "numbers"),
    [("transformers-34191-accumulation", "4.2123"), ("transformers-47394-shifted-twice", "4.3521")],
)
def test_four_digits_of_a_number_near_the_right_one_are_too_few(case: str, numbers: str) -> None:
    found = explained(case, numbers)
    assert not found.explained
    assert found.by_chance > 0.001


def test_what_was_meant_needs_no_reason() -> None:
    """The model's own loss, without accumulation: transformers 5.24.0."""
    for case in problems():
        if "transformers" in case and case not in ("transformers-35438-doubled",
                                                   "transformers-46897-shifted-twice"):  # fmt: skip
            assert explained(case, "4.255239009857178").explanations[0].ids == ("rounding",)


def test_every_report_is_seen_but_those_that_changed_a_kernel() -> None:
    changed = {name for name in problems() if name.startswith("liger-")}
    assert {case for case, *_ in SEEN} == {*problems()} - changed
