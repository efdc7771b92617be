"""Bugs of runs that were saved: read again, judged again, merged."""

from __future__ import annotations

from . import Bug

EXCERPTS = "test_excerpts.py"

BUGS = (
    # ---- large arrays, saved by an excerpt -----------------------------------------------------
    Bug(
        "an excerpt judged again is the whole array",
        "difference.py",
        "return replace(made, excerpt=excerpt)",
        "return made",
        EXCERPTS,
        "judged_for_all or record_of",
    ),
    Bug(
        "the smallest reference of a binade left out",
        "difference.py",
        "np.fmin(excerpt.least, np.abs(d.target))",
        "np.abs(d.target)",
        EXCERPTS,
        "one_binade",
    ),
    Bug(
        "what was not kept agrees",
        "difference.py",
        "raise UndecidedError(part)",
        "pass",
        EXCERPTS,
        "one_binade",
    ),
    Bug(
        "the worst twenty alone",
        "excerpts.py",
        "others = {row for row, _, _ in groups}",
        "others = {row for row, _, _ in groups[:0]}",
        EXCERPTS,
        "stands_for_every",
    ),
    Bug(
        "the largest share of the bound not kept",
        "excerpts.py",
        "| set(_beyond_the_bound(d, bound))",
        "",
        EXCERPTS,
        "exceeds_the_bound",
    ),
    Bug(
        "the furthest off of what diverges not kept",
        "excerpts.py",
        "    if d.diverging:\n",
        "    if False:\n",
        EXCERPTS,
        "further_off",
    ),
    Bug(
        "an infinity within the range",
        "excerpts.py",
        "*(int(i) for i in infinite[:1])",
        "",
        EXCERPTS,
        "exceeds_the_bound",
    ),
    Bug(
        "how many of the kept ones diverge is how many do",
        "difference.py",
        "at_least=diverging > 0",
        "at_least=False",
        EXCERPTS,
        "no_more_than_a_least",
    ),
    Bug(
        "stated numbers cut",
        "reporters/plain_numbers.py",
        "difference.size <= MAX_NUMBERS or stated is not None",
        "difference.size <= MAX_NUMBERS",
        EXCERPTS,
        "stated_number",
    ),
)
