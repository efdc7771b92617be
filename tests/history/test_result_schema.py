"""The JSON Schema of a result: what a run writes is valid, and what is damaged is not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.support.command import xent_check
from tests.support.reports import case, compared, difference, every_status, report, result
from tests.support.snapshots import EXPECTED
from xent_check.history.saved.json_schema import result_schema
from xent_check.history.saved.schema import Document
from xent_check.reporters.formats import Terminal, reporter
from xent_check.results.report import STATUSES, Report

CASES = """\
defaults: {loss: sparse_categorical}
cases:
  - {name: gradient, logits: [[2.0, 1.0], [0.5, 2.5]], labels: [0, 1], check: [value, gradient]}
  - {name: stated, logits: [[0.0, 0.0]], labels: [1], expect: {stable: {losses: [0.6931]}}}
  - {name: infinite, probs: [[1.0, 0.0]], labels: [1], reduction: [mean, sum]}
  - {name: large, logits: {shape: [1200, 2], random: normal, seed: 0},
     labels: {shape: [1200], fill: 1}, check: [value, gradient]}
  - {name: empty, logits: {shape: [0, 2], fill: 0}, labels: {shape: [0], fill: 0}, reduction: mean}
"""
# A column, where one number for each sample is asked for: nothing can be compared.
COLUMN = """\
import numpy as np

def loss(logits, labels):
    return np.zeros((len(labels), 1), dtype=np.float32)
"""
NAMES = ("-i", "stable", "-i", "manual", "-i", "column.py:loss")
Edit = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = result_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of its own: r.json, and g.json held against a baseline."""
    folder = tmp_path_factory.mktemp("schema")
    (folder / "c.yaml").write_text(CASES)
    (folder / "column.py").write_text(COLUMN)
    run = ("run", "c.yaml", *NAMES, "--durations", "3", "--report", "json=r.json")
    assert xent_check(folder, *run).code == 1
    accept = ("accept", "--results", "r.json", "--baseline", "b.json", "--because", "known")
    assert xent_check(folder, *accept).code == 0
    xent_check(folder, "judge", "r.json", "--baseline", "b.json", "--report", "json=g.json")
    return folder


