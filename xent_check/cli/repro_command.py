"""`xent-check repro`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .completion import case_paths, implementation_names, one_of
from .options import implementations, python_option, pythons_of, tolerance_of
from .own_options import declaration, know_the_project, own_options, said_of

if TYPE_CHECKING:
    from xent_check.casefile.loading import PosedCase
    from xent_check.implementations.declaration import Declaration
    from xent_check.implementations.names import Implementation
    from xent_check.reporters.repro.own import OwnLoss
    from xent_check.results.report import CaseResult


@click.command("repro", short_help="Write a standalone script for a bug report.")
@click.argument("case", metavar="CASE", type=click.Path(), shell_complete=case_paths)
@click.option(
    "-i",
    "--impl",
    "names",
    metavar="NAME",
    multiple=True,
    shell_complete=implementation_names,
    help="Whose answer the script shows: name, name:mode or name@device, or your own loss.",
)
@python_option
@own_options()
@click.option(
    "--format",
    "form",
    type=click.Choice(["python", "markdown"]),
    default="python",
    show_default=True,
    help="The script, or a whole issue around it.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to this file.",
)
@click.option(
    "--tolerance",
    metavar="T",
    shell_complete=one_of("auto"),
    help="Override the case's tolerance: a number, or auto (what rounding explains).",
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
    form: str,
    output: Path | None,
    tolerance: str | None,
    timeout: float,
    allow_outside: bool,
    **own: Any,
) -> None:
    """Write a standalone script that shows one answer beside the exact one.

    CASE is a case file with one case, or file::name. The script needs the framework and NumPy
    alone, makes the same public calls, prints every number, and ends with an AssertionError while
    they disagree (or in the error that was raised).
    """  # fmt: skip
    implementation = _implementation(names, pythons, declaration(own))
    if output is not None and not output.parent.is_dir():
        raise click.UsageError(f"-o {output}: no folder {output.parent}")
    posed = _posed_case(case, allow_outside)
    if tolerance is not None:
        posed = posed.with_tolerance(tolerance_of(tolerance))
    result, own_loss = _result(posed, implementation, timeout)
    text = _text(posed, implementation, result, own_loss, form)
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"-o {output}: {error.strerror}") from None
    click.echo(f"wrote {output}", err=True)


def _implementation(
    names: tuple[str, ...], pythons: tuple[str, ...], declared: Declaration
) -> Implementation:
    """In its interpreter, but without a label: who reads the script has not given one."""
    from dataclasses import replace

    from xent_check.implementations.placement import placed

    if len(names) != 1:
        count = f"{len(names)} were given" if names else "none was given"
        raise click.UsageError(f"a script shows one implementation, and {count}; say -i NAME once")
    know_the_project(names)
    elsewhere = pythons_of(pythons)
    (implementation,) = said_of(placed(implementations(names, elsewhere), elsewhere), declared)
    return replace(implementation, name=implementation.unlabelled, label="")


def _posed_case(case: str, allow_outside: bool) -> PosedCase:
    from xent_check.casefile.loading import Filter, load
    from xent_check.errors import listed

    posed_cases = load([case], Filter(level="huge"), allow_outside)
    if len(posed_cases) > 1:
        cases = listed([posed.case.name for posed in posed_cases], most=10)
        raise click.UsageError(
            f"a script shows one case, and {case} holds {len(posed_cases)}; "
            f"write FILE::NAME, of {cases}"
        )
    return posed_cases[0]


def _result(
    posed: PosedCase, implementation: Implementation, timeout: float
) -> tuple[CaseResult, OwnLoss | None]:
    """The implementation's result, and what is known of a user's own; UserError where a script has
    nothing to show."""
    from xent_check.errors import ExitCode, NothingToCompareError, UserError
    from xent_check.problem.evaluation import Failed
    from xent_check.reporters.repro.own import OwnLoss
    from xent_check.reporters.sentences import sentence
    from xent_check.running.one_case import introduced_result_of

    result, introduction = introduced_result_of(posed, implementation, timeout)
    if result.status in ("unsupported", "missing"):
        raise NothingToCompareError(f"nothing to show: {sentence(result)}")
    evaluation = result.evaluation
    own = OwnLoss.of(introduction, implementation.declared) if introduction else None
    uncalled = isinstance(evaluation, Failed) and evaluation.kind != "error"
    if implementation.function:
        uncalled |= own is None or not getattr(evaluation, "calls", {})
    if uncalled:
        error = UserError(f"no script: {sentence(result)}")
        error.exit_code = ExitCode.FAILED
        raise error
    return result, own


def _text(
    posed: PosedCase,
    implementation: Implementation,
    result: CaseResult,
    own: OwnLoss | None,
    form: str,
) -> str:
    from xent_check.reporters.repro import script
    from xent_check.reporters.repro.issue import issue

    text = script(posed, implementation, result, own)
    return issue(posed, implementation, result, text, own) if form == "markdown" else text
