"""What a shell completes: commands, options, names, formats, tags, case files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from xent_check.cli import COMMANDS, group
from xent_check.implementations.table import DEVICES, IMPLEMENTATIONS
from xent_check.reporters.formats import REPORTERS

CASES = """
defaults: {loss: sparse_categorical, logits: [[1.0, 2.0]], labels: [1]}
cases:
  - {name: first, tags: [tiny, sparse]}
  - {name: second, tags: [tidy]}
  - {name: each, matrix: {dtype: [float32, float64]}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "mine.yaml").write_text(CASES, encoding="utf-8")
    (tmp_path / "notes.txt").touch()
    (tmp_path / "more").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def completed(*words: str) -> list[str]:
    """What completes the last of the words."""
    shell = ShellComplete(group, {}, "xent-check", "_XENT_CHECK_COMPLETE")
    return [item.value for item in shell.get_completions(list(words[:-1]), words[-1])]


def kinds(*words: str) -> list[str]:
    shell = ShellComplete(group, {}, "xent-check", "_XENT_CHECK_COMPLETE")
    return [item.type for item in shell.get_completions(list(words[:-1]), words[-1])]


def test_commands_and_options_are_completed() -> None:
    assert completed("") == list(COMMANDS)
    assert completed("ru") == ["run"]
    assert {"--help", "--version"} <= set(completed("--"))
    assert completed("run", "--req") == ["--require"]


@pytest.mark.parametrize(
    "before",
    [("run", "-i"), ("run", "--require"), ("explain", "-i"), ("repro", "-i"), ("eval", "--impl")],
)
def test_implementations_are_completed(before: tuple[str, ...]) -> None:
    assert completed(*before, "") == list(IMPLEMENTATIONS)
    assert completed(*before, "to") == ["torch"]
    assert completed(*before, "keras:") == [f"keras:{m}" for m in IMPLEMENTATIONS["keras"].modes]
    assert completed(*before, "keras:x") == ["keras:xla"]
    assert completed(*before, "tf:xla@") == [f"tf:xla@{device}" for device in DEVICES]


def test_your_own_function_is_completed_as_a_file() -> None:
    assert kinds("run", "-i", "./losses.p") == ["file"]


@pytest.mark.parametrize("command", ["run", "eval"])
def test_formats_are_completed_and_behind_them_files(command: str) -> None:
    assert completed(command, "--report", "") == list(REPORTERS)
    assert completed(command, "--report", "jso") == ["json", "jsonl"]
    assert kinds(command, "--report", "json=out") == ["file"]


def test_tags_are_completed_from_the_paths_before_them(folder: Path) -> None:
    assert completed("run", "mine.yaml", "--tag", "ti") == ["tidy", "tiny"]
    assert completed("run", str(folder), "--tag", "") == ["sparse", "tidy", "tiny"]
    assert completed("run", "nowhere.yaml", "--tag", "") == []


def test_tags_without_a_path_are_those_of_the_shipped_cases() -> None:
    assert "forum" in completed("run", "--tag", "f")


def test_tags_of_a_bad_file_are_none(folder: Path) -> None:
    (folder / "bad.yaml").write_text("cases: [", encoding="utf-8")
    assert completed("run", "bad.yaml", "--tag", "") == []


@pytest.mark.parametrize("command", ["run", "explain", "repro"])
def test_paths_are_left_to_the_shell_and_behind_them_cases_are_named(
    command: str, folder: Path
) -> None:
    assert kinds(command, "mi") == ["file"]
    assert completed(command, "mine.yaml::s") == ["mine.yaml::second"]
    names = ["first", "second", "each[dtype=float32]", "each[dtype=float64]"]
    assert completed(command, "mine.yaml::") == [f"mine.yaml::{name}" for name in names]
    assert completed(command, "nowhere.yaml::") == []


def test_a_name_is_completed_without_a_framework_or_numpy() -> None:
    code = (
        "import sys; from click.shell_completion import ShellComplete as S; "
        "from xent_check.cli import group; "
        "print([i.value for i in S(group, {}, '', '').get_completions(['run', '-i'], 'to')]); "
        "print(sorted({'numpy', 'torch', 'tensorflow', 'jax', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['torch']\n[]\n"


# ---- bash -------------------------------------------------------------------------------------

COMPLETE = r"""
eval "$(_XENT_CHECK_COMPLETE=bash_source xent-check)"
COMP_LINE="$1" COMP_POINT=${#1}
word="${1##*[ :=]}"
_xent_check_completion xent-check "$word" before
printf '%s\n' "${COMPREPLY[@]}"
"""


def bash(line: str) -> list[str]:
    """What Bash would put in place of the last word, where it breaks words at : and =."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    found = shutil.which("bash")
    if found is None:
        pytest.skip("no bash")
    done = subprocess.run(
        [found, "--norc", "-c", f"compopt() {{ :; }}\n{COMPLETE}", "bash", line],
        env={**os.environ, "PATH": path, "COMP_WORDBREAKS": " \t\n\"'@><=;|&(:"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("xent-check ru", ["run"]),
        ("xent-check run -i to", ["torch"]),
        ("xent-check run -i keras:x", ["xla"]),
        ("xent-check run -i torch@cu", ["@cuda"]),
        ("xent-check run --report jso", ["json", "jsonl"]),
        ("xent-check run mine.yaml::fi", ["first"]),
        (
            "xent-check run mine.yaml::each\\[",
            ["each\\[dtype=float32\\]", "each\\[dtype=float64\\]"],
        ),
        ("xent-check run mine.yaml::each\\[dtype=", ["float32\\]", "float64\\]"]),
        ("xent-check run mine.yaml --tag tin", ["tiny"]),
        ("xent-check run m", ["more", "mine.yaml"]),
        ("xent-check run n", [""]),
    ],
)
def test_bash_gets_what_follows_its_last_break(line: str, words: list[str], folder: Path) -> None:
    assert bash(line) == words
