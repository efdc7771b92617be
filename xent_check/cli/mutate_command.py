"""`xent-check mutate`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from .configured import Configured
from .default_paths import default_paths
from .options import case_filter_of, tolerance_of
from .output import Look, end, outputs_of
from .run_command import command as run

if TYPE_CHECKING:
    from xent_check.casefile.loading import PosedCase
    from xent_check.problem.vocabulary import Level
    from xent_check.reporters.formats import Terminal
    from xent_check.search.mutants.mutant import Mutant
    from xent_check.search.mutate import Mutation

_FORMATS = ("table", "json", "markdown")
_AS_RUN = ("paths", "texts", "tags", "level", "tolerance", "allow_outside")


def _names(context: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from xent_check.search.mutants.table import MUTANTS

    names = [*dict.fromkeys(m.framework for m in MUTANTS), *(m.id for m in MUTANTS)]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


@click.command("mutate", cls=Configured, short_help="Which known bugs would slip through?")
@click.option(
    "-i",
    "--impl",
    "chosen",
    metavar="NAME",
    multiple=True,
    shell_complete=_names,
    help="Only this bug, or those of a framework: numpy, torch. Repeatable.",
)
@click.option(
    "--fail-under",
    metavar="PERCENT",
    type=click.FloatRange(0, 100),
    default=100.0,
    show_default=True,
    help="Exit 1 where less of the bugs is caught.",
)
@click.option(
    "--report",
    "reports",
    metavar="FORMAT[=FILE]",
    multiple=True,
    help=f"{', '.join(_FORMATS)}; to a file, or to standard output. Repeatable.",
)
@click.option("-v", "--verbose", count=True, help="What is caught too, by which case, and why.")
@click.option("-q", "--quiet", is_flag=True, help="The score alone.")
@click.option("--color/--no-color", default=None, help="[default: where stdout is a terminal]")
def command(
    paths: tuple[str, ...],
    texts: tuple[str, ...],
    tags: tuple[str, ...],
    level: Level,
    tolerance: str | None,
    allow_outside: bool,
    chosen: tuple[str, ...],
    fail_under: float,
    reports: tuple[str, ...],
    verbose: int,
    quiet: bool,
    color: bool | None,
) -> None:
    """Which known bugs of losses would slip through these cases?

    Each bug is of a class that a public report shows, in a loss that is right but for it. It is
    caught where its answer diverges from the exact value or fails, and that of the right loss does
    not. Of one that slips through it is said what the cases lack, and which case of the package
    catches it. PATH is as for run, and so are the cases without one.

    \b
    Exit codes: 0 all are caught; 1 some slip through; 2 usage or a bad case file;
    3 no bug could be asked in any case.
    """
    outputs, look = outputs_of(reports, _FORMATS), Look.of(color, verbose, quiet)
    mutants = _chosen(chosen)
    override = None if tolerance is None else tolerance_of(tolerance)
    from xent_check.casefile.levels import left_out_text
    from xent_check.casefile.loading import load_all

    case_filter = case_filter_of(texts, tags, level)
    loaded = load_all(paths or default_paths(), case_filter, allow_outside)
    cases = loaded.required()
    if loaded.left_out:
        click.echo(left_out_text(loaded.left_out), err=True)
    if override is not None:
        cases = tuple(posed.with_tolerance(override) for posed in cases)
    from xent_check.search.mutants.table import RIGHT
    from xent_check.search.mutate import mutate

    mutation = mutate(cases, mutants, RIGHT, _suite(cases))
    errors = [output.write_text(_render(output.format, mutation), look) for output in outputs]
    end(errors, _exit_code(mutation, fail_under))


command.params[:0] = [param for param in run.params if param.name in _AS_RUN]


def _chosen(names: Sequence[str]) -> tuple[Mutant, ...]:
    """The mutants of these names; UsageError for one that is none."""
    from xent_check.errors import Mistake, did_you_mean, mistake_text
    from xent_check.search.mutants.table import MUTANTS

    frameworks = tuple(dict.fromkeys(mutant.framework for mutant in MUTANTS))
    known = [*frameworks, *(mutant.id for mutant in MUTANTS)]
    for name in names:
        if name not in known:
            allowed = f"{', '.join(frameworks)}, or the name of a bug"
            mistake = Mistake((), f"-i {name!r}", allowed, did_you_mean(name, known))
            raise click.UsageError(mistake_text(mistake))
    return tuple(m for m in MUTANTS if not names or m.id in names or m.framework in names)


def _suite(cases: Sequence[PosedCase]) -> tuple[PosedCase, ...]:
    """The cases of the package that are not among these."""
    from xent_check.casefile.chosen_cases import CONFORMANCE
    from xent_check.casefile.loading import Filter, load

    files = {posed.case.file.resolve() for posed in cases}
    shipped = load((CONFORMANCE,), Filter())
    return tuple(posed for posed in shipped if posed.case.file.resolve() not in files)


def _render(form: str, mutation: Mutation) -> Callable[[Terminal], str]:
    from xent_check.reporters.mutation import markdown, plain, table

    if form == "json":
        return lambda _: json.dumps(plain(mutation), indent=1) + "\n"
    render = markdown if form == "markdown" else table
    return lambda terminal: render(mutation, terminal)


def _exit_code(mutation: Mutation, fail_under: float) -> int:
    from xent_check.errors import ExitCode

    if not mutation.asked or not mutation.fates:
        return int(ExitCode.NOTHING_COMPARED)
    share = 100 * len(mutation.caught) / len(mutation.fates)
    return int(ExitCode.AGREES if share >= fail_under else ExitCode.DIVERGES)
