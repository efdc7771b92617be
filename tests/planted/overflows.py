"""Bugs in what is said of numbers that are infinite on the way."""

from __future__ import annotations

from tests.planted import Bug

TESTS = "test_overflows.py"

BUGS = (
    Bug(
        "a logit of 0 has both halves", "gradients_by_meaning:_of_pos_weight",
        "np.where(over.astype(dtype) == 0, 1 - t, ", "np.where(over > np.inf, 1 - t, ", TESTS,
        "flat_at",
    ),
    Bug(
        "a cap makes no 0 of a logit", "gradients_by_meaning:_of_pos_weight",
        "m.scores * m.logit_scale / m.softcap", "z", TESTS, "a_cap_makes_0",
    ),
    Bug(
        "a sum with a pos_weight is exact", "gradients_by_meaning:_of_pos_weight",
        "((least + one) - t.astype(dtype)).astype(np.float64)", "positive + 1 - t", TESTS,
        "pos_weight_that_cancels",
    ),
    Bug(
        "a masked row has targets of 0 as any other", "hypotheses.scores:zero_targets_skipped",
        "zero_times_nan=False", "zero_times_nan=True", TESTS, "no_softmax",
    ),
    Bug(
        "labels taken to sum to 1 have their own rounding", "gradient_candidates:of_meanings",
        "if name == SUM_TO_1.id and", "if False and", TESTS, "rounding_of_a_whole",
    ),
    Bug(
        "labels taken to sum to 1 overflow as they are", "stated_reasons:gradient_given_by",
        "asked.append(summing_to_1(problem))", "pass", TESTS, "overflow_as_such",
    ),
    Bug(
        "a cotangent of 0 leaves out an infinite derivative",
        "gradients_by_meaning:_of_infinite_shares", "made * problem.cotangent",
        "np.nan_to_num(made) * problem.cotangent", TESTS, "cotangent_of_0",
    ),
    Bug(
        "a loss beyond float64 is infinite by its meaning", "overflows:_held",
        "np.isfinite(losses) | beyond", "np.isfinite(losses)", TESTS, "beyond_float64",
    ),
    Bug(
        "the derivative of a cap is left out of a changed gradient",
        "gradients_by_meaning:_slope_of_score", "if m.softcap is None:", "if True:", TESTS,
        "through_a_cap or through_a_scale",
    ),
    Bug(
        "a z-loss has no derivative in a changed gradient", "gradients_by_meaning:_of_z_loss",
        "if not m.z_loss:", "if True:", TESTS, "z_loss",
    ),
    Bug(
        "what is clipped keeps its derivative", "gradients_by_meaning:_of_clipped",
        "before = np.where(real, both, 0.0)", "before = both", TESTS, "clipped_probabilities",
    ),
    Bug(
        "a row that does not count has no nan", "gradients_by_meaning:_of_zeros",
        "[slopes] if start.kept.all() else [slopes, of_all]", "[slopes]", TESTS, "not_count",
    ),
    Bug(
        "an overflow explains the finite entries of a gradient", "diagnosis.gradients:_diagnosis",
        "aside=lost", "aside=differing", TESTS, "beside_a_reason",
    ),
    Bug(
        "probabilities are divided by their sum once", "log_probabilities:_emulated",
        'if meaning.formula == "unshifted, divided twice":', "if False:", TESTS, "divided_twice",
    ),
    Bug(
        "a weight of 0 drops a loss of inf for all", "diagnosis.losses:sample_losses",
        "dropped = not meaning.weight_times_inf", "dropped = True", TESTS, "masked_label",
    ),
    Bug(
        "any loss of a large logit keeps its spacing", "common_offset:keeps_its_spacing",
        "(off <= slack) & ", "", TESTS, "keeps_the_spacing",
    ),
    Bug(
        "a number on the grid is near wherever it is", "common_offset:keeps_its_spacing",
        "(np.abs(plain - exact) <= _NEAR * grid)", "True", TESTS, "keeps_the_spacing",
    ),
    Bug(
        "a z-loss is part of what keeps a spacing", "common_offset:keeps_its_spacing",
        "(losses / outer - more) / inner", "losses / outer / inner", TESTS, "z_loss_are_taken",
    ),
    Bug(
        "any nan stands beside what keeps a spacing", "diagnosis.diagnosis:of_a_common_offset",
        "if lost.any():", "if False:", TESTS, "stand_beside",
    ),
    Bug(
        "a scaled maximum is never rounded", "overflows:_on_the_way",
        "lost = unit_roundoff(m.dtype) * ", "lost = 0.0 * ", TESTS, "scaled_maximum",
    ),
    Bug(
        "the sum of exps of a z-loss is exact", "log_probabilities:log_sum_exp",
        'if meaning.formula.startswith("unshifted"):', "if False:", TESTS, "below_the_normal",
    ),
    Bug(
        "an overflow explains a finite number too", "diagnosis:_overflow",
        " or not lost[differing].all()", "", TESTS, "no_finite_number",
    ),
    Bug(
        "an overflow in one sample explains all", "overflows:reason",
        "if not over or not explained[samples].all():", "if not over:", TESTS, "none_in_another",
    ),
    Bug(
        "a masked class has to overflow", "overflows:reason",
        "explained = infinite.copy()", "explained = np.zeros_like(infinite)", TESTS,
        "masked_class",
    ),
    Bug(
        "what the dtype holds overflows", "overflows:_beyond",
        "most = largest(meaning.dtype)", "most = 0.5 * largest(meaning.dtype)", TESTS,
        "no_overflow",
    ),
    Bug(
        "the sum of the losses is not looked at", "overflows:of_total",
        'sums = [("the sum of the losses", np.where(np.isfinite(losses), losses, 0.0))]',
        "sums = list[tuple[str, Float64s]]()", TESTS, "mean_does_not_show",
    ),
    Bug(
        "a class whose target is 0 has no 1 / p", "overflows:_on_the_way_back",
        "_most(1 / p, p > 0)", "_most(1 / p, (p > 0) & (factors != 0))", TESTS, "way_back",
    ),
    Bug(
        "a loss beyond the dtype is to be finite", "evidence:Evidence.residuals",
        "if infinite.any():", "if False:", TESTS,
        "infinite_in_it",
    ),
    Bug(
        "numbers that float64 cannot hold are the exact ones", "attached_diagnosis:_diagnosis",
        "diverging=True", "diverging=False", "test_verdict.py", "float64_cannot_hold",
    ),
    Bug(
        "soft labels without class weights weigh 1", "targets:weights_of",
        "targets.sum(axis=1) if of_classes is None", "1.0 if of_classes is None", TESTS,
        "no_weight",
    ),
    Bug(
        "every small number is subnormal", "hypotheses.scores:flushed",
        "least = FLUSHED[m.dtype]", "least = 1e-20", TESTS, "read_as_0",
    ),
)  # fmt: skip
