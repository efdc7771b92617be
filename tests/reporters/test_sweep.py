"""The last line of a sweep."""

from __future__ import annotations

import pytest

from xent_check.implementations.names import parse
from xent_check.reporters.sweep import summary
from xent_check.search.sweeping.domain import Domain
from xent_check.search.sweeping.sweep import Swept
from xent_check.search.sweeping.tally import Tally

BETWEEN = "; what lies between these inputs was not asked"


@pytest.mark.parametrize(
    ("stride", "tally", "said"),
    [
        (1, Tally(9), "nothing diverges: 9 answers"),
        (7, Tally(9), f"nothing diverges: 9 answers{BETWEEN}"),
        (7, Tally(9, diverging=1), f"1 of 9 answers diverge (torch){BETWEEN}"),
        (7, Tally(), "nothing was compared"),
    ],
)
def test_the_last_line_says_what_was_not_asked(stride: int, tally: Tally, said: str) -> None:
    domain = Domain("binary", "logits", "float16", 1, 0.0, 1.0, stride=stride)
    assert summary([Swept(domain, parse("torch"), tally)], 2.0) == f"{said}; 2 s"
