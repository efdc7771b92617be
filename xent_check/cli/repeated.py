"""Refuse a value that is given twice, in every command.

click would silently keep the last one. A value of a pyproject.toml does not count: the command
line replaces it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click

_ONE_VALUE = ("first", "max_fail")  # -x is --max-fail 1


def refuse_repeated(
    command: click.Command, name: str | None, arguments: Sequence[str], parent: click.Context
) -> None:
    """UsageError where an option of one value is given twice, a flag with its opposite, or two
    options that set the same value."""
    context = click.Context(command, info_name=name, parent=parent)
    try:
        _, _, order = command.make_parser(context).parse_args(list(arguments))
    except click.UsageError:  # the command says what is wrong, with its own hints
        return
    for option, count in Counter(order).items():
        if not isinstance(option, click.Option) or count < 2 or option.multiple:
            continue
        spelling = max(option.opts, key=len)
        if not option.is_flag and not option.count:
            raise click.UsageError(
                f"{spelling} is given {count} times; it holds one value", context
            )
        opposite = next((word for word in option.secondary_opts if word in arguments), None)
        if opposite is not None and any(word in arguments for word in option.opts):
            raise click.UsageError(f"{spelling} and {opposite}: one or the other", context)
    conflicting = [param for param in dict.fromkeys(order) if param.name in _ONE_VALUE]
    if len(conflicting) > 1:
        options = " and ".join(max(param.opts, key=len) for param in conflicting)
        raise click.UsageError(f"{options}: one or the other", context)
