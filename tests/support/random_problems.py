"""Random problems of every option, and what the oracle says of them.

Shapes, smoothings and ignored labels are few: a compiler sees each program once or a few times.
Scores lie where people's do (normal, of size 1 to 100, with common offsets), with the masks that
they write, -inf and the dtype's lowest number, over classes that are not the label's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from mpmath import mp

from tests.support.oracle import gradient, layer_gradients, truth
from xent_check.problem.dtypes import largest, rounded, unit_roundoff
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DTYPES, REDUCTIONS, DType, Given, Loss
from xent_check.reference.bounds import Bounds, bounds
from xent_check.reference.divisors import divisor, nearest
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import Reference

Array = npt.NDArray[Any]
# (the shape of the scores, the class axis)
SHAPES = (
    ((6, 5), -1), ((6, 5), 1), ((4, 3), 0), ((2, 3, 4), 1), ((2, 2, 10), -1), ((2, 3, 2, 2), 1),
    ((1, 2, 2, 3), 3), ((2, 40), -1), ((3, 1), -1),
)  # fmt: skip
BINARY_SHAPES = ((8,), (2, 4), (2, 2, 2), (1, 2, 2, 2))
IGNORED = -100
SCALES = (1.0, 1.0, 10.0, 30.0, 100.0)


def problem(seed: int) -> Problem:
    """The random problem of a seed, the same on every call."""
    rng = np.random.RandomState(seed)
    loss: Loss = _one(rng, ("binary", "categorical", "sparse_categorical"))
    dtype: DType = _one(rng, DTYPES)
    given: Given = _one(rng, ("logits", "logits", "probs", "log_probs"))
    shared: dict[str, Any] = {"dtype": dtype, "reductions": REDUCTIONS, "gradient": True}
    shared |= _around(np.random.RandomState(seed + 10**6), loss, given)
    if loss == "binary":
        return _binary(rng, given, dtype, shared)
    made = _classes(rng, loss, given, dtype, shared)
    made = _shifted(np.random.RandomState(seed + 2 * 10**6), made)
    return _behind_a_layer(np.random.RandomState(seed + 3 * 10**6), made)


def _behind_a_layer(rng: np.random.RandomState, plain: Problem) -> Problem:
    """One problem from logits in three, its classes last, becomes one of what is hidden."""
    shape, n = plain.samples_shape, plain.num_classes
    last = plain.class_axis % plain.values.ndim == len(shape)
    if plain.given != "logits" or not last or rng.randint(0, 3):
        return plain
    features, scale = _one(rng, (1, 3, 8, 64)), _one(rng, SCALES)
    hidden = rng.standard_normal((*shape, features)) * scale
    weight = rng.standard_normal((n, features)) / np.sqrt(features)
    bias = rng.standard_normal(n) * _one(rng, (1.0, 10.0))
    if rng.randint(0, 4) == 0 and plain.loss == "sparse_categorical":
        masked = (rng.uniform(size=n) < 0.3) & ~np.isin(np.arange(n), plain.labels)
        bias = np.where(masked, -np.inf, bias)
    return replace(
        plain,
        given="hidden",
        class_axis=-1,
        values=rounded(hidden, plain.dtype),
        weight=rounded(weight, plain.dtype),
        bias=None if rng.randint(0, 2) else rounded(bias, plain.dtype),
    )


def _shifted(rng: np.random.RandomState, plain: Problem) -> Problem:
    """One problem in three with its labels some places on, behind labels that nobody meets."""
    length = plain.samples_shape[-1]
    if plain.loss != "sparse_categorical" or length < 2 or rng.randint(0, 3):
        return plain
    shift = rng.randint(1, min(length, 3))
    before = np.full((*plain.labels.shape[:-1], shift), 99)
    labels = np.concatenate([before, plain.labels[..., : length - shift]], axis=-1)
    return replace(plain, labels=labels, shift=shift)


def _around(rng: np.random.RandomState, loss: Loss, given: Given) -> dict[str, Any]:
    """Options around the loss, of which two problems in three have none."""
    drawn = {
        "logit_scale": _one(rng, (1.0, 1.0, 0.7, 0.0625, 3.0)),
        "softcap": _one(rng, (None, None, 30.0, 5.0)),
        "z_loss": _one(rng, (0.0, 0.0, 1e-4, 0.01)),
        "num_items": _one(rng, (None, None, 37.0, 2.5)),
    }
    if given != "logits":
        drawn = {"num_items": drawn["num_items"]}
    if loss == "binary":
        drawn.pop("z_loss", None)
    return drawn if rng.randint(0, 3) == 0 else {}


def _binary(rng: np.random.RandomState, given: Given, dtype: DType, shared: Any) -> Problem:
    shape = _one(rng, BINARY_SHAPES)
    z = rng.standard_normal(shape) * _one(rng, SCALES)
    if given == "probs":
        z = np.clip(1 / (1 + np.exp(-z)), 1e-30, 1 - 1e-12)
    if given == "log_probs":
        z = -np.logaddexp(0, -z)
    soft = rng.randint(0, 3) == 0
    labels = rng.uniform(size=shape) if soft else rng.randint(0, 2, size=shape)
    pos_shape = _one(rng, (shape, shape[-1:], ()))
    return Problem(
        "binary",
        given,
        rounded(z, dtype),
        rounded(labels.astype(np.float64), dtype),
        label_smoothing=_one(rng, (0.0, 0.0, 0.1, 0.5)),
        pos_weight=_weight(rng, pos_shape, dtype),
        sample_weight=_weight(rng, shape, dtype),
        cotangent=_weight(rng, shape, dtype, signed=True),
        **shared,
    )


def _classes(
    rng: np.random.RandomState, loss: Loss, given: Given, dtype: DType, shared: Any
) -> Problem:
    shape, axis = _one(rng, SHAPES)
    n = shape[axis]
    samples = shape[: axis % len(shape)] + shape[axis % len(shape) + 1 :]
    hard = rng.randint(0, n, size=samples)
    x = rng.standard_normal((*samples, n)) * _one(rng, SCALES)
    x = x + _one(rng, (0.0, 0.0, 0.0, 100.0, 4096.0))
    others = np.arange(n) != hard[..., None]
    if given == "logits" and rng.randint(0, 6) == 0 and n > 1:
        masked = others & (rng.uniform(size=x.shape) < 0.3)
        x = np.where(masked, _one(rng, (-np.inf, -largest(dtype), -1e4)), x)
    normalize = None
    if given == "probs":
        x = np.exp(x - x.max(axis=-1, keepdims=True))
        x = np.maximum(x / x.sum(axis=-1, keepdims=True), _one(rng, (1e-30, 1e-4, 1e-4)))
        normalize = _one(rng, (None, None, True, False))
        x = x / x.sum(axis=-1, keepdims=True)
        if normalize:
            x = x * _one(rng, (1.0, 3.0, 0.5))
    if given == "log_probs":
        top = x.max(axis=-1, keepdims=True)
        x = x - top - np.log(np.exp(x - top).sum(axis=-1, keepdims=True))
    values = rounded(np.moveaxis(x, -1, axis), dtype)
    if normalize is None and given == "probs":
        rows = np.moveaxis(values, axis, -1).astype(np.float64).sum(axis=-1)
        if (np.abs(rows - 1) > max(1e-6, n * unit_roundoff(dtype))).any():
            normalize = False
    ignore_index = None
    if loss == "sparse_categorical":
        labels: Array = hard.astype(np.int64)
        if rng.randint(0, 4) == 0:
            ignore_index = IGNORED
            labels = np.where(rng.uniform(size=samples) < 0.3, IGNORED, labels)
            labels.reshape(-1)[0] = hard.reshape(-1)[0]  # one is kept
    else:
        rows = np.eye(n)[hard]
        kind = rng.randint(0, 4)
        if kind == 1:
            rows = rng.dirichlet(np.full(n, 0.5), size=samples)
        if kind == 2:
            rows = rng.uniform(size=(*samples, n)) * 2 / n
        labels = rounded(np.moveaxis(rows, -1, axis), dtype)
    return Problem(
        loss,
        given,
        values,
        labels,
        class_axis=axis,
        normalize=normalize,
        ignore_index=ignore_index,
        label_smoothing=_one(rng, (0.0, 0.0, 0.1, 0.5)),
        class_weight=_weight(rng, (n,), dtype),
        sample_weight=_weight(rng, samples, dtype),
        cotangent=_weight(rng, samples, dtype, signed=True),
        **shared,
    )


def _weight(
    rng: np.random.RandomState, shape: tuple[int, ...], dtype: DType, signed: bool = False
) -> Array | None:
    """None mostly; around 1, of many sizes, with zeros, with signs, or subnormal."""
    kind = rng.randint(0, 14)
    if kind > 6:
        return None
    drawn = rng.uniform(0.2, 3.0, size=shape)
    if kind == 3:
        drawn = drawn * 10.0 ** rng.randint(-4, 4, size=shape)
    if kind == 4:
        drawn = drawn * (rng.uniform(size=shape) < 0.7)
    if kind == 5 or signed:
        drawn = drawn * np.where(rng.uniform(size=shape) < 0.3, -1.0, 1.0)
    if kind == 6:
        drawn = drawn * float(np.ldexp(1.0, {"float64": -1023, "float16": -16}.get(dtype, -127)))
    return rounded(np.asarray(drawn), dtype)


def f32(numbers: Any) -> Array:
    """An array of float32."""
    return np.array(numbers, dtype=np.float32)


def f64(numbers: Any) -> Array:
    """An array of float64."""
    return np.array(numbers, dtype=np.float64)


def _one(rng: np.random.RandomState, choices: Sequence[Any]) -> Any:
    return choices[rng.randint(0, len(choices))]


def oracle(subject: Problem) -> tuple[Reference, Bounds]:
    """The oracle's losses, totals and gradient as a reference, and the bounds around it."""
    exact = truth(subject, 60)
    with mp.workdps(60):
        losses = _enclosure(exact.losses, subject.samples_shape)
        totals = {r: _enclosure([exact.totals[r]], ()) for r in subject.reductions}
        by = _gradients(subject)
    divisors = {r: nearest(divisor(subject, r)) for r in subject.reductions}
    of_layer = {p: by[p] for p in subject.parameters}
    made = Reference(losses, totals, divisors, by[subject.given], of_layer)
    return made, bounds(subject, made)


def _gradients(subject: Problem) -> dict[str, Enclosure]:
    """By the values, and by each parameter of a last layer."""
    hidden = subject.given == "hidden"
    made: dict[str, Any] = layer_gradients(subject, 60) if hidden else {}
    if not hidden:
        made[subject.given] = gradient(subject, 60)
    shapes: dict[str, tuple[int, ...]] = {subject.given: subject.values.shape}
    shapes |= {p: getattr(subject, p).shape for p in subject.parameters}
    return {
        name: _enclosure(np.array(made[name], dtype=object).reshape(-1), shape)
        for name, shape in shapes.items()
    }


def _enclosure(numbers: Any, shape: tuple[int, ...]) -> Enclosure:
    high = np.array([float(x) for x in numbers], dtype=np.float64)
    low = [float(x - h) if np.isfinite(h) else 0.0 for x, h in zip(numbers, high, strict=True)]
    return Enclosure(
        high.reshape(shape), np.array(low, dtype=np.float64).reshape(shape), np.zeros(shape)
    )
