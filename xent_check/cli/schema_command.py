"""`xent-check schema`."""

from __future__ import annotations

import json

import click


@click.command("schema", short_help="Print the JSON Schema of the case file, or of the result.")
@click.option("--result", is_flag=True, help="Of what run --report json writes.")
def command(result: bool) -> None:
    """Print the JSON Schema (2020-12) of the case file, for completion in an editor; or of the
    result, for what reads it.
    """
    click.echo(schema_text(result))


def schema_text(result: bool = False) -> str:
    """The JSON Schema of the case file, or of the result."""
    if result:
        from xent_check.history.saved.json_schema import result_schema as schema
    else:
        from xent_check.casefile.json_schema import case_file_schema as schema
    return json.dumps(schema(), indent=2)
