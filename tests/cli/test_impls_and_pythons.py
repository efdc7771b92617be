"""`impls --report json`, and `--python` of the commands for one problem as `run` has it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.support.command import xent_check
from tests.support.environments import NUMPY, environment
from xent_check import __version__
from xent_check.implementations.names import DEFAULT
from xent_check.implementations.table import IMPLEMENTATIONS

PROBLEM = ("--loss", "binary", "--logits", "[0.5]", "--labels", "[1]")
CASE = "{name: one, loss: binary, logits: [0.5], labels: [1]}\n"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with NumPy, which says that it is 1.99.9, and a torch that is not there."""
    folder = tmp_path_factory.mktemp("other") / "venv"
    return environment(folder, *NUMPY, numpy="1.99.9", torch="9.9.9")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "c.yaml").write_text(CASE)
    return tmp_path


def test_impls_as_json_has_all_that_the_table_has(folder: Path) -> None:
    data = xent_check(folder, "impls", "--report", "json").json
    assert (data["schema"], data["xent_check"]) == (1, __version__)
    listed = {i["name"]: i for i in data["implementations"]}
    assert list(listed) == list(IMPLEMENTATIONS)
    assert [name for name, i in listed.items() if i["default"]] == [i.name for i in DEFAULT]
    for name, entry in IMPLEMENTATIONS.items():
        one = listed[name]
        assert one["installed"] == (one["version"] is not None) == (one["missing"] is None)
        assert (one["modes"], one["devices"]) == (list(entry.modes), list(entry.devices))
        assert (one["device"], one["python"]) == ("cpu", None)
        supports = {(s["loss"], s["given"]): set(s["options"]) for s in one["supports"]}
        assert supports == {key: set(options) for key, options in entry.supports.items()}
    assert listed["manual"]["version"] == np.__version__


def test_the_documented_shape_is_what_comes_out(folder: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "run.md").read_text("utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    shown = json.loads(block)
    (torch,) = shown["implementations"]
    data = xent_check(folder, "impls", "--report", "json").json
    assert shown.keys() == data.keys()
    (ours,) = [i for i in data["implementations"] if i["name"] == "torch"]
    assert list(torch) == list(ours)
    assert torch["supports"][0] in ours["supports"]
    for key in ("device", "devices", "modes", "calls", "default", "python"):
        assert torch[key] == ours[key]


def test_impls_says_what_another_interpreter_has(folder: Path, other: Path) -> None:
    given = ("impls", "--python", f"manual={other}", "--python", f"torch[new]={other}")
    data = xent_check(folder, *given, "--report", "json").json
    listed = {i["name"]: i for i in data["implementations"]}
    assert listed["manual"]["version"] == "1.99.9"
    assert listed["manual"]["python"].startswith(str(other))
    assert listed["stable"]["python"] is None
    new = listed["torch[new]"]
    assert (new["installed"], new["version"]) == (False, None)
    assert f"torch not installed in {other}" in new["missing"]
    text = " ".join(xent_check(folder, *given).out.split())
    assert "manual 1.99.9" in text
    assert f"torch[new] is missing: torch not installed in {other}" in text


@pytest.mark.parametrize(
    ("given", "columns"),
    [
        (("-i", "manual", "--python", "{}"), {"manual": True}),
        (("-i", "manual[old]", "--python", "manual[old]={}"), {"manual[old]": True}),
        (
            ("-i", "manual", "-i", "stable", "--python", "manual[old]={}"),
            {"manual": False, "manual[old]": True, "stable": False},
        ),
    ],
)
def test_eval_runs_in_another_interpreter(
    folder: Path, other: Path, given: tuple[str, ...], columns: dict[str, bool]
) -> None:
    words = [word.format(other) for word in given]
    done = xent_check(folder, "eval", *PROBLEM, *words, "--report", "json")
    assert done.code == 0, done.err
    hosts = done.json["environment"]["implementations"]
    assert {name: bool(host["python"]) for name, host in hosts.items()} == columns
    saved = xent_check(folder, "eval", *PROBLEM, *words, "--save", "saved.yaml", "--force")
    assert saved.code == 0
    assert xent_check(folder, "check", "saved.yaml").code == 0  # a label is no part of the case


@pytest.mark.parametrize("name", ["manual", "manual[old]"])
def test_repro_shows_the_answer_of_another_interpreter(
    folder: Path, other: Path, name: str
) -> None:
    given = ("repro", "c.yaml", "-i", name, "--python", f"{name}={other}", "--format", "markdown")
    done = xent_check(folder, *given)
    assert done.code == 0, done.err
    assert "- numpy 1.99.9\n" in done.out
    assert done.out.startswith("# manual: ")
    assert "[old]" not in done.out  # which nobody knows who reads the report


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("eval", *PROBLEM, "-i", "manual[new]"), "label 'new' of manual; allowed: manual[old]"),
        (("eval", *PROBLEM, "--observed", "1"), "leave out -i and --python, and reports but json"),
        (("repro", "c.yaml", "-i", "manual[new]"), "label 'new' of manual; allowed: manual[old]"),
    ],
)
def test_a_wrong_label_is_told(
    folder: Path, other: Path, given: tuple[str, ...], said: str
) -> None:
    done = xent_check(folder, *given, "--python", f"manual[old]={other}")
    assert (done.code, done.out) == (2, "")
    assert said in done.err


@pytest.mark.parametrize(
    "command", [("impls",), ("eval", *PROBLEM), ("repro", "c.yaml", "-i", "manual")]
)
def test_an_interpreter_that_is_none_is_told(folder: Path, command: tuple[str, ...]) -> None:
    done = xent_check(folder, *command, "--python", "nowhere")
    assert (done.code, done.out) == (2, "")
    assert "--python: " in done.err
    assert "nowhere" in done.err
