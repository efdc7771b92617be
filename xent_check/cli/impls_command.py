"""`xent-check impls`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xent_check.problem.options import CALLED

from .guarding import guarded, unguarded
from .options import python_option, pythons_of
from .output import echo_json

if TYPE_CHECKING:
    from xent_check.implementations.names import Implementation
    from xent_check.implementations.support import Support

_NOTES = """\
Ask for a mode as NAME:MODE, for a device as NAME@DEVICE ({devices}), for
your own function as MODULE:FUNCTION. Those with a * run only where named."""


@click.command("impls", short_help="List the implementations.")
@python_option
@click.option(
    "--report", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@click.option("-v", "--verbose", is_flag=True, help="The options that each one supports.")
def command(pythons: tuple[str, ...], form: str, verbose: bool) -> None:
    """List the implementations: what is installed, versions, modes; with -v, what each supports."""
    listed = _implementations(pythons)
    if form == "json":
        echo_json(_plain(listed))
        return
    click.echo(guarded(_text(listed), colours=True), file=unguarded(sys.stdout))
    if verbose:
        click.echo("\n" + "\n".join(_support_lines()))


def _implementations(pythons: Sequence[str]) -> tuple[Implementation, ...]:
    """Each row of the table in its interpreter, and beside it its labelled columns; then what the
    project declares."""
    from xent_check.casefile.declared import project_implementations
    from xent_check.implementations.names import Implementation
    from xent_check.implementations.placement import expanded
    from xent_check.implementations.table import IMPLEMENTATIONS

    rows = [Implementation(name, entry) for name, entry in IMPLEMENTATIONS.items()]
    declared = project_implementations(Path.cwd(), with_lines=True)
    return expanded([*rows, *declared.values()], pythons_of(pythons))


def _text(listed: Sequence[Implementation]) -> str:
    """The table, how to install what is missing, and how to ask for modes and devices."""
    from rich.console import Console
    from rich.table import Table

    from xent_check.implementations.table import DEVICES

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("name", "version", "modes", "calls"):
        table.add_column(heading, overflow="fold")
    absent = []
    for implementation in listed:
        entry, name = implementation.entry, implementation.name
        version, why = _version(implementation)
        if implementation.place:
            words = f"{implementation.spec}, declared in {implementation.place}"
            table.add_row(f"{name}*", "", "", words)
            continue
        shown = name if entry.default else f"{name}*"
        table.add_row(shown, version or "missing", ", ".join(entry.modes), entry.about)
        absent += [f"{name} is missing: {why}"] if why else []
    console = Console(highlight=False, markup=False, emoji=False)
    absent = [_folded(line, console.width) for line in absent]
    with console.capture() as captured:
        console.print(table)
    rows = [line.rstrip() for line in captured.get().splitlines()]
    notes = _NOTES.format(devices=", ".join(DEVICES))
    return "\n".join([*rows, "", *absent, *([""] if absent else []), notes])


def _plain(listed: Sequence[Implementation]) -> dict[str, Any]:
    from xent_check import __version__

    return {
        "schema": 1,
        "xent_check": __version__,
        "implementations": [_plain_implementation(i) for i in listed],
    }


def _plain_implementation(implementation: Implementation) -> dict[str, Any]:
    """One of the list: `missing` is why it cannot run, `default` whether it runs unnamed."""
    if implementation.place:
        return _plain_declared(implementation)
    entry = implementation.entry
    version, why = _version(implementation)
    supports = [
        {"loss": loss, "given": given, "options": [o.key for o in CALLED if o.key in options]}
        for (loss, given), options in entry.supports.items()
    ]
    return {
        "name": implementation.name,
        "installed": why is None,
        "version": version,
        "missing": why,
        "python": implementation.python or None,
        "default": entry.default,
        "device": implementation.device,
        "devices": list(entry.devices),
        "modes": list(entry.modes),
        "calls": entry.about,
        "supports": supports,
    }


def _plain_declared(implementation: Implementation) -> dict[str, Any]:
    """One that the project declares: where, and what it says of it."""
    said = {
        key: dict(value) if key in ("map", "set", "fixed", "env") else value
        for key, value in asdict(implementation.declared).items()
        if value
    }
    return {
        "name": implementation.name,
        "function": implementation.spec,
        "declared_in": implementation.place,
        "declared": said,
        "python": implementation.python or None,
        "default": False,
        "device": implementation.device,
    }


def _folded(line: str, width: int) -> str:
    """The line, with the command after its last colon on a second line where it is too long."""
    reason, _, command = line.rpartition(": ")
    return line if len(line) <= width else f"{reason}:\n  {command}"


def _support_lines() -> list[str]:
    """The modes in words; the options of every implementation, by loss and input."""
    from xent_check.implementations.table import IMPLEMENTATIONS, MODES

    lines = ["Modes:", *(f"  {name:<8} {meaning}" for name, meaning in MODES.items()), ""]
    start = f"{'Supported options:':<31}"
    for index, option in enumerate(CALLED):
        lines.append(start + "| " * index + option.key)
        start = " " * len(start)
    for name, entry in IMPLEMENTATIONS.items():
        shown = name
        for loss, options, inputs in _rows(entry.supports):
            marks = "".join("x " if option.key in options else "  " for option in CALLED)
            lines.append(f"{shown:<12}{loss:<19}{marks}from {', '.join(inputs)}")
            shown = ""
    lines += ["", "Asked for 16 bits, these compute in float32 and round once:"]
    for name, entry in IMPLEMENTATIONS.items():
        shown = name
        for (loss, form), dtypes in entry.in_float32.items():
            lines.append(f"{shown:<12}{loss:<19}{', '.join(dtypes)} from {form}")
            shown = ""
    return [*lines, "", *_calibrated_lines()]


def _calibrated_lines() -> list[str]:
    """The releases whose exp and log the bound counts, and the installed ones that are none."""
    from xent_check.implementations.elementary import FRAMEWORKS
    from xent_check.implementations.names import parse, why_missing
    from xent_check.reference.elementary import RELEASES

    there = [i for i in map(parse, FRAMEWORKS) if why_missing(i) is None]
    other = [f"{i.name} {i.version}" for i in there if (i.name, i.version) not in RELEASES]
    lines = ["tolerance auto counts the errors of exp and log as measured of:"]
    lines += [f"  {name} {version}" for name, version in sorted(RELEASES)]
    if other:
        lines += ["Not measured, xent-check calibrate does that:", *(f"  {one}" for one in other)]
    return lines


def _rows(supports: Support) -> Iterator[tuple[str, frozenset[str], list[str]]]:
    """(loss, options, inputs): the inputs that take the same options together."""
    inputs: dict[tuple[str, frozenset[str]], list[str]] = {}
    for (loss, form), options in supports.items():
        inputs.setdefault((loss, options), []).append(form)
    yield from ((*key, names) for key, names in inputs.items())


def _version(implementation: Implementation) -> tuple[str | None, str | None]:
    """The version; None and the reason for one that is missing."""
    from xent_check.implementations.names import why_missing

    why = why_missing(implementation)
    return (implementation.version, None) if why is None else (None, why)
