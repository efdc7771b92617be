"""The JSON of a result: what one implementation did with one case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, ClassVar

from pydantic import ConfigDict, Discriminator, Field, PlainSerializer, Tag

from xent_check.casefile.case import ToleranceField
from xent_check.problem.evaluation import FailureKind
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.problem.vocabulary import ConductCheck, DepartureId, DType, Reduction
from xent_check.results.report import Status, Ungated

from .parts import (
    AnyGradients,
    AnyTotal,
    Check,
    Excerpt,
    Index,
    Number,
    Numbers,
    Sample,
    Saved,
    Sparse,
    Whole,
    array_tag,
)


def _plain_tolerance(tolerance: Tolerance | Auto) -> Any:
    return asdict(tolerance) if isinstance(tolerance, Tolerance) else tolerance


SavedTolerance = Annotated[ToleranceField, PlainSerializer(_plain_tolerance, when_used="json")]


class SavedExplanation(Sparse):
    """One reading of the numbers."""

    id: str
    """of the change that reproduces them; the first, where several do so together"""
    ids: tuple[str, ...] | None = None
    """all of them, where they are several"""
    parameters: dict[str, Any]
    """what the change was made with: a label, a constant, a dtype"""
    sentence: str
    """the change in words"""
    max_abs_residual: Number
    """the largest abs(observed - what the explanation gives); inf where one alone is not finite"""
    share_explained: float
    """of the samples that differ from the exact value, the share that the reading reproduces"""


class SavedExpectation(Sparse):
    """What the case declares of an implementation, beside numbers."""

    model_config = ConfigDict(from_attributes=True)
    because: str | None
    """the reason of a known divergence"""
    error: str | None
    """text that the raised message must contain"""
    conduct: tuple[DepartureId, ...] | None = None
    """what the further checks are known to find"""


class SavedResult(Saved):
    """What one implementation did with one case."""

    case: str
    """`FILE::NAME`"""
    implementation: str
    """as it is asked for, or `reference` for what a case states of the exact value"""
    call: str | None
    """the calls of the framework's public API, as one expression"""
    status: Status
    """what became of the answer"""
    reason: str | None
    """why the status is what it is; the `because` of a known divergence"""
    ungated: Ungated | None
    """what it was before a baseline excused it"""
    required: bool
    """whether it fails where its framework is not installed"""
    failure: FailureKind | None
    """how it failed: raised, died, took too long, or could not be loaded"""
    message: str | None
    """of the failure"""
    seconds: float | None
    """of the calls alone"""
    dtype: str | None
    """of the losses that were given"""
    tolerance: SavedTolerance
    """how far off still agrees"""
    expect: SavedExpectation | None
    """null where the case declares nothing of this implementation"""
    printed: str | None
    """what the implementation wrote to its standard output"""
    notes: tuple[str, ...]
    """what else is to be said of the answer, a sentence each"""
    behaviour: tuple[str, ...]
    """value, zero, nan, inf, -inf, whichever the losses are; or the error that was raised"""
    vacuous: str | None
    """what the tolerance would accept beside the right answer"""
    explanation: tuple[SavedExplanation, ...] | None
    """what reproduces the numbers of a divergence, best first; empty where nothing does"""
    gradient: AnyGradients | None
    """null where it was not asked for"""


class NotCompared(SavedResult):
    """There are no numbers, or none that can be compared: their keys are null."""

    tag: ClassVar[str] = "#none"
    max_abs_diff: None = None  # of no sample
    max_ulps: None = None  # of no sample
    worst_sample: None = None  # no indices
    diverging_samples: None = None  # no count, not 0
    samples: int
    """how many the case has"""
    traceback: str | None = None
    """of what a user's own function raised, in lines"""
    losses: None = None  # no numbers
    totals: dict[Reduction, AnyTotal] = Field(default={}, max_length=0)  # always empty


class Compared(SavedResult):
    """Numbers that were held against the exact ones."""

    asked_dtype: DType | None
    """of the case; no ulp is one of a narrower dtype"""
    asked: tuple[str, ...]
    """the parts that the case asks for: losses, totals by reduction, gradient"""
    max_abs_diff: Number | None
    """of the worst sample, the one furthest off of those that diverge if any does"""
    max_ulps: Number | None
    """of the same, in ulps"""
    worst_sample: Index | None
    """its indices"""
    samples: int
    """how many the case has"""
    diverging_samples: int
    """how many of them diverge from the reference"""
    shape: Index
    """of the losses"""
    smallest_atol: Number
    """the smallest atol at which losses, totals and gradient all would agree"""
    share_of_bound: Number | None
    """the largest finite abs_diff of a loss over what rounding explains of it"""
    losses_not_given: str | None = None
    """why there are none, where a total was given in their place"""
    conduct: dict[ConductCheck, Check] | None = None
    """the further checks that the case asks for"""


class _Exactly(Saved):
    reference_radius: Number
    """the exact losses are within this of `reference`, proven"""
    totals: dict[Reduction, AnyTotal]
    """by reduction; those that were asked for or stated"""


class ComparedWhole(_Exactly, Whole, Compared):
    """Numbers that were compared, sample by sample."""

    dtype: DType  # of `actual`
    actual: Numbers = Field(alias="losses")
    """what the implementation gave, of `dtype`"""
    bound: Numbers | None
    """the largest abs_diff that rounding explains"""


class ComparedExcerpt(_Exactly, Excerpt, Compared):
    """Numbers that were compared, of which few were kept."""

    dtype: DType  # of the losses that were given
    worst: tuple[Sample, ...]  # up to 20, the largest abs_diff first
    deciding: tuple[Sample, ...]  # the others, in the order of the losses


AnyCompared = ComparedWhole | ComparedExcerpt


def _result(value: object) -> str:
    if not isinstance(value, Mapping):
        return str(getattr(value, "tag", "#none"))
    kept = value.get("losses") is not None or value.get("worst") is not None
    return array_tag(value) if kept else "#none"


AnyResult = Annotated[
    Annotated[ComparedWhole, Tag("#whole")]
    | Annotated[ComparedExcerpt, Tag("#excerpt")]
    | Annotated[NotCompared, Tag("#none")],
    Discriminator(_result),
]
