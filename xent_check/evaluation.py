"""Evaluation: what one implementation answered to one problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .words import Reduction

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Unsupported:
    """The implementation's public API cannot express the problem."""

    reason: str


@dataclass(frozen=True, eq=False)
class Computed:
    """Losses (the samples' shape) and totals (one number each), in the dtype they came in.

    call: the public API calls that were made, as one expression.
    seconds: the calls alone, without loading or marshalling.
    printed: what the implementation wrote to its standard output.
    """

    losses: Array
    totals: dict[Reduction, Array | Unsupported]
    call: str
    seconds: float
    printed: str = ""

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.losses.dtype


FailureKind = Literal["error", "crash", "timeout", "import"]


@dataclass(frozen=True)
class Failed:
    """It raised (error), died (crash), took too long (timeout), or could not be loaded (import)."""

    kind: FailureKind
    message: str
    call: str = ""
    printed: str = ""


@dataclass(frozen=True)
class Missing:
    """The framework or the device is not there."""

    reason: str


Evaluation = Computed | Unsupported | Failed | Missing


class UnsupportedError(Exception):
    """Raised by an implementation whose API cannot express the problem; the text is the reason."""


class MissingDeviceError(Exception):
    """Raised where the device that was asked for is not there."""
