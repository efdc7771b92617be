"""A case that is asked in chunks of rows, with answers made up in place of the workers'."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.answered import HIDDEN, answered, posed, right
from tests.support.mapped import mapped
from xent_check.casefile.in_memory import case_in_memory
from xent_check.casefile.loading import PosedCase
from xent_check.casefile.memory import size_of
from xent_check.problem.evaluation import Computed, Evaluation, Failed, Unsupported
from xent_check.problem.problem import Problem
from xent_check.problem.rows import at
from xent_check.results.comparison import Comparison
from xent_check.results.report import CaseResult
from xent_check.running import in_chunks, jobs, judging
from xent_check.running.chunking import AT_ONCE, Chunking

SPARSE = """\
loss: sparse_categorical
logits: {random: normal, shape: [10, 4], scale: 3}
labels: [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
"""


@pytest.fixture(autouse=True)
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without explanations, which take most of the time."""
    monkeypatch.setattr(jobs, "why_missing", lambda _: None)
    for module in (judging, in_chunks):
        monkeypatch.setattr(module, "diagnosed", lambda result: result)


def off_above(limit: float, answer: Callable[[Problem], Computed] = right) -> Any:
    """An answer whose losses above the limit are a thousandth too large."""

    def wrong(problem: Problem) -> Computed:
        computed = answer(problem)
        losses = computed.losses
        return replace(
            computed, losses=np.where(losses > limit, losses * np.float32(1.001), losses)
        )

    return wrong


def one(text: str, answer: Callable[[Problem], Evaluation], chunk: int = 0) -> CaseResult:
    """The result of one case."""
    with tempfile.TemporaryDirectory() as folder:
        cases = posed(Path(folder), text)
        (result,) = answered(cases, ["torch"], answer, chunk)
        return Chunking(chunk).remarked(cases[0], result)


def compared(result: CaseResult) -> Comparison:
    assert result.comparison is not None
    return result.comparison


CASES = st.sampled_from([
    SPARSE,
    SPARSE + "reduction: [mean, sum]\ncheck: [value, gradient]\n",
    SPARSE + "sample_weight: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\nclass_weight: [1, 2, 0.5, 1]\n"
    "reduction: weighted_mean\n",
    "loss: sparse_categorical\nlogits: {random: normal, shape: [2, 5, 4]}\nignore_index: 3\n"
    "labels: {cycle: [0, 1, 2, 3], shape: [2, 5]}\nreduction: mean\n",
    "loss: sparse_categorical\nlogits: {random: normal, shape: [3, 4, 2]}\nclass_axis: 1\n"
    "labels: {cycle: [0, 1, 2, 3], shape: [3, 2]}\n",
    "loss: sparse_categorical\nlogits: {random: normal, shape: [3, 4, 2]}\nshift: 1\n"
    "labels: {cycle: [0, 1, 0], shape: [3, 4]}\nreduction: mean\ncheck: [value, gradient]\n",
    "loss: categorical\nlogits: {random: normal, shape: [7, 3]}\nlabel_smoothing: 0.1\n"
    "labels: {random: uniform, shape: [7, 3]}\ncheck: [value, gradient]\n",
    "loss: binary\nlogits: {random: normal, shape: [7]}\nlabels: [0, 1, 1, 0, 0.5, 1, 0]\n",
    "loss: binary\nlogits: {random: normal, shape: [4, 3]}\npos_weight: [1, 2, 3]\n"
    "labels: {cycle: [0, 1], shape: [4, 3]}\nreduction: sum\n",
    HIDDEN + "reduction: sum\n",
])  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(CASES, st.integers(1, 9), st.sampled_from([0.5, 1.5, 100.0]))
def test_chunks_give_what_the_whole_case_gives(text: str, rows: int, limit: float) -> None:
    """Status, every loss to the bit, the exact losses, what is allowed, the worst sample, the
    gradient's worst entry; a total is one of a chunk."""
    whole, cut = one(text, off_above(limit)), one(text, off_above(limit), rows)
    assert cut.status == whole.status == ("agrees" if limit == 100.0 else "diverges")
    ours, theirs = compared(cut), compared(whole)
    for name in ("actual", "target", "abs_diff", "ulps", "allowed"):
        np.testing.assert_array_equal(getattr(ours.losses, name), getattr(theirs.losses, name))
    assert ours.losses.worst == theirs.losses.worst
    assert cut.reference.totals.keys() == whole.reference.totals.keys()
    assert ours.asked == theirs.asked
    assert ours.gaps == theirs.gaps == {}
    assert (ours.share, ours.wide_radius) == (theirs.share, theirs.wide_radius)
    assert ours.bounds is not None
    assert theirs.bounds is not None
    np.testing.assert_array_equal(ours.bounds.losses, theirs.bounds.losses)
    if theirs.gradient is not None:
        assert ours.gradient is not None
        assert ours.gradient.size == theirs.gradient.size
        assert ours.gradient.place(ours.gradient.worst) == theirs.gradient.worst


def test_the_totals_of_a_chunk_are_its_own() -> None:
    """An implementation's mean is asked chunk by chunk, never made of its losses: a wrong one in
    one chunk diverges, and is the one that is shown, with its rows."""

    def wrong(problem: Problem) -> Computed:
        computed = right(problem)
        if 3 in problem.labels[:1]:
            return replace(computed, totals={"mean": np.float32(7)})  # type: ignore[dict-item]
        return computed

    result = one(SPARSE + "reduction: mean\n", wrong, 3)
    comparison = compared(result)
    assert (result.status, comparison.losses.diverging) == ("diverges", 0)
    assert float(comparison.totals["mean"].actual) == 7
    assert comparison.rows == {"mean": (3, 5)}
    assert "in 4 chunks of 3 rows at most" in result.notes[-1]
    assert "mean rows 3 to 5" in result.notes[-1]


def test_the_gradients_by_parameters_of_a_chunk_are_its_own() -> None:
    """One that is wrong in one chunk diverges, and is the one that is shown. That no sum of them
    was compared is said."""

    def wrong(problem: Problem) -> Computed:
        computed = right(problem)
        if problem.labels[0] != 2:
            return computed
        by: dict[Any, Any] = dict(computed.by_parameters)
        return replace(computed, by_parameters=by | {"weight": by["weight"] + np.float32(1)})

    result, agreeing = one(HIDDEN, wrong, 2), one(HIDDEN, right, 2)
    assert (result.status, agreeing.status) == ("diverges", "agrees")
    of = compared(result).by_parameters
    assert {name: part.diverging for name, part in of.items()} == {
        "weight_gradient": 15,
        "bias_gradient": 0,
    }
    assert compared(result).gaps == compared(agreeing).gaps == {}
    assert compared(result).bounds is not None
    assert "by weight and bias were compared, and not their sums over all rows" in result.notes[-1]
    assert "shown: weight rows 2 to 3, bias rows" in result.notes[-1]


def test_a_gradient_by_a_parameter_that_one_chunk_lacks_is_missing() -> None:
    def lacking(problem: Problem) -> Computed:
        computed = right(problem)
        if problem.labels[0] != 2:
            return computed
        parts: Any = {**computed.by_parameters, "bias": Unsupported("not this time")}
        return replace(computed, by_parameters=parts)

    comparison = compared(one(HIDDEN, lacking, 2))
    assert comparison.gaps == {"bias_gradient": "not this time"}
    assert comparison.by_parameters.keys() == {"weight_gradient"}


def test_a_large_weight_is_written_once_for_all_chunks() -> None:
    files: list[tuple[object, object]] = []

    def noting(problem: Problem) -> Computed:
        file = mapped(problem.weight).filename
        files.append((file, Path(str(file)).exists()))
        return Computed(np.zeros(1, np.float32), {}, "loss(x)", 0.25, None)

    text = HIDDEN.replace("[7, 3]", "[3, 65]").replace("[5, 3]", "[4097, 65]")
    text = text.replace("[5]", "[4097]").replace("check: [value, gradient]\n", "")
    one(text.replace("[0, 1, 2, 3, 4, 0, 1]", "[0, 1, 2]"), noting, 1)
    assert files == [(files[0][0], True)] * 3


def test_a_chunk_without_a_kept_sample_is_asked_for_no_mean() -> None:
    """What a framework makes of 0 / 0 in it is no matter of the whole."""
    text = SPARSE.replace("[0, 1, 2, 3, 0, 1, 2, 3, 0, 1]", "[0, 1, -1, -1, -1, -1, 2, 3, 0, 1]")
    asked: list[tuple[str, ...]] = []

    def noting(problem: Problem) -> Computed:
        asked.append(problem.reductions)
        return right(problem)

    result = one(text + "ignore_index: -1\nreduction: [mean, sum]\n", noting, 2)
    assert result.status == "agrees"
    assert asked == [("mean", "sum"), ("sum",), ("sum",), ("mean", "sum"), ("mean", "sum")]
    assert compared(result).gaps == {}


def test_a_total_that_no_chunk_has_is_said_to_be_missing() -> None:
    text = SPARSE.replace("[0, 1, 2, 3, 0, 1, 2, 3, 0, 1]", "{fill: -1, shape: [10]}")
    result = one(text + "ignore_index: -1\nreduction: mean\n", right, 4)
    assert compared(result).gaps.keys() == {"mean"}
    assert any(note.startswith("mean not compared: ") for note in result.notes)


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (Unsupported("no such loss"), "unsupported", "no such loss"),
        (Failed("error", "ValueError: no"), "failed", "ValueError: no"),
    ],
    ids=["unsupported", "failed"],
)
def test_what_is_not_computed_in_one_chunk_is_not_computed(
    answer: Evaluation, status: str, reason: str
) -> None:
    """It is asked no further chunk; what diverged before is told."""
    asked: list[int] = []

    def some(problem: Problem) -> Evaluation:
        asked.append(int(problem.labels[0]))
        return answer if len(asked) == 3 else off_above(0.0)(problem)

    result = one(SPARSE, some, 3)
    assert (result.status, result.reason) == (status, reason)
    assert len(asked) == 3
    assert result.reference.losses.high.shape == (10,)
    text = "asked in chunks, up to rows 6 to 8; 2 chunks before diverged, the first of them rows 0"
    assert text in result.notes[-1]


