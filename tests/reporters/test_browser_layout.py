"""The HTML page in a real browser: where links land, how tall it is, what shows that it scrolls."""

from __future__ import annotations

import pytest

from tests.support.browser import (
    DESKTOP,
    PHONE,
    Open,
    assert_in_view,
    below_the_bar,
    edges,
)
from tests.support.large_reports import red_report
from tests.support.reports import agreeing, case, every_status, report

pytestmark = pytest.mark.long


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


# ---- in proportion ------------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "most"), [(DESKTOP, 9_000), (PHONE, 13_000)])
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


def test_one_case_needs_no_filter(opened: Open) -> None:
    one, two = (report([agreeing(case(name), "torch") for name in names]) for names in ("x", "xy"))
    assert not opened(one).page.is_visible("#filter")
    assert opened(two).page.is_visible("#filter")
