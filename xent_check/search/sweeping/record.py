"""Record: the JSON of a sweep, one model for writing and reading."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from xent_check import __version__
from xent_check.history.machine import Machine
from xent_check.history.saved.parts import Number, Saved
from xent_check.problem.dtypes import largest
from xent_check.problem.vocabulary import DType, Given, Loss
from xent_check.results.origin import Origin

from .domain import Domain
from .sweep import Swept
from .tally import ULPS, ZERO, Tally, Worst

Check = Literal["value", "gradient"]
Count = Annotated[int, Field(ge=0)]


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
    domain: Count
    """how many inputs the range has at that stride"""
    check: Check
    inputs: Count
    """how many were compared: with a stride more than those, towards the worst"""
    absent: str | None
    """why it was not asked, or not further"""
    diverging: Count
    """answers beyond the bound, or of another kind than the exact value"""
    nan: Count
    """nan where the exact value is none"""
    over_ulps: dict[str, Count]
    """how many err by more than so many ulps"""
    decided_in_ball_arithmetic: Count
    """of those, how many were too near a limit for the float64 reference"""
    order_broken: Count
    """neighbours whose order is the wrong way round"""
    worst: WorstRecord | None
    """the largest error in ulps"""
    worst_share: WorstRecord | None
    """the largest share of the bound"""
    worst_finite: WorstRecord | None = None
    """the largest error in ulps that is finite, where `worst` is not"""
    curve: tuple[tuple[float, Number], ...]
    """steps: from each score to that of the next, errors are at most so many ulps, rounded up to
    three digits"""

    @model_validator(mode="after")
    def _whole(self) -> SweptRecord:
        """An edited count contradicts the rest."""
        beyond = self.worst_share is not None and not float(self.worst_share.size) <= 1
        if max(self.diverging, self.nan, *self.over_ulps.values()) > self.inputs:
            raise ValueError(f"{self.implementation} has more errors than inputs")
        if beyond != (self.diverging > 0):
            raise ValueError(
                f"{self.implementation} diverges {self.diverging} times, "
                "and its worst share of the bound says otherwise"
            )
        return self


class SweepRecord(Saved):
    """What `sweep --report json` writes."""

    format: Literal[1] = Field(default=1, alias="schema")
    xent_check: str
    origin: Origin
    machine: Machine
    seconds: float
    results: tuple[SweptRecord, ...]


def sweep_record(
    swept: Sequence[Swept], seconds: float, origin: Origin, machine: Machine
) -> SweepRecord:
    """The record of a sweep. machine: that computed it."""
    return SweepRecord(
        xent_check=__version__,
        origin=origin,
        machine=machine,
        seconds=round(seconds, 3),
        results=tuple(map(_row, swept)),
    )


def json_text(record: SweepRecord) -> str:
    """The record as JSON, a line for each result."""
    data = record.plain()
    results = ",\n".join(json.dumps(result) for result in data.pop("results"))
    return f'{json.dumps(data)[:-1]}, "results": [\n{results}\n]}}\n'


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
        worst_finite=None if tally.by_finite == tally.by_ulps else _worst(domain, tally.by_finite),
        curve=_curve(domain, tally),
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


def _curve(domain: Domain, tally: Tally) -> tuple[tuple[float, float], ...]:
    """A step where the largest error changes from one power of 2, of float64 one 16th, to the
    next."""
    together = 16 if domain.dtype == "float64" else 1
    steps: dict[float, float] = {}
    for bucket, ulps in tally.curve.items():
        exponent = abs(bucket) - ZERO - 1  # of the bucket's smallest size
        exponent -= exponent % together
        start = 0.0
        if bucket > 0:
            start = max(domain.low, _power(exponent))
        elif bucket < 0:
            start = max(domain.low, -_power(exponent + together))
        steps[start] = max(_up(ulps), steps.get(start, 0.0))
    curve = list[tuple[float, float]]()
    for start, ulps in sorted(steps.items()):
        if not curve or curve[-1][1] != ulps:
            curve.append((start, ulps))
    return tuple(curve)


def _power(exponent: int) -> float:
    return 2.0**exponent if exponent < 1024 else largest("float64")


def _up(ulps: float) -> float:
    """Rounded up to three digits."""
    if ulps == 0 or math.isinf(ulps):
        return ulps
    rounded = float(f"{ulps:.3g}")
    if rounded < ulps:
        rounded += 10.0 ** (math.floor(math.log10(ulps)) - 2)
    return float(f"{rounded:.3g}")


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
