"""`xent-check init`."""

from __future__ import annotations

from pathlib import Path

import click

EXAMPLE = """\
# A case for xent-check. Run it with:  xent-check run {name}
name: my-first-case
description: What these numbers are and why they matter.
source: where the numbers come from (a URL, a citation)

loss: sparse_categorical        # binary | categorical | sparse_categorical
logits:                         # or probs, or log_probs: one row per sample
  - [2.0, 1.0, 0.1]
  - [0.5, 2.5, 0.3]
labels: [0, 1]                  # a class index per sample

dtype: float32                  # float16 | bfloat16 | float32 | float64
reduction: [mean, sum]          # compared beside the losses, which always are
tolerance: 2.0e-6               # absolute; or {{atol: 1.0e-6, rtol: 1.0e-5, ulps: 2}}

# Leave this out to run all that is installed (`xent-check impls` lists them).
implementations: [keras, tf, torch, jax, optax, manual, stable]

# What a source printed, for the exact value or for one implementation: each number must agree to
# its last printed digit. With `because` it is a known divergence, which must keep happening:
#   keras: {{losses: [16.118095, 0.22005], because: "probabilities are clipped at 1e-7"}}
# expect:
#   reference: {{losses: [0.41703, 0.22005], mean: 0.31854}}
#   torch: {{losses: [0.41703, 0.22005]}}
"""


SCHEMA = "xent-check.schema.json"
MODELINE = f"# yaml-language-server: $schema={SCHEMA}\n"  # relative to the file, as editors read it


@click.command("init", short_help="Write a commented example case.")
@click.argument("file", default="xent-case.yaml", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite the file where it exists.")
@click.option(
    "--schema/--no-schema",
    default=True,
    help=f"Beside it {SCHEMA}, which its first line names for editors. [default: --schema]",
)
def command(file: Path, force: bool, schema: bool) -> None:
    """Write a commented example case to FILE (default: xent-case.yaml).

    An editor with a language server of YAML (the YAML extension of VS Code, for one) then explains
    and completes its keys.
    """
    if file.exists() and not force:
        raise click.UsageError(f"{file} exists; --force overwrites it")
    if not file.parent.is_dir():
        raise click.UsageError(f"no folder {file.parent}")
    _write(file, (MODELINE if schema else "") + EXAMPLE.format(name=file))
    message = f"wrote {file}"
    if schema:
        from .schema_command import schema_text

        _write(file.with_name(SCHEMA), schema_text() + "\n")
        message += f", and {file.with_name(SCHEMA)} for the editor"
    click.echo(f"{message}; run it with: xent-check run {file}", err=True)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror}") from None
