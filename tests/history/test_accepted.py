"""An accepted divergence excuses what was seen: the same numbers, shape, message and inputs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.reports import NAN, case, compared, difference, report, result
from xent_check.casefile.project import Project
from xent_check.history.baseline_file import Baseline, baseline_text, load_baseline
from xent_check.history.changes import change_between
from xent_check.history.gate import NotAcceptedError, accept, gate, parse_rules
from xent_check.history.record import answer_record, normalized_message
from xent_check.problem.evaluation import Computed, Failed, Missing
from xent_check.results.change import ChangeKind
from xent_check.results.report import CaseResult, Report

HERE = Project(Path.cwd())
TOLERANCE = 2e-6


def answer(losses: Any, expected: Any = None) -> CaseResult:
    """Losses whose exact values are 1, within 2e-6 or not; those that are stated, likewise."""
    target = np.ones_like(losses)
    stated = None if expected is None else difference(losses, expected, TOLERANCE)
    comparison = compared(difference(losses, target, TOLERANCE), expected=stated)
    agrees = comparison.agrees_with_expected
    return result(case("c"), "torch", "agrees" if agrees else "diverges", comparison=comparison)


def failing(message: str, kind: Any = "error") -> CaseResult:
    return result(case("c"), "torch", "failed", evaluation=Failed(kind, message), reason=message)


def of_shape(*shape: int) -> CaseResult:
    reason = f"losses of shape {list(shape)}, samples [3]"
    wrong = Computed(np.zeros(shape), {}, "f(x)", 0.0)
    return result(case("c"), "torch", "diverges", evaluation=wrong, reason=reason)


def run(*results: CaseResult) -> Report:
    return report(list(results), names=("torch",))


def accepted(of: CaseResult, folder: Path, before: Baseline | None = None) -> Baseline:
    """As the file keeps it, accepted with a reason unless the earlier one has one."""
    made = accept(run(of), before, None if before else "it is known", HERE)
    (folder / "base.json").write_text(baseline_text(made), encoding="utf-8")
    return load_baseline(folder / "base.json")


def kind(baseline: Baseline, of: CaseResult) -> ChangeKind:
    (before,) = baseline.records.values()
    return change_between("c", "torch", before, answer_record(of)).kind


def forty(*changed: tuple[int, float]) -> Any:
    """Forty losses, the first eight off by 5; then these by so much more."""
    losses = np.ones(40)
    losses[:8] += 5
    for index, by in changed:
        losses[index] += by
    return losses


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ((), "known"),
        (((20, 2**-23),), "known"),  # an agreeing one moves by an ulp
        (((7, 2**-21),), "known"),  # a diverging one does, and is not among the five worst
        (((20, 1000.0),), "new"),
        (((20, 3e-6),), "new"),
        (((7, 1000.0),), "new"),
        (((7, 3e-6),), "new"),
        (((7, -5.0),), "new"),  # it agrees now: not what was accepted
        (((20, NAN),), "behaviour"),
    ],
)
def test_of_many_losses_none_but_the_accepted_may_diverge(
    changed: tuple[tuple[int, float], ...], expected: ChangeKind, tmp_path: Path
) -> None:
    base = accepted(answer(forty()), tmp_path)
    now = answer(forty(*changed))
    assert kind(base, now) == expected
    if expected == "new":
        with pytest.raises(NotAcceptedError, match="1 to accept without a reason"):
            accept(run(now), base, None, HERE)


def test_of_very_many_that_diverge_the_digest_decides(tmp_path: Path) -> None:
    losses = np.ones(3000)
    losses[:1001] += 5
    base = accepted(answer(losses), tmp_path)
    assert len((tmp_path / "base.json").read_bytes()) < 1000
    assert kind(base, answer(losses)) == "known"
    losses[2000] += 2**-23
    assert kind(base, answer(losses)) == "new"


def test_a_thousand_that_diverge_are_kept(tmp_path: Path) -> None:
    losses = np.ones(3000)
    losses[::3] += 5
    base = accepted(answer(losses), tmp_path)
    losses[1::3] += 2**-23
    assert kind(base, answer(losses)) == "known"
    losses[1] += 1e-3
    assert kind(base, answer(losses)) == "new"


def test_one_that_agreed_and_diverges_by_a_hair_is_new(tmp_path: Path) -> None:
    """It moved by less than the tolerance, from within it to beyond it."""
    base = accepted(answer(np.array([6.0, 1.0 + 1.5e-6, 1.0])), tmp_path)
    assert kind(base, answer(np.array([6.0, 1.0 + 2.5e-6, 1.0]))) == "new"
    assert kind(base, answer(np.array([6.0, 1.0 + 1.9e-6, 1.0]))) == "known"


def test_what_was_stated_and_held_has_to_hold(tmp_path: Path) -> None:
    """Against what `expect` states: the reference alone would call both divergences old."""
    stated = np.array([7.0, 6.0 + 1e-6, 1.0])
    base = accepted(answer(np.array([6.0, 6.0, 1.0]), stated), tmp_path)
    assert kind(base, answer(np.array([6.0, 6.0, 1.0]), stated)) == "known"
    assert kind(base, answer(np.array([6.0, 6.0 - 1.5e-6, 1.0]), stated)) == "new"


def test_it_cannot_grow_step_by_step(tmp_path: Path) -> None:
    base = accepted(answer(np.array([6.0, 1.0, 1.0])), tmp_path)
    text = baseline_text(base)
    for by in (0.0, 0.9e-6, 1.8e-6):
        base = accepted(answer(np.array([6.0 + by, 1.0, 1.0])), tmp_path, base)
        assert baseline_text(base) == text
    assert kind(base, answer(np.array([6.0 + 2.7e-6, 1.0, 1.0]))) == "new"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (of_shape(3, 1), of_shape(3, 1), "known"),
        (of_shape(3, 1), of_shape(2,), "behaviour"),
        (failing("IndexError: Target 5 is out of bounds."),
         failing("IndexError: Target -3 is out of bounds."), "known"),
        (failing("RuntimeError: a at 0x7f1cc0de"), failing("RuntimeError: a at 0x55aa"), "known"),
        (failing("RuntimeError: no float32"), failing("RuntimeError: no float64"), "behaviour"),
        (failing("RuntimeError: a shape"), failing("RuntimeError: out of memory"), "behaviour"),
        (failing("killed by SIGSEGV", "crash"), failing("killed by SIGKILL", "crash"), "behaviour"),
        (failing("nothing in 60 s", "timeout"), failing("nothing in 5.5 s", "timeout"), "known"),
    ],
)  # fmt: skip
def test_a_failure_excuses_the_same_failure(
    before: CaseResult, after: CaseResult, expected: ChangeKind, tmp_path: Path
) -> None:
    assert kind(accepted(before, tmp_path), after) == expected


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("E: label -3 of [0, 3), 1.5e-7\n  or 2.", "E: label # of [#, #), # or #"),
        ("E: <object at 0x7f1C>", "E: <object at #>"),
        ("E: loss_12 of __inference_call_45", "E: loss_# of __inference_call_#"),
        ("E: float32 is not int64", "E: float32 is not int64"),
        ("E: \x1b[31m\udcff", "E: \\x1b[#m\\udcff"),
    ],
)
def test_numbers_and_addresses_are_folded(message: str, told: str) -> None:
    assert normalized_message(message) == told


def test_a_long_message_keeps_its_end_as_a_digest() -> None:
    long = "E: " + "a " * 500
    assert len(normalized_message(long)) < 350
    assert normalized_message(long) == normalized_message(long)
    assert normalized_message(long) != normalized_message(long + "b")


# ---- the inputs ---------------------------------------------------------------------------------


def other_problem(of: CaseResult) -> CaseResult:
    assert of.problem is not None
    labels = of.problem.labels.copy()
    labels[0] = 1 - labels[0]
    return replace(of, problem=replace(of.problem, labels=labels))


GOOD = answer(np.ones(3))
NOW: list[CaseResult] = [
    GOOD,
    answer(np.array([1.0 + 2**-23, 1.0, 1.0])),
    answer(np.array([6.0, 1.0, 1.0])),
    answer(np.array([NAN, 1.0, 1.0])),
    failing("IndexError: Target 5 is out of bounds."),
    of_shape(4),
    result(case("c"), "torch", "missing", evaluation=Missing("not installed")),
    result(case("c"), "torch", "unsupported", reason="no such option"),
]


@pytest.mark.parametrize("now", NOW, ids=lambda r: f"{r.status}")
@pytest.mark.parametrize("was", [GOOD, answer(np.array([6.0, 1.0, 1.0]))], ids=("good", "bad"))
def test_other_inputs_are_told_before_anything_else(
    was: CaseResult, now: CaseResult, tmp_path: Path
) -> None:
    base = accepted(was, tmp_path)
    assert kind(base, other_problem(now)) == "inputs"
    result = gate(run(other_problem(now)), base, "base.json", parse_rules(["inputs"]), HERE).gate
    assert result is not None
    assert [c.kind for c in result.failing] == ["inputs"]
    assert "accept -k records the new ones" in result.failing[0].sentence


def test_a_divergence_of_other_inputs_needs_a_reason_of_its_own(tmp_path: Path) -> None:
    bad = answer(np.array([6.0, 1.0, 1.0]))
    base = accepted(bad, tmp_path)
    with pytest.raises(NotAcceptedError):
        accept(run(other_problem(bad)), base, None, HERE)
    again = accept(run(other_problem(bad)), base, "of these too", HERE)
    assert [r.because for r in again.records.values()] == ["of these too"]
    assert kind(again, other_problem(bad)) == "known"


def test_a_baseline_without_inputs_is_said_and_mended(tmp_path: Path) -> None:
    base = accepted(answer(np.array([6.0, 1.0, 1.0])), tmp_path)
    old = replace(base, records={k: replace(r, inputs=None) for k, r in base.records.items()})
    now = answer(np.array([6.0 + 2**-21, 1.0, 1.0]))
    result = gate(run(now), old, "base.json", parse_rules(["new,inputs"]), HERE).gate
    assert result is not None
    assert result.failing == ()
    assert any("without a digest of the inputs" in note for note in result.notes)
    assert baseline_text(accepted(now, tmp_path, old)) == baseline_text(base)


def test_what_is_not_installed_keeps_its_answer_until_the_inputs_are_others(
    tmp_path: Path,
) -> None:
    base = accepted(GOOD, tmp_path)
    gone = result(case("c"), "torch", "missing", evaluation=Missing("not installed"))
    for now in (gone, other_problem(gone)):
        assert accept(run(now), base, None, HERE).records.keys() == base.records.keys()
    assert accept(run(gone), base, None, HERE, prune=True).records.keys() == base.records.keys()
    assert accept(run(other_problem(gone)), base, None, HERE, prune=True).records == {}


# ---- accept -------------------------------------------------------------------------------------


def test_what_follows_a_missing_framework_is_taken() -> None:
    missing = result(case("c"), "jax", "missing", evaluation=Missing("not installed"))
    later = replace(answer(np.ones(3)), case=case("d"))
    made = accept(report([missing, GOOD, later], names=("jax", "torch")), None, None, HERE)
    assert sorted(made.records) == [
        ("cases/demo.yaml::c", "torch"),
        ("cases/demo.yaml::d", "torch"),
    ]


def test_pruning_one_file_leaves_the_answers_of_another() -> None:
    bad = replace(answer(np.array([6.0, 1.0, 1.0])), case=case("b", file="b.yaml"))
    gone = replace(GOOD, case=case("gone", file="a.yaml"))
    stays = replace(GOOD, case=case("stays", file="a.yaml"))
    base = accept(run(bad, gone, stays), None, "it is known", HERE)
    ran = run(stays)
    whole = replace(ran, scope=replace(ran.scope, paths=("a.yaml",), filtered=False))
    pruned = accept(whole, base, None, HERE, prune=True)
    assert sorted(case for case, _ in pruned.records) == ["a.yaml::stays", "b.yaml::b"]
    assert pruned.records["b.yaml::b", "torch"].because == "it is known"
