"""The options that several commands share, and the settings made from them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from xent_check.problem.vocabulary import LEVELS
from xent_check.reporters.formats import REPORTERS

from .completion import (
    case_paths,
    case_tags,
    implementation_names,
    interpreters,
    one_of,
    report_formats,
    some_of,
)
from .default_paths import default_paths
from .own_options import declaration, own_options, said_of

if TYPE_CHECKING:
    from xent_check.casefile.loading import Filter
    from xent_check.implementations.names import Implementation, Python
    from xent_check.problem.tolerance import Auto, Tolerance
    from xent_check.problem.vocabulary import Level
    from xent_check.results.shard import Shard
    from xent_check.running.settings import Settings

_Option = Callable[[Callable[..., Any]], Callable[..., Any]]


def _options(*options: _Option) -> _Option:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


changes = some_of(
    "new", "behaviour", "inputs", "drift", "drift:2x", "fixed", "added", "removed", "missing"
)
python_option = click.option(
    "--python",
    "pythons",
    metavar="[NAME=]PATH",
    multiple=True,
    shell_complete=interpreters,
    help="Run it (all, without NAME) in another Python or virtual environment; as "
    "'torch[old]=PATH' in a column beside torch. Repeatable.",
)
level_option = click.option(
    "--level",
    type=click.Choice(LEVELS),
    default="quick",
    show_default=True,
    help="How much: cases of a level above are left out, but one that is named.",
)
_SELECTION: tuple[_Option, ...] = (
    click.argument(
        "paths", metavar="[PATH]...", nargs=-1, type=click.Path(), shell_complete=case_paths
    ),
    click.option(
        "-i",
        "--impl",
        "names",
        metavar="NAME",
        multiple=True,
        shell_complete=implementation_names,
        help="Run this implementation: name, name:mode, name@device or module:function, or one "
        "that [tool.xent-check] declares. "
        "Repeatable; overrides what the cases list.",
    ),
    click.option(
        "-k",
        "--keyword",
        "texts",
        metavar="TEXT",
        multiple=True,
        help="Only cases whose id contains TEXT; 'A or B and not (C or D)' as in pytest. "
        "Repeatable: any of them.",
    ),
    click.option(
        "--tag",
        "tags",
        metavar="TAG",
        multiple=True,
        shell_complete=case_tags,
        help="Only cases with this tag. Repeatable: any of them.",
    ),
    level_option,
    click.option(
        "--shard", metavar="I/N", help="Only the I-th of N shares of the cases; see merge."
    ),
)
_EXECUTION: tuple[_Option, ...] = (
    click.option(
        "--tolerance",
        metavar="T",
        shell_complete=one_of("auto"),
        help="Override every case's tolerance: a number, or auto (what rounding explains).",
    ),
    click.option(
        "--strict/--no-strict",
        is_flag=True,
        help="A tolerance that would accept 0, or another label's loss, is a divergence; so is "
        "what was asked for and not compared.",
    ),
    click.option(
        "-x",
        "--exitfirst",
        "first",
        is_flag=True,
        help="Stop at the first divergence or failure.",
    ),
    click.option("--max-fail", metavar="N", type=click.IntRange(1), help="Stop after N of them."),
    click.option(
        "--timeout",
        metavar="SECONDS",
        default=60.0,
        show_default=True,
        type=click.FloatRange(0, min_open=True),
        help="Per problem; of one that is asked in chunks, per chunk.",
    ),
    click.option(
        "--chunk",
        metavar="ROWS",
        type=click.IntRange(1),
        help="Ask cases with more rows in chunks of so many. [default: large cases alone]",
    ),
    click.option(
        "--sample",
        metavar="N",
        type=click.IntRange(1),
        help="A look at N rows of each case that has more; the report says so.",
    ),
    click.option(
        "-j",
        "--jobs",
        "jobs",
        metavar="N",
        type=click.IntRange(1),
        help="Worker processes at once. [default: one per framework]",
    ),
    python_option,
    click.option(
        "--require",
        "required",
        metavar="NAME",
        multiple=True,
        shell_complete=implementation_names,
        help="Not installed is a failure (exit 4) for this one. Repeatable.",
    ),
    click.option(
        "--allow-outside",
        is_flag=True,
        help="Let case files name arrays outside their own folder.",
    ),
)

_LOOK: tuple[_Option, ...] = (
    click.option(
        "-v",
        "--verbose",
        count=True,
        help="Every sample of every case; of a run that is larger than the screen first the whole "
        "matrix, and with -vv every sample.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="What fails and the summary alone."),
    click.option("--color/--no-color", default=None, help="[default: where stdout is a terminal]"),
)
look_options = _options(*_LOOK)  # the arguments of `output.Look.of`

run_options = _options(*_SELECTION, own_options(), *_EXECUTION)  # the arguments of `settings_of`
report_options = _options(
    click.option(
        "--report",
        "reports",
        metavar="FORMAT[=FILE]",
        multiple=True,
        shell_complete=report_formats,
        help=", ".join(REPORTERS)
        + "; to a file, or to standard output. Repeatable. The table is there as well, unless "
        "another report goes to standard output.",
    ),
    *_LOOK,
)

gate_options = _options(
    click.option(
        "--baseline",
        metavar="FILE",
        type=click.Path(),
        help="Hold the answers against those of a baseline that accept wrote.",
    ),
    click.option(
        "--fail-on",
        "fail_on",
        metavar="CHANGES",
        multiple=True,
        shell_complete=changes,
        help="With --baseline, what makes exit 1: new, behaviour, inputs, drift or drift:2x, "
        "fixed, added, removed, missing; with commas, repeatable. [default: new,behaviour,inputs]",
    ),
)


def settings_of(
    *,
    paths: Sequence[str],
    names: Sequence[str],
    texts: Sequence[str],
    tags: Sequence[str],
    level: Level,
    shard: str | None,
    tolerance: str | None,
    strict: bool,
    first: bool,
    max_fail: int | None,
    timeout: float,
    chunk: int | None,
    sample: int | None,
    jobs: int | None,
    required: Sequence[str],
    allow_outside: bool,
    pythons: Sequence[str] = (),
    verbose: bool = False,
    **own: Any,
) -> Settings:
    """The settings for the values of `run_options`; UsageError or UserError where one is invalid.
    own: those of `own_options`."""
    from xent_check.running.settings import Settings

    elsewhere, declared = pythons_of(pythons), declaration(own)
    chosen = implementations(names, elsewhere)
    return Settings(
        case_filter=case_filter_of(texts, tags, level),
        chosen=said_of(chosen, declared) if chosen else None,
        declared=declared,
        required=implementations(required, elsewhere),
        pythons=elsewhere,
        shard=None if shard is None else shard_of(shard),
        tolerance=None if tolerance is None else tolerance_of(tolerance),
        max_fail=1 if first else max_fail,
        timeout=timeout,
        chunk=chunk,
        sample=sample,
        jobs=jobs,
        allow_outside=allow_outside,
        verbose=verbose,
        strict=strict,
        command=command_line(),
        paths=tuple(paths) or default_paths(),  # the last, so that a wrong option is told first
    )


def command_line() -> str:
    """The command line as it was typed, quoted for a shell."""
    return shlex.join(["xent-check", *sys.argv[1:]])


def usage(option: str, error: Any) -> click.UsageError:
    """An InvalidError as a UsageError of an option."""
    from xent_check.errors import mistake_text

    text = mistake_text(error.mistakes[0])
    return click.UsageError(f"{option} {text}" if option else text)


def case_filter_of(texts: Sequence[str], tags: Sequence[str], level: Level) -> Filter:
    """The filter of `-k`, `--tag` and `--level`; UsageError for an expression that is none."""
    from xent_check.casefile.keyword import keyword_matcher
    from xent_check.casefile.loading import Filter
    from xent_check.errors import InvalidError

    expressions = tuple(filter(None, texts))
    for text in expressions:
        try:
            keyword_matcher(text)
        except InvalidError as error:
            raise usage(f"-k {text!r}:", error) from None
    return Filter(expressions, tuple(tags), level=level)


def implementations(
    names: Sequence[str], pythons: Sequence[Python] = ()
) -> tuple[Implementation, ...]:
    """The implementations of these names, each once; UsageError for an unknown name."""
    from xent_check.errors import InvalidError
    from xent_check.implementations.names import parse

    try:
        return tuple(parse(name, pythons) for name in dict.fromkeys(names))
    except InvalidError as error:
        raise usage("", error) from None


def pythons_of(texts: Sequence[str]) -> tuple[Python, ...]:
    """The interpreters that `--python` names; UsageError for an invalid one."""
    if not texts:
        return ()
    from xent_check.errors import InvalidError
    from xent_check.implementations.placement import pythons_of as parsed

    try:
        return parsed(texts)
    except InvalidError as error:
        raise usage("--python:", error) from None


def shard_of(text: str) -> Shard:
    """The shard that `--shard` names; UsageError for another text."""
    from xent_check.errors import InvalidError
    from xent_check.results.shard import parse_shard

    try:
        return parse_shard(text)
    except InvalidError as error:
        raise usage("--shard", error) from None


def tolerance_of(text: str) -> Tolerance | Auto:
    """The tolerance that `--tolerance` names; UsageError for another text."""
    from xent_check.problem.tolerance import Tolerance

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
