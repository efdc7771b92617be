"""Hypothesis strategies: problems with every option, ordinary and ugly."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DTYPES, REDUCTIONS, DType, Given, Loss

Array = npt.NDArray[Any]
LOSSES: tuple[Loss, ...] = ("binary", "categorical", "sparse_categorical")
GIVEN: tuple[Given, ...] = ("logits", "probs", "log_probs")
IGNORED = -100

# Numbers that have broken a formula somewhere: exp overflows, 1 - p rounds to 0, a difference is
# absorbed, a label's probability is 0.
UGLY_LOGITS = (0.0, -0.0, 1e4, -1e4, 1e8, -1e8, 17.5, -17.5, 88.8, -104.0, 710.0, -746.0, 1e-30)
TINY_LOSS_LOGITS = (0.0, 20.0, -20.0, 60.0, 400.0, -400.0)


def rounded(values: Any, dtype: DType) -> Array:
    """An array in the dtype, without numpy's warnings."""
    with np.errstate(over="ignore", invalid="ignore"):
        array: Array = np.asarray(values, dtype=np.float64).astype(numpy_dtype(dtype))
        return array


def _arrays(
    elements: st.SearchStrategy[float], shape: tuple[int, ...], dtype: DType
) -> st.SearchStrategy[Array]:
    size = math.prod(shape)
    flat = st.lists(elements, min_size=size, max_size=size)
    return flat.map(lambda numbers: rounded(numbers, dtype).reshape(shape))


def _logits() -> st.SearchStrategy[float]:
    return st.one_of(
        st.floats(-5, 5),
        st.floats(-5, 5),
        st.floats(-1e3, 1e3),
        st.sampled_from(UGLY_LOGITS + TINY_LOSS_LOGITS),
        st.sampled_from((-math.inf, -math.inf, math.inf, math.nan)),
    )


def _probabilities() -> st.SearchStrategy[float]:
    return st.one_of(
        st.floats(0, 1),
        st.floats(0, 1),
        st.sampled_from((0.0, 1.0, 0.5, 1e-7, 1 - 2.0**-24, 2.0**-140, math.nan)),
    )


def _log_probabilities(binary: bool) -> st.SearchStrategy[float]:
    """At most 0; above it only where the contract's formula says what that is."""
    ugly = (0.0, -math.inf, -1e-30, -1e4, -88.0, math.nan, 0.25)
    return st.one_of(st.floats(-20, 0), st.floats(-20, 0), st.sampled_from(ugly))


def _weights() -> st.SearchStrategy[float]:
    return st.one_of(st.floats(0, 4), st.sampled_from((0.0, 1.0, -1.0, 0.5, -0.125, 100.0)))


def _soft(binary: bool) -> st.SearchStrategy[float]:
    """Targets: in [0, 1] mostly, and as they are where they are not."""
    return st.one_of(
        st.floats(0, 1),
        st.sampled_from((0.0, 0.0, 1.0, 0.5)),
        st.sampled_from((2.0, -1.0, math.nan)),
    )


@st.composite
def problems(
    draw: st.DrawFn,
    losses: tuple[Loss, ...] = LOSSES,
    given: tuple[Given, ...] = GIVEN,
    dtypes: tuple[DType, ...] = DTYPES,
) -> Problem:
    """Any problem that can be posed, with any of the options its loss has."""
    loss: Loss = draw(st.sampled_from(losses))
    dtype: DType = draw(st.sampled_from(dtypes))
    form: Given = draw(st.sampled_from(given))
    samples = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=2)))
    if draw(st.integers(0, 19)) == 0:
        samples = (0, *samples[1:])
    return (
        _binary(draw, form, samples, dtype)
        if loss == "binary"
        else _classes(draw, loss, form, samples, dtype)
    )


@st.composite
def rescaled_problems(draw: st.DrawFn) -> Problem:
    """Problems from logits that are scaled or capped, with a z-loss, a count of items, a shift and
    either formula of smoothing."""
    plain: Problem = draw(problems(given=("logits",)))
    z = 0.0 if plain.loss == "binary" else draw(st.sampled_from((0.0, 1e-4, 2.0)))
    return replace(
        plain,
        logit_scale=draw(st.sampled_from((1.0, 0.7)) | st.floats(1e-3, 1e3)),
        softcap=draw(st.none() | st.sampled_from((30.0, 5.0)) | st.floats(1e-2, 1e3)),
        z_loss=z,
        num_items=draw(st.none() | st.floats(0.5, 1e6)),
        **_of_language_models(draw, plain),
    )


def _of_language_models(draw: st.DrawFn, plain: Problem) -> dict[str, Any]:
    """A shift, of sequences that may be shorter, and megatron's smoothing."""
    drawn: dict[str, Any] = {}
    if plain.loss == "sparse_categorical":
        drawn["shift"] = draw(st.none() | st.integers(1, 3))
    if plain.loss != "binary" and plain.num_classes > 1:
        drawn["smoothing_formula"] = draw(st.sampled_from(("standard", "megatron")))
    return drawn


