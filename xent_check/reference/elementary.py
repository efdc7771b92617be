"""The measured errors of the frameworks' exp, log and log1p: elementary.json, which `xent-check
calibrate --report json` wrote. The bound has its constants from it."""

from __future__ import annotations

import json
import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Measured:
    """One function of one release."""

    framework: str
    version: str
    mode: str
    dtype: str
    function: str
    error: float
    """the largest, in units of u"""


def _measured(data: Any) -> tuple[Measured, ...]:
    return tuple(
        Measured(**{name: row[name] for name in Measured.__dataclass_fields__})
        for row in data["calibrations"]
    )


MEASURED = _measured(json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8")))
RELEASES = {(m.framework, m.version) for m in MEASURED}  # of which they are


def largest_error(functions: Collection[str], at_least: float) -> float:
    """The largest error of these functions in float32 and float64, rounded up to a whole number of
    u. at_least: what earlier measurements found."""
    errors = [
        m.error for m in MEASURED if m.function in functions and m.dtype in ("float32", "float64")
    ]
    return float(math.ceil(max(at_least, *errors)))
