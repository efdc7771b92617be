"""The last layer: the logits that a weight and a bias make of what is hidden, in float64."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .dtypes import Float64s
from .problem import Problem
from .vocabulary import Parameter


def layer_of(problem: Problem) -> tuple[Float64s, Float64s, Float64s]:
    """What is hidden, one row per sample; the weight, [classes, features]; and the bias,
    [classes], of zeros where there is none."""
    assert problem.weight is not None  # a problem with hidden values has one
    weight = problem.weight.astype(np.float64)
    hidden = problem.values.astype(np.float64).reshape(-1, weight.shape[1])
    bias = np.zeros(len(weight)) if problem.bias is None else problem.bias.astype(np.float64)
    return hidden, weight, bias


def as_logits(problem: Problem) -> Problem:
    """The problem of the logits, within some u of float64 of the sizes of their terms; itself where
    nothing is hidden. It has no dtype of its own: its values are of float64."""
    if problem.given != "hidden":
        return problem
    hidden, weight, bias = layer_of(problem)
    with np.errstate(over="ignore", invalid="ignore"):
        logits = (hidden @ weight.T + bias).reshape(problem.scores_shape)
    return replace(problem, given="logits", values=logits, weight=None, bias=None)


def through_layer(problem: Problem, slopes: Float64s, by: Parameter | None) -> Float64s:
    """The gradient by what is hidden, of its shape (by: None), or by a parameter, of the
    parameter's, of what has these slopes by the logits. In float64, as `as_logits`."""
    hidden, weight, _ = layer_of(problem)
    rows = slopes.reshape(-1, len(weight))
    if by is None:
        return (rows @ weight).reshape(problem.values.shape)
    return np.asarray(rows.T @ hidden if by == "weight" else rows.sum(axis=0))
