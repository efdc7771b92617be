"""SARIF: the rules of its specification (2.1.0, OASIS) and of GitHub's code scanning that our
report is under, and what it says.

SARIF_SCHEMA=FILE holds it against the official JSON Schema as well, which is not ours to ship.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.reports import (
    EXACT,
    INF,
    agreeing,
    case,
    compared,
    difference,
    every_status,
    report,
    result,
)
from xent_check import __version__
from xent_check.diagnosis.diagnosis import Diagnosis, Explanation
from xent_check.reporters.formats import Terminal, reporter
from xent_check.results.change import KINDS, Change, GateResult
from xent_check.results.report import CaseResult, Report


def thing(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object of these properties alone; SARIF knows more, which we do not write."""
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


def several(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


WORDS = {"type": "string", "minLength": 1}
MESSAGE = thing({"text": WORDS})  # §3.11
LEVEL = {"enum": ["none", "note", "warning", "error"]}  # §3.27.10
PLACE = thing(  # §3.29, §3.4, §3.30
    {
        "artifactLocation": thing(
            {"uri": {"type": "string", "pattern": r"^[A-Za-z0-9/._~!$&'()*+,;=:@%-]+$"}},
            uriBaseId={"const": "%SRCROOT%"},
        ),
        "region": thing({"startLine": {"type": "integer", "minimum": 1}}),
    }
)
RULE = thing(  # §3.49; code scanning wants the three texts
    {
        "id": WORDS,
        "shortDescription": MESSAGE,
        "fullDescription": MESSAGE,
        "help": MESSAGE,
        "defaultConfiguration": thing({"level": LEVEL}),
    }
)
RESULT = thing(  # §3.27; code scanning refuses one without a location
    {
        "ruleId": WORDS,
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": several(thing({"physicalLocation": PLACE}), minItems=1, maxItems=1),
        "partialFingerprints": {"type": "object", "additionalProperties": WORDS},
        "properties": {"type": "object"},
    }
)
INVOCATION = thing(  # §3.20
    {
        "executionSuccessful": {"type": "boolean"},
        "exitCode": {"type": "integer"},
        "toolExecutionNotifications": several(thing({"level": LEVEL, "message": MESSAGE})),
    }
)
DRIVER = thing(  # §3.19
    {
        "name": WORDS,
        "version": WORDS,
        "semanticVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
        "rules": several(RULE),
    }
)
RUN = thing(  # §3.14
    {
        "tool": thing({"driver": DRIVER}),
        "invocations": several(INVOCATION),
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": several(RESULT, maxItems=25_000),
    }
)
LOG = thing(  # §3.13
    {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": several(RUN, minItems=1, maxItems=1),
    }
)


def sarif(of: Report) -> Any:
    """The log's one run, valid."""
    log = json.loads(reporter("sarif").render(of, Terminal()))
    jsonschema.validate(log, LOG)
    official = os.environ.get("SARIF_SCHEMA")
    if official:
        jsonschema.validate(log, json.loads(Path(official).read_text(encoding="utf-8-sig")))
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(rules)) == len(rules)
    assert {entry["ruleId"] for entry in run["results"]} == set(rules)
    for entry in run["results"]:
        assert rules[entry["ruleIndex"]] == entry["ruleId"]
    return run


def test_there_is_a_result_for_each_answer_that_makes_the_run_fail() -> None:
    run = sarif(every_status())
    told = [(r["properties"]["implementation"], r["ruleId"]) for r in run["results"]]
    assert told == [
        ("keras", "diverges"), ("tf", "diverges"), ("torch", "failed"), ("optax", "missing"),
        ("jax", "diverges"),
    ]  # fmt: skip
    assert run["tool"]["driver"]["version"] == __version__
    assert run["invocations"][0]["exitCode"] == 1


def test_a_result_stands_at_the_case_with_its_numbers() -> None:
    first = sarif(every_status())["results"][0]
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "cases/demo.yaml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 11},
            }
        }
    ]
    assert first["message"]["text"].startswith("keras diverges on cases/demo.yaml::hard[")
    assert first["properties"]["max_abs_diff"] == pytest.approx(183.881905)
    assert first["properties"]["max_ulps"] == pytest.approx(183.881905 * 2**16)  # of float32 at 200


def test_numbers_that_are_not_finite_are_words() -> None:
    losses = difference([INF, 0.25, 4.0], EXACT)
    odd = result(case("odd"), "torch", "diverges", comparison=compared(losses))
    assert sarif(report([odd]))["results"][0]["properties"]["max_abs_diff"] == "inf"


def test_warnings_and_notes_are_notifications() -> None:
    (invocation,) = sarif(every_status())["invocations"]
    told = [entry["message"]["text"] for entry in invocation["toolExecutionNotifications"]]
    assert "a warning, 5% of\ntwo lines" in told
    assert any("it printed to stdout" in text for text in told)


