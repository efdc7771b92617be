"""Bugs in what the diagnosis computes for a reason."""

from __future__ import annotations

from tests.planted import Bug

READINGS = "test_candidates.py"
MEANING = "test_losses.py"

BUGS = (
    Bug(
        "a reason that the numbers contradict stands", "attached_diagnosis:contradicts",
        "hypothesis not in ids", "False", "test_explain.py", "contradict",
    ),
    Bug(
        "a declared reason that gives some of the numbers stands", "stated_reasons:_alone",
        "evidence.agreeing(one).all()", "evidence.agreeing(one).any()",
        "test_diagnosis.py", "reproduces",
    ),
    Bug(
        "any reason is taken for the declared one", "candidates:by_hypothesis",
        "if hypothesis.id == name:", "if True:", "test_diagnosis.py", "reproduces",
    ),
    Bug(
        "a hypothesis that is none", "field_types:hypothesis_id",
        "if value not in HYPOTHESIS_IDS:", "if False:", "test_bad_cases.py", "reasons_with",
    ),
    Bug(
        "a report of another reason is cited", "known_issues:known_issues",
        "if any(entry.hypothesis in hypotheses for entry in entries):", "if entries:",
        "test_explain.py", "cited",
    ),
    Bug(
        "another framework's report is cited", "known_issues:reports_in",
        "if match[1] in owners", "", "test_explain.py", "cited",
    ),
    Bug(
        "a binary loss of log-probabilities is never clipped", "hypotheses.scores:clipped",
        "m = replace(m, scores=np.exp(m.scores), is_log=False)\n    ends",
        "m = replace(m, scores=np.exp(m.scores), is_log=False)\n    if m.binary:\n"
        "        return\n    ends",
        "test_diagnosis.py", "clipped_whether",
    ),
    Bug(
        "a value need not give the last number", "solving:_of_family",
        "if (off <= within).all():", "if (off <= within)[:-1].all():",
        "test_solving.py", "witness",
    ),
    Bug(
        "a label with one sample has its own weight", "solving:_class_weights",
        "if usable.size < 2:", "if usable.size < 1:", "test_solving.py", "confirms",
    ),
    Bug(
        "weights below 0 are weights", "solving:_class_weights",
        "if weight < 0 or not", "if not", "test_solving.py", "turn_the_sign",
    ),
    Bug(
        "any total is a sum divided by something", "solving:counted",
        "min(1.0, 2 * count * close / abs(total))", "0.0", "test_solving.py", "whole_number",
    ),
    Bug(
        "the numbers that determine a value confirm it", "solving:Numbers.chance_beyond",
        "np.setdiff1d(self.differing, determining)", "self.differing",
        "test_solving.py", "two_numbers",
    ),
    Bug(
        "the z-loss is added after the weight", "losses:sample_losses",
        "if meaning.z_loss:", "if meaning.z_loss and meaning.sample_weight is None:",
        "test_solving.py", "z_loss",
    ),
    Bug(
        "a sigmoid too many is one sigmoid", "log_probabilities:minus_log_binary",
        "for _ in range(meaning.activated - 1):\n            x = 1 /",
        "for _ in range(0):\n            x = 1 /", READINGS, "mistaken",
    ),
    Bug(
        "three sigmoids for two", "log_probabilities:minus_log_binary",
        "for _ in range(meaning.activated - 1):\n            x = 1 /",
        "for _ in range(meaning.activated):\n            x = 1 /", READINGS, "of_the_losses_gives",
    ),
    Bug(
        "a log-probability above 0 has no loss", "balls_binary:_binary_from_log_probs",
        "(x > 0 and not rest.is_zero())", "x > 0", MEANING, "above_0",
    ),
    Bug(
        "a log-probability above 0 is explained by nothing", "losses:binary_terms",
        "if meaning.is_log:", "if False:", MEANING, "above_0",
    ),
    Bug(
        "the means over the last axis count what is ignored", "losses:folded",
        "np.asarray(rows / counts)", "np.asarray(rows / meaning.shape[-1])", READINGS,
        "of_the_sum_gives",
    ),
    Bug(
        "the means over the last axis are sums", "hypotheses.totals:last_axis",
        'last_axis="mean"), {"how": "mean"}', 'last_axis="sum"), {"how": "mean"}', READINGS,
        "of_the_sum_gives",
    ),
    Bug(
        "divided by the classes counts what is ignored", "losses:_count",
        "float(kept.sum() * meaning.classes)", "float(length * meaning.classes)", READINGS,
        "of_the_sum_gives",
    ),
    Bug(
        "the declared count is another one", "solving:counted",
        "if count == declared:", "if False:", "test_solving.py", "just_beyond_rounding",
    ),
    Bug(
        "a candidate that counts for nothing stands for others", "evidence:Evidence.weigh",
        "if of_this > 0:", "if True:", "test_solving.py", "just_beyond_rounding",
    ),
    Bug(
        "logits that somebody wrote were printed short", "short_inputs:moved_by_short_logits",
        "<= _MOST", "", "test_eval.py", "printed_short",
    ),
    Bug(
        "longer logits explain what is further off", "short_inputs:moved_by_short_logits",
        "unit if near else None", "unit", "test_eval.py", "printed_short",
    ),
)  # fmt: skip
