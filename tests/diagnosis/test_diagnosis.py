"""The diagnosis names the true reason of numbers, and claims nothing that they do not support."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.bench.diagnosis import FILES, TARGETS, score, strays
from tests.observed import Known, bounds_of, diagnosed, known, observed, place, problem_of
from xent_check.diagnosis.candidates import plain, singles
from xent_check.diagnosis.diagnosis import Diagnosis, Explanation, diagnose
from xent_check.diagnosis.evidence import CHANCE, Observed, evidence_of
from xent_check.diagnosis.losses import losses_of, meaning_of
from xent_check.diagnosis.stated_reasons import reproduces

DOCS = {
    "loss": "sparse_categorical",
    "probs": [[0.9, 0.05, 0.05], [0.5, 0.89, 0.6], [0.05, 0.01, 0.94]],
    "labels": [0, 1, 2],
    "normalize": False,
}
ZERO = {"loss": "sparse_categorical", "probs": [[0.0, 1.0]], "labels": [0]}
THREAD = {
    "loss": "sparse_categorical",
    "logits": [[-11.7642536, -45.3370094, -3.17252636, 4.34527206, -17.7164974, -0.595088899,
                -17.6322937, -2.36941719, -6.82157373, -3.47369862]],
    "labels": [3],
}  # fmt: skip
OUTSIDE = {"loss": "sparse_categorical", "logits": [[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]]}
# Exact for logits [0, 1, 0] and label 1: log(1 + 2 / e) = 0.5514447139320511.
ROWS = {"loss": "binary", "logits": [[-18.6, 0.51], [2.94, -12.8]], "labels": [[0, 1], [0, 0]]}
TWO = {"loss": "sparse_categorical", "logits": [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], "labels": [1, 0]}


def said(fields: Mapping[str, Any], kind: str, text: str) -> Diagnosis:
    problem = problem_of(fields)
    return diagnose(problem, observed(problem, kind, text), bounds_of(problem))


def ids(diagnosis: Diagnosis) -> list[tuple[str, ...]]:
    return [explanation.ids for explanation in diagnosis.explanations]


@functools.cache
def answers(files: tuple[str, ...]) -> list[tuple[Known, Diagnosis]]:
    return [(item, diagnosed(item)) for file in files for item in known(file)]


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("files", [FILES[:2], pytest.param(FILES, marks=pytest.mark.long)])
def test_the_true_reason_comes_first(files: tuple[str, ...], kind: str) -> None:
    result = score(answers(files), kind)
    assert result.count >= 60
    assert result.top_1 >= TARGETS[kind]
    assert result.top_3 >= result.top_1


@pytest.mark.long
def test_two_hundred_stray_numbers_are_explained_by_nothing() -> None:
    wrong = {}
    count = 0
    for name, answer in strays(230):
        count += 1
        if answer.explained:
            wrong[name] = ids(answer)
    assert count >= 200
    assert wrong == {}


NAMED = [
    "log2", "exp", "sign", "sum", "mean", "weighted-mean", "smoothing-formula", "smoothing-missing",
    "class-weight-ignored", "label-offset", "argmax-label", "clipped", "log-clamped", "dtype",
    "labels-broadcast", "class-axis", "labels-shifted", "sigmoid-for-softmax", "not-shift-safe",
]  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("name", NAMED)
def test_a_common_reason_is_named_first_or_withheld_for_want_of_digits(name: str) -> None:
    asked = [(i, d) for i, d in answers(FILES[:3]) if i.ids == (frozenset([name]),)]
    assert any(place(item, d) == 0 for item, d in asked)
    assert {item.name for item, d in asked if d.explained and place(item, d) != 0} == set()


@pytest.mark.parametrize("item", known("unexplained.yaml"), ids=lambda item: item.text)
def test_a_published_number_of_another_kind_is_not_explained(item: Known) -> None:
    answer = diagnosed(item)
    assert not answer.explained
    assert all(near.share_explained > 0 for near in answer.closest)


# ---- the threads --------------------------------------------------------------------------------


def test_keras_divides_by_the_sum() -> None:
    assert ids(said(DOCS, "losses", "[0.10536055 0.8046684 0.0618754]")) == [("renormalised",)]


def test_16_118_at_p_0_is_clipping_or_an_epsilon_and_something_tells_them_apart() -> None:
    answer = said(ZERO, "losses", "16.118095")
    assert ids(answer) == [("clipped",), ("epsilon-in-log",)]
    assert [e.parameters["epsilon"] for e in answer.explanations] == [1e-7, 1e-7]
    assert "clipped gives" in answer.distinguishing_input
    assert "epsilon-in-log gives" in answer.distinguishing_input


@pytest.mark.parametrize("text", ["0.00928135", "0.00928142", "0.0092814"])
def test_the_last_digits_of_the_thread_are_rounding(text: str) -> None:
    answer = said(THREAD, "losses", text)
    assert ids(answer) == [("rounding",)]
    assert answer.by_chance < CHANCE


@pytest.mark.parametrize(
    ("text", "name"),
    [("[nan 0.5514447]", "label-gives-nan"), ("[0. 0.5514447]", "label-gives-zero")],
)
def test_a_label_outside_the_classes_gives_nan_or_0(text: str, name: str) -> None:
    assert ids(said({**OUTSIDE, "labels": [5, 1]}, "losses", text)) == [(name,)]


def test_from_logits_on_a_certain_prediction_sticks_at_2_3575() -> None:
    certain = {"zeros": [1, 27], "at": [[0, 16, 1.0]]}
    answer = said(
        {"loss": "sparse_categorical", "probs": certain, "labels": [16]}, "mean", "2.3575339"
    )
    assert ids(answer)[0] == ("probs-as-logits",)  # log(1 + 26 / e)


# ---- the shape of what was observed -------------------------------------------------------------


def test_keras_binary_means_over_the_last_axis_have_another_shape() -> None:
    assert ids(said(ROWS, "losses", "[0.235, 1.496]")) == [("mean-last-axis",)]


def test_a_sum_of_means_cannot_be_told_from_a_sum_over_the_classes() -> None:
    answer = said(ROWS, "sum", "1.730")
    assert ids(answer) == [("mean-last-axis",), ("divided-by-classes",)]
    assert "no input that was tried makes these totals differ" in answer.distinguishing_input


def test_a_shape_that_nothing_gives_is_not_explained() -> None:
    assert not said(ROWS, "losses", "[0.235, 1.496, 0.5]").explained


# ---- what numbers support -----------------------------------------------------------------------


def test_two_changes_at_once_are_one_explanation() -> None:
    # Without smoothing the losses are log(1 + 2 / e) and log 3: their sum is 1.6500570026.
    answer = said({**TWO, "label_smoothing": 0.1}, "mean", "1.6500570")
    assert ids(answer)[0] == ("smoothing-missing", "sum")
    assert answer.explanations[0].share_explained == 1.0


def test_two_digits_support_nothing_but_are_told_as_the_closest() -> None:
    answer = said(TWO, "mean", "1.7")  # about the sum, 1.65
    assert not answer.explained
    assert "sum" in {explanation.id for explanation in answer.closest}
    assert answer.by_chance > CHANCE


def test_how_likely_chance_is_is_said_where_nothing_is_near_too() -> None:
    answer = said(TWO, "mean", "1.23456789")
    assert not answer.explained
    assert 0 < answer.by_chance < 1


def test_a_total_tells_how_many_more_readings_give_it() -> None:
    few, many = said(TWO, "mean", "1.65"), said(TWO, "mean", "1.6500570")
    assert few.others > many.others


def test_an_explanation_gives_its_residual_and_its_meaning() -> None:
    (best, *_) = said(TWO, "mean", "1.6500570").explanations
    assert best.ids == ("sum",)
    assert best.max_abs_residual < 1e-7
    assert best.meaning is not None
    assert best.meaning.divisor == "one"


def test_rounding_leaves_what_it_explains_and_explains_all() -> None:
    # log(1 + 2 / e) = 0.5514447139320511 and log 3 = 1.0986122886681098
    (reason,) = said(TWO, "losses", "[0.5514448 1.0986123]").explanations
    assert reason.ids == ("rounding",)
    assert reason.max_abs_residual == pytest.approx(8.6068e-8, rel=1e-4)
    assert reason.share_explained == 1.0


# Keras 1e-7, scikit-learn 1e-15 and the unit roundoffs, and what people write: all as lower ends.
@pytest.mark.parametrize(
    "epsilon",
    [1e-7, 1e-8, 1e-12, 1e-15, 1e-10, 2.0**-23, 2.0**-52, 1e-16, 1e-6, 1e-5, 1e-9, 0.01, 1e-4,
     1e-3, 1e-20],
)  # fmt: skip
def test_the_epsilons_that_people_use_are_known(epsilon: float) -> None:
    clipped = -np.log(np.float64(np.float32(epsilon)))
    zeros = {**ZERO, "probs": [[0.0, 1.0], [0.0, 1.0]], "labels": [0, 0]}
    answer = said(zeros, "losses", f"[{clipped:.9f} {clipped:.9f}]")
    found = {e.id: e.parameters.get("epsilon") for e in answer.explanations}
    assert found["clipped"] == epsilon


@pytest.mark.parametrize("shape", [(2, 1), (1, 2, 1)])
def test_numbers_are_compared_where_only_axes_of_1_tell_the_shapes_apart(
    shape: tuple[int, ...],
) -> None:
    problem = problem_of({**TWO, "class_weight": [1, 2, 3]})
    seen = Observed(np.array([0.5514447, 1.0986123]), np.full(2, 1e-7), None, shape)
    (reason,) = diagnose(problem, seen, bounds_of(problem)).explanations
    assert reason.id == "class-weight-ignored"


@pytest.mark.parametrize(("shape", "same"), [((2, 2), True), ((4,), False), ((4, 1), False)])
def test_as_many_numbers_in_other_rows_are_not_compared(shape: tuple[int, ...], same: bool) -> None:
    problem = problem_of({**ROWS, "pos_weight": 2.0})
    losses = losses_of(meaning_of(replace(problem, pos_weight=None)))
    seen = Observed(losses, np.full(4, 1e-7), None, shape)
    reasons = {e.id for e in diagnose(problem, seen, bounds_of(problem)).explanations}
    assert ("pos-weight-ignored" in reasons) == same


def test_pairs_on_a_small_problem_are_quick() -> None:
    said(TWO, "mean", "1.2345678")
    start = time.process_time()
    said({**TWO, "label_smoothing": 0.1, "class_weight": [1, 2, 3]}, "mean", "1.2345678")
    assert time.process_time() - start < 1.0


def test_two_reasons_at_once_are_not_believed_of_numbers_that_have_no_digits() -> None:
    """Of nan alone there is nothing that a coincidence would be unlikely for."""
    problem = problem_of(TWO)
    truth = plain(meaning_of(problem), False)
    one = next(r for r in singles(truth, False) if r.ids == ("log2",))
    nothing = replace(one, numbers=np.full(2, np.nan))
    both = replace(nothing, steps=one.steps * 2)
    evidence = evidence_of(observed(problem, "losses", "[nan nan]"), bounds_of(problem), truth)
    assert evidence.weigh([nothing]) == ([nothing], [], 0.0)
    assert evidence.weigh([both]) == ([], [both], 0.0)


def test_probabilities_are_clipped_whether_their_logs_are_given_or_not() -> None:
    # -log(1e-7) = 16.11809565095832, and -log(1e-7) again of 1 - p
    fields = {"loss": "binary", "log_probs": [-20.0, -1.0, -0.25], "labels": [1, 0, 1]}
    answer = said(fields, "losses", "[16.118095650958 0.458675145387 0.25]")
    assert ids(answer) == [("clipped",)]
    assert answer.explanations[0].parameters["epsilon"] == 1e-7


def test_two_reasons_at_once_go_by_the_first() -> None:
    """The contract: `ids` of both beside its first `id`."""
    assert Explanation(("smoothing-missing", "sum"), {}, "", 0.0, 1.0, None).id == (
        "smoothing-missing"
    )


@pytest.mark.parametrize(("off", "explained"), [(0.57, True), (0.66, False)])
def test_what_is_beyond_the_bound_is_not_explained_by_rounding(off: float, explained: bool) -> None:
    """-log 5e-8 = 16.81 in bfloat16, whose bound is 0.576: 16.125 is a clip at 1e-7, and one number
    of so few digits does not tell it from others."""
    problem = problem_of({
        "loss": "sparse_categorical", "probs": [[1, 5e-8, 5e-8]], "labels": [2],
        "normalize": False, "dtype": "bfloat16",
    })  # fmt: skip
    bounds = bounds_of(problem)
    assert 0.57 < bounds.losses[0] < 0.66
    number = np.array([float(losses_of(meaning_of(problem))[0]) - off])
    found = diagnose(problem, Observed(number, np.zeros(1), None), bounds)
    assert [one.id for one in found.explanations] == (["rounding"] if explained else [])


@pytest.mark.parametrize(
    ("hypothesis", "text", "gives"),
    [
        ("renormalised", "[0.10536052, 0.8046684, 0.0618754]", True),
        ("not-renormalised", "[0.10536052, 0.8046684, 0.0618754]", False),
        ("clipped", "[0.10536052, 0.8046684, 0.0618754]", False),
        ("renormalised", "[0.10536052, 0.8046684, 0.01]", False),
        ("renormalised", "[0.10536052, 0.11653382, 0.0618754]", False),
        ("no-such-reason", "[0.10536052, 0.8046684, 0.0618754]", False),
    ],
    ids=["its numbers", "the opposite", "another", "but for one", "the truth", "unknown"],
)
def test_a_reason_reproduces_its_own_numbers_alone(hypothesis: str, text: str, gives: bool) -> None:
    """-log of 0.9, of 0.89 or 0.89 / 1.99, and of 0.94: only the second row does not sum to 1."""
    problem = problem_of(DOCS)
    seen = observed(problem, "losses", text)
    assert reproduces(problem, seen, bounds_of(problem), hypothesis) is gives


def test_a_reason_reproduces_a_total() -> None:
    """log(1 + 2 / e) and log 3: their sum, where the mean is asked for."""
    problem = problem_of(TWO)
    seen = observed(problem, "mean", "1.6500570")
    assert reproduces(problem, seen, bounds_of(problem), "sum")
    assert not reproduces(problem, seen, bounds_of(problem), "mean-over-all")
