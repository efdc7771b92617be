"""Repro: a standalone script that shows one implementation's answer beside the exact one.

A pure function of a result: the inputs, the calls that were recorded, the exact values and what
the tolerance allows become Python that needs the framework and NumPy alone. It prints every
number and ends with an AssertionError where they disagree, or in the error that was raised.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from xent_check import __version__
from xent_check.casefile.case import Case
from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import Implementation
from xent_check.implementations.program import problem_arrays
from xent_check.problem.evaluation import Computed, Failed
from xent_check.results.report import CaseResult

from ..sentences import sentence
from . import frameworks
from .arrays import TO_BFLOAT16, array_code
from .expected_values import COMPARE, comparisons
from .formulas import formula_lines


@dataclass(frozen=True)
class ScriptFrame:
    """What a script opens with, the versions that it prints, and the lines of its framework."""

    imports: tuple[str, ...]
    versions: tuple[str, ...]
    lines: Callable[[frameworks.Work], list[str]] | None  # None for the formulas written by hand


_JAX = ("import jax", "import jax.numpy as jnp")
FRAMES: dict[str, ScriptFrame] = {  # by module of the table of implementations
    "keras": ScriptFrame(("import tensorflow as tf",), ("tf", "tf.keras"), frameworks.tensorflow),
    "tensorflow": ScriptFrame(("import tensorflow as tf",), ("tf",), frameworks.tensorflow),
    "torch": ScriptFrame(("import torch",), ("torch",), frameworks.torch),
    "jax": ScriptFrame(_JAX, ("jax",), frameworks.jax),
    "optax": ScriptFrame((*_JAX, "import optax"), ("jax", "optax"), frameworks.jax),
    "keras_torch": ScriptFrame(
        ("import keras", "import torch"), ("keras", "torch"), frameworks.torch
    ),
    "keras_jax": ScriptFrame((*_JAX, "import keras"), ("keras", "jax"), frameworks.jax),
    "manual": ScriptFrame((), (), None),
    "stable": ScriptFrame((), (), None),
}


def script(posed: PosedCase, implementation: Implementation, result: CaseResult) -> str:
    """The script of a result that was computed or raised.

    ValueError for others: there is nothing that it could show.
    """
    evaluation = result.evaluation
    host = FRAMES.get(implementation.entry.module)
    raised = isinstance(evaluation, Failed) and evaluation.kind == "error"
    if host is None or not (isinstance(evaluation, Computed) or raised):
        raise ValueError(f"no script shows a result that is {result.status}")
    arrays = problem_arrays(posed.problem)
    lines = []
    for name, array in arrays.items():
        form = getattr(posed.case.fields, name)
        code = array_code(form, array, posed.case.file.parent)
        lines += f"{name} = {code}".splitlines()
    helper = TO_BFLOAT16 + "\n\n" if any("= to_bfloat16(" in line for line in lines) else ""
    body = [*lines, "", *_work(posed, implementation, result, host), ""]
    text = helper + "\n".join(body) + "\n" + COMPARE + "\n".join(comparisons(posed, result))
    head = _header(posed.case, result) + "\n\n" + _imports(implementation, host, text)
    return f"{head}\n\n{text}\n"


def _work(
    posed: PosedCase, implementation: Implementation, result: CaseResult, host: ScriptFrame
) -> list[str]:
    """The lines that compute every part, as float64 arrays of NumPy."""
    problem, arrays = posed.problem, problem_arrays(posed.problem)
    narrow = frozenset(name for name, array in arrays.items() if array.dtype.name == "bfloat16")
    if host.lines is None:
        cast = [f"{name} = {name}.astype(ml_dtypes.bfloat16)" for name in arrays if name in narrow]
        return [*cast, "", *formula_lines(implementation.entry.module, problem)]
    calls = getattr(result.evaluation, "calls", {})
    work = frameworks.Work(
        names=list(arrays),
        given=problem.given,
        calls=calls,
        gradient=problem.gradient,
        dtype=problem.dtype,
        mode=_mode(implementation),
        device=implementation.device,
        bfloat16=narrow,
    )
    return host.lines(work)


def _mode(implementation: Implementation) -> str:
    """Keras on JAX runs op by op, as its users call a loss."""
    return "eager" if implementation.entry.module == "keras_jax" else implementation.mode


def _imports(implementation: Implementation, host: ScriptFrame, text: str) -> str:
    """What is needed, and the versions that were found."""
    before = [f'os.environ["{k}"] = "{v}"' for k, v in implementation.entry.variables]
    lines = ["from __future__ import annotations", ""] if host.lines is None else []
    lines += ["import os", *before] if before else []
    names = [name for name in ("inf", "nan") if name in _words(text)]
    lines += [f"from math import {', '.join(names)}"] if names else []
    lines += ["from types import SimpleNamespace"] if host.lines is None else []
    lines += ["", "import ml_dtypes"] if "ml_dtypes" in text else [""]
    lines += ["import numpy as np", *host.imports]
    versions = [f"{name} {{{name}.__version__}}" for name in host.versions]
    versions.append("numpy {np.__version__}")
    return "\n".join([*lines, "", f'print(f"{", ".join(versions)}")'])


def _words(text: str) -> set[str]:
    return set("".join(c if c.isalnum() or c == "_" else " " for c in text).split())


def _header(case: Case, result: CaseResult) -> str:
    """What it is about, as comments; before them the encoding, which a text could name otherwise:
    Python takes it from a comment on either of the first two lines."""
    fields = case.fields
    paragraphs = [f"{sentence(result)}."]
    paragraphs += [fields.description] if fields.description else []
    paragraphs += [f"Source: {fields.source}"] if fields.source else []
    ending = "the error that was raised" if isinstance(result.evaluation, Failed) else (
        "an AssertionError where a number is further from the exact one than the tolerance allows"
    )  # fmt: skip
    paragraphs.append(
        f"Tolerance: {fields.tolerance}. Written by xent-check {__version__}; ends with {ending}."
    )
    blocks = []
    for paragraph in paragraphs:
        text = " ".join("".join(c if c.isprintable() else " " for c in paragraph).split())
        blocks.append(textwrap.fill(text, 98, initial_indent="# ", subsequent_indent="# "))
    return "\n#\n".join(["# -*- coding: utf-8 -*-", *blocks])
