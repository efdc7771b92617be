"""Bugs in what Python is given."""

from __future__ import annotations

from tests.planted import Bug

API = "test_api.py"
CHECK = "test_api_check.py"
PLUGIN = "test_pytest_plugin.py"

BUGS = (
    Bug(
        "every case of Python's is of float32", "in_memory:_dtype_of_scores", "return name",
        'return ""', API, "dtype_is_that_of_the_scores",
    ),
    Bug(
        "an array of the caller's is used as it is", "in_memory:as_array", "np.array(",
        "np.asarray(", API, "are_its_own",
    ),
    Bug(
        "numbers of an array are printed ones", "in_memory:_numbers",
        "exact_numbers(as_array(value, ()).astype(np.float64).tolist())",
        "_numbers(as_array(value, ()).astype(np.float64).tolist())", API, "are_exact_and",
    ),
    Bug(
        "bfloat16 of a library becomes float32", "in_memory:_on_the_host",
        '.astype(numpy_dtype("bfloat16"))', "", API, "detached",
    ),
    Bug(
        "what failed passes in pytest", "pytest_plugin:CaseItem.runtest", '("diverges", "failed")',
        '("diverges",)', PLUGIN, "ends_as_its_result_does",
    ),
    Bug(
        "what is not compared passes in pytest", "pytest_plugin:CaseItem.runtest",
        "pytest.skip(", "str(", PLUGIN, "ends_as_its_result_does",
    ),
    Bug(
        "a gradient that was not compared passes in pytest without a word",
        "pytest_plugin:CaseItem.runtest", "(NOTE, note) for note in noted",
        "(NOTE, note) for note in ()", PLUGIN, "not_compared_is_said",
    ),
    Bug(
        "what is required may be missing in pytest", "pytest_plugin:CaseItem.runtest",
        ' or (result.status == "missing" and required)', "", PLUGIN, "is_required",
    ),
    Bug(
        "pytest does not hold published numbers against the reference",
        "pytest_plugin:CaseFile.collect", "(*pinned, *implementations_of", "(*implementations_of",
        PLUGIN, "published_number_fails",
    ),
    Bug(
        "what is required need not be asked for in pytest",
        "pytest_plugin:_Cases.unmet", "elif not self.named and", "elif False and", PLUGIN,
        "gives_no_item_is_an_error",
    ),
    Bug(
        "every process of xdist computes every item", "pytest_plugin:_Cases.result",
        "at_once=alone", "at_once=True", PLUGIN, "xdist",
    ),
    Bug(
        "a loss writes to the arrays of its case", "in_process:_results",
        "_copy(posed.problem)", "posed.problem", "test_in_process.py", "writes_to",
    ),
    Bug(
        "what a loss raises is raised by check", "in_process:_evaluation",
        "except (Exception, SystemExit)", "except OSError", CHECK, "fails_and_does_not",
    ),
    Bug(
        "what is not compared is agreement in Python", "api.checking:assert_agrees",
        "wrong += _uncompared(report)", "pass", CHECK, "is_no_agreement",
    ),
    Bug(
        "a dtype that nothing was compared in is agreement", "api.checking:_uncompared_dtypes",
        "not any(", "any(", CHECK, "has_to_be_compared",
    ),
    Bug(
        "a NumPy loss beside torch gets tensors", "guess:passed_with",
        "isinstance(scores, np.ndarray)", "False", "test_guess.py", "passed",
    ),
    Bug(
        "a path that gives no case is none of pytest's mistakes",
        "pytest_plugin:_Cases.unmet", "and not ran:", "and False:", PLUGIN,
        "gives_no_item_is_an_error",
    ),
    Bug(
        "nothing compared is agreement", "api.checking:assert_agrees",
        "if not wrong and not report.compared_implementations:", "if False:", CHECK,
        "nothing_compared",
    ),
    Bug(
        "no dtypes are all of them", "api.checking:_checked",
        "not (dtypes := words_of(dtypes))", "not (dtypes := words_of(dtypes) or None) and False",
        CHECK, "nothing_compared",
    ),
    Bug(
        "the tool computes under the caller's settings of NumPy", "in_process:check",
        "with np.errstate(**NUMPYS):", "if True:", CHECK, "settings_of_numpy",
    ),
    Bug(
        "the loss is called under the tool's settings of NumPy", "in_process:_results",
        "with np.errstate(**callers):", "if True:", CHECK, "settings_of_numpy",
    ),
    Bug(
        "pytest takes an implementation for a parameter", "pytest_plugin:CaseItem.of",
        ', nodeid=f"{file.nodeid}::{name}"', "", PLUGIN, "failed_last",
    ),
)  # fmt: skip
