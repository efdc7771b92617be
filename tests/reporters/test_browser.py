"""The HTML page in a real browser: it opens from its file, filters, leads where it says, and can be
read by everybody.

Needs Chromium or Chrome. Without one these tests are skipped; where XENT_CHECK_BROWSER is set, that
is a failure. XENT_CHECK_SCREENSHOTS names a folder to keep the screenshots in.
"""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.support.browser import DESKTOP, PHONE, SCHEMES, Open, assert_in_view
from tests.support.large_reports import large_report
from tests.support.reports import (
    every_status,
    report,
)
from xent_check.results.report import Report

pytestmark = pytest.mark.long

# ---- it opens -----------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [every_status(), report([]), large_report()])
def test_it_opens_from_a_file_without_an_error_or_a_request(opened: Open, of: Report) -> None:
    there = opened(of)
    assert there.page.inner_text("h1").lower() == of.verdict
    assert there.console == []
    assert [url for url in there.requests if not url.startswith("data:")] == [there.address]


def test_without_scripts_it_is_a_plain_table(opened: Open) -> None:
    there = opened(javascript=False)
    assert there.rows() == large_report().cases
    assert not there.page.locator("#filter").is_visible()
    assert not there.page.locator("#scheme").is_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_page_itself_never_scrolls_sideways(opened: Open, size: tuple[int, int]) -> None:
    there = opened(size=size)
    there.page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert there.page.evaluate("document.documentElement.scrollWidth") <= size[0]


# ---- the filter ---------------------------------------------------------------------------------


def test_the_search_leaves_the_cases_that_match(opened: Open) -> None:
    there = opened()
    total = large_report().cases
    assert there.count() == f"{total} of {total} cases"
    there.page.fill("#q", "Rather-Long-Name-1")
    assert there.count() == f"11 of {total} cases"
    assert there.rows() == 11
    there.page.fill("#q", "group2 name-1")  # both words, one of them in the file's name
    assert there.rows() == 4
    there.page.fill("#q", "no such case")
    assert there.count() == f"0 of {total} cases"
    assert there.page.is_visible("#nothing")
    there.page.click("#clear")
    assert there.rows() == total
    assert there.page.input_value("#q") == ""


def test_a_status_leaves_the_cases_that_have_it(opened: Open) -> None:
    there = opened()
    there.page.check("input[value=diverges]")
    shown = {r.case.id for r in large_report().results if r.status == "diverges"}
    assert there.rows() == len(shown)
    there.page.check("input[value=known]")
    shown |= {r.case.id for r in large_report().results if r.status == "known"}
    assert there.rows() == len(shown)


def test_an_implementation_leaves_its_column_and_its_cases(opened: Open) -> None:
    there = opened()
    there.page.click("#by-column summary")
    there.page.check("input[name=column][value=keras]")
    heads = there.page.locator("#cases thead th:visible").all_inner_texts()
    assert heads == ["case", "keras"]
    mine = [r for r in large_report().results if r.implementation == "keras"]
    assert there.rows() == len(mine)
    there.page.check("input[value=diverges]")  # of this column alone
    assert there.rows() == sum(r.status == "diverges" for r in mine)


def test_the_filter_is_in_the_address(opened: Open) -> None:
    there = opened()
    there.page.fill("#q", "name-2")
    there.page.check("input[value=agrees]")
    fragment = there.page.evaluate("location.hash")
    again = opened(fragment=fragment)
    assert (
        again.count() == there.count() != f"{large_report().cases} of {large_report().cases} cases"
    )
    assert again.page.is_checked("input[value=agrees]")
    assert again.console == []


def test_the_count_is_announced(opened: Open) -> None:
    count = opened().page.locator("#count")
    assert count.get_attribute("aria-live") == "polite"
    assert count.get_attribute("role") == "status"


# ---- links --------------------------------------------------------------------------------------


def test_every_link_lands_on_something(opened: Open) -> None:
    there = opened()
    missing = there.page.evaluate(
        "[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))"
        ".filter(h => !h.startsWith('#') || !document.getElementById(h.slice(1)))"
    )
    assert missing == []


def test_a_cell_leads_to_its_details_even_where_they_are_folded(opened: Open) -> None:
    there = opened()
    for status in ("known", "diverges", "failed"):
        link = there.page.locator(f"#cases td.{status} a").first
        target = link.get_attribute("href")
        link.click()
        there.page.wait_for_function(f"location.hash === '{target}'")
        assert there.page.locator(str(target)).is_visible()
        assert there.page.locator(str(target)).evaluate("e => e.open !== false")
        assert_in_view(there.page, str(target))


def test_a_link_to_a_case_that_is_filtered_out_shows_it(opened: Open) -> None:
    there = opened()
    there.page.fill("#q", "no such case")
    link = there.page.locator(".detail .back a").first
    link.click()
    target = str(link.get_attribute("href"))
    there.page.wait_for_selector(target)
    assert_in_view(there.page, target)
    assert there.page.input_value("#q") == ""


