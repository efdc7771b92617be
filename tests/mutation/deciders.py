"""The modules that decide what is right, what agrees, what passes and what is said of it."""

from __future__ import annotations

DECIDERS = (
    # the case file made exact
    "loading", "problem.options", "posing", "data_rules", "expectation", "expectations",
    "array_forms", "field_types",
    # the reference
    "problem.distance", "enclosure", "extended_reals", "balls", "per_sample", "balls_binary",
    "balls_classes",
    "exact_sum", "divisors", "float64", "parts", "reference", "truth",
    # the comparison
    "bounds", "bounds_binary", "bounds_classes", "bounds_totals", "bounds_in_parts",
    "bounds_inside", "rounding", "difference", "ranking", "comparison", "other_labels",
    "vacuity", "verdict", "results.behaviour",
    # the reason of a difference
    "meaning", "targets", "log_probabilities", "losses", "hypotheses.scores", "hypotheses.labels",
    "hypotheses.totals", "hypotheses.table", "candidates", "evidence", "diagnosis",
    "attached_diagnosis",
    # the gate and what is saved
    "baseline_file", "baseline_fields", "project", "changes", "record", "problem_digest", "gate",
    "history.two_runs", "contradictions", "saved.checks", "saved.numbers", "saved.parts", "merge",
    "excerpts", "rejudge", "shard",
)  # fmt: skip
