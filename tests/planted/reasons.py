"""Bugs in reasons of soft labels, of layouts, and of two changes at once."""

from __future__ import annotations

from tests.planted import Bug

TESTS = "test_soft_labels_and_layouts.py"
GRADIENTS = "test_gradients.py"
TOGETHER = "test_explain_together.py"

BUGS = (
    Bug(
        "the weight is that of the smallest target", "targets:weighted_targets",
        "hard.argmax(axis=1)", "hard.argmin(axis=1)", TESTS, "largest_target",
    ),
    Bug(
        "the divergence is the loss", "losses:terms_of",
        "terms + _log_shares(targets)", "terms", TESTS, "divergence",
    ),
    Bug(
        "rare pairs are not tried", "diagnosis:_two_that_many_confirm",
        "if evidence.differing.sum() < ENOUGH:", "if True:", TESTS, "together",
    ),
    Bug(
        "no value is solved beside a layout", "solving:beside_another_change",
        "(*alone[:_FIRSTS], *layouts)", "alone[:_FIRSTS]", TESTS, "together",
    ),
    Bug(
        "a constant is never rounded", "hypotheses.scores:epsilon_in_log",
        "float(np.float32(epsilon))", "epsilon", TESTS, "rounded_to_float32",
    ),
    Bug(
        "a pos_weight keeps its digits", "hypotheses.further:_pos_weight_rounded",
        "_in(m.dtype, _in(m.dtype, m.pos_weight - 1) * t)", "(m.pos_weight - 1) * t",
        "test_rarer.py", "cancels",
    ),
    Bug(
        "an infinite constant is told as a number", "hypotheses.further:_constants_folded",
        'f"{constant.reshape(-1)[0]:g}"', "constant.reshape(-1)[0].item()", "test_rarer.py",
        "one_constant",
    ),
    Bug(
        "a constant keeps its digits", "hypotheses.further:_constants_folded",
        "_in(m.dtype, scale * _in(m.dtype, 1 / cap))", "scale * _in(m.dtype, 1 / cap)",
        "test_rarer.py", "one_constant",
    ),
    Bug(
        "the first readings are taken", "separation:separation",
        "key=lambda one: sum(len(changes) for _, changes in one.own)", "key=lambda one: 0",
        TOGETHER, "both_may_share",
    ),
    Bug(
        "rounding is a choice", "separation:_of",
        "() if one.id == ROUNDING else one.changes", "one.changes", TOGETHER, "one_of_two",
    ),
    Bug(
        "numbers and an answer have one name", "pasted:explain_each",
        "if name in beside else", "if False else", TOGETHER, "told_apart",
    ),
    Bug(
        "two lists of one name are taken", "pasted:name_mistakes",
        "if name and count > 1:", "if False:", TOGETHER, "wrong_list",
    ),
    Bug(
        "a heading is among the numbers", "printed_numbers:parse_numbers",
        "_without_heading(text)", "text", TOGETHER, "as_they_were_printed",
    ),
    Bug(
        "a gradient's factor is confirmed by its own entry", "gradient_candidates:scaled",
        "if abs(short - factor) <= slack and fits.all() and short != 1:", "if short != 1:",
        GRADIENTS, "factor",
    ),
    Bug(
        "a printed gradient is exact", "gradient_candidates:ObservedGradient.candidate",
        "+ self.units", "", GRADIENTS, "printed",
    ),
    Bug(
        "any gradient is some reason's by chance", "diagnosis.gradients:_supported",
        "and chance <= most", "", GRADIENTS, "printed",
    ),
    Bug(
        "the derivative of the cap is not tried", "hypotheses.gradients:_without_derivative",
        "if cap is None else cap * np.tanh(inner / cap)", "", GRADIENTS, "each_reason",
    ),
    Bug(
        "a case's own loss of 0 is nothing computed", "diagnosis:_nearly_zero",
        "1 if nothing else", "0 if nothing else", TESTS, "just_nothing",
    ),
    Bug(
        "the bias's gradient is that of the weight", "last_layer:through_layer",
        'rows.T @ hidden if by == "weight" else rows.sum(axis=0)', "rows.T @ hidden",
        GRADIENTS, "last_layer",
    ),
    Bug(
        "a part of an answer is another answer", "separation:separation",
        "told_apart = len({*whose}) == len(whose) > 1", "told_apart = len(whose) > 1",
        "test_api.py", "by_what_they_are_by",
    ),
    Bug(
        "four numbers confirm two values", "solving_two:two_solved",
        "if len(numbers.differing) <= 2 * SPENT:", "if False:", "test_solving_two.py", "too_few",
    ),
    Bug(
        "a reason for a total is as likely however far off", "evidence:Evidence.closeness",
        "max(residual, least)", "least", "test_solving.py", "how_closely",
    ),
)  # fmt: skip
