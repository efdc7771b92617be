"""`xent-check sweep`."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import click

from .configured import Configured
from .options import command_line
from .output import Look, end, outputs_of
from .own_options import own_options
from .searching import (
    SearchProgress,
    color_option,
    impl_option,
    jobs_option,
    present,
    report_option,
    scheduler_option,
)

if TYPE_CHECKING:
    from xent_check.history.machine import Machine
    from xent_check.problem.vocabulary import DType, Given
    from xent_check.reporters.formats import Terminal
    from xent_check.search.sweeping.record import SweepRecord
    from xent_check.search.sweeping.sweep import Swept

_FORMATS = ("table", "json", "markdown")
_LOSSES = ("binary", "sparse_categorical")
_DTYPES = ("float16", "bfloat16", "float32", "float64")
_GRID = 2**18  # numbers of float64 that are asked first: 64 between two powers of 2


@click.command("sweep", cls=Configured, short_help="Every input of a loss, to the last one.")
@click.argument("loss", metavar="LOSS", type=click.Choice(_LOSSES))
@impl_option
@own_options("loss", "given")
@click.option(
    "--given", type=click.Choice(["logits", "probs"]), default="logits", show_default=True
)
@click.option("--dtype", type=click.Choice(_DTYPES), default="float32", show_default=True)
@click.option(
    "--label",
    "labels",
    metavar="LABEL",
    type=click.IntRange(0, 1),
    multiple=True,
    help="The target of binary, or the class. Repeatable. [default: 0 and 1]",
)
@click.option(
    "--range",
    "ends",
    metavar="LOW HIGH",
    type=float,
    nargs=2,
    help="Scores from LOW to HIGH, both included. [default: all finite ones; probs: 0 to 1]",
)
@click.option(
    "--stride",
    metavar="N",
    type=click.IntRange(1),
    help="Every Nth number, then more of them towards the worst. "
    f"[default: 1; float64: so that there are {_GRID:,}]",
)
@click.option(
    "--check",
    type=click.Choice(["value", "gradient"]),
    default="value",
    show_default=True,
    help="What is compared.",
)
@jobs_option
@scheduler_option
@report_option(_FORMATS)
@click.option("--resume", is_flag=True, help="Go on where the same sweep ended early.")
@color_option
def command(
    loss: Literal["binary", "sparse_categorical"],
    names: tuple[str, ...],
    given: Literal["logits", "probs"],
    dtype: Literal["float16", "bfloat16", "float32", "float64"],
    labels: tuple[int, ...],
    ends: tuple[float, float] | None,
    stride: int | None,
    check: str,
    jobs: int | None,
    scheduler: str,
    reports: tuple[str, ...],
    resume: bool,
    color: bool | None,
    **own: Any,
) -> None:
    """Every input of a loss, through implementations, under the tolerance auto.

    binary: every number of the dtype; of float64, some, and more of them towards the worst.
    sparse_categorical: every pair of numbers of a 16-bit dtype, as two classes. What is counted of
    each: errors beyond the bound and beyond 0.5, 1, 2 and 4 ulps, the worst input, nan where there
    should be none, and numbers in the wrong order.

    A sweep that is interrupted, or killed, goes on with --resume.

    \b
    Exit codes: 0 nothing diverges; 1 something does; 2 usage;
    3 nothing was compared; 4 one failed.
    """  # fmt: skip
    from xent_check.errors import ExitCode, visible
    from xent_check.history.machine import elsewhere, joined, this_machine
    from xent_check.running.session import origin_of
    from xent_check.search.sweeping.domain import PAIRS, Domain
    from xent_check.search.sweeping.record import sweep_record
    from xent_check.search.sweeping.sweep import Plan, sweep
    from xent_check.workers.cache_folder import cache_folder

    outputs, look = outputs_of(reports, _FORMATS), Look(color)
    if scheduler and jobs:
        raise click.UsageError("-j and --scheduler: the cluster's workers are its processes")
    if loss != "binary" and dtype not in PAIRS:
        raise click.UsageError(f"--dtype {dtype}: {loss} takes all pairs of {' or '.join(PAIRS)}")
    low, high = _range(given, dtype, ends)
    first = Domain(loss, given, dtype, 0, low, high, check == "gradient")
    if stride is None:
        stride = -(-first.numbers // _GRID) if dtype == "float64" else 1
    labels = tuple(dict.fromkeys(labels or (0, 1)))
    domains = tuple(replace(first, label=label, stride=stride) for label in labels)
    plan = Plan(domains, present(names, own), cache_folder(), resume, jobs, scheduler=scheduler)
    digest = hashlib.sha256(json.dumps(plan.subject).encode()).hexdigest()[:16]
    journal = cache_folder() / "sweeps" / f"{digest}.jsonl"
    plan = replace(plan, journal=journal)
    if resume and not journal.exists():
        click.echo("--resume: no unfinished sweep of these is kept; all of it runs", err=True)
    origin, start = origin_of(command_line()), time.perf_counter()
    errors = list[str]()
    with SearchProgress(color) as progress:

        def reported(swept: list[Swept], machines: Sequence[Machine]) -> bool:
            progress.stop()
            seconds = time.perf_counter() - start
            if said := elsewhere(machines, this_machine()):
                click.echo(f"warning: {visible(said)}", err=True)
            record = partial(sweep_record, swept, seconds, origin, joined(machines))
            for output in outputs:
                render = _render(output.format, swept, seconds, record)
                if error := output.write_text(render, look):
                    errors.append(f"{error}; --resume writes it without asking again")
            return not errors

        swept = sweep(plan, progress.of_inputs, reported)
    compared = any(one.tally.inputs for one in swept)
    diverging = any(one.tally.diverging for one in swept)
    failed = any(one.failed for one in swept)
    code = ExitCode.DIVERGES if diverging else ExitCode.FAILED if failed else ExitCode.AGREES
    end(errors, int(code if compared or failed else ExitCode.NOTHING_COMPARED))


def _range(given: Given, dtype: DType, ends: tuple[float, float] | None) -> tuple[float, float]:
    """The ends of the scores; UsageError where they are none."""
    from xent_check.search.sweeping.domain import default_range, rounded_range

    if ends is None:
        return default_range(given, dtype)
    try:
        return rounded_range(given, dtype, *ends)
    except ValueError as error:
        low, high = (repr(end).removesuffix(".0") for end in ends)
        raise click.UsageError(f"--range {low} {high}: {error}") from None


def _render(
    form: str, swept: Sequence[Swept], seconds: float, record: Callable[[], SweepRecord]
) -> Callable[[Terminal], str]:
    from xent_check.reporters.sweep import markdown, table
    from xent_check.search.sweeping.record import json_text

    if form == "json":
        text = json_text(record())
        return lambda _: text
    render = markdown if form == "markdown" else table
    return lambda terminal: render(swept, seconds, terminal)
