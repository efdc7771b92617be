"""Rarer changes and bugs of kernels are named, with their parameters, from the losses they give.

The losses are worked out here class by class in Python, from each sentence alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.observed import bounds_of, problem_of
from xent_check.diagnosis.diagnosis import Diagnosis, Observed, diagnose
from xent_check.diagnosis.hypotheses.rarer import RARER
from xent_check.diagnosis.hypotheses.table import HYPOTHESES
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction

pytestmark = pytest.mark.filterwarnings("error")  # NumPy's would reach the user
Row = Sequence[float]
Sum = Callable[[list[float]], float]
RNG = np.random.RandomState(5)
N = 45  # classes: 19 short of two tiles of 32, 3 short of three of 16 and of six of 8
WIDE = np.round(RNG.standard_normal((6, N)) * 2, 2).astype(np.float32)
LABELS = [0, 44, 7, 31, 32, 12]


def diagnosed(
    losses: Any, problem: Problem, reduction: Reduction | None = None, dtype: str = "float32"
) -> Diagnosis:
    """What is said of numbers, rounded to a dtype as an implementation would."""
    values = np.atleast_1d(np.asarray(losses, dtype)).astype(np.float64)
    return diagnose(problem, Observed(values, np.zeros_like(values), reduction), bounds_of(problem))


def said(diagnosis: Diagnosis) -> tuple[str, Mapping[str, Any]]:
    assert diagnosis.explained, diagnosis.closest
    first = diagnosis.explanations[0]
    return "+".join(first.ids), first.parameters


def sparse(logits: Any = WIDE, labels: Any = LABELS, **options: Any) -> Problem:
    return problem_of({"loss": "sparse_categorical", "logits": logits, "labels": labels, **options})


def with_sum(sum_of: Sum, logits: Any = WIDE, labels: Any = LABELS) -> list[float]:
    """log(sum) - x_t, the sum of exps made from the row of exps."""
    rows = [[float(x) for x in row] for row in logits]
    return [
        math.log(sum_of([math.exp(x) for x in row])) - row[label]
        for row, label in zip(rows, labels, strict=True)
    ]


# ---- the sum of exps ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parameters", "sum_of"),
    [
        ("tile-padding-counts", {"tile": 32, "columns": 19}, lambda e: sum(e) + 19),
        ("tile-padding-counts", {"tile": 4, "columns": 3}, lambda e: sum(e) + 3),
        ("tile-padding-counts", {"tile": 65536, "columns": 65491}, lambda e: sum(e) + 65491),
        ("tail-dropped", {"classes": 32, "of": 45}, lambda e: sum(e[:32])),
        ("tail-dropped", {"classes": 40, "of": 45}, lambda e: sum(e[:40])),
        ("tail-dropped", {"classes": 16, "of": 45}, lambda e: sum(e[:16])),
        ("tail-read-twice", {"tile": 8, "columns": 3}, lambda e: sum(e) + 3 * e[40]),
        ("tail-read-twice", {"tile": 32, "columns": 19}, lambda e: sum(e) + sum(e[13:32])),
        ("classes-counted-twice", {"times": 2}, lambda e: 2 * sum(e)),
        ("classes-counted-twice", {"times": 8}, lambda e: 8 * sum(e)),
        (
            "tiles-not-rescaled",
            {"tile": 16},
            lambda e: max(e[32:]) * sum(sum(t) / max(t) for t in (e[:16], e[16:32], e[32:])),
        ),
        (
            "tiles-not-rescaled",
            {"tile": 23},  # the classes of one of two ranks
            lambda e: max(e) * sum(sum(t) / max(t) for t in (e[:23], e[23:])),
        ),
        ("gap-cut", {"cut": 4.0}, lambda e: sum(x for x in e if x >= max(e) * math.exp(-4))),
        ("gap-cut", {"cut": 5.0}, lambda e: sum(max(x, max(e) * math.exp(-5)) for x in e)),
    ],
)
def test_a_sum_of_exps_that_is_wrong_is_named(
    name: str, parameters: Mapping[str, Any], sum_of: Sum
) -> None:
    first, found = said(diagnosed(with_sum(sum_of), sparse()))
    assert first == name
    assert {key: found[key] for key in parameters} == parameters


def test_exps_that_are_added_up_in_bfloat16_stand_still_at_256() -> None:
    """256 + 1 is 256 in bfloat16, half of whose spacing there is 1: ties go to even."""
    problem = sparse(np.zeros((3, 1000)), [0, 500, 999])
    first, found = said(diagnosed([math.log(256)] * 3, problem))
    assert (first, found["dtype"], found["tile"]) == ("accumulator-dtype", "bfloat16", 1000)


def test_a_maximum_that_begins_at_0_is_named_where_exps_vanish() -> None:
    """exp(-99) is 1.0e-43, 72 times 2^-149 to the nearest; a row above 0 has its own maximum."""
    logits = [[-99.0, -99.0, -300.0], [-101.0, -100.0, -99.0], [-98.0, -99.0, -100.0]]
    sums = [[round(math.exp(x) * 2**149) for x in row] for row in logits]
    losses = [
        math.log(sum(row)) - 149 * math.log(2) - x[0] for row, x in zip(sums, logits, strict=True)
    ]
    logits.append([150.0, 149.0, 0.0])
    losses.append(math.log1p(math.exp(-1)))
    first, found = said(diagnosed(losses, sparse(logits, [0] * 4)))
    assert (first, found["which"]) == ("maximum-cut", "at least 0")


def test_the_maximum_of_the_first_tile_alone_is_named_where_exps_overflow() -> None:
    logits = np.zeros((3, 6))
    logits[:, 4] = [200.0, 1.0, 2.0]  # exp(200) is inf in float32
    plain = [math.log(5 + math.exp(x)) for x in (1.0, 2.0)]
    shifted = sparse(logits + 300, [4, 1, 2])  # without any maximum all rows overflow
    first, found = said(diagnosed([math.inf, *plain], shifted))
    assert (first, found["which"]) == ("maximum-cut", "that of the first 2 classes")


def test_a_first_tile_of_masks_that_gives_nan_is_named() -> None:
    logits = WIDE.copy()
    logits[1, 40:43] = -math.inf
    logits[2, :17] = -math.inf  # a tile of 16 is masked, one of 32 is not
    logits[4, :40] = -math.inf
    losses = with_sum(sum, logits, [0, 44, 20, 31, 44, 12])
    losses[2] = losses[4] = math.nan
    first, found = said(diagnosed(losses, sparse(logits, [0, 44, 20, 31, 44, 12])))
    assert (first, found["tile"]) == ("masked-tile-nan", 16)


@pytest.mark.parametrize("value", [-1e4, -1e9, -65504.0])
def test_a_number_in_place_of_a_mask_is_named(value: float) -> None:
    """The loss of a label that is masked is what the number makes of it, not inf."""
    logits = [[1.0, -math.inf, 2.0], [0.5, 1.5, -math.inf]]
    losses = [math.log(math.e + math.e**2) - value, math.log(math.e**0.5 + math.e**1.5) - value]
    first, found = said(diagnosed(losses, sparse(logits, [1, 2])))
    assert (first, found["value"]) == ("mask-finite", value)


# ---- weights, labels and totals -----------------------------------------------------------------


def log_p(row: Row) -> list[float]:
    log_sum = math.log(sum(math.exp(x) for x in row))
    return [x - log_sum for x in row]


ROWS = [[1.5, -0.25, 0.5, 2.0], [-1.0, 0.75, 3.0, 0.0], [0.25, 1.25, -2.0, 1.0]]
LOGS = [log_p(row) for row in ROWS]
Y, W = [0, 2, 1], [0.5, 2.0, 3.0, 0.25]
OWN = [-LOGS[i][y] for i, y in enumerate(Y)]
EVERY = [-sum(row) for row in LOGS]  # of all classes


@pytest.mark.parametrize(
    ("name", "losses", "options"),
    [
        ("smoothing-formula", [0.8 * a + b / 4 for a, b in zip(OWN, EVERY, strict=True)],
         {"label_smoothing": 0.2}),
        ("smoothing-formula", [0.8 * OWN[i] - 0.1 * (LOGS[i][0] + LOGS[i][1]) for i in range(3)],
         {"label_smoothing": 0.2}),
        ("smoothing-formula", [0.8 * a + 0.2 / 3 * b for a, b in zip(OWN, EVERY, strict=True)],
         {"label_smoothing": 0.2}),
        ("class-weight-elsewhere",
         [-log_p([x * w for x, w in zip(ROWS[i], W, strict=True)])[y] for i, y in enumerate(Y)],
         {"class_weight": W}),
        ("class-weight-elsewhere", [W[i] * OWN[i] for i in range(3)], {"class_weight": W}),
        ("ignored-not-ignored", [OWN[0], OWN[1], -LOGS[2][0]],
         {"labels": [0, 2, -100], "ignore_index": -100}),
        ("ignored-not-ignored", [OWN[0], OWN[1], math.log(sum(map(math.exp, ROWS[2])))],
         {"labels": [0, 2, -100], "ignore_index": -100}),
        ("ignored-not-ignored",
         [0.8 * OWN[0] + 0.05 * EVERY[0], 0.8 * OWN[1] + 0.05 * EVERY[1], 0.05 * EVERY[2]],
         {"labels": [0, 2, -100], "ignore_index": -100, "label_smoothing": 0.2}),
        ("chunks-added", [OWN[0] + OWN[2], OWN[1], 0.0], {}),
        ("loss-zero", [0.0, 0.0, 0.0], {}),
    ],
)  # fmt: skip
def test_a_rarer_change_is_named(
    name: str, losses: list[float], options: Mapping[str, Any]
) -> None:
    problem = sparse(ROWS, options.get("labels", Y), **{k: v for k, v in options.items()
                                                        if k != "labels"})  # fmt: skip
    assert said(diagnosed(losses, problem))[0] == name


def test_a_pos_weight_on_both_terms_is_named() -> None:
    z, t, w = [0.5, -1.25, 2.0], [0.25, 0.75, 0.5], 3.0
    on_one = [math.log1p(math.exp(-x)) for x in z]
    plain = [a * x + (1 - a) * (x + y) for a, x, y in zip(t, on_one, z, strict=True)]
    losses = [(1 + (w - 1) * a) * loss for a, loss in zip(t, plain, strict=True)]
    problem = problem_of({"loss": "binary", "logits": z, "labels": t, "pos_weight": [w] * 3})
    assert said(diagnosed(losses, problem))[0] == "pos-weight-as-sample-weight"


@pytest.mark.parametrize(
    ("scale", "cap", "score"),
    [
        (1e-4, 1e4, lambda _: 0.0),  # 1e-8 is below half of float16's smallest number, 2^-24
        (30.0, 1e-4, lambda x: math.copysign(1e-4, x) if x else math.nan),  # 3e5 is beyond 65,504
    ],
)
def test_a_scale_over_a_cap_as_one_constant_is_named(
    scale: float, cap: float, score: Callable[[float], float]
) -> None:
    logits = [0, 9e3, -2e4, 4e4, -6e4, 3e4]
    losses = [math.log1p(math.exp(-score(x))) for x in logits]
    problem = problem_of({
        "loss": "binary", "logits": logits, "labels": [1] * 6, "dtype": "float16",
        "logit_scale": scale, "softcap": cap,
    })  # fmt: skip
    first, found = said(diagnosed(losses, problem))
    assert first == "constants-folded"
    json.dumps(dict(found), allow_nan=False)  # reports are written so


def test_a_pos_weight_that_cancels_is_named() -> None:
    """1 + (w - 1) t of the public formula, each step of it in float32, by Python's fractions."""
    z, t, w = [0.5, -1.25, 2.0, 1.0], [1.0, 1.0, 0.5, 0.0], 1e-4
    losses = []
    for x, a in zip(z, t, strict=True):
        less_1 = np.float32(Fraction(float(np.float32(w))) - 1)
        whole = np.float32(1 + Fraction(float(np.float32(Fraction(float(less_1)) * Fraction(a)))))
        losses.append((1 - a) * x + float(whole) * math.log1p(math.exp(-x)))
    problem = problem_of({"loss": "binary", "logits": z, "labels": t, "pos_weight": [w] * 4})
    first, found = said(diagnosed(losses, problem))
    assert (first, found["dtype"]) == ("pos-weight-rounded", "float32")


