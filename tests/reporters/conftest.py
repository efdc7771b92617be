"""A browser for the tests of the HTML page, which are skipped without Chromium or Chrome."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

    from tests.support.browser import Open, Opened
    from xent_check.results.report import Report

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests; each has a page of its own."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        words = f"no browser: none of {', '.join(NAMES)} is on PATH"
        if os.environ.get("XENT_CHECK_BROWSER"):
            pytest.fail(f"{words}, and XENT_CHECK_BROWSER is set")
        pytest.skip(words)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS])
        yield launched
        launched.close()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens the page of a report from its file."""
    from tests.support.browser import DESKTOP, Opened, rendered
    from tests.support.large_reports import large_report

    contexts: list[BrowserContext] = []

    def open_page(
        of: Report | None = None,
        size: tuple[int, int] = DESKTOP,
        scheme: str = "light",
        fragment: str = "",
        javascript: bool = True,
    ) -> Opened:
        file = tmp_path / "report.html"
        file.write_text(rendered(of or large_report()), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if scheme == "dark" else "light",
            reduced_motion="reduce",
            java_script_enabled=javascript,
        )
        contexts.append(context)
        made = Opened(context.new_page(), file.as_uri())
        made.page.on("console", lambda message: made.console.append(message.text))
        made.page.on("pageerror", lambda error: made.console.append(str(error)))
        made.page.on("request", lambda request: made.requests.append(request.url))
        made.page.goto(made.address + fragment)
        return made

    yield open_page
    for context in contexts:
        context.close()
