"""`xent-check explain`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from xent_check.problem.options import dashed

from .completion import case_paths, implementation_names
from .configured import Configured
from .guarding import guarded_report, unguarded
from .observed import read_observed
from .options import implementations, python_option, pythons_of
from .output import Look, echo_json, terminal
from .own_options import declaration, own_options, said_of
from .progress import Progress

if TYPE_CHECKING:
    from xent_check.casefile.loading import PosedCase
    from xent_check.implementations.declaration import Declaration
    from xent_check.reporters.formats import Terminal
    from xent_check.results.explanation import Explained
    from xent_check.results.report import CaseResult


@click.command("explain", cls=Configured, short_help="Name the reason for a difference.")
@click.argument("case", metavar="CASE", type=click.Path(), shell_complete=case_paths)
@click.option(
    "-i",
    "--impl",
    "names",
    metavar="NAME",
    multiple=True,
    shell_complete=implementation_names,
    help="Explain what this implementation gives; twice, or beside --observed: what separates "
    "them. [default: whatever diverges among those that run runs]",
)
@own_options()
@python_option
@click.option(
    "--observed",
    metavar="[NAME=]NUMBERS",
    multiple=True,
    help="Explain these numbers, as pasted: one is a total, as many as there are samples "
    "are the losses. @FILE reads a file, - standard input. No framework is loaded. Repeatable, "
    "with a name each: which choice separates them.",
)
@click.option(
    "--observed-gradient",
    "gradients",
    metavar="[NAME=]NUMBERS",
    multiple=True,
    help="Explain this gradient of the losses' sum with respect to the logits, probs, log_probs or "
    "hidden, or, named weight= or NAME:weight=, to the weight; so to the bias. As --observed "
    "otherwise.",
)
@click.option(
    "--steps", "by_hand", is_flag=True, help="Work one sample out by hand, with the formulas."
)
@click.option("--sample", metavar="N", type=click.IntRange(0), help="Which sample to work out.")
@click.option(
    "--report", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
)
@click.option(
    "--allow-outside", is_flag=True, help="Let the case file name arrays outside its own folder."
)
@click.option(
    "-v", "--verbose", is_flag=True, help="Every sample, and what a failing function printed."
)
@click.option("--color/--no-color", default=None, help="[default: where stdout is a terminal]")
def command(
    case: str,
    names: tuple[str, ...],
    pythons: tuple[str, ...],
    observed: tuple[str, ...],
    gradients: tuple[str, ...],
    by_hand: bool,
    sample: int | None,
    form: str,
    timeout: float,
    allow_outside: bool,
    verbose: bool,
    color: bool | None,
    **own: Any,
) -> None:
    """Name the reason for a difference.

    CASE is a case file with one case, or file::name. The verdict first, then both computations
    side by side with the first step that departs marked, then which of the explanations that were
    tried give the numbers.
    """  # fmt: skip
    source = click.get_current_context().get_parameter_source("names")
    named, as_json = source is ParameterSource.COMMANDLINE, form == "json"
    declared = declaration(own)
    pasted = bool(observed or gradients)
    if pasted and declared.says_something and not named:
        words = f"--observed and what is declared ({declared}), of no -i: one or the other"
        raise click.UsageError(words)
    if by_hand and as_json:
        raise click.UsageError("--steps is a text: leave out --report json")
    if named and len(names) > 2:
        raise click.UsageError("-i once, or twice to hold two against each other")
    posed = _posed_case(case, allow_outside)
    if by_hand:
        _print_steps(posed, sample or 0, color)
        if pasted or named:
            click.echo()
    items: list[Explained | CaseResult] = []
    if pasted:
        items += _from_numbers(posed, observed, gradients, names if named else ())
    if named:
        results = _results(posed, names, pythons, declared, timeout)
        items += [_explained(result) for result in results]
    elif not pasted and not by_hand:
        results = _results(posed, names, pythons, declared, timeout)
        items = _print_all(posed, results, as_json, verbose, color)
        raise click.exceptions.Exit(_exit_code(items))
    if items:
        print_explained(items, as_json, verbose, color)
    raise click.exceptions.Exit(_exit_code(items))


def _posed_case(case: str, allow_outside: bool) -> PosedCase:
    from xent_check.casefile.loading import Filter, load
    from xent_check.errors import listed

    posed_cases = load([case], Filter(level="huge"), allow_outside, any_label=True)
    if len(posed_cases) > 1:
        names = listed([posed.case.name for posed in posed_cases], most=20)
        raise click.UsageError(
            f"{case} holds {len(posed_cases)} cases; name one: {case}::NAME, of {names}"
        )
    return posed_cases[0]


def _from_numbers(
    posed: PosedCase, losses: Sequence[str], gradients: Sequence[str], beside: Sequence[str]
) -> list[Explained]:
    from xent_check.casefile.command_line import Arguments
    from xent_check.errors import InvalidError, mistake_text
    from xent_check.results.pasted import explain_each

    arguments = Arguments(lambda: sys.stdin.read())
    observed = read_observed(losses, gradients, arguments)
    mistakes = arguments.mistakes
    try:
        if not mistakes:
            return explain_each(posed, observed, beside)
    except InvalidError as error:
        mistakes = list(error.mistakes)
    raise click.UsageError("\n".join(mistake_text(m, dashed(str(m.key[0]))) for m in mistakes))


def _results(
    posed: PosedCase,
    names: Sequence[str],
    pythons: Sequence[str],
    declared: Declaration,
    timeout: float,
) -> list[CaseResult]:
    """The answers of these implementations; without names, of those that `run` runs on the case.
    declared: of the user's own among them."""
    from xent_check.running.jobs import implementations_of
    from xent_check.running.one_case import results_of

    interpreters = pythons_of(pythons)
    chosen = implementations(names, interpreters) or None
    everyone = said_of(implementations_of(posed, chosen, interpreters), declared)
    with Progress() as progress:
        return results_of(posed, everyone, timeout, progress)


