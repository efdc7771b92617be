"""The JSON of a baseline: every key that it may have, and its values."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from xent_check.casefile.yaml_values import describe
from xent_check.problem.vocabulary import REDUCTIONS, DType, Reduction
from xent_check.results.report import Status

PartName = Literal["losses", "gradient", "weight_gradient", "bias_gradient"] | Reduction
PARTS: tuple[PartName, ...] = (
    "losses", *REDUCTIONS, "gradient", "weight_gradient", "bias_gradient",
)  # fmt: skip
_NOT_FINITE = ("nan", "inf", "-inf")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BaselineEnvironment(_Strict):
    """Where an implementation ran."""

    version: str  # of the framework
    device: str  # cpu, or the device that was asked for: cuda
    platform: str  # `linux x86_64`


def _numbers_of(value: object) -> Any:
    """A number, or nested lists of numbers; nan, inf and -inf are text. ValueError otherwise."""
    if isinstance(value, list):
        return [_numbers_of(item) for item in value]
    if value in _NOT_FINITE:
        return float(str(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{describe(value)}; allowed: a number, {', '.join(_NOT_FINITE)}")
    if not abs(value) <= sys.float_info.max:
        raise ValueError(
            f"{describe(value)[:20]} is beyond the numbers of a computer; allowed: inf"
        )
    return float(value)


def _share_of(value: object) -> float:
    number = value if value == "inf" else _numbers_of(value)
    if isinstance(number, list) or not float(number) >= 0:
        raise ValueError(f"{describe(value)}; allowed: a number, 0 or more, or inf")
    return float(number)


_Numbers = Annotated[Any, BeforeValidator(_numbers_of)]
_Share = Annotated[float, BeforeValidator(_share_of)]
_Place = Annotated[str, Field(pattern=r"^\[([0-9]+(, [0-9]+)*)?\]$")]
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class BaselineArray(_Strict):
    """A part of an answer: all its numbers, or their digest and the numbers that were kept."""

    dtype: DType | None = None  # None: that of the losses
    values: _Numbers = None  # all numbers
    # of the whole part; needed where `values` are not there or empty
    shape: tuple[Annotated[int, Field(ge=0)], ...] | None = None
    digest: _Digest | None = None  # of all numbers
    worst: dict[_Place, _Numbers] = {}  # the kept numbers by their indices


def _array_of(value: object) -> object:
    """The mapping for a plain number or list, whose dtype is that of the losses."""
    return value if isinstance(value, dict | BaselineArray) else {"values": value}


_PartField = Annotated[BaselineArray, BeforeValidator(_array_of)]


class BaselineAnswer(_Strict):
    """The accepted answer of one implementation to one case."""

    status: Status  # before a baseline excused it
    behaviour: str  # the kind of answer: see AnswerRecord
    because: str | None = None  # why a divergence or failure was accepted; needed for those alone
    inputs: _Digest | None = None  # of the problem; a baseline by an older version has none
    dtype: DType | None = None  # of the losses, and of the parts that name none
    # The largest error over what rounding explains; of the losses alone, or by part.
    share: _Share | dict[PartName, _Share] | None = None
    on: BaselineEnvironment | None = None  # None: that of the implementation
    # The parts that the case asks for; None where it asks for no such part.
    losses: _PartField | None = None  # of the samples' shape
    mean: _PartField | None = None  # of shape ()
    weighted_mean: _PartField | None = None  # of shape ()
    sum: _PartField | None = None  # of shape ()
    gradient: _PartField | None = None  # of the shape of the logits, probs, log_probs or hidden
    weight_gradient: _PartField | None = None  # of the shape of the weight of a last layer
    bias_gradient: _PartField | None = None  # of the shape of its bias


class BaselineFile(_Strict):
    """A whole baseline."""

    version: Literal[1] = Field(alias="schema")  # of this form
    implementations: dict[str, BaselineEnvironment]  # where most answers of each are from
    cases: dict[str, dict[str, BaselineAnswer]]  # by case id and implementation
