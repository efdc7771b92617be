"""Zoom: from the worst input of a sweep with a stride towards a worse one, down to neighbours.

The numbers between the worst one's two neighbours are swept with a stride that is shorter by
NARROWER, then those around the worst of all so far, until the stride is 1; last, DENSE numbers in a
row. This finds a maximum of the error near the worst of the first numbers, not the one of all.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from .domain import Domain
from .tally import Tally, Worst

NARROWER = 256
DENSE = 4096

Ask = Callable[[Domain], tuple[Tally | None, str]]
"""The tally of a part of the domain, with its places in the whole; else None, and why."""


def towards_the_worst(domain: Domain, found: Tally, ask: Ask) -> tuple[Tally, str]:
    """What was found, with all inputs on the way to the worst finite error in ulps and to the worst
    share of the bound; and "", or why one of them was not answered. A share that is infinite is not
    followed: it diverges, and no other is worse."""
    looked_at: set[Domain] = set()
    for worst_of in (_by_ulps, _by_share):
        stride = domain.stride
        while stride:
            worst = worst_of(found)
            if not 0 < worst.size < math.inf:
                break
            reach, stride = (stride, max(1, stride // NARROWER)) if stride > 1 else (DENSE // 2, 0)
            inner = domain.around(worst.place, reach, stride or 1)
            if inner in looked_at:
                continue
            looked_at.add(inner)
            tally, why = ask(inner)
            if tally is None:
                return found, why
            found += tally
    return found, ""


def _by_ulps(tally: Tally) -> Worst:
    """The worst that is finite: around an infinite error, which is that of an overflow, none is
    worse."""
    return tally.by_finite


def _by_share(tally: Tally) -> Worst:
    return tally.by_share
