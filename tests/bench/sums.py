"""How each implementation adds up losses: how far a total is from the exact one.

    python -m tests.bench.sums [--samples N,N] [--dtypes D,D] [--losses L,L] NAME...

For each loss, dtype and number of samples, of two equal logits each (every loss log 2, so that all
roundings of a running sum go one way) and of random ones, with and without sample weights: the
worst error of each total in units of the dtype's u, against the exact total and against that of its
own losses. `inf` and `nan` are told as they are; `beyond` where the exact total is beyond the
dtype. Each NAME is loaded here, so run one with a Keras backend by itself.
"""

from __future__ import annotations

import argparse
import importlib
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.implementations.table import IMPLEMENTATIONS
from xent_check.problem.dtypes import largest, rounded, unit_roundoff
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import REDUCTIONS, DType, Loss, Reduction

Array = npt.NDArray[Any]


def main() -> int:
    """Print a row for each implementation, loss, dtype and number of samples."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sums", description=__doc__)
    parser.add_argument("--samples", default="1000,8192,100000,1000000")
    parser.add_argument("--dtypes", default="float16,bfloat16,float32")
    parser.add_argument("--losses", default="sparse_categorical,categorical,binary")
    parser.add_argument("names", nargs="+", metavar="NAME", choices=list(IMPLEMENTATIONS))
    chosen = parser.parse_args()
    print("| name | loss | dtype | samples | " + " | ".join(REDUCTIONS) + " |")
    print("|---" * (4 + len(REDUCTIONS)) + "|")
    for name in chosen.names:
        entry = IMPLEMENTATIONS[name]
        os.environ.update(dict(entry.variables))
        module = importlib.import_module(f"xent_check.implementations.adapters.{entry.module}")
        for loss in chosen.losses.split(","):
            for dtype in chosen.dtypes.split(","):
                for count in map(int, chosen.samples.split(",")):
                    told = [_worst(module, loss, dtype, count, r) for r in REDUCTIONS]
                    print(f"| {name} | {loss} | {dtype} | {count} | {' | '.join(told)} |")
    return 0


def _worst(module: Any, loss: Loss, dtype: DType, count: int, reduction: Reduction) -> str:
    """The worst errors over the problems, against the exact losses and against its own."""
    u, exact, own, odd = unit_roundoff(dtype), 0.0, 0.0, set()
    for problem in _problems(loss, dtype, count):
        losses, divisor = _losses(problem), _divisor(problem, reduction)
        answer = module.evaluate(replace(problem, reductions=(reduction,)), "", "cpu")
        total = answer.totals[reduction]
        if not isinstance(total, np.ndarray):
            return "unsupported"
        given, right = float(total.astype(np.float64)), float(losses.sum()) / divisor
        mine = float(answer.losses.astype(np.float64).sum()) / divisor
        if np.isfinite(given):
            exact = max(exact, abs(given - right) / right / u)
            own = max(own, abs(given - mine) / abs(mine) / u)
        else:
            odd.add(f"{given}{' (beyond)' if right > largest(dtype) else ''}")
    return f"{exact:.2g} u, own {own:.2g} u {' '.join(sorted(odd))}".rstrip()


def _problems(loss: Loss, dtype: DType, count: int) -> Iterator[Problem]:
    stream = np.random.RandomState(0)
    shape = (count,) if loss == "binary" else (count, 2)
    for values in (np.zeros(shape), stream.standard_normal(shape)):
        labels = stream.randint(0, 2, count)
        soft = labels if loss == "binary" else np.eye(2)[labels]
        given = labels if loss == "sparse_categorical" else rounded(soft.astype(np.float64), dtype)
        for weight in (None, rounded(stream.uniform(0.5, 1.5, count), dtype)):
            yield Problem(
                loss, "logits", rounded(values, dtype), given, dtype, sample_weight=weight
            )


def _losses(problem: Problem) -> Array:
    x = problem.values.astype(np.float64)
    if problem.loss == "binary":
        losses = np.logaddexp(0, x) - x * problem.labels.astype(np.float64)
    else:
        hard = problem.labels if problem.labels.ndim == 1 else problem.labels.argmax(axis=1)
        losses = np.logaddexp(x[:, 0], x[:, 1]) - x[np.arange(len(x)), hard]
    return losses * _weights(problem)


def _weights(problem: Problem) -> Array:
    weight = problem.sample_weight
    ones: Array = np.ones(problem.samples_shape)
    return ones if weight is None else weight.astype(np.float64)


def _divisor(problem: Problem, reduction: Reduction) -> float:
    if reduction == "sum":
        return 1.0
    return float(_weights(problem).sum() if reduction == "weighted_mean" else len(problem.values))


if __name__ == "__main__":
    raise SystemExit(main())
