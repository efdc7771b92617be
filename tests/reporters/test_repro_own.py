"""The script of a user's own loss: it imports the loss, calls it as xent-check did, and runs."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.command import xent_check
from tests.support.fake import FAKES, fake
from tests.support.fakes.own import Output
from xent_check.implementations.names import parse
from xent_check.implementations.own.answers import losses_of
from xent_check.implementations.own.framework import NUMPY
from xent_check.reporters.repro.own import importing

CASES = """\
defaults: {loss: sparse_categorical, tolerance: auto}
cases:
  - name: deep
    class_axis: 1
    logits: {shape: [2, 3, 4], random: normal}
    labels: {shape: [2, 4], random: integers, low: 0, high: 3}
  - {name: explicit, logits: [[1.0, 2.0], [0.5, 2.5]], labels: [0, 1], check: [value, gradient]}
  - {name: bfloat16, dtype: bfloat16, logits: [[1.0, 2.0, 3.0]], labels: [0]}
  - {name: weighted, logits: [[1.0, 2.0], [0.5, 2.5]], labels: [0, 1], class_weight: [1, 3]}
"""


def ran(folder: Path, case: str, name: str, *arguments: str) -> tuple[str, str]:
    """The script of a case, written and run in the folder, and what it prints."""
    (folder / "cases.yaml").write_text(CASES)
    done = xent_check(folder, "repro", f"cases.yaml::{case}", "-i", name, "-o", "s.py", *arguments)
    assert done.code == 0, done.err
    line = [sys.executable, "s.py"]
    script = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    assert script.returncode == 0, script.stderr
    return (folder / "s.py").read_text(), script.stdout


def test_a_script_calls_a_loss_in_the_axes_that_it_takes(tmp_path: Path) -> None:
    (tmp_path / "losses").mkdir()
    shutil.copy(FAKES / "own.py", tmp_path / "losses/my_own.py")
    script, printed = ran(tmp_path, "deep", "losses/my_own.py:two_axes")
    for line in (
        'sys.path.insert(0, "losses")  # from where xent-check was run',
        "from my_own import two_axes as loss",
        "logits = np.ascontiguousarray(np.moveaxis(logits, 1, -1)).reshape((8, 3))",
        "labels = labels.reshape((8,))",
        "losses = loss(logits, labels)",
        "losses = losses.reshape((2, 4))",
    ):
        assert line in script.splitlines()
    assert printed.splitlines()[-1] == "agrees"
    assert printed.count("exact: ") == 8


@pytest.mark.long
@pytest.mark.parametrize(
    ("case", "function", "lines"),
    [
        ("explicit", "with_gradient", ["losses = loss(logits, labels).loss",
                                       "gradient = loss(logits, labels).gradient"]),
        ("weighted", "weighted_mean",
         ["weighted_mean = loss(logits, labels, weight=class_weight)"]),
        ("explicit", "the_mean", ["mean = loss(logits, labels)"]),
        ("bfloat16", "any_axes", ["logits = logits.astype(ml_dtypes.bfloat16)"]),
    ],
)  # fmt: skip
def test_a_script_gets_the_parts_that_a_loss_gives(
    case: str, function: str, lines: list[str], tmp_path: Path
) -> None:
    script, printed = ran(tmp_path, case, fake("own", function))
    assert {*lines} <= {*script.splitlines()}
    assert printed.splitlines()[-1] == "agrees"


@pytest.mark.long
def test_a_script_has_what_is_declared_of_a_loss(tmp_path: Path) -> None:
    declared = ("--set", "chunk_size=3", "--env", 'MODE=a "b"')
    name = fake("odd", "of_something_more")
    script, printed = ran(tmp_path, "explicit", name, *declared)
    assert 'os.environ["MODE"] = "a \\"b\\""' in script.splitlines()
    assert "losses = loss(logits, labels, chunk_size=3)" in script.splitlines()
    assert printed.splitlines()[-1] == "agrees"


@pytest.mark.parametrize(
    ("function", "lines"),
    [
        ("mine.py:loss", ['sys.path.insert(0, ".")', "from mine import loss"]),
        ("pkg.losses:fused", ['sys.path.insert(0, ".")', "from pkg.losses import fused as loss"]),
        ("a/b.py:K.loss", ['sys.path.insert(0, "a")', "from b import K as loss",
                           "loss = loss.loss"]),
        ("my-loss.py:f", ['sys.path.insert(0, ".")', "import importlib",
                          'loss = importlib.import_module("my-loss").f']),
    ],
)  # fmt: skip
def test_a_loss_is_imported_from_where_it_was_found(function: str, lines: list[str]) -> None:
    own = replace(parse("mine.py:loss"), function=function)
    assert [line.partition("  #")[0] for line in importing(own)] == lines


def test_a_part_is_shown_by_its_place_or_name() -> None:
    pair, output = ([0.0], np.zeros(2)), Output(np.zeros(1), np.ones(2), np.zeros((2, 3)))
    for returned, text in ((pair, "[1]"), ({"a": 0, "b": np.ones(2)}, "['b']"), (output, ".loss")):
        assert losses_of(returned, NUMPY, (2,), [], "f").text == text


def test_what_gave_no_answer_to_show_has_no_script(tmp_path: Path) -> None:
    (tmp_path / "cases.yaml").write_text(CASES)
    for function, told in (("nothing", "it returned None"), ("of_logits_alone", "takes logits")):
        name = fake("odd", function)
        done = xent_check(tmp_path, "repro", "cases.yaml::explicit", "-i", name)
        assert done.code == 4
        assert done.out == ""
        assert "no script: " in done.err
        assert told in done.err
