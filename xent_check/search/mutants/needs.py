"""Needs: what a problem must have for a bug to show."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import ConductCheck


def _option(name: str) -> Callable[[Problem], bool]:
    return lambda p: name in p.options


def _dtype(*names: str) -> Callable[[Problem], bool]:
    return lambda p: p.dtype in names


def _conduct(name: ConductCheck) -> Callable[[Problem], bool]:
    return lambda p: name in p.conduct


def _total(*names: str) -> Callable[[Problem], bool]:
    return lambda p: bool({*names} & {*p.reductions})


def _classes(least: int) -> Callable[[Problem], bool]:
    return lambda p: p.loss != "binary" and p.num_classes >= least


def _samples(least: int) -> Callable[[Problem], bool]:
    return lambda p: p.kept.size >= least


def _label(least: int) -> Callable[[Problem], bool]:
    return lambda p: p.loss == "sparse_categorical" and bool((p.labels[p.kept] >= least).any())


def _ignored(of: Callable[[int, Problem], bool]) -> Callable[[Problem], bool]:
    return lambda p: p.ignore_index is not None and not p.kept.all() and of(p.ignore_index, p)


def _axis(p: Problem) -> int:
    return p.class_axis % p.values.ndim


def _sums_to_1(p: Problem) -> bool:
    return bool(np.allclose(p.values.astype(np.float64).sum(axis=p.class_axis), 1, atol=1e-6))


def _has_mask(p: Problem) -> bool:
    return p.given == "logits" and bool(np.isneginf(p.values.astype(np.float64)).any())


def _soft_binary(p: Problem) -> bool:
    soft = (p.labels > 0) & (p.labels < 1)
    return p.loss == "binary" and (bool(p.label_smoothing) or bool(soft.any()))


def _begins_masked(p: Problem) -> bool:
    if p.loss == "binary" or not _has_mask(p) or p.num_classes < 33:
        return False
    first = np.moveaxis(p.values, p.class_axis, -1)[..., :32].astype(np.float64)
    return bool(np.isneginf(first).all(axis=-1).any())


def _begins_with_1(p: Problem) -> bool:
    if p.cotangent is None or not p.cotangent.size:
        return False
    return bool(p.cotangent.reshape(-1)[0] == 1 and (p.cotangent != 1).any())


def _has_rows_apart(p: Problem) -> bool:
    """Whether classes stand side by side in memory, and rows not in their order."""
    last = p.loss != "binary" and _axis(p) == p.values.ndim - 1
    return p.layout == "transposed" and last and p.values.ndim > 2 and min(p.values.shape[:2]) > 1


NEEDS: Mapping[str, Callable[[Problem], bool]] = {
    "label_smoothing": _option("label_smoothing"),
    "class_weight": _option("class_weight"),
    "sample_weight": _option("sample_weight"),
    "pos_weight": _option("pos_weight"),
    "ignored samples": _ignored(lambda index, p: True),
    "ignored samples of -100": _ignored(lambda index, p: index == -100),
    "ignored samples below 0": _ignored(lambda index, p: index < 0),
    "infinities in ignored samples": lambda p: p.ignore_index is not None and not np.isfinite(
        np.moveaxis(p.values, p.class_axis, -1)[~p.kept].astype(np.float64)
    ).all(),
    "an ignored class": _ignored(lambda index, p: 0 <= index < p.num_classes),
    "all samples ignored": lambda p: not p.kept.any(),
    "no samples": lambda p: p.kept.size == 0,
    "more than 1 sample": _samples(2),
    "more than 4 samples": _samples(5),
    "a gradient to check": lambda p: p.gradient,
    "no gradient to check": lambda p: not p.gradient,
    "a cotangent": lambda p: p.gradient and p.cotangent is not None,
    "a cotangent that begins with 1": _begins_with_1,
    "a cotangent that is not contiguous": lambda p: p.gradient and p.cotangent_layout is not None,
    "scores and labels that are not contiguous": lambda p: p.layout is not None,
    "transposed sequences": _has_rows_apart,
    "check: inputs": _conduct("inputs"),
    "check: repeatable": _conduct("repeatable"),
    "a total": lambda p: bool(p.reductions),
    "a mean": _total("mean"),
    "a weighted_mean": _total("weighted_mean"),
    "numbers of 16 bits": _dtype("float16", "bfloat16"),
    "float16 numbers": _dtype("float16"),
    "bfloat16 numbers": _dtype("bfloat16"),
    "float32 numbers": _dtype("float32"),
    "float64 numbers": _dtype("float64"),
    "masked classes": _has_mask,
    "a first tile of 32 masked classes": _begins_masked,
    "soft labels": lambda p: p.loss == "categorical",
    "soft binary labels": _soft_binary,
    "probabilities that do not sum to 1": lambda p: (
        p.loss != "binary" and p.given == "probs" and not p.normalize and not _sums_to_1(p)
    ),
    "classes not on the last axis": lambda p: (
        p.loss != "binary" and _axis(p) != p.values.ndim - 1
    ),
    "classes not on axis 1": lambda p: p.loss != "binary" and _axis(p) != 1 and p.values.ndim > 1,
    "classes that fill no tile of 32": lambda p: p.loss != "binary" and p.num_classes % 32 != 0,
    "classes that fill no vector of 8": lambda p: p.loss != "binary" and p.num_classes % 8 != 0,
    "more than 32 classes": _classes(33),
    "more than 65,519 classes": _classes(65_520),
    "more than 65,536 classes": _classes(65_537),
    "labels above 255": _label(256),
    "labels above 256": _label(257),
    "labels above 32,767": _label(32_768),
}  # fmt: skip
"""By name: whether a problem has it. `no case has NAME` is said of one that none has."""
