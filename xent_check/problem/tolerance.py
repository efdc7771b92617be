"""Tolerance: how far from the exact value an answer may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Auto = Literal["auto"]


@dataclass(frozen=True)
class Tolerance:
    """agree when abs(actual - reference) <= atol + rtol abs(reference), or within `ulps`.

    ulps: of the case's dtype, at the exact value.
    """

    atol: float = 0.0
    rtol: float = 0.0
    ulps: float = 1.0

    def __str__(self) -> str:
        rtol = f" + {self.rtol:g} x abs(reference)" if self.rtol else ""
        return f"{self.atol:g}{rtol}, or {self.ulps:g} ulp{'' if self.ulps == 1 else 's'}"
