"""The reasons that `explain` knows, from the table of hypotheses."""

from __future__ import annotations

import re

from xent_check.diagnosis.hypotheses.table import HYPOTHESES

from .prose import code, prose, table

_PARAMETER = re.compile(r"\{(\w+)[^}]*\}")
_WHAT = {
    "losses": "the loss of a sample",
    "layout": "how samples are laid out",
    "total": "how they are added up",
}


def page() -> str:
    """The Markdown of the page."""
    rows = [
        [code(one.id), _PARAMETER.sub(r"*\1*", prose(one.sentence)), _WHAT[one.stage]]
        for one in HYPOTHESES
    ]
    return f"""\
# Reasons

The {len(HYPOTHESES)} changes of a computation that `explain` tries, alone and two at a time: each
is computed for the case at hand and held against the numbers. What is *slanted* is found out with
it. The names go into a case, too: `because: {{text: ..., id: clipped}}` says which reason is meant,
and a run notes where the numbers say otherwise.

{table(["id", "what it says", "it changes"], rows)}
"""
