"""Faults that change nothing that anybody could see, each with the reason."""

from __future__ import annotations

UNASKED = "a gradient that is not asked for is computed and left"
AT_THE_EDGE = "two computed numbers are never exactly as large as each other there"
WORDS = "words of a message that tells the same"
UNREAD = "what is put there is not read"
AS_FLOAT = "None in an array of float64 is nan"

# (module, the line as it is, the line as it becomes): why it is the same
EQUIVALENT: dict[tuple[str, str, str], str] = {
    ("balls_classes", "if not gradient:", "if False:"): UNASKED,
    (
        "balls_classes",
        "coefficients = [t * arb(w) * scale for t, w in zip(targets, class_weight, strict=True)]",
        "coefficients = [t * arb(w) * scale for t, w in zip(class_weight, targets, strict=True)]",
    ): "the product is the same",
    (
        "balls_classes",
        "coefficients = [t * arb(w) * scale for t, w in zip(targets, class_weight, strict=True)]",
        "coefficients = [t * arb(w) * scale for t, w in zip(targets, class_weight)]",
    ): "both have one number per class",
    (
        "record",
        "index = np.asarray(np.ravel_multi_index(tuple(places.T), shape), dtype=np.intp)",
        "index = np.asarray(np.ravel_multi_index(tuple(places.T), shape))",
    ): "it has that dtype already",
    (
        "meaning",
        "if self.labels is None or self.ignore_index is None:",
        "if (self.labels is None):",
    ): "no label is None: every sample is kept by the line below",
    (
        "data_rules",
        "suspect = np.abs(rows.sum(axis=-1) - 1) > within - rows.shape[-1] * 2.0**-51",
        "suspect = np.abs(rows.sum(axis=-1) + 1) > within - rows.shape[-1] * 2.0**-51",
    ): "what is suspect is added up exactly: more of it takes longer",
    (
        "balls_classes",
        "for p, c in zip(row, coefficients, strict=True)",
        "for p, c in zip(row, coefficients, strict=False)",
    ): "both have one number per class",
    ("other_labels", "_CHUNK = 2**17", "_CHUNK = 2*17"): "how many rows at once, for speed",
    (
        "candidates",
        "return sum(step.order for step in self.steps) + 1000 * (len(self.steps) - 1)",
        "return sum(step.order for step in self.steps) + 999 * (len(self.steps) - 1)",
    ): "more than any one step's order all the same",
    (
        "bounds_classes",
        "n, count = problem.num_classes, int(np.prod(problem.samples_shape, dtype=np.int64))",
        "n, count = problem.num_classes, int(np.prod(problem.samples_shape))",
    ): "it is made an int either way",
    (
        "candidates",
        'losses = before.losses if hypothesis.stage != "losses" else sample_losses(meaning)',
        "losses = (sample_losses(meaning))",
    ): "what changes the layout or the total leaves the losses: it spares computing them again",
    ("balls", "return math.nan", "return None"): AS_FLOAT,
    (
        "vacuity",
        "inside = np.clip(problem.labels, 0, problem.num_classes - 1)",
        "inside = np.clip(problem.labels, -1, problem.num_classes - 1)",
    ): "nothing is judged where the label is no class",
    (
        "hypotheses.totals",
        "if not np.array_equal(scores, m.scores, equal_nan=True):",
        "if not np.array_equal(scores, m.scores):",
    ): "a reading that gives the same numbers is left out later",
    (
        "evidence",
        "enough = chance_of_last <= most and (single or stray)",
        "enough = chance_of_last < most and (single or stray)",
    ): AT_THE_EDGE,
    (
        "evidence",
        "if (evidence.residuals(truth) <= near).all() and (off_grid <= digits).all():",
        "if (evidence.residuals(truth) < near).all() and (off_grid <= digits).all():",
    ): AT_THE_EDGE,
    (
        "array_forms",
        'return listed(names, most=4) or "no keys"',
        'return listed(names, most=5) or "no keys"',
    ): WORDS,
    (
        "diagnosis",
        "text = distinguishing_input(_distinct(good)[:2], truth, total)",
        "text = distinguishing_input(_distinct(good)[:3], truth, total)",
    ): "distinguishing_input looks at the first two",
    (
        "diagnosis",
        "meaning: Meaning | None = field(default=None, repr=False, compare=False)",
        "meaning: Meaning | None = field(default=None, compare=False)",
    ): "its repr",
    (
        "losses",
        "return float(np.cumsum(low, dtype=numpy_dtype(meaning.accumulated_in))[-1])"
        " if len(low) else 0.0",
        "return float(np.cumsum(low)[-1]) if len(low) else 0.0",
    ): "the dtype of the numbers already, in which NumPy adds up",
    (
        "meaning",
        "return np.zeros(len(self.scores), dtype=np.bool_)",
        "return np.zeros(len(self.scores))",
    ): "0.0 is no more true than False",
    (
        "divisors",
        "of_class = _floats(part.class_weight)[np.where(inside, labels, 0)]",
        "of_class = _floats(part.class_weight)[np.where(inside, labels, -1)]",
    ): UNREAD,
    (
        "bounds_classes",
        "if entry is None or entry_lost is None:",
        "if (entry is None):",
    ): "both are there or neither",
    (
        "evidence",
        "if coarser <= 1 or np.abs(values).max(initial=0.0) > largest(dtype):",
        "if coarser <= 1 and np.abs(values).max(initial=0.0) > largest(dtype):",
    ): "what a finer precision gives agrees already, and what is larger is off the grid",
    (
        "hypotheses.labels",
        'if m.outside != "nan" and m.outside_labels.any():',
        'if not (m.outside != "nan" and m.outside_labels.any()):',
    ): "a reading that gives the same numbers is left out later",
    (
        "meaning",
        "class_axis: int = -1 # where the classes stood in the array that the scores come from",
        "class_axis: int = 1 # where the classes stood in the array that the scores come from",
    ): "always given",
    (
        "balls",
        "return [answer.loss for answer in _answers(problem, False)]",
        "return [answer.loss for answer in _answers(problem, True)]",
    ): UNASKED,
    (
        "float64",
        "buffer = np.empty((min(step, len(labels)), n), order=order_of(n))",
        "buffer = np.empty((min(step, len(labels)), n))",
    ): "the order in memory, for speed",
    (
        "other_labels",
        "apart = _apart(x, np.take_along_axis(x, top, axis=1))",
        "apart = _apart(np.take_along_axis(x, top, axis=1), x)",
    ): "a distance is the same from both ends",
    (
        "baseline_file",
        "return json.dumps(value, allow_nan=False, ensure_ascii=False)",
        "return json.dumps(value, allow_nan=False)",
    ): "the same JSON, its letters written otherwise",
}
