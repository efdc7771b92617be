"""Bugs of the formulas by hand."""

from __future__ import annotations

from tests.planted import Bug

LAWS = "implementations/test_laws.py"

BUGS = (
    Bug(
        "stable without its shift", "stable:_shifted",
        "shifted = x - np.max(x, axis=-1, keepdims=True)", "shifted = x", LAWS, "stable",
    ),
    Bug(
        "smoothing of another size", "manual:targets",
        "dtype.type(e / problem.num_classes)", "dtype.type(e)", LAWS, "means",
    ),
    Bug(
        "the mean over all samples", "manual:_total",
        "np.count_nonzero(problem.kept)", "problem.kept.size", LAWS, "sum-is",
    ),
    Bug(
        "ignored samples not ignored", "manual:answer",
        "losses = np.where(problem.kept, losses, losses.dtype.type(0))", "pass", LAWS, "nan",
    ),
    Bug(
        "the classes at another axis", "manual:categorical",
        "values = np.moveaxis(scores(problem), problem.class_axis, -1)", "values = scores(problem)",
        LAWS, "manual and axis",
    ),
    Bug(
        "half of the binary loss", "manual:binary",
        "positive * -np.log(p) + (one - t) * -np.log(one - p)", "positive * -np.log(p)", LAWS,
        "manual and two-class",
    ),
    Bug(
        "the sign of the binary logit", "stable:binary",
        "tail + np.maximum(-z, zero), tail + np.maximum(z, zero)",
        "tail + np.maximum(z, zero), tail + np.maximum(-z, zero)", LAWS, "stable and two-class",
    ),
)  # fmt: skip
