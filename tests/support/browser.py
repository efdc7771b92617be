"""The HTML page in a browser, and where things stand on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from playwright.sync_api import Page

from xent_check.reporters.formats import Terminal
from xent_check.reporters.formats.html import render
from xent_check.results.report import Report

DESKTOP, PHONE = (1280, 900), (390, 844)
SCHEMES = ("light", "dark")


@cache
def rendered(of: Report) -> str:
    """Reports are told apart by identity."""
    return render(of, Terminal())


@dataclass
class Opened:
    """A page, with what it said and asked for."""

    page: Page
    address: str
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def count(self) -> str:
        return self.page.inner_text("#count")

    def rows(self) -> int:
        return self.page.locator("#cases tbody tr:not(.file):visible").count()


Open = Callable[..., Opened]


def assert_in_view(page: Page, target: str) -> None:
    """Within the window, and not behind what sticks to its top."""
    page.wait_for_timeout(50)
    top, bottom, bar = page.evaluate(
        "t => { const r = document.querySelector(t).getBoundingClientRect();"
        " return [r.top, r.bottom, document.querySelector('nav').getBoundingClientRect().bottom] }",
        target,
    )
    height = page.evaluate("innerHeight")
    assert bar - 1 <= top < height, (top, bottom, bar, height)


def below_the_bar(page: Page, target: str) -> float:
    """How far below the bar's edge the element begins, in pixels."""
    page.wait_for_timeout(50)
    return float(
        page.evaluate(
            "t => document.querySelector(t).getBoundingClientRect().top"
            " - document.querySelector('nav').getBoundingClientRect().bottom",
            target,
        )
    )


def edges(page: Page, frame: str) -> tuple[bool, bool]:
    """Whether there is a shadow before and after what is to be seen."""
    page.wait_for_timeout(50)
    shown = page.locator(frame).first.evaluate(
        "e => ['::before', '::after'].map(s => getComputedStyle(e, s).visibility === 'visible')"
    )
    return shown[0], shown[1]
