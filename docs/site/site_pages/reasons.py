"""The reasons that `explain` knows, from the table of hypotheses."""

from __future__ import annotations

import re

from xent_check.diagnosis.hypotheses.gradients import GRADIENT_HYPOTHESES
from xent_check.diagnosis.hypotheses.gradients_by_meaning import BY_MEANING
from xent_check.diagnosis.hypotheses.solved import EVERY, FAMILIES

from .prose import code, prose, table

_PARAMETER = re.compile(r"\{(\w+)[^}]*\}")
_SOLVED = ", ".join(code(name) for name in dict.fromkeys(f.hypothesis.id for f in FAMILIES))
_WHAT = {
    "losses": "the loss of a sample",
    "layout": "how samples are laid out",
    "total": "how they are added up",
}


def page() -> str:
    """The Markdown of the page."""
    rows = [
        [code(one.id), _PARAMETER.sub(r"*\1*", prose(one.sentence)), _WHAT[one.stage]]
        for one in {(one.id, one.sentence): one for one in EVERY}.values()
    ]
    rows += [
        [code(one.id), _PARAMETER.sub(r"*\1*", prose(one.sentence)), "the gradient"]
        for one in (*GRADIENT_HYPOTHESES, *BY_MEANING)
    ]
    return f"""\
# Reasons

The {len(rows)} changes of a computation that `explain` tries, alone and two at a time: each
is computed for the case at hand and held against the numbers. What is *slanted* is found out with
it. The values of {_SOLVED} and `class-weight-added` are solved from some of the numbers and
have to be confirmed by all others; of a total alone only values that people write are tried (0.1,
2, 1/8, 30), and any whole count of `num-items`. The names go into a case, too:
`because: {{text: ..., id: clipped}}` says which reason is meant, and a run notes where the numbers
say otherwise.

{table(["id", "what it says", "it changes"], rows)}
"""
