"""The command line, from click: every command, every option, with their help."""

from __future__ import annotations

import inspect

import click

from xent_check.cli import COMMANDS, group

from .prose import code, fenced, prose, table

OPENING = """\
# Command line

`xent-check COMMAND --help` prints the same.
"""


def page() -> str:
    """The Markdown of the page."""
    parent = click.Context(group, info_name="xent-check")
    parts = [OPENING, _text(group.help or "")]
    for name in COMMANDS:
        command = group.get_command(parent, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=parent)
        usage = " ".join(["xent-check", name, *command.collect_usage_pieces(context)])
        parts += [f"## {name}", fenced(usage, "text"), _text(command.help or "")]
        rows = [[code(option), prose(text)] for option, text in _records(command, context)]
        parts += [table(["option", "meaning"], rows)]
        parts += [_text(command.epilog)] if command.epilog else []
    return "\n\n".join(part for part in parts if part) + "\n"


def _records(command: click.Command, context: click.Context) -> list[tuple[str, str]]:
    """Each option as its help shows it; what an argument is stands in the text."""
    options = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    records = (option.get_help_record(context) for option in options)
    return [record for record in records if record is not None]


def _text(text: str) -> str:
    """The paragraphs of a help text; those that are not to be wrapped as they stand."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(
        fenced(paragraph.removeprefix(_AS_IT_STANDS), "text")
        if paragraph.startswith(_AS_IT_STANDS)
        else prose(paragraph)
        for paragraph in paragraphs
    )


_AS_IT_STANDS = "\b\n"
