"""Reasons for a gradient that is wrong beside losses that are right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.observed import known_gradients
from xent_check.diagnosis.gradients import diagnose_gradient, diagnose_printed_gradient
from xent_check.problem.problem import Problem
from xent_check.reference.truth import truth

NAN = float("nan")
X = np.array([[1.0, 2.0, 3.0], [0.5, -1.0, 0.0]], "f4")
LABELS = np.array([0, 2])


def problem(**options: Any) -> Problem:
    return Problem("sparse_categorical", "logits", X, LABELS, "float32", gradient=True, **options)


def slopes(
    smoothing: float = 0.0,
    weight: Any = (1.0, 1.0, 1.0),
    scale: float = 1.0,
    cap: float | None = None,
    kept: Any = (1, 1),
) -> Any:
    """p sum(a) - a with a = w ((1 - e) t + e / n), in float64, with respect to the scaled and
    capped logits."""
    x = X.astype(np.float64) * scale
    x = x if cap is None else cap * np.tanh(x / cap)
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    a = (np.eye(3)[LABELS] * (1 - smoothing) + smoothing / 3) * np.asarray(weight)
    return (p * a.sum(axis=1, keepdims=True) - a) * np.array(kept)[:, None]


def column(*numbers: float) -> Any:
    return np.array(numbers)[:, None]


WEIGHT = np.array([2.0, 1.0, 0.5], "f4")
COTANGENT = np.array([2.0, -0.5], "f4")


@pytest.mark.parametrize(
    ("asked", "observed", "ids"),
    [
        (problem(), np.zeros((2, 3)), {"gradient-zero"}),
        (problem(cotangent=COTANGENT), slopes(), {"cotangent-ignored"}),
        (problem(cotangent=COTANGENT), slopes() * 2, {"first-cotangent"}),
        (problem(label_smoothing=0.1), slopes(), {"option-not-in-gradient"}),
        (problem(class_weight=WEIGHT), slopes(), {"option-not-in-gradient"}),
        (problem(sample_weight=np.array([3, 2], "f4")), slopes(), {"option-not-in-gradient"}),
        (problem(logit_scale=0.5), slopes(scale=0.5), {"option-not-in-gradient"}),
        (problem(softcap=2.0), slopes(cap=2.0), {"option-not-in-gradient"}),
        (problem(softcap=2.0), slopes(), {"option-not-in-gradient"}),
        (problem(z_loss=0.1), slopes(), {"option-not-in-gradient"}),
        (problem(), slopes() / 2, {"mean"}),
        (problem(), -slopes(), {"sign"}),
        (problem(), slopes() / 3, {"divided-by-classes"}),
        (problem(class_weight=WEIGHT), slopes(weight=WEIGHT) / 2.5, {"weighted-mean"}),
        (problem(ignore_index=2), slopes(kept=(1, 0)) / 2, {"mean-over-all"}),
        (problem(ignore_index=2), slopes(), {"ignored-not-ignored"}),
        (
            problem(label_smoothing=0.1, class_weight=WEIGHT, cotangent=COTANGENT),
            slopes(0.1, WEIGHT),
            {"cotangent-ignored"},
        ),
    ],
)
def test_each_reason_is_found(asked: Problem, observed: Any, ids: set[str]) -> None:
    found = diagnose_gradient(asked, observed)
    assert found is not None
    assert {explanation.id for explanation in found.explanations} == ids


def test_the_option_that_is_left_out_is_named() -> None:
    asked = problem(label_smoothing=0.1, class_weight=WEIGHT)
    found = diagnose_gradient(asked, slopes(weight=WEIGHT))
    assert found is not None
    assert [e.parameters for e in found.explanations] == [{"option": "label_smoothing"}]
    assert found.explanations[0].sentence == "label_smoothing is left out of the gradient"


def test_readings_that_are_the_same_here_are_all_named() -> None:
    found = diagnose_gradient(problem(cotangent=np.array([1, 3], "f4")), slopes())
    assert found is not None
    assert {e.id for e in found.explanations} == {"cotangent-ignored", "first-cotangent"}


@pytest.mark.parametrize(
    "observed",
    [
        slopes(),  # exact
        slopes() + column(1e-7, 0) * [1, 0, 0],  # within rounding
        slopes() + column(1, 0) * [1, 0, 0],  # one entry: anything gives it
        slopes() * column(1.0, 3.0),  # no reason of the table
    ],
)
def test_where_no_reason_gives_it_none_is_claimed(observed: Any) -> None:
    assert diagnose_gradient(problem(cotangent=np.array([1, 1], "f4")), observed) is None


def test_one_number_is_too_few_for_a_reason() -> None:
    """A gradient of one entry that is 0 may be 0 for any reason."""
    one = Problem(
        "binary", "logits", np.array([2.0], "f4"), np.array([1.0], "f4"), "float32", gradient=True
    )
    assert diagnose_gradient(one, np.zeros(1)) is None


# ---- bugs of the backward pass alone, from p and the one-hot labels themselves -------------------

ROWS = (np.random.RandomState(3).standard_normal((4, 21)) * 2).astype(np.float32)
CLASSES = np.array([0, 20, 7, 3])
EXPS = np.exp(ROWS.astype(np.float64))
SHARES = EXPS / EXPS.sum(axis=1, keepdims=True)
HOT = np.eye(21)[CLASSES]


def of_backward(gradient: np.ndarray, labels: Any = CLASSES, **options: Any) -> Any:
    asked = Problem(
        "sparse_categorical", "logits", ROWS, labels, "float32", gradient=True, **options
    )
    diagnosis = diagnose_gradient(asked, gradient)
    return None if diagnosis is None else diagnosis.explanations[0]


def test_padding_that_counts_in_the_gradient_alone_is_named() -> None:
    found = of_backward(EXPS / (EXPS.sum(axis=1, keepdims=True) + 11) - HOT)  # 21 to 32
    assert (found.id, found.parameters["columns"]) == ("tile-padding-counts", 11)


def test_small_probabilities_without_a_gradient_are_named() -> None:
    found = of_backward(np.where((SHARES < 1e-3) & (HOT == 0), 0.0, SHARES - HOT))
    assert (found.id, found.parameters["threshold"]) == ("gradient-filtered", 1e-3)


def test_smoothing_that_one_half_of_the_classes_shares_is_named() -> None:
    shares = np.where(np.arange(21) < 11, 0.2 / 11, 0.0)
    found = of_backward(SHARES - 0.8 * HOT - shares, label_smoothing=0.2)
    assert found.id == "smoothing-formula"


def test_ignored_samples_that_have_a_gradient_are_named() -> None:
    assert of_backward(SHARES - HOT, ignore_index=7).id == "ignored-not-ignored"


def test_targets_that_are_taken_to_sum_to_1_are_named() -> None:
    soft = (HOT * 0.5 + 0.1).astype(np.float32)  # they sum to 2.6
    asked = Problem("categorical", "logits", ROWS, soft, "float32", gradient=True)
    diagnosis = diagnose_gradient(asked, SHARES - soft.astype(np.float64))
    assert diagnosis is not None
    assert diagnosis.explanations[0].id == "labels-taken-to-sum-to-1"


@pytest.mark.parametrize(
    ("layout", "read"),
    [("sliced", [1.0, NAN, 2.0, NAN]), ("reversed", [4.0, 3.0, 2.0, 1.0])],
)
def test_a_cotangent_that_is_read_in_the_order_of_its_memory_is_named(
    layout: Any, read: list[float]
) -> None:
    """1 nan 2 nan 3 nan 4 in memory, or 4 3 2 1."""
    cotangent = np.array([1, 2, 3, 4], "f4")
    observed = (SHARES - HOT) * np.array(read)[:, None]
    found = of_backward(observed, cotangent=cotangent, cotangent_layout=layout)
    assert found.id == "strides-ignored"
    without = of_backward(observed, cotangent=cotangent)
    assert without is None or without.id != "strides-ignored"


# ---- which entries are nan ----------------------------------------------------------------------


def test_a_gradient_through_1_over_p_is_named_where_p_is_0() -> None:
    """exp(-200) is 0 in float32: 1 / 0 times 0. Of the other row softmax less one-hot."""
    logits = np.array([[0, -200.0, 0], [0, 0, 0]], "f4")
    asked = Problem(
        "sparse_categorical", "logits", logits, np.array([1, 2]), "float32", gradient=True
    )
    third = 1 / 3
    found = diagnose_gradient(asked, np.array([[NAN] * 3, [third, third, third - 1]]))
    assert found is not None
    assert found.explanations[0].id == "inf-minus-inf"
    assert "through 1 / p" in found.explanations[0].sentence
    other = diagnose_gradient(asked, np.array([[0.5, -1, 0.5], [NAN] * 3]))
    assert other is None  # nothing makes nan of three equal logits


def test_an_ignored_sample_whose_gradient_is_multiplied_by_0_is_named() -> None:
    """The softmax of a row of -inf is nan; another ignored sample has a gradient of 0."""
    logits = np.array([[-np.inf] * 3, [1, 2, 3], [0, 0, 0]], "f4")
    asked = Problem(
        "sparse_categorical", "logits", logits, np.array([-1, -1, 0]), "float32", gradient=True,
        ignore_index=-1,
    )  # fmt: skip
    third = 1 / 3
    found = diagnose_gradient(asked, np.array([[NAN] * 3, [0] * 3, [third - 1, third, third]]))
    assert found is not None
    assert found.explanations[0].id == "inf-minus-inf"


def test_a_gradient_of_no_sample_that_is_nan_is_named() -> None:
    found = of_backward(np.full_like(SHARES, NAN), ignore_index=7, labels=np.full(4, 7))
    assert (found.id, found.parameters["how"]) == (
        "inf-minus-inf", "the gradient is 0 over a count of 0",
    )  # fmt: skip
    assert of_backward(np.full_like(SHARES, NAN), ignore_index=7) is None  # three samples count


# ---- what a dtype is promised for ---------------------------------------------------------------


def test_a_gradient_of_16_bits_is_held_to_the_dtype_that_is_promised() -> None:
    """1/3 is 0.333984375 in bfloat16, and 0.3359375 next to it: what bfloat16 may come to on the
    way, but not float32 rounded once."""
    asked = Problem(
        "sparse_categorical", "logits", np.zeros((2, 3), "f4"), np.array([0, 1]), "bfloat16",
        gradient=True,
    )  # fmt: skip
    promised = truth(asked).as_promised(asked, "float32").bounds
    near, off = 0.333984375, 0.3359375
    observed = np.array([[near - 1, near, off], [off, near - 1, near]])
    observed[[0, 1], [0, 1]] = -0.66796875  # -2/3
    assert diagnose_gradient(asked, observed) is None
    found = diagnose_gradient(asked, observed, bounds=promised)
    assert found is not None
    assert found.explanations[0].ids == ("dtype",)
    assert found.explanations[0].is_vague


def test_a_gradient_of_no_reason_has_none() -> None:
    assert of_backward((SHARES - HOT) * np.linspace(1.1, 1.4, 21)) is None


def test_two_changes_are_found_together() -> None:
    found = diagnose_gradient(problem(label_smoothing=0.1), slopes() / 2)
    assert found is not None
    assert found.explanations[0].ids == ("option-not-in-gradient", "mean")


@pytest.mark.parametrize("factor", [1024.0, 0.25, 1 / 7, 0.3, -2.0])
def test_a_factor_is_solved_and_confirmed_by_every_other_entry(factor: float) -> None:
    found = diagnose_gradient(problem(), slopes() * factor)
    assert found is not None
    assert [e.ids for e in found.explanations] == [("scaled",)]
    assert found.explanations[0].parameters["factor"] == pytest.approx(factor, rel=1e-6)
    almost = slopes() * factor
    almost[1, 2] *= 1.001
    assert diagnose_gradient(problem(), almost) is None


# ---- through a last layer: slopes @ weight, slopes.T @ hidden, the sum of the slopes -------------

HIDDEN = np.array([[0.5, -1.0], [2.0, 0.25], [1.0, 1.5]], "f4")
MATRIX = np.array([[1.0, 0.5], [-0.25, 2.0], [0.75, -1.0], [0.0, 1.0]], "f4")
BIAS = np.array([0.25, -0.5, 1.0, 0.0], "f4")
OWN = np.array([1, 0, 3])
COTANGENTS = np.array([2.0, -0.5, 1.0], "f4")


def of_layer(**options: Any) -> Problem:
    more = {"weight": MATRIX, "bias": BIAS, **options}
    return Problem("sparse_categorical", "hidden", HIDDEN, OWN, "float32", gradient=True, **more)


def through(
    by: str, cotangent: Any = 1.0, bias: Any = 1.0, scale: float = 1.0, inner: float = 1.0,
    smoothing: float = 0.0,
) -> Any:  # fmt: skip
    """The gradient by hidden, weight or bias of sum(cotangent * losses), of the bias so many times,
    logits times scale, of which inner is the derivative that is not left out."""
    logits = (HIDDEN.astype(float) @ MATRIX.T + bias * BIAS) * scale
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    targets = np.eye(4)[OWN] * (1 - smoothing) + smoothing / 4
    g = (p - targets) * inner * np.broadcast_to(cotangent, 3)[:, None]
    return {"hidden": g @ MATRIX, "weight": g.T @ HIDDEN, "bias": g.sum(axis=0)}[by]


@pytest.mark.parametrize("by", ["hidden", "weight", "bias"])
@pytest.mark.parametrize(
    ("asked", "wrong", "ids"),
    [
        (of_layer(), {"cotangent": 0.0}, "gradient-zero"),
        (of_layer(), {"cotangent": 1 / 3}, "mean"),
        (of_layer(), {"cotangent": 0.3}, "scaled"),
        (of_layer(cotangent=COTANGENTS), {}, "cotangent-ignored"),
        (of_layer(cotangent=COTANGENTS), {"cotangent": 2.0}, "first-cotangent"),
        (of_layer(label_smoothing=0.1), {}, "option-not-in-gradient"),
        (of_layer(logit_scale=0.5), {"scale": 0.5}, "option-not-in-gradient"),
        (of_layer(), {"bias": 0.0}, "bias-missing"),
        (of_layer(), {"bias": 2.0}, "bias-twice"),
        (of_layer(cotangent=COTANGENTS), {"bias": 0.0, "cotangent": COTANGENTS}, "bias-missing"),
    ],
)
def test_a_gradient_through_a_last_layer_has_the_reasons_of_any(
    by: Any, asked: Problem, wrong: dict[str, Any], ids: str
) -> None:
    parameter = None if by == "hidden" else by
    found = diagnose_gradient(asked, through(by, **wrong), by=parameter)
    assert found is not None
    assert found.explanations[0].id == ids
    assert found.explanations[0].sentence.startswith("by the ") == (parameter is not None)


@pytest.mark.parametrize("by", ["hidden", "weight", "bias"])
def test_a_right_gradient_through_a_last_layer_has_no_reason(by: Any) -> None:
    asked, parameter = of_layer(cotangent=COTANGENTS), None if by == "hidden" else by
    assert diagnose_gradient(asked, through(by, COTANGENTS), by=parameter) is None
    stray = through(by, COTANGENTS) * np.linspace(1.1, 1.4, through(by).shape[-1])
    assert diagnose_gradient(asked, stray, by=parameter) is None


def printed(numbers: Any, digits: int) -> tuple[Any, Any]:
    """The numbers to so many places, and a unit of the last."""
    return np.round(numbers, digits), np.full(np.shape(numbers), 10.0**-digits)


def test_a_printed_gradient_is_known_to_its_last_digit() -> None:
    found = diagnose_printed_gradient(problem(), *printed(slopes(), 4))
    assert [e.id for e in found.explanations] == ["rounding"]
    found = diagnose_printed_gradient(problem(), *printed(slopes() / 2, 4))
    assert [e.id for e in found.explanations] == ["mean"]
    found = diagnose_printed_gradient(problem(), *printed(slopes() / 2, 1))
    assert not found.explained  # one digit: many gradients print so


@pytest.mark.parametrize("count", [60, pytest.param(1500, marks=pytest.mark.long)])
def test_no_stray_gradient_is_explained(count: int) -> None:
    """Numbers near the exact ones, each its own distance away, printed with 2 to 6 places; a factor
    almost everywhere; the exact ones with one row of another problem."""
    random = np.random.RandomState(13)
    tried = 0
    for index in range(count):
        asked = problem(label_smoothing=0.1) if index % 2 else problem()
        exact = slopes(0.1 if index % 2 else 0.0)
        away = np.exp(random.uniform(-0.7, 0.7, (2, 3)))
        if index % 3 == 1:
            away = np.full((2, 3), away[0, 0])
            at = random.randint(2), random.randint(3)
            away[at] *= 1.05 + random.uniform()
            if abs(exact[at] * (away[at] - away.flat[0])) < 3 * 10.0 ** -(2 + index % 5):
                continue  # printed so, it is the factor everywhere
        if index % 3 == 2:
            away[0] = 1.0
        tried += 1
        found = diagnose_printed_gradient(asked, *printed(exact * away, 2 + index % 5))
        assert not found.explained, (index, found.explanations)
    assert tried > 0.8 * count


@pytest.mark.long
def test_the_reason_of_a_real_gradient_comes_first() -> None:
    wrong = [(one.source, one.ids) for one in known_gradients() if not one.right]
    assert not wrong
