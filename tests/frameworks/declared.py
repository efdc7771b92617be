"""What frameworks are known to do differently on random problems, where exactly, and why.

Every reason is held by a case of cases/ that shows it. A rule says for which samples it stands: a
divergence anywhere else is not declared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import largest, unit_roundoff
from xent_check.problem.problem import Problem
from xent_check.reference.reference import Reference
from xent_check.reference.rounding import FLUSHED

Bools = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]
LOSSES, GRADIENT, TOTALS = "losses", "gradient", "totals"
EVERYONE = ("torch", "tf", "keras", "jax")


@dataclass(frozen=True)
class Known:
    """where: the samples (of the losses' shape) of a problem that it is about, or one truth for
    all of them. parts: which of them it changes; a total is changed by any loss."""

    names: tuple[str, ...]
    parts: tuple[str, ...]
    because: str
    where: Callable[[Problem, Reference], Bools | np.bool_ | bool]


def declared(
    name: str,
    part: str,
    problem: Problem,
    reference: Reference,
    rules: Sequence[Known] | None = None,
) -> Bools:
    """Where a divergence of a part is declared: of the losses' shape, of the values' for the
    gradient, one truth for a total. rules: these of them alone."""
    problem = problem.aligned
    shape = problem.samples_shape
    known = np.zeros(shape, dtype=np.bool_)
    total = False
    for rule in KNOWN if rules is None else rules:
        if name not in rule.names:
            continue
        where = np.broadcast_to(np.asarray(rule.where(problem, reference)), shape)
        if part in rule.parts:
            known |= where
        elif part not in (LOSSES, GRADIENT):
            total |= bool(where.any()) and bool({LOSSES, TOTALS, part} & set(rule.parts))
    if part == LOSSES:
        return known
    if part != GRADIENT:
        return np.asarray(total | known.any())
    if problem.loss == "binary":
        return known
    spread = np.expand_dims(known, problem.class_axis % problem.values.ndim)
    return np.broadcast_to(spread, problem.values.shape)


def _rows(problem: Problem, array: Array | None = None) -> Array:
    """Classes last, in float64. array: None for what the softmax gets: logits scaled and capped."""
    rows = problem.values if array is None else array
    rows = np.moveaxis(rows, problem.class_axis, -1).astype(np.float64)
    if array is not None or problem.given != "logits":
        return rows
    rows = rows * problem.logit_scale
    cap = problem.softcap
    return rows if cap is None else np.asarray(cap * np.tanh(rows / cap))


def _over_classes(problem: Problem) -> bool:
    return problem.loss != "binary"


def _as_they_are(problem: Problem, _: Reference) -> bool:
    return _over_classes(problem) and problem.normalize is True


def _divided(problem: Problem, _: Reference) -> bool:
    return _over_classes(problem) and problem.given == "probs" and problem.normalize is False


def _divided_in_the_gradient(problem: Problem, _: Reference) -> bool:
    return _over_classes(problem) and problem.given == "probs" and problem.normalize is None


def _clipped(problem: Problem, _: Reference) -> Bools | bool:
    """1e-7 rounds up to 1.2e-7 in float16, and 1 - 1e-7 to 1 in 16 bits."""
    if problem.given != "probs":
        return False
    near_1 = 1 - max(1.3e-7, unit_roundoff(problem.dtype))
    if problem.loss == "binary":
        p = problem.values.astype(np.float64)
        return np.asarray((p < 1.3e-7) | (p > near_1))
    p = _rows(problem)
    sums = p.sum(axis=-1, keepdims=True)
    low, high = np.minimum(p, p / sums), np.maximum(p, p / sums)
    return np.asarray(((low < 1.3e-7) | (high > near_1)).any(axis=-1))


def _log_clamped(problem: Problem, _: Reference) -> Bools | bool:
    if (problem.loss, problem.given) != ("binary", "probs"):
        return False
    p = problem.values.astype(np.float64)
    return np.asarray((p < np.exp(-100.0)) | (p == 1))


def _quotient_clamped(problem: Problem, _: Reference) -> Bools | bool:
    if (problem.loss, problem.given) != ("binary", "probs"):
        return False
    p = problem.values.astype(np.float64)
    return np.asarray(p * (1 - p) < 1.1e-12)


def _no_probability(problem: Problem, _: Reference) -> Bools | bool:
    """Probabilities that are 0, or become it, where they are below the smallest normal number."""
    if problem.given != "probs":
        return False
    flushed = 0.0 if problem.dtype == "float16" else FLUSHED[problem.dtype]
    if problem.loss == "binary":
        p = problem.values.astype(np.float64)
        return np.asarray((p <= flushed) | (p == 1))
    return np.asarray((_rows(problem) <= flushed).any(axis=-1))


def _quotient_beyond_the_dtype(problem: Problem, _: Reference) -> Bools | bool:
    """1 / p or 1 / (1 - p), of any class."""
    if problem.given != "probs":
        return False
    low = 1.01 / largest(problem.dtype)
    if problem.loss == "binary":
        p = problem.values.astype(np.float64)
        return np.asarray((p < low) | (1 - p < low))
    return np.asarray((_rows(problem) < low).any(axis=-1))


def _labels_are_no_distribution(problem: Problem, _: Reference) -> Bools | bool:
    if (problem.loss, problem.given) != ("categorical", "logits"):
        return False
    sums = _rows(problem, problem.labels).sum(axis=-1)
    return np.asarray(np.abs(sums - 1) > 4 * unit_roundoff(problem.dtype))


def _smoothing_over_another_axis(problem: Problem, _: Reference) -> bool:
    if problem.loss != "categorical" or not problem.label_smoothing:
        return False
    return problem.num_classes != int(problem.values.shape[-1])


def _masked(problem: Problem) -> Bools | bool:
    """A logit of -inf, or so low that its gap to the largest is beyond the dtype."""
    if problem.given != "logits" or not _over_classes(problem):
        return False
    x = _rows(problem)
    with np.errstate(over="ignore"):
        gap = x.max(axis=-1, keepdims=True) - x
    near = largest(problem.dtype) * (1 - 8 * unit_roundoff(problem.dtype))
    return np.asarray((gap >= near).any(axis=-1))


def _masked_soft(problem: Problem, _: Reference) -> Bools | bool:
    return problem.loss == "categorical" and _masked(problem)


def _masked_one_hot(problem: Problem, _: Reference) -> Bools | bool:
    return _masked(problem)


def _smoothing_adds_up_first(problem: Problem, _: Reference) -> Bools | bool:
    if not problem.label_smoothing or problem.given != "logits" or not _over_classes(problem):
        return False
    x = np.where(np.isfinite(_rows(problem)), _rows(problem), 0.0)
    weights = 1.0 if problem.class_weight is None else np.abs(problem.class_weight.astype(float))
    with np.errstate(over="ignore"):
        gaps = (x.max(axis=-1, keepdims=True) - x) * weights
        return np.asarray(gaps.sum(axis=-1) >= largest(problem.dtype))


def _infinite_times_no_weight(problem: Problem, _: Reference) -> Bools | bool:
    if problem.sample_weight is None or problem.loss == "binary":
        return False
    return np.asarray(_masked(problem) & (problem.sample_weight == 0))


def _not_finite(_: Problem, reference: Reference) -> Bools:
    return np.asarray(~np.isfinite(reference.losses.high))


def _product_beyond_the_dtype(problem: Problem, reference: Reference) -> Bools:
    """A product of weights, or of a weight and a loss, before the others make it small again."""

    def up(weight: Array | None) -> Array:
        return np.maximum(1.0, np.abs(np.asarray(1.0 if weight is None else weight, np.float64)))

    of_class = 1.0 if problem.class_weight is None else float(up(problem.class_weight).max())
    known = up(problem.sample_weight) * up(problem.cotangent) * of_class
    if problem.loss == "binary":
        known = known * up(problem.pos_weight)
    elif problem.given == "logits":
        x = np.where(np.isfinite(_rows(problem)), _rows(problem), 0.0)
        with np.errstate(over="ignore"):
            known = known * up(x.max(axis=-1) - x.min(axis=-1))
    known = np.broadcast_to(known, problem.samples_shape)
    return np.asarray(known > largest(problem.dtype))


def _sum_beyond_the_dtype(problem: Problem, reference: Reference) -> bool:
    """Keras first multiplies by the share of samples that are kept."""
    losses = reference.losses.high
    sizes = np.abs(losses[np.isfinite(losses)])
    ignored = problem.kept.size / max(int(problem.kept.sum()), 1)
    with np.errstate(over="ignore"):
        total = sizes.sum() * ignored
    return bool(total > largest(problem.dtype) * (1 - unit_roundoff(problem.dtype)))


def _weights_flushed(problem: Problem, reference: Reference) -> bool:
    """What the flushed weights would add to the divisor is not lost beside its rounding."""
    lost = problem.labels.size * FLUSHED[problem.dtype] * 8
    return abs(reference.divisors["weighted_mean"]) * unit_roundoff(problem.dtype) < lost


def _weight_cancels(problem: Problem, _: Reference) -> Bools | bool:
    if problem.pos_weight is None or problem.given != "logits":
        return False
    return np.asarray((problem.labels != 0) & (problem.pos_weight < 0.1))


def _log_sum_exps(problem: Problem) -> Array:
    """abs(log sum exp) of each sample's scores; 0 where there is no z-loss."""
    if not problem.z_loss:
        return np.zeros(problem.samples_shape)
    x = _rows(problem)
    return np.asarray(np.abs(np.logaddexp.reduce(np.nan_to_num(x, neginf=-1e300), axis=-1)))


def _square_beyond_the_dtype(problem: Problem, _: Reference) -> Bools:
    return np.asarray(_log_sum_exps(problem) ** 2 > largest(problem.dtype) * 0.99)


def _log_sum_exp_rounded(problem: Problem, _: Reference) -> Bools:
    """exp(x - the rounded log-sum-exp), where the rounding is no small number."""
    return np.asarray(_log_sum_exps(problem) * unit_roundoff(problem.dtype) > 0.25)


KNOWN = (
    Known(
        ("torch", "jax"), (LOSSES, GRADIENT), "the log of probabilities as they are", _as_they_are
    ),
    Known(("keras",), (LOSSES, GRADIENT), "each row is divided by its sum", _divided),
    Known(
        ("keras",), (GRADIENT,), "each row is divided by its sum, and so is the derivative",
        _divided_in_the_gradient,
    ),
    Known(("keras",), (LOSSES, GRADIENT), "probabilities are clipped at 1e-7", _clipped),
    Known(("torch",), (LOSSES, GRADIENT), "the log is clamped at -100", _log_clamped),
    Known(("torch",), (GRADIENT,), "p (1 - p) is clamped at 1e-12", _quotient_clamped),
    Known(
        ("jax", "torch"), (LOSSES, GRADIENT), "0 times the inf of log 0, or of 1 / 0, is nan",
        _no_probability,
    ),
    Known(
        ("jax", "torch", "keras"), (GRADIENT,), "1 / p is beyond the dtype",
        _quotient_beyond_the_dtype,
    ),
    Known(
        ("keras", "tf"), (GRADIENT,), "the gradient is softmax - labels, whatever their sum",
        _labels_are_no_distribution,
    ),
    Known(
        ("keras",), (LOSSES, GRADIENT), "smoothing divides by the size of the last axis",
        _smoothing_over_another_axis,
    ),
    Known(
        ("torch", "tf", "keras", "optax"), (LOSSES, GRADIENT), "0 times the -inf of a mask is nan",
        _masked_soft,
    ),
    Known(
        ("jax",), (LOSSES, GRADIENT), "0 times the -inf of a mask is nan, one-hot labels too",
        _masked_one_hot,
    ),
    Known(
        EVERYONE, (LOSSES, GRADIENT), "0 times an infinite loss is nan", _infinite_times_no_weight
    ),
    Known(EVERYONE, (GRADIENT,), "the derivative does not look at the loss", _not_finite),
    Known(
        EVERYONE, (LOSSES, GRADIENT), "a product of weights is beyond the dtype",
        _product_beyond_the_dtype,
    ),
    Known(
        ("torch",), (LOSSES,), "smoothing adds up -log p before it divides by the classes",
        _smoothing_adds_up_first,
    ),
    Known(
        EVERYONE, ("mean", "weighted_mean"),
        "the sum that is divided is beyond the dtype", _sum_beyond_the_dtype,
    ),
    Known(
        EVERYONE, ("weighted_mean",),
        "weights below the smallest normal number are flushed, and the divisor with them",
        _weights_flushed,
    ),
    Known(
        EVERYONE, (LOSSES, GRADIENT), "the square of the log-sum-exp is beyond the dtype",
        _square_beyond_the_dtype,
    ),
    Known(
        ("torch",), (GRADIENT,), "the derivative of the log-sum-exp is exp(x - log-sum-exp)",
        _log_sum_exp_rounded,
    ),
    Known(
        ("torch", "tf"), (LOSSES, GRADIENT), "1 + (w - 1) t cancels where w is below 0.1",
        _weight_cancels,
    ),
)  # fmt: skip
# (implementation, what its error says, why)
ERRORS = (
    (
        "torch", "grad_input must be contiguous",
        "the derivative of nll_loss in two dimensions refuses scores whose class axis was moved",
    ),
)  # fmt: skip
