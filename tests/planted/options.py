"""Bugs of the table of options, and of what is made from it."""

from __future__ import annotations

from tests.planted import Bug

TABLE = "test_options.py"

BUGS = (
    Bug(
        "the cap comes before the scale", "reference.scores:score",
        "(y / arb(problem.softcap)).tanh()", "(arb(x) / arb(problem.softcap)).tanh()",
        "test_around.py", "before_the_cap",
    ),
    Bug(
        "the slope of a cap is left out", "balls_classes:_from_logits",
        "entries.append(entry * slope(problem, row[i]))", "entries.append(entry)",
        "test_around.py", "within_every",
    ),
    Bug(
        "the z-loss has no sample weight", "balls_classes:_from_logits",
        "z = weight * arb(problem.z_loss)", "z = arb(problem.z_loss)",
        "test_around.py", "inside_the_sample",
    ),
    Bug(
        "a z-loss does not move the logits", "balls_classes:_from_logits",
        "all_coefficients - c + z_slope", "all_coefficients - c", "test_around.py", "within_every",
    ),
    Bug(
        "items are not counted", "divisors:divisor",
        "if problem.num_items is not None:", "if False:", "test_around.py", "nothing_kept",
    ),
    Bug(
        "the rounding of scores is left out of the bound", "bounds_classes:_from_logits",
        'if scored.rescaled:\n        terms["scores"]', 'if False:\n        terms["scores"]',
        "test_around.py", "grows_with",
    ),
    Bug(
        "an ignored sample has a z-loss", "idioms:Idioms.z_losses",
        "return self.masked(", "return (", "test_around_frameworks.py", "ignored",
    ),
    Bug(
        "an option is forgotten by the wire", "wire:encode_problem",
        "for f in fields(problem)\n", 'for f in fields(problem) if f.name != "pos_weight"\n',
        "test_wire.py", "every_field",
    ),
    Bug(
        "the end of a range is not checked", "case:_option_field",
        "Field(ge=least, gt=above, le=most)", "Field(ge=least, gt=above)",
        "test_bad_cases.py", "wrong_types",
    ),
    Bug(
        "an option without a meaning is left out", "problem.options:refuse_unknown",
        "if o.key not in known and o.is_set(options)]", "if False]", TABLE, "no_meaning",
    ),
    Bug(
        "an option is refused where it is not set", "problem.options:refuse_unknown",
        " and o.is_set(options)]", "]", TABLE, "no_meaning",
    ),
    Bug(
        "an option means something from every input", "problem.options:Option.applies",
        "loss in self.losses and given in self.given", "loss in self.losses",
        "test_bad_cases.py", "another_loss",
    ),
    Bug(
        "the normalization must be said in a call", "problem.options:Options",
        'losses=_OF_CLASSES, given=("probs",), needs_support=False,',
        'losses=_OF_CLASSES, given=("probs",),', TABLE, "support",
    ),
    Bug(
        "a synonym comes before the name", "signature:_options",
        "(option.key, *option.synonyms)", "(*option.synonyms, option.key)",
        "test_user_function.py", "own_name",
    ),
    Bug(
        "a wrong answer in more axes is asked for in two", "finding:_kind",
        "(*taken, *wrong))", "tuple(taken))", "test_judging.py", "more_axes",
    ),
    Bug(
        "labels are not known by their name", "signature:_arguments",
        "labels = labels or _first(free, _LABELS)", "pass",
        "test_signature.py", "by_name",
    ),
    Bug(
        "a loss far off is found to compute it", "finding:_of_losses",
        "if not (off <= _CLOSE", "if False and not (off <= _CLOSE",
        "test_finding.py", "found_out",
    ),
    Bug(
        "flattening loses the order of the samples", "shaping:reshaped",
        "np.moveaxis(array, problem.class_axis, -1) if by_class", "array if by_class",
        "test_finding.py", "comes_back",
    ),
    Bug(
        "a default of the function's own stays", "signature:_must_say",
        "return default is not None and not same and value is not None", "return False",
        "test_signature.py", "means_nothing",
    ),
)  # fmt: skip