def test_a_smoothed_target_that_is_rounded_is_named() -> None:
    """0.99995 is 1 in bfloat16: 0 is left of 1 less it, and 0 times -log(1 - 1) is nan; 1/256 of
    the smoothing of 1/2 is a bfloat16 number, and changes nothing."""
    problem = problem_of({
        "loss": "binary", "probs": [1, 0.5], "labels": [1, 1], "dtype": "bfloat16",
        "label_smoothing": 0.0001,
    })  # fmt: skip
    first, found = said(diagnosed([math.nan, math.log(2)], problem))
    assert (first, found["dtype"]) == ("smoothing-rounded", "bfloat16")
    exact = problem_of({
        "loss": "binary", "probs": [1, 0.5], "labels": [1, 1], "dtype": "bfloat16",
        "label_smoothing": 0.5,
    })  # fmt: skip
    assert not diagnosed([math.nan, math.log(2)], exact).explained


def test_a_smoothed_target_that_is_rounded_is_named_beside_a_rounded_sigmoid() -> None:
    """Of a logit of 10 p and 0.99995 are 1 in float16: 0 times -log(1 - 1), and 1 times it."""
    problem = problem_of({
        "loss": "binary", "logits": [10, 10], "labels": [1, 0], "dtype": "float16",
        "label_smoothing": 0.0001,
    })  # fmt: skip
    first, _ = said(diagnosed([math.nan, math.inf], problem))
    assert first == "smoothing-rounded"


