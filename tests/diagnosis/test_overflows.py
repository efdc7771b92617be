"""What a dtype cannot hold on the way is named, and is named of nothing else.

The largest number of float16 is 65504, of float32 3.4028235e38 (IEEE 754, 2 - 2^-p times the
largest power of two).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.observed import bounds_of, problem_of
from xent_check.diagnosis.diagnosis import Diagnosis, Observed, diagnose
from xent_check.diagnosis.gradients import diagnose_gradient
from xent_check.diagnosis.losses import meaning_of
from xent_check.diagnosis.overflows import of_losses
from xent_check.diagnosis.stated_reasons import gradient_given_by
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction

pytestmark = pytest.mark.filterwarnings("error")  # NumPy's would reach the user
INF, NAN = math.inf, math.nan


def problem(loss: str, given: str, scores: Any, labels: Any, **options: Any) -> Problem:
    return problem_of({"loss": loss, given: scores, "labels": labels, **options})


def half(loss: str, scores: Any, labels: Any, **options: Any) -> Problem:
    return problem(loss, "logits", scores, labels, dtype="float16", **options)


def diagnosed(
    numbers: Any, asked: Problem, reduction: Reduction | None = None, diverging: bool = False
) -> Diagnosis:
    values = np.atleast_1d(np.asarray(numbers, np.float64))
    observed = Observed(values, np.zeros_like(values), reduction)
    return diagnose(asked, observed, bounds_of(asked), diverging)


def first(diagnosis: Diagnosis | None) -> tuple[str, Any]:
    assert diagnosis is not None
    assert diagnosis.explained, diagnosis.closest
    best = diagnosis.explanations[0]
    return "+".join(best.ids), best.parameters.get("of")


GAP = half("categorical", [[65504, -40000]], [[0.25, 0.5]])  # 105504 apart
LOG_2 = math.log(2)


@pytest.mark.parametrize(
    ("asked", "numbers", "what"),
    [
        (GAP, [INF], "the gap between two logits"),
        (half("sparse_categorical", [[40000, 0]], [0], logit_scale=2.0), [NAN], "the scaled logit"),
        (half("binary", [9], [0], softcap=1e-4), [NAN], "the logit over the cap"),
        (half("binary", [9], [0], softcap=1e30), [NAN], "the cap"),  # times tanh 0, which is 0
        (half("binary", [0], [0], logit_scale=1e30), [NAN], "the logit scale"),
        (half("sparse_categorical", [[0, 48]], [0], class_weight=[2000, 1],
              sample_weight=[2.0**-10]), [INF], "-log p times its weight"),  # 96000 / 1024
        (half("binary", [-40], [1], pos_weight=2000.0, sample_weight=[2.0**-10]), [INF],
         "-log p times its weight"),
        (half("sparse_categorical", [[0, 40000, 0]], [1], label_smoothing=1e-3), [INF],
         "the sum of -log p over the classes"),  # 80000
        (half("sparse_categorical", [[0, 300]], [1], z_loss=1e-3), [INF],
         "the square of the log-sum-exp"),
    ],
)  # fmt: skip
def test_a_number_on_the_way_that_the_dtype_cannot_hold_is_named(
    asked: Problem, numbers: list[float], what: str
) -> None:
    assert first(diagnosed(numbers, asked)) == ("overflow", what)


def test_what_the_dtype_holds_is_no_overflow() -> None:
    """The same with a logit of 20000: the gap is 60000 at most."""
    asked = half("categorical", [[20000, -40000]], [[0.25, 0.5]])
    found = diagnosed([INF], asked)
    assert all(one.ids != ("overflow",) for one in found.reasons)
    wide = problem("categorical", "logits", [[65504, -40000]], [[0.25, 0.5]])  # in float32
    assert all(one.ids != ("overflow",) for one in diagnosed([INF], wide).reasons)


def test_an_overflow_explains_no_finite_number() -> None:
    two = half("categorical", [[65504, -40000], [0, 0]], [[0.25, 0.5], [0, 1]])
    assert first(diagnosed([INF, LOG_2], two))[0] == "overflow"
    # one more sample is off by a finite amount, which no overflow makes
    beside = diagnosed([INF, 0.9], two)
    assert all(one.ids != ("overflow",) for one in beside.reasons)
    alone = diagnosed([1000.0], GAP)
    assert all(one.ids != ("overflow",) for one in alone.reasons)


def test_an_overflow_in_one_sample_is_none_in_another() -> None:
    two = half("categorical", [[65504, -40000], [0, 1]], [[0.25, 0.5], [0, 1]])
    beside = diagnosed([INF, NAN], two)
    assert all(one.ids != ("overflow",) for one in beside.reasons)


def test_a_masked_class_beside_an_overflow_has_its_nan_of_itself() -> None:
    two = half("categorical", [[65504, -40000], [-INF, 1]], [[0.25, 0.5], [0, 1]])
    assert first(diagnosed([INF, NAN], two)) == ("overflow", "the gap between two logits")
    # without an overflow it is the masked class alone
    masked = half("categorical", [[-INF, 1], [0, 0]], [[0, 1], [0, 1]])
    assert first(diagnosed([NAN, LOG_2], masked))[0] == "inf-minus-inf"


def test_the_sum_of_losses_that_the_mean_does_not_show_is_named() -> None:
    """Twice 40000 is beyond float16, half of it is not."""
    asked = half("sparse_categorical", [[40000, 0]] * 2, [1, 1])
    assert first(diagnosed(INF, asked, "mean")) == ("overflow", "the sum of the losses")
    small = half("sparse_categorical", [[20000, 0]] * 2, [1, 1])
    assert all(one.ids != ("overflow",) for one in diagnosed(INF, small, "mean").reasons)


def test_a_total_that_float64_cannot_hold_on_the_way_is_known_from_without() -> None:
    """Twice 1.5e308 is inf in float64, in the diagnosis too: it is told that the mean is not."""
    asked = problem("sparse_categorical", "logits", [[1.5e308, 0]] * 2, [1, 1], dtype="float64")
    told = diagnosed(INF, asked, "mean", diverging=True)
    assert first(told)[0] == "overflow"


def test_a_loss_beyond_the_dtype_is_infinite_in_it_and_right() -> None:
    asked = half("sparse_categorical", [[30000, 0]], [1], class_weight=[1, 100])  # 3e6
    assert first(diagnosed([INF], asked))[0] == "rounding"


# ---- gradients ----------------------------------------------------------------------------------


def _asking(asked: Problem) -> Problem:
    return replace(asked, gradient=True)


def of_gradient(asked: Problem, gradient: Any) -> tuple[str, Any]:
    return first(diagnose_gradient(_asking(asked), np.asarray(gradient)))


def test_an_overflow_on_the_way_back_is_named() -> None:
    capped = half("categorical", [[0, 0]], [[1, 0]], softcap=30.0, z_loss=10_000.0)
    # 2 x 10000 log 2 x 1/2 is 6931; times 30 it is beyond 65504
    assert of_gradient(capped, [[INF, INF]]) == ("overflow", "the derivative times the cap")
    tiny = problem("binary", "probs", [1e-5], [0], dtype="float16")  # 1 / 1e-5
    assert of_gradient(tiny, [NAN]) == ("overflow", "1 / p")
    larger = problem("binary", "probs", [1e-3], [0], dtype="float16")
    assert diagnose_gradient(_asking(larger), np.array([NAN])) is None


def test_a_gradient_over_a_clamped_denominator_is_named() -> None:
    """At p = 1 with the label 1 (p - t) / max(p (1 - p), 1e-12) is 0, where d(-log p) is -1; at 0
    with the label 1 it is -1e12."""
    asked = _asking(problem("binary", "probs", [1, 0, 0.5], [1, 1, 1]))
    least = -float(np.float32(1e12))
    assert first(diagnose_gradient(asked, np.array([0.0, least, -2.0])))[0] == "gradient-clamped"
    one_alone = diagnose_gradient(asked, np.array([0.0, -INF, -2.0]))
    assert one_alone is None  # one entry that differs is believed of nothing


def test_a_target_of_0_that_leaves_its_term_out_is_named_where_there_is_no_softmax() -> None:
    asked = problem("categorical", "logits", [[-INF, -INF], [0, 0]], [[0, 0], [0, 1]])
    assert first(diagnosed([0.0, math.log(2)], asked))[0] == "zero-targets-skipped"
    one = problem("categorical", "logits", [[-INF, -INF], [0, 0]], [[0, 1], [0, 1]])
    reasons = diagnosed([0.0, math.log(2)], one).reasons
    assert all(reason.id != "zero-targets-skipped" for reason in reasons)


def test_a_gradient_that_is_flat_at_a_logit_of_0_is_named() -> None:
    """(1 - t) z + w (log(1 + exp(-abs(z))) + max(-z, 0)): what is left at 0 is 1 - t."""
    asked = _asking(problem("binary", "logits", [0, 0, 1], [0, 1, 0], pos_weight=3.0))
    p = 1 / (1 + math.exp(-1))
    assert first(diagnose_gradient(asked, np.array([1, 0, p])))[0] == "flat-at-0"
    assert diagnose_gradient(asked, np.array([1, -1, p])) is None


def test_it_is_flat_at_0_through_a_scale_and_a_cap() -> None:
    """The derivative of 2 tanh(z / 4) is 1/2 at 0, and 1 - tanh(1/4)^2 of that at 1."""
    asked = _asking(problem("binary", "logits", [0, 0, 1], [0, 1, 0], pos_weight=3.0,
                            logit_scale=0.5, softcap=2.0))  # fmt: skip
    p, slope = 1 / (1 + math.exp(-2 * math.tanh(0.25))), (1 - math.tanh(0.25) ** 2) / 2
    assert first(diagnose_gradient(asked, np.array([0.5, 0, p * slope])))[0] == "flat-at-0"
    assert diagnose_gradient(asked, np.array([0.5, 0, 1.01 * p * slope])) is None


def test_it_is_flat_at_what_a_cap_makes_0_of() -> None:
    """0.0002 over 10000 is 2e-8, and 0 in float16, whose smallest number is 6e-8."""
    asked = _asking(problem("binary", "logits", [2, 4000], [0, 0], pos_weight=1.0, dtype="float16",
                            logit_scale=1e-4, softcap=1e4))  # fmt: skip
    p, stated = 1 / (1 + math.exp(-0.4)), ("flat-at-0",)
    assert of_one_entry(asked, np.array([1e-4, p * 1e-4]), *stated) == [stated]


def of_one_entry(asked: Problem, observed: Any, *stated: str) -> list[tuple[str, ...]]:
    """The stated reasons of a gradient of which one entry differs, too few for the diagnosis."""
    assert diagnose_gradient(asked, observed) is None
    return given(asked, observed, stated)


def given(asked: Problem, observed: Any, stated: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The ids of the stated reasons that give a gradient."""
    return [one.ids for one in gradient_given_by(asked, observed, stated)]


