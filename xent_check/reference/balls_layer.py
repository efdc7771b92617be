"""The last layer in ball arithmetic: logits of what is hidden, and the gradients through them.

    x_c            = sum_k h_k w_ck + b_c
    d L / d h_k    = sum_c g_c w_ck             g_c = d L / d x_c of the sample
    d L / d w_ck   = sum over samples of g_c h_k
    d L / d b_c    = sum over samples of g_c

The products are of arb's matrices. A sample without a derivative (nan) leaves none to the weight
and the bias, which every sample meets. A class that a bias of -inf masks has the derivative 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from flint import arb, arb_mat

from xent_check.problem.dtypes import Float64s
from xent_check.problem.last_layer import layer_of
from xent_check.problem.problem import Problem

from .extended_reals import Extended

Matrix = list[list[Extended]]  # of one row or more


def exact_logits(problem: Problem) -> Iterator[list[Extended]]:
    """The logits of each sample: balls, -inf where the bias masks the class."""
    hidden, weight, bias = layer_of(problem)
    if not len(hidden):
        return
    products = (_balls(hidden) * _balls(weight.T)).entries()
    masked = [b == -math.inf for b in bias.tolist()]
    biases = [arb(0) if m else arb(b) for b, m in zip(bias.tolist(), masked, strict=True)]
    n = len(biases)
    for start in range(0, len(products), n):
        row = zip(products[start : start + n], biases, masked, strict=True)
        yield [-math.inf if m else x + b for x, b, m in row]


class ThroughLayer:
    """The gradients by hidden, weight and bias, part after part of a problem."""

    def __init__(self, problem: Problem) -> None:
        _, weight, bias = layer_of(problem)
        self.hidden: list[Extended] = []
        self._weight = arb_mat(*weight.shape)
        self._bias = arb_mat(len(bias), 1)
        self._is_defined = True

    @property
    def weight(self) -> list[Extended]:
        """By the weight, flat."""
        return self._entries(self._weight)

    @property
    def bias(self) -> list[Extended]:
        """By the bias."""
        return self._entries(self._bias)

    def _entries(self, matrix: arb_mat) -> list[Extended]:
        entries = list[Extended](matrix.entries())
        return entries if self._is_defined else [math.nan] * len(entries)

    def add(self, part: Problem, gradients: Iterable[Sequence[Extended]]) -> None:
        """Add a part, from the gradients by the logits of each of its samples."""
        hidden, weight, bias = layer_of(part)
        rows = [*gradients]
        if not rows:
            return
        undefined = [any(isinstance(entry, float) for entry in row) for row in rows]
        zeros = [arb(0)] * len(bias)
        finite = [zeros if wrong else [*row] for row, wrong in zip(rows, undefined, strict=True)]
        by_logit = arb_mat(finite)
        by_hidden = list[Extended]((by_logit * _balls(weight)).entries())
        features = hidden.shape[1]
        for i, wrong in enumerate(undefined):
            if wrong:
                by_hidden[i * features : (i + 1) * features] = [math.nan] * features
        self.hidden += by_hidden
        self._is_defined &= not any(undefined)
        by_class = by_logit.transpose()
        self._weight += by_class * _balls(hidden)
        self._bias += by_class * _balls(np.ones((len(hidden), 1)))


def _balls(matrix: Float64s) -> arb_mat:
    """The matrix, its numbers exact."""
    rows, columns = matrix.shape
    return arb_mat(rows, columns, matrix.reshape(-1).tolist())
