"""The JSON of a run, key by key, as reporters/plain.py writes it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from .case import ToleranceField
from .change import ChangeKind
from .evaluation import FailureKind
from .report import Status
from .words import DType, Reduction


def _number(value: Any) -> Any:
    """Non-finite numbers are the strings "nan", "inf" and "-inf"."""
    if isinstance(value, list):
        return [_number(item) for item in value]
    return float(value) if value in ("nan", "inf", "-inf") else value


Number = Annotated[float, BeforeValidator(_number)]
# Arrays of any depth; pydantic cannot say so, numpy checks them.
Numbers = Annotated[Any, BeforeValidator(_number)]
Index = tuple[int, ...]


class Saved(BaseModel):
    """Keys that a later version adds are not its business."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class SavedRow(Saved):
    """One of those that were kept of a large array."""

    sample: Index | None = None
    element: Index | None = None
    actual: Number
    reference: Number
    abs_diff: Number
    allowed: Number
    bound: Number | None = None
    stands_for: int
    least_reference: Number | None

    @property
    def index(self) -> Index:
        return self.sample or self.element or ()


class SavedTotal(Saved):
    """A total; where the implementation has none, `status`, `reason`, and what is expected."""

    status: str
    reason: str | None = None
    actual: Number | None = None
    reference: Number | None = None
    abs_diff: Number | None = None
    dtype: DType | None = None
    bound: Number | None = None
    expected: Number | None = None
    expected_unit: Number | None = None
    divisor: Number | None = None


class SavedArray(Saved):
    """A gradient, or the losses of a result: whole, or an excerpt."""

    dtype: DType | None = None
    shape: Index | None = None
    reference: Numbers = None
    abs_diff: Numbers = None
    bound: Numbers = None
    expected: Numbers = None
    expected_unit: Numbers = None
    worst: tuple[SavedRow, ...] | None = None
    deciding: tuple[SavedRow, ...] = ()
    at_least: bool = False
    classes: str = ""
    digest: str = ""

    @property
    def rows(self) -> tuple[SavedRow, ...]:
        """What was kept of a large array."""
        return (*(self.worst or ()), *self.deciding)


class SavedGradient(SavedArray):
    """As SavedTotal where there is none."""

    status: str
    reason: str | None = None
    actual: Numbers = None
    diverging_elements: int = 0


class SavedExplanation(Saved):
    """One reading of the numbers."""

    id: str
    ids: tuple[str, ...] | None = None
    parameters: dict[str, Any]
    sentence: str
    max_abs_residual: Number
    share_explained: float


class SavedExpectation(Saved):
    """What the case declares, beside numbers."""

    because: str | None
    error: str | None


class SavedUngated(Saved):
    """What a result was before a baseline excused it."""

    status: Status
    reason: str | None


class SavedResult(SavedArray):
    """One implementation on one case."""

    case: str
    implementation: str
    call: str | None
    status: Status
    reason: str | None
    ungated: SavedUngated | None
    required: bool
    failure: FailureKind | None
    message: str | None
    seconds: float | None
    tolerance: ToleranceField
    expect: SavedExpectation | None
    printed: str | None
    notes: tuple[str, ...]
    behaviour: tuple[str, ...]
    vacuous: str | None
    explanation: tuple[SavedExplanation, ...] | None
    samples: int
    losses: Numbers = None
    totals: dict[Reduction, SavedTotal]
    gradient: SavedGradient | None
    diverging_samples: int | None
    asked_dtype: DType | None = None
    asked: frozenset[str] = frozenset({"losses"})
    reference_radius: Number = 0.0

    @property
    def compared(self) -> bool:
        """Whether its numbers were held against the reference."""
        return self.losses is not None or self.worst is not None


class SavedCase(Saved):
    case: str
    line: int
    inputs: str
    implementations: tuple[str, ...]
    parts: tuple[str, ...]
    labels: tuple[tuple[Index, str], ...] | None


class SavedHost(Saved):
    version: str
    device: str
    distribution: str = ""
    python: str = ""
    own: bool = False


class SavedEnvironment(Saved):
    python: str
    platform: str
    implementations: dict[str, SavedHost]


class SavedShard(Saved):
    index: int
    of: int
    selection: str


class SavedScope(Saved):
    paths: tuple[str, ...]
    filtered: bool
    chosen: tuple[str, ...] | None


class SavedRun(Saved):
    implementations: tuple[str, ...]
    absent: tuple[str, ...]
    stopped: str | None
    verbose: bool
    shard: SavedShard | None
    scope: SavedScope
    strict: bool
    tolerance: ToleranceField | None


class SavedChange(Saved):
    case: str
    implementation: str
    kind: ChangeKind
    sentence: str
    before: str | None
    after: str | None
    ulps: Number | None
    share_before: Number | None
    share_after: Number | None
    fails: bool


class SavedGate(Saved):
    file: str
    fail_on: tuple[str, ...]
    notes: tuple[str, ...]
    same: int
    matched: bool = True
    left_out: int = 0
    gone_cases: int = 0
    gone_implementations: tuple[str, ...] = ()
    changes: tuple[SavedChange, ...]


class SavedSummary(Saved):
    cases: int
    seconds: float


class SavedReport(Saved):
    """The document."""

    version: Literal[1] = Field(alias="schema")
    xent_check: str
    environment: SavedEnvironment
    summary: SavedSummary
    run: SavedRun
    baseline: SavedGate | None
    warnings: tuple[str, ...]
    cases: tuple[SavedCase, ...]
    results: tuple[SavedResult, ...]