def _explained(result: CaseResult) -> Explained | CaseResult:
    """The result's explanation; the result itself where no loss and no total is to be explained."""
    from xent_check.results.explanation import explain_result
    from xent_check.results.pasted import with_reports

    explained = explain_result(result)
    if explained is None:
        return result
    return with_reports(explained, result.implementation.partition("[")[0])


def print_explained(
    items: Sequence[Explained | CaseResult], as_json: bool, verbose: bool, color: bool | None
) -> None:
    """The explanations on standard output."""
    from xent_check.reporters.explanation import plain_explained, plain_together, text_of

    if as_json:
        echo_json(plain_explained(items[0]) if len(items) == 1 else plain_together(items))
    else:
        _echo(text_of(items, _terminal(color), verbose))


def _print_all(
    posed: PosedCase,
    results: Sequence[CaseResult],
    as_json: bool,
    verbose: bool,
    color: bool | None,
) -> list[Explained | CaseResult]:
    """What diverges or failed, each with its explanation, and who did not; returns those, or all
    where nothing was compared."""
    from xent_check.reference.truth import truth
    from xent_check.reporters.explanation import plain_explained, text_of_all
    from xent_check.results.verdict import judge_pinned

    pinned = judge_pinned(posed, truth(posed.problem))
    results = [*([pinned] if pinned is not None else []), *results]
    items = [_explained(result) for result in results if result.status in ("diverges", "failed")]
    if as_json:
        each = [plain_explained(item) for item in items]
        echo_json({"schema": 1, "case": posed.case.id, "each": each})
    else:
        _echo(text_of_all(posed.case.id, results, items, _terminal(color), verbose))
    compared = any(result.status in ("agrees", "known", "diverges") for result in results)
    return items if items or compared else [*results]


def _print_steps(posed: PosedCase, sample: int, color: bool | None) -> None:
    from xent_check.reporters.terminal_lines import drawn
    from xent_check.reporters.worked_steps import worked_sample

    screen = _terminal(color)
    _echo("\n".join(drawn(worked_sample(posed, sample, screen.width), screen)))


def _terminal(color: bool | None) -> Terminal:
    """Standard output; where nobody said how wide it is, every line of a text stays one."""
    screen = terminal(Look(color))
    unknown = not sys.stdout.isatty() and not os.environ.get("COLUMNS")
    return replace(screen, width=sys.maxsize) if unknown else screen


def _echo(text: str) -> None:
    click.echo(guarded_report(text, "table"), file=unguarded(sys.stdout), color=True)


def _exit_code(items: Sequence[Explained | CaseResult]) -> int:
    """0 where all are explained, 4 where one failed, 3 where one is unsupported or missing."""
    from xent_check.errors import ExitCode
    from xent_check.results.explanation import Explained

    statuses = {item.status for item in items if not isinstance(item, Explained)}
    if "failed" in statuses:
        return int(ExitCode.FAILED)
    absent = statuses & {"unsupported", "missing"}
    return int(ExitCode.NOTHING_COMPARED if absent else ExitCode.AGREES)