def loaded(file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def test_the_command_prints_it(tmp_path: Path) -> None:
    done = xent_check(tmp_path, "schema", "--result")
    assert (done.code, done.err) == (0, "")
    printed = json.loads(done.out)
    assert printed == result_schema()
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert printed["title"] == "xent-check result"
    for kind in ("NotCompared", "ComparedWhole", "ComparedExcerpt"):
        assert printed["$defs"][kind]["properties"]["status"]["enum"] == list(STATUSES)


@pytest.mark.long
def test_what_needs_words_is_described() -> None:
    definitions = result_schema()["$defs"]
    for kind in ("Header", "Summary", "Environment", "Run", "Gate", "Change", "Case"):
        properties = (definitions | {"Header": result_schema()})[kind]["properties"]
        assert [key for key, value in properties.items() if "description" not in value] == [], kind
    for kind, key, words in (
        ("ComparedWhole", "losses", "of `dtype`"),
        ("ComparedWhole", "bound", "rounding explains"),
        ("Sample", "sample", "indices"),
        ("Total", "ulps", "spacings at the reference"),
        ("Wait", "seconds", "from request to answer"),
        ("Host", "version", "of its distribution"),
    ):
        assert words in definitions[kind]["properties"][key]["description"], (kind, key)


@pytest.mark.parametrize("file", sorted(EXPECTED.glob("*.json")), ids=lambda file: file.name)
def test_every_snapshot_is_valid(file: Path, validator: Any) -> None:
    validator.validate(loaded(file))


@pytest.mark.parametrize("name", ["r.json", "g.json"])
def test_a_run_is_valid_and_all_of_it_is_in_the_model(
    folder: Path, name: str, validator: Any
) -> None:
    document = loaded(folder / name)
    validator.validate(document)
    assert document["run"]["verbose"] is False
    assert (document["baseline"] is None) == (name == "r.json")
    assert Document.model_validate(document).plain() == document


def large() -> Report:
    """More losses, and more of a gradient, than are kept."""
    numbers = difference([0.5] * 2000, [0.25] * 2000)
    of = compared(numbers, {"mean": difference(0.5, 0.25)}, gradient=numbers)
    return report([result(case("x"), "torch", "diverges", comparison=of)])


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_every_kind_of_result_is_valid(name: str, validator: Any) -> None:
    for of in (every_status(), every_status(verbose=True), large(), report([])):
        lines = list(map(json.loads, reporter("jsonl").render(of, Terminal()).splitlines()))
        whole = lines[-1] | {"results": lines[:-1]}
        if name == "json":
            whole = json.loads(reporter("json").render(of, Terminal()))
        validator.validate(whole)
        assert Document.model_validate(whole).plain() == whole


def at(*path: str | int, to: Any) -> Edit:
    def edit(document: dict[str, Any]) -> None:
        target: Any = document
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = to

    return edit


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of each number, text or null."""
    if not isinstance(value, dict | list):
        yield path
        return
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield from leaves(item, (*path, key))


DAMAGED: dict[str, Edit] = {
    "another schema": at("schema", to=2),
    "no schema": lambda d: d.pop("schema"),
    "a status that there is none of": at("results", 0, "status", to="agreed"),
    "a verdict that there is none of": at("summary", "verdict", to="fine"),
    "no status": lambda d: d["results"][0].pop("status"),
    "no tolerance": lambda d: d["results"][0].pop("tolerance"),
    "half a tolerance": lambda d: d["results"][0]["tolerance"].pop("ulps"),
    "a negative tolerance": at("results", 0, "tolerance", "atol", to=-1.0),
    "no totals": lambda d: d["results"][0].pop("totals"),
    "a total that there is none of": at("results", 0, "totals", to={"median": {}}),
    "null in place of a number": at("results", 0, "losses", 0, to=None),
    "text in place of a number": at("results", 0, "losses", 0, to="NaN"),
    "a count in words": at("summary", "cases", to="three"),
    "half a host": lambda d: d["environment"]["implementations"]["stable"].pop("own"),
    "a case without its inputs": lambda d: d["cases"][0].pop("inputs"),
    "labels without their place": at("cases", 0, "labels", 0, to="1"),
    "a change without its kind": lambda d: d["baseline"]["changes"][0].pop("kind"),
    "no durations": lambda d: d.pop("durations"),
    "nothing compared, and no losses": lambda d: next(
        r for r in d["results"] if "worst" not in r and r["losses"] is None
    ).pop("losses"),
    "half a scope": lambda d: d["run"]["scope"].pop("filtered"),
    "a row without its place": lambda d: next(
        r for r in d["results"] if "worst" in r
    )["worst"][0].pop("sample"),
    "an element that is a sample": lambda d: (
        d["results"][-1]["gradient"]["worst"][0].update(sample=[0]),
        d["results"][-1]["gradient"]["worst"][0].pop("element"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def gated(folder: Path) -> dict[str, Any]:
    """A gated run, and a result with a large gradient."""
    document = loaded(folder / "g.json")
    document["results"] += json.loads(reporter("json").render(large(), Terminal()))["results"]
    return document


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_run_is_not_valid(gated: dict[str, Any], name: str, validator: Any) -> None:
    document = copy.deepcopy(gated)
    DAMAGED[name](document)
    assert document != gated
    assert validator.is_valid(gated)
    assert not validator.is_valid(document)


def test_a_mapping_in_place_of_any_value_is_not_valid(folder: Path, validator: Any) -> None:
    document = loaded(folder / "g.json")
    results = document["results"]
    excerpt = next(r for r in results if "worst" in r)
    rows = {"worst": excerpt["worst"][:1], "deciding": excerpt["deciding"][:1]}
    document["results"] = [results[0], results[2], excerpt | rows]
    for path in leaves(document):
        if "parameters" not in path:  # of an explanation: each has its own
            damaged = copy.deepcopy(document)
            at(*path, to={"a": "b"})(damaged)
            assert not validator.is_valid(damaged), path
