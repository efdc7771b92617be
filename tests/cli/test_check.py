"""`check` and `run --collect-only`: what is there, and is it right, without a framework."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import xent_check
from xent_check.implementations.table import IMPLEMENTATIONS

CASES = """\
defaults: {loss: sparse_categorical, logits: [[1.0, 2.0]], labels: [1]}
cases:
  - {name: first, tags: [small]}
  - {name: second}
  - {name: each, matrix: {dtype: [float32, float64]}}
"""
IDS = ["first", "second", "each[dtype=float32]", "each[dtype=float64]"]
ONE = "{loss: binary, logits: [0.5], labels: [1]}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "a.yaml").write_text(CASES)
    (tmp_path / "b.yaml").write_text(ONE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ((), "4 cases in 1 file are valid"),
        (("cases", "b.yaml"), "5 cases in 2 files are valid"),
        (("b.yaml", "b.yaml"), "1 case in 1 file is valid"),
        (("cases/a.yaml::second",), "1 case in 1 file is valid"),
        (("corpus:forum/binary.yaml",), "1 case in 1 file is valid"),
    ],
)
def test_valid_files_are_counted(folder: Path, paths: tuple[str, ...], said: str) -> None:
    done = xent_check(folder, "check", *paths)
    assert (done.code, done.out, done.err) == (0, f"{said}\n", "")


def test_every_mistake_of_every_file_is_told(folder: Path) -> None:
    (folder / "cases" / "a.yaml").write_text(CASES.replace("[1.0, 2.0]", "[1.0, x]"))
    (folder / "b.yaml").write_text(ONE.replace("binary", "binry") + "labls: 3\n")
    (folder / "c.yaml").write_text(ONE.replace("[0.5]", "{file: none.npy}"))
    done = xent_check(folder, "check", "cases", "b.yaml", "c.yaml")
    assert (done.code, done.out) == (2, "")
    for place in ("cases/a.yaml:1: ", "b.yaml:", "c.yaml:1: logits.file"):
        assert any(line.startswith(place) for line in done.err.splitlines()), done.err


def test_no_case_at_all_is_no_success(folder: Path) -> None:
    (folder / "empty").mkdir()
    assert xent_check(folder, "check", "empty").code == 3
    assert xent_check(folder / "empty", "check").code == 2
    assert xent_check(folder, "check", "nowhere.yaml").code == 2


def test_the_configured_paths_are_checked(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.xent-check]\npaths = "b.yaml"\njobs = 2\n')
    assert xent_check(folder, "check").out == "1 case in 1 file is valid\n"
    assert xent_check(folder, "check", "--no-config").out == "4 cases in 1 file are valid\n"


def test_arrays_outside_need_leave(folder: Path) -> None:
    (folder / "b.yaml").write_text(ONE.replace("[0.5]", "{file: ../x.npy}"))
    assert "outside" in xent_check(folder, "check", "b.yaml").err


@pytest.mark.parametrize("command", [("check",), ("run", "--collect-only")])
def test_no_framework_is_loaded_nor_asked_for(folder: Path, command: tuple[str, ...]) -> None:
    needed = sorted(
        {name for entry in IMPLEMENTATIONS.values() for name in entry.needs} - {"numpy"}
    )
    code = (
        "import sys\n"
        "from xent_check.cli import main\n"
        f"sys.argv = {['xent-check', *command]}\n"
        "try: main()\n"
        f"finally: print(sorted({{*{needed}, 'execnet'}} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"


# ---- collect-only -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "names", "said"),
    [
        ((), IDS, "4 cases in 1 file"),
        (("-k", "each or second"), IDS[1:], "3 cases in 1 file"),
        (("--keyword", "each and not 64"), IDS[2:3], "1 case in 1 file"),
        (("-k", "first", "-k", "second"), IDS[:2], "2 cases in 1 file"),
        (("--tag", "small"), IDS[:1], "1 case in 1 file"),
        (("--shard", "2/2", "-i", "manual"), None, "2 cases in 1 file"),
    ],
)
def test_the_cases_that_would_run_are_named(
    folder: Path, options: tuple[str, ...], names: list[str] | None, said: str
) -> None:
    done = xent_check(folder, "run", "--collect-only", *options)
    *ids, blank, count = done.out.splitlines()
    assert (done.code, blank, count, done.err) == (0, "", said, "")
    assert len(ids) == int(said.split()[0])
    if names is not None:
        assert ids == [f"cases/a.yaml::{name}" for name in names]
    ran = xent_check(folder, "run", *options, "-i", "manual", "--report", "json").json["results"]
    assert list(dict.fromkeys(r["case"] for r in ran)) == ids


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("-k", "third"), 3, "none of 4 cases is selected by -k third\n"),
        (("-k", "first or"), 2, "-k 'first or': column 9: the end; allowed: a text, not, or (\n"),
        (("--watch",), 2, "--collect-only and --watch: one or the other\n"),
    ],
)
def test_what_names_no_case(folder: Path, options: tuple[str, ...], code: int, said: str) -> None:
    done = xent_check(folder, "run", "--collect-only", *options)
    assert (done.code, done.out) == (code, "")
    assert done.err.endswith(said)
