"""An atlas as text, Markdown and a page."""

from __future__ import annotations

import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.support.snapshots import assert_expected
from tests.support.swept import record, swept, worst
from xent_check.reporters.atlas import coverage, markdown, table
from xent_check.reporters.formats import Terminal
from xent_check.search.atlas import Atlas, atlas_of
from xent_check.search.sweeping.record import SweptRecord


def atlas() -> Atlas:
    """Two dtypes, a divergence, an implementation that has no gradient, and a name of a user's."""
    why = "NumPy has no autodiff"
    wrong = swept(
        "<b>.py:loss", ulps=math.inf, share=math.inf, diverging=7, nan=7, absent="failed (crash): |"
    )
    pairs = swept(
        loss="sparse_categorical", stride=31, dtype="bfloat16", worst=worst(300.0, (1.5, -2.0))
    )
    none = swept(
        "stable", check="gradient", inputs=0, absent=why, worst=None, worst_share=None, curve=()
    )
    return atlas_of([("a.json", record(swept(), swept(label=0), wrong, none, pairs))])


ALL: dict[str, Any] = {"stride": 1, "domain": 9_000}
SOME: dict[str, Any] = {"stride": 31, "domain": 300}
EVERY, ONE_IN = "every number from -4 to 4", "one number in 31 from -4 to 4"
ON = ", and on towards the worst"


@pytest.mark.parametrize(
    ("records", "text"),
    [
        ([swept(label=n, **ALL) for n in (0, 1)], f"{EVERY} (9,000 inputs a label)"),
        ([swept(label=1, **ALL)], f"label 1: {EVERY} (9,000 inputs)"),
        (
            [swept(label=0, **ALL), swept(label=1, **SOME)],
            f"label 0: {EVERY} (9,000 inputs); label 1: {ONE_IN} (300 inputs){ON}",
        ),
        (
            [swept(label=0, **ALL), swept(label=1, **SOME), swept(label=0, **SOME)],
            f"label 0: {EVERY} (9,000 inputs); {ONE_IN} (300 inputs a label){ON}",
        ),
        (
            [
                *(swept(label=n, **ALL) for n in (0, 1)),
                swept("jax", label=0, **ALL),
                swept("jax", label=1, **SOME),
            ],
            f"label 0: {EVERY} (9,000 inputs); label 1 of torch: {EVERY} (9,000 inputs); "
            f"label 1 of jax: {ONE_IN} (300 inputs){ON}",
        ),
        (
            [swept(n, label=k, **by) for n, by in (("torch", ALL), ("jax", SOME)) for k in (0, 1)],
            f"torch: {EVERY} (9,000 inputs a label); jax: {ONE_IN} (300 inputs a label){ON}",
        ),
    ],
)
def test_an_atlas_tells_for_each_label_and_each_who_of_which_inputs_it_is(
    records: list[SweptRecord], text: str
) -> None:
    some = atlas_of([("a.json", record(*records))])
    assert coverage(some, *some.kinds) == text


def test_the_table_of_an_atlas() -> None:
    assert_expected("atlas.txt", table(atlas(), Terminal()))


def test_the_markdown_of_an_atlas() -> None:
    assert_expected("atlas.md", markdown(atlas(), Terminal()))


class Tags(HTMLParser):
    """The tags of a page, and whether each ends."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)
        self.ids += [str(value) for name, value in attrs if name == "id"]
        self.links += [str(value) for name, value in attrs if name in ("href", "aria-labelledby")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_of_an_atlas_is_whole_and_loads_nothing() -> None:
    pytest.importorskip("jinja2")
    from xent_check.reporters.page.atlas import render

    page = render(atlas())
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    assert len(set(tags.ids)) == len(tags.ids)
    inside = {link.removeprefix("#") for link in tags.links if not link.startswith("data:")}
    assert inside <= set(tags.ids)
    assert "<b>.py" not in page
    assert "&lt;b&gt;.py:loss" in page
    assert not re.search(r"https?://(?!www\.w3\.org)", page)
    assert page.count("<figure") == 2
    assert "Some answers of &lt;b&gt;.py:loss" in page
