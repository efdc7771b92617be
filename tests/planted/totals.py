"""Bugs of totals: their bound, and how the formulas by hand add up."""

from __future__ import annotations

from tests.planted import Bug

TOTALS = "test_bounds_totals.py"

BUGS = (
    Bug(
        "16 bits added up in 16 bits are right", "rounding:added_in",
        'return "float32" if dtype in ("float16", "bfloat16") else dtype', "return dtype",
        TOTALS, "added_in_bfloat16",
    ),
    Bug(
        "one running sum is right", "bounds_totals:blocks",
        "summation(min(n, block), dtype)", "n - 1", TOTALS, "one_after_another",
    ),
    Bug(
        "the weights are added up without error", "bounds_totals:_total_bound",
        "(_divisor_error(problem, reduction, divisor, u) + 3 * u) * total", "3 * u * total",
        TOTALS, "sum_of_its_terms",
    ),
    Bug(
        "the signs of the weights count", "bounds_totals:_weights",
        "weights * np.abs(problem.sample_weight", "weights * (problem.sample_weight", TOTALS,
        "cancel or terms",
    ),
    Bug(
        "totals are stored without rounding", "bounds_totals:_total_bound",
        "return sum_error + u * total", "return sum_error", TOTALS, "sum_of_its_terms",
    ),
    Bug(
        "16 bits added up in 16 bits", "manual:added",
        "np.float32 if array.dtype.itemsize == 2 else array.dtype", "array.dtype", TOTALS,
        "by_hand",
    ),
    Bug(
        "classes of 16 bits added up in 16 bits are right", "rounding:additions",
        "if wide == dtype:", "if True:", TOTALS, "many_classes",
    ),
)  # fmt: skip
