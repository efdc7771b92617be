"""`xent-check schema`."""

from __future__ import annotations

import json

import click


@click.command("schema", short_help="Print the JSON Schema of the case file.")
def command() -> None:
    """Print the JSON Schema (2020-12) of the case file."""
    from ..schema import case_file_schema

    click.echo(json.dumps(case_file_schema(), indent=2))
