"""`xent-check compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .gating import rules_of
from .options import changes
from .output import echo_json

if TYPE_CHECKING:
    from xent_check.history.two_runs import Versus


@click.command(
    "compare",
    short_help="Compare two saved runs: what changed, by how much, towards the truth or away.",
)
@click.argument("before", metavar="A.json", type=click.Path())
@click.argument("after", metavar="B.json", type=click.Path())
@click.option(
    "--fail-on",
    "fail_on",
    metavar="CHANGES",
    multiple=True,
    shell_complete=changes,
    help="What makes exit 1, as of run. [default: new,behaviour,inputs]",
)
@click.option(
    "--report", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.option("-v", "--verbose", is_flag=True, help="What did not change, too.")
def command(before: str, after: str, fail_on: tuple[str, ...], form: str, verbose: bool) -> None:
    """Compare two runs that run --report json=FILE saved: two versions, machines or commits.

    For each implementation, how many answers moved, by how many spacings of the dtype (ulps) at
    most, and how many of them came nearer to the exact value; then each change in a sentence.
    """
    from xent_check.errors import ExitCode
    from xent_check.history.gate import DEFAULT
    from xent_check.history.two_runs import versus
    from xent_check.reporters.two_runs import versus_text

    from .saved_run import saved_run

    rules = rules_of(fail_on or DEFAULT)
    comparison = versus((before, saved_run(before)), (after, saved_run(after)), rules)
    if form == "json":
        echo_json(_plain(comparison))
    else:
        click.echo(versus_text(comparison, verbose), nl=False)
    if comparison.failing:
        raise click.exceptions.Exit(ExitCode.DIVERGES)
    if not comparison.common:
        click.echo("the two runs have no answer in common", err=True)
        raise click.exceptions.Exit(ExitCode.NOTHING_COMPARED)


def _plain(comparison: Versus) -> dict[str, Any]:
    """The comparison as JSON's types."""
    from xent_check.history.saved.write import saved_change
    from xent_check.reporters.change_sentences import counts

    implementations = [
        {
            "implementation": c.name,
            "before": c.before,
            "after": c.after,
            "summary": counts(c.changes),
        }
        for c in comparison.columns
    ]
    changes = [
        saved_change(change, change in comparison.failing).plain()
        for column in comparison.columns
        for change in column.changes
    ]
    sides = {"before": comparison.before, "after": comparison.after}
    return {"schema": 1, **sides, "implementations": implementations, "changes": changes}
