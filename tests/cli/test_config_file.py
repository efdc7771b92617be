"""`[tool.xent-check]`: what it may say, what it may not, and that options come before it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import completed
from tests.support.fake import CASES
from tests.support.snapshots import assert_expected
from xent_check.casefile.pyproject import TABLES
from xent_check.cli.accept_command import command as accept
from xent_check.cli.config_file import KEYS, Config, find
from xent_check.cli.run_command import command as run
from xent_check.errors import UserError

ALLOWED = ", ".join([*KEYS, TABLES])
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with three cases below `cases`, its root the working directory."""
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "three.yaml").write_text(CASES)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, table: str) -> None:
    (folder / "pyproject.toml").write_text(f"[tool.xent-check]\n{table}\n", encoding="utf-8")


def found(folder: Path) -> Config:
    config = find(folder)
    assert config is not None
    return config


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(UserError) as caught:
        find(folder)
    return str(caught.value).splitlines()


# ---- where it is looked for -------------------------------------------------------------------


def test_the_nearest_table_upwards_is_taken(project: Path) -> None:
    below = project / "a" / "b"
    below.mkdir(parents=True)
    write(project, "jobs = 1")
    assert (found(below).table.file, found(below).values) == ("../../pyproject.toml", {"jobs": 1})
    (project / "a" / "pyproject.toml").write_text("[project]\nname = 'no table of ours'\n")
    assert (found(below).table.file, found(below).values) == ("../../pyproject.toml", {"jobs": 1})
    write(project / "a", "jobs = 2")
    assert (found(below).table.file, found(below).values) == ("../pyproject.toml", {"jobs": 2})


def test_a_repository_is_not_left(project: Path) -> None:
    inner = project / "inner"
    (inner / "deep").mkdir(parents=True)
    (inner / ".git").write_text("gitdir: elsewhere\n")
    write(project, "jobs = 1")
    assert find(inner / "deep") is None
    write(inner, "jobs = 2")
    assert found(inner / "deep").values == {"jobs": 2}


def test_without_a_table_there_is_nothing(project: Path) -> None:
    assert find(project) is None
    (project / "pyproject.toml").write_text("tool = 3\n")
    assert find(project) is None


# ---- what it may say --------------------------------------------------------------------------


def test_every_key_sets_a_parameter_of_run_and_almost_every_one_of_accept() -> None:
    parameters = {key.parameter for key in KEYS.values()}
    assert parameters <= {param.name for param in run.params}
    assert parameters - {param.name for param in accept.params} == {"fail_on", "reports"}


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ('paths = "cases"', "paths", ("cases",)),
        ('paths = ["cases/three.yaml::first"]', "paths", ("cases/three.yaml::first",)),
        ('implementations = ["torch", "tf:xla"]', "implementations", ("torch", "tf:xla")),
        ('implementations = "m:f"', "implementations", ("m:f",)),
        ('implementations = "torch[old]"', "implementations", ("torch[old]",)),
        ("tolerance = 2e-6", "tolerance", "2e-6"),
        ("tolerance = 0", "tolerance", "0"),
        ('tolerance = "auto"', "tolerance", "auto"),
        ('baseline = "b.json"', "baseline", "b.json"),
        ('fail-on = "new"', "fail-on", ("new",)),
        ("timeout = 5", "timeout", 5.0),
        ("jobs = 2", "jobs", 2),
        ("max-fail = 3", "max-fail", 3),
        ("strict = true", "strict", True),
        ('tag = ["a", "b"]', "tag", ("a", "b")),
        ('require = ["torch@cuda"]', "require", ("torch@cuda",)),
        ('report = ["table", "junit=x.xml"]', "report", ("table", "junit=x.xml")),
        ('python = "python3.12"', "python", ("python3.12",)),
    ],
)
def test_a_setting_has_the_option_s_value(project: Path, table: str, key: str, value: Any) -> None:
    write(project, table)
    assert found(project).values == {key: value}


