"""A mistake in words: where, what is there, what is allowed, what to do; the same everywhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

import xent_check
from xent_check.cli import group
from xent_check.errors import LocatedMistake, Mistake, and_more, listed, mistake_text

MISTAKE = Mistake(("jobs",), "'two'", "a whole number", "write 2")


@pytest.mark.parametrize(
    ("mistake", "place", "text"),
    [
        (MISTAKE, ("f", "jobs"), "f: jobs: 'two'; allowed: a whole number; write 2"),
        (MISTAKE, (), "'two'; allowed: a whole number; write 2"),
        (Mistake((), "x", "", "y"), ("f", ""), "f: x; y"),
        (Mistake((), "x", "y", ""), ("f",), "f: x; allowed: y"),
        (Mistake((), "x", "", ""), (), "x"),
        (Mistake((), "a\nb", "", "\x1b[0m"), ("c\td",), r"c\td: a\nb; \x1b[0m"),
    ],
)
def test_a_mistake_in_words(mistake: Mistake, place: tuple[str, ...], text: str) -> None:
    assert mistake_text(mistake, *place) == text


def test_a_mistake_below_a_key_keeps_its_words() -> None:
    assert MISTAKE.below("tool", 3) == Mistake(
        ("tool", 3, "jobs"), "'two'", "a whole number", "write 2"
    )


def test_a_mistake_in_a_file_has_its_line_and_its_key() -> None:
    words = "'two'; allowed: a whole number; write 2"
    assert str(LocatedMistake("f.yaml", 3, MISTAKE)) == f"f.yaml:3: jobs: {words}"
    assert str(LocatedMistake("f.yaml", 3, Mistake((), "empty", "", ""))) == "f.yaml:3: empty"


def test_what_is_wrong_with_an_option_is_one_line(tmp_path: Path) -> None:
    missing = os.path.join(tmp_path, "a\nb")
    said = CliRunner().invoke(group, ["run", "--python", f"torch={missing}", str(tmp_path)]).output
    (line,) = (line for line in said.splitlines() if "--python" in line)
    assert line.endswith(r"a\nb'; allowed: a Python, or the folder of a virtual environment")


@pytest.mark.parametrize(
    ("items", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a, b"), (["a", "b", "c"], "a, b and 1 more")],
)
def test_a_list_says_how_much_of_it_is_left_out(items: list[str], text: str) -> None:
    assert listed(items, most=2) == text
    assert and_more(len(items) - 2) == text.removeprefix("a, b ") * (len(items) > 2)


def test_nothing_else_words_a_mistake() -> None:
    package = Path(xent_check.__file__).parent
    files = [file for file in package.rglob("*.py") if "allowed: {m" in file.read_text()]
    assert [file.name for file in files] == ["errors.py"]
