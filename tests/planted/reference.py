"""Bugs of the reference."""

from __future__ import annotations

from tests.planted import Bug

REFERENCE = "test_reference.py"

BUGS = (
    Bug(
        "log for log1p", "balls_classes:_from_logits",
        "log_sum = others.log1p()", "log_sum = others.log()", REFERENCE, "row_of_logits",
    ),
    Bug(
        "smoothing not divided by the classes", "balls_classes:_targets",
        "e / n", "e", REFERENCE, "under_smoothing",
    ),
    Bug(
        "a coefficient that cancels is a ball around 0", "balls_classes:_targets",
        "arb(fmpq(*t.as_integer_ratio()) * own + shared)", "arb(t) * arb(own) + arb(shared)",
        "test_both_signs.py", "infinite",
    ),
    Bug(
        "class weight left out", "balls_classes:class_answers",
        "t * arb(w) * scale", "t * scale", REFERENCE, "under_smoothing",
    ),
    Bug(
        "ignored samples kept", "balls_classes:class_answers",
        "if not kept[i]:", "if False:", REFERENCE, "ignored",
    ),
    Bug(
        "a label above the classes wraps", "balls_classes:_targets",
        "if not 0 <= label < n:\n            return None",
        "if label < 0:\n            return None\n        label %= n", REFERENCE, "row_of_logits",
    ),
    Bug(
        "scores that are scaled are exact", "float64:_enclosed",
        "(K + 4) * U * computed.size", "0 * computed.size", "test_float64.py",
        "rounding_of_a_score",
    ),
    Bug(
        "pos_weight left out", "balls_binary:binary_answers",
        "target * arb(pos_weights[i])", "target", REFERENCE, "pos_weight",
    ),
    Bug(
        "probabilities never divided by their sum", "balls_classes:_from_probs",
        "if problem.normalize else arb(1)", "if False else arb(1)", REFERENCE, "with_and_without",
    ),
    Bug(
        "the radius left out", "extended_reals:_split",
        "radius = float(remainder)", "remainder = arb(radius := 0.0)",
        REFERENCE, "oracle_is_within",
    ),
    Bug(
        "the gradient without its target", "balls_classes:_from_logits",
        "- c * rest) / exp_sum", ") / exp_sum",
        REFERENCE, "oracles_gradient and logits",
    ),
)  # fmt: skip
