"""Every form in use of the binary loss and of its gradient, in the case's dtype, stays within the
bound; and one of them comes near, so that the bound says something.

The forms are those of the frameworks' sources (jax.nn.log_sigmoid and jax.numpy.logaddexp;
torch/aten/src/ATen/native/Loss.cpp, binary_cross_entropy_with_logits and its backward;
tensorflow/python/ops/nn_impl.py, sigmoid_cross_entropy_with_logits and
weighted_cross_entropy_with_logits), written out in NumPy. The exact values are the oracle's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from mpmath import mp

from tests.support.oracle import gradient, truth
from tests.support.random_problems import f32
from xent_check.problem.dtypes import rounded
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType
from xent_check.reference.bounds import Bounds, bounds
from xent_check.reference.reference import reference

Array = npt.NDArray[Any]
DTYPES: tuple[DType, ...] = ("float64", "float32", "float16", "bfloat16")
# What is asked: (soft labels, smoothing, a positive weight, a sample weight).
OPTIONS = {
    "hard": (False, 0.0, False, False),
    "soft": (True, 0.0, False, False),
    "smoothed": (False, 0.1, False, False),
    "soft and smoothed": (True, 0.3, False, False),
    "positive weight": (False, 0.0, True, False),
    "soft and positive weight": (True, 0.0, True, False),
    "everything": (True, 0.1, True, True),
}


@dataclass(frozen=True, eq=False)
class Elements:
    """z, the smoothed target t, the positive weight w and the sample's weight s, in one dtype."""

    z: Array
    t: Array
    w: Array | None
    s: Array | None

    @property
    def one(self) -> Any:
        return self.z.dtype.type(1)

    def weighted(self, losses: Array) -> Array:
        return losses if self.s is None else losses * self.s


def logaddexp(x: Array, y: Array) -> Array:
    """max + log1p(exp(-abs(x - y))), as jax.numpy has it; numpy's own is not in every dtype."""
    made: Array = np.maximum(x, y) + np.log1p(np.exp(-np.abs(x - y)))
    return made


def by_softplus(of: Elements) -> Array:
    """jax, optax: -(w t log_sigmoid(z) + (1 - t) log_sigmoid(-z))."""
    zero = of.z.dtype.type(0)
    log_p, log_q = -logaddexp(-of.z, zero), -logaddexp(of.z, zero)
    positive = of.t * log_p if of.w is None else of.w * (of.t * log_p)
    return of.weighted(-(positive + (of.one - of.t) * log_q))


def by_product(of: Elements) -> Array:
    """tf, Keras: max(z, 0) - z t + log1p(exp(-abs(z))); with a weight as torch."""
    if of.w is not None:
        return by_log_sigmoid(of)
    relu = np.maximum(of.z, of.z.dtype.type(0))
    return of.weighted((relu - of.z * of.t) + np.log1p(np.exp(-np.abs(of.z))))


def by_log_sigmoid(of: Elements) -> Array:
    """torch: (1 - t) z - (1 + (w - 1) t) log_sigmoid(z)."""
    log_p = np.minimum(of.z, of.z.dtype.type(0)) - np.log1p(np.exp(-np.abs(of.z)))
    if of.w is not None:
        log_p = ((of.w - of.one) * of.t + of.one) * log_p
    return of.weighted((of.one - of.t) * of.z - log_p)


def by_softplus_less_product(of: Elements) -> Array:
    """softplus(z) - z t, as users write it; with a weight as torch."""
    if of.w is not None:
        return by_log_sigmoid(of)
    return of.weighted(logaddexp(of.z, of.z.dtype.type(0)) - of.z * of.t)


def gradient_by_softplus(of: Elements) -> Array:
    """(1 - t) exp(z - logaddexp(z, 0)) - w t exp(-z - logaddexp(-z, 0))."""
    zero = of.z.dtype.type(0)
    p, q = np.exp(of.z - logaddexp(of.z, zero)), np.exp(-of.z - logaddexp(-of.z, zero))
    positive = of.t * q if of.w is None else of.w * (of.t * q)
    return of.weighted((of.one - of.t) * p - positive)


def gradient_by_product(of: Elements) -> Array:
    """The derivative of by_product, term by term."""
    small = np.exp(-np.abs(of.z))
    ratio = small / (of.one + small)
    if of.w is None:
        return of.weighted(np.where(of.z >= 0, (of.one - of.t) - ratio, ratio - of.t))
    v = (of.w - of.one) * of.t + of.one
    on_one = np.where(of.z >= 0, -(v * ratio), v * ratio - v)
    return of.weighted((of.one - of.t) + on_one)


def gradient_by_sigmoid(of: Elements) -> Array:
    """torch: (w t + 1 - t) sigmoid(z) - w t, the sigmoid of 16 bits made in float32."""
    wide = of.z.astype(np.promote_types(of.z.dtype, np.float32))
    p = (1 / (1 + np.exp(-wide))).astype(of.z.dtype)
    if of.w is None:
        return of.weighted(p - of.t)
    positive = of.w * of.t
    return of.weighted((positive + of.one - of.t) * p - positive)