def test_the_gradient_of_a_pos_weight_that_cancels_is_known() -> None:
    """(w t + 1 - t) p - w t of the public formula, its first sum in float32: 0.001 + 1 - 1."""
    z, w = np.array([0.0, 3.0, -1.0, 1.0]), float(np.float32(0.001))
    asked = _asking(problem("binary", "logits", z, [1] * 4, pos_weight=0.001))
    whole = float(np.float32(w) + np.float32(1)) - 1
    assert whole != w
    observed = whole / (1 + np.exp(-z)) - w
    stated = ("pos-weight-rounded",)
    assert given(asked, observed, stated) == [stated]
    assert not given(asked, observed[::-1], stated)


def test_the_gradient_through_a_scale_over_a_cap_that_is_0_is_known() -> None:
    """0.0001 / 10000 is 0 in float16, and so is the gradient: what else makes it 0 is no matter."""
    asked = _asking(problem("binary", "logits", [0, 0], [1, 1], dtype="float16",
                            logit_scale=1e-4, softcap=1e4))  # fmt: skip
    nothing = np.zeros(2)
    assert first(diagnose_gradient(asked, nothing))[0] == "gradient-zero"
    stated = ("constants-folded", "flat-at-0")
    assert given(asked, nothing, stated) == [("constants-folded",)]
    assert not given(asked, np.array([0, 1e-5]), stated)


