"""Bugs of the formulas by hand."""

from __future__ import annotations

from . import Bug

LAWS = "test_laws.py"

BUGS = (
    Bug(
        "stable without its shift", "implementations/stable.py",
        "shifted = x - np.max(x, axis=-1, keepdims=True)", "shifted = x", LAWS, "stable",
    ),
    Bug(
        "smoothing of another size", "implementations/manual.py",
        "dtype.type(e / problem.num_classes)", "dtype.type(e)", LAWS, "means",
    ),
    Bug(
        "the mean over all samples", "implementations/manual.py",
        "np.count_nonzero(problem.kept)", "problem.kept.size", LAWS, "sum-is",
    ),
    Bug(
        "ignored samples not ignored", "implementations/manual.py",
        "losses = np.where(problem.kept, losses, losses.dtype.type(0))", "pass", LAWS, "nan",
    ),
    Bug(
        "the classes at another axis", "implementations/manual.py",
        "values = np.moveaxis(problem.values, problem.class_axis, -1)", "values = problem.values",
        LAWS, "manual and axis",
    ),
    Bug(
        "half of the binary loss", "implementations/manual.py",
        "positive * -np.log(p) + (one - t) * -np.log(one - p)", "positive * -np.log(p)", LAWS,
        "manual and two-class",
    ),
    Bug(
        "the sign of the binary logit", "implementations/stable.py",
        "tail + np.maximum(-z, zero), tail + np.maximum(z, zero)",
        "tail + np.maximum(z, zero), tail + np.maximum(-z, zero)", LAWS, "stable and two-class",
    ),
)  # fmt: skip