@st.composite
def hidden_problems(draw: st.DrawFn) -> Problem:
    """Problems whose logits a last layer makes, with the options of logits."""
    features, classes = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    samples = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=2)))
    loss: Loss = draw(st.sampled_from(("sparse_categorical", "categorical")))
    dtype: DType = draw(st.sampled_from(DTYPES))
    numbers = st.floats(-4, 4) | st.sampled_from((0.0, 1.0, 1e-3, 100.0, -(2.0**-20)))
    soft = loss == "categorical"
    shape = (*samples, classes) if soft else samples
    label = st.integers(0, classes - 1) | st.sampled_from((-1, classes, IGNORED))
    count = math.prod(samples)
    hard = draw(st.lists(label, min_size=count, max_size=count))
    biases = st.floats(-4, 4) | st.just(-math.inf)
    return Problem(
        loss=loss,
        given="hidden",
        values=draw(_arrays(numbers, (*samples, features), dtype)),
        labels=draw(_arrays(_soft(False), shape, dtype)) if soft else np.reshape(hard, shape),
        dtype=dtype,
        ignore_index=None if soft else draw(st.none() | st.just(IGNORED)),
        label_smoothing=_smoothing(draw),
        class_weight=_maybe(draw, _arrays(_weights(), (classes,), dtype)),
        sample_weight=_maybe(draw, _arrays(_weights(), samples, dtype)),
        weight=draw(_arrays(numbers, (classes, features), dtype)),
        bias=_maybe(draw, _arrays(biases, (classes,), dtype)),
        logit_scale=draw(st.sampled_from((1.0, 0.7))),
        softcap=draw(st.none() | st.sampled_from((30.0, 5.0))),
        z_loss=draw(st.sampled_from((0.0, 1e-4, 2.0))),
        num_items=draw(st.none() | st.just(37.0)),
        reductions=REDUCTIONS,
        gradient=True,
        cotangent=_maybe(draw, _arrays(_weights(), samples, dtype)),
    )


def _elements(form: Given, binary: bool) -> st.SearchStrategy[float]:
    if form == "logits":
        return _logits()
    return _probabilities() if form == "probs" else _log_probabilities(binary)


def _maybe(draw: st.DrawFn, strategy: st.SearchStrategy[Any]) -> Any:
    return draw(strategy) if draw(st.booleans()) else None


def _smoothing(draw: st.DrawFn) -> float:
    return draw(st.sampled_from((0.0, 0.0, 0.1, 0.5, 1.0)) | st.floats(0, 1))


def _binary(draw: st.DrawFn, form: Given, shape: tuple[int, ...], dtype: DType) -> Problem:
    trailing = shape[draw(st.integers(0, len(shape))) :]
    return Problem(
        loss="binary",
        given=form,
        values=draw(_arrays(_elements(form, True), shape, dtype)),
        labels=draw(_arrays(_soft(True), shape, dtype)),
        dtype=dtype,
        label_smoothing=_smoothing(draw),
        pos_weight=_maybe(draw, _arrays(_weights(), trailing, dtype)),
        sample_weight=_maybe(draw, _arrays(_weights(), shape, dtype)),
        reductions=REDUCTIONS,
    )


def _classes(
    draw: st.DrawFn, loss: Loss, form: Given, samples: tuple[int, ...], dtype: DType
) -> Problem:
    n = draw(st.integers(1, 5))
    axis = draw(st.integers(0, len(samples)))
    shape = (*samples[:axis], n, *samples[axis:])
    normalize = draw(st.sampled_from((None, False, True))) if form == "probs" else None
    values = draw(_arrays(_elements(form, False), shape, dtype))
    if normalize:  # scores of any sum, some of them far above 1
        values = rounded(values.astype(np.float64) * draw(st.sampled_from((1.0, 3.0, 1e4))), dtype)
    ignore_index = None
    if loss == "sparse_categorical":
        ignore_index = draw(st.sampled_from((None, None, IGNORED, 0, n + 3)))
        outside = (-1, n, n + 1, IGNORED) if ignore_index is None else (ignore_index,) * 3 + (-1,)
        label = st.integers(0, n - 1) | st.integers(0, n - 1) | st.sampled_from(outside)
        if ignore_index is not None and draw(st.integers(0, 4)) == 0:
            label = st.just(ignore_index)
        size = math.prod(samples)
        flat = draw(st.lists(label, min_size=size, max_size=size))
        labels: Array = np.array(flat, dtype=np.int64).reshape(samples)
    else:
        labels = draw(_arrays(_soft(False), shape, dtype))
    return Problem(
        loss=loss,
        given=form,
        values=values,
        labels=labels,
        dtype=dtype,
        class_axis=draw(st.sampled_from((axis, axis - len(shape)))),
        normalize=normalize,
        ignore_index=ignore_index,
        label_smoothing=_smoothing(draw),
        class_weight=_maybe(draw, _arrays(_weights(), (n,), dtype)),
        sample_weight=_maybe(draw, _arrays(_weights(), samples, dtype)),
        reductions=REDUCTIONS,
    )
