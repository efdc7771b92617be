"""Bugs of the bounds: too wide, too narrow, or not finite."""

from __future__ import annotations

from tests.planted import Bug

PINNED = "test_bounds_pinned.py"
FORMS = "test_bounds_forms.py"
FLUSHED = "test_bounds_flushed.py"
EXTREMES = "test_extremes.py"

BUGS = (
    Bug(
        "an improbable class may be as wrong as any", "bounds_classes:_from_logits",
        "spread = 2 * (p * gap) + p * shared", "spread = 2 * gap + shared", PINNED, "improbable",
    ),
    Bug(
        "a probability times its log twice", "bounds_binary:_from_probs",
        "(b * log_p + r * log_q),\n        \"complement\": r",
        "(quotient(b, log_p) + r * log_q),\n        \"complement\": r", PINNED, "formula",
    ),
    Bug(
        "a quotient that is not divided", "rounding:quotient",
        "ratio = np.divide(over, under, out", "ratio = np.divide(over, 1.0, out", PINNED, "near_0",
    ),
    Bug(
        "all of the smoothing for half of it", "bounds_binary:binary_parts",
        "t * (1 - e) + e / 2 if e", "t * (1 - e) + e if e", PINNED, "half_of_it",
    ),
    Bug(
        "the smoothing of one class for all", "bounds_classes:_coefficients",
        "targets * (1 - e), e / n", "targets * (1 - e), e", PINNED, "formula",
    ),
    Bug(
        "class weights that widen nothing", "bounds_classes:_coefficients",
        "capped(targets * weight), mixed,", "capped(targets), mixed,", PINNED, "formula",
    ),
    Bug(
        "coefficients of both signs taken for those of one", "bounds_classes:_from_logits",
        "np.where(rows.mixed, c_sum * p + c, np.abs(c_sum * p - c))",
        "np.abs(c_sum * p - c)", "test_both_signs.py", "within",
    ),
    Bug(
        "an epsilon above 1 that lets nothing cancel", "bounds_classes:_coefficients",
        "e > 1)", "False)", "test_both_signs.py", "within",
    ),
    Bug(
        "sample weights that widen nothing", "bounds_classes:class_parts",
        "capped(c * weight[at, None])", "capped(c)", PINNED, "formula",
    ),
    Bug(
        "a positive weight that widens nothing", "bounds_binary:binary_parts",
        "b = capped(a * positive)", "b = capped(a)", PINNED, "formula",
    ),
    Bug(
        "a gradient's bound without its cotangent", "bounds_classes:_parts",
        "entry * cotangent, entry_lost", "entry, entry_lost", PINNED, "formula",
    ),
    Bug(
        "the sum of probabilities never divided by", "bounds_classes:_from_others",
        "entry = entry + relative * quotient(c_sum, total)", "pass", PINNED, "normalize",
    ),
    Bug(
        "Keras's logs of probabilities are exact", "bounds_classes:_from_others",
        "relative = (KL + 2) * spread + (1 + KL)", "relative = (1 + KL)", PINNED, "formula",
    ),
    Bug(
        "dividing by the sum is no choice", "bounds_classes:_from_others",
        'terms["renormalise"] = c_sum / u * np.abs(np.log(total))', "pass", PINNED, "formula",
    ),
    Bug(
        "soft labels cancel nothing", "bounds_binary:_from_logits",
        "products = 2 * gap + b * on_one + r * on_zero", "products = 0 * size", FORMS,
        "exceeds and soft",
    ),
    Bug(
        "jax's exponent is exact", "bounds_binary:_from_logits",
        "exponent = size + (KL + 3)", "exponent = (KL + 3)", FORMS, "exceeds and hard",
    ),
    Bug(
        "a small positive weight may cancel", "bounds_binary:_from_logits",
        "np.where(b == 0, 0.0, 4 * (b_plus_r * on_one))", "elements.u * np.ones(size.shape)", FORMS,
        "small_positive",
    ),
    Bug(
        "a flushed weight costs one number", "bounds_classes:_from_logits",
        "lost = FLUSHES * (rows.live * up(losses)).sum(axis=1, keepdims=True) + n * live",
        "lost = live", FLUSHED,
    ),
    Bug(
        "a flushed binary weight costs one number", "bounds_binary:_from_logits",
        "lost = _flushed(elements, on_one, on_zero)",
        "lost = elements.live_b * 0", FLUSHED,
    ),
    Bug(
        "a flushed cotangent costs one number", "bounds_classes:_parts",
        "entry_lost * up(cotangent)", "entry_lost * 0", FLUSHED,
    ),
    Bug(
        "a gap of float64's largest numbers is infinite", "bounds_classes:_from_logits",
        "gap = 2 * np.minimum(half, LARGEST / 2)", "gap = 2 * half", EXTREMES, "warning",
    ),
    Bug(
        "no infinity but beyond the dtype", "difference:within_range",
        "- allowed\n    return np.where(beyond", "\n    return np.where(beyond", EXTREMES,
        "infinity",
    ),
    Bug(
        "any infinity near the dtype's end", "difference:within_range",
        "beyond & (actual == np.copysign(np.inf, target))", "beyond & np.isinf(actual)", EXTREMES,
        "infinity",
    ),
    Bug(
        "the residual of the label is that of another class", "bounds_one_class:_entries",
        "np.abs(p - 1) - p + roundings", "roundings", "test_bounds_one_class.py", "coefficients",
    ),
    Bug(
        "the gradient of a sample that is left out is bounded", "bounds_one_class:one_class_parts",
        "c = np.where(problem.kept.reshape(-1), capped(c * cotangent), 0.0)",
        "c = capped(c * cotangent)", "test_bounds_one_class.py", "coefficients",
    ),
    Bug(
        "a flushed weight of one class costs one number", "bounds_one_class:one_class_parts",
        "lost = FLUSHES * (live * up(losses)) + n * live", "lost = live", FLUSHED,
    ),
    Bug(
        "a flushed cotangent of one class costs one number", "bounds_one_class:one_class_parts",
        "capped(FLUSHES * live * up(cotangent))", "live", FLUSHED,
    ),
    Bug(
        "an improbable one of many classes may be as wrong as any", "bounds_one_class:_entries",
        "exps *= scale", "exps = scale + 0 * exps", PINNED, "improbable",
    ),
)  # fmt: skip
