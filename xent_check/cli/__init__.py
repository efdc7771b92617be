"""The command line. Commands are loaded when they are run, so that `--help` stays quick."""

from __future__ import annotations

import importlib
import io
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO, cast

import click

from xent_check import __version__
from xent_check.errors import ExitCode, UserError
from xent_check.workers.collector import collect_seldom

from .ending import Terminated, obey_signals
from .guarding import Guarded

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

COMMANDS = {
    "run": "Check case files (default: those in the folder cases).",
    "check": "Are the case files valid? Runs nothing, loads no framework.",
    "accept": "Record the answers in a baseline, for run --baseline.",
    "compare": "Compare two saved runs: what changed, by how much, towards the truth or away.",
    "judge": "Judge saved answers again: another tolerance, a baseline, another format.",
    "merge": "Make one report of several saved ones: shards, machines.",
    "explain": "Name the reason for a difference.",
    "mutate": "Which known bugs of losses would slip through these cases?",
    "fuzz": "Search for problems on which an implementation diverges.",
    "sweep": "Every input of a loss, to the last one.",
    "atlas": "How wrong losses can be: the results of sweeps, in one table.",
    "calibrate": "How exact exp, log and their kin are in each framework.",
    "repro": "Write a standalone script that shows one answer, for a bug report.",
    "eval": "Check one problem given on the command line.",
    "impls": "List the implementations: what is installed, versions, modes.",
    "schema": "Print the JSON Schema of the case file, or of the result.",
    "init": "Write a commented example case.",
}


class Commands(click.Group):
    """A group whose commands are modules of this package, listed without loading them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, loaded; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"{__name__}.{cmd_name}_command")
        from .examples import epilog

        command: click.Command = module.command
        command.epilog = epilog(cmd_name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands and options that begin with the incomplete word."""
        from .completion import command_items

        options = click.Command.shell_complete(self, ctx, incomplete)
        return command_items(list(COMMANDS.items()), incomplete) + options

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names, and its arguments; UsageError with the
        closest name where there is none, and where an option of one value is repeated."""
        from xent_check.errors import did_you_mean

        from .repeated import refuse_repeated

        try:
            name, command, arguments = super().resolve_command(ctx, args)
        except click.UsageError as error:
            hint = did_you_mean(args[0], COMMANDS)
            raise click.UsageError(
                f"{error.message.rstrip('.')}; {hint}" if hint else error.message, ctx
            ) from None
        if command is not None and not ctx.resilient_parsing:
            refuse_repeated(command, name, arguments, ctx)
        return name, command, arguments

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit code 141 where the reader of its output went away."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # whoever read the output has closed it
            raise click.exceptions.Exit(141) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, none of them loaded."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="xent-check")
def group() -> None:
    """Which framework's cross-entropy is right, by how much, and why.

    A case file (YAML: logits, labels, options) runs through TF Keras, tf.nn, PyTorch, JAX, optax,
    hand-written formulas and your own function; each answer is held, sample by sample, against
    the exact mathematical value.

    \b
    Exit codes: 0 all agree; 1 something diverges; 2 usage or a bad case file;
    3 nothing was compared; 4 an implementation failed to run;
    130 interrupted; 143 terminated.

    \b
    Shell completion: eval "$(_XENT_CHECK_COMPLETE=bash_source xent-check)"
    (zsh_source and fish_source likewise).
    """


def main() -> None:
    """Run the command line, and end with an exit code of the contract."""
    _open_standard_streams()
    collect_seldom()
    try:
        obey_signals()
        if "_XENT_CHECK_COMPLETE" in os.environ:
            from .completion import register

            register()
        code = group(standalone_mode=False)
    except click.exceptions.Exit as end:
        code = end.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except UserError as error:
        click.echo(str(error), err=True)
        code = error.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        code = ExitCode.INTERRUPTED
    except Terminated:
        click.echo("terminated", err=True)
        code = ExitCode.TERMINATED
    except Exception as error:
        import traceback

        click.echo(traceback.format_exc(), nl=False, err=True)
        click.echo(
            f"this is a bug in xent-check {__version__}, not in your case file: "
            f"{type(error).__name__}: {error}",
            err=True,
        )
        code = 70
    try:
        sys.stdout.flush()
    except OSError:  # reported already, or a broken pipe: do not let the interpreter report it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(int(code or 0))


def _open_standard_streams() -> None:
    """Open closed streams on the null device; make stdout escape what it cannot encode."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, number)
            os.set_inheritable(number, True)  # or the workers' pipes would take its place
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = (cast(TextIO, Guarded(s)) for s in (sys.stdout, sys.stderr))
