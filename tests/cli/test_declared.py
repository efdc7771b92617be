"""Losses of the user's own that a pyproject.toml, or the command line, says something of."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.support.command import completed, xent_check
from tests.support.fake import FAKES
from tests.support.snapshots import assert_expected

PYPROJECT = """\
[tool.xent-check]
tolerance = "auto"

[tool.xent-check.implementation.fused]
function = "losses.py:fused"
loss = "sparse_categorical"
given = "logits"
returns = "mean"
map = {a = "labels"}
set = {vocab = "num_classes", inplace = false}
env = {FAKE_TILE = "64"}

[tool.xent-check.implementation.smoothed]
function = "numpy=losses.py:smoothed"
fixed = {label_smoothing = 0.1}

[tool.xent-check.implementation.kept]
function = "losses.py:kept"
compute = "float32"

[tool.xent-check.implementation.broken]
function = "losses.py:broken"
compute = "float32"

[tool.xent-check.implementation.tile-64]
function = "losses.py:tile"
env = {FAKE_TILE = "64"}

[tool.xent-check.implementation.tile-128]
function = "losses.py:tile"
env = {FAKE_TILE = "128"}
"""
CASES = """\
defaults:
  loss: sparse_categorical
  logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]]
  labels: [0, 1]
cases:
  - {name: plain, implementations: [fused, smoothed, tile-128]}
  - {name: smooth, label_smoothing: 0.1, implementations: [fused, smoothed]}
  - name: half
    dtype: float16
    logits: {shape: [33, 300], random: normal, seed: 0, scale: 5}
    labels: {shape: [33], random: integers, seed: 1, low: 0, high: 300}
    implementations: [kept, broken]
  - name: known
    implementations: [tile-64]
    expect: {tile-64: {losses: [1.417030, 1.220050], because: one too many}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(FAKES / "declared.py", tmp_path / "losses.py")
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "c.yaml").write_text(CASES)
    return tmp_path


def test_what_is_declared_counts_and_reports_show_the_name(project: Path) -> None:
    """Of a promise that is broken, of two variables for one function, of what is built in."""
    done = completed(project, "run", "--report", "json=r.json", "--report", "table", COLUMNS="80")
    told = re.sub(r"in [\d.]+ s$", "in 1.5 s", done.stdout, flags=re.MULTILINE)
    told = re.sub(r"^numpy \S+", "numpy 2.0.0", told, flags=re.MULTILINE)
    assert_expected("declared.txt", told)
    assert (done.returncode, done.stderr) == (1, "")
    report = json.loads((project / "r.json").read_text())
    statuses = {
        (r["case"].partition("::")[2], r["implementation"]): r["status"] for r in report["results"]
    }
    assert statuses == {
        ("plain", "fused"): "agrees",
        ("plain", "smoothed"): "unsupported",
        ("plain", "tile-128"): "agrees",
        ("smooth", "fused"): "unsupported",
        ("smooth", "smoothed"): "agrees",
        ("half", "kept"): "agrees",
        ("half", "broken"): "diverges",
        ("known", "tile-64"): "known",
    }
    hosts = report["environment"]["implementations"]
    assert hosts["kept"]["declared"] == "losses.py:kept, compute float32"
    assert hosts["fused"]["took"].startswith("fused: losses.py:fused gets numpy arrays (by ")


OPTIONS = ("--returns", "mean", "--map", "a=labels", "--set", "vocab=num_classes",
           "--set", "inplace=false", "--env", "FAKE_TILE=64")  # fmt: skip


@pytest.mark.long
def test_options_say_what_a_table_may_say(project: Path) -> None:
    """Of a function named by its place, of a name in place of its table's key, of a case's own."""
    named = xent_check(project, "run", "-k", "plain", "-i", "losses.py:fused", *OPTIONS)
    assert (named.code, named.err) == (0, "")
    assert "declared: returns mean, map a=labels, set vocab=num_classes inplace=false" in (
        " ".join(named.out.split())
    )
    over = xent_check(project, "run", "-k", "plain", "-i", "fused", "--env", "FAKE_TILE=65")
    assert over.code == 4
    assert "AssertionError: (3, False, '65')" in " ".join(over.out.split())
    listed = xent_check(project, "run", "-k", "plain", "--fixed", "label_smoothing=0.5")
    assert listed.code == 3
    assert "it has label_smoothing 0.5 built in" in " ".join(listed.out.split())


