"""An option of one value is given once: no command takes the last of two in silence."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.support.fake import CASES
from tests.support.loaded import posed_cases
from xent_check.casefile.loading import Filter
from xent_check.cli import COMMANDS, group

CONTEXT = click.Context(group)


def options() -> list[tuple[str, click.Option]]:
    """Every option of every command."""
    found = []
    for name in COMMANDS:
        command = group.get_command(CONTEXT, name)
        assert command is not None
        found += [(name, p) for p in command.params if isinstance(p, click.Option)]
    return found


OPTIONS = options()
ONE = [(name, o) for name, o in OPTIONS if not (o.multiple or o.is_flag or o.count)]
MANY = [(name, o) for name, o in OPTIONS if o.multiple]
FLAGS = [(name, o) for name, o in OPTIONS if o.is_flag]


def ids(listed: list[tuple[str, click.Option]]) -> list[str]:
    return [f"{name} {max(option.opts, key=len)}" for name, option in listed]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(group, arguments)
    return result.exit_code, result.output


def test_there_are_options_of_each_kind() -> None:
    assert len(ONE) > 30
    assert {"eval --save", "accept --because", "judge --tolerance"} <= set(ids(ONE))
    assert {"run --keyword", "accept --keyword", "run --tag", "run --report"} <= set(ids(MANY))


@pytest.mark.parametrize(("name", "option"), ONE, ids=ids(ONE))
def test_an_option_of_one_value_given_twice_is_refused(name: str, option: click.Option) -> None:
    for first in option.opts:
        code, said = run(
            name, first, *["1"] * option.nargs, max(option.opts, key=len), *["2"] * option.nargs,
            "--help",
        )  # fmt: skip
        assert code == 2
        assert f"{max(option.opts, key=len)} is given 2 times; it holds one value" in said


@pytest.mark.parametrize(("name", "option"), MANY, ids=ids(MANY))
def test_a_repeatable_option_may_be_repeated(name: str, option: click.Option) -> None:
    assert run(name, option.opts[0], "1", option.opts[0], "2", "--help")[0] == 0


@pytest.mark.parametrize(("name", "option"), FLAGS, ids=ids(FLAGS))
def test_a_flag_may_be_repeated_but_not_with_its_opposite(name: str, option: click.Option) -> None:
    yes, no = option.opts[0], option.secondary_opts
    assert run(name, yes, yes, "--help")[0] == 0
    if no:
        code, said = run(name, yes, no[0], "--help")
        assert (code, f"{yes} and {no[0]}: one or the other" in said) == (2, True)


@pytest.mark.parametrize("name", ["run", "accept"])
@pytest.mark.parametrize("given", [("-x", "--max-fail", "3"), ("--max-fail=3", "-x", "-x")])
def test_two_options_for_one_value_are_refused(name: str, given: tuple[str, ...]) -> None:
    code, said = run(name, *given, "--help")
    assert code == 2
    assert re.search(
        "(--exitfirst and --max-fail|--max-fail and --exitfirst): one or the other", said
    )
    for one in (given[:1] if "=" in given[0] else given[1:], ("-x", "-x")):
        assert run(name, *one, "--help")[0] == 0


def test_what_the_pyproject_sets_is_no_repetition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        "[tool.xent-check]\ntimeout = 5\nstrict = true\nimplementations = 'manual'\nmax-fail = 3\n"
    )
    (tmp_path / "cases.yaml").write_text(CASES)
    monkeypatch.chdir(tmp_path)
    assert run("run", "cases.yaml", "--timeout", "6", "--no-strict", "-x", "--show-config")[0] == 0


def test_several_k_select_the_cases_of_any_of_them(tmp_path: Path) -> None:
    wanted = Filter(texts=("FIRST", "third"))
    assert [s.case.name for s in posed_cases(CASES, tmp_path, wanted)] == ["first", "third"]
    assert str(wanted) == "-k FIRST -k third"


def test_several_k_reach_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cases.yaml").write_text(CASES)
    monkeypatch.chdir(tmp_path)
    arguments = ("run", "cases.yaml", "-i", "manual", "--report", "jsonl", "-k", "third")
    code, said = run(*arguments, "-k", "first")
    assert code == 0
    assert [f"::{name}" in said for name in ("first", "second", "third")] == [True, False, True]


@pytest.mark.parametrize("second", ["json=out", "junit=./out", "html=link"])
def test_two_reports_for_one_file_are_refused(
    second: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cases.yaml").write_text(CASES)
    (tmp_path / "link").symlink_to(tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    code, said = run(
        "run", "cases.yaml", "-i", "manual", "--report", "json=out", "--report", second
    )
    assert code == 2
    assert "two reports for" in said
    assert not (tmp_path / "out").exists()
