"""Bugs of the reference in pairs of float64 numbers."""

from __future__ import annotations

from tests.planted import Bug

PAIRS, CLASSES = "test_pairs.py", "test_pairs_classes.py"

BUGS = (
    Bug(
        "the low parts are not added", "reference.pairs:plus",
        "first.low + (x.low + y.low)", "first.low", PAIRS, "cancel",
    ),
    Bug(
        "a cross product is left out", "reference.pairs:times",
        "x.high * y.low + x.low * y.high", "x.high * y.low", PAIRS, "inverses",
    ),
    Bug(
        "an odd number at the end is left out of a total", "reference.pairs:total",
        "x.columns(2 * half)", "x.columns(n)", PAIRS, "levels_share",
    ),
    Bug(
        "ln 2 is two numbers", "reference.pairs:_exp_parts",
        "of(-k * of_ln2[2])", "of(0.0 * k)", PAIRS, "exp_is",
    ),
    Bug(
        "the table is of float64 numbers", "reference.pairs:_exp_parts",
        "np.ldexp(low[place], power)", "0.0 * low[place]", PAIRS, "exp_is",
    ),
    Bug(
        "the series of exp ends too soon", "reference.pairs:_exp_parts",
        "1 / 5040 + x / 40320", "0.0", PAIRS, "exp_is",
    ),
    Bug(
        "log1p is not corrected to the second order", "reference.pairs:log1p",
        "c - c * c / 2", "0.0 * c", PAIRS, "log1p",
    ),
    Bug(
        "the largest logit's own exp is among the others", "pairs_classes:_Rows.of",
        "others = total(_where(~at_top, exps))", "others = total(exps)", CLASSES, "oracle",
    ),
    Bug(
        "what exp drops is not in the radius", "pairs_classes:_Rows.of",
        "part.num_classes * _DROPPED, 0.0)", "0.0, 0.0)", CLASSES, "too_far",
    ),
    Bug(
        "a masked class with a share of the label is computed", "pairs_classes:_Rows.of",
        "here &= usable & ~(masked & (c.high != 0)).any(axis=1)", "here &= usable",
        CLASSES, "too_far",
    ),
    Bug(
        "smoothing is not divided by the classes", "pairs_classes:_coefficients",
        "nearest(e / n)", "nearest(e)", CLASSES, "oracle",
    ),
    Bug(
        "weights may be of any size", "pairs_classes:_is_usable",
        "(size >= 1 / _LARGEST_FACTOR) & ", "", CLASSES, "too_far",
    ),
    Bug(
        "the gradient has no cotangent", "pairs_classes:pair_gradient",
        "times(entries, of(cotangent))", "entries", CLASSES, "oracle",
    ),
    Bug(
        "the others of the largest logit are a difference", "pairs_classes:pair_gradient",
        "np.where(at_top, rows.others.low[:, None], without.low)", "without.low",
        CLASSES, "though_tiny",
    ),
    Bug(
        "the radius of a soft label's entries forgets their sum", "pairs_classes:pair_gradient",
        "np.where(single, 0.0, 2.0**-98)", "0.0", CLASSES, "sum_of_coefficients",
    ),
    Bug(
        "samples left to balls stand at the start of the problem", "reference.reference:_undecided",
        "samples.start + left", "left * 0", CLASSES, "stand_where",
    ),
    Bug(
        "undecided samples are kept", "reference.reference:_undecided",
        "np.flatnonzero(~decided)", "np.flatnonzero(decided & False)", CLASSES, "stand_where",
    ),
)  # fmt: skip
