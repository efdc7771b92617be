"""scikit-learn: sklearn.metrics.log_loss, of probabilities, which gives a mean or a sum alone.

It takes rows of probabilities, or the probability of class 1 of each sample: arrays of other axes
are reshaped. normalize=True divides by the samples, or by the sum of their weights;
normalize=False adds up. Source: the reference page of sklearn.metrics.log_loss.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import sklearn.metrics

from xent_check.problem.evaluation import Computed, Unsupported, UnsupportedError
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction

from ..conduct import watched
from ..program import NativeArrays, problem_arrays, refuse_what_is_not_supported
from ..recording import Calls
from ..support import NUMPY_LAYOUTS, SKLEARN

_ALONE = "log_loss gives a mean or a sum, and no loss per sample"


def evaluate(problem: Problem, mode: str, device: str) -> Computed:
    """The totals that log_loss has; where none is asked for, its default."""
    refuse_what_is_not_supported(problem, SKLEARN, "log_loss", NUMPY_LAYOUTS)
    if problem.dtype == "bfloat16":
        raise UnsupportedError("scikit-learn has no bfloat16")
    if problem.loss != "sparse_categorical" and not np.isin(problem.labels, (0, 1)).all():
        raise UnsupportedError("log_loss takes classes as labels, and no distributions")
    if problem.layout is not None and problem.values.ndim != (1 if problem.loss == "binary" else 2):
        raise UnsupportedError("log_loss takes two axes alone, and other arrays in copies")
    weighted = problem.sample_weight is not None
    default: Reduction = "weighted_mean" if weighted else "mean"
    totals: dict[Reduction, Any] = {}
    calls: dict[str, str] = {}
    arrays = problem_arrays(problem)
    conduct = watched(problem, arrays, np.asarray)
    start = time.perf_counter()
    for reduction in problem.reductions or (default,):
        if reduction == "mean" and weighted:
            totals[reduction] = Unsupported("log_loss: its mean divides by the sample weights")
            continue
        call = Calls({"np": np, "sklearn": sklearn})
        normalize = reduction != "sum"
        try:
            totals[reduction] = np.asarray(log_loss(call, problem, arrays, normalize))
        except Exception as error:
            error.xent_check_calls = (call.last, {reduction: call.last})  # type: ignore[attr-defined]
            raise
        calls[reduction] = call.last
    seconds = time.perf_counter() - start
    text = next(iter(calls.values()), "")
    gradient = Unsupported("log_loss takes no gradients") if problem.gradient else None
    none = np.empty(0, dtype=np.float64)  # the dtype of its totals: they are Python's floats
    return Computed(
        none, totals, text, seconds, gradient, calls=calls, only_totals=_ALONE, conduct=conduct()
    )


def log_loss(call: Calls, problem: Problem, arrays: NativeArrays, normalize: bool) -> Any:
    """One number. The classes are named, as the labels need not hold each of them."""
    for name, array in arrays.items():
        call.named(name, array)
    options: dict[str, Any] = {}
    if problem.loss == "sparse_categorical":
        options["labels"] = range(problem.num_classes)
    elif problem.loss == "binary":
        options["labels"] = [0, 1]
    if "sample_weight" in arrays:
        options["sample_weight"] = _in_one_axis(call, problem, arrays["sample_weight"])
    one_hot = problem.loss == "categorical"
    labels = (_in_rows if one_hot else _in_one_axis)(call, problem, arrays["labels"])
    probs = (_in_one_axis if problem.loss == "binary" else _in_rows)(call, problem, arrays["probs"])
    return call("sklearn.metrics.log_loss", labels, probs, **options, normalize=normalize)


def _in_one_axis(call: Calls, problem: Problem, array: Any) -> Any:
    return array if array.ndim == 1 else call("np.ravel", array)


def _in_rows(call: Calls, problem: Problem, array: Any) -> Any:
    """(samples, classes)."""
    axis = problem.class_axis % array.ndim
    if axis != array.ndim - 1:
        array = call("np.moveaxis", array, axis, -1)
    return array if array.ndim == 2 else call("np.reshape", array, (-1, problem.num_classes))
