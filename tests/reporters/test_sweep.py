"""The text of a sweep."""

from __future__ import annotations

import pytest

from xent_check.implementations.names import parse
from xent_check.reporters.formats import Terminal
from xent_check.reporters.sweep import markdown, summary, table
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


def test_who_answered_nothing_or_not_all_stands_below_the_table() -> None:
    domain = Domain("binary", "probs", "float16", 1, 0.0, 1.0)
    none = Swept(domain, parse("tf"), Tally(), "it has no such loss")
    early = Swept(domain, parse("a_b.py:f"), Tally(9), "failed (error)", failed=True)
    lines = table([none, early], 2.0, Terminal()).splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["version", "a_b.py:f"]
    assert lines[3:5] == [
        "tf: it has no such loss",
        "a_b.py:f: not further than 9 inputs: failed (error)",
    ]
    assert "\na\\_b.py:<!-- -->f: not further than 9 " in markdown([none, early], 2.0, Terminal())


def test_a_table_of_nobody_is_left_out() -> None:
    domain = Domain("binary", "probs", "float16", 1, 0.0, 1.0)
    text = table([Swept(domain, parse("tf"), Tally(), "it has no such loss")], 2.0, Terminal())
    assert "version" not in text
    assert "\ntf: it has no such loss\n" in text
