"""What the shipped cases declare is no find of fuzz, and nothing else is, without a framework."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xent_check.casefile.in_memory import case_in_memory
from xent_check.casefile.loading import Filter, load
from xent_check.implementations.names import parse
from xent_check.problem.evaluation import Computed
from xent_check.problem.vocabulary import Parameter
from xent_check.reference.truth import truth
from xent_check.results.attached_diagnosis import diagnosed
from xent_check.results.report import CaseResult
from xent_check.results.verdict import judge
from xent_check.running.jobs import Job
from xent_check.search.fuzzing import declared as module
from xent_check.search.fuzzing.declared import FOUND, declared_keys, is_declared
from xent_check.search.fuzzing.find import UNEXPLAINED, Key, key_of, keys_of
from xent_check.workers.pool import Pool

INF, NAN = float("inf"), float("nan")
GAP = {"loss": "categorical", "dtype": "float16", "logits": [[65504, -40000], [65504, -40000]],
       "labels": [[0.25, 0.5], [0.25, 0.5]], "tolerance": "auto"}  # fmt: skip


def answered(losses: list[float], case: dict[str, Any] = GAP, name: str = "torch") -> CaseResult:
    """The result of an implementation that gives these losses."""
    posed = case_in_memory(case)
    computed = Computed(np.array(losses, case.get("dtype", "float32")), {}, "call", 0.0)
    exact = truth(posed.problem)
    return diagnosed(judge(posed.case, posed.problem, name, computed, exact, None))


def key(behaviour: str, name: str = "torch", explanation: str = "overflow") -> Key:
    return Key(name, explanation, behaviour)


def test_a_departure_is_declared_by_who_why_and_in_which_part() -> None:
    result = answered([INF, INF])
    assert key_of(result) == key("losses inf")
    assert is_declared(result, frozenset({key("losses inf")}))
    assert not is_declared(result, frozenset({key("losses inf", name="jax")}))
    assert not is_declared(result, frozenset({key("losses inf", explanation="log-clamped")}))
    assert not is_declared(result, frozenset({key("mean inf"), key("losses nan")}))


def test_nan_beside_inf_is_declared_where_both_are() -> None:
    result = answered([INF, NAN])
    assert key_of(result) == key("losses nan inf")
    assert is_declared(result, frozenset({key("losses nan"), key("losses inf")}))
    assert not is_declared(result, frozenset({key("losses nan")}))


CLIPPED_AND_DIVIDED = {
    "loss": "sparse_categorical", "dtype": "float64", "normalize": False, "tolerance": "auto",
    "probs": [[0.5, 0.0], [0.25, 0.5]], "labels": [0, 0],
}  # fmt: skip


def test_two_declared_reasons_at_once_are_known_and_one_of_them_alone_is_not() -> None:
    """log(1 + 1e-7) less what is clipped of 1, and log 3: divided by the sum, then clipped."""
    result = answered([-np.log1p(-1e-7), np.log(3)], CLIPPED_AND_DIVIDED, "keras")
    both = {key("losses", "keras", "renormalised"), key("losses", "keras", "clipped")}
    assert is_declared(result, frozenset(both))
    assert all(not is_declared(result, frozenset({one})) for one in both)
    others = {replace(one, implementation="torch") for one in both}
    assert not is_declared(result, frozenset(others))
    stray = answered([0.3, np.log(3)], CLIPPED_AND_DIVIDED, "keras")
    assert not is_declared(stray, frozenset(both))


def test_one_number_of_16_bits_is_not_known_by_several_reasons() -> None:
    """In 16 bits nearly any number is what two of many reasons give: it may be so by chance."""
    one = {**CLIPPED_AND_DIVIDED, "dtype": "bfloat16", "probs": [[0.5, 0.25]], "labels": [0]}
    reasons = ("renormalised", "clipped", "log-clamped", "epsilon-in-log", "log2", "sign")
    declared = frozenset(key("losses", "keras", reason) for reason in reasons)
    for number in (0.5, 0.45, 0.9, 1.5, -0.25):
        result = answered([number], one, "keras")
        if all(k.explanation == UNEXPLAINED for k in keys_of(result)):
            assert not is_declared(result, declared)


def test_a_reason_of_several_at_once_is_known_where_each_is_with_such_numbers() -> None:
    """Of float16 1 / p overflows in one row; the other is that of what is divided by its sum."""
    case = {**CLIPPED_AND_DIVIDED, "dtype": "float16", "check": ["value", "gradient"],
            "probs": [[0.5, 0.5], [0.5, 0.5], [1, 1e-7]], "labels": [0, 0, 0]}  # fmt: skip
    posed = case_in_memory(case)
    gradient = np.array([[-1, 1], [-1, 1], [INF, NAN]], "float16")
    exact = truth(posed.problem)
    losses = exact.reference.losses.high.astype("float16")
    computed = Computed(losses, {}, "call", 0.0, gradient)
    result = diagnosed(judge(posed.case, posed.problem, "keras", computed, exact, None))
    assert key_of(result) == key("gradient nan inf", "keras", "renormalised+overflow")
    divided = key("gradient", "keras", "renormalised")
    nan, inf = key("gradient nan", "keras"), key("gradient inf", "keras")
    assert is_declared(result, frozenset({divided, nan, inf}))
    for missing in (divided, nan, inf):
        assert not is_declared(result, frozenset({divided, nan, inf}) - {missing})


def test_a_gradient_by_a_weight_is_known_as_that_by_what_is_given_is() -> None:
    case = {"loss": "categorical", "hidden": [[1]], "weight": [[0], [0]], "labels": [[0, 0]],
            "tolerance": "auto", "check": ["value", "gradient"]}  # fmt: skip
    posed = case_in_memory(case)
    by: dict[Parameter, Any] = {"weight": np.array([[0.5], [0.5]], "float32")}  # p less the targets
    computed = Computed(
        np.zeros(1, "f4"), {}, "call", 0.0, np.zeros((1, 1), "f4"), by_parameters=by
    )
    exact = truth(posed.problem)
    result = diagnosed(judge(posed.case, posed.problem, "tf", computed, exact, None))
    reason = "labels-taken-to-sum-to-1"
    assert key_of(result) == key("weight_gradient", "tf", reason)
    assert is_declared(result, frozenset({key("gradient", "tf", reason)}))
    assert not is_declared(result, frozenset({key("mean", "tf", reason)}))


def test_a_declared_common_offset_is_known_whatever_else_gives_the_numbers() -> None:
    """Logits of -993.6 and -994, -19872 and -19880, and 0: classes more than 5 below the largest
    that are left out give the same digits."""
    case = {"loss": "sparse_categorical", "hidden": [[0], [2], [0.1]], "labels": [0, 0, 0],
            "weight": [[-9936], [-9940]], "tolerance": "auto"}  # fmt: skip
    losses = [float(np.float32(np.log(2))), 0.0, 8406 * 2.0**-14]  # the spacing of numbers near 993
    result = answered(losses, case, "optax")
    assert key_of(result).explanation != "not-shift-safe"
    declared = frozenset({key("losses", "optax", "not-shift-safe"), key("losses inf", "optax")})
    assert is_declared(result, declared)
    assert not is_declared(result, declared - {key("losses", "optax", "not-shift-safe")})


def test_a_common_offset_of_one_loss_is_known() -> None:
    """100 + log 2 is 100.6875 in float16, the nearest multiple of 1/16: a bfloat16 number too."""
    case = {"loss": "sparse_categorical", "dtype": "float16", "logits": [[100, 100]], "labels": [0],
            "tolerance": "auto"}  # fmt: skip
    declared = frozenset({key("losses", "optax", "not-shift-safe")})
    assert is_declared(answered([0.6875], case, "optax"), declared)
    assert not is_declared(answered([0.67], case, "optax"), declared)


def test_a_declared_reason_that_gives_the_numbers_is_known_whatever_else_gives_them() -> None:
    """A p of 0 clipped to 1e-7 adds 0.1 / 33 times 16 to the loss, which is log 33 in float16."""
    row = [0.03125] * 33
    case = {"loss": "categorical", "dtype": "float16", "normalize": True, "label_smoothing": 0.1,
            "probs": [[0, *row[1:]], [1e-7, *row[1:]]], "labels": [[0, 1, *[0] * 31]] * 2,
            "tolerance": "auto"}  # fmt: skip
    result = answered([3.5, 3.5], case, "keras")
    assert key_of(result).explanation == "probs-as-logits"
    assert is_declared(result, frozenset({key("losses", "keras", "clipped")}))
    assert not is_declared(result, frozenset({key("losses", "keras", "log-clamped")}))


def test_a_declared_clip_is_known_with_its_epsilon_alone() -> None:
    """-log of 1e-7 and of 1e-9 in place of inf."""
    case = {"loss": "binary", "probs": [0.5, 0, 0], "labels": [1, 1, 1], "tolerance": "auto"}
    own = replace(key("losses", "keras", "clipped"), constants=frozenset({("epsilon", 1e-7)}))
    for epsilon in (1e-7, 1e-9):
        log = -np.log(epsilon)
        result = answered([np.log(2), log, log], case, "keras")
        assert "clipped" in {one.explanation for one in keys_of(result)}
        assert is_declared(result, frozenset({own})) is (epsilon == 1e-7)


CANCELLED = {"loss": "binary", "logits": [-INF, 0, 0], "labels": [1, 1, 1],
             "pos_weight": [1, 1, 0.001], "tolerance": "auto"}  # fmt: skip


def test_losses_that_are_lost_for_one_declared_reason_are_known_beside_another() -> None:
    """(w - 1) + 1 of 0.001 is 0.00099998 in float32; torch's -inf less -inf is nan."""
    weight = float(np.float32(1 + float(np.float32(np.float32(0.001) - 1))))
    losses = [NAN, np.log(2), weight * np.log(2)]
    both = {key("losses", explanation="pos-weight-rounded"),
            key("losses nan", explanation="inf-minus-inf")}  # fmt: skip
    result = answered(losses, CANCELLED)
    assert key_of(result).explanation == UNEXPLAINED
    assert is_declared(result, frozenset(both))
    assert all(not is_declared(result, frozenset({one})) for one in both)
    for stray in ([NAN, 0.7, losses[2]], [NAN, NAN, losses[2]], [NAN, np.log(2), 0.0007]):
        assert not is_declared(answered(stray, CANCELLED), frozenset(both))


