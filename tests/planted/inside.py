"""Bugs of the bound of what computes 16 bits in float32."""

from __future__ import annotations

from tests.planted import Bug

INSIDE = "test_bounds_inside.py"

BUGS = (
    Bug(
        "16 bits inside pass for float32", "bounds_inside:inside_float32",
        "wide = bounds_in_parts(problem, reference, _wide)", "wide = in_dtype",
        INSIDE, "log_sum_exp",
    ),
    Bug(
        "the result is not rounded", "bounds_inside:inside_float32",
        "capped(wide.losses + u * rounding + floor)", "wide.losses", INSIDE, "within",
    ),
    Bug(
        "a weight rounds nothing", "bounds_inside:inside_float32",
        "1.0 + sum(weight is not None for weight in weights)", "1.0", INSIDE, "rounding_more",
    ),
    Bug(
        "the gradient of soft labels in float32", "bounds_inside:_one_hot",
        "np.isin(masses, (0.0, 1.0)).all() and ones.all()", "True", INSIDE, "soft_labels",
    ),
    Bug(
        "every mode computes alike", "names:Implementation.computes_in_float32",
        "or self.mode:", "or False:", INSIDE,
        "table_says",
    ),
    Bug(
        "weights of 16 bits are never flushed", "bounds_inside:_wide",
        "np.where(problem.kept, larger * parts.flushed, 0.0)", "0.0", INSIDE, "flushed",
    ),
    Bug(
        "16 bits lose as little as float32 does", "bounds_inside:_wide",
        'FLUSHED[problem.dtype] / FLUSHED["float32"]', "1.0", INSIDE, "flushed",
    ),
)  # fmt: skip
