"""Issue: a bug report around a script, in Markdown."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Sequence

import numpy as np

from xent_check import __version__
from xent_check.casefile.loading import PosedCase
from xent_check.implementations.interpreters import interpreter
from xent_check.implementations.names import UNKNOWN, Implementation
from xent_check.implementations.table import FRAMEWORKS
from xent_check.problem.evaluation import Computed, Failed
from xent_check.results.number_text import index_text, number, small
from xent_check.results.report import CaseResult

from ..markdown_text import fenced, inline, linked, table
from ..sentences import finding, number_tables, sentence_for_others
from .own import OwnLoss

MAX_SAMPLES = 20  # samples of a case that are all shown; of a larger one, those that diverge


def issue(
    posed: PosedCase,
    implementation: Implementation,
    result: CaseResult,
    script: str,
    own: OwnLoss | None = None,
) -> str:
    """The text of an issue in GitHub-flavoured Markdown, for the framework's own issue tracker.

    own: what is known of a user's own loss.

    It has a title, the answer beside the exact value, the script, the versions and the source.
    """
    fields = posed.case.fields
    parts = [f"# {inline(_title(posed, implementation, result))}"]
    parts += [inline(fields.description)] if fields.description else []
    parts += ["## What happens", *_what_happens(result)]
    parts += ["## What is expected", *_what_is_expected(posed, result)]
    parts += ["## To reproduce", fenced(script, "python")]
    parts += [
        "## Versions",
        "\n".join(f"- {inline(line)}" for line in _versions(implementation, own)),
    ]
    parts += ["## Source", linked(fields.source)] if fields.source else []
    return "\n\n".join(parts) + "\n"


def _title(posed: PosedCase, implementation: Implementation, result: CaseResult) -> str:
    """`torch: sparse_categorical cross-entropy is nan, exactly 0.5 (float32)`."""
    who = f"{implementation.name}: {posed.problem.loss.replace('_', ' ')} cross-entropy"
    dtype = posed.problem.dtype
    if isinstance(result.evaluation, Failed):
        return f"{who} raises {result.evaluation.message.partition(':')[0]} ({dtype})"
    worst_part = finding(result)
    if worst_part is None:
        return f"{who} gives {result.reason} ({dtype})"
    difference = worst_part.difference
    if not difference.diverging:
        return f"{who} agrees with the exact value ({dtype})"
    worst = difference.worst
    place = "sample" if worst_part.name == "losses" else worst_part.name
    place += f" {index_text(worst)}" if worst else ""
    actual = number(difference.actual[worst], difference.dtype)
    target = number(difference.target[worst], difference.dtype)
    against = "exactly" if worst_part.against == "reference" else worst_part.against
    return f"{who}, {place} is {actual}, {against} {target} ({dtype})"


def _what_happens(result: CaseResult) -> list[str]:
    parts = [f"{inline(sentence_for_others(result))}."]
    call = getattr(result.evaluation, "call", "")
    if call:
        parts.append(fenced(call, "python"))
    if isinstance(result.evaluation, Failed):
        parts.append(fenced(result.evaluation.message))
    if isinstance(result.evaluation, Computed) and result.comparison is not None:
        few = result.comparison.losses.actual.size <= MAX_SAMPLES
        for numbers in number_tables(result, everything=few):
            lines = table(numbers.headings, [row.cells for row in numbers.rows])
            parts.append("\n".join(lines))
            parts += [numbers.rest] if numbers.rest else []
    return parts


def _what_is_expected(posed: PosedCase, result: CaseResult) -> list[str]:
    """How the exact values are known; the values too, where no comparison has shown them."""
    exact, dtype = result.reference, posed.problem.dtype
    tolerance = posed.case.fields.tolerance
    allowed = "what rounding explains" if tolerance == "auto" else inline(str(tolerance))
    radius = max((float(r) for r in exact.losses.radius.reshape(-1)), default=0.0)
    parts = [
        f"The exact value of the same inputs, rounded to {dtype} first. xent-check {__version__} "
        "computes it from the definition in arbitrary precision: each loss is known "
        f"{f'to within {small(radius)}, which is proven' if radius else 'exactly'}. A number "
        f"agrees within {allowed}."
    ]
    if result.comparison is None:
        losses = exact.losses.high
        rows = [
            [index_text(index), number(float(losses[index]), dtype)]
            for index in list(np.ndindex(losses.shape))[:MAX_SAMPLES]
        ]
        rows += [[str(r), number(float(total.high), dtype)] for r, total in exact.totals.items()]
        parts.append("\n".join(table(["sample", "exact"], rows)))
    return parts


def _versions(implementation: Implementation, own: OwnLoss | None) -> Sequence[str]:
    """The framework's distributions, NumPy, Python and the platform."""
    needs = implementation.entry.needs if own is None else (FRAMEWORKS[own.framework],)
    names = dict.fromkeys([*needs, "numpy"])
    if implementation.python:
        other = interpreter(implementation.python)
        python, versions = other.version, [other.versions.get(name, UNKNOWN) for name in names]
    else:
        python, versions = platform.python_version(), list(map(importlib.metadata.version, names))
    return [
        *(f"{name} {version}" for name, version in zip(names, versions, strict=True)),
        f"Python {python}",
        platform.platform(),
        f"device: {implementation.device}",
    ]