def test_a_stated_reason_of_a_gradient_is_beside_what_is_lost() -> None:
    """1 - 1 / p of a row over its sum, beside 1 / p of 1e-7, beyond float16."""
    rows = [[0.5, 0.5], [1, 1e-7]]
    asked = _asking(
        problem("sparse_categorical", "probs", rows, [0, 0], dtype="float16", normalize=False)
    )
    observed = np.array([[-1, 1], [INF, NAN]])
    both = ("overflow", "renormalised")
    assert given(asked, observed, both) == [("renormalised", "overflow")]
    assert not given(asked, observed, ("renormalised", "inf-minus-inf"))
    assert not given(asked, observed, ("overflow", "not-renormalised"))
    in_another = np.array([[-1, NAN], [INF, NAN]])  # where nothing overflows
    assert not given(asked, in_another, both)


def test_a_loss_beyond_float64_overflows_in_a_mean_that_is_within_it() -> None:
    """3 x 0.95 x 9e307 is 2.6e308, and a third of it 8.6e307. That of a masked label is inf."""
    asked = problem("binary", "logits", [0, 9e307, 3], [1, 0, 1], dtype="float64",
                    label_smoothing=0.1, sample_weight=[1, 3, 1])  # fmt: skip
    assert [one.what for one in of_losses(meaning_of(asked))] == ["the loss"]
    masked = problem("binary", "logits", [-INF, 0], [1, 1], dtype="float64", sample_weight=[3, 1])
    assert not of_losses(meaning_of(masked))


