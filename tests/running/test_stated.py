"""What a case states of a loss that computes it in a narrower dtype."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.loaded import posed_cases
from xent_check.implementations.names import parse
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.evaluation import Array, Computed, Failed, Unsupported
from xent_check.problem.vocabulary import Reduction
from xent_check.reference.truth import truth
from xent_check.results.report import CaseResult
from xent_check.running.jobs import Job
from xent_check.running.judging import result_of

CASES = """\
loss: sparse_categorical
tolerance: auto
expect: {'f.py:f': {compute: float32, because: it casts the logits}}
"""
EVERYDAY = "logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]]\nlabels: [0, 1]\nreduction: mean\n"
LOGITS = np.array([[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]])


def cross_entropy(logits: np.ndarray, dtype: str) -> np.ndarray:
    """-log softmax at the labels 0 and 1, every operation in the dtype."""
    z = logits.astype(dtype)
    z = z - z.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(z).sum(axis=1, dtype=dtype))
    return np.asarray(log_sum - z[[0, 1], [0, 1]])


def held(folder: Path, text: str, losses: np.ndarray, dtype: str = "float64") -> CaseResult:
    dtypes = ", ".join(dict.fromkeys(["float64", dtype]))
    *_, posed = posed_cases(f"{CASES}{text}matrix: {{dtype: [{dtypes}]}}\n", folder)
    total = np.asarray(losses.mean())
    totals: dict[Reduction, Array | Unsupported] = {}
    if "reduction" in text:
        totals["mean"] = total
    answer = Computed(losses, totals, "f(logits, labels)", 0.0)
    return result_of(Job(posed, parse("f.py:f"), {}), answer, truth(posed.problem), strict=False)


def test_float64_that_is_computed_in_float32_is_known(tmp_path: Path) -> None:
    found = held(tmp_path, EVERYDAY, cross_entropy(LOGITS, "float32"))
    assert (found.status, found.reason) == ("known", "it casts the logits")


@pytest.mark.parametrize(
    ("losses", "reason"),
    [
        (cross_entropy(LOGITS, "float64"), "agrees with the reference"),
        (cross_entropy(LOGITS, "float16"), "not what `expect` states"),
        (cross_entropy(LOGITS, "float32") + np.float32(2e-6), "not what `expect` states"),
    ],
)
def test_what_is_computed_in_another_dtype_or_wrongly_is_not(
    losses: np.ndarray, reason: str, tmp_path: Path
) -> None:
    found = held(tmp_path, EVERYDAY, losses)
    assert found.status == "diverges"
    assert reason in (found.reason or "")


def test_a_total_alone_is_held_too(tmp_path: Path) -> None:
    (posed,) = posed_cases(f"{CASES}{EVERYDAY}dtype: float64\n", tmp_path)
    job, exact = Job(posed, parse("f.py:f"), {}), truth(posed.problem)
    for off, status in ((0.0, "known"), (1e-5, "diverges")):
        mean = np.asarray(cross_entropy(LOGITS, "float32").mean() + np.float32(off))
        answer = Computed(np.empty(0), {"mean": mean}, "f()", 0.0, only_totals="a mean alone")
        assert result_of(job, answer, exact, strict=False).status == status


def test_its_numbers_are_rounded_to_the_dtype_first(tmp_path: Path) -> None:
    """1e8 + 1 is 1e8 in float32: two equal logits, and log 2. In float64 it is log(1 + 1/e)."""
    text = "logits: [[100000001.0, 100000000.0]]\nlabels: [0]\n"
    assert held(tmp_path, text, np.array([np.log(2)], np.float32)).status == "known"
    assert held(tmp_path, text, np.array([np.log1p(np.exp(-1))])).status == "diverges"


def test_what_is_beyond_the_dtype_is_infinite_in_it(tmp_path: Path) -> None:
    """A loss of 1e10, times 1e30."""
    text = "logits: [[0.0, 1.0e+10]]\nlabels: [0]\nsample_weight: [1.0e+30]\n"
    assert held(tmp_path, text, np.array([np.inf], np.float32)).status == "known"
    assert held(tmp_path, text, np.array([np.nan], np.float32)).status == "diverges"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_of_a_case_of_that_dtype_or_a_narrower_one_it_says_nothing(
    dtype: str, tmp_path: Path
) -> None:
    seen = LOGITS.astype(numpy_dtype(dtype))
    right = cross_entropy(seen, "float32").astype(seen.dtype)
    assert held(tmp_path, EVERYDAY, right, dtype).status == "agrees"
    assert held(tmp_path, EVERYDAY, right + right, dtype).status == "diverges"


def test_an_error_in_place_of_its_numbers_is_a_failure(tmp_path: Path) -> None:
    (posed,) = posed_cases(f"{CASES}{EVERYDAY}dtype: float64\n", tmp_path)
    failed = Failed("error", "RuntimeError: view")
    job = Job(posed, parse("f.py:f"), {})
    found = result_of(job, failed, truth(posed.problem), strict=False)
    assert (found.status, found.reason) == ("failed", "RuntimeError: view; numbers were expected")
