"""`xent-check eval`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from xent_check.casefile.uncollected import uncollected
from xent_check.problem.options import (
    OPTIONS,
    Axis,
    Flag,
    Number,
    NumberArray,
    Option,
    Whole,
    Word,
    Words,
    dashed,
)
from xent_check.problem.vocabulary import DTYPES, LOSSES

from .completion import implementation_names, one_of, report_formats
from .observed import read_observed
from .options import command_line, implementations, look_options, python_option, pythons_of
from .own_options import as_typed, declaration, know_the_project, own_options, said_of

if TYPE_CHECKING:
    from xent_check.casefile.loading import PosedCase
    from xent_check.casefile.yaml_values import Map
    from xent_check.errors import Mistake
    from xent_check.implementations.names import Python
    from xent_check.results.pasted import Pasted

    from .output import Look, Output

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Decorator = Callable[[Any], Any]
_INPUTS = (
    ("loss", "NAME", "binary, categorical or sparse_categorical."),
    ("logits", "ARRAY", "Exactly one of logits, probs, log-probs and hidden."),
    ("probs", "ARRAY", ""),
    ("log_probs", "ARRAY", ""),
    ("hidden", "ARRAY", "What the last layer gets, whose weight is --weight."),
    ("labels", "ARRAY", "Class indices, or for soft ones and binary as many as logits."),
    (
        "dtype",
        "NAME",
        "float16, bfloat16, float32 or float64. [default: what the numbers are printed with, "
        "else float32]",
    ),
)
_TOLERANCE = ("tolerance", "T", "A number, '{atol: A, rtol: R, ulps: U}', or auto. [default: 2e-6]")
_CHOICES: dict[str, Sequence[str]] = {
    "loss": LOSSES,
    "dtype": DTYPES,
    "tolerance": ("auto",),
}
_METAVARS = {Axis: "N", Whole: "N", Number: "X", NumberArray: "ARRAY", Word: "NAME",
             Words: "NAME"}  # fmt: skip


def _case_options(command: _Command) -> _Command:
    """An option for every key of a case: keys of one value, then flags and repeated ones."""
    flags = [option for option in OPTIONS if isinstance(option.kind, Flag)]
    words = [option for option in OPTIONS if isinstance(option.kind, Words)]
    values = [option for option in OPTIONS if option not in (*flags, *words)]
    decorators = [_option(*entry) for entry in _INPUTS]
    decorators += [_case_option(option) for option in values]
    decorators += [_option(*_TOLERANCE), *(_case_option(option) for option in (*flags, *words))]
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def _option(
    key: str, metavar: str, words: str, allowed: Sequence[str] = (), repeated: bool = False
) -> _Decorator:
    """allowed: the words that it takes."""
    completion = one_of(*(allowed or _CHOICES.get(key, ())))
    return click.option(
        dashed(key),
        key,
        metavar=metavar,
        multiple=repeated,
        shell_complete=completion,
        help=words,
    )


def _case_option(option: Option) -> _Decorator:
    name, words = dashed(option.key), option.meaning
    match option.kind:
        case Flag():
            return click.option(f"{name}/--no-{name[2:]}", option.key, default=None, help=words)
        case Words(allowed, default):
            words = f"{words[:-1]}: {', '.join(allowed[:-1])} or {allowed[-1]}. Repeatable."
            words += f" [default: {', '.join(default)}]" if default else ""
        case Word(allowed):
            words = f"{words[:-1]}; {' or '.join(allowed)}."
            words += f" [default: {option.default}]" if option.default else ""
        case Axis():
            words += f" [default: {option.default}]"
    metavar = _METAVARS[type(option.kind)]
    allowed, repeated = getattr(option.kind, "allowed", ()), isinstance(option.kind, Words)
    return _option(option.key, metavar, words, allowed, repeated)


class _Eval(click.Command):
    """A command that knows what users call its options elsewhere."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """The arguments that are left, as click has it; for an option that is known elsewhere by
        its name, a UsageError that names ours."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            from xent_check.casefile.case import KEY_WORDS, CaseFields
            from xent_check.errors import closest

            word = error.option_name.strip("-").replace("-", "_")
            keys = [key for key in CaseFields.model_fields if dashed(key) in _names(self)]
            suggestions = [repr(dashed(key)) for key in closest(word, tuple(keys), KEY_WORDS)]
            if not suggestions:
                raise
            text = f"No such option '{error.option_name}'. Did you mean {' or '.join(suggestions)}?"
            raise click.UsageError(text, ctx) from None


def _names(command: click.Command) -> set[str]:
    return {name for param in command.params for name in param.opts}