AS_IF_1 = ("labels-taken-to-sum-to-1",)


def test_labels_taken_to_sum_to_1_have_the_rounding_of_a_whole() -> None:
    """10000 times p less 0.001; the rounding of p is that of labels that sum to 1, of which these
    are a thousandth."""
    asked = _asking(
        problem("categorical", "logits", [[0.0, -16.0]], [[0.001, 0]], sample_weight=[10000])
    )
    p = 1 / (1 + math.exp(16))
    t = float(np.float32(0.001))
    observed = 1e4 * np.array([[1 - p - t, p * (1 + 4e-7)]])
    assert given(asked, observed, AS_IF_1) == [AS_IF_1]
    assert not given(asked, observed * 1.001, AS_IF_1)


def test_labels_taken_to_sum_to_1_overflow_as_such() -> None:
    """10000 times 1/2 - 0.1 times 30 is beyond float16, and 10000 times 0.1 times 30 is not."""
    asked = _asking(problem("categorical", "logits", [[0, 0], [0, 0]], [[0, 0.1], [0, 1]],
                            dtype="float16", sample_weight=[10000, 1], softcap=30.0))  # fmt: skip
    observed = np.array([[INF, INF], [0.5, -0.5]])
    assert diagnose_gradient(asked, observed) is None
    both = (*AS_IF_1, "overflow")
    assert given(asked, observed, both) == [both]
    assert not given(asked, observed, ("overflow",))
    assert not given(asked, np.array([[INF, INF], [0.5, INF]]), both)