def test_what_is_known_is_no_result_because_code_scanning_would_open_an_alert() -> None:
    known = result(case("x"), "keras", "known", reason="clips")
    assert sarif(report([known, agreeing(case("x"), "torch")]))["results"] == []


def explained(name: str, *ids: str) -> CaseResult:
    losses = difference([16.118095, 0.25, 4.0], EXACT)
    reading = Explanation(ids, {}, "another reading", 0.0, 1.0)
    found = Diagnosis((reading,), closest=(), tried=40, by_chance=0.0)
    of = result(case(name), "keras", "diverges", comparison=compared(losses))
    return replace(of, diagnosis=found)


def test_an_explained_divergence_has_the_rule_of_its_explanation() -> None:
    run = sarif(report([explained("a", "clipped"), explained("b", "smoothing-missing", "sum")]))
    ids = [entry["ruleId"] for entry in run["results"]]
    assert ids == ["diverges/clipped", "diverges/smoothing-missing/sum"]
    assert "clipped" in run["tool"]["driver"]["rules"][0]["shortDescription"]["text"]


# ---- a stable identity ------------------------------------------------------------------------


def fingerprints(of: Report) -> list[str]:
    return [r["partialFingerprints"]["primaryLocationLineHash"] for r in sarif(of)["results"]]


def test_a_fingerprint_is_the_case_and_the_implementation_s_alone() -> None:
    def prints(off: float, line: int) -> list[str]:
        cases = [case("a[dtype=float32]", line=line), case("a[dtype=float64]", line=line)]
        losses = difference([0.5 + off, 0.25, 4.0], EXACT)
        return fingerprints(
            report(
                [
                    result(of, name, "diverges", comparison=compared(losses))
                    for of in cases
                    for name in ("keras", "torch")
                ]
            )
        )

    assert prints(1.0, 3) == prints(2.0, 17)
    assert len(set(prints(1.0, 3))) == 4  # though all four stand on one line


# ---- where ------------------------------------------------------------------------------------


def uri(file: str) -> dict[str, str]:
    bad = result(case("x", file=file), "torch", "failed", reason="killed")
    (entry,) = sarif(report([bad]))["results"]
    found: dict[str, str] = entry["locations"][0]["physicalLocation"]["artifactLocation"]
    return found


def test_a_path_is_a_uri_relative_to_the_repository() -> None:
    assert uri("my cases/50%.yaml") == {"uri": "my%20cases/50%25.yaml", "uriBaseId": "%SRCROOT%"}
    assert uri("fälle/é.yaml")["uri"] == "f%C3%A4lle/%C3%A9.yaml"


def test_a_path_outside_of_it_is_absolute() -> None:
    assert uri("/tmp/x.yaml") == {"uri": "file:///tmp/x.yaml"}


# ---- under a baseline -------------------------------------------------------------------------


def gated(of: Report, *failing: Change) -> Report:
    return replace(of, gate=GateResult("base.json", 0, failing, failing, ("drift",)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_that_is_to_fail_is_a_result_at_its_case(kind: Any) -> None:
    good = agreeing(case("x", line=7), "torch")
    change = Change(good.case.id, "torch", kind, "torch on x: moved")
    (entry,) = sarif(gated(report([good]), change))["results"]
    assert entry["ruleId"] == f"changed/{kind}"
    assert entry["properties"]["change"] == kind
    assert entry["locations"][0]["physicalLocation"]["region"] == {"startLine": 7}


def test_an_answer_that_is_gone_is_a_result_at_the_baseline() -> None:
    gone = Change("cases/demo.yaml::gone", "torch", "removed", "torch on gone: no more")
    (entry,) = sarif(gated(report([agreeing(case("x"), "torch")]), gone))["results"]
    place = entry["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "base.json"


def test_what_has_no_place_is_a_notification() -> None:
    run = sarif(replace(report([agreeing(case("x"), "torch")]), absent=("jax",)))
    assert run["results"] == []
    _, told = run["invocations"][0]["toolExecutionNotifications"]
    assert told["level"] == "error"
    assert "jax is required and missing" in told["message"]["text"]
    assert run["invocations"][0]["executionSuccessful"] is False


@pytest.mark.parametrize(
    ("of", "level"), [(report([agreeing(case("x"), "torch")]), "note"), (report([]), "error")]
)
def test_the_verdict_is_a_notification_and_an_error_where_nothing_was_compared(
    of: Report, level: str
) -> None:
    (invocation,) = sarif(of)["invocations"]
    assert invocation["toolExecutionNotifications"][0]["level"] == level
    assert invocation["executionSuccessful"] == (level == "note")