def test_a_number_over_minus_0_is_named() -> None:
    """A weight of -1 times targets of 0 is -0: -log(2)^2 over that is inf."""
    problem = problem_of({
        "loss": "categorical", "logits": [[0, 0]], "labels": [[0, 0]], "sample_weight": [-1],
        "z_loss": 1,
    })  # fmt: skip
    first, found = said(diagnosed(math.inf, problem, "weighted_mean"))
    assert (first, found["what"]) == ("mean-of-nothing", "inf, a number over -0")
    plain = problem_of({
        "loss": "categorical", "logits": [[0, 0]], "labels": [[0, 0]], "z_loss": 1,
    })  # fmt: skip
    assert not diagnosed(-math.inf, plain, "weighted_mean").explained


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_what_rounding_leaves_of_a_sum_of_0_over_0_is_named(sign: float) -> None:
    """Losses of log 2 and its negative, and weights that sum to 0: their order in a sum decides."""
    problem = problem_of({
        "loss": "sparse_categorical", "logits": [[0, 0], [0, 0]], "labels": [0, 0],
        "sample_weight": [1, -1],
    })  # fmt: skip
    first, found = said(diagnosed(sign * math.inf, problem, "weighted_mean"))
    assert first == "mean-of-nothing"
    assert found["what"].removeprefix("-").startswith("inf, what rounding leaves")
    assert found["what"].startswith("-") is (sign < 0)