def test_a_cotangent_of_0_times_an_infinite_derivative_is_named() -> None:
    asked = _asking(
        problem("binary", "probs", [1, 0, 0.5], [0, 1, 1], cotangent=np.array([0.0, 0.0, 1.0]))
    )
    assert first(diagnose_gradient(asked, np.array([NAN, NAN, -2])))[0] == "inf-minus-inf"
    assert diagnose_gradient(asked, np.array([NAN, NAN, -2.1])) is None
    assert diagnose_gradient(asked, np.array([NAN, 0, NAN])) is None


def test_a_changed_gradient_through_a_cap_has_the_rounding_of_its_derivative() -> None:
    """1 - tanh(107 / 30)^2 is 0.0032; in float16 tanh is 0.9985, and 6 times 2^-11 is left of 1."""
    asked = _asking(problem("categorical", "logits", [[107]], [[0]], dtype="float16", softcap=30.0))
    stated = ("labels-taken-to-sum-to-1",)
    assert of_one_entry(asked, np.array([[6 * 2.0**-11]]), *stated) == [stated]
    assert not given(asked, np.array([[0.03]]), stated)


def test_what_overflows_is_beside_a_reason_of_the_other_entries() -> None:
    """1 / 1e-7 is beyond float16, whatever comes of it; -1 and 1 are 2 - 1 / p, of a row over its
    sum, where -2 and 0 are right."""
    rows = [[0.5, 0.5], [0.5, 0.5], [1, 1e-7]]
    asked = _asking(
        problem("sparse_categorical", "probs", rows, [0, 0, 0], dtype="float16", normalize=False)
    )
    observed = np.array([[-1, 1], [-1, 1], [INF, NAN]])
    assert of_gradient(asked, observed) == ("renormalised+overflow", "1 / p")
    observed[0, 0] = -1.1  # which nothing gives
    assert diagnose_gradient(asked, observed) is None
    in_another = np.array([[-1, NAN], [-1, 1], [INF, NAN]])  # where nothing overflows
    assert diagnose_gradient(asked, in_another) is None


def test_a_gradient_of_clipped_probabilities_over_their_sum_is_named() -> None:
    """1e-7 is 2^-23 in float16, and 1 - 1e-7 is 1: the 0 alone is clipped."""
    asked = _asking(
        problem("sparse_categorical", "probs", [[0, 1]] * 2, [1, 1], dtype="float16",
                normalize=False)
    )  # fmt: skip
    other = -(2.0**-23) / (1 + 2.0**-23)
    found = diagnose_gradient(asked, np.array([[0, other]] * 2))
    assert first(found)[0] == "clipped"
    assert found is not None
    assert found.explanations[0].parameters["when"] == "before"
    # the 1e-9 is clipped to 1e-7, and has no derivative
    wide = problem("categorical", "probs", [[0.25, 0.75, 1e-9]], [[1, 0, 0]], normalize=False)
    over_sum = 1 / (1 + 1e-7)
    observed = np.array([[over_sum - 4, over_sum, 0]])
    assert first(diagnose_gradient(_asking(wide), observed))[0] == "clipped"


def test_a_row_that_does_not_count_is_taken_times_0() -> None:
    """Its gradient is 0 times 1 / 0 where p is 0."""
    asked = _asking(
        problem("sparse_categorical", "probs", [[0.5, 0.5], [0, 1], [0, 1]], [0, -1, -1],
                normalize=False, ignore_index=-1)
    )  # fmt: skip
    observed = np.array([[-2, 0], [NAN, 0], [NAN, 0]])
    assert first(diagnose_gradient(asked, observed))[0] == "inf-minus-inf"
    observed[1, 0] = 0
    assert diagnose_gradient(asked, observed) is None


