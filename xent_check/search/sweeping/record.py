"""Record: the JSON of a sweep, one model for writing and reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from xent_check import __version__
from xent_check.history.saved.parts import Number, Saved
from xent_check.problem.vocabulary import DType, Given, Loss
from xent_check.results.origin import Origin

from ..machine import Machine, this_machine
from .domain import Domain
from .sweep import Swept
from .tally import ULPS, Tally, Worst

Check = Literal["value", "gradient"]


class WorstRecord(Saved):
    """The input with the largest error."""

    size: Number
    """the error in ulps, or as a share of its bound"""
    input: float | tuple[float, ...]
    """the score; the scores of two classes"""
    bits: str
    """of each, in hexadecimal"""
    actual: Number
    """what was answered"""
    reference: Number
    """the exact value, to the nearest float64"""
    case: str
    """a case file of this input alone"""


class SweptRecord(Saved):
    """One implementation on one domain."""

    implementation: str
    version: str
    """of its distribution"""
    loss: Loss
    given: Given
    dtype: DType
    label: int
    """the target of binary, or the class"""
    range: tuple[float, float]
    """the smallest and the largest score"""
    stride: int
    """from each number to the next, counted in numbers of the dtype"""
    domain: int
    """how many inputs the range has at that stride"""
    check: Check
    inputs: int
    """how many were compared: with a stride more than those, towards the worst"""
    absent: str | None
    """why it was not asked, or not further"""
    diverging: int
    """answers beyond the bound, or of another kind than the exact value"""
    nan: int
    """nan where the exact value is none"""
    over_ulps: dict[str, int]
    """how many err by more than so many ulps"""
    decided_in_ball_arithmetic: int
    """of those, how many were too near a limit for the float64 reference"""
    order_broken: int
    """neighbours whose order is the wrong way round"""
    worst: WorstRecord | None
    """the largest error in ulps"""
    worst_share: WorstRecord | None
    """the largest share of the bound"""
    curve: tuple[tuple[float, Number], ...]
    """the largest error in ulps from each power of 2, of either sign, to the next"""


class SweepRecord(Saved):
    """What `sweep --report json` writes."""

    format: Literal[1] = Field(default=1, alias="schema")
    xent_check: str
    origin: Origin
    machine: Machine
    seconds: float
    results: tuple[SweptRecord, ...]


def sweep_record(swept: Sequence[Swept], seconds: float, origin: Origin) -> SweepRecord:
    """The record of a sweep on this machine."""
    return SweepRecord(
        xent_check=__version__,
        origin=origin,
        machine=this_machine(),
        seconds=round(seconds, 3),
        results=tuple(map(_row, swept)),
    )


def _row(one: Swept) -> SweptRecord:
    domain, tally = one.domain, one.tally
    return SweptRecord(
        implementation=one.implementation.name,
        version=one.implementation.version,
        loss=domain.loss,
        given=domain.given,
        dtype=domain.dtype,
        label=domain.label,
        range=(domain.low, domain.high),
        stride=domain.stride,
        domain=domain.count,
        check="gradient" if domain.gradient else "value",
        inputs=tally.inputs,
        absent=one.absent or None,
        diverging=tally.diverging,
        nan=tally.nan,
        over_ulps={f"{u:g}": count for u, count in zip(ULPS, tally.over, strict=True)},
        decided_in_ball_arithmetic=tally.decided,
        order_broken=tally.breaks,
        worst=_worst(domain, tally.by_ulps),
        worst_share=_worst(domain, tally.by_share),
        curve=_curve(tally),
    )


def _worst(domain: Domain, worst: Worst) -> WorstRecord | None:
    if worst.size < 0:
        return None
    return WorstRecord(
        size=worst.size,
        input=domain.scores_at(worst.place)[0].astype(np.float64).tolist(),
        bits=domain.bits(worst.place),
        actual=worst.actual,
        reference=worst.exact,
        case=case_text(domain, worst.place),
    )


def _curve(tally: Tally) -> tuple[tuple[float, float], ...]:
    """From each power of 2, in the order of the scores; 0 stands for itself."""
    curve = [
        (((bucket > 0) - (bucket < 0)) * 2.0 ** (abs(bucket) - 2001), ulps)
        for bucket, ulps in tally.curve.items()
    ]
    return tuple(sorted(curve))


def case_text(domain: Domain, place: int) -> str:
    """A case file of one input."""
    scores = domain.scores_at(place).astype(np.float64).tolist()
    lines = [f"loss: {domain.loss}", f"{domain.given}: {_numbers(scores)}"]
    lines += [f"labels: [{domain.label}]", f"dtype: {domain.dtype}", "tolerance: auto"]
    if domain.given == "probs" and domain.loss != "binary":
        lines.append("normalize: false")
    if domain.gradient:
        lines.append("check: [value, gradient]")
    return "\n".join(lines) + "\n"


def _numbers(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_numbers, value))}]"
    assert isinstance(value, float)
    return f"{'-' * (value < 0)}.inf" if np.isinf(value) else repr(value)
