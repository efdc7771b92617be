"""Bugs in how losses of published packages are called."""

from __future__ import annotations

from tests.planted import Bug

SIGNATURE = "test_signature.py"

BUGS = (
    Bug(
        "labels that are shifted already are not passed", "own.signature:_options",
        'passed["shift_labels"] = ("shift_labels", "labels", None)', "pass", SIGNATURE,
        "of_their_own_place",
    ),
    Bug(
        "the classes of scikit-learn are not named", "own.signature:_options",
        'passed["classes"] = ("labels", "classes", classes)', "pass", SIGNATURE, "beside_y_true",
    ),
    Bug(
        "nobody asks what a mean is over where samples have weights", "own.finding:_weighted",
        "_by_weight(loss, name, given, returns, of_samples)", "returns", "test_finding.py",
        "weights_of_samples",
    ),
    Bug(
        "a module of a framework that is not installed is a misspelt name",
        "implementations.names:_is_typo", '"." in module and any(', "False and any(",
        "test_names.py", "not_installed",
    ),
)  # fmt: skip