def test_a_p_of_0_that_is_not_divided_by_its_sum_is_named() -> None:
    asked = _asking(
        problem("sparse_categorical", "probs", [[0, 1], [0.5, 0.5]], [1, 0], normalize=True)
    )
    observed = np.array([[NAN, -1], [-2, 0]])  # 1 and 0, -1 and 1 are right
    assert first(diagnose_gradient(asked, observed))[0] == "inf-minus-inf"
    without = _asking(
        problem("sparse_categorical", "probs", [[0.25, 0.75], [0.5, 0.5]], [1, 0], normalize=True)
    )
    found = diagnose_gradient(without, np.array([[0, -4 / 3], [-2, 0]]))
    assert found is not None
    assert [one.id for one in found.explanations] == ["not-renormalised"]


def test_labels_taken_to_sum_to_1_are_named_through_a_cap_and_beside_a_z_loss() -> None:
    """(p - t + 2 z lse p) (1 - tanh(x / 2)^2), where the first p is right times 1.5."""
    x, t = np.array([1.0, -0.5]), np.array([1.0, 0.5])
    asked = _asking(problem("categorical", "logits", [x], [t], softcap=2.0, z_loss=0.25))
    s = 2 * np.tanh(x / 2)
    lse = math.log(np.exp(s).sum())
    p = np.exp(s - lse)
    observed = (p - t + 2 * 0.25 * lse * p) * (1 - np.tanh(x / 2) ** 2)
    found = diagnose_gradient(asked, observed[None, :])
    assert first(found)[0] == "labels-taken-to-sum-to-1"


def test_a_sum_of_exps_beyond_the_dtype_divided_twice_is_named() -> None:
    """exp(11) + exp(10) is 81900 in float16: each share of it is 0, and 0 / 0 nan."""
    asked = half("categorical", [[11, 10]] * 2, [[0.75, 0.25]] * 2)
    assert first(diagnosed([NAN, NAN], asked))[0] == "unshifted-exp"
    smaller = half("categorical", [[10, 9]] * 2, [[0.75, 0.25]] * 2)  # 30129
    found = diagnosed([NAN, NAN], smaller)
    assert all(one.ids != ("unshifted-exp",) for one in found.reasons)


def test_a_gradient_of_0_over_a_probability_of_0_is_named() -> None:
    asked = _asking(
        problem("sparse_categorical", "probs", [[0, 1], [1, 0]], [1, 0], normalize=False)
    )
    assert first(diagnose_gradient(asked, np.array([[NAN, -1], [-1, NAN]])))[0] == "inf-minus-inf"
    assert diagnose_gradient(asked, np.array([[NAN, -1], [-1, 0.0]])) is None


def test_labels_taken_to_sum_to_1_are_named_of_scaled_logits() -> None:
    """0.5 (p - t), where 0.5 (0.1 p - t) is right."""
    asked = _asking(problem("categorical", "logits", [[0, 0]], [[0, 0.1]], logit_scale=0.5))
    assert first(diagnose_gradient(asked, np.array([[0.25, 0.2]])))[0] == "labels-taken-to-sum-to-1"


def test_a_gradient_of_rows_that_are_or_are_not_divided_by_their_sum_is_named() -> None:
    rows, labels = [[0.5, 0.25], [0.2, 0.2]], [0, 1]
    taken = _asking(problem("sparse_categorical", "probs", rows, labels, normalize=False))
    divided = _asking(problem("sparse_categorical", "probs", rows, labels, normalize=True))
    as_they_are = np.array([[-2.0, 0], [0, -5.0]])
    over_sums = as_they_are + np.array([[1 / 0.75], [1 / 0.4]])
    assert first(diagnose_gradient(taken, over_sums))[0] == "renormalised"
    assert first(diagnose_gradient(divided, as_they_are))[0] == "not-renormalised"


