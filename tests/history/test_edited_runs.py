"""A saved run that was edited by hand: what could turn red into green is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import xent_check
from xent_check.cli.saved_run import saved_run
from xent_check.errors import UserError
from xent_check.history.contradictions import contradiction

CASES = """\
defaults: {loss: sparse_categorical, tolerance: 1.0e-4}
cases:
  - name: small
    logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]]
    labels: [0, 2]
    reduction: [mean, sum]
    check: [value, gradient]
  - name: known
    logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]]
    labels: [0, 1]
    expect: {"bad.py:loss": {losses: [1.41703, 0.2200495], because: it adds one}}
  - name: large
    logits: {shape: [1200, 2], random: normal, seed: 0}
    labels: {shape: [1200], fill: 1}
"""
# One too much on the first sample of every case.
BAD = """\
import numpy as np

def loss(logits, labels):
    x = logits.astype(np.float64)
    losses = np.log(np.exp(x).sum(-1)) - x[np.arange(len(x)), labels]
    losses[0] += 1.0
    return losses.astype(np.float32)
"""
Document = dict[str, Any]
Edit = Callable[[Document], object]
NAME = "bad.py:loss"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("edited")
    (folder / "c.yaml").write_text(CASES)
    (folder / "bad.py").write_text(BAD)
    done = xent_check(
        folder, "run", "c.yaml", "-i", NAME, "-i", "stable", "--report", "json=r.json"
    )
    assert done.code == 1, done.err
    accept = ("accept", "--results", "r.json", "--baseline", "base.json", "--because", "known")
    assert xent_check(folder, *accept).code == 0
    gate = ("judge", "r.json", "--baseline", "base.json", "--report", "json=g.json")
    assert xent_check(folder, *gate).code == 0
    return folder


def of(document: Document, case: str, implementation: str = NAME) -> Document:
    """The result of one implementation on one case."""
    return next(
        r
        for r in document["results"]
        if r["case"] == f"c.yaml::{case}" and r["implementation"] == implementation
    )


def agree(document: Document, case: str) -> Document:
    """The words of an agreement, and none of its numbers; the counts and the verdict too."""
    of(document, case).update(status="agrees", reason=None, diverging_samples=0)
    s = document["summary"]
    s.update(diverges=s["diverges"] - 1, agrees=s["agrees"] + 1)
    if not s["diverges"]:
        s.update(verdict="agrees", exit_code=0)
    return document


def without_results(document: Document, *cases: str) -> None:
    names = {f"c.yaml::{case}" for case in cases}
    document["results"] = [r for r in document["results"] if r["case"] not in names]
    document["cases"] = [c for c in document["cases"] if c["case"] not in names]
    document["summary"]["cases"] -= len(names)


def set_(*path: str | int, to: Any) -> Edit:
    """In the divergence of `small` where the path begins with no key of the document."""

    def edit(document: Document) -> None:
        target: Any = document if path[0] in document else of(document, "small")
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = to

    return edit


def drop(*path: str | int, case: str = "small") -> Edit:
    def edit(document: Document) -> None:
        target: Any = document if path[0] in document else of(document, case)
        for key in path[:-1]:
            target = target[key]
        del target[path[-1]]

    return edit


EDITS: dict[str, tuple[Edit, str]] = {
    "a status": (set_("status", to="agrees"), "status is 'agrees'; its numbers give 'diver"),
    "a status and the counts": (
        lambda d: [agree(d, name) for name in ("small", "large")], "status is 'agrees'",
    ),
    "a number": (set_("losses", 0, to=0.41703), "status is 'diverges'"),
    "a reference": (set_("reference", 0, to=1.41703), "its reference of the losses differs"),
    "a difference": (set_("abs_diff", 0, to=0.0), "abs_diff[0] is 0.0"),
    "the largest difference": (set_("max_abs_diff", to=0.0), "max_abs_diff is 0.0"),
    "no diverging samples": (set_("diverging_samples", to=0), "diverging_samples is 0"),
    "the tolerance of one": (set_("tolerance", "atol", to=9.0), "elsewhere"),
    "the tolerance of all": (
        lambda d: [r["tolerance"].update(atol=9.0) for r in d["results"]], "status is 'diverges'",
    ),
    "the tolerance of the run": (set_("run", "tolerance", to={"atol": 9.0}), "elsewhere"),
    "a bound": (set_("bound", 0, to=9.0), "share_of_bound is"),
    "the share": (set_("share_of_bound", to=0.1), "share_of_bound is 0.1"),
    "a row": (drop("losses", 0), "reshape"),
    "a total": (drop("totals", "sum"), "sum: asked for but absent"),
    "a total's number": (
        lambda d: of(d, "small", "stable")["totals"]["mean"].update(actual=1.0), "diverges",
    ),
    "a total's status": (set_("totals", "mean", "status", to="agrees"), "totals.mean.status"),
    "a total's bound": (
        lambda d: of(d, "small", "stable")["totals"]["mean"].pop("bound"),
        "no totals.mean.bound",
    ),
    "the gradient": (set_("gradient", to=None), "gradient: asked for but absent"),
    "a result": (lambda d: d["results"].remove(of(d, "small")), "no answer of bad.py:loss"),
    "the results of a case": (lambda d: without_results(d, "large"), "summary."),
    "the inputs": (set_("cases", 0, "inputs", to="0" * 16), "run.selection is"),
    "who was to answer": (set_("cases", 0, "implementations", to=["stable"]), "not asked for"),
    "the exit code": (set_("summary", "exit_code", to=0), "summary.exit_code is 0"),
    "the verdict": (set_("summary", "verdict", to="agrees"), "summary.verdict is 'agrees'"),
    "a count": (set_("summary", "diverges", to=0), "summary.diverges is 0"),
    "a reason": (set_("expect", to={"because": "so", "error": None}), "reason is None"),
    "a reason and the status": (
        lambda d: of(d, "small").update(
            status="known", reason="so", expect={"because": "so", "error": None}
        ),
        "status is 'known'",
    ),
    "an excuse": (
        lambda d: of(d, "small").update(
            status="known", reason="so", ungated={"status": "diverges", "reason": None}
        ),
        "status is 'known'",
    ),
    "unsupported in words": (set_("status", to="unsupported"), "status is 'unsupported'"),
    "a stop": (
        lambda d: (
            d["results"].remove(of(d, "small")),
            d["results"].remove(of(d, "large")),
            d["run"].update(stopped="stopped after 1"),
        ),
        "but only 0 failed or diverged",
    ),
    "large: no diverging samples": (lambda d: agree(d, "large"), "large: status is 'agrees'"),
    "large: more than there are": (
        lambda d: of(d, "large").update(diverging_samples=9999), "diverging_samples is 9999",
    ),
    "large: the worst row": (
        lambda d: of(d, "large")["worst"].pop(0), "its rows stand for",
    ),
    "large: what decides": (
        lambda d: of(d, "large")["deciding"].pop(), "its rows stand for",
    ),
    "large: the order": (lambda d: of(d, "large")["worst"].reverse(), "worst[0]"),
    "large: a number": (
        lambda d: of(d, "large")["worst"][0].update(actual=of(d, "large")["worst"][0]["reference"]),
        "large: status is 'diverges'",
    ),
    "large: what is allowed": (
        lambda d: of(d, "large")["worst"][0].update(allowed=9.0), "worst[0].allowed is 9.0",
    ),
    "large: a reference": (
        lambda d: of(d, "large")["worst"][0].update(reference=0.0), "max_abs_diff",
    ),
    "large: an index twice": (
        lambda d: of(d, "large")["worst"][1].update(sample=of(d, "large")["worst"][0]["sample"]),
        "a row is repeated",
    ),
    "large: a row elsewhere": (
        lambda d: of(d, "large")["worst"][1].update(sample=[5000]), "no place [5000] in [1200]",
    ),
    "known: stated numbers": (lambda d: of(d, "known").pop("expected"), "status is 'known'"),
    "known: the reason": (lambda d: of(d, "known").update(expect=None), "status is 'known'"),
    "known: agrees": (lambda d: of(d, "known").update(status="agrees"), "status is 'agrees'"),
}  # fmt: skip


def refused(folder: Path, document: Document) -> str:
    """What is said of the document; as if it were read by any of the commands."""
    file = folder / "edited.json"
    file.write_text(json.dumps(document))
    with pytest.raises(UserError) as caught:
        saved_run(str(file))
    return str(caught.value)


@pytest.mark.parametrize("name", EDITS)
def test_a_run_that_was_edited_is_refused(folder: Path, name: str) -> None:
    document = json.loads((folder / "r.json").read_text())
    before = copy.deepcopy(document)
    edit, words = EDITS[name]
    edit(document)
    assert document != before
    assert words in refused(folder, document)


GATED: dict[str, tuple[Edit, str]] = {
    "no longer excused": (lambda d: of(d, "small").update(ungated=None), "status is 'known'"),
    "excused from nothing": (
        lambda d: of(d, "small")["ungated"].update(status="agrees"), "ungated",
    ),
    "no change": (lambda d: d["baseline"]["changes"].pop(), "baseline:"),
    "no baseline": (lambda d: d.update(baseline=None), "status is 'known'"),
    "another number the same": (lambda d: d["baseline"].update(same=9), "9 the same"),
    "a change that fails": (
        lambda d: d["baseline"]["changes"][0].update(kind="new"), "status is 'known'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", GATED)
def test_a_gated_run_that_was_edited_is_refused(folder: Path, name: str) -> None:
    document = json.loads((folder / "g.json").read_text())
    edit, words = GATED[name]
    edit(document)
    assert words in refused(folder, document)


def test_an_answer_that_is_not_there_is_told_by_its_place() -> None:
    one = {"implementation": "torch", "case": "c.yaml::c"}
    said = contradiction({"results": []}, {"results": [one]})
    assert str(said).startswith("results[0] is missing; its numbers give {")
    said = contradiction({"results": [{}]}, {"results": [one]})
    assert said == "torch on c.yaml::c: implementation is missing; its numbers give 'torch'"


@pytest.mark.parametrize("name", ["r.json", "g.json"])
def test_a_run_that_was_not_edited_is_read(folder: Path, name: str) -> None:
    assert saved_run(str(folder / name)).counts["known"] == (1 if name == "r.json" else 3)


BEYOND = """\
loss: sparse_categorical
logits: [[0, 1.0e+308], [0, 0]]
labels: [0, 0]
dtype: float64
tolerance: 1.0e-4
"""
FAR = """\
import numpy as np

