"""The options that several commands share, and the settings that they make."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..case import Auto, Tolerance
    from ..run import Settings
    from ..selection import Implementation
    from ..shard import Shard

_Option = Callable[[Callable[..., Any]], Callable[..., Any]]
FORMATS = "table, json, jsonl, junit, markdown, github"


def _options(*options: _Option) -> _Option:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_WHAT: tuple[_Option, ...] = (
    click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path()),
    click.option(
        "-i",
        "--impl",
        "names",
        metavar="NAME",
        multiple=True,
        help="Run this implementation: name, name:mode, name@device or module:function. "
        "Repeatable; overrides what the cases list.",
    ),
    click.option(
        "-k", "text", metavar="TEXT", default="", help="Only cases whose id contains TEXT."
    ),
    click.option("--tag", "tags", metavar="TAG", multiple=True, help="Only cases with this tag."),
    click.option(
        "--shard", metavar="I/N", help="Only the I-th of N shares of the cases; see merge."
    ),
)
_HOW: tuple[_Option, ...] = (
    click.option(
        "--tolerance",
        metavar="T",
        help="Override every case's tolerance: a number, or auto (what rounding explains).",
    ),
    click.option(
        "--strict",
        is_flag=True,
        help="A tolerance that would accept 0, or another label's loss, is a divergence.",
    ),
    click.option("-x", "first", is_flag=True, help="Stop at the first divergence or failure."),
    click.option("--max-fail", metavar="N", type=click.IntRange(1), help="Stop after N of them."),
    click.option(
        "--timeout",
        metavar="SECONDS",
        default=60.0,
        show_default=True,
        type=click.FloatRange(0, min_open=True),
        help="Per problem.",
    ),
    click.option(
        "-j",
        "jobs",
        metavar="N",
        type=click.IntRange(1),
        help="Worker processes at once. [default: one per framework]",
    ),
    click.option(
        "--require",
        "required",
        metavar="NAME",
        multiple=True,
        help="Not installed is a failure (exit 4) for this one. Repeatable.",
    ),
    click.option(
        "--allow-outside",
        is_flag=True,
        help="Let case files name arrays outside their own folder.",
    ),
)

run_options = _options(*_WHAT, *_HOW)  # all that `settings_of` takes
report_options = _options(
    click.option(
        "--report",
        "reports",
        metavar="FORMAT[=FILE]",
        multiple=True,
        help=f"{FORMATS}; to a file, or to standard output. Repeatable. [default: table]",
    ),
    click.option("-v", "--verbose", is_flag=True, help="Every sample of every case."),
    click.option("--color/--no-color", default=None, help="[default: where stdout is a terminal]"),
)


def settings_of(
    *,
    paths: Sequence[str],
    names: Sequence[str],
    text: str,
    tags: Sequence[str],
    shard: str | None,
    tolerance: str | None,
    strict: bool,
    first: bool,
    max_fail: int | None,
    timeout: float,
    jobs: int | None,
    required: Sequence[str],
    allow_outside: bool,
    verbose: bool = False,
) -> Settings:
    """The settings that the options of `run_options` ask for."""
    from ..corpus import corpus
    from ..loading import Filter
    from ..run import Settings

    return Settings(
        paths=tuple(paths) or (str(corpus()),),
        wanted=Filter(text, tuple(tags)),
        chosen=implementations(names) or None,
        required=implementations(required),
        shard=None if shard is None else shard_of(shard),
        tolerance=None if tolerance is None else tolerance_of(tolerance),
        max_fail=1 if first else max_fail,
        timeout=timeout,
        jobs=jobs,
        allow_outside=allow_outside,
        verbose=verbose,
        strict=strict,
    )


def usage(option: str, error: Any) -> click.UsageError:
    """An InvalidError as what is wrong with an option."""
    m = error.mistakes[0]
    found = f"{option} {m.found}" if option else m.found
    parts = (found, f"allowed: {m.allowed}", m.advice)
    return click.UsageError("; ".join(part for part in parts if part))


def implementations(names: Sequence[str]) -> tuple[Implementation, ...]:
    """Those that are named, each once; UsageError where there is none of that name."""
    from ..errors import InvalidError
    from ..selection import parse

    try:
        return tuple(parse(name) for name in dict.fromkeys(names))
    except InvalidError as error:
        raise usage("", error) from None


def shard_of(text: str) -> Shard:
    """The shard that `--shard` names."""
    from ..errors import InvalidError
    from ..shard import parse_shard

    try:
        return parse_shard(text)
    except InvalidError as error:
        raise usage("--shard", error) from None


def tolerance_of(text: str) -> Tolerance | Auto:
    """The tolerance that `--tolerance` has."""
    from ..case import Tolerance

    if text == "auto":
        return "auto"
    try:
        value = float(text)
        if not 0 <= value < float("inf"):
            raise ValueError
    except ValueError:
        raise click.UsageError(
            f"--tolerance {text!r}; allowed: auto, or a number, 0 or more"
        ) from None
    return Tolerance(atol=value)