LOSSES: dict[str, Callable[[Elements], Array]] = {
    "softplus": by_softplus,
    "product": by_product,
    "log sigmoid": by_log_sigmoid,
    "softplus less product": by_softplus_less_product,
}
GRADIENTS: dict[str, Callable[[Elements], Array]] = {
    "softplus": gradient_by_softplus,
    "product": gradient_by_product,
    "sigmoid": gradient_by_sigmoid,
}


def binary(options: str, dtype: DType, size: float) -> tuple[Problem, Elements]:
    """300 elements of logits of a size; positive weights of 1 and more."""
    soft, e, positive, sample = OPTIONS[options]
    rng = np.random.RandomState(list(OPTIONS).index(options))
    z = rounded(rng.standard_normal(300) * size, dtype)
    t = rounded(rng.uniform(size=300) ** 3 if soft else rng.randint(0, 2, 300) * 1.0, dtype)
    w = rounded(rng.uniform(1, 4, 300), dtype) if positive else None
    s = rounded(rng.uniform(0.1, 3, 300), dtype) if sample else None
    problem = Problem(
        "binary", "logits", z, t, dtype, label_smoothing=e, pos_weight=w, sample_weight=s,
        gradient=True,
    )  # fmt: skip
    smooth = t * t.dtype.type(1 - e) + t.dtype.type(e / 2) if e else t
    return problem, Elements(z, smooth, w, s)


@dataclass(frozen=True, eq=False)
class Exact:
    """The oracle's numbers, and what is allowed around them."""

    losses: list[Any]
    gradient: list[Any]
    allowed: Bounds

    def share_of_losses(self, made: Array) -> float:
        return share(made, self.losses, self.allowed.losses)

    def share_of_gradient(self, made: Array) -> float:
        assert self.allowed.gradient is not None
        return share(made, self.gradient, self.allowed.gradient)


def exact(problem: Problem) -> Exact:
    flat = np.array(gradient(problem), dtype=object).reshape(-1)
    return Exact(truth(problem).losses, list(flat), bounds(problem, reference(problem)))


def share(made: Array, numbers: list[Any], allowed: Array) -> float:
    """The largest error over what is allowed."""
    with mp.workdps(60):
        off = [
            float(abs(mp.mpf(float(m)) - x)) for m, x in zip(made.reshape(-1), numbers, strict=True)
        ]
    return float((np.array(off) / allowed.reshape(-1)).max())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("options", OPTIONS)
def test_no_form_of_the_binary_loss_exceeds_the_bound(options: str, dtype: DType) -> None:
    worst: dict[str, float] = {}
    for size in (1.0, 10.0, 30.0, 5.0 if dtype == "float16" else 100.0):
        problem, elements = binary(options, dtype, size)
        known = exact(problem)
        with np.errstate(all="ignore"):
            found = {f"loss by {n}": known.share_of_losses(f(elements)) for n, f in LOSSES.items()}
            found |= {
                f"gradient by {n}": known.share_of_gradient(f(elements))
                for n, f in GRADIENTS.items()
            }
        worst = {name: max(worst.get(name, 0.0), by) for name, by in found.items()}
    assert {name: by for name, by in worst.items() if not by <= 1} == {}
    # One form of each comes near: the bound is at most ten times what is in use.
    assert max(by for name, by in worst.items() if name.startswith("loss")) > 0.1
    assert max(by for name, by in worst.items() if name.startswith("gradient")) > 0.1


def test_the_gradient_that_jax_computes_at_a_logit_of_17_agrees() -> None:
    """The issue's own number: float64, logit 17, label 0."""
    z, t = np.array([17.0]), np.array([0.0])
    problem = Problem("binary", "logits", z, t, "float64", gradient=True)
    assert exact(problem).share_of_gradient(gradient_by_softplus(Elements(z, t, None, None))) <= 1


def test_the_soft_label_that_torch_cancels_agrees() -> None:
    """The issue's own numbers: logit -8.666747093200684, label 0.003105972893536091."""
    z, t = f32([-8.666747093200684]), f32([0.003105972893536091])
    problem = Problem("binary", "logits", z, t, "float32", gradient=True)
    assert exact(problem).share_of_losses(by_log_sigmoid(Elements(z, t, None, None))) <= 1


@pytest.mark.parametrize("w", [1e-3, 1e-6, 1e-8])
def test_a_small_positive_weight_as_1_plus_w_minus_1_exceeds_the_bound(w: float) -> None:
    z, t, weight = f32([-5.0]), f32([1.0]), f32([w])
    problem = Problem("binary", "logits", z, t, "float32", pos_weight=weight, gradient=True)
    elements = Elements(z, t, weight, None)
    assert exact(problem).share_of_losses(by_log_sigmoid(elements)) > 10
    assert exact(problem).share_of_losses(by_softplus(elements)) <= 1
