"""Numbers of another dtype than was asked for: never held to a coarser ulp than the case's."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.command import xent_check
from xent_check.casefile.loading import Filter, load
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.evaluation import Computed
from xent_check.problem.expectation import Expectation, Published
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.reference.bounds import Bounds, bounds
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import Reference, reference
from xent_check.reference.truth import Truth
from xent_check.results.comparison import Comparison, compare
from xent_check.results.verdict import judge

# One unit in the last place of a number from 1 up to 2: IEEE 754-2008 table 3.5, bfloat16's from
# its 8 significant bits.
ULP = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
ONE_ULP = Tolerance(ulps=1)


def enclosed(values: Any) -> Enclosure:
    array = np.asarray(values, dtype=np.float64)
    return Enclosure(array, np.zeros_like(array), np.zeros_like(array))


def held(
    actual: float, target: float, computed: str, asked: str, tolerance: Tolerance | Auto = ONE_ULP
) -> Comparison:
    """The same number as the one loss, the sum, the gradient, and what is stated of each."""
    array = np.array([actual], dtype=numpy_dtype(computed))
    exact = Reference(
        enclosed([target]), {"sum": enclosed(target)}, {"sum": 1.0}, enclosed([target])
    )
    stated = Published(np.array([target]), np.zeros(1))
    total = Published(np.asarray(target), np.zeros(()))
    expectation = Expectation(stated, {"sum": total}, stated, None, None, None)
    size = np.array([abs(target) * ULP[asked]])
    bounds = Bounds(size, {"sum": float(size[0])}, size, {}, ULP[asked] / 2)
    answer = Computed(array, {"sum": array[0]}, "call", 0.0, array)
    return compare(answer, exact, tolerance, expectation, bounds, asked)


def parts(comparison: Comparison) -> list[Any]:
    return [*comparison.by_reference.values(), *comparison.by_expectation.values()]


@pytest.mark.parametrize("asked", ULP)
@pytest.mark.parametrize("computed", ULP)
def test_an_ulp_is_of_the_finer_of_the_two_dtypes(computed: str, asked: str) -> None:
    ulp = ULP[computed]
    comparison = held(1 + ulp, 1.0, computed, asked)
    finer = min(ulp, ULP[asked])
    for part in parts(comparison):
        assert part.ulps.tolist() in ([ulp / finer], ulp / finer)
        assert bool(part.agrees.all()) == (ulp <= ULP[asked])
        assert part.ulps_of(() if not part.ulps.ndim else (0,)) == (
            computed if ulp <= ULP[asked] else asked
        )
    again = comparison.under(ONE_ULP)
    assert [p.allowed.tolist() for p in parts(again)] == [
        p.allowed.tolist() for p in parts(comparison)
    ]


def test_a_total_that_follows_from_stated_losses_has_no_coarser_ulp_either() -> None:
    array = np.array([1 + ULP["float16"]], dtype=np.float16)
    exact = Reference(enclosed([1.0]), {"sum": enclosed(1.0)}, {"sum": 1.0}, None)
    stated = Expectation(Published(np.ones(1), np.zeros(1)), {}, None, None, None, None)
    answer = Computed(array, {"sum": array[0]}, "call", 0.0)
    tolerance = Tolerance(ulps=0)
    assert (
        not compare(answer, exact, tolerance, stated, None, "float64").expected_totals["sum"].agrees
    )
    assert compare(answer, exact, tolerance, stated, None, "float16").expected_totals["sum"].agrees


def test_where_one_of_two_16_bit_dtypes_is_finer_its_ulp_counts() -> None:
    """At 2^-20 float16 has its smallest spacing, 2^-24; bfloat16's is 2^-27 there."""
    tiny = 2.0**-20
    (loss, *_) = parts(held(tiny + 2.0**-24, tiny, "float16", "bfloat16"))
    assert (loss.ulps.tolist(), loss.agrees.all()) == ([8.0], False)
    assert loss.ulps_of((0,)) == "bfloat16"


