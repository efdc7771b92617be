"""Bugs of `atlas`."""

from __future__ import annotations

from tests.planted import Bug

ATLAS = "search/test_atlas.py"

BUGS = (
    Bug(
        "a domain counts twice in silence", "search.atlas:atlas_of", "if domain in places:",
        "if domain in lines:", ATLAS,
    ),
    Bug(
        "two machines are one", "search.atlas:atlas_of", "if sweep.machine not in machines:",
        "if not machines:", ATLAS,
    ),
    Bug(
        "a curve goes on beyond its range", "search.atlas:_at", "not low <= score <= high",
        "not low <= score", ATLAS,
    ),
    Bug(
        "the better of two inputs is the worst", "search.atlas:_largest", "return max(",
        "return min(", ATLAS,
    ),
)  # fmt: skip
