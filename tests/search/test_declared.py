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
