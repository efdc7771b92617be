"""Bugs of `calibrate`."""

from __future__ import annotations

from tests.planted import Bug

CALIBRATE = "search/test_calibrate.py"

BUGS = (
    Bug(
        "nan is no error of a function", "search.calibrate:Seen",
        "np.where(np.isnan(errors), np.inf, errors)", "np.nan_to_num(errors)", CALIBRATE,
    ),
    Bug(
        "losses take exp of any number", "search.calibrate:_SIGNS", '"exp": -1, ', "", CALIBRATE,
    ),
    Bug(
        "what was flushed was kept", "search.calibrate:Seen", "(places & ~zero).any()",
        "places.any()", CALIBRATE,
    ),
    Bug(
        "another release is as good", "search.calibrated:unknown_releases",
        "if pair not in RELEASES", "if pair[0] not in dict(RELEASES)", CALIBRATE,
    ),
)  # fmt: skip
