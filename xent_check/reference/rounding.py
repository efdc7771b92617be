"""Rounding: the errors of exp, log and a sum in units of u, and of numbers flushed to 0.

h(n) of a summation is n - 1 where numbers are added one after another, and what a float64 sum is
allowed: a plain loop is right, and n u is 1.4e-11 at 128,256 classes. A float32 sum is allowed that
up to 1,024 numbers (6e-5 of the sum); of more of them n / 8 + 5, that of eight lanes, as every
CPU's compiled sum has them, once that is more. Plain loops come near n - 1: a 1, then numbers that
are each just below half its spacing, which are all lost (0.99 n u at 1,000); equal numbers are off
by 0.23 n u at most, exps of normal logits by 0.05 n u at 1,000. 16-bit numbers are added up in
float32: torch, TensorFlow, JAX and optax stay within a quarter of the bound for that, at 32,000
classes. ke and kl are the largest measured errors of the frameworks' float32 exp and log (numpy's
exp 3.39, tensorflow's log1p 4.73), rounded up.

Where a partial product of a b c ... is flushed to 0, the product errs by the size of that partial
product, at most f, times the factors that come after it: by at most f up(a) up(b) up(c) ..., up(x)
= max(1, abs(x)), in any order. That may happen to FLUSHES factors and partial products of a loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s, unit_roundoff
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType

from .elementary import largest_error

KE, KL = largest_error(("exp",), 3.39), largest_error(("log", "log1p"), 4.73)
ONE_BY_ONE = 1024  # so many float32 numbers may be added one after another
# f: results below this may be flushed to 0. float16 keeps its subnormals: f is their spacing.
FLUSHED = {"float16": 2.0**-24, "bfloat16": 2.0**-126, "float32": 2.0**-126, "float64": 2.0**-1022}
FLUSHES = 5.0  # a target, smoothed; its share of the others; two weights; the product with the log
LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, eq=False)
class Parts:
    """Bounds of the absolute errors of rounding, before the result is stored."""

    terms: dict[str, Float64s]  # the terms of the losses' bound, by name; the samples' shape
    flushed: Float64s  # the losses' errors from numbers flushed to 0
    gradient: Float64s | None  # of each entry; None: not asked for
    gradient_flushed: Float64s | None  # its errors from numbers flushed to 0
    sizes: Float64s | None = None  # of the derivatives by logits that a last layer computes


def lanes(n: int) -> float:
    """h(n) of n numbers of one sign that are added in eight lanes, in units of u."""
    return max(0.0, min(n - 1.0, n / 8 + 5))


def summation(n: int, dtype: DType) -> float:
    """h(n): the relative error of a sum of n numbers of one sign, in units of u, where it is made
    in float32 or float64."""
    if dtype == "float64" or n <= ONE_BY_ONE:
        return max(0.0, n - 1.0)
    return max(ONE_BY_ONE - 1.0, lanes(n))


def additions(n: int, dtype: DType) -> float:
    """h(n) for n numbers of a dtype, in units of the dtype's u: 16-bit numbers are added up in
    float32, except the 16 numbers that a vector may hold."""
    wide = added_in(dtype)
    if wide == dtype:
        return summation(n, dtype)
    ratio = unit_roundoff(wide) / unit_roundoff(dtype)
    return min(max(0.0, n - 1.0), lanes(16) + summation(n, wide) * ratio)


def added_in(dtype: DType) -> DType:
    """The dtype in which a good sum adds up numbers of `dtype`."""
    return "float32" if dtype in ("float16", "bfloat16") else dtype


def factors(problem: Problem) -> float:
    """The number of roundings of a coefficient: three of smoothing, t (1 - e) + e / n, and one of
    each product with a weight."""
    weights = (problem.class_weight, problem.pos_weight, problem.sample_weight)
    smoothing = 3.0 if problem.label_smoothing else 0.0
    return smoothing + sum(weight is not None for weight in weights)


def sizes(weight: npt.NDArray[np.generic] | None, count: int) -> Float64s:
    """abs(weight), flat; `count` times 1 where there is no weight."""
    if weight is None:
        return np.ones(count)
    scale: Float64s = np.abs(weight.astype(np.float64)).reshape(-1)
    return scale


def once(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """An array that repeats one number, as np.broadcast_to makes it, with that number alone, one of
    every axis; any other as it is. Most of what is computed of all is then computed once."""
    if array.ndim and array.size and not any(array.strides):
        return array[(slice(1),) * array.ndim]
    return array


def up(size: Float64s) -> Float64s:
    """max(1, abs(size)): the most by which a factor can enlarge an error made before it."""
    return np.maximum(np.abs(size), 1.0)


def quotient(over: Float64s, under: Float64s) -> Float64s:
    """over / under, 0 where either is 0; at most LARGEST / 2^20, so that sums stay finite."""
    nonzero = (over != 0) & (under != 0)
    zeros = np.zeros(np.broadcast(over, under).shape)
    with np.errstate(over="ignore"):  # beyond float64 there is no answer to bound
        ratio = np.divide(over, under, out=zeros, where=nonzero)
    return np.minimum(ratio, LARGEST / 2**20)


def capped(size: Float64s) -> Float64s:
    """The size, but at most float64's largest number."""
    if size.max(initial=0.0) <= LARGEST:  # NumPy compares a number with each several times slower
        return size
    return np.minimum(size, LARGEST)
