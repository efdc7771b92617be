"""The examples in each `--help`: each is a command line that is taken, and fits 80 columns."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest

from tests.support.command import completed, xent_check
from xent_check.cli import COMMANDS, group
from xent_check.cli.examples import EXAMPLES

LINES = [(name, words) for name, examples in EXAMPLES.items() for words, _ in examples]


def test_every_command_has_two_to_four() -> None:
    assert EXAMPLES.keys() == COMMANDS.keys()
    assert {len(examples) for examples in EXAMPLES.values()} <= {2, 3, 4}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_short_option_has_a_long_form(name: str) -> None:
    command = group.get_command(click.Context(group), name)
    assert command is not None
    for param in command.params:
        if isinstance(param, click.Option):
            assert any(word.startswith("--") for word in param.opts), param.opts


@pytest.mark.parametrize("name", COMMANDS)
def test_they_stand_at_the_end_of_its_help(name: str, tmp_path: Path) -> None:
    text = completed(tmp_path, name, "--help", COLUMNS="80").stdout
    lines = text[text.index("  Examples:\n") :].splitlines()[1:]
    for line, (words, about) in zip(lines, EXAMPLES[name], strict=True):
        assert line.startswith(f"    xent-check {name} {words}".rstrip())
        assert line.endswith(f"# {about}" if about else words)
        assert len(line) <= 80


@pytest.mark.parametrize(("name", "words"), LINES, ids=lambda text: text)
def test_it_is_a_command_line_that_is_taken(
    name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = shlex.split(words.partition(">")[0])
    with click.Context(group, info_name="xent-check") as context:
        command = group.get_command(context, name)
        assert command is not None
        command.make_context(name, arguments, context)  # a UsageError where it is not taken


def test_what_the_example_asks_is_answered(tmp_path: Path) -> None:
    (words,) = [words for name, words in LINES if name == "eval" and "--observed" in words]
    done = xent_check(tmp_path, "eval", *shlex.split(words))
    assert done.code == 0
    assert "log10" in done.out or "base 10" in done.out
