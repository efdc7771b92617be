"""Bugs of the command line."""

from __future__ import annotations

from tests.planted import Bug

REPEATED = "test_repeated.py"

BUGS = (
    Bug(
        "a page that cannot be written runs all the same", "output:_output",
        "if why := why_unwritable(name):", 'if why := "":', "test_lean_install.py",
        "before_anything_else",
    ),
    Bug(
        "a version that answered nothing", "report:Report.answering_hosts",
        '(*COMPARED, "failed")', '(*COMPARED, "failed", "unsupported")', "test_sentences.py",
        "answered_something",
    ),
    Bug(
        "the last of a repeated option wins", "repeated:refuse_repeated",
        "count < 2 or", "count < 3 or", REPEATED, "given_twice",
    ),
    Bug(
        "a mistake on several lines", "errors:mistake_text",
        'return visible(": "', 'return (": "', "test_errors.py", "one_line",
    ),
    Bug(
        "a mistake below a key forgets its own", "errors:Mistake.below",
        "(*key, *self.key)", "key", "test_errors.py", "keeps_its_words",
    ),
    Bug(
        "one fewer is left out", "errors:listed",
        "len(items) - most", "len(items) - most - 1", "test_errors.py", "left_out",
    ),
    Bug(
        "a column as wide as its first text", "columns:aligned",
        "max(map(len, column))", "len(column[0])", "test_columns.py",
    ),
    Bug(
        "what stands to the right stands to the left", "columns:aligned",
        "text.rjust(width) if column in right else text.ljust(width)", "text.ljust(width)",
        "test_columns.py",
    ),
    Bug(
        "an adapter is prepared for every problem", "child:_answer",
        "_adapter(request", "_adapter.__wrapped__(request", "test_child.py", "prepared_once",
    ),
    Bug(
        "nothing is prepared", "child:_adapter",
        'hasattr(module, "prepare")', "False", "test_child.py", "prepared_once",
    ),
    Bug(
        "a GPU that nobody asked for", "table:Entry.environment_variables",
        "_NO_GPU if device ==", "_NO_GPU if device !=", "test_child.py", "sees_a_gpu",
    ),
    Bug(
        "a device for NumPy", "implementations.table:_CPU",
        '_CPU = ("cpu",)', "_CPU = DEVICES", "test_names.py", "no_device",
    ),
    Bug(
        "a flag and its opposite", "repeated:refuse_repeated",
        "if opposite is not None and", "if False and", REPEATED, "opposite",
    ),
    Bug(
        "-x beside --max-fail wins", "repeated:refuse_repeated",
        "len(conflicting) > 1", "False", REPEATED, "two_options",
    ),
    Bug(
        "the last k wins", "loading:Filter.accepts",
        "any(keyword_matcher(text)(name) for text in self.texts)",
        "keyword_matcher(self.texts[-1])(name)", REPEATED, "several_k_select",
    ),
    Bug(
        "the last report of a file wins", "output:outputs_of",
        "whole.count(file) > 1", "False", REPEATED, "two_reports",
    ),
    Bug(
        "the dtype that was pasted is not the dtype", "command_line:Arguments._take_dtype",
        "if self.printed_dtype:", "if False:", "test_eval.py", "dtype_that_was_pasted",
    ),
    Bug(
        "the pasted dtype outdoes the option", "command_line:Arguments.source",
        'if not options.get("dtype"):', "if True:", "test_eval.py", "outdoes",
    ),
    Bug(
        "labels decide the dtype", "printed_dtype:printed_dtype",
        "(key for key in GIVEN if", "(key for key in (*GIVEN, *dtypes) if", "test_eval.py",
        "pasted_dtype_of_the_labels",
    ),
    Bug(
        "the first of two pasted dtypes wins", "printed_dtype:printed_dtype",
        "if name != first:", "if False:", "test_eval.py", "disagree",
    ),
    Bug(
        "True among numbers is 1", "printed_numbers:_Reader._value",
        'self.values = ("number", "special")\n', "pass\n", "test_printed_numbers.py", "do_not_mix",
    ),
    Bug(
        "numbers of a wrong count stay unexplained", "results.explanation:explain_observed",
        "if observed.shape is not None and not diagnosis.explained:", "if False:",
        "test_explain.py", "wrong_count",
    ),
    Bug(
        "what gives none of the numbers is the closest", "diagnosis.diagnosis:diagnose",
        "if e.share_explained > 0", "if True", "test_explain.py", "nothing_reproduces",
    ),
    Bug(
        "a share of a sum by way of its log", "by_hand:_changed", "p = p / p.sum()",
        "p = np.exp(np.log(p / p.sum()))", "test_explain.py", "nan_only",
    ),
    Bug(
        "a gradient that diverges agrees", "results.explanation:explain_result",
        'if result.status == "diverges" and not', "if False and not", "test_explain.py",
        "diverges_elsewhere",
    ),
    Bug(
        "a total is shown by its first sample", "results.explanation:_worst_sample",
        "losses = sample_losses(meaning)", "pass", "test_explain.py", "reason_moves",
    ),
    Bug(
        "a narrow terminal cuts numbers", "terminal_lines:_wrapped",
        "break_long_words=False,\n        break_on_hyphens=False,", "", "test_explain.py",
        "wider_than",
    ),
    Bug(
        "a case alone leaves out what diverges", "explain_command:_print_all",
        'in ("diverges", "failed")', 'in ("failed",)', "test_explain.py", "alone",
    ),
    Bug(
        "a module of the working directory is a typo", "implementations.names:_is_typo",
        "and PathFinder.find_spec(top, [os.getcwd()]) is None", "", "test_explain.py",
        "found_as_run",
    ),
    Bug(
        "a misspelt table of the pyproject.toml is silence", "pyproject:_table",
        'if name != TABLE[1] and re.sub', "if False and re.sub", "test_config_file.py", "silence",
    ),
    Bug(
        "a key of another meaning is taken for a near one", "errors:closest",
        "if same or stands_for or spellings & {*map(_plain, others)}:",
        "if same or stands_for:", "test_other_words.py", "another_meaning",
    ),
    Bug(
        "a wrong word hides the mistakes behind it", "mending:_Mender._stand_in",
        "mended = _allowed_words(value, _CHOICES[key])", "pass", "test_mending.py", "all_of_them",
    ),
    Bug(
        "what is misspelt is missing too", "mending:_causes",
        "follows = mistake.fault == MISSING", "follows = False and mistake.found == MISSING",
        "test_mending.py", "told_alone",
    ),
    Bug(
        "a dtype that nobody knows decides what probabilities sum to",
        "posing:_ProblemBuilder.check_probabilities", '"probs", "normalize", "dtype"', '"probs"',
        "test_mending.py", "unknown_decides_nothing",
    ),
    Bug(
        "labels are held against an unknown ignore_index",
        "posing:_ProblemBuilder.check_label_values", '"labels", "ignore_index", "expect"',
        '"labels", "expect"', "test_mending.py", "unknown_decides_nothing",
    ),
)  # fmt: skip
