"""The errors of a last layer: of its logits, and of the gradients through it.

A logit sum_k h_k w_k + b errs by delta = m(F) u sum abs(h_k w_k) + r u abs(x), F the number of
features, m(F) that of the roundings that a product goes through: m(n) = n in any order, and at most
512 + n / 6 in those of the frameworks. Measured on equal numbers, whose roundings all have one
sign, up to n = 262,144: of one row, JAX n / 6, TensorFlow n / 15; torch n / 25; of several rows all
others 200 at most, as they add up in blocks. Numbers of 16 bits are multiplied and added up in
float32: m counts its u, r is 1 for rounding the product and 1 more for the bias; of others r is 1
for the bias.

delta goes through the softmax like the errors of scores (bounds_scores.py). The gradients are

    by hidden   sum_c g_c w_ck           by weight   sum_i g_i h_ik           by bias   sum_i g_i

so that a bound B of the derivatives g by the logits makes one of sum B abs(w), m(n) u sum abs(g w)
more for the n numbers that are added up, and, of 16 bits, one rounding of the result, which is no
larger than sum abs(g w). The bias's, a sum without products, may add up some in 16 bits
(rounding.additions). TensorFlow's in float16 adds up all of them so, and exceeds this bound from
some hundred samples of one sign on.

Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, 2002, section 3.1: an
inner product errs by gamma_n sum abs(x_i y_i) in any order; chapter 4 for sums in blocks.
"""

from __future__ import annotations

import numpy as np

from xent_check.problem.dtypes import Float64s, unit_roundoff
from xent_check.problem.last_layer import as_logits, layer_of
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType, Parameter

from .rounding import FLUSHED, added_in, additions, capped


def multiplied(n: int) -> float:
    """m(n): the roundings that a product of an inner product of n terms goes through."""
    return min(float(n), 512 + n / 6)


def logits_with_errors(problem: Problem) -> tuple[Float64s, Float64s]:
    """The logits of what is hidden, to the nearest few float64, -inf where they are masked; and the
    largest absolute error of each. Shapes: [samples, classes]."""
    hidden, weight, bias = layer_of(problem)
    features, dtype = hidden.shape[1], problem.dtype
    logits = as_logits(problem).values.reshape(len(hidden), len(weight))
    with np.errstate(over="ignore"):
        terms = capped(np.abs(hidden) @ np.abs(weight).T)
        size = np.abs(np.where(np.isfinite(logits), logits, 0.0))
        product = np.minimum(terms, size + np.abs(np.where(np.isfinite(bias), bias, 0.0)))
        errors = multiplied(features) * unit_roundoff(added_in(dtype)) * terms
        if _is_short(dtype):
            errors = errors + unit_roundoff(dtype) * product
        if problem.bias is not None:
            errors = errors + unit_roundoff(dtype) * size
    return logits, capped(errors + _flushed(features, dtype))


def through_layer(
    problem: Problem, bound: Float64s, size: Float64s, samples: int | None
) -> tuple[Float64s, dict[Parameter, Float64s]]:
    """The bounds of the gradients by what is hidden and by each parameter, of their shapes, from
    those of the derivatives by the logits and from the derivatives' sizes, of the logits' shape.

    samples: how many the gradients by the parameters are added up over, of which these may be some;
    None: these are all.
    """
    hidden, weight, _ = (np.abs(array) for array in layer_of(problem))
    bound, size = (array.reshape(len(hidden), len(weight)) for array in (bound, size))
    samples = len(hidden) if samples is None else samples
    with np.errstate(over="ignore"):
        # Of the derivatives that are added up, which are not the exact ones. Nothing is infinite:
        # a weight of 0 leaves nothing of it.
        size = capped(size + bound)
        by_class = capped(bound + _adding(len(weight), problem.dtype) * size)
        by_sample = capped(bound + _adding(samples, problem.dtype) * size)
        of_hidden = by_class @ weight + _flushed(len(weight), problem.dtype)
        floor = _flushed(samples, problem.dtype)
        of_parameters: dict[Parameter, Float64s] = {"weight": by_sample.T @ hidden + floor}
        if problem.bias is not None:
            added = additions(samples, problem.dtype) * unit_roundoff(problem.dtype)
            of_parameters["bias"] = (by_sample + added * size).sum(axis=0) + floor
    of_hidden = capped(of_hidden).reshape(problem.values.shape)
    return of_hidden, {name: capped(entries) for name, entries in of_parameters.items()}


def _adding(n: int, dtype: DType) -> float:
    """The relative error of a sum of n products, and of rounding it to 16 bits."""
    error = multiplied(n) * unit_roundoff(added_in(dtype))
    return error + (unit_roundoff(dtype) if _is_short(dtype) else 0.0)


def _flushed(n: int, dtype: DType) -> float:
    """What is lost where n products, and the result, are flushed to 0."""
    return n * FLUSHED[added_in(dtype)] + 2 * FLUSHED[dtype]


def _is_short(dtype: DType) -> bool:
    return added_in(dtype) != dtype
