"""What a shell completes: commands, options, names, formats, tags, case files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import CompletionItem, ShellComplete

from xent_check.casefile.listing import list_cases
from xent_check.casefile.loading import read_cases
from xent_check.casefile.paths import case_files
from xent_check.cli import COMMANDS, group, run_command
from xent_check.cli.completion import Fish
from xent_check.errors import InvalidError
from xent_check.history.gate import parse_rules
from xent_check.implementations.table import DEVICES, IMPLEMENTATIONS
from xent_check.problem.vocabulary import DTYPES, LOSSES, REDUCTIONS
from xent_check.reporters.formats import REPORTERS

CASES = """
defaults: {loss: sparse_categorical, logits: [[1.0, 2.0]], labels: [1]}
cases:
  - {name: first, tags: [tiny, sparse]}
  - {name: second, tags: [tidy]}
  - {name: each, matrix: {dtype: [float32, float64]}}
"""


EACH_64 = "mine.yaml::each[dtype=float64]"


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


def test_tags_without_a_path_are_those_of_the_shipped_cases(folder: Path) -> None:
    assert "forum" in completed("run", "--tag", "f")


def test_tags_without_a_path_are_those_of_the_folder_cases(folder: Path) -> None:
    (folder / "cases").mkdir()
    (folder / "mine.yaml").rename(folder / "cases" / "mine.yaml")
    assert completed("run", "--tag", "") == ["sparse", "tidy", "tiny"]


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


SLOW = {"numpy", "pydantic", "torch", "tensorflow", "jax", "rich", "jinja2", "matplotlib"}


@pytest.mark.parametrize(
    ("words", "items"),
    [
        (("run", "-i", "to"), ["torch"]),
        (("run", "corpus:forum/binary.yaml::"), ["corpus:forum/binary.yaml::binary-by-hand"]),
        (("run", "mine.yaml::each"), ["mine.yaml::each[dtype=float32]", EACH_64]),
        (("run", "mine.yaml", "--tag", "ti"), ["tidy", "tiny"]),
        (("run", "--fail-on", "new,drift:"), ["new,drift:2x"]),
        (("eval", "--loss", "b"), ["binary"]),
    ],
)
def test_nothing_that_is_slow_to_load_is_loaded(
    words: tuple[str, ...], items: list[str], folder: Path
) -> None:
    """A second and more, for which the shell would wait."""
    code = (
        "import sys; from click.shell_completion import ShellComplete as S\n"
        "from xent_check.cli import group\n"
        f"found = S(group, {{}}, '', '').get_completions({list(words[:-1])}, {words[-1]!r})\n"
        "print([item.value for item in found])\n"
        f"print(sorted({SLOW} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{items}\n[]\n"


@pytest.mark.parametrize(
    ("words", "items"),
    [
        (("eval", "--loss", ""), list(LOSSES)),
        (("eval", "--dtype", ""), list(DTYPES)),
        (("eval", "--reduction", ""), list(REDUCTIONS)),
        (("eval", "--check", ""), ["value", "gradient", "inputs", "repeatable", "batch"]),
        (("eval", "--tolerance", "a"), ["auto"]),
        (("run", "--tolerance", "a"), ["auto"]),
        (("accept", "--tolerance", "a"), ["auto"]),
        (("judge", "--tolerance", "a"), ["auto"]),
        (("repro", "--tolerance", "a"), ["auto"]),
        (("repro", "--format", ""), ["python", "markdown"]),
        (("impls", "--report", ""), ["text", "json"]),
        (("explain", "--report", ""), ["text", "json"]),
        (("compare", "--report", "j"), ["json"]),
        (("run", "--col"), ["--color", "--collect-only"]),
        (("check", "--sh"), ["--show-config"]),
    ],
    ids=" ".join,
)
def test_the_words_of_a_choice_are_completed(words: tuple[str, ...], items: list[str]) -> None:
    assert completed(*words) == items


@pytest.mark.parametrize("command", ["run", "judge", "merge", "compare"])
def test_changes_are_completed_one_by_one(command: str) -> None:
    kinds_of_changes = completed(command, "--fail-on", "")
    assert parse_rules(kinds_of_changes)  # none is refused
    words = {word.partition(":")[0] for word in kinds_of_changes}
    with pytest.raises(InvalidError) as refused:
        parse_rules(["nothing"])
    allowed = refused.value.mistakes[0].allowed.split(", ")
    assert words == {word.partition(":")[0] for word in allowed}
    assert completed(command, "--fail-on", "new,drift,dri") == ["new,drift,drift:2x"]


@pytest.mark.parametrize("command", ["run", "explain", "repro", "check", "accept"])
def test_what_ships_is_completed(command: str, folder: Path) -> None:
    folders = [
        "corpus:behaviour",
        "corpus:conformance",
        "corpus:forum",
        "corpus:found",
        "corpus:language_models",
        "corpus:options",
    ]
    assert completed(command, "corpus:") == folders
    assert completed(command, "cor") == ["corpus:", *folders, "cor"]
    assert completed(command, "corpus:f") == ["corpus:forum", "corpus:found"]
    assert completed(command, "corpus:forum/b") == ["corpus:forum/binary.yaml"]
    assert set(kinds(command, "corpus:forum/")) == {"plain"}


def test_an_interpreter_is_completed_as_a_name_and_a_file() -> None:
    assert completed("run", "--python", "tor") == ["torch=", "tor"]
    assert kinds("impls", "--python", "torch=.v") == ["file"]


def test_a_file_is_listed_as_it_is_loaded(folder: Path) -> None:
    for file in case_files("corpus:"):
        cases = read_cases(file.path, file.shown).cases
        assert [(c.name, c.tags) for c in list_cases(file.path)] == [
            (case.name, tuple(case.fields.tags)) for case in cases
        ]


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
        (
            "xent-check run corpus:",
            ["behaviour", "conformance", "forum", "found", "language_models", "options"],
        ),
        ("xent-check run --fail-on new,drift:", ["2x"]),
        ("xent-check run n", [""]),
    ],
)
def test_bash_gets_what_follows_its_last_break(line: str, words: list[str], folder: Path) -> None:
    assert bash(line) == words


# ---- fish -------------------------------------------------------------------------------------


def fish(folder: Path, line: str) -> list[str]:
    """What Fish would offer for the last word: each with its description after a tab."""
    found = shutil.which("fish")
    if found is None:
        pytest.skip("no fish")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    source = "_XENT_CHECK_COMPLETE=fish_source xent-check | source; complete -C $argv[1]"
    done = subprocess.run(
        [found, "--no-config", "-c", source, line],
        cwd=folder,
        env={**os.environ, "PATH": path, "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_fish_describes_the_commands_and_options_whole(folder: Path) -> None:
    assert fish(folder, "xent-check ") == [f"{n}\t{COMMANDS[n]}" for n in sorted(COMMANDS)]
    (option,) = fish(folder, "xent-check run --fail-o")
    (param,) = [p for p in run_command.command.params if p.name == "fail_on"]
    assert isinstance(param, click.Option)
    assert option == f"--fail-on\t{param.help}"


def test_fish_offers_words_with_commas_whole(folder: Path) -> None:
    assert fish(folder, "xent-check run --fail-on new,drift:") == ["new,drift:2x"]
    assert fish(folder, "xent-check run mine.yaml::se") == ["mine.yaml::second"]


def test_a_line_for_fish_has_its_comma_and_its_description_once() -> None:
    """As the script of Fish splits it, also where there is no Fish."""
    item = CompletionItem("new,drift", help="one, two\n three\tfour")
    line = Fish(group, {}, "xent-check", "_XENT_CHECK_COMPLETE").format_completion(item)
    assert line == "plain,new,drift\tone, two three four"
    assert "string split -m 1 , " in Fish.source_template


def test_what_the_project_declares_is_completed(folder: Path) -> None:
    table = "[tool.xent-check.implementation.fused]\nfunction = 'a.b:c'\n"
    (folder / "pyproject.toml").write_text(table)
    assert completed("run", "-i", "fu") == ["fused"]
    assert completed("run", "--returns", "we") == ["weighted_mean"]
    (folder / "pyproject.toml").write_text(f"{table}[")
    assert completed("run", "-i", "to") == ["torch"]