def test_losses_that_are_lost_for_two_declared_reasons_are_known() -> None:
    """exp(10) + exp(11) is beyond float16; -inf is a p of 0, and 0 times its log nan."""
    case = {"loss": "categorical", "dtype": "float16", "tolerance": "auto",
            "logits": [[10, 10], [10, -INF], [10, 11]],
            "labels": [[1, 0], [1, 0], [1, 1]]}  # fmt: skip
    both = {key("losses nan", "manual", "unshifted-exp"),
            key("losses nan", "manual", "inf-minus-inf")}  # fmt: skip
    result = answered([np.log(2), NAN, NAN], case, "manual")
    assert is_declared(result, frozenset(both))
    assert all(not is_declared(result, frozenset({one})) for one in both)
    assert not is_declared(answered([NAN, NAN, NAN], case, "manual"), frozenset(both))


def test_losses_that_overflow_are_known_beside_another_reason() -> None:
    """Smoothing over three samples in place of two classes; the last gap is 1.2 times 1.8e308."""
    case = {"loss": "categorical", "dtype": "float64", "class_axis": 0, "label_smoothing": 0.1,
            "logits": [[0, 0, 1e308], [0, 0, -1.2e308]], "labels": [[1, 1, 1], [0, 0, 0]],
            "tolerance": "auto"}  # fmt: skip
    share = (0.9 + 0.2 / 3) * np.log(2)
    both = {key("losses", "keras", "smoothing-formula"), key("losses inf", "keras")}
    result = answered([share, share, INF], case, "keras")
    assert is_declared(result, frozenset(both))
    assert all(not is_declared(result, frozenset({one})) for one in both)
    assert not is_declared(answered([share, 0.5, INF], case, "keras"), frozenset(both))


