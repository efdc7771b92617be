"""Bugs planted one at a time in a copy of the package: for each, a test there must turn red.

A mutation is a file, a text that stands in it, and what takes its place; the claim is the test that
is expected to notice, so that a bug takes a second or two. Leave these out with -m "not planted".
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

import xent_check

pytestmark = pytest.mark.planted

TESTS = Path(__file__).parent
PACKAGE = Path(xent_check.__file__).parent
EXAMPLES = "60"
# One failing example is enough here: nobody reads it, so it need not be made small.
QUICK = """
from hypothesis import Phase, settings

settings.register_profile("quick", phases=[Phase.explicit, Phase.generate], database=None)
settings.load_profile("quick")
"""


@dataclass(frozen=True)
class Bug:
    """tests: the files that are run. only: a part of a test's name, where a file is slow."""

    name: str
    file: str
    old: str
    new: str
    tests: str
    only: str = ""


COMPARISON = "test_comparison.py"
JUDGING = "test_judging.py"
REFERENCE = "test_reference.py"
LAWS = "test_laws.py"
CHANGES = "test_changes.py"
GATE = "test_gate.py"
MERGING = "test_merging.py"
SAVED = "test_saved.py"

BUGS = (
    # ---- the comparison -----------------------------------------------------------------------
    Bug(
        "flip <=", "difference.py",
        "self.abs_diff <= self.allowed", "self.abs_diff < self.allowed", COMPARISON,
    ),
    Bug(
        "drop atol", "difference.py",
        "t.atol + t.rtol * np.abs(target)", "t.rtol * np.abs(target)", COMPARISON,
    ),
    Bug(
        "drop rtol", "difference.py",
        "t.atol + t.rtol * np.abs(target)", "t.atol + 0 * np.abs(target)", COMPARISON,
    ),
    Bug(
        "drop ulps", "difference.py",
        "np.fmax(t.atol + t.rtol * np.abs(target), t.ulps * ulp)",
        "np.asarray(t.atol + t.rtol * np.abs(target))", COMPARISON,
    ),
    Bug(
        "add the ulps to the tolerance", "difference.py",
        "np.fmax(t.atol + t.rtol * np.abs(target), t.ulps * ulp)",
        "np.asarray(t.atol + t.rtol * np.abs(target) + t.ulps * ulp)", COMPARISON,
    ),
    Bug(
        "swap reference and actual", "difference.py",
        "return self._difference(part, upcast, target.high, distance, name, 0.0)",
        "return self._difference(part, target.high, upcast, distance, name, 0.0)", COMPARISON,
    ),
    Bug(
        "ignore nan", "enclosure.py",
        "np.where(same, 0.0, np.inf)",
        "np.where(same | np.isnan(actual), 0.0, np.inf)", COMPARISON,
    ),
    Bug(
        "nan equals anything", "enclosure.py",
        "np.where(same, 0.0, np.inf)",
        "np.where(same | np.isnan(self.high), 0.0, np.inf)", COMPARISON,
    ),
    Bug(
        "inf sign lost", "enclosure.py",
        "(actual == self.high)", "(np.abs(actual) == np.abs(self.high))", COMPARISON,
    ),
    Bug(
        "an overflowing tolerance accepts an infinity", "difference.py",
        "np.isfinite(self.abs_diff) & (self.abs_diff <= self.allowed)",
        "self.abs_diff <= self.allowed", COMPARISON,
    ),
    Bug(
        "worst index wrong", "difference.py",
        "np.argmax(scored)", "np.argmin(scored)", COMPARISON,
    ),
    Bug(
        "worst index among those that agree", "difference.py",
        "np.where(self.agrees, -1.0, self.abs_diff) if self.diverging else self.abs_diff",
        "self.abs_diff", COMPARISON,
    ),
    Bug(
        "count off", "difference.py",
        "int((~self.agrees).sum()) if", "int((~self.agrees).any()) if", COMPARISON,
    ),
    Bug(
        "totals do not count", "comparison.py",
        "for r, d in self.totals.items()", "for r, d in ()", COMPARISON,
    ),
    Bug(
        "the low half of the reference left out", "enclosure.py",
        "np.abs((actual - self.high) - self.low)", "np.abs(actual - self.high)", COMPARISON,
    ),
    Bug(
        "ulps of another dtype", "difference.py",
        "distance, name = target.distance(upcast), actual.dtype.name",
        'distance, name = target.distance(upcast), "float32"', COMPARISON,
    ),
    Bug(
        "stated losses do not reach the totals' divisor", "comparison.py",
        "losses.target.sum() / divisor", "losses.target.sum()", COMPARISON,
    ),
    Bug(
        "any shape will do", "comparison.py",
        "if computed.losses.shape != shape:", "if False:", COMPARISON,
    ),
    # ---- expectations and verdicts ------------------------------------------------------------
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
    # ---- the reference ------------------------------------------------------------------------
    Bug(
        "log for log1p", "exact_classes.py",
        "log_sum = others.log1p()", "log_sum = others.log()", REFERENCE, "row_of_logits",
    ),
    Bug(
        "smoothing not divided by the classes", "exact_classes.py",
        "t * (1 - e) + e / n", "t * (1 - e) + e", REFERENCE, "under_smoothing",
    ),
    Bug(
        "class weight left out", "exact_classes.py",
        "t * arb(w) * scale", "t * scale", REFERENCE, "under_smoothing",
    ),
    Bug(
        "ignored samples kept", "exact_classes.py",
        "if not kept[i]:", "if False:", REFERENCE, "ignored",
    ),
    Bug(
        "a label above the classes wraps", "exact_classes.py",
        "if not 0 <= label < n:\n            return None",
        "if label < 0:\n            return None\n        label %= n", REFERENCE, "row_of_logits",
    ),
    Bug(
        "pos_weight left out", "exact_binary.py",
        "target * arb(pos_weights[i])", "target", REFERENCE, "pos_weight",
    ),
    Bug(
        "class weights left out of the weighted mean", "exact.py",
        "arb(weights[i]) * factors(i)", "arb(weights[i])", REFERENCE, "weighted_mean",
    ),
    Bug(
        "an undecided divisor passes for zero", "exact.py",
        "return UNKNOWN", "return math.nan", REFERENCE, "nearly_cancel",
    ),
    Bug(
        "probabilities never divided by their sum", "exact_classes.py",
        "if problem.normalize else arb(1)", "if False else arb(1)", REFERENCE, "with_and_without",
    ),
    Bug(
        "the radius left out", "extended.py",
        "radius = float(left)", "left = arb(radius := 0.0)", REFERENCE, "oracle_is_within",
    ),
    Bug(
        "the gradient without its target", "exact_classes.py",
        "(e * (all_coefficients - c) - c * rest) / whole", "e * (all_coefficients - c) / whole",
        REFERENCE, "oracles_gradient and logits",
    ),
    # ---- the formulas by hand -----------------------------------------------------------------
    Bug(
        "stable without its shift", "implementations/stable.py",
        "shifted = x - np.max(x, axis=-1, keepdims=True)", "shifted = x", LAWS, "stable",
    ),
    Bug(
        "smoothing of another size", "implementations/manual.py",
        "dtype.type(e / problem.num_classes)", "dtype.type(e)", LAWS, "means",
    ),
    Bug(
        "the mean over all samples", "implementations/manual.py",
        "np.count_nonzero(problem.kept)", "problem.kept.size", LAWS, "sum-is",
    ),
    Bug(
        "ignored samples not ignored", "implementations/manual.py",
        "losses = np.where(problem.kept, losses, losses.dtype.type(0))", "pass", LAWS, "nan",
    ),
    Bug(
        "the classes at another axis", "implementations/manual.py",
        "values = np.moveaxis(problem.values, problem.class_axis, -1)", "values = problem.values",
        LAWS, "manual and axis",
    ),
    Bug(
        "half of the binary loss", "implementations/manual.py",
        "positive * -np.log(p) + (one - t) * -np.log(one - p)", "positive * -np.log(p)", LAWS,
        "manual and two-class",
    ),
    Bug(
        "the sign of the binary logit", "implementations/stable.py",
        "tail + np.maximum(-z, zero), tail + np.maximum(z, zero)",
        "tail + np.maximum(z, zero), tail + np.maximum(-z, zero)", LAWS, "stable and two-class",
    ),
    # ---- what was accepted, and what became of it ---------------------------------------------
    Bug(
        "one bit does not count", "recorded.py",
        "(self.dtype, self.shape, self.digest) == (other.dtype, other.shape, other.digest)",
        "(self.dtype, self.shape) == (other.dtype, other.shape)", CHANGES,
    ),
    Bug(
        "a digest of the first number", "digest.py",
        "canonical.tobytes()", "canonical.reshape(-1)[:1].tobytes()", CHANGES,
    ),
    Bug(
        "nan is as good as a number", "changes.py",
        "return self.ulps is None or bool(np.isfinite(self.ulps))", "return True", CHANGES,
    ),
    Bug(
        "an accepted divergence may grow", "changes.py",
        "if before.status in _BAD and move.within:", "if before.status in _BAD:", CHANGES,
    ),
    Bug(
        "whatever diverged is fixed", "changes.py",
        'if before.status in _BAD and after.status in ("agrees", "known"):',
        "if before.status in _BAD:", CHANGES,
    ),
    Bug(
        "a missing framework is as before", "changes.py",
        'return "same" if before.status == "missing" else "missing"', 'return "same"', CHANGES,
    ),
    Bug(
        "a new case that diverges is added", "changes.py",
        'return "new" if after.status in _BAD else "added"', 'return "added"', CHANGES,
    ),
    Bug(
        "another dtype is the same", "changes.py",
        "or not move.same_class or _dtypes(before, after):", "or not move.same_class:", CHANGES,
    ),
    Bug(
        "distances that are no ulps", "changes.py",
        "distance / spacing(first, was.dtype)", "distance", CHANGES,
    ),
    Bug(
        "six digits are enough", "baseline.py",
        "float(str(numpy_dtype(dtype).type(value)))", 'float(f"{value:.6g}")', CHANGES,
    ),
    Bug(
        "the reason is lost", "baseline.py",
        'data["because"] = record.because', "pass", GATE, "keeps_it",
    ),
    Bug(
        "no reason is needed", "gating.py",
        "if refused:", "if False:", GATE, "keeps_it",
    ),
    Bug(
        "drift at any share", "gating.py",
        "return change.share_after >= self.factor * max(change.share_before, _LEAST_SHARE)",
        "return True", GATE, "one_bit_more",
    ),
    Bug(
        "what was left out is gone", "report.py",
        "self.shard is None and self.scope.covers(case, implementation)", "True", GATE,
        "a_case_removed",
    ),
    Bug(
        "a baseline written in place", "cli/accept_command.py",
        "write_whole(file, text)", 'file.write_text(text, encoding="utf-8")',
        "test_killed_accept.py", "half_way",
    ),
    Bug(
        "a missing shard passes", "merging.py",
        "if missing:", "if False:", MERGING, "missing_shard",
    ),
    Bug(
        "the first case in no shard", "shard.py",
        "items[self.index - 1 :: self.of]", "items[self.index :: self.of]", MERGING,
        "exactly_one",
    ),
    Bug(
        "what was not kept agrees", "rejudging.py", "if undecided:", "if False:", SAVED, "not_kept",
    ),
    Bug(
        "only what was kept is counted", "difference.py",
        "if self.excerpt is None else self.excerpt.diverging", "if True else 0", SAVED,
        "large_array",
    ),
    Bug(
        "a saved array unseen", "watching.py",
        "self._marks.get(s.case.id) != marks[s.case.id]", "s.case.id not in self._marks",
        "test_watching.py", "changed_array",
    ),
)  # fmt: skip