@pytest.mark.parametrize(
    ("bits", "read", "words"),
    [
        (8, 300 - 256, "label indices are read as 8 bits"),
        (16, 40_000 - 65_536 + 70_000, "label indices are read as 16 bits with a sign"),
    ],
)
def test_labels_of_few_bits_are_named(bits: int, read: int, words: str) -> None:
    n, label = (400, 300) if bits == 8 else (70_000, 40_000)
    logits = np.zeros((2, n), np.float32)
    logits[:, read], logits[:, 5] = [2.0, 3.0], 4.0
    losses = [math.log(n - 2 + math.exp(x) + math.exp(4)) - x for x in (2.0, 3.0)]
    first, found = said(diagnosed(losses, sparse(logits, [label, label])))
    assert first == "label-wraps"
    assert found["how"].startswith(words)


@pytest.mark.parametrize(
    ("name", "total", "reduction", "options"),
    [
        ("mean-of-nothing", 0.0, "mean", {"labels": [-100] * 3, "ignore_index": -100}),
        ("mean-of-nothing", 0.0, "weighted_mean", {"labels": [-100] * 3, "ignore_index": -100}),
        ("inverse-weights", (2 * OWN[0] + 0.5 * OWN[1] + 8 * OWN[2]) / (0.5 + 2 + 0.125),
         "weighted_mean", {"sample_weight": [2.0, 0.5, 8.0]}),
        ("mean-over-all", (2 * OWN[0] + 0.5 * OWN[1]) / (2 + 0.5 + 8), "weighted_mean",
         {"sample_weight": [2.0, 0.5, 8.0], "labels": [0, 2, -100], "ignore_index": -100}),
        ("mean-of-means", (OWN[0] + OWN[1]) / 2 + OWN[2], "mean", {}),
        ("mean-of-means", ((OWN[0] + OWN[1]) / 2 + OWN[2]) / 2, "mean", {}),
    ],
)  # fmt: skip
def test_a_rarer_total_is_named(
    name: str, total: float, reduction: Reduction, options: Mapping[str, Any]
) -> None:
    problem = sparse(ROWS, options.get("labels", Y), **{k: v for k, v in options.items()
                                                        if k != "labels"})  # fmt: skip
    assert said(diagnosed(total, problem, reduction))[0] == name


