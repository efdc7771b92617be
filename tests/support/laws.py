"""The laws of cross-entropy, as problems whose answers must stand in a known relation.

A trial is a few problems and what must hold of their answers. The logits are multiples of 1/64
between -8 and 8, so that adding a constant or taking a difference rounds nothing: the problems of
a trial have one exact answer, and an implementation may miss each by `rounding`, no more.
Shapes are few and fixed, so that a compiler sees each of them once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import numpy_dtype, unit_roundoff
from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import DType, Loss, Reduction

Array = npt.NDArray[Any]
Holds = Callable[[Sequence[Computed]], str | None]
SAMPLES, CLASSES = 6, 5
IGNORED = -100


@dataclass(frozen=True, eq=False)
class Trial:
    """holds: None, or in words what is wrong with the answers to the problems, in their order."""

    problems: tuple[Problem, ...]
    holds: Holds


@dataclass(frozen=True)
class Law:
    """A claim, and the trials of it for a random stream and a dtype."""

    name: str
    trials: Callable[[np.random.RandomState, DType], list[Trial]]


def rounding(problem: Problem, losses: Array) -> Array:
    """What one answer may be off by: u (16 + 2 n + 4 spread + 8 abs(loss)), the logits' spread.

    Twice what a sum of n terms, the shifts, an exp within 4 u and a log within 5 u can lose;
    1.3e-5 in float32 where everything is at its largest here.
    """
    values = problem.values.astype(np.float64)
    finite = values[np.isfinite(values)]
    spread = float(finite.max() - finite.min()) if finite.size else 0.0
    n = problem.num_classes if problem.loss != "binary" else 2
    size: Array = np.abs(losses.astype(np.float64))
    bound: Array = unit_roundoff(problem.dtype) * (16 + 2 * n + 4 * spread + 8 * size)
    return bound


# ---- problems -----------------------------------------------------------------------------------


def logits(rng: np.random.RandomState, shape: tuple[int, ...], dtype: DType) -> Array:
    """Multiples of 1/64 in [-8, 8]."""
    drawn: Array = (rng.randint(-512, 513, size=shape) / 64).astype(numpy_dtype(dtype))
    return drawn


def sparse(rng: np.random.RandomState, dtype: DType, **options: Any) -> Problem:
    """Six samples of five classes with integer labels."""
    labels = rng.randint(0, CLASSES, size=SAMPLES).astype(np.int64)
    values = logits(rng, (SAMPLES, CLASSES), dtype)
    return Problem("sparse_categorical", "logits", values, labels, dtype, **options)


def soft(rng: np.random.RandomState, dtype: DType, **options: Any) -> Problem:
    """Six samples of five classes, each label a distribution of eighths."""
    counts = rng.multinomial(8, np.full(CLASSES, 1 / CLASSES), size=SAMPLES)
    values = logits(rng, (SAMPLES, CLASSES), dtype)
    labels = (counts / 8).astype(values.dtype)
    return Problem("categorical", "logits", values, labels, dtype, **options)


def binary(rng: np.random.RandomState, dtype: DType, **options: Any) -> Problem:
    """Six elements with hard labels."""
    values = logits(rng, (SAMPLES,), dtype)
    labels = rng.randint(0, 2, size=SAMPLES).astype(values.dtype)
    return Problem("binary", "logits", values, labels, dtype, **options)


def one_hot(problem: Problem) -> Problem:
    """The same with a distribution for each integer label, whatever was ignored left out of it."""
    rows = np.eye(problem.num_classes, dtype=problem.values.dtype)[problem.labels]
    labels = np.moveaxis(rows, -1, problem.class_axis)
    return replace(problem, loss="categorical", labels=labels, ignore_index=None)


EVERY: dict[Loss, Callable[..., Problem]] = {
    "sparse_categorical": sparse,
    "categorical": soft,
    "binary": binary,
}
CLASSIFIERS = (sparse, soft)


# ---- what must hold -----------------------------------------------------------------------------


def same(problems: Sequence[Problem], by: Callable[[Array], Array] = lambda a: a) -> Holds:
    """Two answers agree within what both may be off by; `by` brings the second to the first."""

    def holds(answers: Sequence[Computed]) -> str | None:
        first, second = answers[0].losses, by(answers[1].losses)
        if first.shape != second.shape:
            return f"shapes {first.shape} and {second.shape}"
        allowed = rounding(problems[0], first) + rounding(problems[1], second)
        return _within(first, second, allowed)

    return holds


def _within(first: Array, second: Array, allowed: Array) -> str | None:
    finite = np.isfinite(first).all() and np.isfinite(second).all()
    difference = np.abs(first.astype(np.float64) - second.astype(np.float64))
    if finite and (difference <= allowed).all():
        return None
    return f"{first.tolist()} and {second.tolist()}, allowed {np.max(allowed):.3g}"


def pair(
    first: Problem, second: Problem, by: Callable[[Array], Array] = lambda a: a
) -> list[Trial]:
    """One trial: two problems with the same losses."""
    return [Trial((first, second), same((first, second), by))]


def _shifted(constant: float) -> Callable[[np.random.RandomState, DType], list[Trial]]:
    def trials(rng: np.random.RandomState, dtype: DType) -> list[Trial]:
        made = []
        for maker in CLASSIFIERS:
            problem = maker(rng, dtype)
            values = problem.values + problem.values.dtype.type(constant)
            made += pair(problem, replace(problem, values=values))
        return made

    return trials


def _permuted(rng: np.random.RandomState, dtype: DType) -> list[Trial]:
    order = rng.permutation(CLASSES)
    hard, distribution = sparse(rng, dtype), soft(rng, dtype)
    where = np.argsort(order)  # class c of before is class where[c] now
    return [
        *pair(hard, replace(hard, values=hard.values[:, order], labels=where[hard.labels])),
        *pair(
            distribution,
            replace(
                distribution,
                values=distribution.values[:, order],
                labels=distribution.labels[:, order],
            ),
        ),
    ]


def _permuted_weights(rng: np.random.RandomState, dtype: DType) -> list[Trial]:
    order = rng.permutation(CLASSES)
    weights = (rng.randint(1, 9, size=CLASSES) / 4).astype(numpy_dtype(dtype))
    hard = sparse(rng, dtype, class_weight=weights)
    moved = replace(
        hard,
        values=hard.values[:, order],
        labels=np.argsort(order)[hard.labels],
        class_weight=weights[order],
    )
    return pair(hard, moved)


def _one_hot(rng: np.random.RandomState, dtype: DType) -> list[Trial]:
    hard, smoothed = sparse(rng, dtype), sparse(rng, dtype, label_smoothing=0.25)
    return [*pair(hard, one_hot(hard)), *pair(smoothed, one_hot(smoothed))]


def _moved_axis(rng: np.random.RandomState, dtype: DType) -> list[Trial]:
    hard, distribution = sparse(rng, dtype), soft(rng, dtype)
    deep = Problem(
        "sparse_categorical",
        "logits",
        logits(rng, (2, 3, CLASSES), dtype),
        rng.randint(0, CLASSES, size=(2, 3)).astype(np.int64),
        dtype,
    )
    made = [
        *pair(hard, replace(hard, values=hard.values.T.copy(), class_axis=0)),
        *pair(
            distribution,
            replace(
                distribution,
                values=distribution.values.T.copy(),
                labels=distribution.labels.T.copy(),
                class_axis=0,
            ),
        ),
    ]
    for axis in (1, 0):
        values = np.ascontiguousarray(np.moveaxis(deep.values, -1, axis))
        made += pair(deep, replace(deep, values=values, class_axis=axis))
    return made


def _linear_smoothing(rng: np.random.RandomState, dtype: DType) -> list[Trial]:
    made = []
    for maker in EVERY.values():
        problem = maker(rng, dtype)
        three = tuple(replace(problem, label_smoothing=e) for e in (0.0, 0.25, 0.5))

        def holds(answers: Sequence[Computed], three: tuple[Problem, ...] = three) -> str | None:
            none, quarter, half = (a.losses.astype(np.float64) for a in answers)
            allowed = sum(rounding(p, a.losses) for p, a in zip(three, answers, strict=True))
            return _within(quarter, (none + half) / 2, np.asarray(allowed))

        made.append(Trial(three, holds))
    return made


def _sum_and_mean(rng: np.random.RandomState, dtype: DType) -> list[Trial]:
    both: tuple[Reduction, ...] = ("sum", "mean")
    kept = sparse(rng, dtype, reductions=both)
    some = replace(kept, ignore_index=IGNORED, labels=np.where(np.arange(6) % 3, kept.labels, -100))
    problems = [maker(rng, dtype, reductions=both) for maker in EVERY.values()] + [some]
    made = []
    for problem in problems:
        count = float(problem.kept.sum())

        def holds(
            answers: Sequence[Computed], problem: Problem = problem, count: float = count
        ) -> str | None:
            (answer,) = answers
            total, mean = (np.asarray(answer.totals[r]) for r in both)
            losses = answer.losses.astype(np.float64)
            # Each total errs like its losses, and by a rounding per term of the sum.
            size = np.abs(losses).sum()
            allowed = 2 * rounding(problem, answer.losses).sum()
            allowed += 2 * (SAMPLES + 1) * unit_roundoff(problem.dtype) * size
            allowed = np.asarray(allowed)
            return _within(total, mean * count, allowed) or _within(
                total, np.asarray(losses.sum()), allowed
            )

        made.append(Trial((problem,), holds))
    return made


def _ignored(held: float) -> Callable[[np.random.RandomState, DType], list[Trial]]:
    def trials(rng: np.random.RandomState, dtype: DType) -> list[Trial]:
        problem = sparse(rng, dtype, ignore_index=IGNORED, reductions=("sum", "mean"))
        labels, values = problem.labels.copy(), problem.values.copy()
        labels[[1, 4]] = IGNORED
        values[[1, 4]] = held
        before = replace(problem, labels=labels)
        after = replace(before, values=values)

        def holds(answers: Sequence[Computed]) -> str | None:
            one, other = answers
            if not (one.losses[[1, 4]] == 0).all():
                return f"ignored samples lose {one.losses[[1, 4]].tolist()}"
            if not np.array_equal(one.losses, other.losses):
                return f"{one.losses.tolist()} and {other.losses.tolist()}"
            for reduction in ("sum", "mean"):
                totals = (np.asarray(a.totals[reduction]) for a in answers)
                if len({float(t) for t in totals}) != 1:
                    return f"the {reduction} changes"
            return None

        return [Trial((before, after), holds)]

    return trials


def _two_classes(rng: np.random.RandomState, dtype: DType) -> list[Trial]:
    # Between -1 and 1: the textbook sigmoid loses 1 / (1 - p) roundings beyond that.
    values = logits(rng, (SAMPLES, 2), dtype) / numpy_dtype(dtype).type(8)
    labels = rng.randint(0, 2, size=SAMPLES).astype(np.int64)
    softmax = Problem("sparse_categorical", "logits", values, labels, dtype)
    sigmoid = Problem(
        "binary", "logits", values[:, 1] - values[:, 0], labels.astype(values.dtype), dtype
    )
    return pair(softmax, sigmoid)


def _not_negative(rng: np.random.RandomState, dtype: DType) -> list[Trial]:
    made = []
    for maker in EVERY.values():
        for smoothing in (0.0, 0.25):
            problem = maker(rng, dtype, label_smoothing=smoothing)

            def holds(answers: Sequence[Computed], dtype: DType = dtype) -> str | None:
                # A probability that is 1 may come out a few roundings above it.
                low = -(CLASSES + 4) * unit_roundoff(dtype)
                losses = answers[0].losses.astype(np.float64)
                return None if (losses >= low).all() else f"{losses.tolist()}"

            made.append(Trial((problem,), holds))
    return made


LAWS: tuple[Law, ...] = (
    Law("adding a constant to all logits changes nothing", _shifted(8.0)),
    Law("adding 1024 to all logits changes nothing", _shifted(1024.0)),
    Law("permuting the classes changes nothing", _permuted),
    Law("permuting the classes and their weights changes nothing", _permuted_weights),
    Law("integer labels equal one-hot", _one_hot),
    Law("class axis k equals moved last", _moved_axis),
    Law("smoothing is linear in its epsilon", _linear_smoothing),
    Law("the sum is the samples times the mean", _sum_and_mean),
    Law("ignored samples may hold any number", _ignored(-3000.0)),
    Law("ignored samples may hold nan", _ignored(float("nan"))),
    Law("two-class softmax equals binary on the difference", _two_classes),
    Law("a loss is not negative", _not_negative),
)
