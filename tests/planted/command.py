"""Bugs of the command line."""

from __future__ import annotations

from tests.planted import Bug

REPEATED = "test_repeated.py"

BUGS = (
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
        "a device for NumPy", "implementations.table:_NUMPY",
        '_NUMPY = ("cpu",)', "_NUMPY = DEVICES", "test_names.py", "no_device",
    ),
    Bug(
        "a flag and its opposite", "repeated:refuse_repeated",
        "if opposite is not None and", "if False and", REPEATED, "opposite",
    ),
    Bug(
        "-x beside --max-fail wins", "repeated:refuse_repeated",
        "len(both) > 1", "False", REPEATED, "two_options",
    ),
    Bug(
        "the last k wins", "loading:Filter.accepts",
        "any(text.lower() in name for text in self.texts)",
        "self.texts[-1].lower() in name", REPEATED, "several_k_select",
    ),
    Bug(
        "the last report of a file wins", "output:outputs_of",
        "whole.count(file) > 1", "False", REPEATED, "two_reports",
    ),
)  # fmt: skip