def test_a_gradient_of_a_loss_of_inf_minus_inf_is_named() -> None:
    """No derivative is right, of a loss that is no number; p sum a - a is what is taken."""
    asked = _asking(
        problem("categorical", "logits", [[-INF, -INF, 0]], [[0.5, 0.5, 0.25]],
                class_weight=[1, -1, 1])
    )  # fmt: skip
    found = diagnose_gradient(asked, np.array([[-0.5, 0.5, 0.0]]))
    assert found is not None
    assert "inf-minus-inf" in {one.id for one in found.explanations}
    stray = diagnose_gradient(asked, np.array([[-0.5, 0.4, 0.0]]))
    assert stray is None
    one_sign = problem("categorical", "logits", [[-INF, -INF, 0]], [[0.5, 0.5, 0.25]])
    assert diagnose_gradient(_asking(one_sign), np.array([[NAN, -0.5, 1.0]])) is None


# ---- what is read as 0, and what there is nothing of --------------------------------------------


@pytest.mark.parametrize(
    ("label", "number"),
    [(1, INF), (1, 150 * LOG_2), (0, NAN)],  # of 2^-150, which XLA's and Eigen's log give
)
def test_a_subnormal_probability_that_is_read_as_0_is_named(label: int, number: float) -> None:
    asked = problem("binary", "probs", [0.5, 1e-42, 0.25], [1, label, 1])
    assert first(diagnosed([LOG_2, number, math.log(4)], asked))[0] == "flushed"
    normal = problem("binary", "probs", [0.5, 1e-30, 0.25], [1, label, 1])
    found = diagnosed([LOG_2, number, math.log(4)], normal)
    assert all(one.ids != ("flushed",) for one in found.reasons)


@pytest.mark.parametrize(("total", "words"), [(INF, "inf, a number over 0"), (0.0, "0")])
def test_a_mean_over_weights_that_sum_to_0_is_named(total: float, words: str) -> None:
    asked = problem("sparse_categorical", "logits", [[0, 0], [0, 1]], [0, 0], sample_weight=[-1, 1])
    found = diagnosed(total, asked, "weighted_mean")
    best = found.explanations[0]
    assert (best.id, best.parameters["what"]) == ("mean-of-nothing", words)


def test_soft_labels_of_no_weight_are_divided_by_nothing() -> None:
    asked = problem("categorical", "logits", [[10, 9]], [[0, 0]], label_smoothing=0.1)
    assert first(diagnosed(INF, asked, "weighted_mean"))[0] == "mean-of-nothing"


MASKED = [[-INF, 0], [0, 0], [0, -INF]]


@pytest.mark.parametrize("weights", [{"sample_weight": [0, 1, 1]}, {"class_weight": [0, 1]}])
def test_a_weight_of_0_times_the_loss_of_a_masked_label_is_named(weights: Any) -> None:
    """Integer labels read one number: the masked class of the last sample makes no nan."""
    asked = problem("sparse_categorical", "logits", MASKED, [0, 1, 0], **weights)
    assert first(diagnosed([NAN, LOG_2, 0], asked))[0] == "inf-minus-inf"


def test_a_smoothing_of_1_leaves_0_times_the_loss_of_a_masked_label() -> None:
    asked = problem("sparse_categorical", "logits", MASKED[:2], [0, 0], label_smoothing=1)
    assert first(diagnosed([NAN, LOG_2], asked))[0] == "inf-minus-inf"
    most = problem("sparse_categorical", "logits", MASKED[:2], [0, 0], label_smoothing=0.5)
    assert first(diagnosed([INF, LOG_2], most))[0] == "rounding"


def test_exp_of_what_rounding_leaves_of_a_scaled_maximum_is_named() -> None:
    """0.7 x less the rounded 0.7 max x, in one multiply-add, is the rounding: 6e30 of 2.4e38."""
    asked = problem("sparse_categorical", "logits", [[3.4e38, 0]] * 2, [0, 0], logit_scale=0.7)
    what = "exp of what rounding leaves of the largest scaled logit"
    assert first(diagnosed([INF, INF], asked)) == ("overflow", what)
    small = problem("sparse_categorical", "logits", [[1e8, 0]] * 2, [0, 0], logit_scale=0.7)
    found = diagnosed([INF, INF], small)  # 4 at most
    assert all(one.ids != ("overflow",) for one in found.reasons)


