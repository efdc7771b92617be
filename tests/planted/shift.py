"""Bugs of the shift of labels and of megatron's smoothing."""

from __future__ import annotations

from tests.planted import Bug

SHIFT = "test_shift.py"
LM = "test_language_models.py"
ALIGNED = "problem.problem:Problem.aligned"

BUGS = (
    Bug(
        "labels are shifted to the other side", ALIGNED,
        "labels[..., : -self.shift] = self.labels[..., self.shift :]",
        "labels[..., self.shift :] = self.labels[..., : -self.shift]", SHIFT,
    ),
    Bug(
        "a label that is met is taken for none", "problem.problem:Problem.filler",
        "next(index for index in count(-100, -1) if not (self.labels == index).any())", "-100",
        SHIFT, "no_label_is_taken",
    ),
    Bug(
        "the sequences of a large problem are one", "parts:parts",
        "problem = problem.aligned", "pass", SHIFT, "no_shift",
    ),
    Bug(
        "the last positions of a shift count", "problem.problem:Problem.kept",
        "return self.aligned.kept", "pass", SHIFT,
    ),
    Bug(
        "megatron's epsilon is the standard one", "problem.problem:Problem.smoothing",
        "return epsilon * Fraction(self.num_classes, self.num_classes - 1)", "return epsilon",
        SHIFT, "megatron",
    ),
    Bug(
        "what cancels in a target needs no bound", "bounds_classes:_coefficients",
        "if e <= 1 else", "if True else", SHIFT, "cancels",
    ),
    Bug(
        "labels that nobody meets must be classes", "data_rules:outside_labels",
        "outside[..., :shift] = False", "pass", "test_bad_cases.py", "shifts_and",
    ),
    Bug(
        "one class may be smoothed by megatron", "posing:_ProblemBuilder.check_smoothing_formula",
        'if formula == "megatron"', "if False", "test_bad_cases.py", "shifts_and",
    ),
    Bug(
        "a formula without smoothing is asked for", "problem.problem:Problem.options",
        "if not self.label_smoothing:", "if False:", SHIFT, "not_there",
    ),
    Bug(
        "shifted sequences are reversed too", "implementations.conduct:_regrouped",
        "within = () if problem.shift is None else (slice(None),)", "within = ()",
        "implementations/test_conduct.py", "stay_whole",
    ),
    Bug(
        "the labels of a framework are not shifted", "idioms:around",
        "problem, arrays = _shifted(call, names, problem, arrays)", "problem = problem.aligned",
        "test_around_frameworks.py", "shifted",
    ),
    Bug(
        "no row runs on into the next", "shifts:labels_moved", "yield from _run_on(m)", "pass", LM,
    ),
    Bug(
        "labels are never shifted in a circle", "shifts:_moved",
        'yield plain, {**words, "rest": _IN_A_CIRCLE}', "pass", LM,
    ),
    Bug(
        "a position left over counts in a mean", "shifts:_moved",
        "yield replace(plain, unmet=left_over), {**words", "yield plain, {**words",
        "test_candidates.py", "losses_gives",
    ),
    Bug(
        "labels before a shift are counted without those that nobody meets",
        "totals:labels_before_the_shift", "items=float(stated.size)", "items=float(m.kept.sum())",
        LM,
    ),
    Bug(
        "a sample without a label is looked for in the answer", "own.asking:_with_the_unmet",
        "whole[..., : losses.shape[-1]] = losses", "whole[..., -losses.shape[-1] :] = losses",
        "test_declaration.py", "that_shift_alone",
    ),
    Bug(
        "sequences are one for a loss of one", "own.shaping:samples_for",
        "if problem.shift is not None and", "if False and", "test_declaration.py", "not_made_one",
    ),
    Bug(
        "a small problem is never shifted", "own.gentle:_of_classes",
        "indices = np.roll(stated, -shift, axis=-1) if shift else stated", "indices = stated",
        "test_declaration.py", "gentle",
    ),
    Bug(
        "a report shows the label of the scores' own place", "results.behaviour:label_text",
        "index = (*index[:-1], index[-1] + problem.shift)", "pass", SHIFT, "report",
    ),
    Bug(
        "a micro-batch is a row", "totals:means",
        "len(m.scores) // batches", "len(m.scores) // m.shape[0]",
        "test_published_language_models.py", "accumulation or doubled",
    ),
    Bug(
        "the smoothing of a case is never megatron's", "diagnosis.losses:meaning_of",
        'if problem.smoothing_formula == "standard" else "others"', 'if True else "others"', LM,
    ),
)  # fmt: skip
