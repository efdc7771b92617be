"""A case as a page shows it: its inputs, the exact value, and what each implementation gives."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np

from xent_check.casefile.case import CaseFields
from xent_check.casefile.loading import Filter, PosedCase, load
from xent_check.casefile.yaml_values import Map
from xent_check.casefile.yaml_writer import HEADER, case_yaml
from xent_check.implementations import keras_losses
from xent_check.implementations.program import refuse_what_is_not_supported
from xent_check.implementations.table import IMPLEMENTATIONS
from xent_check.problem.dtypes import Float64s
from xent_check.problem.evaluation import UnsupportedError
from xent_check.problem.expectation import REFERENCE, Expectation
from xent_check.reference.reference import Reference, reference
from xent_check.results.number_text import tidy

from .prose import code, fenced

MOST = 12  # numbers of an array that a page shows
# Of a case's keys, those that say what it is and what is expected; the rest is its inputs.
_ABOUT = ("name", "description", "source", "tags", "expect", "implementations")


def cases(folder: str = "") -> tuple[PosedCase, ...]:
    """The shipped cases below a folder of the corpus."""
    return load([f"corpus:{folder}"], Filter())


def inputs(posed: PosedCase) -> str:
    """The case's inputs and options, as YAML."""
    shown = Map(posed.case.line)
    for key in CaseFields.model_fields:
        if key in posed.case.source and key not in _ABOUT:
            shown[key] = posed.case.source[key]
    text = case_yaml(shown, posed.case.file.parent).removeprefix(HEADER)
    return fenced(text, "yaml")


def exact_parts(posed: PosedCase) -> dict[str, Float64s]:
    """The exact value of each part of the answer, rounded to float64."""
    exact = _exact(posed)
    parts = {"losses": exact.losses.high}
    parts |= {str(name): total.high for name, total in exact.totals.items()}
    return parts | ({} if exact.gradient is None else {"gradient": exact.gradient.high})


def stated(expectation: Expectation) -> str:
    """What an entry of `expect` says that comes out."""
    if expectation.error is not None:
        return f"raises {code(expectation.error)}"
    return parts_text({name: part.values for name, part in expectation.parts.items()}, 17)


def parts_text(parts: dict[str, Float64s], digits: int = 9) -> str:
    """`1, 2 and 3; mean 2`: the losses first, without their name."""
    texts = [
        f"{'' if name == 'losses' else f'{name} '}{numbers(values, digits)}"
        for name, values in parts.items()
    ]
    return "; ".join(texts)


def numbers(values: Float64s, digits: int) -> str:
    """The first of the numbers, and how many there are where these are not all."""
    flat = np.asarray(values).reshape(-1)
    shown = ", ".join(_number(float(value), digits) for value in flat[:MOST])
    return code(shown or "none") + (f" … ({flat.size} in all)" if flat.size > MOST else "")


def asked(posed: PosedCase) -> list[str]:
    """The names of who is asked: the case's list, else the default set."""
    if posed.implementations is not None:
        return [implementation.name for implementation in posed.implementations]
    return [name for name, entry in IMPLEMENTATIONS.items() if entry.default]


def can_say(name: str, posed: PosedCase) -> bool:
    """Whether the API has the loss, its input and every option of the case."""
    base = name.partition(":")[0]
    try:
        if base.startswith("keras"):
            keras_losses.refuse(posed.problem)
        else:
            refuse_what_is_not_supported(posed.problem, IMPLEMENTATIONS[base].supports, base)
    except UnsupportedError:
        return False
    return True


def known(posed: PosedCase, name: str) -> list[Expectation]:
    """The entries of an implementation that declare a divergence."""
    return [entry for entry in posed.expectations.get(name, ()) if entry.because]


def published(posed: PosedCase) -> dict[str, list[Expectation]]:
    """The entries that a source printed and that agree, by name; `reference` is the exact value."""
    entries = posed.expectations.items()
    return {name: [e for e in of if not e.because] for name, of in entries if name != REFERENCE}


def anchor(name: str) -> str:
    """The anchor of a case on its page."""
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in name).strip("-").lower()


def page_name(file: Path) -> str:
    return file.with_suffix(".md").name.replace("_", "-")


def size(posed: PosedCase) -> int:
    """How many numbers it takes."""
    return int(posed.problem.values.size)


def _number(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return str(value)
    return tidy(repr(value) if digits == 17 else f"{value:.{digits}g}")


@cache
def _exact(posed: PosedCase) -> Reference:
    return reference(posed.problem)
