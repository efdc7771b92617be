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
        "a calibration that goes on has seen nothing", "search.calibrate:_taken_up",
        "by_name[name].take(plain)", "pass", CALIBRATE, "goes_on",
    ),
    Bug(
        "what subnormal numbers became is forgotten", "search.calibrate:Seen",
        'plain["kept"], plain["flushed"]', "False, False", CALIBRATE, "goes_on",
    ),
    Bug(
        "a calibration whose report is not written is gone", "search.calibrate:calibrate",
        "if reported(record):", "if True:", CALIBRATE, "not_written",
    ),
    Bug(
        "another release is as good", "search.calibrated:unknown_releases",
        "if pair not in RELEASES", "if pair[0] not in dict(RELEASES)", CALIBRATE,
    ),
)  # fmt: skip
