"""An option that the problem does not have is found with its value, and none that the numbers do
not confirm. The numbers are mpmath's, by the formula of each option, printed with some digits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.diagnosis import traps
from tests.observed import bounds_of, known, observed, problem_of
from xent_check.diagnosis.by_hand import steps
from xent_check.diagnosis.candidates import plain
from xent_check.diagnosis.diagnosis import Diagnosis, diagnose
from xent_check.diagnosis.hypotheses.solved import EVERY, FAMILIES
from xent_check.diagnosis.losses import losses_of, meaning_of

LOGITS = [[1.5, -0.25, 0.5, 2.0], [-1.0, 0.75, 3.0, 0.0], [0.25, 1.25, -2.0, 1.0],
          [2.5, 0.0, -1.5, 0.75], [-0.5, 1.0, 0.25, -3.0], [0.0, 2.25, 1.75, -0.75]]  # fmt: skip
LABELS = [0, 2, 1, 0, 1, 2]
Z, T = [1.5, -0.25, 2.0, 0.5, -3.0, 0.75], [1.0, 0.0, 0.0, 1.0, 1.0, 0.0]
SPARSE: Mapping[str, Any] = {"loss": "sparse_categorical", "logits": LOGITS, "labels": LABELS}
BINARY: Mapping[str, Any] = {"loss": "binary", "logits": Z, "labels": T}
Row = list[Any]
NEAR: list[Mapping[str, Any]] = [
    {"loss": "sparse_categorical", "labels": [1, 2, 0, 0],
     "logits": [[0.0415, -1.5848, 1.0664], [-2.3584, 0.1103, -0.1843], [-2.417, -1.7598, -0.0744],
                [-4.2932, -0.4956, 0.2825]]},
    {"loss": "sparse_categorical", "labels": [1, 1, 0, 2],
     "logits": [[2.79, 0.63, 4.66], [-0.99, -3.63, 2.91], [-0.95, 0.05, -0.27],
                [-1.25, 1.54, -1.46]]},
]  # fmt: skip


def log_p(row: Row) -> Row:
    total = mpmath.fsum(mpmath.exp(x) for x in row)
    return [x - mpmath.log(total) for x in row]


def smoothed(e: float) -> Callable[[Row, int], Any]:
    return lambda row, y: -(1 - e) * log_p(row)[y] - e * mpmath.fsum(log_p(row)) / len(row)


def divided(t: float) -> Callable[[Row, int], Any]:
    return lambda row, y: -log_p([x / mpmath.mpf(t) for x in row])[y]


def capped(cap: float) -> Callable[[Row, int], Any]:
    return lambda row, y: -log_p([cap * mpmath.tanh(x / mpmath.mpf(cap)) for x in row])[y]


def with_z(z: float) -> Callable[[Row, int], Any]:
    def loss(row: Row, y: int) -> Any:
        lse = mpmath.log(mpmath.fsum(mpmath.exp(x) for x in row))
        return -log_p(row)[y] + z * lse**2

    return loss


def focal(gamma: float, alpha: float = 1) -> Callable[[Row, int], Any]:
    def loss(row: Row, y: int) -> Any:
        minus_log = -log_p(row)[y]
        return alpha * (1 - mpmath.exp(-minus_log)) ** mpmath.mpf(gamma) * minus_log

    return loss


def binary(
    pos_weight: float = 1, gamma: float = 0, alpha: float | None = None, e: float = 0
) -> list[Any]:
    """The binary losses: pos_weight, gamma and alpha as in a focal loss, label smoothing e."""
    out = []
    for z, t in zip(Z, T, strict=True):
        p, t = 1 / (1 + mpmath.exp(-z)), t * (1 - e) + e / 2
        one, other = (1, 1) if alpha is None else (alpha, 1 - alpha)
        positive = -pos_weight * one * t * (1 - p) ** gamma * mpmath.log(p)
        out.append(positive - other * (1 - t) * p**gamma * mpmath.log(1 - p))
    return out


def rows(loss: Callable[[Row, int], Any]) -> list[Any]:
    return [loss([mpmath.mpf(x) for x in row], y) for row, y in zip(LOGITS, LABELS, strict=True)]


def said(
    fields: Mapping[str, Any], numbers: list[Any], digits: int, kind: str = "losses"
) -> Diagnosis:
    text = " ".join(f"{float(number):#.{digits}g}" for number in numbers)
    problem = problem_of(fields)
    return diagnose(problem, observed(problem, kind, text), bounds_of(problem))


WEIGHTS = [2.0, 0.5, 1.25]
FOUND: list[tuple[str, str, float, Mapping[str, Any], list[Any]]] = [
    ("smoothing-added", "epsilon", 0.1, SPARSE, rows(smoothed(0.1))),
    ("smoothing-added", "epsilon", 0.037, SPARSE, rows(smoothed(0.037))),
    ("smoothing-added", "epsilon", 0.05, {**SPARSE, "label_smoothing": 0.1}, rows(smoothed(0.05))),
    ("smoothing-added", "epsilon", 0.2, BINARY, binary(e=0.2)),
    ("temperature", "temperature", 2.0, SPARSE, rows(divided(2))),
    ("temperature", "temperature", 1 / 0.7, SPARSE, rows(divided(1 / 0.7))),
    ("temperature", "temperature", 0.31, SPARSE, rows(divided(0.31))),
    ("softcap-added", "softcap", 5.0, SPARSE, rows(capped(5))),
    ("softcap-added", "softcap", 30.0, SPARSE, rows(capped(30))),
    ("z-loss-added", "z_loss", 1e-3, SPARSE, rows(with_z(1e-3))),
    ("focal", "gamma", 2.0, SPARSE, rows(focal(2))),
    ("focal", "gamma", 1.3, SPARSE, rows(focal(1.3))),
    ("focal", "alpha", 0.25, SPARSE, rows(focal(2, 0.25))),
    ("focal", "alpha", 0.25, BINARY, binary(gamma=2, alpha=0.25)),
    ("pos-weight-added", "pos_weight", 2.5, BINARY, binary(pos_weight=2.5)),
    ("pos-weight-added", "pos_weight", 4.0, {**BINARY, "pos_weight": 3.0}, binary(pos_weight=4)),
    ("scaled", "factor", 0.125, SPARSE, [loss / 8 for loss in rows(smoothed(0))]),
    ("scaled", "factor", 0.3, SPARSE, [loss * 3 / 10 for loss in rows(smoothed(0))]),
]  # fmt: skip


@pytest.mark.parametrize("digits", [6, 8])
@pytest.mark.parametrize(
    ("name", "parameter", "value", "fields", "numbers"), FOUND,
    ids=[f"{name} {value:g} {fields['loss']}" for name, _, value, fields, _ in FOUND],
)  # fmt: skip
def test_an_option_is_found_with_its_value(
    name: str, parameter: str, value: float, fields: Mapping[str, Any], numbers: list[Any],
    digits: int,
) -> None:  # fmt: skip
    answer = said(fields, numbers, digits)
    assert [e.ids for e in answer.explanations] == [(name,)]
    assert answer.explanations[0].parameters[parameter] == pytest.approx(value, rel=2e-3)
    assert answer.by_chance < 1e-3


@pytest.mark.parametrize(
    ("parameter", "value", "fields", "numbers"),
    [(p, v, f, n) for _, p, v, f, n in FOUND if v in (0.1, 0.05, 2.0, 30.0, 0.25, 2.5, 0.125)],
)
def test_a_value_that_people_write_is_told_as_they_write_it(
    parameter: str, value: float, fields: Mapping[str, Any], numbers: list[Any]
) -> None:
    (explanation,) = said(fields, numbers, 6).explanations
    assert explanation.parameters[parameter] == value


def test_class_weights_are_found_where_every_label_confirms_its_own() -> None:
    numbers = [WEIGHTS[y] * loss for y, loss in zip(LABELS, rows(smoothed(0)), strict=True)]
    for fields in (SPARSE, {**SPARSE, "class_weight": [1.0, 1.0, 3.0, 2.0]}):
        (explanation,) = said(fields, numbers, 7).explanations
        assert explanation.ids == ("class-weight-added",)
        assert explanation.parameters["class_weight"] == [2.0, 0.5, 1.25, None]
        words = "class weights are used: 2 for class 0, 0.5 for class 1, 1.25 for class 2"
        assert explanation.sentence == words
    once = {**SPARSE, "labels": [0, 2, 1, 0, 1, 3]}  # the labels 2 and 3 have one sample each
    losses = [
        smoothed(0)([*map(mpmath.mpf, row)], y)
        for row, y in zip(LOGITS, once["labels"], strict=True)
    ]
    losses = [w * loss for w, loss in zip([2, 1.25, 0.5, 2, 0.5, 1], losses, strict=True)]
    assert not said(once, losses, 8).explained


def test_class_weights_that_turn_the_sign_are_none() -> None:
    factors = [-2, 3, 1, -2, 1, 3]
    numbers = [f * loss for f, loss in zip(factors, rows(smoothed(0)), strict=True)]
    assert not said(SPARSE, numbers, 8).explained


@pytest.mark.parametrize("name", ["scaled", "smoothing-added", "temperature", "focal"])
def test_a_number_that_no_value_gives_is_a_witness_against_all(name: str) -> None:
    numbers = next(n for i, _, _, fields, n in FOUND if i == name and fields is SPARSE)
    for at in (0, 3, 5):
        moved = [n * mpmath.mpf("1.02") if i == at else n for i, n in enumerate(numbers)]
        assert not said(SPARSE, moved, 6).explained


def test_two_numbers_of_few_digits_confirm_nothing() -> None:
    two = {**SPARSE, "logits": LOGITS[:2], "labels": LABELS[:2]}
    assert said(two, rows(divided(1.37))[:2], 7).explained
    assert not said(two, rows(divided(1.37))[:2], 4).explained


def test_the_z_loss_is_inside_the_sample_weight() -> None:
    weights = [1, 2, 0.5, 3, 1, 4]
    numbers = [w * loss for w, loss in zip(weights, rows(with_z(0.01)), strict=True)]
    (explanation,) = said({**SPARSE, "sample_weight": weights}, numbers, 8).explanations
    assert (explanation.ids, explanation.parameters) == (("z-loss-added",), {"z_loss": 0.01})


def test_of_a_total_alone_only_what_people_write_is_believed() -> None:
    mean = mpmath.fsum(rows(smoothed(0.1))) / 6
    assert [e.ids for e in said(SPARSE, [mean], 8, "mean").explanations] == [("smoothing-added",)]
    assert not said(SPARSE, [mean], 3, "mean").explained  # too few digits
    odd = mpmath.fsum(rows(smoothed(0.0837))) / 6
    assert not said(SPARSE, [odd], 8, "mean").explained


def test_a_sum_divided_by_a_whole_number_of_items_is_found_from_the_total() -> None:
    total = mpmath.fsum(rows(smoothed(0)))
    (explanation,) = said(SPARSE, [total / 37], 8, "mean").explanations
    assert (explanation.ids, explanation.parameters["count"]) == (("num-items",), 37)
    assert explanation.sentence == "the sum is divided by 37, not by the 6"
    assert not said(SPARSE, [total / mpmath.mpf("37.4")], 8, "mean").explained
    assert not said(SPARSE, [total / 100_003], 6, "mean").explained  # any number is a share of it


def all_three(scale: float, cap: float | None, z: float) -> list[Any]:
    """Losses with a scale, a cap and a z-loss, mpmath."""
    made = []
    for row, y in zip(LOGITS, LABELS, strict=True):
        scaled = [mpmath.mpf(x) * scale for x in row]
        if cap is not None:
            scaled = [cap * mpmath.tanh(x / cap) for x in scaled]
        made.append(with_z(z)(scaled, y))
    return made


AROUND = {**SPARSE, "logit_scale": 0.5, "softcap": 4.0, "z_loss": 0.01}


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("rounding", all_three(0.5, 4, 0.01)),
        ("scale-missing", all_three(1, 4, 0.01)),
        ("softcap-missing", all_three(0.5, None, 0.01)),
        ("z-loss-missing", all_three(0.5, 4, 0)),
        ("temperature", all_three(0.25, 4, 0.01)),
        ("softcap-added", all_three(0.5, 2, 0.01)),
        ("z-loss-added", all_three(0.5, 4, 0.03)),
    ],
)
def test_a_declared_option_may_be_left_out_or_have_another_value(
    name: str, numbers: list[Any]
) -> None:
    explanation = said(AROUND, numbers, 8).explanations[0]
    assert explanation.ids == (name,)
    wanted = {"temperature": 4, "softcap-added": 2, "z-loss-added": 0.03}.get(name)
    assert wanted is None or wanted in explanation.parameters.values()


def test_items_that_are_not_counted_are_found() -> None:
    total = mpmath.fsum(rows(smoothed(0)))
    fields = {**SPARSE, "num_items": 37}
    assert said(fields, [total / 37], 8, "mean").explanations[0].ids == ("rounding",)
    assert said(fields, [total / 6], 8, "mean").explanations[0].ids == ("mean",)


def test_a_specific_reason_stands_before_a_factor() -> None:
    bits = [loss / mpmath.log(2) for loss in rows(smoothed(0))]
    assert said(SPARSE, bits, 7).explanations[0].ids == ("log2",)
    assert said(SPARSE, [-loss for loss in rows(smoothed(0))], 7).explanations[0].ids == ("sign",)


def test_an_option_is_found_beside_another_change() -> None:
    fields = {**SPARSE, "sample_weight": [1, 2, 0.5, 3, 1, 4]}  # which the numbers leave out
    (explanation,) = said(fields, rows(divided(2)), 8).explanations
    assert explanation.ids == ("sample-weight-ignored", "temperature")
    assert explanation.parameters["temperature"] == 2


@pytest.mark.long
def test_three_hundred_traps_are_explained_by_nothing() -> None:
    wrong = {name: [e.ids for e in a.explanations] for name, a in traps(300) if a.explained}
    assert wrong == {}


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(FAMILIES), st.floats(0.05, 0.9))
def test_the_value_of_any_family_is_solved_from_its_own_numbers(family: Any, value: float) -> None:
    problem = problem_of(BINARY if family.parameter == "pos_weight" else SPARSE)
    start = meaning_of(problem)
    numbers = losses_of(family.changed(start, np.asarray(value)))
    text = " ".join(f"{number:.12g}" for number in numbers)
    answer = diagnose(problem, observed(problem, "losses", text), bounds_of(problem))
    if answer.explanations[0].ids == ("rounding",):  # so weak that rounding gives it as well
        np.testing.assert_allclose(numbers, plain(start, False).numbers, rtol=1e-4)
        return
    (explanation,) = answer.explanations
    assert explanation.id == family.hypothesis.id
    found = explanation.parameters[family.parameter]
    again = losses_of(family.changed(start, np.asarray(found)))
    assert again == pytest.approx(numbers, rel=1e-4, abs=2e-6)  # what float32 may round


@pytest.mark.parametrize("case", FOUND, ids=lambda case: f"{case[0]} {case[2]:g}")
def test_the_steps_by_hand_lead_to_the_loss(case: Any) -> None:
    _, _, _, fields, numbers = case
    (explanation,) = said(fields, numbers, 8).explanations
    assert explanation.meaning is not None
    plain_steps = {step.name for step in steps(meaning_of(problem_of(fields)), 1)}
    for sample in range(len(numbers)):
        found = steps(explanation.meaning, sample)
        terms = next(step for step in found if step.name == "terms")
        extra = sum(s.values[0] for s in found if s.name == "z-loss")
        loss = (sum(terms.values) + extra) * explanation.meaning.scale
        assert found[-1].values[0] == pytest.approx(loss, rel=1e-9)
        assert plain_steps <= {step.name for step in found}


def test_what_is_solved_may_be_named_in_a_case() -> None:
    ids = {hypothesis.id for hypothesis in EVERY}
    assert {"num-items", "class-weight-added", "focal", "scaled"} <= ids
    assert {i for item in known("options.yaml") for names in item.ids for i in names} <= ids


def test_of_a_total_it_counts_how_closely_an_option_gives_it() -> None:
    """All that rounding allows is 1e-6 here, and the z-loss adds 4e-4: what is as close as float32
    rounds at all is hardly by chance, what is nearly as far off as rounding allows may be."""
    exact = [with_z(1e-4)(row, y) for row, y in zip(LOGITS, LABELS, strict=True)]
    mean = mpmath.fsum(exact) / len(exact)
    seen = [observed(problem_of(SPARSE), "mean", f"{float(mean) + off:.9g}") for off in (0, 8e-7)]
    close, far = (diagnose(problem_of(SPARSE), one, bounds_of(problem_of(SPARSE))) for one in seen)
    assert [e.ids for e in close.explanations] == [("z-loss-added",)]
    assert not far.explained
    assert far.closest[0].ids == ("z-loss-added",)


@pytest.mark.parametrize("near", NEAR)
def test_a_total_just_beyond_rounding_is_not_explained(near: Mapping[str, Any]) -> None:
    """A stray number 3e-6 off (rounding explains 2.66e-6 of the second): neither an overflow of
    scores of 4, nor another count."""
    losses = [-log_p(row)[y] for row, y in zip(near["logits"], near["labels"], strict=True)]
    exact, problem = float(mpmath.fsum(losses) / 4), problem_of(near)
    for off in (2.66e-6, 3e-6, -3e-6):
        seen = observed(problem, "mean", f"{exact + off:.9g}")
        found = diagnose(problem, seen, bounds_of(problem)).explanations
        assert {one.ids for one in found} <= {("rounding",)}