def of_offset(number: float, **options: Any) -> Diagnosis:
    """The diagnosis of one loss, of logits of 104 and 101 times 0.7."""
    asked = problem("sparse_categorical", "logits", [[104, 101]], [0], logit_scale=0.7, **options)
    return diagnosed(number, asked)


def test_one_loss_that_keeps_the_spacing_of_its_log_sum_exp_is_named() -> None:
    """log(1 + exp(-2.1)) is 0.1155195. float32(72.8) is 9542042 times 2^-17, the spacing of
    numbers near 73, and all that is left are multiples of that."""
    steps = [15140, 15141, 15142, 15143]
    assert abs(steps[1] * 2.0**-17 - 0.1155195) < 2.0**-17
    for step in steps:
        exact = diagnosed(step * 2.0**-17, problem("sparse_categorical", "logits",
                          [[104, 101]], [0], logit_scale=0.7))  # fmt: skip
        assert first(exact)[0] in ("not-shift-safe", "rounding")
    assert first(of_offset(steps[2] * 2.0**-17))[0] == "not-shift-safe"
    # off the grid; and on it, but far away
    assert all(one.id != "not-shift-safe" for one in of_offset(0.1155229).reasons)
    assert all(one.id != "not-shift-safe" for one in of_offset(15200 * 2.0**-17).reasons)


def test_weights_and_a_z_loss_are_taken_off_what_keeps_a_spacing() -> None:
    lse = 72.8 + math.log1p(math.exp(-2.1))
    number = 0.5 * (3 * 15142 * 2.0**-17 + 1e-4 * lse**2)
    options = {"sample_weight": [0.5], "class_weight": [3, 1], "z_loss": 1e-4}
    low = float(np.float32(number))
    assert first(of_offset(low, **options))[0] == "not-shift-safe"


def test_what_keeps_a_spacing_may_stand_beside_an_overflow_or_an_infinity() -> None:
    """A gap beyond float32 in the second row; a masked label with a weight of 0 in the third."""
    rows = [[104, 101], [3e38, -3e38], [-INF, 0]]
    asked = problem("sparse_categorical", "logits", rows, [0, 0, 0], logit_scale=0.7,
                    sample_weight=[1, 1, 0])  # fmt: skip
    kept = 15142 * 2.0**-17
    assert first(diagnosed([kept, NAN, 0], asked))[0] == "not-shift-safe+overflow"
    assert first(diagnosed([kept, 0, NAN], asked))[0] == "not-shift-safe+inf-minus-inf"


def test_the_z_loss_of_exps_below_the_normal_range_is_theirs() -> None:
    """exp(-98) and exp(-100) are 196 and 27 times 2^-149."""
    asked = problem("sparse_categorical", "logits", [[-98, -100]] * 2, [0, 0], z_loss=0.5)
    low = math.log(223) - 149 * LOG_2
    number = math.log(223 / 196) + 0.5 * low**2
    assert first(diagnosed([number, number], asked))[0] == "unshifted-exp"


def test_a_log_probability_whose_exp_rounds_to_1_is_named() -> None:
    """exp(-1e-5) is 1 in bfloat16, and -log(1 - 1) inf."""
    asked = problem("binary", "log_probs", [-1e-5, -1], [0.5, 1], dtype="bfloat16")
    assert first(diagnosed([INF, 1.0], asked))[0] == "log-of-probability"


def test_an_infinite_logit_taken_times_0_is_named() -> None:
    """(1 - t) z is 0 times -inf for the label 1, where the loss is inf."""
    asked = problem("binary", "logits", [0, -INF, 0], [1, 1, 0])
    assert first(diagnosed([LOG_2, NAN, LOG_2], asked))[0] == "inf-minus-inf"
