"""`xent-check impls`."""

from __future__ import annotations

import click


@click.command("impls", short_help="List the implementations.")
def command() -> None:
    """List the implementations: what is installed, versions, modes."""
    from rich.console import Console
    from rich.table import Table

    from ..run import host
    from ..selection import DEFAULT, why_missing

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("name", "version", "modes", "calls", ""):
        table.add_column(heading, overflow="fold")
    for implementation in DEFAULT:
        entry = implementation.entry
        missing = why_missing(implementation)
        modes = ", ".join(f"{implementation.name}:{mode}" for mode in entry.modes)
        version = "missing" if missing else f"{entry.distribution} {host(implementation).version}"
        table.add_row(implementation.name, version, modes, entry.about, missing or "")
    Console(highlight=False).print(table)