@pytest.mark.parametrize(("times", "name"), [(2, "bias-twice"), (0, "bias-missing")])
def test_a_bias_that_is_added_twice_or_not_at_all_is_named(times: int, name: str) -> None:
    """hidden is the logits less the bias: the matrix is the identity."""
    bias = np.array([0.5, -1.0, 0.25, 2.0], np.float32)
    problem = Problem(
        "sparse_categorical", "hidden", np.array(ROWS, np.float32) - bias, np.array(Y), "float32",
        weight=np.eye(4, dtype=np.float32), bias=bias,
    )  # fmt: skip
    rows = [[x + (times - 1) * float(b) for x, b in zip(r, bias, strict=True)] for r in ROWS]
    losses = [-log_p(row)[y] for row, y in zip(rows, Y, strict=True)]
    assert said(diagnosed(losses, problem))[0] == name


def test_a_label_that_meets_the_padding_of_the_last_tile_is_named() -> None:
    """The last of 45 classes are a tile of 16 that has 13, or one of 32: of LABELS 44 and 32 stand
    there, the others are lost."""
    losses = [
        x if label >= 32 else math.inf for x, label in zip(with_sum(sum), LABELS, strict=True)
    ]
    first, found = said(diagnosed(losses, sparse()))
    assert (first, found["tile"]) == ("label-in-padding", 16)


def test_a_sum_that_overflows_float16_is_named() -> None:
    """The largest number of float16 is 65,504, and what is from 65,520 on rounds to inf: 70,000
    equal logits are too many, and those beside 30,000 that are masked are not."""
    logits = np.ones((2, 70_000))
    logits[1, 40_000:] = -math.inf
    problem = sparse(logits, [0, 1])
    first, found = said(diagnosed([math.inf, math.log(40_000)], problem))
    assert (first, found) == ("accumulator-dtype", {"dtype": "float16"})


def test_a_row_that_is_all_masked_and_ignored_has_a_log_sum_exp_of_minus_inf() -> None:
    """No logit is taken off the log-sum-exp of a padded position: log 0, and log 2 of two zeros."""
    logits = [[-math.inf] * 2, [0.0, 0.0], [1.0, 1.0]]
    problem = sparse(logits, [-100, -100, 1], ignore_index=-100)
    losses = [-math.inf, math.log(2), math.log(2)]
    first, found = said(diagnosed(losses, problem))
    assert (first, found["how"]) == (
        "ignored-not-ignored", "have the log-sum-exp for a loss, less no logit",
    )  # fmt: skip


def test_an_ignored_sample_that_is_multiplied_by_0_is_nan_where_it_is_infinite() -> None:
    """The label of the first, -100, becomes class 0, which is masked: 0 times inf."""
    problem = sparse([[-math.inf, 0.0], [1.0, 2.0], [0.0, 0.0]], [-100, -100, 1], ignore_index=-100)
    assert said(diagnosed([math.nan, 0.0, math.log(2)], problem))[0] == "inf-minus-inf"


# ---- binary losses ------------------------------------------------------------------------------

Z = [-200.0, -1.5, 0.25, 200.0, 3.0]


def binary(labels: list[float], **options: Any) -> Problem:
    return problem_of({"loss": "binary", "logits": Z, "labels": labels, **options})


def softplus(z: float) -> float:
    return max(z, 0) + math.log1p(math.exp(-abs(z)))


