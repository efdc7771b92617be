"""Calibrated: a calibration beside the shipped table, from which the bound has its constants."""

from __future__ import annotations

from xent_check.reference.elementary import RELEASES
from xent_check.reference.rounding import KE, KL
from xent_check.results.number_text import small

from .calibrate import Calibration, CalibrationRecord

_ALLOWED = {"exp": KE, "log": KL, "log1p": KL}  # what the bound grants each, in units of u


def exceeding(record: CalibrationRecord) -> list[str]:
    """A sentence for each function whose error is larger than the bound grants."""
    return [
        f"{one.function} of {_who(one)} in {one.dtype} errs by {small(one.error)} u at "
        f"{small(one.at, 6)}: the bound grants {_ALLOWED[one.function]:g} u"
        for one in record.calibrations
        if one.error > _ALLOWED.get(one.function, float("inf"))
    ]


def unknown_releases(record: CalibrationRecord) -> list[str]:
    """A sentence for each release that is not in the shipped table."""
    found = {(one.framework, one.version): None for one in record.calibrations}
    return [_not_measured(*pair) for pair in found if pair not in RELEASES]


def _not_measured(framework: str, version: str) -> str:
    known = sorted({v for name, v in RELEASES if name == framework})
    of = f" (it has {', '.join(known)})" if known else ""
    return f"{framework} {version} is not in the shipped table{of}"


def _who(one: Calibration) -> str:
    return f"{one.framework}{f':{one.mode}' * bool(one.mode)} {one.version}"
