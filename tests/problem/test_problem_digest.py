"""The same inputs have the same digest, and other inputs another."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import ml_dtypes
import numpy as np
import pytest

from xent_check.problem.problem import Array, Problem
from xent_check.problem.problem_digest import problem_digest

VALUES = np.array([[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]], dtype=np.float32)
PROBLEM = Problem(
    loss="sparse_categorical",
    given="logits",
    values=VALUES,
    labels=np.array([0, 1]),
    dtype="float32",
    ignore_index=7,
    class_weight=np.array([1.0, 2.0, 3.0], dtype=np.float32),
    sample_weight=np.array([1.0, 0.5], dtype=np.float32),
    reductions=("mean", "sum"),
    gradient=True,
    cotangent=np.array([1.0, 2.0], dtype=np.float32),
)


def changed(array: Array, to: float) -> Array:
    other = array.copy()
    other.reshape(-1)[-1] = to
    return other


@pytest.mark.parametrize(
    "other",
    [
        replace(PROBLEM, loss="categorical"),
        replace(PROBLEM, given="log_probs"),
        replace(PROBLEM, values=changed(VALUES, float(np.nextafter(np.float32(0.3), 1)))),
        replace(PROBLEM, values=VALUES.T.copy()),
        replace(PROBLEM, values=VALUES.reshape(3, 2)),
        replace(PROBLEM, labels=np.array([0, 2])),
        replace(PROBLEM, dtype="float64"),
        replace(PROBLEM, values=VALUES.astype(np.float16)),
        replace(PROBLEM, class_axis=0),
        replace(PROBLEM, normalize=False),
        replace(PROBLEM, ignore_index=None),
        replace(PROBLEM, label_smoothing=0.1),
        replace(PROBLEM, class_weight=None),
        replace(PROBLEM, class_weight=changed(np.ones(3, np.float32), 2.0)),
        replace(PROBLEM, sample_weight=np.ones(2, np.float32)),
        replace(PROBLEM, sample_weight=None, class_weight=None),
        replace(PROBLEM, pos_weight=np.ones(3, np.float32)),
        replace(PROBLEM, reductions=("mean",)),
        replace(PROBLEM, gradient=False),
        replace(PROBLEM, cotangent=np.ones(2, np.float32)),
    ],
)
def test_other_inputs_have_another_digest(other: Problem) -> None:
    assert problem_digest(other) != problem_digest(PROBLEM)


def test_the_same_inputs_have_the_same_digest_wherever_they_lie() -> None:
    far = replace(
        PROBLEM,
        values=np.asfortranarray(VALUES),
        labels=np.array([0, 9, 1, 9])[::2],
        reductions=("sum", "mean"),
    )
    assert problem_digest(far) == problem_digest(PROBLEM)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
def test_one_nan_is_like_another_and_a_zero_has_its_sign(dtype: type[np.generic]) -> None:
    values = np.array([[np.nan, 0.0, 1.0]]).astype(dtype)
    other_nan = values.copy()
    other_nan[0, 0] = -other_nan[0, 0]
    assert values.tobytes() != other_nan.tobytes()
    first = replace(PROBLEM, values=values)
    assert problem_digest(first) == problem_digest(replace(PROBLEM, values=other_nan))
    signed = replace(PROBLEM, values=np.array([[np.nan, -0.0, 1.0]]).astype(dtype))
    assert problem_digest(first) != problem_digest(signed)


def test_the_digest_is_that_of_the_baselines_that_people_have() -> None:
    """SHA-256 over what is set, in the order in which a baseline's digests have it."""
    pieces = [
        b"loss 'sparse_categorical'\ngiven 'logits'\n",
        b"values float32 [2, 3]\n" + np.array(VALUES, "<f4").tobytes(),
        b"labels int64 [2]\n" + np.array([0, 1], "<i8").tobytes(),
        b"dtype 'float32'\nclass_axis 1\nnormalize False\nignore_index 7\n",
        b"label_smoothing 0.1\n",
        b"class_weight float32 [3]\n" + np.array([1, 2, 3], "<f4").tobytes(),
        b"pos_weight float32 []\n" + np.array(2, "<f4").tobytes(),
        b"sample_weight float32 [2]\n" + np.array([1, 0.5], "<f4").tobytes(),
        b"reductions ['mean', 'sum']\ngradient True\n",
        b"cotangent float32 [2]\n" + np.array([1, 2], "<f4").tobytes(),
    ]
    whole = replace(
        PROBLEM,
        class_axis=1,
        normalize=False,
        label_smoothing=0.1,
        pos_weight=np.array(2, np.float32),
    )
    assert problem_digest(whole) == hashlib.sha256(b"".join(pieces)).hexdigest()[:16]


def test_the_last_of_many_numbers_counts() -> None:
    many = np.zeros((3, 2**19), dtype=np.float32)
    first = replace(PROBLEM, values=many)
    assert problem_digest(first) != problem_digest(replace(PROBLEM, values=changed(many, 1.0)))
