"""`xent-check explain`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from .completion import case_paths, implementation_names
from .options import python_option
from .output import echo_json

if TYPE_CHECKING:
    from xent_check.casefile.loading import PosedCase
    from xent_check.results.explanation import Explained
    from xent_check.results.report import CaseResult


@click.command("explain", short_help="Name the reason for a difference.")
@click.argument("case", metavar="CASE", type=click.Path(), shell_complete=case_paths)
@click.option(
    "-i",
    "--impl",
    "names",
    metavar="NAME",
    multiple=True,
    shell_complete=implementation_names,
    help="Explain what this implementation gives; twice: why the two differ.",
)
@python_option
@click.option(
    "--observed",
    metavar="NUMBERS",
    help="Explain these numbers, as pasted: one is a total, as many as there are samples "
    "are the losses. @FILE reads a file, - standard input. No framework is loaded.",
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
def command(
    case: str,
    names: tuple[str, ...],
    pythons: tuple[str, ...],
    observed: str | None,
    by_hand: bool,
    sample: int | None,
    form: str,
    timeout: float,
    allow_outside: bool,
) -> None:
    """Name the reason for a difference.

    CASE is a case file with one case, or file::name. The verdict first, then both computations
    side by side with the first step that departs marked, then the other readings that were tried.
    """  # fmt: skip
    from xent_check.reporters.explanation import worked_sample

    if observed is not None and names:
        raise click.UsageError("--observed and -i: one or the other")
    if observed is None and not names and not by_hand:
        raise click.UsageError("whose numbers? -i NAME, or --observed NUMBERS, or --steps")
    if len(names) > 2:
        raise click.UsageError("-i once, or twice to hold two against each other")
    posed = _posed_case(case, allow_outside)
    explained: list[Explained | CaseResult] = []
    if observed is not None:
        explained.append(_from_numbers(posed, observed))
    elif names:
        explained += _from_implementations(posed, names, pythons, timeout)
    if by_hand:
        click.echo("\n".join([*worked_sample(posed, sample or 0), *([""] if explained else [])]))
    if explained:
        print_explained(explained, as_json=form == "json")
    raise click.exceptions.Exit(_exit_code(explained))


def _posed_case(case: str, allow_outside: bool) -> PosedCase:
    from xent_check.casefile.loading import Filter, load

    posed_cases = load([case], Filter(), allow_outside, any_label=True)
    if len(posed_cases) > 1:
        names = ", ".join(posed.case.name for posed in posed_cases[:20])
        raise click.UsageError(
            f"{case} holds {len(posed_cases)} cases; name one: {case}::NAME, of {names}"
        )
    return posed_cases[0]


def _from_numbers(posed: PosedCase, text: str) -> Explained:
    from xent_check.casefile.command_line import Arguments
    from xent_check.errors import InvalidError, mistake_text
    from xent_check.results.explanation import explain_observed, observed_numbers

    arguments = Arguments(lambda: sys.stdin.read())
    numbers = arguments.observed(text)
    mistakes = arguments.mistakes
    try:
        if not mistakes:
            return explain_observed(posed, observed_numbers(numbers, posed))
    except InvalidError as error:
        mistakes = list(error.mistakes)
    raise click.UsageError(mistake_text(mistakes[0], "--observed"))


def _from_implementations(
    posed: PosedCase, names: Sequence[str], pythons: Sequence[str], timeout: float
) -> list[Explained | CaseResult]:
    """Each implementation's explanation; its result where it computed nothing."""
    from dataclasses import replace

    from xent_check.implementations.placement import expanded
    from xent_check.results.explanation import explain_result
    from xent_check.results.known_issues import known_issues
    from xent_check.running.one_case import results_of

    from .options import implementations, pythons_of

    chosen = expanded(implementations(names, elsewhere := pythons_of(pythons)), elsewhere)
    answers: list[Explained | CaseResult] = []
    for result in results_of(posed, chosen, timeout):
        explained = explain_result(result)
        if explained is not None and explained.best is not None:
            name = result.implementation.partition("[")[0]
            reports = known_issues(name, explained.best.ids)
            explained = replace(explained, reports=reports)
        answers.append(explained or result)
    return answers


def print_explained(explained: Sequence[Explained | CaseResult], as_json: bool) -> None:
    """The explanations on standard output."""
    from xent_check.reporters.explanation import plain_explained, text_of

    if as_json:
        data: Any = [plain_explained(item) for item in explained]
        echo_json(data[0] if len(data) == 1 else {"schema": 1, "each": data})
        return
    click.echo("\n\n".join(text_of(explained)))


def _exit_code(explained: Sequence[Explained | CaseResult]) -> int:
    """0 where all are explained, 4 where one failed, 3 where one is unsupported or missing."""
    from xent_check.errors import ExitCode
    from xent_check.results.explanation import Explained

    statuses = {item.status for item in explained if not isinstance(item, Explained)}
    if not statuses:
        return int(ExitCode.AGREES)
    failed = statuses - {"unsupported", "missing"}
    return int(ExitCode.FAILED if failed else ExitCode.NOTHING_COMPARED)
