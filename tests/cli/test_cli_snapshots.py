"""The command as it answers: whole outputs at 80 columns. No framework is needed."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from tests.support.command import completed
from tests.support.snapshots import assert_expected
from xent_check import cli
from xent_check.implementations.table import IMPLEMENTATIONS
from xent_check.problem.options import CALLED
from xent_check.reference.elementary import RELEASES

Command = Callable[..., subprocess.CompletedProcess[str]]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def xent_check(tmp_path: Path) -> Command:
    """The command, in an empty folder, in a pipe."""

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        return completed(tmp_path, *arguments, **{"COLUMNS": "80"} | more)

    return run


COMMANDS: list[tuple[str, ...]] = [(), *((name,) for name in cli.COMMANDS)]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_as_expected(xent_check: Command, command: tuple[str, ...]) -> None:
    done = xent_check(*command, "--help")
    assert done.returncode == 0
    assert done.stderr == ""
    assert_expected(f"help{''.join(f'-{word}' for word in command)}.txt", done.stdout)


def test_help_stays_within_eighty_columns(xent_check: Command) -> None:
    for command in COMMANDS:
        lines = xent_check(*command, "--help").stdout.splitlines()
        assert [line for line in lines if len(line) > 80] == []


def test_version_is_one_line_on_stdout(xent_check: Command) -> None:
    done = xent_check("--version")
    assert re.fullmatch(r"xent-check, version \d+\.\d+\.\d+\n", done.stdout)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("command", ("rnu",)),
        ("option", ("run", "--repot", "json")),
        ("report", ("run", "--report", "jsno")),
        ("implementation", ("run", "-i", "touch")),
        ("mode", ("run", "-i", "keras:xlaa")),
    ],
)
def test_a_misspelt_word_is_answered_with_the_close_one(
    xent_check: Command, name: str, arguments: tuple[str, ...]
) -> None:
    done = xent_check(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert_expected(f"misspelt-{name}.txt", done.stderr)


# ---- impls ------------------------------------------------------------------------------------


def test_impls_has_a_line_for_each_implementation(xent_check: Command) -> None:
    done = xent_check("impls", COLUMNS="120")
    assert done.returncode == 0
    rows = done.stdout.split("\n\n")[0].splitlines()[1:]
    assert [row.split()[0].rstrip("*") for row in rows] == list(IMPLEMENTATIONS)
    for row, entry in zip(rows, IMPLEMENTATIONS.values(), strict=True):
        assert all(mode in row for mode in entry.modes)
        assert row.endswith(entry.about)


@pytest.mark.parametrize("columns", ["80", "120"])
def test_impls_fits_the_terminal(xent_check: Command, columns: str) -> None:
    lines = xent_check("impls", "-v", COLUMNS=columns).stdout.splitlines()
    assert [line for line in lines if len(line) > int(columns)] == []


def test_impls_shows_the_options_that_each_supports(xent_check: Command) -> None:
    lines = xent_check("impls", "-v").stdout.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("Supported"))
    place = {
        line.split()[-1]: len(line) - len(line.split()[-1]) for line in lines[start:][: len(CALLED)]
    }
    assert list(place) == [option.key for option in CALLED]
    shown: dict[tuple[str, str, str], set[str]] = {}
    name = ""
    for line in lines[start + len(place) : lines.index("", start)]:
        name = line[:12].strip() or name
        loss, given = line[12:31].strip(), line.split(" from ")[1]
        options = {option for option, column in place.items() if line[column] == "x"}
        shown |= {(name, loss, one): options for one in given.split(", ")}
    assert shown == {
        (name, *key): set(options)
        for name, entry in IMPLEMENTATIONS.items()
        for key, options in entry.supports.items()
    }


def test_impls_shows_the_releases_whose_exp_and_log_are_measured(xent_check: Command) -> None:
    lines = xent_check("impls", "-v").stdout.splitlines()
    start = lines.index("tolerance auto counts the errors of exp and log as measured of:")
    shown = {tuple(line.split()) for line in lines[start + 1 :][: len(RELEASES)]}
    assert shown == RELEASES


def test_impls_shows_what_each_computes_in_float32(xent_check: Command) -> None:
    lines = xent_check("impls", "-v").stdout.splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("Asked for 16 bits"))
    shown: dict[tuple[str, str, str], tuple[str, ...]] = {}
    name = ""
    for line in lines[start + 1 : lines.index("", start)]:
        name = line[:12].strip() or name
        dtypes, given = line[31:].split(" from ")
        shown[name, line[12:31].strip(), given] = tuple(dtypes.split(", "))
    assert shown == {
        (name, *key): dtypes
        for name, entry in IMPLEMENTATIONS.items()
        for key, dtypes in entry.in_float32.items()
    }


def test_impls_says_how_to_install_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from xent_check.cli import group
    from xent_check.implementations import names

    monkeypatch.setattr(names, "_find", lambda module: None if module == "torch" else True)
    group(["impls"], standalone_mode=False)
    out = capsys.readouterr().out
    assert re.search(r"^torch +missing", out, re.MULTILINE)
    assert "torch is missing: torch not installed: pip install 'xent-check[torch]'" in out


# ---- schema, init, run ------------------------------------------------------------------------


def schema(xent_check: Command) -> dict[str, Any]:
    done = xent_check("schema")
    assert done.returncode == 0
    parsed: dict[str, Any] = json.loads(done.stdout)
    return parsed


def test_schema_is_a_valid_json_schema(xent_check: Command) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(xent_check))


def uncommented(text: str) -> str:
    """The example with its commented-out `expect` in force."""
    before, after = text.split("# expect:\n")
    return before + "expect:\n" + after.replace("#   ", "  ")


@pytest.mark.parametrize("prepare", [str, uncommented])
def test_what_init_writes_is_valid_and_runs(
    xent_check: Command, tmp_path: Path, prepare: Callable[[str], str]
) -> None:
    assert xent_check("init", "mine.yaml").returncode == 0
    file = tmp_path / "mine.yaml"
    file.write_text(prepare(file.read_text(encoding="utf-8")), encoding="utf-8")
    loaded = YAML(typ="safe").load(file)
    jsonschema.validate(loaded, schema(xent_check))
    done = xent_check("run", "mine.yaml", "-i", "manual", "-i", "stable")
    assert done.returncode == 0, done.stdout + done.stderr
    name = "init-run.txt" if prepare is str else "init-run-expect.txt"
    text = re.sub(r"numpy [\d.]+", "numpy 2.0.0", done.stdout)
    assert_expected(name, re.sub(r"in \S+ s$", "in 1.5 s", text, flags=re.MULTILINE))


def test_init_does_not_overwrite_unless_forced(xent_check: Command, tmp_path: Path) -> None:
    file = tmp_path / "xent-case.yaml"
    file.write_text("mine", encoding="utf-8")
    done = xent_check("init")
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert file.read_text(encoding="utf-8") == "mine"
    assert xent_check("init", "--force").returncode == 0
    assert file.read_text(encoding="utf-8") != "mine"


def test_init_writes_the_schema_that_its_first_line_names(
    xent_check: Command, tmp_path: Path
) -> None:
    (tmp_path / "cases").mkdir()
    done = xent_check("init", "cases/mine.yaml")
    first = (tmp_path / "cases/mine.yaml").read_text(encoding="utf-8").splitlines()[0]
    name = first.removeprefix("# yaml-language-server: $schema=")
    written = json.loads((tmp_path / "cases" / name).read_text(encoding="utf-8"))
    assert written == schema(xent_check)
    assert done.stderr == (
        "wrote cases/mine.yaml, and cases/xent-check.schema.json for the editor; run it with: "
        "xent-check run cases/mine.yaml\n"
    )


def test_init_without_a_schema_names_none(xent_check: Command, tmp_path: Path) -> None:
    assert xent_check("init", "mine.yaml", "--no-schema").returncode == 0
    assert [file.name for file in tmp_path.iterdir()] == ["mine.yaml"]
    assert "$schema" not in (tmp_path / "mine.yaml").read_text(encoding="utf-8")


def test_a_changed_logit_is_told_in_one_sentence_and_exits_1(
    xent_check: Command, tmp_path: Path
) -> None:
    xent_check("init", "mine.yaml")
    file = tmp_path / "mine.yaml"
    text = uncommented(file.read_text(encoding="utf-8")).replace("2.5,", "2.6,")
    file.write_text(text, encoding="utf-8")
    done = xent_check("run", "mine.yaml", "-i", "stable")
    assert done.returncode == 1
    told = " ".join(done.stdout.split())
    assert "`expect.reference` of mine.yaml::my-first-case is wrong: published " in told
    assert " for sample [1], exactly " in told


def test_a_pipe_gets_no_color_unless_asked(xent_check: Command) -> None:
    xent_check("init", "mine.yaml")
    run = ("run", "mine.yaml", "-i", "stable")
    assert "\x1b" not in xent_check(*run).stdout
    assert "\x1b" in xent_check(*run, "--color").stdout


def test_stdout_holds_the_report_alone(xent_check: Command) -> None:
    xent_check("init", "mine.yaml")
    done = xent_check("run", "mine.yaml", "-i", "stable", "--report", "json")
    assert json.loads(done.stdout)["summary"]["exit_code"] == 0


# ---- the README -------------------------------------------------------------------------------


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_ci_finds_the_readme_s_test_command() -> None:
    found = re.findall(r"^\$ (.*\[all,test\].*)$", readme(), re.MULTILINE)
    assert len(found) == 1
    assert found[0].endswith(".venv/bin/pytest -n auto --dist loadscope")