@pytest.mark.long
def test_every_command_that_runs_a_loss_takes_them(project: Path) -> None:
    case = "cases/c.yaml::plain"
    explained = xent_check(project, "explain", case, "-i", "losses.py:fused", *OPTIONS)
    assert explained.code == 0, explained.err
    numbers = ("--loss", "sparse_categorical", "--logits", "[[2.0, 1.0, 0.1]]", "--labels", "[0]")
    for name in (("losses.py:fused", *OPTIONS), ("fused",)):
        evaluated = xent_check(project, "eval", *numbers, "-i", *name)
        assert evaluated.code == 0, evaluated.err + evaluated.out
    saved = xent_check(
        project, "eval", *numbers, "-i", "losses.py:fused", *OPTIONS, "--save", "s.yaml"
    )
    typed = saved.err.partition("xent-check ")[2].split("\n")[0]
    assert typed.startswith("run s.yaml --returns mean --map a=labels --set vocab=num_classes")
    assert xent_check(project, *typed.split()).code == 0
    kept = xent_check(
        project, "accept", case, "-i", "losses.py:fused", *OPTIONS, "--baseline", "b.json"
    )
    assert kept.code == 0, kept.err
    gated = xent_check(project, "run", case, "-i", "fused", "--baseline", "b.json")
    assert "fused" in gated.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("run", "-i", "stable", "--returns", "mean", "--map", "x=labels"),
            "declared: returns mean, map x=labels: that is about a loss of your own, and none is "
            "asked for; add -i MODULE:FUNCTION\n",
        ),
        pytest.param(
            ("run", "-k", "nowhere or smooth", "--set", "a=1", "-i", "manual"),
            "declared: set a=1: that is about a loss of your own, and none is asked for; add -i "
            "MODULE:FUNCTION\n",
            marks=pytest.mark.long,
        ),
        (
            ("run", "-i", "a:b", "--returns", "maen", "--map", "x", "--fixed", "rotation=1",
             "--set", "a=1", "--set", "a=2"),
            "--map: 'x'; allowed: PARAMETER=ROLE\n"
            "--set a: twice; allowed: once\n"
            "--returns: 'maen'; allowed: losses, mean, weighted_mean, sum, [losses, gradient]; "
            "did you mean 'mean'?\n"
            "--fixed rotation: unknown option; allowed: class_axis, normalize, ignore_index, "
            "shift, label_smoothing, smoothing_formula, class_weight, pos_weight, sample_weight, "
            "logit_scale, softcap, z_loss, num_items\n",
        ),
        (
            ("run", "-i", "fusd"),
            "Usage: xent-check run [OPTIONS] [PATH]...\nTry 'xent-check run --help' for help.\n\n"
            "Error: no implementation 'fusd'; allowed: ",
        ),
        pytest.param(
            ("eval", "--loss", "binary", "--logits", "1", "--labels", "1", "--given", "probs"),
            "declared: given probs: that is about a loss of your own, and none is asked for; add "
            "-i MODULE:FUNCTION\n",
            marks=pytest.mark.long,
        ),
        pytest.param(
            ("explain", "cases/c.yaml::plain", "--observed", "1", "--returns", "mean"),
            "Usage: xent-check explain [OPTIONS] CASE\nTry 'xent-check explain --help' for help."
            "\n\nError: --observed and what is declared (returns mean), of no -i: one or the "
            "other\n",
            marks=pytest.mark.long,
        ),
    ],
    ids=["run", "run-tag", "mistakes", "name", "eval", "explain"],
)  # fmt: skip
def test_what_cannot_be_said_is_told_at_once(
    project: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = xent_check(project, *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err[: len(told)] == told
    if arguments[-1] == "fusd":
        assert done.err.endswith("did you mean 'fused'?\n")


def test_names_that_are_declared_are_listed(project: Path) -> None:
    listed = json.loads(xent_check(project, "impls", "--report", "json").out)["implementations"]
    assert listed[-2] == {
        "name": "tile-64",
        "function": "losses.py:tile",
        "declared_in": "pyproject.toml:25",
        "declared": {"env": {"FAKE_TILE": "64"}},
        "python": None,
        "default": False,
        "device": "cpu",
    }
    shown = xent_check(project, "run", "--show-config", "--returns", "sum", "-i", "fused").out
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "returns sum --returns" in lines
    assert "implementation.kept losses.py:kept, compute float32 pyproject.toml" in lines
