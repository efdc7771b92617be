"""What further checks found, in a run that was saved: read, edited, judged again, gated."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.command import xent_check
from tests.support.fake import FAKES
from xent_check.cli.saved_run import saved_run
from xent_check.errors import UserError
from xent_check.history.saved.json_schema import result_schema

CASES = """\
defaults:
  loss: sparse_categorical
  logits: [[1.0, 2.0, 3.0], [4.0, 1.0, 0.5], [0.0, 0.0, 0.0]]
  labels: [0, 2, 1]
  check: [value, inputs, repeatable, batch]
cases:
  - name: found
  - name: known
    expect: {"conduct.py:overwrites_logits": {conduct: input-overwritten, because: it is fused}}
  - name: no-company
    logits: {shape: [0, 3], fill: 0}
    labels: {shape: [0], fill: 0}
    reduction: sum
"""
NAME = "conduct.py:overwrites_logits"
Document = dict[str, Any]
SENTENCE = "it overwrites the logits (9 of 9 entries) that it was given: the caller's array is "


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("conduct")
    (folder / "c.yaml").write_text(CASES)
    (folder / "conduct.py").write_bytes((FAKES / "conduct.py").read_bytes())
    done = xent_check(folder, "run", "c.yaml", "-i", NAME, "--report", "json=r.json")
    assert done.code == 1, done.err
    return folder


@pytest.fixture
def document(folder: Path) -> Document:
    read: Document = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    return copy.deepcopy(read)


def result(document: Document, case: str) -> Document:
    one: Document = next(r for r in document["results"] if r["case"] == f"c.yaml::{case}")
    return one


def test_each_check_is_saved_with_what_it_found(document: Document) -> None:
    found = result(document, "found")
    assert found["status"] == "diverges"
    assert found["reason"] == f"{SENTENCE}destroyed"
    assert found["conduct"] == {
        "inputs": {
            "status": "diverges",
            "extent": "logits, labels are unchanged",
            "id": "input-overwritten",
            "sentence": f"{SENTENCE}destroyed",
            "parameters": {"changed": {"logits": 9}},
        },
        "repeatable": {"status": "agrees", "extent": "a second call gives the same bits"},
        "batch": {
            "status": "agrees",
            "extent": "each of 3 samples asked alone, and all in reverse order, give the same",
        },
    }
    assert [e["id"] for e in found["explanation"]] == ["input-overwritten"]
    assert result(document, "known")["status"] == "known"
    assert result(document, "known")["expect"]["conduct"] == ["input-overwritten"]
    assert result(document, "no-company")["conduct"]["batch"] == {
        "status": "unsupported",
        "reason": "there is no sample to ask alone",
    }
    jsonschema.validate(document, result_schema())


def test_a_case_without_further_checks_has_no_word_of_them(folder: Path) -> None:
    (folder / "plain.yaml").write_text(CASES.partition("  check")[0] + "cases: [{name: plain}]\n")
    done = xent_check(folder, "run", "plain.yaml", "-i", NAME, "--report", "json=p.json")
    assert done.code == 0, done.err
    assert "conduct" not in json.loads((folder / "p.json").read_text())["results"][0]


# That samples were as they are in other company, under a tolerance that allowed more.
UNKNOWN = {
    "status": "unsupported",
    "reason": "it was checked under another tolerance, and the numbers of that are not saved",
}


@pytest.mark.parametrize("tolerance", ["1.0e-3", "auto"])
def test_a_finding_stands_under_any_tolerance(folder: Path, tolerance: str) -> None:
    done = xent_check(
        folder, "judge", "r.json", "--tolerance", tolerance, "--report", "json=j.json"
    )
    assert done.code == 1, done.err
    again = json.loads((folder / "j.json").read_text(encoding="utf-8"))
    before = json.loads((folder / "r.json").read_text(encoding="utf-8"))
    for case in ("found", "known", "no-company"):
        for key in ("status", "reason", "explanation"):
            assert result(again, case)[key] == result(before, case)[key], (case, key)
        for check, was in result(before, case)["conduct"].items():
            now = result(again, case)["conduct"][check]
            less_is_allowed = tolerance == "auto" and check == "batch" and was["status"] == "agrees"
            assert now == (UNKNOWN if less_is_allowed else was), (case, check)


EDITS: list[Callable[[Document], object]] = [
    lambda d: result(d, "found")["conduct"]["inputs"].update(status="agrees"),
    lambda d: result(d, "found")["conduct"].pop("inputs"),
    lambda d: result(d, "found")["conduct"].pop("batch"),
    lambda d: result(d, "found")["conduct"].update(
        inputs={"status": "agrees", "extent": "logits, labels are unchanged"}
    ),
    lambda d: result(d, "found").update(status="agrees", reason=None),
    lambda d: result(d, "known")["expect"].pop("conduct"),
    lambda d: result(d, "found").pop("conduct"),
]


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_finding_is_refused(
    document: Document, edit: Callable[[Document], object], tmp_path: Path
) -> None:
    file = tmp_path / "edited.json"
    file.write_text(json.dumps(document))
    saved_run(str(file))
    edit(document)
    file.write_text(json.dumps(document))
    with pytest.raises(UserError, match="edited"):
        saved_run(str(file))


def test_a_baseline_accepts_a_finding_and_no_other(folder: Path, document: Document) -> None:
    accept = ("accept", "--results", "r.json", "--baseline", "b.json", "--because", "fused")
    assert xent_check(folder, *accept).code == 0
    gated = ("--baseline", "b.json")
    assert xent_check(folder, "judge", "r.json", *gated).code == 0
    labels = {"changed": {"logits": 9, "labels": 1}}
    found = result(document, "found")
    found["conduct"]["inputs"]["parameters"] = found["explanation"][0]["parameters"] = labels
    (folder / "more.json").write_text(json.dumps(document))
    done = xent_check(folder, "judge", "more.json", *gated)
    assert done.code == 1
    assert "input-overwritten: logits -> input-overwritten: labels, logits" in done.out