def run(folder: Path, bug: Bug) -> subprocess.CompletedProcess[str]:
    """The bug's tests, against the package in this folder."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    command += ["--no-header", "--tb=line", f"tests/{bug.tests}"]
    command += ["-k", bug.only] if bug.only else []
    environment = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "XENT_CHECK_EXAMPLES": EXAMPLES,
    }
    environment.pop("PYTEST_ADDOPTS", None)
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def copy_to(folder: Path) -> None:
    """The package and its tests, with what Python compiled of the files that stay the same."""
    shutil.copytree(PACKAGE, folder / "xent_check")
    (folder / "tests").mkdir()
    for file in TESTS.glob("*.py"):
        shutil.copy2(file, folder / "tests")
    if (TESTS / "__pycache__").is_dir():
        shutil.copytree(TESTS / "__pycache__", folder / "tests" / "__pycache__")
    shutil.copy(TESTS.parent / "pyproject.toml", folder)
    (folder / "conftest.py").write_text(QUICK, encoding="utf-8")


def plant(bug: Bug, folder: Path) -> subprocess.CompletedProcess[str] | None:
    """The outcome of the bug's tests with the bug there; None where its text is not."""
    copy_to(folder)
    file = folder / "xent_check" / bug.file
    source = file.read_text(encoding="utf-8")
    if bug.old not in source:
        return None
    file.write_text(source.replace(bug.old, bug.new), encoding="utf-8")
    return run(folder, bug)


