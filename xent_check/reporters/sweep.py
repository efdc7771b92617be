"""What a sweep counted, as text, as Markdown and as plain data. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from xent_check import __version__
from xent_check.casefile.yaml_writer import WIDTH
from xent_check.results.columns import aligned
from xent_check.results.number_text import small
from xent_check.search.sweeping.domain import Domain
from xent_check.search.sweeping.sweep import Swept
from xent_check.search.sweeping.tally import ULPS, Worst

from .formats import Terminal
from .terminal_lines import Line, drawn

_HEAD = (
    "", "version", "diverging", "nan", *(f"> {limit:g}" for limit in ULPS),
    "ulps", "at", "share", "at", "order",
)  # fmt: skip


def table(swept: Sequence[Swept], seconds: float, terminal: Terminal) -> str:
    """A table for each domain, then the outcome in one line."""
    lines: list[Line] = []
    for domain, group in groupby(swept, lambda one: one.domain):
        lines.append(Line(heading(domain), "bold"))
        lines += [Line(text) for text in aligned(list(_rows(list(group))))]
        lines.append(Line(""))
    lines += [Line(_LEGEND, "dim"), Line(summary(swept, seconds), "bold", 2)]
    return "\n".join(drawn(lines, terminal)) + "\n"


_LEGEND = (
    "> 0.5 to > 4, ulps: answers off by more, and the worst; share: of what rounding explains; "
    "order: two neighbours the wrong way round"
)


def markdown(swept: Sequence[Swept], seconds: float, _: Terminal) -> str:
    """The same as tables of Markdown."""
    lines: list[str] = [summary(swept, seconds), ""]
    for domain, group in groupby(swept, lambda one: one.domain):
        head, *rows = _rows(list(group))
        lines += [f"### {heading(domain)}", "", f"| {' | '.join(head)} |"]
        lines += ["|" + "---|" * len(head), *(f"| {' | '.join(row)} |" for row in rows), ""]
    return "\n".join(lines)


def heading(domain: Domain) -> str:
    """What is swept, in words."""
    what = "gradient" if domain.gradient else "loss"
    kind = "label" if domain.loss == "binary" else "class"
    of = "" if domain.loss == "binary" else ", all pairs"
    ends = f"{small(domain.low, 9)} to {small(domain.high, 9)}"
    return (
        f"{domain.loss} from {domain.given}, {domain.dtype}, {kind} {domain.label}, {what}: "
        f"{domain.count:,} inputs{of}, {ends}"
    )


def _rows(group: Sequence[Swept]) -> Iterator[Sequence[str]]:
    yield _HEAD
    for one in group:
        name, version, tally = one.implementation.name, one.implementation.version, one.tally
        if not tally.inputs:
            yield (name, version, one.absent, *[""] * (len(_HEAD) - 3))
            continue
        yield (
            name,
            version,
            f"{tally.diverging:,}",
            f"{tally.nan:,}",
            *(f"{count:,}" for count in tally.over),
            _size(tally.by_ulps),
            _input(one.domain, tally.by_ulps),
            _size(tally.by_share),
            _input(one.domain, tally.by_share),
            f"{tally.breaks:,}",
        )


def _size(worst: Worst) -> str:
    return "inf" if math.isinf(worst.size) else small(worst.size)


def _input(domain: Domain, worst: Worst) -> str:
    scores = np.atleast_1d(domain.scores(worst.place, worst.place + 1)[0]).astype(np.float64)
    return ", ".join(small(float(score), 6) for score in scores)


def summary(swept: Sequence[Swept], seconds: float) -> str:
    """The outcome in one line."""
    wrong = [one for one in swept if one.tally.diverging]
    asked = sum(one.tally.inputs for one in swept)
    count = sum(one.tally.diverging for one in swept)
    names = ", ".join(dict.fromkeys(one.implementation.name for one in wrong))
    outcome = f"{count:,} of {asked:,} answers diverge ({names})" if wrong else "nothing diverges"
    outcome = outcome if asked else "nothing was compared"
    return f"{outcome}{'' if wrong or not asked else f': {asked:,} answers'} in {small(seconds)} s"


def plain(swept: Sequence[Swept], seconds: float, command: str) -> dict[str, Any]:
    """The data of `--report json`."""
    return {
        "schema": 1,
        "xent_check": __version__,
        "command": command,
        "seconds": seconds,
        "results": [_plain(one) for one in swept],
    }


def _plain(one: Swept) -> dict[str, Any]:
    domain, tally = one.domain, one.tally
    row: dict[str, Any] = {
        "implementation": one.implementation.name,
        "version": one.implementation.version,
        "loss": domain.loss,
        "given": domain.given,
        "dtype": domain.dtype,
        "label": domain.label,
        "range": [domain.low, domain.high],
        "check": "gradient" if domain.gradient else "value",
        "inputs": tally.inputs,
        "absent": one.absent or None,
    }
    if not tally.inputs:
        return row
    return row | {
        "diverging": tally.diverging,
        "nan": tally.nan,
        "over_ulps": {f"{u:g}": count for u, count in zip(ULPS, tally.over, strict=True)},
        "decided_in_ball_arithmetic": tally.decided,
        "order_broken": tally.breaks,
        "worst": _plain_worst(domain, tally.by_ulps, "ulps"),
        "worst_share": _plain_worst(domain, tally.by_share, "share"),
        "curve": [[2.0 ** (e - 1) * s, _number(u)] for e, s, u in _curve(one)],
    }


def _curve(one: Swept) -> list[tuple[int, int, float]]:
    """(binary exponent, sign, ulps) of each bucket, in the order of the scores."""
    curve = [(abs(b) - 2000, (b > 0) - (b < 0), u) for b, u in one.tally.curve.items()]
    return sorted(curve, key=lambda point: point[1] * 2.0 ** point[0])


def _plain_worst(domain: Domain, worst: Worst, of: str) -> dict[str, Any]:
    scores = domain.scores(worst.place, worst.place + 1)[0]
    return {
        of: _number(worst.size),
        "input": np.asarray(scores).astype(np.float64).tolist(),
        "bits": domain.bits(worst.place),
        "actual": _number(worst.actual),
        "reference": _number(worst.exact),
        "case": case_text(domain, worst.place),
    }


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def case_text(domain: Domain, place: int) -> str:
    """A case file of one input."""
    scores = domain.scores(place, place + 1).astype(np.float64).tolist()
    lines = [f"loss: {domain.loss}", f"{domain.given}: {_numbers(scores)}"]
    lines += [f"labels: [{domain.label}]", f"dtype: {domain.dtype}", "tolerance: auto"]
    if domain.given == "probs" and domain.loss != "binary":
        lines.append("normalize: false")
    if domain.gradient:
        lines.append("check: [value, gradient]")
    assert max(map(len, lines)) <= WIDTH
    return "\n".join(lines) + "\n"


def _numbers(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_numbers, value))}]"
    return f"{'-' * (value < 0)}.inf" if math.isinf(value) else repr(value)