def test_paths_are_relative_to_the_file(project: Path) -> None:
    write(
        project,
        """
        paths = ["cases", "cases/three.yaml::first"]
        implementations = ["losses.py:f", "my.losses:f", "old/losses.py:f"]
        baseline = "b.json"
        report = ["table", "json=out/r.json", "html=/tmp/r.html"]
        python = ["torch[old]=.venv/bin/python", "jax=python3.12"]
        """,
    )
    below = project / "src"
    below.mkdir()
    os.chdir(below)
    assert found(below).values == {
        "paths": ("../cases", "../cases/three.yaml::first"),
        "implementations": ("../losses.py:f", "my.losses:f", "../old/losses.py:f"),
        "baseline": "../b.json",
        "report": ("table", "json=../out/r.json", "html=/tmp/r.html"),
        "python": ("torch[old]=../.venv/bin/python", "jax=python3.12"),
    }


# ---- what it may not --------------------------------------------------------------------------

BAD = {
    'implementatons = "x"': "implementatons: unknown; did you mean 'implementations'?",
    'impl = "torch"': "impl: unknown; did you mean 'implementations'?",
    "allow-outside = true": "allow-outside: unknown; who runs it says so: run --allow-outside",
    'paths = ["cases", "nowhere"]': "paths[1]: 'nowhere': no such file or folder; check the path",
    "paths = []": "paths: an empty list; allowed: at least one entry; leave the key out",
    "paths = 3": "paths: 3; allowed: text, or a list of them",
    "paths = [3]": "paths[0]: 3; allowed: text",
    'tag = " "': "tag: ' '; allowed: text, or a list of them, not blank",
    'tolerance = "2e-6"': "tolerance: '2e-6'; allowed: auto, or a number, 0 or more; "
    "remove the quotes",
    "tolerance = -1": "tolerance: -1; allowed: auto, or a number, 0 or more",
    "tolerance = nan": "tolerance: nan; allowed: auto, or a number, 0 or more",
    "tolerance = {atol = 1}": "tolerance: a table; allowed: auto, or a number, 0 or more",
    "timeout = 0": "timeout: 0; allowed: a number of seconds, more than 0",
    "jobs = 1.5": "jobs: 1.5; allowed: a whole number, 1 or more",
    "jobs = true": "jobs: true; allowed: a whole number, 1 or more",
    "max-fail = 0": "max-fail: 0; allowed: a whole number, 1 or more",
    "strict = 1": "strict: 1; allowed: true or false",
    "baseline = []": "baseline: an empty list; allowed: text",
    "baseline = 2024-01-01": "baseline: date; allowed: text",
}


@pytest.mark.parametrize("table", BAD)
def test_a_mistake_is_told_with_what_is_allowed(project: Path, table: str) -> None:
    write(project, table)
    assert mistakes(project) == [f"pyproject.toml:2: tool.xent-check.{BAD[table]}"]


def test_all_mistakes_are_told_at_once(project: Path) -> None:
    tables = {table.partition(" ")[0]: table for table in BAD}
    write(project, "\n".join(tables.values()))
    told = [
        f"pyproject.toml:{line}: tool.xent-check.{BAD[table]}"
        for line, table in enumerate(tables.values(), 2)
    ]
    assert mistakes(project) == told


def test_a_misspelt_implementation_is_told(project: Path) -> None:
    write(project, 'require = ["numpy.x:f", "tosrch"]')
    (told,) = mistakes(project)
    assert told.startswith(
        "pyproject.toml:2: tool.xent-check.require[1]: no implementation 'tosrch'; allowed: keras, "
    )
    assert told.endswith("did you mean 'torch'?")


def test_what_is_no_table_is_told(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool]\nxent-check = 3\n")
    assert mistakes(project) == [
        "pyproject.toml:2: tool.xent-check: 3; allowed: a table; write [tool.xent-check]"
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"[project]\n\nname = \n", "pyproject.toml:3: Invalid value; --no-config does without"),
        (b"a = 1\nb = [1,\n", "pyproject.toml:2: Invalid value; --no-config does without"),
        (b"a = '\xff'", "pyproject.toml: not UTF-8; --no-config does without"),
    ],
)
def test_broken_toml_is_told_with_its_line(project: Path, text: bytes, told: str) -> None:
    (project / "pyproject.toml").write_bytes(text)
    assert mistakes(project) == [told]


# ---- the command ------------------------------------------------------------------------------


@pytest.fixture
def xent_check(project: Path) -> Command:
    """The command, in the project or a folder of it."""
    cache = str(project / "cache")

    def call(*arguments: str, folder: str = ".") -> subprocess.CompletedProcess[str]:
        return completed(project / folder, *arguments, COLUMNS="80", XENT_CHECK_CACHE=cache)

    return call


