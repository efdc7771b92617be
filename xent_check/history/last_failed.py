"""Last failed: the answers that diverged or failed in the last runs from a folder.

One small file per working directory, in the user's cache folder or in XENT_CHECK_CACHE.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from xent_check.casefile.loading import read_cases
from xent_check.casefile.paths import case_files, split_id
from xent_check.errors import UserError
from xent_check.results.report import CaseResult, Report

from .cache import cache_file
from .locking import file_lock
from .whole_file import write_whole

Failures = dict[str, set[str]]  # the implementations, by case id


class UnreadableError(Exception):
    """Raised where the file cannot be read or understood; the text is why."""


def state_file(folder: Path) -> Path:
    """The file that keeps what failed in runs from the folder."""
    return cache_file("last-failed", folder, ".json")


def read(file: Path) -> Failures:
    """The failures in a file; none where it does not exist. UnreadableError where it cannot be
    read, or is not what `update` writes."""
    try:
        document = json.loads(file.read_bytes())
        failed = document["failed"]
        return {str(case): {str(name) for name in names} for case, names in failed.items()}
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise UnreadableError("it does not hold what a run writes") from None


def update(folder: Path, results: Mapping[str, Mapping[str, bool]], whole: bool) -> None:
    """Record the results of a run from the folder: whether each implementation failed, by case.

    Other answers keep their record. whole: the results are all answers to their cases. OSError
    where the file cannot be written, UserError where it cannot be locked.
    """
    file = state_file(folder)
    if not file.exists() and not any(failed for of in results.values() for failed in of.values()):
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with file_lock(file):
        try:
            known = read(file)
        except UnreadableError:
            known = {}
        for case, answers in results.items():
            before = set() if whole else known.pop(case, set()) - answers.keys()
            known[case] = before | {name for name, failed in answers.items() if failed}
        failed = {case: sorted(names) for case, names in sorted(known.items()) if names}
        if failed:
            if not file.exists():
                _forget_folders_that_are_gone(file.parent)
            document = {"schema": 1, "folder": os.path.realpath(folder), "failed": failed}
            write_whole(file, json.dumps(document, indent=1) + "\n", private=True)
        else:
            file.unlink(missing_ok=True)


def _forget_folders_that_are_gone(states: Path) -> None:
    for file in states.glob("*.json"):
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError):
            if not os.path.isdir(json.loads(file.read_bytes())["folder"]):
                file.unlink()


def existing_cases(failures: Failures) -> dict[str, str]:
    """The failed cases that still exist, each with the path of its file."""
    names: dict[str, set[str] | None] = {}
    files: dict[str, str] = {}
    for case in failures:
        shown, name = split_id(case)
        if shown not in names:
            names[shown] = _names(shown)
        in_file = names[shown]
        if in_file is None or name in in_file:  # a file with mistakes is kept, to be reported
            files[case] = shown
    return files


def _names(shown: str) -> set[str] | None:
    """The names of the cases in a file, none where there is no file; None where it has mistakes."""
    try:
        file = next((file for file in case_files(shown) if file.shown == shown), None)
    except UserError:
        file = None
    if file is None:
        return set()
    cases = read_cases(file.path, shown)
    return None if cases.mistakes else {case.name for case in cases.cases}


def fails(result: CaseResult) -> bool:
    """Whether the result makes a run fail."""
    return result.status in ("diverges", "failed") or (
        result.required and result.status == "missing"
    )


def outcomes(report: Report) -> dict[str, dict[str, bool]]:
    """Whether each implementation failed, by case. Under a baseline, an accepted divergence did
    not fail."""
    failures = outcomes_without_gate(report.results)
    if report.gate is not None:
        failing = {(change.case, change.implementation) for change in report.gate.failing}
        for result in report.results:
            if result.status not in ("failed", "missing"):
                name = result.implementation
                failures[result.case.id][name] = (result.case.id, name) in failing
    return failures


def outcomes_without_gate(results: Iterable[CaseResult]) -> dict[str, dict[str, bool]]:
    """Whether each implementation failed, by case, without a baseline."""
    failures: dict[str, dict[str, bool]] = {}
    for result in results:
        failures.setdefault(result.case.id, {})[result.implementation] = fails(result)
    return failures
