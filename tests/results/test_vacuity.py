"""A tolerance that would accept 0, twice the size or another label says nothing about a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.support import oracle
from xent_check.casefile.loading import Filter, load
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DTYPES, GIVEN, REDUCTIONS, DType, Given, Loss
from xent_check.reference.bounds import bounds
from xent_check.reference.reference import reference
from xent_check.reference.truth import Truth, truth
from xent_check.results import other_labels
from xent_check.results.difference import Difference
from xent_check.results.other_labels import other_label_distances
from xent_check.results.vacuity import ELSEWHERE, GRADIENT, LOSS, OTHER_LOSS, vacuity
from xent_check.results.verdict import judge

Array = npt.NDArray[Any]
INF = float("inf")
LOSSES: tuple[Loss, ...] = ("binary", "categorical", "sparse_categorical")


def sparse(logits: list[list[float]], labels: list[int], **options: Any) -> Problem:
    values = np.array(logits, dtype=np.float32)
    return Problem("sparse_categorical", "logits", values, np.array(labels), "float32", **options)


def binary(values: list[float], labels: list[float], **options: Any) -> Problem:
    x, t = np.array(values, np.float32), np.array(labels, np.float32)
    return Problem("binary", "logits", x, t, "float32", **options)


def parts(problem: Problem, allowed: Mapping[str, Any] | float) -> dict[str, Difference]:
    """The exact answers under what is allowed: one number for all, or by part."""
    exact = reference(problem)
    targets: dict[str, Array] = {"losses": exact.losses.high}
    targets |= {r: total.high for r, total in exact.totals.items()}
    if exact.gradient is not None:
        targets["gradient"] = exact.gradient.high
    return {
        name: Difference(
            target, target, np.zeros_like(target),
            np.broadcast_to(
                np.asarray(allowed if isinstance(allowed, float) else allowed[name]), target.shape
            ),
            problem.dtype,
        )
        for name, target in targets.items()
    }  # fmt: skip


def accepted(problem: Problem, allowed: Mapping[str, Any] | float = 2e-6) -> dict[str, Any]:
    """What would be accepted, by its words: for which samples."""
    found = vacuity(problem, reference(problem), parts(problem, allowed)).accepted
    return {what: mask.tolist() for what, mask in found.items()}


def words(problem: Problem, allowed: Mapping[str, Any] | float = 2e-6) -> str | None:
    return vacuity(problem, reference(problem), parts(problem, allowed)).words()


# ---- losses -----------------------------------------------------------------------------------


def test_a_loss_below_the_tolerance_could_be_0() -> None:
    # log(1 + exp(-20)) = 2.06e-9; log(1 + exp(-1)) = 0.31
    assert accepted(sparse([[20, 0], [1, 0]], [0, 0]))[LOSS] == [True, False]


def test_logits_closer_than_the_tolerance_could_be_each_others_label() -> None:
    problem = sparse([[0, 2.0**-20, 9], [0, 1, 9]], [0, 0])
    assert accepted(problem)[OTHER_LOSS] == [True, False]


@pytest.mark.parametrize("label", [0, 1])
def test_the_other_label_may_have_the_lower_logit_or_the_higher(label: int) -> None:
    assert accepted(sparse([[0, 2.0**-20, 9]], [label]))[OTHER_LOSS] == [True]


def test_labels_of_equal_logits_have_equal_losses_and_no_tolerance_is_at_fault() -> None:
    assert words(sparse([[1, 1]], [0])) is None


def test_a_loss_of_0_is_not_accepted_by_mistake() -> None:
    assert words(sparse([[3.0]], [0])) is None


def test_binary_targets_swap_at_a_logit_near_0() -> None:
    assert accepted(binary([1e-7, 1.0, -1e-7], [1, 1, 0]))[OTHER_LOSS] == [True, False, True]


def test_a_soft_target_near_a_half_swaps_with_its_complement_and_another_does_not() -> None:
    # the loss of 1 - t differs by abs(z) abs(1 - 2 t): 2e-6 at t = 0.499999, 1 at t = 0.25
    problem = binary([2.0, 2.0, 2.0], [0.4999997, 0.25, 0.5])
    assert accepted(problem)[OTHER_LOSS] == [True, False, False]


def test_soft_labels_of_one_mass_each_have_no_other_label() -> None:
    values, labels = np.array([[0.0, 2.0**-20]], np.float32), np.array([[0.5, 0.5]], np.float32)
    problem = Problem("categorical", "logits", values, labels, "float32")
    assert words(problem) is None
    other = replace(problem, labels=np.array([[0.75, 0.25]], np.float32))
    assert accepted(other)[OTHER_LOSS] == [True]


def swapped(problem: Problem) -> list[list[Any]]:
    """By sample, the losses of every other label, by the oracle on the swapped problem."""
    if problem.loss == "binary":
        other = replace(problem, labels=(1 - problem.labels).astype(problem.labels.dtype))
        return [[loss] for loss in oracle.truth(other).losses]
    n = problem.num_classes
    found: list[list[Any]] = []
    for step in range(1, n):
        if problem.loss == "sparse_categorical":
            labels = (problem.labels + step) % n
        else:
            labels = problem.labels.copy()
            for row in labels:
                top = int(row.argmax())
                if row[top] > 0.5:
                    row[[top, (top + step) % n]] = row[[(top + step) % n, top]]
                else:
                    row[:] = np.roll(row, 1)
        found.append(oracle.truth(replace(problem, labels=labels)).losses)
    return [list(row) for row in zip(*found, strict=True)]


def random_problem(seed: int) -> Problem:
    """Any loss, input and option; hard and soft labels."""
    stream = np.random.RandomState(seed)
    loss = LOSSES[seed % 3]
    given: Given = GIVEN[seed // 3 % 3]
    n, samples = 4, 3
    shape = (samples,) if loss == "binary" else (samples, n)
    values = stream.uniform(0.05, 0.95, shape)
    values = {"logits": 4 * values, "probs": values, "log_probs": np.log(values)}[given]
    labels: Array = stream.randint(0, n, samples)
    if loss == "binary":
        labels = stream.choice([0.0, 1.0, 0.25, 0.5], samples)
    elif loss == "categorical":
        labels = np.eye(n)[labels] if seed % 2 else stream.permutation([0.5, 0.25, 0.25, 0.0])
        labels = np.broadcast_to(labels, shape)
    weights: dict[str, Any] = {"sample_weight": stream.uniform(-2, 2, samples)}
    weights |= (
        {"pos_weight": stream.uniform(0.5, 3, ())}
        if loss == "binary"
        else {"class_weight": stream.uniform(0.5, 3, n)}
    )
    return Problem(
        loss, given, values.astype(np.float32),
        labels if loss == "sparse_categorical" else labels.astype(np.float32), "float32",
        normalize=bool(seed // 9 % 2) if given == "probs" and loss != "binary" else None,
        label_smoothing=0.25 if stream.rand() < 0.5 else 0.0,
        **{k: v.astype(np.float32) for k, v in weights.items() if stream.rand() < 0.5},
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(36))
def test_the_distance_is_that_of_the_oracles_nearest_other_loss(seed: int) -> None:
    """Of every loss, input and option: the labels swapped in the problem itself."""
    problem = random_problem(seed)
    found = other_label_distances(problem)
    own = oracle.truth(problem).losses
    for distance, loss, others in zip(found, own, swapped(problem), strict=True):
        apart = [abs(float(other - loss)) for other in others if abs(other - loss) > 1e-20]
        assert distance == pytest.approx(min(apart, default=INF), rel=1e-9)


# ---- totals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_a_total_that_is_allowed_to_be_0_says_so_where_its_losses_are_sharp(reduction: Any) -> None:
    problem = sparse([[1, 0], [1, 0]], [0, 0], reductions=(reduction,))
    name = reduction.replace("_", " ")
    assert words(problem, {"losses": 1e-6, reduction: 1e-6}) is None
    told = words(problem, {"losses": 1e-6, reduction: 0.99})  # the sum is 0.63, the means 0.31
    assert told == f"the tolerance would accept a total of 0 or of twice its size ({name})"


def test_the_total_of_other_labels_is_that_of_every_loss_at_its_nearest() -> None:
    # the losses of the other labels are 1 and 2 away; together 3, in the mean 1.5
    problem = sparse([[0, 1], [0, 2]], [1, 1], reductions=("mean", "sum"))
    for total, mean, names in ((2.99, 1.49, None), (3.01, 1.49, "sum"), (3.01, 1.51, "mean, sum")):
        found = accepted(problem, {"losses": 1e-6, "sum": total, "mean": mean})
        other = [what for what in found if "of other labels" in what]
        assert other == ([f"a total of other labels ({names})"] if names else [])


def test_a_mass_that_does_not_move_to_an_impossible_class_changes_nothing() -> None:
    # every mass goes to the next class: 0.5 from class 2 to class 0, class 1 keeps its 0
    values, labels = np.array([[0, -INF, 1, 2]], np.float32), np.array([[0, 0, 0.5, 0.5]])
    problem = Problem("categorical", "logits", values, labels.astype(np.float32), "float32")
    assert other_label_distances(problem).tolist() == [0.5]


def test_an_ignored_sample_has_no_other_label_in_the_total() -> None:
    # the kept sample's other loss is 1 away, the ignored one's would be 2
    problem = sparse([[0, 1], [0, 2]], [1, 1], reductions=("sum",))
    ignoring = replace(problem, labels=np.array([1, -1]), ignore_index=-1)
    found = accepted(ignoring, {"losses": 1e-6, "sum": 1.01})
    assert any("of other labels" in what for what in found)


def test_a_total_of_equal_logits_has_no_other_labels() -> None:
    problem = sparse([[1, 1]], [0], reductions=("sum",))
    assert words(problem, {"losses": 0.1, "sum": 0.1}) is None


# ---- gradients --------------------------------------------------------------------------------


def test_a_gradient_within_the_tolerance_could_be_0() -> None:
    # a mean over 1,000,000: every entry is below 1e-6
    problem = sparse([[1, 0, 2], [1, 0, 2]], [0, 0], gradient=True)
    problem = replace(problem, cotangent=np.array([1e-6, 1], np.float32))
    found = accepted(problem, {"losses": 1e-6, "gradient": 2e-6})
    assert (found[GRADIENT], found[ELSEWHERE]) == ([True, False], [False, False])


def test_a_gradient_of_a_mean_is_as_large_as_its_samples_weight_over_the_divisor() -> None:
    """A thousandth of each: p - t sums to 1, over 1,000 samples."""
    problem = sparse([[0.0, 0.0]] * 1000, [0] * 1000, gradient=True, reductions=("mean",))
    exact = truth(problem).of_total(problem, "mean").reference
    assert exact.gradient is not None
    target = exact.gradient.high
    off, allowed = np.zeros_like(target), np.full_like(target, 1e-3)
    gradient = Difference(target, target, off, allowed, "float32")
    found = vacuity(problem, exact, {"gradient": gradient}, "mean")
    assert found.accepted[GRADIENT].all()


def test_the_entries_beside_the_label_could_be_0() -> None:
    # p = [0.00005, 0.00005, 0.9999]: the label's entry is -1, the class of 0.9999 has 0.9999
    near = sparse([[0, 0, 10], [0, 0, 0]], [0, 0], gradient=True)
    assert words(near, {"losses": 1e-6, "gradient": 1e-3}) is None
    # 2,000 classes of one logit: 0.0005 each beside -0.9995
    many = sparse([[0.0] * 2000], [0], gradient=True)
    found = accepted(many, {"losses": 1e-6, "gradient": 1e-3})
    assert (found[GRADIENT], found[ELSEWHERE]) == ([False], [True])
    assert words(many, {"losses": 1e-6, "gradient": 1e-4}) is None


@pytest.mark.filterwarnings("error")
def test_weights_whose_mean_is_beyond_float64_are_no_matter() -> None:
    heavy = np.array([1.7e308, 1.7e308])
    problem = Problem(
        "sparse_categorical", "logits", np.zeros((1, 2)), np.array([0]), "float64",
        class_weight=heavy, gradient=True,
    )  # fmt: skip
    assert words(problem, {"losses": 1e300, "gradient": 1e300}) is None


def test_a_gradient_that_is_0_beside_the_label_is_not_accepted_by_mistake() -> None:
    values = np.array([[0.25, 0.75]], np.float32)
    problem = Problem(
        "sparse_categorical", "probs", values, np.array([0]), "float32", normalize=False,
        gradient=True,
    )  # fmt: skip
    assert words(problem, {"losses": 1e-6, "gradient": 1e-3}) is None


def test_a_binary_gradient_could_be_0_element_by_element() -> None:
    cotangent = np.array([1e-6, 1], np.float32)
    problem = binary([1.0, 1.0], [1, 1], gradient=True, cotangent=cotangent)
    assert accepted(problem, {"losses": 0.0, "gradient": 1e-6})[GRADIENT] == [True, False]


def test_a_gradient_near_0_itself_is_told_by_its_loss() -> None:
    # p - t: 2e-9 beside a loss of 2e-9; 0.001 beside a loss of 0.69, for which it is right
    confident = accepted(binary([20.0], [1], gradient=True), {"losses": 1e-6, "gradient": 1e-6})
    assert (confident[LOSS], confident[GRADIENT]) == ([True], [False])
    confident = accepted(binary([-20.0], [0], gradient=True), {"losses": 1e-6, "gradient": 1e-6})
    assert (confident[LOSS], confident[GRADIENT]) == ([True], [False])
    level = binary([0.0], [0.501], gradient=True)
    assert words(level, {"losses": 1e-6, "gradient": 0.01}) is None


@pytest.mark.parametrize("smoothing", [0.0, 1.0])
@pytest.mark.parametrize("option", ["class_weight", "sample_weight", "cotangent"])
def test_a_small_weight_is_no_gradient_near_0(option: str, smoothing: float) -> None:
    small = {option: np.full(2, 1e-6, np.float32)}
    problem = sparse([[1, 0], [0, 2]], [0, 1], gradient=True, label_smoothing=smoothing, **small)
    found = accepted(problem, {"losses": 0.0, "gradient": 1e-6})
    assert found[GRADIENT] == [True, True]


def test_the_gradient_of_an_ignored_sample_is_not_accepted_by_mistake() -> None:
    problem = sparse([[1, 0], [1, 0]], [0, -1], ignore_index=-1, gradient=True)
    assert words(problem, {"losses": 1e-6, "gradient": 1e-3}) is None


# ---- words ------------------------------------------------------------------------------------


def test_the_words_name_the_first_sample_of_each_kind() -> None:
    assert words(sparse([[1, 0], [20, 0], [0, 2.0**-20]], [0, 0, 0])) == (
        "the tolerance would accept a loss of 0 or of twice its size for 1 of 3 (first: [1]), "
        "and the loss of another label for 1 of 3 (first: [2])"
    )


def test_a_sharp_tolerance_has_no_words() -> None:
    assert words(sparse([[1, 0]], [0], reductions=REDUCTIONS, gradient=True)) is None


# ---- ordinary problems ------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [2, 10, 100])
def test_auto_is_not_vacuous_for_ordinary_totals_and_gradients(n: int, dtype: DType) -> None:
    stream = np.random.RandomState(n)
    values = stream.standard_normal((50, n)).astype(np.float32).astype(numpy_dtype(dtype))
    problem = Problem(
        "sparse_categorical", "logits", values, stream.randint(0, n, 50), dtype,
        reductions=REDUCTIONS, gradient=True,
    )  # fmt: skip
    made = bounds(problem, reference(problem))
    allowed: dict[str, Any] = {"losses": made.losses, "gradient": made.gradient}
    allowed |= {str(r): total for r, total in made.totals.items()}
    found = {what for what, mask in accepted(problem, allowed).items() if np.any(mask)}
    # the gaps between 100 logits in [-3, 3] are below what 16 bits resolve
    small = {OTHER_LOSS, LOSS, "a total of other labels (mean, weighted mean, sum)"}
    assert found <= (small if dtype in ("float16", "bfloat16") else set())


# ---- verdicts ---------------------------------------------------------------------------------

# Two samples of two equal logits, the second's loss taken off: the losses are log 2 and -0.62, the
# mean is 0.035, and every entry of the gradient at most 0.5.
CASE = """
loss: sparse_categorical
logits: [[0, 0], [0, 0]]
labels: [0, 1]
sample_weight: [1, -0.9]
reduction: mean
check: [value, gradient]
tolerance: {atol: ATOL}
"""


def judged(folder: Path, atol: float, strict: bool, expect: str = "", mean: float = 0.0) -> Any:
    """The result of the exact answer, or of one with another mean."""
    file = folder / "case.yaml"
    file.write_text(CASE.replace("ATOL", str(atol)) + expect, encoding="utf-8")
    (of,) = load((str(file),), Filter())
    exact = reference(of.problem)
    given = np.asarray(mean or exact.totals["mean"].high, np.float32)
    assert exact.gradient is not None
    losses, gradient = (e.high.astype(np.float32) for e in (exact.losses, exact.gradient))
    answer = Computed(losses, {"mean": given}, "", 0.0, gradient)
    expectation = of.expectations["torch"][0] if expect else None
    truth = Truth(exact, bounds(of.problem, exact))
    return judge(of.case, of.problem, "torch", answer, truth, expectation, strict)


@pytest.mark.parametrize(
    ("atol", "told"),
    [
        (0.1, "a total of 0 or of twice its size (mean)"),
        (0.5, "a total of 0 or of twice its size (mean), and "
              "a gradient of 0 or of twice its size for 2 of 2 (first: [0])"),
    ],
)  # fmt: skip
def test_a_vacuous_total_or_gradient_is_said_and_fails_where_it_must_be_sharp(
    tmp_path: Path, atol: float, told: str
) -> None:
    told = f"the tolerance would accept {told}"
    lenient, strict = (judged(tmp_path, atol, strict) for strict in (False, True))
    assert (lenient.status, lenient.reason, lenient.vacuous) == ("agrees", None, told)
    assert (strict.status, strict.reason, strict.vacuous) == ("diverges", told, told)


def test_a_sharp_tolerance_stays_an_agreement_where_it_must_be_sharp(tmp_path: Path) -> None:
    result = judged(tmp_path, 1e-6, True)
    assert (result.status, result.vacuous) == ("agrees", None)


def test_a_known_divergence_is_vacuous_by_what_is_stated_of_it(tmp_path: Path) -> None:
    # one unit of the last digit of 0.00001 is as much as it is
    expect = 'expect: {torch: {mean: 0.00001, because: "it divides by 3466"}}'
    result = judged(tmp_path, 1e-6, False, expect, mean=1e-5)
    assert result.status == "known"
    assert result.vacuous == ("the tolerance would accept a total of 0 or of twice its size (mean)")


def test_numbers_that_rounding_alone_sets_apart_are_equal() -> None:
    first, second = np.array([1.0, 1.0, 1e8]), np.array([1 + 2.0**-52, 1 + 2.0**-40, 1e8 - 1e-8])
    assert other_labels._apart(first, second).tolist() == [0.0, 2.0**-40, 0.0]


def test_the_weights_of_a_distribution_are_those_of_its_own_sample() -> None:
    values, labels = np.array([[1, 0, 3], [0, 2, 0]], np.float32), np.eye(2, 3, dtype=np.float32)
    problem = Problem(
        "categorical", "logits", values, labels, "float32", class_axis=0, gradient=True,
        class_weight=np.full(2, 1e-6, np.float32),
    )  # fmt: skip
    found = accepted(problem, {"losses": 0.0, "gradient": 1e-6})
    assert found[GRADIENT] == [True, True, False]  # the third has no mass, and no gradient
