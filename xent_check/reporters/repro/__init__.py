"""Repro: a standalone script that shows one implementation's answer beside the exact one.

The inputs, the recorded calls, the exact values and the allowed differences of a result become a
script in Python that needs the framework and NumPy alone. The script prints each number beside
the exact one and fails with an AssertionError where they disagree, or with the framework's error.
"""

from __future__ import annotations

import json
import re
import textwrap

from xent_check import __version__
from xent_check.casefile.case import Case
from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import Implementation
from xent_check.implementations.program import GRADIENT, problem_arrays
from xent_check.implementations.table import ScriptFrame
from xent_check.problem.evaluation import Computed, Failed
from xent_check.problem.vocabulary import PARAMETER_PARTS
from xent_check.results.report import CaseResult

from ..sentences import sentence_for_others
from . import frameworks
from .arrays import HELPERS, array_code
from .expected_values import COMPARE, comparisons
from .formulas import formula_lines
from .layouts import laid_out_arrays, layout_lines
from .own import OwnLoss, importing


def script(
    posed: PosedCase,
    implementation: Implementation,
    result: CaseResult,
    own: OwnLoss | None = None,
) -> str:
    """The script's source for a case's result on an implementation, which computed or raised.

    own: what is known of a user's own loss, which the script imports from where it is. ValueError
    for any other result, and without that for a user's own loss.
    """
    evaluation = result.evaluation
    frame = implementation.entry.script if own is None else own.frame
    raised = isinstance(evaluation, Failed) and evaluation.kind == "error"
    if frame is None or not (isinstance(evaluation, Computed) or raised):
        raise ValueError(f"no script shows a result that is {result.status}")
    arrays = problem_arrays(posed.problem)
    lines = []
    for name, array in arrays.items():
        form = getattr(posed.case.fields, name)
        code = array_code(form, array, posed.case.file.parent)
        lines += f"{name} = {code}".splitlines()
    made = "\n".join(lines)
    needed = [code for name, code in HELPERS.items() if re.search(rf"\b{name}\(", made)]
    helpers = "".join(f"{code}\n\n" for code in needed)
    computation = _computation(posed, implementation, result, frame, own)
    body = [*lines, "", *computation, "", *_not_shown(result)]
    text = helpers + "\n".join(body) + "\n" + COMPARE + "\n".join(comparisons(posed, result))
    head = _header(posed.case, result) + "\n\n" + _imports(implementation, frame, text)
    return f"{head}\n\n{text}\n"


def _not_shown(result: CaseResult) -> list[str]:
    """What further calls found, as a comment: the script makes one call."""
    found = () if result.comparison is None else result.comparison.departures
    if not found:
        return []
    text = f"Not shown here, and found by further calls: {'; '.join(d.sentence for d in found)}"
    return [*textwrap.wrap(text, 96, initial_indent="# ", subsequent_indent="# "), ""]


def _computation(
    posed: PosedCase,
    implementation: Implementation,
    result: CaseResult,
    frame: ScriptFrame,
    own: OwnLoss | None,
) -> list[str]:
    """The lines that compute every part as a float64 array of NumPy."""
    problem, arrays = posed.problem, problem_arrays(posed.problem)
    narrow = frozenset(name for name, array in arrays.items() if array.dtype.name == "bfloat16")
    if not frame.host:
        cast = [f"{name} = {name}.astype(ml_dtypes.bfloat16)" for name in arrays if name in narrow]
        cast += layout_lines(laid_out_arrays(problem), "numpy")
        return [*cast, "", *formula_lines(implementation.entry.module, problem)]
    calls = getattr(result.evaluation, "calls", {})
    comparison = result.comparison
    unknown = own is not None and comparison is not None and comparison.gradient is None
    parameters = problem.parameters if GRADIENT not in calls else ()
    if own is not None and comparison is not None:
        given = comparison.by_parameters
        parameters = tuple(p for p in parameters if PARAMETER_PARTS[p] in given)
    computation = frameworks.Computation(
        names=list(arrays),
        given=problem.given,
        calls=calls,
        gradient=problem.gradient and not unknown and GRADIENT not in calls,
        dtype=problem.dtype,
        mode=implementation.mode if frame.mode is None else frame.mode,
        device=implementation.device,
        bfloat16=narrow,
        parameters=parameters,
        laid_out=laid_out_arrays(problem if own is None else own.asked(problem)),
        own=own is not None,
    )
    lines = frameworks.LINES[frame.host](computation)
    if own is None:
        return lines
    return [*own.before(problem), *lines, *own.after(problem, computation.parts)]


def _imports(implementation: Implementation, frame: ScriptFrame, text: str) -> str:
    """The imports that the text needs, and the line that prints the versions in use."""
    every = (*implementation.entry.variables, *implementation.declared.env)
    variables = [f"os.environ[{json.dumps(k)}] = {json.dumps(v)}" for k, v in every]
    lines = [] if frame.host else ["from __future__ import annotations", ""]
    lines += ["import os", *variables] if variables else []
    lines += ["import sys"] if implementation.function else []
    names = [name for name in ("inf", "nan") if name in _words(text)]
    lines += [f"from math import {', '.join(names)}"] if names else []
    lines += [] if frame.host else ["from types import SimpleNamespace"]
    lines += ["", "import ml_dtypes"] if "ml_dtypes" in text else [""]
    lines += ["import numpy as np", *frame.imports]
    lines += ["", *importing(implementation)] if implementation.function else []
    versions = [f"{name} {{{name}.__version__}}" for name in frame.versions]
    versions.append("numpy {np.__version__}")
    return "\n".join([*lines, "", f'print(f"{", ".join(versions)}")'])


def _words(text: str) -> set[str]:
    return set("".join(c if c.isalnum() or c == "_" else " " for c in text).split())


def _header(case: Case, result: CaseResult) -> str:
    """The result, the case's description, its source and the tolerance, as comments.

    The first line names the encoding: Python takes it from either of the first two lines, where
    the text of a case could name another.
    """
    fields = case.fields
    paragraphs = [f"{sentence_for_others(result)}."]
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
