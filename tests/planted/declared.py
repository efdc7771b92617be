"""Bugs in what is declared of a user's loss."""

from __future__ import annotations

from tests.planted import Bug

DECLARATION = "test_declaration.py"
TABLES = "casefile/test_declared.py"
RUN = "cli/test_declared.py"
PROMISED = "test_bounds_promised.py"

BUGS = (
    Bug(
        "what is built in excuses every case", "declaration:Declaration.why_not",
        "not _has(problem, option, value)", "False", DECLARATION, "set_a_built_in_option",
    ),
    Bug(
        "what is built in is passed too", "signature:_options",
        "if not name or is_built_in or", "if not name or", DECLARATION, "is_not_passed",
    ),
    Bug(
        "weights of another value pass for the built in", "declaration:_has",
        "bool((asked == actual).all())", "True", DECLARATION, "set_a_built_in_option",
    ),
    Bug(
        "another kind than declared is asked", "introducing:answer",
        "    _refuse_what_is_declared_otherwise(problem, loss)\n", "", DECLARATION,
        "other_kinds_are_unsupported",
    ),
    Bug(
        "what is declared is found out all the same", "finding:found",
        "if declared.loss and declared.given:", "if False:", DECLARATION, "is_not_asked",
    ),
    Bug(
        "what is declared and raises is unsupported", "introducing:answer",
        "None if fails_as_declared else taken.why_not(problem)", "taken.why_not(problem)",
        DECLARATION, "although_it_raises",
    ),
    Bug(
        "losses in place of a declared total are reduced to it", "own.asking:_total",
        "numbers.reshape(()) if numbers.size == 1 else numbers", "numbers.mean()", DECLARATION,
        "not_reduced_to_it",
    ),
    Bug(
        "a declared gradient may be left out", "own.asking:ask",
        "elif loss.declared.returns == EXPLICIT:", "elif False:", DECLARATION,
        "does_not_come",
    ),
    Bug(
        "a declared parameter is something else besides", "signature:_options",
        "if name not in declared.parameters}", "if True}", DECLARATION, "nothing_else",
    ),
    Bug(
        "a fact is its name", "signature:_constant",
        "if not isinstance(constant, str) or constant not in FACTS:", "if True:",
        DECLARATION, "fact_is_that_of_the_case",
    ),
    Bug(
        "a parameter that is not there is no mistake", "signature:refuse_unknown_parameters",
        "if name not in names:", "if False:", DECLARATION, "is_an_error",
    ),
    Bug(
        "a promise counts for nothing", "judging:judged",
        "(promise := i.declared.promise_for(posed.problem)) is not None", "False", RUN, "counts",
    ),
    Bug(
        "a promise is the bound of the dtype", "bounds_promised:promised_bounds",
        "inner = replace(problem.aligned, dtype=promise)", "inner = problem", PROMISED, "breaks",
    ),
    Bug(
        "a promised total is as loose as ever", "bounds_promised:promised_bounds",
        "total_bound(inner, reference, wide.losses, reduction)",
        "total_bound(problem, reference, wide.losses, reduction)", PROMISED, "one_rounding",
    ),
    Bug(
        "two declarations of a name are one column", "history.merge:merge",
        "    _require_same_declarations(in_order)\n", "", "test_merge.py", "declared_otherwise",
    ),
    Bug(
        "a promise that counts for nothing goes unsaid", "judging:judged",
        "if promise is not None and result.comparison and", "if False and",
        "test_api_declared.py", "passes_over",
    ),
    Bug(
        "a broken promise is the exact value", "diagnosis.diagnosis:_agreement",
        "if bounds.promise is not None and", "if False and", RUN, "counts",
    ),
    Bug(
        "variables are left as they are", "pool:_environment",
        "**dict(implementation.declared.env)", "", RUN, "counts",
    ),
    Bug(
        "a process sets no variables", "bootstrap:start",
        "os.environ.update(env)", "os.environ.update({})", RUN, "counts",
    ),
    Bug(
        "two declarations of a function share a process", "pool:worker_name",
        "implementation.unlabelled if implementation.place else implementation.own",
        "implementation.own", RUN, "counts",
    ),
    Bug(
        "what is declared goes to no worker", "workers.worker:Request.of",
        "asdict(i.declared)", "{}", RUN, "counts",
    ),
    Bug(
        "what is declared of nobody is no mistake", "selection:require_own",
        "if declared.says_something and", "if False and", RUN, "told_at_once",
    ),
    Bug(
        "a line is that of the table", "pyproject:_line_of",
        "now > depth", "now > depth and depth < 4", TABLES, "with_its_line",
    ),
    Bug(
        "a name may be that of an implementation", "casefile.declared:_name_mistakes",
        "if name in (*IMPLEMENTATIONS, REFERENCE):", "if False:", TABLES, "declares_nothing",
    ),
)  # fmt: skip
