"""Where reports go: standard output, files, and what stays there beside them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import completed

Command = Callable[..., subprocess.CompletedProcess[str]]
CASES = """\
defaults: {loss: sparse_categorical, logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]]}
cases:
  - {name: first, labels: [0, 1]}
  - {name: second, labels: [1, 1]}
"""
RUN = ("run", "c.yaml", "-i", "stable")


@pytest.fixture
def xent_check(tmp_path: Path) -> Command:
    """The command, in a folder with `c.yaml`, in a pipe."""
    (tmp_path / "c.yaml").write_text(CASES, encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return completed(tmp_path, *arguments, COLUMNS="80")

    return run


@pytest.mark.parametrize("form", ["junit", "json", "html", "table"])
def test_a_report_in_a_file_leaves_the_table_on_standard_output(
    xent_check: Command, tmp_path: Path, form: str
) -> None:
    done = xent_check(*RUN, "--report", f"{form}=out")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1].startswith("agrees: 2 cases")
    assert (tmp_path / "out").stat().st_size > 0


@pytest.mark.parametrize("command", ["judge", "merge", "eval"])
def test_so_do_the_other_commands_with_a_table(xent_check: Command, command: str) -> None:
    xent_check(*RUN, "--report", "json=r.json")
    problem = ("--loss", "binary", "--logits", "[1.0]", "--labels", "[1.0]", "-i", "stable")
    arguments = problem if command == "eval" else ("r.json",)
    done = xent_check(command, *arguments, "--report", "junit=out.xml")
    assert done.stdout.splitlines()[-1].startswith("agrees: ")


def test_the_reports_of_a_configuration_do_so_too(xent_check: Command, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.xent-check]\nreport = ["junit=out.xml"]\n')
    assert xent_check(*RUN).stdout.splitlines()[-1].startswith("agrees: 2 cases")


def test_another_report_on_standard_output_stands_there_alone(xent_check: Command) -> None:
    done = xent_check(*RUN, "--report", "junit=out.xml", "--report", "json")
    assert json.loads(done.stdout)["summary"]["cases"] == 2


def test_a_report_to_the_file_of_standard_output_stands_there_alone(xent_check: Command) -> None:
    done = xent_check(*RUN, "--report", "json=/dev/stdout")
    assert json.loads(done.stdout)["summary"]["cases"] == 2