def test_a_number_that_float64_cannot_tell_from_the_truth_is_known_by_its_last_digits() -> None:
    """exp(-23) is taken from 1, and log 1p is not: 5e-17 of 0.00322 are lost, 16 spacings."""
    lp, t, w = -23.025850929940457, 0.14, 0.001
    case = {"loss": "binary", "dtype": "float64", "log_probs": [lp], "labels": [t],
            "pos_weight": [w], "tolerance": "auto"}  # fmt: skip
    textbook = t * w * -lp + (1 - t) * -np.log(1 - np.exp(lp))
    result = answered([textbook], case, "manual")
    assert key_of(result).explanation == UNEXPLAINED
    declared = frozenset({key("losses", "manual", "log-of-probability")})
    assert is_declared(result, declared)
    stray = answered([textbook + 6 * 2.0**-61], case, "manual")
    assert stray.status == "diverges"
    assert not is_declared(stray, declared)


def test_finite_losses_of_a_reason_make_its_gradient_known() -> None:
    case = {
        "loss": "sparse_categorical",
        "dtype": "float64",
        "normalize": False,
        "tolerance": "auto",
        "check": ["value", "gradient"],
        "probs": [[0.5, 0.5], [0.25, 0.75]],
        "labels": [0, 0],
    }
    posed = case_in_memory(case)
    exact = truth(posed.problem)
    gradient = np.array([[-1.0, 1.0], [-3.0, 1.0]])  # 1 - 1 / p
    computed = Computed(exact.reference.losses.high, {}, "call", 0.0, gradient)
    result = diagnosed(judge(posed.case, posed.problem, "keras", computed, exact, None))
    assert key_of(result) == key("gradient", "keras", "renormalised")
    assert is_declared(result, frozenset({key("losses", "keras", "renormalised")}))
    assert not is_declared(result, frozenset({key("losses nan", "keras", "renormalised")}))
    assert not is_declared(result, frozenset({key("mean", "keras", "renormalised")}))


