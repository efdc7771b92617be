"""A command whose options may be set in a pyproject.toml; it can show where each is set."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from .own_options import is_own_option

if TYPE_CHECKING:
    from .config_file import Config, Value

_CONFIG = "xent_check.cli.config_file"  # the key of a context's meta for its Config
_FROM_FILE = ParameterSource.DEFAULT_MAP


class Configured(click.Command):
    """A command whose defaults come from `[tool.xent-check]`.

    The table is not read for `--help` or with `--no-config`.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.params += [
            click.Option(
                ["--no-config"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_read_table,
                help="Ignore [tool.xent-check] of the pyproject.toml.",
            ),
            click.Option(
                ["--show-config"],
                is_flag=True,
                expose_value=False,
                help="Print each setting and where it is from, and run nothing.",
            ),
        ]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line over the table; a wrong value of the table is said to be there."""
        try:
            remaining = super().parse_args(ctx, args)
        except click.BadParameter as error:
            raise _table_error(ctx, error.param, error.message) or error from None
        # Before click 8.2 an argument that is left out counts as given.
        if not ctx.params.get("paths", True) and (paths := ctx.lookup_default("paths")):
            ctx.params["paths"] = tuple(paths)
            ctx.set_parameter_source("paths", _FROM_FILE)
        return remaining

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, or print its settings for `--show-config`."""
        if ctx.get_parameter_source("show_config") is ParameterSource.COMMANDLINE:
            click.echo("\n".join(_lines(self, ctx)))
            return None
        if not ctx.params.get("baseline") and ctx.get_parameter_source("fail_on") is _FROM_FILE:
            ctx.params["fail_on"] = ()  # the table's value is meant for runs with a baseline
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            option, space, message = error.message.partition(" ")
            param = next((p for p in self.params if space and option.rstrip(":") in p.opts), None)
            raise _table_error(ctx, param, message) or error from None


def _read_table(ctx: click.Context, _: click.Parameter, ignored: bool) -> None:
    """Make the values of the table the defaults of the command."""
    if ignored or ctx.resilient_parsing:
        return
    from .config_file import by_parameter, find

    ctx.meta[_CONFIG] = config = find(Path(os.getcwd()))
    if config is not None and config.declared:
        from xent_check.implementations.names import declaring

        ctx.with_resource(declaring(config.declared))
    values = dict(by_parameter(config))
    params = [param for param in ctx.command.params if param.name in values]
    ctx.default_map = {param.name: _option_value(values[param.name], param) for param in params}


def _option_value(value: Value, param: click.Parameter) -> Value:
    """The value as the option takes it: a list unchanged, or joined by commas."""
    if isinstance(value, tuple) and param.nargs == 1 and not param.multiple:
        return ",".join(value)
    return value


def _table_error(
    ctx: click.Context, param: click.Parameter | None, message: str
) -> Exception | None:
    """The error as one of the table; None where the value is not from there."""
    if param is None or ctx.get_parameter_source(param.name or "") is not _FROM_FILE:
        return None
    from xent_check.errors import Mistake, UserError

    key = _keys()[param.name or ""]
    return UserError(ctx.meta[_CONFIG].table.mistake_text(Mistake((key,), message, "", "")))


def _keys() -> dict[str, str]:
    """The keys of the table by the parameter that they set."""
    from .config_file import KEYS

    return {key.parameter: name for name, key in KEYS.items()}


def _lines(command: click.Command, ctx: click.Context) -> list[str]:
    """A line for each setting: its name, its value and the source of that."""
    from xent_check.errors import visible
    from xent_check.results.columns import aligned

    hidden = ("no_config", "show_config")
    rows = [
        _row(param, ctx)
        for param in command.params
        if param.name not in hidden and (not is_own_option(param) or ctx.params[param.name])
    ]
    config: Config | None = ctx.meta.get(_CONFIG)
    for name, one in {} if config is None else config.declared.items():
        text = visible(", ".join(filter(None, [one.spec, str(one.declared)])))
        rows.append((f"implementation.{name}", text, one.place))
    return aligned(rows)


def _row(param: click.Parameter, ctx: click.Context) -> tuple[str, str, str]:
    name = param.name or ""
    opposite = ctx.params[name] is False and param.secondary_opts
    option = max(opposite or param.opts, key=len)
    source = ctx.get_parameter_source(name)
    config: Config | None = ctx.meta.get(_CONFIG)
    key = _keys().get(name)
    if source is ParameterSource.COMMANDLINE and ctx.params[name] != ():
        origin = option if isinstance(param, click.Option) else "command line"
    elif source is _FROM_FILE and config is not None and ctx.params[name] != ():
        origin = config.table.file
    else:
        origin = "default"
    return (
        key or max(param.opts, key=len).removeprefix("--"),
        _value_text(ctx.params[name], key, param),
        origin,
    )


def _value_text(value: Any, key: str | None, param: click.Parameter) -> str:
    from xent_check.errors import visible
    from xent_check.results.number_text import tidy

    from .config_file import KEYS

    if value is None or value in ((), ""):
        default = re.search(r"\[default: (.*)\]", getattr(param, "help", None) or "")
        return (KEYS[key].unset if key else "") or (default[1] if default else "none")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return visible(", ".join(value))
    return tidy(f"{value:g}") if isinstance(value, float) else visible(str(value))