@click.command("eval", cls=_Eval, short_help="Check one problem given on the command line.")
@_case_options
@click.option(
    "-i",
    "--impl",
    "implementations",
    metavar="NAME",
    multiple=True,
    shell_complete=implementation_names,
    help="Run this implementation. Repeatable. [default: those of `run`]",
)
@own_options("loss")
@python_option
@click.option(
    "--observed",
    metavar="[NAME=]NUMBERS",
    multiple=True,
    help="Say why these numbers came out: one is a total, as many as samples are the losses. "
    "No framework is loaded. Repeatable, with a name each: which choice separates them.",
)
@click.option(
    "--observed-gradient",
    "gradients",
    metavar="[NAME=]NUMBERS",
    multiple=True,
    help="Say why this gradient of the losses' sum came out; of hidden, weight= or bias= before it "
    "says by which parameter. As --observed otherwise.",
)
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the case to FILE as well.",
)
@click.option("--force", is_flag=True, help="Overwrite FILE where it exists.")
@click.option(
    "--report",
    "reports",
    metavar="FORMAT[=FILE]",
    multiple=True,
    shell_complete=report_formats,
    help="As for `run`; with --observed: json. Repeatable. [default: table]",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0, min_open=True),
)
@look_options
def command(
    pythons: tuple[str, ...],
    observed: tuple[str, ...],
    gradients: tuple[str, ...],
    save: Path | None,
    force: bool,
    reports: tuple[str, ...],
    verbose: int,
    quiet: bool,
    timeout: float,
    color: bool | None,
    **options: Any,
) -> None:
    """Check one problem given on the command line.

    An ARRAY is numbers as Python, NumPy, torch, TensorFlow or JAX print them, @FILE (x.npy,
    x.npz#key, x.safetensors#key, or a text), - for standard input, or a mapping of a case file.
    """  # fmt: skip
    names, again = options["implementations"], as_typed(options)
    declared = declaration(options)
    runs = names or pythons or declared.says_something
    pasted = bool(observed or gradients)
    if pasted and (runs or set(reports) - {"json"}):
        words = "-i and --python, and reports but json"
        words = f"what is declared ({declared})" if declared.says_something else words
        raise click.UsageError(f"--observed runs nothing: leave out {words}")
    know_the_project(names)
    outputs = [] if pasted else _outputs(reports)
    interpreters = pythons_of(pythons)
    if interpreters or declared.says_something:
        chosen = said_of(implementations(names, interpreters), declared)
    if interpreters:  # a label is no part of the case
        options["implementations"] = tuple(dict.fromkeys(i.unlabelled for i in chosen))
    with uncollected() if pasted else nullcontext():  # it loads much for one answer
        source, numbers = _case_source(options, observed, gradients)
        posed = _posed_case(source, any_label=pasted)
        if save is not None:
            _write(save, source, force, again)
        if pasted:
            if posed.problem.gradient and not gradients:
                raise click.UsageError(
                    "--check gradient without a gradient to explain: leave it out, or say "
                    "--observed-gradient NUMBERS"
                )
            for text in posed.overflows:
                click.echo(f"warning: {text}", err=True)
            _explain(posed, numbers, bool(reports), verbose > 0, color)
    if not pasted:
        from .output import Look

        if interpreters or declared.says_something:
            posed = replace(posed, implementations=chosen or None)
        _run(posed, interpreters, outputs, Look.of(color, verbose, quiet), timeout)


def _outputs(reports: tuple[str, ...]) -> list[Output]:
    from .output import outputs_of

    return outputs_of(reports)


def _case_source(
    options: dict[str, Any], observed: Sequence[str], gradients: Sequence[str]
) -> tuple[Map, list[Pasted]]:
    """The mapping of the case, and the observed numbers; UserError with every mistake."""
    from xent_check.casefile.command_line import Arguments

    arguments = Arguments(lambda: sys.stdin.read())
    source = arguments.source(options)
    numbers = read_observed(observed, gradients, arguments)
    if arguments.mistakes:
        _refuse(*arguments.mistakes)
    if arguments.printed_dtype:
        words = f"dtype {arguments.printed_dtype}, as the numbers were printed"
        click.echo(f"{words}; --dtype NAME takes another", err=True)
    return source, numbers


def _posed_case(source: Map, any_label: bool) -> PosedCase:
    from xent_check.casefile.command_line import posed_case
    from xent_check.errors import InvalidError

    try:
        return posed_case(source, any_label)
    except InvalidError as error:
        _refuse(*error.mistakes)


def _refuse(*mistakes: Mistake) -> NoReturn:
    from xent_check.casefile.command_line import option_mistake_text
    from xent_check.errors import UserError

    raise UserError("\n".join(option_mistake_text(mistake) for mistake in mistakes)) from None


def _write(file: Path, source: Map, force: bool, again: str) -> None:
    """Write the case. again: the options of `run` that are no part of it."""
    from xent_check.casefile.yaml_writer import case_yaml
    from xent_check.errors import InvalidError

    if file.exists() and not force:
        raise click.UsageError(f"--save {file}: it exists; --force overwrites it")
    if not file.parent.is_dir():
        raise click.UsageError(f"--save {file}: no folder {file.parent}")
    try:
        file.write_text(case_yaml(source, file.parent), encoding="utf-8")
    except InvalidError as error:
        _refuse(*error.mistakes)
    except OSError as error:
        raise click.UsageError(f"--save {file}: {error.strerror}") from None
    click.echo(f"wrote {file}; check it with: xent-check run {file}{again}", err=True)


def _explain(
    posed: PosedCase,
    observed: Sequence[Pasted],
    as_json: bool,
    verbose: bool,
    color: bool | None,
) -> None:
    from xent_check.errors import InvalidError
    from xent_check.results.pasted import explain_each

    from .explain_command import print_explained

    try:
        explained = explain_each(posed, observed)
    except InvalidError as error:
        _refuse(*error.mistakes)
    print_explained(explained, as_json, verbose, color)


def _run(
    posed: PosedCase,
    pythons: tuple[Python, ...],
    outputs: list[Output],
    look: Look,
    timeout: float,
) -> NoReturn:
    from xent_check.running.session import check
    from xent_check.running.settings import Settings

    from .output import finish
    from .progress import Progress

    settings = Settings(
        (),
        chosen=posed.implementations,
        pythons=pythons,
        timeout=timeout,
        verbose=look.verbosity > 0,
        command=command_line(),
    )
    with Progress(look.color) as progress:
        report = check(settings, progress, (posed,))
    finish(report, outputs, look)
