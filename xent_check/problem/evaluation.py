"""Evaluation: what one implementation answered to one problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .conduct import Conduct
from .vocabulary import PARAMETER_PARTS, Parameter, Reduction

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Unsupported:
    """The implementation's public API cannot express the problem."""

    reason: str  # what the API lacks


@dataclass(frozen=True, eq=False)
class Computed:
    """Arrays in the dtype that the implementation returned."""

    losses: Array  # the samples' shape
    totals: dict[Reduction, Array | Unsupported]  # shape ()
    call: str  # the public API calls, as one expression
    seconds: float  # of the calls alone, without loading or marshalling
    gradient: Array | Unsupported | None = None  # the values' shape; None: not asked for
    printed: str = ""  # what the implementation wrote to its standard output
    calls: Mapping[str, str] = field(default_factory=dict)  # by part, without their compilation
    waited: float = 0.0  # seconds from request to answer
    notes: tuple[str, ...] = ()  # sentences about how the answer was read
    gradient_of: Reduction | None = None  # the total it is of; None: sum(cotangent * losses)
    only_totals: str = ""  # why there are no losses, which are empty then; "" where there are
    conduct: Conduct = field(default_factory=Conduct)  # what the further checks of its case showed
    # The gradient by each parameter of a last layer, of its shape; beside that of what is hidden.
    by_parameters: Mapping[Parameter, Array | Unsupported] = field(default_factory=dict)

    @property
    def gradients(self) -> dict[str, Array | Unsupported]:
        """The gradients that were asked for, by the name of the part."""
        parts = {} if self.gradient is None else {"gradient": self.gradient}
        return parts | {PARAMETER_PARTS[name]: part for name, part in self.by_parameters.items()}

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the losses."""
        return self.losses.dtype


FailureKind = Literal["error", "crash", "timeout", "import"]


@dataclass(frozen=True)
class Failed:
    """It raised (error), died (crash), took too long (timeout), or could not be loaded (import)."""

    kind: FailureKind  # how it failed
    message: str  # the error's class and text, or how the process ended
    call: str = ""  # as of Computed, up to the call that raised; "" where there was none
    printed: str = ""  # as of Computed
    calls: Mapping[str, str] = field(default_factory=dict)  # as `call`, by part
    waited: float = 0.0  # seconds from request to failure
    traceback: str = ""  # of a user's own function, in lines; "" of others


@dataclass(frozen=True)
class Missing:
    """The framework is not installed, or the machine has no such device."""

    reason: str  # what is missing, and how to install it


Evaluation = Computed | Unsupported | Failed | Missing


def after(seconds: float, evaluation: Evaluation) -> Evaluation:
    """The evaluation with its waiting time in seconds, where it records one."""
    if isinstance(evaluation, Computed | Failed):
        return replace(evaluation, waited=seconds)
    return evaluation


class UnsupportedError(Exception):
    """Raised by an implementation whose API cannot express the problem; the text is the reason."""


class MissingDeviceError(Exception):
    """Raised by an implementation where the machine does not have the requested device."""
