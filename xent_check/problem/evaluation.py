"""Evaluation: what one implementation answered to one problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .vocabulary import Reduction

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Unsupported:
    """The implementation's public API cannot express the problem."""

    reason: str


@dataclass(frozen=True, eq=False)
class Computed:
    """Losses (the samples' shape), totals (one number each) and the gradient (the values' shape,
    None where it was not asked for), in the dtype they came in.

    call: the public API calls that were made, as one expression.
    calls: the same by part (the losses, each total), without what compiled them.
    seconds: the calls alone, without loading or marshalling. waited: from request to answer.
    printed: what the implementation wrote to its standard output.
    """

    losses: Array
    totals: dict[Reduction, Array | Unsupported]
    call: str
    seconds: float
    gradient: Array | Unsupported | None = None
    printed: str = ""
    calls: Mapping[str, str] = field(default_factory=dict)
    waited: float = 0.0

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.losses.dtype


FailureKind = Literal["error", "crash", "timeout", "import"]


@dataclass(frozen=True)
class Failed:
    """It raised (error), died (crash), took too long (timeout), or could not be loaded (import).

    call, calls: as of Computed, up to the call that raised, where there was one. waited: as there.
    """

    kind: FailureKind
    message: str
    call: str = ""
    printed: str = ""
    calls: Mapping[str, str] = field(default_factory=dict)
    waited: float = 0.0


@dataclass(frozen=True)
class Missing:
    """The framework or the device is not there."""

    reason: str


Evaluation = Computed | Unsupported | Failed | Missing


def after(seconds: float, evaluation: Evaluation) -> Evaluation:
    """The same, with how long it was waited for."""
    if isinstance(evaluation, Computed | Failed):
        return replace(evaluation, waited=seconds)
    return evaluation


class UnsupportedError(Exception):
    """Raised by an implementation whose API cannot express the problem; the text is the reason."""


class MissingDeviceError(Exception):
    """Raised where the device that was asked for is not there."""