def results(done: subprocess.CompletedProcess[str]) -> set[tuple[str, str]]:
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    return {(r["case"].partition("::")[2], r["implementation"]) for r in report["results"]}


def test_options_come_before_the_file_and_the_file_before_the_defaults(
    project: Path, xent_check: Command
) -> None:
    (project / "one.yaml").write_text(CASES.partition("  - {name: second")[0])
    write(project, 'paths = "cases"\nimplementations = "manual"\nreport = "json"')
    names = ("first", "second", "third")
    assert results(xent_check("run")) == {(name, "manual") for name in names}
    assert results(xent_check("run", "-i", "stable")) == {(name, "stable") for name in names}
    assert results(xent_check("run", "one.yaml")) == {("first", "manual")}
    assert results(xent_check("run", folder="cases")) == {(name, "manual") for name in names}
    done = xent_check("run", "--no-config", "one.yaml", "-i", "stable", "--report", "json")
    assert results(done) == {("first", "stable")}
    assert xent_check("run", "--report", "table").stdout.split()[0] == "manual"


def test_show_config_says_where_each_value_is_from(project: Path, xent_check: Command) -> None:
    write(
        project,
        """
        paths = ["cases"]
        implementations = ["manual", "stable"]
        tolerance = 2e-6
        strict = true
        fail-on = ["new", "fixed"]
        report = ["table", "json=out/report.json"]
        """,
    )
    arguments = ("run", "--show-config", "--tolerance", "1e-5", "--no-strict", "-x")
    done = xent_check(*arguments, folder="cases")
    assert (done.returncode, done.stderr) == (0, "")
    assert_expected("show-config.txt", done.stdout)


def test_show_config_of_the_defaults_and_of_paths_given(xent_check: Command) -> None:
    shown = dict(
        line.split(maxsplit=1)
        for line in xent_check("run", "--show-config", "cases").stdout.splitlines()
    )
    assert shown["paths"].split() == ["cases", "command", "line"]
    assert all(line.endswith("  default") for name, line in shown.items() if name != "paths")


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('report = "jsno"', "2: tool.xent-check.report: 'jsno'; allowed: table, json"),
        ('python = "no/such"', "2: tool.xent-check.python: no file no/such; allowed: "),
        ('baseline = "x"\nfail-on = "nwe"', "3: tool.xent-check.fail-on: "),
    ],
)
def test_what_only_the_command_can_refuse_is_told_as_the_file_s(
    project: Path, xent_check: Command, table: str, told: str
) -> None:
    write(project, table)
    done = xent_check("run")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"pyproject.toml:{told}")


def test_help_does_not_read_the_file_and_no_config_neither(
    project: Path, xent_check: Command
) -> None:
    write(project, "jobs = [")
    assert xent_check("run", "--help").returncode == 0
    assert xent_check("run", "--no-config", "cases", "-i", "manual").returncode == 0
    done = xent_check("run", "cases", "-i", "manual")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pyproject.toml:2: ")


@pytest.mark.parametrize("name", ["xent_check", "xentcheck", "Xent-Check"])
def test_a_misspelt_table_is_no_silence(project: Path, xent_check: Command, name: str) -> None:
    (project / "pyproject.toml").write_text(f"[tool.{name}]\nimplementations = 'manual'\n")
    done = xent_check("run", "cases")
    assert (done.returncode, done.stdout) == (2, "")
    told = f"pyproject.toml:1: tool.{name}: unknown table; write [tool.xent-check]\n"
    assert done.stderr == told
    assert xent_check("run", "--no-config", "cases", "-i", "manual").returncode == 0


def test_another_tool_s_table_is_its_own(project: Path, xent_check: Command) -> None:
    (project / "pyproject.toml").write_text("[tool.check]\nx = 1\n[tool.entcheck]\n")
    assert xent_check("run", "cases", "-i", "manual").returncode == 0


def test_what_to_fail_on_says_nothing_without_a_baseline(
    project: Path, xent_check: Command
) -> None:
    write(project, 'paths = "cases"\nimplementations = "manual"\nfail-on = "fixed"')
    assert xent_check("run").returncode == 0


def test_repro_and_eval_do_as_they_are_told(project: Path, xent_check: Command) -> None:
    write(project, "jobs = 'many'")
    assert xent_check("repro", "cases/three.yaml::first", "-i", "manual").returncode == 0
