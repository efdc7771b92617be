"""Tolerance: how far from the exact value an answer may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Auto = Literal["auto"]


@dataclass(frozen=True)
class Tolerance:
    """Agree when abs(actual - reference) <= atol + rtol abs(reference), or within `ulps`."""

    atol: float = 0.0  # absolute
    rtol: float = 0.0  # as a share of abs(reference)
    ulps: float = 1.0  # of the computed dtype, or of the case's where that is finer

    def __str__(self) -> str:
        rtol = f" + {self.rtol:g} x abs(reference)" if self.rtol else ""
        return f"{self.atol:g}{rtol}, or {self.ulps:g} ulp{'' if self.ulps == 1 else 's'}"
