"""Which argument of a user's function is what, by its name, else by its place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.support.fake import PROBLEM
from tests.support.recorded import recorded
from xent_check.implementations.own.asking import ask, user_loss
from xent_check.problem.evaluation import UnsupportedError
from xent_check.problem.problem import Problem


def called(signature: str, problem: Problem = PROBLEM) -> dict[str, Any]:
    function, calls = recorded(signature, PROBLEM.samples_shape)
    ask(problem, user_loss(function, "f", "numpy"))
    (call,) = calls
    return call


@pytest.mark.parametrize(
    ("signature", "scores", "labels"),
    [
        ("logits, labels", "logits", "labels"),
        ("a, b", "a", "b"),
        ("y_true, y_pred", "y_pred", "y_true"),
        ("target, input", "input", "target"),
        ("labels, x", "x", "labels"),
        ("y, anything", "anything", "y"),
        ("_input, target", "_input", "target"),
        ("weight, preds, targets", "preds", "targets"),
        ("*, y_pred, y_true", "y_pred", "y_true"),
        ("a, b, /", "a", "b"),
        ("y_true, y_proba, labels=None", "y_proba", "y_true"),
        ("labels, logits, axis=-1", "logits", "labels"),
    ],
)
def test_scores_and_labels_are_known_by_name_else_by_place(
    signature: str, scores: str, labels: str
) -> None:
    call = called(signature)
    assert call[scores].tolist() == PROBLEM.values.tolist()
    assert call[labels].tolist() == PROBLEM.labels.tolist()


def test_labels_that_meet_the_scores_of_their_own_place_are_given_as_such() -> None:
    """transformers' ForCausalLMLoss shifts `labels`, unless it gets `shift_labels`."""
    call = called("logits, labels, vocab_size, ignore_index=-100, shift_labels=None, **kwargs")
    assert call["shift_labels"].tolist() == call["labels"].tolist() == PROBLEM.labels.tolist()
    assert (call["vocab_size"], call["ignore_index"]) == (PROBLEM.num_classes, -100)


def test_labels_beside_y_true_are_the_classes() -> None:
    """scikit-learn's log_loss takes the labels of a batch for all that there are, unless told."""
    call = called("y_true, y_proba=None, *, labels=None")
    assert call["labels"] == range(PROBLEM.num_classes)
    binary = Problem("binary", "probs", PROBLEM.values, PROBLEM.values * 0, "float32")
    function, calls = recorded("y_true, y_proba=None, *, labels=None", binary.samples_shape)
    ask(binary, user_loss(function, "f", "numpy"))
    assert calls[0]["labels"] == range(2)


def test_a_signature_without_names_gets_the_scores_first() -> None:
    (scores, labels), keywords = (called("*a, **k")[name] for name in ("a", "k"))
    assert scores.tolist() == PROBLEM.values.tolist()
    assert labels.tolist() == PROBLEM.labels.tolist()
    assert keywords == {}


def test_the_scores_of_a_case_go_to_the_parameter_of_their_own_name() -> None:
    probs = replace(PROBLEM, given="probs")
    call = called("labels, logits=None, probs=None, log_probs=None", probs)
    assert call["logits"] is call["log_probs"] is None
    assert call["probs"].tolist() == PROBLEM.values.tolist()


def test_any_keyword_names_no_option() -> None:
    with pytest.raises(UnsupportedError, match="f takes no ignore_index"):
        called("logits, labels, **options", replace(PROBLEM, ignore_index=0))


@pytest.mark.parametrize(
    ("signature", "name", "value"),
    [
        ("logits, labels, dim=1", "dim", -1),
        ("logits, labels, axis", "axis", -1),
        ("logits, labels, axis=-1", "axis", -1),
        ("logits, labels, label_smoothing=0.1", "label_smoothing", 0.0),
        ("logits, labels, smoothing", "smoothing", 0.0),
        ("logits, labels, ignore_index", "ignore_index", -100),
        ("logits, labels, ignore_index=0", "ignore_index", 0),
        ("logits, labels, weight", "weight", None),
        ("logits, labels, vocab_size", "vocab_size", 3),
        ("logits, labels, from_logits=False", "from_logits", True),
        ("logits, labels, reduction='mean'", "reduction", "none"),
    ],
)
def test_what_a_case_does_not_set_means_nothing(signature: str, name: str, value: object) -> None:
    """A default of the function's own that means something else is overruled where it can be."""
    assert called(signature)[name] == value


class Loss:
    def __init__(self, weight: Any = None, reduction: str = "mean") -> None:
        self.weight, self.reduction = weight, reduction

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        assert self.reduction == "none"
        return (y_pred[:, 0] if self.weight is None else self.weight[y_true]) * (
            np.float32(1) if sample_weight is None else sample_weight
        )


def test_a_class_is_made_and_called_with_what_each_signature_names() -> None:
    weights = np.array([2, 3, 4], dtype=np.float32)
    problem = replace(PROBLEM, class_weight=weights, sample_weight=weights)
    answer = ask(problem, user_loss(Loss, "Loss", "numpy"))
    assert answer.losses.tolist() == [4.0, 9.0, 12.0]
    assert answer.call == ("Loss(weight=..., reduction='none')(labels, logits, sample_weight=...)")
    with pytest.raises(UnsupportedError, match="Loss takes no label_smoothing"):
        ask(replace(PROBLEM, label_smoothing=0.1), user_loss(Loss, "Loss", "numpy"))


def test_an_instance_is_called() -> None:
    answer = ask(PROBLEM, user_loss(Loss(reduction="none"), "loss", "numpy"))
    assert answer.losses.tolist() == PROBLEM.values[:, 0].tolist()


def test_what_a_function_does_to_its_arrays_stays_there() -> None:
    def f(logits: Any, labels: Any) -> Any:
        logits -= logits
        return logits[:, 0]

    before = PROBLEM.values.copy()
    ask(PROBLEM, user_loss(f, "f", "numpy"))
    assert PROBLEM.values.tolist() == before.tolist()


def test_numpy_arrays_are_on_no_device() -> None:
    with pytest.raises(ValueError, match=r"on the CPU: leave @cuda out, or say .* torch=f@cuda"):
        user_loss(Loss, "f", "", "cuda")
