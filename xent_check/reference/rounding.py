"""Rounding: what exp, log and a sum lose, in units of u, and numbers too small to be there.

h(n), the summation: n - 1 one after another; n / 8 + 5 in eight lanes, which every CPU's compiled
sum has from a few dozen numbers on. Numbers of 16 bits are added up in float32: torch, TensorFlow,
JAX and optax are within a quarter of the bound that says so, at 32,000 classes. ke, kl: the largest
measured errors of the frameworks' float32 exp and log (numpy's exp 3.39, tensorflow's log1p 4.73),
rounded up.

A product a b c ... of which a partial one is flushed to 0 loses that one's size, at most f, times
the factors that come after it: at most f up(a) up(b) up(c) ..., up(x) = max(1, abs(x)), whatever
their order. FLUSHES of the factors and partial products of a loss may go that way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, unit_roundoff
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType

KE, KL = 4.0, 5.0
# f: results below this may be flushed to 0; float16 keeps its subnormals, whose spacing this is.
FLUSHED = {"float16": 2.0**-24, "bfloat16": 2.0**-126, "float32": 2.0**-126, "float64": 2.0**-1022}
FLUSHES = 5.0  # a target, smoothed; its share of the others; two weights; the product with the log
LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, eq=False)
class Parts:
    """What rounding can lose, absolutely, before anything is stored.

    terms: the parts of the losses' bound, by name. gradient: of each entry; None where it was not
    asked for. flushed, gradient_flushed: what numbers that were flushed to 0 can lose.
    """

    terms: dict[str, Float64s]
    flushed: Float64s
    gradient: Float64s | None
    gradient_flushed: Float64s | None


def summation(n: int) -> float:
    """h(n): the relative error of a sum of n numbers of one sign, in units of u."""
    return max(0.0, min(n - 1.0, n / 8 + 5))


def additions(n: int, dtype: DType) -> float:
    """h(n) for n numbers of a dtype, in units of its own u: what has 16 bits is added up in
    float32, but for 16 numbers that a vector may hold."""
    wide = added_in(dtype)
    if wide == dtype:
        return summation(n)
    ratio = unit_roundoff(wide) / unit_roundoff(dtype)
    return min(summation(n), summation(16) + summation(n) * ratio)


def added_in(dtype: DType) -> DType:
    """The dtype that numbers of `dtype` are added up in by what adds them up well."""
    return "float32" if dtype in ("float16", "bfloat16") else dtype


def factors(problem: Problem) -> float:
    """How many roundings a target gathers on its way into the loss: smoothing has three, t (1 - e)
    + e / n, and each weight is a product."""
    weights = (problem.class_weight, problem.pos_weight, problem.sample_weight)
    smoothing = 3.0 if problem.label_smoothing else 0.0
    return smoothing + sum(weight is not None for weight in weights)


def sizes(weight: npt.NDArray[np.generic] | None, count: int) -> Float64s:
    """abs(weight) of each of count numbers in a row; 1 where there is no weight."""
    if weight is None:
        return np.ones(count)
    scale: Float64s = np.abs(weight.astype(np.float64)).reshape(-1)
    return scale


def up(size: Float64s) -> Float64s:
    """max(1, abs(size)): what a factor can make of a number that was lost before it."""
    return np.maximum(np.abs(size), 1.0)


def quotient(over: Float64s, under: Float64s) -> Float64s:
    """over / under, 0 where either is 0; at most so large that its roundings can be added up."""
    there = (over != 0) & (under != 0)
    with np.errstate(over="ignore"):  # beyond float64 there is no answer to bound
        made = np.divide(over, under, out=np.zeros(np.broadcast(over, under).shape), where=there)
    return np.minimum(made, LARGEST / 2**20)


def capped(size: Float64s) -> Float64s:
    """At most float64's largest number."""
    return np.minimum(size, LARGEST)
