"""Bugs of expectations and verdicts."""

from __future__ import annotations

from . import Bug

COMPARISON = "test_comparison.py"
JUDGING = "test_judging.py"

BUGS = (
    Bug(
        "the last digit does not count", "expectation.py",
        "units = np.array(_units(numbers), dtype=np.float64)", "units = np.zeros_like(values)",
        COMPARISON,
    ),
    Bug(
        "every version will do", "expectation.py",
        "if self.versions is None:", "if True:", JUDGING,
    ),
    Bug(
        "a known divergence that is gone stays known", "judging.py",
        "    if comparison.agrees_with_reference:\n        gone", "    if False:\n        gone",
        JUDGING,
    ),
    Bug(
        "a known divergence may take any value", "judging.py",
        "if not comparison.agrees_with_expected:", "if False:", JUDGING,
    ),
    Bug(
        "any error will do", "judging.py",
        "if expectation.error in failed.message:", "if expectation.error:", JUDGING,
    ),
    Bug(
        "a crash counts as the error", "judging.py",
        'if failed.kind != "error" or expectation is None:', "if expectation is None:", JUDGING,
    ),
    Bug(
        "numbers count as the error", "judging.py",
        "    if expectation.error is not None:\n        return", "    if False:\n        return",
        JUDGING,
    ),
    Bug(
        "a failure outranks a divergence", "report.py",
        "if diverges:", 'if diverges and not self.counts["failed"]:',
        JUDGING,
    ),
    Bug(
        "nothing compared is success", "report.py",
        "return ExitCode.NOTHING_COMPARED", "return ExitCode.AGREES", JUDGING,
    ),
)  # fmt: skip
