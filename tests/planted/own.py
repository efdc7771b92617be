"""Bugs of users' own losses: what they are told, how it got there, and the gradient of a mean."""

from __future__ import annotations

from tests.planted import Bug

ADVICE, JUDGING, MEANS = "test_advice.py", "test_judging.py", "test_gradient_of_total.py"

BUGS = (
    Bug(
        "who has said whose arrays it takes is told to say it", "own.asking:user_loss",
        'others = "" if framework else', 'others = "" if False else', ADVICE, "has_not_said_it",
    ),
    Bug(
        "a parameter that nothing fills is left to Python", "signature:_require_filled",
        "if empty:", "if False:", ADVICE, "what_came",
    ),
    Bug(
        "an integer answer is taken", "own.answers:_require_floats",
        "if name in DTYPES:", 'if name in DTYPES or name == "bool":', ADVICE, "what_came",
    ),
    Bug(
        "a traceback has the lines of libraries", "raised:_group",
        "if library:", "if False:", ADVICE, "folds",
    ),
    Bug(
        "a traceback begins with our own lines", "raised:_below",
        "frames[calls[-1] + 1 :] if", "frames if", ADVICE, "has_the_error",
    ),
    Bug(
        "the thread at fault is any", "raised:place_of_fault",
        'dump.partition("Current thread ")', 'dump.partition("hread ")', ADVICE, "dump",
    ),
    Bug(
        "flattened losses are said to be transposed", "results.shape_advice:shape_advice",
        "if given == (computed.losses.size,) and", "if False and", "test_shape_advice.py",
    ),
    Bug(
        "a traceback is not saved", "history.saved.write:saved_result",
        "samples=samples, traceback=traceback", "samples=samples", "reporters/test_own_losses.py",
        "json",
    ),
    Bug(
        "a backward pass may leave the bias out", "adapters.torch:_differentiate_users",
        "materialize_grads=True", "allow_unused=True", "frameworks/test_own_losses.py",
        "leaves_out",
    ),
    Bug(
        "the page does not fold a traceback", "page.details:_detail",
        'traceback="\\n".join(traceback_lines(result))', 'traceback=""',
        "reporters/test_own_losses.py", "page",
    ),
    Bug(
        "a script gives a loss the axes of the case", "repro.own:OwnLoss.before",
        "(shape := self._samples(problem)) is None", "True", "test_repro_own.py", "axes",
    ),
    Bug(
        "a script is of the first part", "own.answers:losses_of",
        "return Part(part, _getting(returned, name))", 'return Part(part, "")',
        "test_repro_own.py", "is_shown_by_its_place",
    ),
    Bug(
        "a mean's gradient is held against the sum's", "judging:judged",
        "exact = exact.of_total(posed.problem, evaluation.gradient_of)", "pass",
        JUDGING, "gradient_of_a_mean",
    ),
    Bug(
        "the gradient of what divides by 0 is compared", "judging:_with_gradient",
        "if divisor == 0 or not math.isfinite(divisor):", "if False:", JUDGING, "nothing_is_known",
    ),
    Bug(
        "the bound of a mean's gradient is the sum's", "bounds_totals:gradient_bound",
        "(bound + relative * size) / divisor", "(bound + relative * size)", MEANS, "within",
    ),
    Bug(
        "dividing rounds nothing", "bounds_totals:gradient_bound",
        "relative = roundings +", "bound = bound / 8; relative =", MEANS, "within",
    ),
    Bug(
        "a mean's gradient counts the ignored", "reference:gradients_of_total",
        "divisor(plain, reduction))", "Fraction(plain.labels.size))", MEANS, "over_the_divisor",
    ),
    Bug(
        "a mean's gradient is near 0 by itself", "vacuity:_of_gradient",
        "np.abs(gradient.target) * divisor", "np.abs(gradient.target)", "test_vacuity.py",
        "of_a_mean",
    ),
    Bug(
        "the wire forgets what a gradient is of", "wire:decode_evaluation",
        'gradient_of=message["gradient_of"],', "", "test_wire.py", "answer_arrives",
    ),
    Bug(
        "a compiled file is taken for its source", "fresh_source:_may_be_stale",
        "compiled <= os.stat(path).st_mtime_ns", "False", "test_fresh_source.py",
    ),
    Bug(
        "the numbers of a tuple are losses", "own.answers:losses_of",
        "isinstance(returned, list) and _is_numbers", "_is_numbers", "test_user_function.py",
        "tuple_is_its_loss",
    ),
    Bug(
        "an array that is no gradient goes unsaid", "own.asking:ask",
        "[] if unheld is None else [unheld.text]", "[]", "test_user_function.py", "is_no_gradient",
    ),
    Bug(
        "a number by default is a matrix", "signature:_names_matrix",
        "not isinstance(default, bool | int | float | str)", "True", "test_own_layer.py",
        "by_default",
    ),
    Bug(
        "what batch found is of any tolerance", "comparison:Comparison.under",
        "if again._company_is_as_of(self) else again._without_company", "",
        "test_declared_conduct.py", "of_its_tolerance",
    ),
    Bug(
        "one small problem shows which total it is", "finding:_returns",
        "if returned in REDUCTIONS and problem.axes:", "if False:", "test_finding.py", "by_chance",
    ),
)  # fmt: skip
