"""SARIF 2.1.0 (OASIS standard, errata 01): a result for each answer that makes the run fail.

GitHub's code scanning and other tools read it. Known and accepted divergences are left out
rather than marked as suppressed: code scanning does not read suppressions, and would open an
alert for each of them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from xent_check import __version__
from xent_check.errors import ExitCode
from xent_check.history.saved.parts import json_number
from xent_check.results.change import ABOUT
from xent_check.results.report import Report

from ..alarms import Alarm, alarms_of
from ..outcome import summary
from ..remarks import remarks
from . import Terminal

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_ABOUT = {
    "diverges": "An implementation's numbers differ from the exact ones by more than the tolerance",
    "failed": "An implementation raised, crashed or ran out of time",
    "missing": "An implementation that is required, or that the baseline has, is not installed",
}
_CHANGED = {str(kind): text for kind, text in ABOUT.items()}


def render(report: Report, terminal: Terminal) -> str:
    """The report as a log with one run, as JSON.

    Its paths are relative to the working directory (`%SRCROOT%`): run xent-check in the root of
    the repository.
    """
    alarms = [alarm for alarm in alarms_of(report) if _place(alarm, report) is not None]
    ids = list(dict.fromkeys(_rule_id(alarm) for alarm in alarms))
    run = {
        "tool": {
            "driver": {
                "name": "xent-check",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(rule_id) for rule_id in ids],
            }
        },
        "invocations": [_invocation(report)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(alarm, report, ids.index(_rule_id(alarm))) for alarm in alarms],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, allow_nan=False) + "\n"


def _rule_id(alarm: Alarm) -> str:
    """The id of an alarm's rule.

    `diverges/clipped` for a divergence with an explanation, `changed/drifted` for a change that
    fails only because of the baseline, else the status.
    """
    if alarm.kind != "diverges":
        status = alarm.result is not None and alarm.kind == alarm.result.status
        return alarm.kind if status else f"changed/{alarm.kind}"
    diagnosis = None if alarm.result is None else alarm.result.diagnosis
    best = next(iter(diagnosis.reasons), None) if diagnosis else None
    return "diverges" if best is None else "/".join(("diverges", *best.ids))


def _rule(rule_id: str) -> dict[str, Any]:
    kind, _, why = rule_id.partition("/")
    if kind == "changed":
        about = f"Against the baseline: {_CHANGED[why]}"
        advice = "`xent-check accept` records the answers of this run in the baseline."
    else:
        about = f"{_ABOUT[kind]}; explained by {why}" if why else _ABOUT[kind]
        advice = "`xent-check explain FILE::CASE -i IMPLEMENTATION` shows both computations."
    return {
        "id": rule_id,
        "shortDescription": {"text": f"{about}."},
        "fullDescription": {"text": f"{about}."},
        "help": {"text": advice},
        "defaultConfiguration": {"level": "error"},
    }


def _result(alarm: Alarm, report: Report, rule_index: int) -> dict[str, Any]:
    name = f"{alarm.case}\0{alarm.implementation}".encode()
    identity = hashlib.sha256(name).hexdigest()[:16]
    return {
        "ruleId": _rule_id(alarm),
        "ruleIndex": rule_index,
        "level": "error",
        "message": {"text": alarm.sentence},
        "locations": [{"physicalLocation": _place(alarm, report)}],
        # GitHub tells alerts apart by the first fingerprint. The one that it computes itself hashes
        # the line, which all implementations of a case share, and all cases of a matrix.
        "partialFingerprints": {"primaryLocationLineHash": f"{identity}:1", "answer/v1": identity},
        "properties": _properties(alarm),
    }


def _place(alarm: Alarm, report: Report) -> dict[str, Any] | None:
    """The physical location: the case's line, or the baseline's first for an answer that only the
    baseline has.

    None for any other alarm, which then is no result: code scanning refuses a whole file in which
    a result has no location.
    """
    if alarm.result is not None:
        shown, line = alarm.result.case.shown, alarm.result.case.line
    elif alarm.change is not None and report.gate is not None:
        shown, line = PurePath(report.gate.file).as_posix(), 1
    else:
        return None
    return {"artifactLocation": _artifact(shown), "region": {"startLine": line}}


def _artifact(shown: str) -> dict[str, str]:
    path = PurePath(shown)
    if path.is_absolute():
        return {"uri": path.as_uri()}
    return {"uri": quote(path.as_posix()), "uriBaseId": "%SRCROOT%"}


def _properties(alarm: Alarm) -> dict[str, Any]:
    data: dict[str, Any] = {"case": alarm.case, "implementation": alarm.implementation}
    comparison = None if alarm.result is None else alarm.result.comparison
    if comparison is not None and comparison.losses.actual.size:
        losses = comparison.losses
        data["max_abs_diff"] = json_number(losses.abs_diff[losses.worst])
        data["max_ulps"] = json_number(losses.ulps_at(losses.worst))
    if alarm.change is not None:
        data["change"] = alarm.change.kind
    return data


def _invocation(report: Report) -> dict[str, Any]:
    """The exit code, and the summary and warnings as notifications."""
    nothing = report.exit_code == ExitCode.NOTHING_COMPARED
    unplaced = [alarm for alarm in alarms_of(report) if _place(alarm, report) is None]
    messages = [("error" if nothing else "note", summary(report))]
    messages += [("error", alarm.sentence) for alarm in unplaced]
    messages += [("warning", text) for text in remarks(report, report.verbose)]
    return {
        "executionSuccessful": report.exit_code in (ExitCode.AGREES, ExitCode.DIVERGES),
        "exitCode": int(report.exit_code),
        "toolExecutionNotifications": [
            {"level": level, "message": {"text": text}} for level, text in messages
        ],
    }
