"""Bugs of `atlas`."""

from __future__ import annotations

from tests.planted import Bug

ATLAS = "search/test_atlas.py"
REPORTED = "reporters/test_atlas.py"

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
        "what one label was asked stands for both", "search.atlas:Atlas.coverage_of",
        "if tuple(labels[label]) == of", "", REPORTED,
    ),
    Bug(
        "what one implementation was asked stands for all", "search.atlas:Atlas.coverage_of",
        "of if len(of) < len(lines) else ()", "()", REPORTED,
    ),
    Bug(
        "a domain with a stride is the whole", "search.atlas:Atlas.coverage_of",
        "(record.range, record.stride), {}", "(record.range, 1), {}", REPORTED,
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