def loss(logits, labels):
    return np.array([-1e308, np.log(2)])
"""


def test_a_difference_beyond_float64_is_not_believed_to_be_none(tmp_path: Path) -> None:
    """The loss is 1e308, and -1e308 was computed: the difference is no float64."""
    (tmp_path / "c.yaml").write_text(BEYOND)
    (tmp_path / "far.py").write_text(FAR)
    run = ("run", "c.yaml", "-i", "far.py:loss", "--report", "json=r.json")
    done = xent_check(tmp_path, *run)
    assert (done.code, done.err) == (1, "")
    document = json.loads((tmp_path / "r.json").read_text())
    (result,) = document["results"]
    assert result["abs_diff"][0] == "inf"
    result.update(status="agrees", reason=None, explanation=None, diverging_samples=0)
    result.update(abs_diff=[0.0, 0.0], max_abs_diff=0.0, max_ulps=0.0, smallest_atol=0.0)
    document["summary"].update(diverges=0, agrees=1, verdict="agrees", exit_code=0)
    (tmp_path / "edited.json").write_text(json.dumps(document))
    done = xent_check(tmp_path, "judge", "edited.json")
    assert (done.code, done.out) == (2, "")
    assert "status is 'agrees'; its numbers give 'diverges'" in done.err


@pytest.mark.parametrize(
    "command",
    [
        ("judge", "edited.json"),
        ("judge", "edited.json", "--tolerance", "10"),
        ("merge", "edited.json"),
        ("compare", "r.json", "edited.json"),
        ("accept", "--results", "edited.json", "--baseline", "new.json", "--because", "so"),
    ],
    ids=lambda command: " ".join(command[:3]),
)
def test_every_command_refuses_it_and_says_where(folder: Path, command: tuple[str, ...]) -> None:
    document = json.loads((folder / "r.json").read_text())
    agree(document, "large")
    (folder / "edited.json").write_text(json.dumps(document))
    done = xent_check(folder, *command)
    assert (done.code, done.out) == (2, "")
    assert "edited.json: bad.py:loss on c.yaml::large: " in done.err
    assert "it was edited, or another xent-check wrote it" in done.err
    assert not (folder / "new.json").exists()


# ---- a run that was gated ----------------------------------------------------------------------


def test_what_a_baseline_excused_is_excused_by_that_one_alone(folder: Path) -> None:
    run = ("run", "c.yaml", "-i", "stable", "--report", "json=stable.json")
    assert xent_check(folder, *run).code == 0
    strict = ("accept", "--results", "stable.json", "--baseline", "strict.json")
    assert xent_check(folder, *strict).code == 0
    held = xent_check(folder, "judge", "g.json", "--baseline", "strict.json", "--report", "json")
    assert held.code == 1
    assert held.json["summary"]["diverges"] == 2
    accept = ("accept", "--results", "g.json", "--baseline", "other.json")
    done = xent_check(folder, *accept)
    assert (done.code, (folder / "other.json").exists()) == (2, False)
    assert "2 to accept without a reason; give it with --because TEXT" in done.err
    assert xent_check(folder, *accept, "--because", "so").code == 0
    assert (folder / "other.json").read_text().count('"because": "so"') == 2


def test_a_divergence_is_new_beside_a_good_run_though_a_baseline_excused_it(folder: Path) -> None:
    (folder / "good.py").write_text(BAD.replace("+= 1.0", "+= 0.0"))
    saved = (folder / "bad.py").read_text()
    (folder / "bad.py").write_text((folder / "good.py").read_text())
    run = ("run", "c.yaml", "-i", NAME, "--report", "json=good.json", "-k", "small")
    assert xent_check(folder, *run).code == 0
    (folder / "bad.py").write_text(saved)
    done = xent_check(folder, "compare", "good.json", "g.json", "--report", "json")
    assert done.code == 1
    kinds = {(c["case"], c["implementation"]): c["kind"] for c in done.json["changes"]}
    assert kinds["c.yaml::small", NAME] == "new"