def test_any_reason_that_gives_the_numbers_may_be_the_declared_one() -> None:
    result = answered([INF, INF])
    reasons = {one.explanation for one in keys_of(result)}
    assert {"overflow", "log-of-probability"} <= reasons  # exp(-105504) is 0
    declared = frozenset({key("losses inf", explanation="log-of-probability")})
    assert is_declared(result, declared)


def test_one_number_that_is_too_little_for_a_reason_is_known_by_the_closest() -> None:
    """100 in float16 is -log p clamped at -100, and may be so by chance."""
    one = {"loss": "binary", "dtype": "float16", "probs": [0], "labels": [1], "tolerance": "auto"}
    result = answered([100.0], one)
    assert result.diagnosis is not None
    assert not result.diagnosis.explained
    assert key_of(result) == key("losses", explanation="log-clamped")


UNKNOWN = """
loss: categorical
normalize: false
probs: [[0.5, 0.25]]
labels: [[1, 0]]
tolerance: auto
expect: {manual: {losses: [0.405465108], because: "log 3/2"}}
"""


def test_a_declared_departure_that_nothing_explains_makes_none_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "c.yaml").write_text(UNKNOWN, encoding="utf-8")
    monkeypatch.setattr(module, "FOUND", str(tmp_path))
    monkeypatch.setattr(module, "diagnosed", lambda result: result)
    with Pool[Job]((parse("manual"),), None, keep=True) as pool:
        assert declared_keys((parse("manual"),), pool, 60.0) == frozenset()


UNSHIFTED = """
loss: categorical
logits: [[0, -200], [0, 0]]
labels: [[0, 1], [1, 0]]
tolerance: auto
expect: {manual: {losses: [.inf, 0.693147181], because: {text: exp(-200) is 0, id: unshifted-exp}}}
"""


def test_a_departure_is_known_by_the_reason_that_its_case_declares(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log of a rounded softmax gives the same, and comes first."""
    (tmp_path / "c.yaml").write_text(UNSHIFTED, encoding="utf-8")
    monkeypatch.setattr(module, "FOUND", str(tmp_path))
    with Pool[Job]((parse("manual"),), None, keep=True) as pool:
        declared = declared_keys((parse("manual"),), pool, 60.0)
    assert declared == {key("losses inf", "manual", "unshifted-exp")}


def test_what_nothing_explains_is_a_find_whatever_was_declared() -> None:
    plain = {"loss": "binary", "logits": [0, 1, 2], "labels": [0, 1, 1], "tolerance": "auto"}
    result = answered([0.3, 0.7, 0.11], plain)
    assert key_of(result).explanation == UNEXPLAINED
    with Pool[Job]((parse("manual"),), None, keep=True) as pool:
        declared = declared_keys((parse("manual"),), pool, 60.0)
    assert all(one.explanation != UNEXPLAINED for one in declared)
    # the formula of the threads is among those that the cases declare, with what it does
    assert key("weighted_mean", "manual", "mean-of-nothing") in declared
    assert key("losses", "manual", "log-of-probability") in declared
    assert {one.implementation for one in declared} == {"manual"}


def test_each_departure_that_is_shipped_for_fuzz_says_why_in_words_and_by_an_id() -> None:
    for posed in load((FOUND,), Filter()):
        for name, entries in posed.expectations.items():
            assert name == "reference" or all(entry.because for entry in entries), posed.case.id