def test_an_address_with_a_place_opens_there(opened: Open) -> None:
    known = next(r for r in large_report().results if r.status == "known")
    there = opened()
    target = there.page.locator("#cases td.known a").first.get_attribute("href")
    again = opened(fragment=str(target))
    assert known.reason is not None
    assert again.page.locator(str(target)).is_visible()
    assert_in_view(again.page, str(target))


# ---- for everybody ------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_axe_finds_nothing(opened: Open, scheme: str, size: tuple[int, int]) -> None:
    there = opened(size=size, scheme=scheme)
    there.page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    found = Axe().run(there.page)
    assert found.violations_count == 0, found.generate_report()


def test_the_button_changes_the_colours(opened: Open) -> None:
    there = opened()
    paper = "getComputedStyle(document.body).backgroundColor"
    light = there.page.evaluate(paper)
    there.page.click("#scheme")
    dark = there.page.evaluate(paper)
    assert light != dark
    assert there.page.evaluate(paper) == opened(scheme="dark").page.evaluate(paper)
    assert Axe().run(there.page).violations_count == 0


def test_the_keyboard_reaches_everything(opened: Open) -> None:
    there = opened(every_status())
    there.page.keyboard.press("Tab")
    assert there.page.inner_text(":focus") == "Skip to the report"
    reached = set()
    for _ in range(300):
        reached.add(
            there.page.evaluate(
                "(e => e.id || (e.closest('td') ? 'cell' : e.className || e.tagName))"
                "(document.activeElement)"
            )
        )
        there.page.keyboard.press("Tab")
        if there.page.evaluate("document.activeElement === document.body"):
            break
    else:
        pytest.fail("the keyboard never leaves the page")
    assert {"skip", "scheme", "q", "clear", "cell", "scroll tall", "scroll", "SUMMARY"} <= reached


def test_the_skip_link_skips(opened: Open) -> None:
    there = opened()
    there.page.keyboard.press("Tab")
    there.page.keyboard.press("Enter")
    assert there.page.evaluate("document.activeElement.id") == "main"


def test_the_focus_can_be_seen(opened: Open) -> None:
    there = opened()
    there.page.keyboard.press("Tab")
    for _ in range(4):
        there.page.keyboard.press("Tab")
        style = there.page.evaluate(
            "(s => [s.outlineStyle, parseFloat(s.outlineWidth)])"
            "(getComputedStyle(document.activeElement))"
        )
        assert style[0] == "solid"
        assert style[1] >= 2


def test_the_headings_of_the_matrix_stay_in_sight(opened: Open) -> None:
    there = opened(size=PHONE)
    box = there.page.locator("#matrix .tall")
    box.evaluate("e => e.scrollTo(200, 600)")
    assert box.evaluate("e => e.scrollLeft > 20 && e.scrollTop > 100")
    corner, column, row, frame = (
        locator.bounding_box()
        for locator in (
            there.page.locator("#cases thead th").first,
            there.page.locator("#cases thead th").nth(3),
            there.page.locator("#cases tbody th[scope=row]").nth(12),
            box,
        )
    )
    assert corner is not None
    assert column is not None
    assert row is not None
    assert frame is not None
    assert abs(corner["y"] - frame["y"]) < 3
    assert abs(corner["x"] - frame["x"]) < 3
    assert abs(column["y"] - frame["y"]) < 3
    assert abs(row["x"] - frame["x"]) < 3


# ---- pictures -----------------------------------------------------------------------------------


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where the screenshots go."""
    folder = Path(os.environ.get("XENT_CHECK_SCREENSHOTS") or tmp_path / "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("name", "size"), [("desktop", DESKTOP), ("phone", PHONE)])
def test_screenshots(
    opened: Open, pictures: Path, name: str, size: tuple[int, int], scheme: str
) -> None:
    there = opened(size=size, scheme=scheme)
    for part, selector in [("top", None), ("matrix", "#matrix"), ("detail", ".detail")]:
        file = pictures / f"{name}-{scheme}-{part}.png"
        if selector:
            there.page.locator(selector).first.screenshot(path=file)
        else:
            there.page.screenshot(path=file)
        image = np.asarray(matplotlib.image.imread(file))
        assert image.shape[1] <= size[0]
        colours = np.unique(image.reshape(-1, image.shape[-1]), axis=0)
        assert len(colours) > 50
        assert (image[..., :3].mean() < 0.4) == (scheme == "dark")


def test_it_prints(opened: Open, pictures: Path) -> None:
    there = opened()
    file = pictures / "printed.pdf"
    there.page.pdf(path=file, format="A4")
    assert file.read_bytes().startswith(b"%PDF")
    assert file.stat().st_size > 30_000
    there.page.emulate_media(media="print")
    there.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not there.page.locator("#filter").is_visible()
    assert there.page.locator("details.file-group[open]").count() == 2
    heights = there.page.locator(".tall").first.evaluate("e => [e.clientHeight, e.scrollHeight]")
    assert heights[0] == heights[1]