Outcomes = Mapping[str, Future[subprocess.CompletedProcess[str] | None]]


@pytest.fixture(scope="module")
def outcomes(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Outcomes]:
    """The bugs that were selected, one planted on each core at a time."""
    selected: list[Bug] = [
        cast(Bug, item.callspec.params["bug"])
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.function is test_a_planted_bug_is_found
    ]
    with ThreadPoolExecutor(os.cpu_count() or 1) as executor:
        yield {
            bug.name: executor.submit(plant, bug, tmp_path_factory.mktemp("planted") / "copy")
            for bug in selected
        }
        executor.shutdown(cancel_futures=True)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name.replace(" ", "-"))
def test_a_planted_bug_is_found(bug: Bug, outcomes: Outcomes) -> None:
    done = outcomes[bug.name].result()
    assert done is not None, f"{bug.file} has changed: plant this one anew"
    # 1: tests ran and one failed; a file that cannot be imported, or no test at all, is no catch
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed" in done.stdout


@pytest.mark.parametrize("tests", sorted({bug.tests for bug in BUGS}))
def test_without_a_bug_the_same_tests_pass(tests: str, tmp_path: Path) -> None:
    copy_to(tmp_path / "copy")
    tmp_path /= "copy"
    where = "import xent_check; print(xent_check.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(found.stdout.strip()).is_relative_to(tmp_path)
    only = [f"({bug.only})" for bug in BUGS if bug.tests == tests and bug.only]
    done = run(tmp_path, Bug("none", "", "", "", tests, " or ".join(dict.fromkeys(only))))
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_bugs_enough() -> None:
    assert len({(bug.file, bug.old, bug.new) for bug in BUGS}) == len(BUGS) >= 20