@pytest.mark.parametrize(
    ("target", "computed", "asked", "agrees"),
    [
        (1e5, "float16", "float32", False),  # beyond float16, whose largest is 65504
        (1e5, "float16", "float16", True),
        (1e5, "float32", "float16", False),  # float32 has the number
        (1e39, "float16", "float32", True),  # beyond both
        (1e39, "float32", "float64", False),
    ],
)
def test_auto_takes_the_infinity_of_no_narrower_dtype(
    target: float, computed: str, asked: str, agrees: bool
) -> None:
    comparison = held(math.inf, target, computed, asked, "auto")
    assert [bool(part.diverging) for part in comparison.by_reference.values()] == [not agrees] * 3


# ---- through the command ----------------------------------------------------------------------

CASE = """
loss: sparse_categorical
dtype: float64
logits: [[1.25, 0.5, -2.0], [0.5, 2.5, 0.3], [3.0, 0.25, 4.0]]
labels: [2, 0, 1]
"""
# The same as a formula in float64, stored in float16.
ANSWER = """
import numpy as np
def f(logits, labels):
    logits = np.float64(logits)
    log_sum = np.log(np.exp(logits).sum(axis=1))
    return (log_sum - logits[np.arange(3), labels]).astype({dtype})
"""


def case(folder: Path, dtype: str) -> None:
    (folder / "case.yaml").write_text(CASE)
    (folder / "f.py").write_text(ANSWER.format(dtype=dtype))


def test_a_downcast_diverges_by_its_name_and_stays_so_when_judged_again(tmp_path: Path) -> None:
    case(tmp_path, "'float16'")
    done = xent_check(tmp_path, "run", "case.yaml", "-i", "f.py:f", "--report", "json=run.json")
    assert done.code == 1
    (result,) = json.loads((tmp_path / "run.json").read_text())["results"]
    assert (result["dtype"], result["asked_dtype"]) == ("float16", "float64")
    assert result["status"] == "diverges"
    (why,) = result["explanation"]
    assert (why["id"], why["parameters"]["which"]) == ("dtype", "float16")
    assert result["notes"] == [
        "asked for float64, it computed in float16; an ulp is one of float64"
    ]
    assert result["max_ulps"] > 1e9  # of float64: float16 has 42 significant bits fewer
    judged = xent_check(tmp_path, "judge", "run.json", "--report", "json").json["results"][0]
    assert {k: judged[k] for k in result} == result
    for tolerance, code in (("2e-6", 1), ("1e-2", 0), ("auto", 1)):
        assert xent_check(tmp_path, "judge", "run.json", "--tolerance", tolerance).code == code
    assert "ulps of float64" in " ".join(xent_check(tmp_path, "judge", "run.json").out.split())


def test_more_digits_than_were_asked_for_are_held_to_their_own_ulp(tmp_path: Path) -> None:
    case(tmp_path, "'float64'")
    (tmp_path / "case.yaml").write_text(
        CASE.replace("float64", "float32") + "tolerance: {ulps: 4}\n"
    )
    done = xent_check(tmp_path, "run", "case.yaml", "-i", "f.py:f", "--report", "json")
    assert done.code == 0
    (result,) = done.json["results"]
    assert (result["dtype"], result["asked_dtype"]) == ("float64", "float32")
    assert "asked for float32, it computed in float64; an ulp is one of float64" in result["notes"]
    assert 0 < result["max_ulps"] <= 4


def test_a_part_of_another_dtype_than_the_losses_is_noted(tmp_path: Path) -> None:
    case(tmp_path, "'float64'")
    (posed,) = load([str(tmp_path / "case.yaml")], Filter())
    problem = replace(posed.problem, reductions=("mean",))
    exact = reference(problem)
    mean = exact.totals["mean"].high.astype(np.float32)
    answer = Computed(exact.losses.high, {"mean": mean}, "call", 0.0)
    truth = Truth(exact, bounds(problem, exact))
    result = judge(posed.case, problem, "torch", answer, truth, None)
    assert result.status == "agrees"  # within 2e-6
    said = "asked for float64, it gave the mean in float32; an ulp is one of float64"
    assert result.notes == (said,)
