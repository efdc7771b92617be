"""The modules that decide what is right, what agrees, what passes and what is said of it."""

from __future__ import annotations

DECIDERS = (
    # the case file made exact
    "loading", "problem.options", "posing", "data_rules", "expectation", "expectations",
    "array_forms", "value_types",
    # the reference
    "enclosure", "extended", "exact", "exact_answers", "exact_binary", "exact_classes", "exact_sum",
    "divisors", "fast", "parts", "reference",
    # the comparison
    "bounds", "bounds_binary", "bounds_classes", "bounds_totals", "bounds_in_parts",
    "bounds_inside", "rounding", "difference", "ranking", "comparison", "other_labels",
    "vacuity", "judging", "outcome",
    # the reason of a difference
    "choices", "coefficients", "formulas", "meaning", "score_changes", "label_changes",
    "total_changes", "hypotheses", "readings", "evidence", "diagnosis", "reasons",
    # the gate and what is saved
    "baseline", "baseline_fields", "project", "changes", "recorded", "problem_digest", "gating",
    "versus", "contradictions", "saved_checks", "saved_numbers", "saved_parts", "merging",
    "excerpts", "rejudging", "shard",
)  # fmt: skip
