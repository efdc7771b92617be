"""`xent-check fuzz`."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xent_check.problem.vocabulary import LOSSES

from .configured import Configured
from .guarding import guarded_report, unguarded
from .output import Look, terminal
from .own_options import own_options
from .searching import SearchProgress, color_option, impl_option, present, scheduler_option

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from xent_check.reporters.fuzz import Search
    from xent_check.results.report import CaseResult
    from xent_check.search.fuzzing.find import Find
    from xent_check.search.fuzzing.fuzz import Fuzzed, Plan

_SECONDS = 60.0  # where neither --seconds nor --examples is given


@click.command("fuzz", cls=Configured, short_help="Search for problems on which one diverges.")
@impl_option
@own_options("loss")
@click.option(
    "--loss",
    "losses",
    type=click.Choice(LOSSES),
    multiple=True,
    help="Only problems of this loss. Repeatable.",
)
@click.option(
    "--option",
    "options",
    metavar="KEY",
    multiple=True,
    help="Only problems with this option, and no other. Repeatable: with all of them. "
    "[default: with up to three of any]",
)
@click.option(
    "--seconds",
    metavar="S",
    type=click.FloatRange(0, min_open=True),
    help="Draw problems for so long. [default: 60, without --examples]",
)
@click.option(
    "--examples", metavar="N", type=click.IntRange(1), help="Draw so many problems at most."
)
@click.option(
    "--seed", metavar="N", type=click.IntRange(0), help="Of the first problems. [default: random]"
)
@click.option(
    "--out",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("cases") / "found",
    show_default=True,
    help="Write what is found there, a case file each; what is there already is not looked for.",
)
@click.option(
    "--declare", is_flag=True, help="State what is found as known divergences, with the reason."
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
)
@scheduler_option
@color_option
def command(
    names: tuple[str, ...],
    losses: tuple[Any, ...],
    options: tuple[str, ...],
    seconds: float | None,
    examples: int | None,
    seed: int | None,
    out: Path,
    declare: bool,
    timeout: float,
    scheduler: str,
    color: bool | None,
    **own: Any,
) -> None:
    """Search for problems on which an implementation diverges, under the tolerance auto.

    Problems of every loss, option and dtype are drawn, with numbers from the edges, towards larger
    shares of the bound. What diverges or fails is shrunk to its smallest case, once for each
    implementation, reason and part. What the cases of corpus:found declare of an implementation is
    known, and counted alone. Ctrl-C ends the search; what was found by then is written.

    \b
    Exit codes: 0 nothing new was found; 1 something was; 2 usage;
    3 nothing was compared; 4 the cluster ended.
    """  # fmt: skip
    try:
        import hypothesis  # noqa: F401
    except ImportError:
        raise click.UsageError("fuzz needs Hypothesis: pip install 'xent-check[fuzz]'") from None
    from xent_check.errors import ExitCode, visible
    from xent_check.reporters.fuzz import text
    from xent_check.search.fuzzing.draw import Scope
    from xent_check.search.fuzzing.fuzz import Plan, fuzz
    from xent_check.workers.cache_folder import cache_folder

    _refuse_unknown(options)
    scope = Scope(losses or LOSSES, options)
    if not scope.kinds:
        words = " and ".join(options)
        raise click.UsageError(f"--option: no {' or '.join(scope.losses)} loss takes {words}")
    _require_folder(out)
    known = _found_before(out)
    plan = Plan(
        implementations=present(names, own),
        scope=scope,
        seconds=_SECONDS if seconds is None and examples is None else seconds,
        examples=examples,
        seed=random.randrange(2**31) if seed is None else seed,
        timeout=timeout,
        database=cache_folder() / "fuzz",
        scheduler=scheduler,
    )
    with SearchProgress(color) as progress:
        fuzzed = fuzz(plan, known, progress)
    written = [_written(find, out, declare) for find in fuzzed.finds]
    shown = text(_search(fuzzed, plan, len(known), out), written, terminal(Look(color)))
    click.echo(guarded_report(shown, "table"), file=unguarded(sys.stdout), color=True)
    for warning in fuzzed.warnings:
        click.echo(f"warning: {visible(warning)}", err=True)
    if fuzzed.ended is not None:
        click.echo(str(fuzzed.ended), err=True)
    if fuzzed.interrupted:
        raise KeyboardInterrupt
    if fuzzed.finds:
        code = ExitCode.DIVERGES
    elif fuzzed.ended is not None:
        code = fuzzed.ended.exit_code
    else:
        code = ExitCode.AGREES if fuzzed.answers else ExitCode.NOTHING_COMPARED
    raise click.exceptions.Exit(int(code))


def _search(fuzzed: Fuzzed, plan: Plan, before: int, out: Path) -> Search:
    from xent_check.reporters.fuzz import Search
    from xent_check.results.number_text import small

    worst = fuzzed.worst
    words = "" if worst is None else f"{worst.implementation}, {small(worst.share, 2)} of the "
    words += "" if worst is None else f"bound of its {worst.part.replace('_', ' ')}"
    asked, seconds = len(plan.implementations), fuzzed.seconds
    return Search(
        fuzzed.examples, fuzzed.answers, asked, seconds, plan.seed, words, before, out.as_posix(),
        fuzzed.declared,
    )  # fmt: skip


def _refuse_unknown(options: Sequence[str]) -> None:
    from xent_check.errors import Mistake, did_you_mean, mistake_text
    from xent_check.search.fuzzing.draw import KEYS

    for key in options:
        if key not in KEYS:
            mistake = Mistake((), f"--option {key!r}", ", ".join(KEYS), did_you_mean(key, KEYS))
            raise click.UsageError(mistake_text(mistake))


def _require_folder(out: Path) -> None:
    """UsageError where no folder can be made there: an hour later is late to say so."""
    there = next(folder for folder in (out, *out.absolute().parents) if folder.exists())
    if not there.is_dir():
        raise click.UsageError(f"--out {out}: {there} is no folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise click.UsageError(f"--out {out}: nothing can be written in {there}")


def _found_before(out: Path) -> Collection[str]:
    """The names of the cases in the folder."""
    return {file.stem for file in out.glob("*.yaml")} if out.is_dir() else ()


def _written(find: Find, out: Path, declare: bool) -> CaseResult:
    """Write the find's case, and give its result as that of the case in the file."""
    from dataclasses import replace

    from xent_check.casefile.loading import Filter, load
    from xent_check.casefile.yaml_writer import case_yaml
    from xent_check.history.whole_file import write_whole
    from xent_check.search.fuzzing.find import case_source

    file = out / f"{find.key.name}.yaml"
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(file, case_yaml(case_source(find, declare), out, "fuzz"))
    except OSError as error:
        raise click.UsageError(
            f"--out {out}: {error.strerror}; a search with another one tries what was found first"
        ) from None
    posed = load((str(file),), Filter())[0]
    return replace(find.result, case=posed.case)
