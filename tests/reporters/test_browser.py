"""The HTML page in a real browser: it opens from its file, filters, leads where it says, and can be
read by everybody.

Needs Chromium or Chrome. Without one these tests are skipped; where XENT_CHECK_BROWSER is set, that
is a failure. XENT_CHECK_SCREENSHOTS names a folder to keep the screenshots in.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.support.reports import (
    IMPLEMENTATIONS,
    NAN,
    agreeing,
    case,
    compared,
    difference,
    every_status,
    report,
    result,
)
from xent_check.reporters.formats import Terminal
from xent_check.reporters.formats.html import render
from xent_check.results.change import Change, GateResult, Variants
from xent_check.results.report import Report

pytestmark = pytest.mark.long

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESKTOP, PHONE = (1280, 900), (390, 844)
SCHEMES = ("light", "dark")
MANY = 40  # cases of the larger report


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests; each has a page of its own."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        words = f"no browser: none of {', '.join(NAMES)} is on PATH"
        if os.environ.get("XENT_CHECK_BROWSER"):
            pytest.fail(f"{words}, and XENT_CHECK_BROWSER is set")
        pytest.skip(words)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS])
        yield launched
        launched.close()


@cache
def large_report() -> Report:
    """Every status and every section, more cases than fit on a screen."""
    of = every_status()
    slope = difference([[0.0, 1.0]] * 40, [[0.0, 0.0]] * 40)
    many = np.linspace(0.1, 3.0, 40)
    more = [
        result(
            case("many-samples"),
            "torch",
            "diverges",
            comparison=compared(difference(many + 1e-3, many), gradient=slope),
        ),
        result(
            case("some-are-nan"),
            "jax",
            "diverges",
            comparison=compared(difference([NAN, 0.0, 4.0], [0.5, 0.0, 1e9])),
        ),
    ]
    for i in range(MANY):
        of_one = case(f"a-case-with-a-rather-long-name-{i}", file=f"cases/group{i // 8}.yaml")
        more += [agreeing(of_one, name) for name in IMPLEMENTATIONS[1 + i % 3 :]]
    shares = np.geomspace(1e-3, 50, len(of.results) + len(more))
    results = [
        r if r.comparison is None else replace(r, comparison=replace(r.comparison, share=share))
        for r, share in zip([*of.results, *more], shares.tolist(), strict=True)
    ]
    drift = Change("cases/demo.yaml::everyday", "torch", "drifted", "torch drifted", ulps=2.0)
    new = Change("cases/demo.yaml::x", "torch", "new", "torch diverges on cases/demo.yaml::x")
    return replace(
        report(results),
        warnings=of.warnings,
        gate=GateResult("base.json", 7, (drift, new), (new,), ("new",), ("torch was 2.0",)),
        variants=(Variants("torch[old]", "torch", (drift,)),),
    )


@cache
def red_report() -> Report:
    """63 divergences on as many cases in 14 columns, each a change that fails."""
    names = (*IMPLEMENTATIONS, *(f"a-rather-long-name-{i}" for i in range(4)))
    numbers = compared(difference([0.5, 0.25, 5.0], [0.5, 0.25, 4.0]))
    close = replace(compared(difference([0.5, 1.0, 2.0], [0.5, 1.0, 2.0])), share=0.5)
    results = []
    for i in range(63):
        of = case(f"a-case-with-a-name-{i}", file=f"cases/group{i // 8}.yaml")
        answering = names if i == 0 else IMPLEMENTATIONS  # the further columns are narrow
        results += [result(of, name, "agrees", comparison=close) for name in answering[1:]]
        results[-1 - i % 3] = replace(results[-1 - i % 3], status="diverges", comparison=numbers)
    changes = [
        Change(r.case.id, r.implementation, "new", "torch diverges", "agrees", "diverges", 3.0)
        for r in results
        if r.status == "diverges"
    ]
    gate = GateResult("base.json", 7, tuple(changes), tuple(changes), ("new",))
    return replace(report(results, names=names), gate=gate)


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


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens the page of a report from its file."""
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


def test_a_link_lands_right_under_the_bar_where_there_is_room(opened: Open) -> None:
    for size in (DESKTOP, PHONE):
        there = opened(red_report(), size=size)
        for target in ("#changes", "#causes", "#matrix", "#wrong"):
            there.page.locator(f"nav a[href='{target}']").click()
            assert 0 <= below_the_bar(there.page, target) < 24, (size, target)