def test_losses_of_a_wrong_shape_in_one_chunk_diverge() -> None:
    result = one(SPARSE, lambda p: replace(right(p), losses=np.zeros(3, np.float32)), 4)
    assert result.status == "diverges"
    assert "losses of shape [3], samples [4]" in (result.reason or "")


def test_an_answer_of_totals_alone_is_held_against_each_chunk_s() -> None:
    def mean_alone(problem: Problem) -> Computed:
        computed = right(replace(problem, reductions=("mean",)))
        return replace(computed, losses=computed.losses[:0], only_totals="it gives the mean")

    result = one(SPARSE, mean_alone, 4)
    assert result.status == "agrees"
    assert compared(result).gaps == {"losses": "it gives the mean"}
    assert compared(result).rows.keys() == {"mean"}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("expect: {torch: {mean: 1}}\n", "what its `expect` states is of all rows"),
        ("shift: 1\n", "it is one sequence"),
        ("check: [value, repeatable]\n", "its further checks ask about the whole batch"),
    ],
)
def test_what_cannot_be_asked_in_chunks_is_asked_whole_and_said(more: str, why: str) -> None:
    shapes: list[tuple[int, ...]] = []

    def noting(problem: Problem) -> Computed:
        shapes.append(problem.values.shape)
        return right(problem)

    result = one(SPARSE + more, noting, 3)
    assert shapes == [(10, 4)]
    assert result.notes[-1] == f"asked whole and not in chunks: {why}"


def test_a_case_with_no_more_rows_than_a_chunk_is_asked_whole_without_a_word() -> None:
    assert one(SPARSE, right, 10).notes == ()


def test_large_cases_alone_are_cut_by_themselves() -> None:
    """By what one answer takes, whatever this machine has: a run elsewhere is asked the same."""
    small = posed_of(np.zeros((4, 3), np.float32))
    large = posed_of(np.broadcast_to(np.float32(0), (4096, 128256)))
    assert Chunking().rows_of(small) == 0
    rows = Chunking().rows_of(large)
    assert 0 < rows < 4096
    assert size_of(at(large.problem, (slice(0, rows),))).one_answer_bytes <= AT_ONCE
    assert Chunking(rows=0).rows_of(large) == 0


def posed_of(values: Any) -> PosedCase:
    posed = case_in_memory({"logits": np.zeros((1, 2), np.float32), "labels": [0]})
    return posed.with_problem(replace(posed.problem, values=values, labels=np.zeros(len(values))))