@pytest.mark.parametrize(
    ("labels", "losses", "what"),
    [
        # log(1 + exp(200)) is inf in float32, and z more than that too
        ([0, 0, 0, 1, 0], [math.inf, softplus(-1.5), softplus(0.25), 0.0, softplus(3.0)],
         "nothing is taken off"),
        # with 200 taken off both exps are 0, whose log is -inf; with 0 taken off exp(200) is inf
        ([1, 1, 1, 1, 1], [math.inf, softplus(1.5), softplus(-0.25), -math.inf, softplus(-3.0)],
         "max(z, 0) is taken off"),
    ],
)  # fmt: skip
def test_an_exp_that_overflows_in_a_binary_loss_is_named(
    labels: list[float], losses: list[float], what: str
) -> None:
    first, found = said(diagnosed(losses, binary(labels)))
    assert first == "unshifted-exp"
    assert found["what"].startswith(what)


def test_an_exp_that_overflows_in_the_term_of_pos_weight_alone_is_named() -> None:
    """Where the label is 0 the loss is right at -200, and 200 at 200."""
    z, labels = [-200.0, -200.0, 200.0, -1.5, 0.25], [1, 0, 0, 1, 0]
    losses = [math.inf, softplus(-200.0), 200.0, 3 * softplus(1.5), softplus(0.25)]
    problem = problem_of({"loss": "binary", "logits": z, "labels": labels, "pos_weight": [3.0] * 5})
    first, found = said(diagnosed(losses, problem))
    assert (first, found["what"].rsplit(" ", 1)[-1]) == ("unshifted-exp", "pos_weight")


def test_the_log_of_a_rounded_complement_is_named_where_the_other_log_is_right() -> None:
    """1 - sigmoid(200) is 0 in float32; -log sigmoid(-200) is 200, where a rounded p gives inf."""
    losses = [200.0, softplus(-1.5), softplus(-0.25), math.inf, softplus(3.0)]
    assert said(diagnosed(losses, binary([1, 0, 1, 0, 0])))[0] == "log-of-probability"


# ---- what is not claimed ------------------------------------------------------------------------


def test_the_truth_has_no_bug_of_a_kernel() -> None:
    diagnosis = diagnosed(with_sum(sum), sparse())
    assert said(diagnosis)[0] == "rounding"


def test_a_sum_that_is_off_in_one_row_alone_is_no_bug_of_a_kernel() -> None:
    losses = with_sum(sum)
    losses[3] = with_sum(lambda e: sum(e) + 19)[3]
    assert not diagnosed(losses, sparse()).explained


def test_a_total_is_not_read_as_a_bug_of_a_kernel() -> None:
    padded = sum(with_sum(lambda e: sum(e) + 19)) / 6
    assert not diagnosed(padded, sparse(), "mean").explained


def test_an_infinite_loss_does_not_allow_a_finite_one_what_its_size_would() -> None:
    """A gap of 1e30 is rounded by some 1e22: that is no tolerance for a loss of 64."""
    problem = sparse([[1e30, 0.0, 1.0], [1e30, -1e30, 2.0]], [1, 1])
    first, found = said(diagnosed([64.0, 64.0], problem))
    assert (first, found["clamp"]) == ("log-clamped", -64.0)
    first, found = said(diagnosed([1e20, 1e20], problem))
    assert (first, found["most"]) == ("log-of-probability", 1e20)


def test_every_rarer_change_has_an_id_and_a_sentence() -> None:
    for hypothesis in RARER:
        assert hypothesis.id in {h.id for h in HYPOTHESES} | NEW
        assert "{" not in hypothesis.sentence.format_map(Anything())


NEW = {
    "mean-of-nothing", "inverse-weights", "class-weight-elsewhere", "pos-weight-as-sample-weight",
    "pos-weight-rounded", "constants-folded", "bias-twice", "chunks-added", "loss-zero",
    "mask-finite", "classes-counted-twice", "tile-padding-counts", "tail-dropped",
    "tail-read-twice", "maximum-cut", "tiles-not-rescaled", "gap-cut", "masked-tile-nan",
    "accumulator-dtype", "label-in-padding", "smoothing-rounded",
}  # fmt: skip


class Anything(dict[str, int]):
    """A number for every parameter."""

    def __missing__(self, _: str) -> int:
        return 1