def test_a_link_opens_what_is_folded_twice_and_lands_under_the_bar(opened: Open) -> None:
    there = opened(red_report())
    last = there.page.locator("#wrong .more .detail").last
    assert not last.is_visible()
    target = f"#{last.get_attribute('id')}"
    there.page.evaluate("t => document.querySelector(`#cases a[href='${t}']`).click()", target)
    there.page.wait_for_function(f"location.hash === '{target}'")
    assert last.evaluate("e => e.open")
    assert last.is_visible()
    assert_in_view(there.page, target)
    middle = f"#{there.page.locator('#wrong .detail').nth(9).get_attribute('id')}"
    there.page.evaluate("t => { location.hash = t }", middle)
    there.page.wait_for_function("t => document.querySelector(t).open", arg=middle)
    assert 0 <= below_the_bar(there.page, middle) < 24


def test_a_link_to_a_row_lands_below_the_headings_of_the_matrix(opened: Open) -> None:
    there = opened(red_report(), fragment="#case-40")
    there.page.wait_for_timeout(50)
    head, row = (
        there.page.locator(selector).bounding_box() for selector in ("#cases thead", "#case-40 th")
    )
    assert head is not None
    assert row is not None
    assert row["y"] >= head["y"] + head["height"] - 2
    assert row["y"] + row["height"] <= DESKTOP[1]
    assert 0 <= below_the_bar(there.page, "#matrix .tall") < 24


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


# ---- in proportion ------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "most"), [(DESKTOP, 7_500), (PHONE, 11_000)])
def test_63_divergences_do_not_make_the_page_endless(
    opened: Open, size: tuple[int, int], most: int
) -> None:
    there = opened(red_report(), size=size)
    assert there.page.evaluate("document.documentElement.scrollHeight") < most


def test_all_divergences_open_and_close_at_once(opened: Open) -> None:
    there = opened(red_report())
    there.page.click("#unfold button >> nth=0")
    assert there.page.locator(".detail[open]").count() == 63
    there.page.click("#unfold button >> nth=1")
    assert there.page.locator(".detail[open]").count() == 0


def test_the_changes_are_filtered_by_kind_with_the_keyboard_alone(opened: Open) -> None:
    there = opened()
    block = there.page.locator(".filtered").first
    assert block.locator(".shown").inner_text() == "2 of 2 changes"
    block.locator("input[value=drifted]").focus()
    there.page.keyboard.press("Space")
    assert block.locator("tbody:visible").count() == 1
    assert block.locator("tbody[data-kind=drifted]").is_visible()
    assert block.locator(".shown").inner_text() == "1 of 2 changes"
    there.page.keyboard.press("Space")
    assert block.locator("tbody:visible").count() == 2


def test_the_narrow_columns_have_numbers_where_they_are_wanted(opened: Open) -> None:
    there = opened(red_report())
    cell = there.page.locator("#cases td.narrow span").first
    assert cell.evaluate("e => e.offsetWidth") == 1
    there.page.check("#wide")
    assert cell.evaluate("e => e.offsetWidth") > 1


def edges(page: Page, frame: str) -> tuple[bool, bool]:
    """Whether there is a shadow before and after what is to be seen."""
    page.wait_for_timeout(50)
    shown = page.locator(frame).first.evaluate(
        "e => ['::before', '::after'].map(s => getComputedStyle(e, s).visibility === 'visible')"
    )
    return shown[0], shown[1]


@pytest.mark.parametrize("frame", ["nav .edges", "#matrix .edges", ".tables .edges"])
def test_what_scrolls_on_a_phone_shows_it_on_the_side_where_more_is(
    opened: Open, frame: str
) -> None:
    there = opened(red_report(), size=PHONE)
    box = there.page.locator(frame).first.locator(".scroll")
    assert box.evaluate("e => e.scrollWidth > e.clientWidth")
    assert edges(there.page, frame) == (False, True)
    box.evaluate("e => e.scrollTo(40, 0)")
    assert edges(there.page, frame) == (True, True)
    box.evaluate("e => e.scrollTo(e.scrollWidth, 0)")
    assert edges(there.page, frame) == (True, False)


def test_14_columns_are_seen_whole_on_a_desktop(opened: Open) -> None:
    assert edges(opened(red_report()).page, "#matrix .edges") == (False, False)


def test_what_is_seen_whole_has_no_shadow(opened: Open) -> None:
    there = opened(every_status())
    assert edges(there.page, "nav .edges") == (False, False)
    there.page.set_viewport_size({"width": 390, "height": 844})
    assert edges(there.page, "nav .edges") == (False, True)


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
