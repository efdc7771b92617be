"""The mutants and the right losses, against an oracle that shares no code with them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.support.oracle import truth
from tests.support.random_problems import problem
from tests.support.wrong_losses import Judge, answer
from xent_check.problem.dtypes import largest
from xent_check.problem.problem import Problem
from xent_check.results.comparison import ShapeError
from xent_check.search.mutants.mutant import Mutant
from xent_check.search.mutants.needs import NEEDS
from xent_check.search.mutants.table import MUTANTS, RIGHT

SEEDS = int(os.environ.get("XENT_CHECK_PROBLEMS", "0")) or 12
IN_NUMPY = [mutant for mutant in MUTANTS if mutant.kernel is not None]


def asked(seeds: int) -> Iterator[tuple[int, Problem]]:
    """The random problems that a loss here computes. Of logits that are masked by the lowest number
    of their dtype the sum overflows, and the mean with it."""
    for seed in range(seeds):
        drawn = problem(seed)
        finite = np.abs(drawn.values[np.isfinite(drawn.values)].astype(np.float64))
        lowest = (finite > largest(drawn.dtype) / 64).any()
        if drawn.given != "log_probs" and not lowest:
            yield seed, drawn


def right_flagged(seeds: int) -> list[tuple[str, int]]:
    return [
        (right.id, seed)
        for seed, drawn in asked(seeds)
        for judge in (Judge(drawn),)
        for right in RIGHT
        if right.kernel is not None
        and right.takes(drawn)
        and not judge.agrees(answer(right, drawn))
    ]


def flagged_without_need(seeds: int) -> list[tuple[str, int]]:
    """Mutants that are wrong where a problem lacks what they need, with the seeds."""
    found = []
    for seed, drawn in asked(seeds):
        judge = Judge(drawn)
        for mutant in IN_NUMPY:
            if mutant.takes(drawn) and not mutant.met_by(drawn):
                try:
                    agrees = judge.agrees(answer(mutant, drawn))
                except ShapeError:
                    agrees = False
                found += [] if agrees else [(mutant.id, seed)]
    return found


def test_right_losses_are_right_on_random_problems() -> None:
    assert right_flagged(SEEDS) == []


def test_a_mutant_is_right_where_what_it_needs_is_not_there() -> None:
    assert flagged_without_need(SEEDS) == []


@pytest.mark.long
def test_both_hold_on_many_random_problems() -> None:
    assert right_flagged(600) == []
    assert flagged_without_need(600) == []


# ---- the table --------------------------------------------------------------------------------


def test_there_are_sixty_mutants_and_eight_right_losses_at_least() -> None:
    assert len(MUTANTS) >= 60
    assert len(RIGHT) >= 8


def test_every_mutant_has_a_name_a_sentence_and_a_public_report() -> None:
    names = [one.id for one in (*MUTANTS, *RIGHT)]
    assert len(names) == len({*names})
    for mutant in MUTANTS:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", mutant.id)
        assert re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+", mutant.source)
        assert re.fullmatch(r"[^\n]{20,140}[^.\s]", mutant.wrong), mutant.id
    assert not any(right.source for right in RIGHT)


def test_a_need_is_one_of_the_table_and_every_one_of_it_is_needed() -> None:
    assert {need for mutant in MUTANTS for need in mutant.needs} == {*NEEDS}


def test_a_mutant_is_made_from_a_right_loss() -> None:
    assert {mutant.made_from for mutant in MUTANTS} <= {right.id for right in RIGHT}


# ---- some by hand -------------------------------------------------------------------------------


def by_hand(logits: Any, labels: Any, **options: Any) -> Problem:
    labels = np.asarray(labels)
    return Problem(
        "sparse_categorical", "logits", np.asarray(logits, "f4"), labels, "float32", **options
    )


LOG_2 = float(np.log(2.0))  # of two equal logits


@pytest.mark.parametrize(
    ("name", "asked", "wrong"),
    [
        # exp(100) is inf in float32, whose log is inf
        ("maximum-missing", by_hand([[100.0, 100.0]], [0]), [np.inf]),
        # from a maximum of 0, exp(-200) is 0 in float32: log 0 - (-200 - 0)
        ("maximum-from-zero", by_hand([[-200.0, -200.0]], [0]), [-np.inf]),
        # ulp(1e8) is 8 in float32: 1e8 + log 2 rounds to 1e8
        ("log-sum-exp-minus-logit", by_hand([[1e8, 1e8]], [0]), [0.0]),
        # 2 classes and 30 zeros in a tile of 32: log 32
        ("padding-counts", by_hand([[0.0, 0.0]], [0]), [np.log(32.0)]),
        ("loss-at-most-64", by_hand([[200.0, 0.0]], [1]), [64.0]),
        ("shards-counted-twice", by_hand([[0.0, 0.0]], [0]), [2 * LOG_2]),
        ("ignored-not-ignored", by_hand([[0.0, 0.0]], [-100], ignore_index=-100), [LOG_2]),
        # targets 0.8 and 0.2 / 1; 0.8 + 1 / 2 and 1 / 2
        ("smoothing-over-others", by_hand([[0.0, 0.0]], [0], label_smoothing=0.2), [LOG_2]),
        # in memory [[0, 100], [0, 0]], of labels 0, 0, 1, 1
        (
            "scores-read-in-order", by_hand([[0, 0], [100, 0]], [0, 1], layout="transposed"),
            [100.0, LOG_2],
        ),
        (
            "labels-read-in-order", by_hand([[0, 0], [100, 0]], [0, 1], layout="sliced"),
            [LOG_2, 0.0],
        ),
        ("scores-read-in-order", by_hand([[0, 0]], [0], layout="sliced"), [np.nan]),
        # the second row of the first sequence and the first of the second change places
        (
            "sequences-read-in-order",
            by_hand(
                [[[0, 0], [100, 0]], [[0, 100], [0, 0]]], [[0, 1], [0, 0]], layout="transposed"
            ),
            [[LOG_2, 0.0], [0.0, LOG_2]],
        ),
        ("smoothing-has-all", by_hand([[0.0, 0.0]], [0], label_smoothing=0.2), [1.8 * LOG_2]),
    ],
)  # fmt: skip
def test_a_mutant_answers_what_its_sentence_says(
    name: str, asked: Problem, wrong: list[float]
) -> None:
    mutant = next(mutant for mutant in MUTANTS if mutant.id == name)
    np.testing.assert_allclose(answer(mutant, asked).losses, wrong, rtol=1e-6)


@pytest.mark.parametrize(
    ("layout", "read"),
    [("sliced", [2.0, np.nan]), ("transposed", [2.0, np.nan]), ("expanded", [2.0, np.nan])],
)
def test_a_cotangent_that_is_read_in_order_is_that_of_its_memory(layout: Any, read: Any) -> None:
    """The gradient of two equal logits is their shares, a half, less 1 at the label."""
    mutant = next(mutant for mutant in MUTANTS if mutant.id == "cotangent-read-in-order")
    asked = by_hand(
        [[0.0, 0.0], [0.0, 0.0]], [0, 1], gradient=True, cotangent=np.full(2, 2.0, np.float32),
        cotangent_layout=layout,
    )  # fmt: skip
    slopes = np.array([[-0.5, 0.5], [0.5, -0.5]])
    gradient = np.asarray(answer(mutant, asked).gradient)
    np.testing.assert_allclose(gradient, slopes * np.array(read)[:, None])


# ---- why gentle numbers do not do ---------------------------------------------------------------


def passing_gently(mutants: list[Mutant], **options: Any) -> list[str]:
    """Those that pass assert_close(1e-2, 1e-2) against the exact losses of randn(64, 1000), their
    gradient of the sum too."""
    rng = np.random.RandomState(0)
    drawn = Problem(
        "sparse_categorical", "logits", rng.standard_normal((64, 1000)).astype("f4"),
        rng.randint(0, 1000, 64), "float32", gradient=True, reductions=("mean",), **options,
    )  # fmt: skip
    x = drawn.values.astype(np.float64)
    shifted = x - x.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    one_hot = drawn.labels[:, None] == np.arange(1000)
    losses = -np.log(p[one_hot])
    assert abs(float(truth(drawn).losses[0]) - losses[0]) < 1e-12

    def close(actual: Any, exact: Any) -> bool:
        return actual.shape == np.shape(exact) and np.allclose(actual, exact, rtol=1e-2, atol=1e-2)

    return [
        mutant.id
        for mutant in mutants
        if mutant.takes(drawn)
        for computed in (answer(mutant, drawn),)
        if close(computed.losses, losses)
        and close(computed.gradient, p - one_hot)
        and close(computed.totals["mean"], losses.mean())
    ]


@pytest.mark.long
def test_most_mutants_pass_the_usual_test_on_gentle_logits() -> None:
    taken = [m for m in IN_NUMPY if "sparse_categorical" in m.losses and m.given == "logits"]
    passing = passing_gently(taken)
    print(
        f"of {len(taken)} mutants {len(passing)} pass torch.testing.assert_close(1e-2, 1e-2) "
        "against F.cross_entropy on randn(64, 1000)"
    )
    assert len(passing) > 0.7 * len(taken)
