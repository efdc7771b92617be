"""The parts of the HTML page: causes, changes, what is folded, the head, columns and colours."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest

from tests.support.html_page import Element, Page
from tests.support.reports import (
    EXACT,
    IMPLEMENTATIONS,
    INF,
    NAN,
    agreeing,
    case,
    compared,
    difference,
    every_status,
    report,
    result,
)
from xent_check.diagnosis.diagnosis import Diagnosis, Explanation
from xent_check.problem.evaluation import Failed
from xent_check.reporters.change_sentences import MAX_SHOWN
from xent_check.reporters.formats import Terminal, html
from xent_check.reporters.formats.html import render
from xent_check.reporters.page.causes import Cause
from xent_check.reporters.page.data import page_data
from xent_check.reporters.page.matrix import MAX_WIDE
from xent_check.results.change import Change, ChangeKind, GateResult, Variants
from xent_check.results.comparison import Comparison
from xent_check.results.origin import Origin
from xent_check.results.report import CaseResult, Report

HASH = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def _no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """A drawing takes a tenth of a second."""
    monkeypatch.setattr(html, "MAX_PLOTTED", 0)


def page_of(of: Report) -> Page:
    return Page(render(of, Terminal()))


def wrong(
    name: str, who: str, *ids: str, file: str = "cases/a.yaml", off: float = 1.0
) -> CaseResult:
    """A divergence of one sample of 3, which these hypotheses explain."""
    numbers = compared(difference([0.5, 0.25, 4.0 + off], EXACT))
    told = (Explanation(ids, {}, f"it is {' and '.join(ids)}", 0.0, 1.0),) if ids else ()
    one = result(case(name, file=file), who, "diverges", comparison=numbers)
    return replace(one, diagnosis=Diagnosis(told, (), 9, 0.0))


# ---- what to look at ----------------------------------------------------------------------------


def test_wrong_answers_are_grouped_by_cause_and_implementation() -> None:
    raised = Failed("error", "IndexError: target 3 is out of bounds")
    of = report(
        [
            result(case("f"), "jax", "failed", reason=raised.message, evaluation=raised),
            wrong("a", "torch", "sum"),
            wrong("b", "torch", "sum", off=8.0),
            wrong("c", "torch", "sum", file="cases/b.yaml"),
            wrong("a", "keras", "sum", off=2.0),
            wrong("a", "tf", "mean", "clipped"),
            wrong("d", "tf"),
        ]
    )
    causes = page_data(of).causes
    assert [(c.words, c.answers, c.cases) for c in causes] == [
        ("it is sum", 4, 3),
        ("it is mean and clipped", 1, 1),
        ("other numbers, which no known reason gives", 1, 1),
        ("raises IndexError", 1, 1),
    ]
    torch, keras = causes[0].lines
    assert (torch.implementation, keras.implementation) == ("torch", "keras")
    assert [name for name, _ in torch.answers] == ["a", "b", "c"]
    assert torch.files == (("cases/a.yaml", 2), ("cases/b.yaml", 1))
    assert torch.case == "b"  # the one that is furthest off
    assert torch.far is not None
    assert torch.far.words == "sample [2] is 12, exactly 4, off by 8"
    assert causes[3].lines[0].reason == raised.message


def only_cause(comparison: Comparison, who: str = "torch", reason: str | None = None) -> Cause:
    one = result(case("x"), who, "diverges", reason=reason, comparison=comparison)
    (cause,) = page_data(report([one])).causes
    return cause


def test_a_number_that_is_not_what_was_stated_stands_beside_it() -> None:
    numbers = compared(
        difference(EXACT, EXACT), expected=difference([0.5, 0.25, 4.0], [0.5, 0.25, 7.0])
    )
    cause = only_cause(numbers, reason="not what `expect` states for it")
    assert cause.lines[0].far is not None
    assert cause.lines[0].far.words == "sample [2] is 4, expected 7, off by 3"
    assert cause.words == "the exact value, but not the number that `expect` states"
    assert cause.details[0].short == "sample [2] is 4, expected 7, off by 3"
    assert "1 of 3 samples; worst: sample [2] is 4, expected 7" in cause.details[0].sentence
    assert "not what" not in cause.details[0].sentence


def test_a_published_number_that_is_wrong_comes_first_without_ulps() -> None:
    stated = compared(difference(EXACT, EXACT), expected=difference(EXACT, [0.5, 0.25, 9.0]))
    pinned = result(case("p"), "reference", "diverges", reason="wrong", comparison=stated)
    others = [wrong(name, "torch", "sum") for name in "abc"]
    first, second = page_data(report([*others, pinned])).causes
    assert (first.answers, second.answers) == (1, 3)
    far = first.lines[0].far
    assert far is not None
    assert (far.given, far.target, far.off, far.ulps) == ("9.0", "4.0", "5", "")


@pytest.mark.parametrize(
    ("numbers", "words", "far"),
    [
        (
            compared(difference([NAN, 0.25, 4.0], EXACT)),
            "other numbers, not explained yet",
            "sample [0] is nan, exactly 0.5",
        ),
        (
            compared(difference(EXACT, EXACT), {"mean": difference(INF, 2.0)}),
            "other numbers, not explained yet",
            "mean is inf, exactly 2",
        ),
        (
            compared(difference(EXACT, EXACT), gradient=difference([[0.0, 3.0]], [[0.0, 1.0]])),
            "the gradient differs",
            "gradient [0, 1] is 3, exactly 1, off by 2",
        ),
    ],
    ids=["nan", "total", "gradient"],
)  # fmt: skip
def test_a_cause_names_the_part_that_is_furthest_off(
    numbers: Comparison, words: str, far: str
) -> None:
    cause = only_cause(numbers)
    assert cause.words.startswith(words)
    assert cause.lines[0].far is not None
    assert cause.lines[0].far.words == far


def test_one_cause_with_several_values_says_so() -> None:
    first, second = wrong("a", "torch", "clipped"), wrong("b", "torch", "clipped", off=5.0)
    at_7 = Explanation(("clipped",), {"epsilon": 1e-7}, "clipped at 1e-7", 0.0, 1.0)
    second = replace(second, diagnosis=Diagnosis((at_7,), (), 9, 0.0))
    (cause,) = page_data(report([first, second])).causes
    assert cause.words == "clipped at 1e-7 (in other cases: other values)"


def test_what_to_look_at_has_numbers_files_and_links() -> None:
    section = page_of(report([wrong("a", "torch", "sum"), wrong("b", "torch", "sum")]))
    text = section.one("section", id="causes").text
    for words in ("it is sum", "2 answers to 2 cases", "torch", "sample [2]", "cases/a.yaml"):
        assert words in text
    assert "not what `expect`" not in text
    source = section.source
    look = source[source.index('<section id="causes"') : source.index('<section id="matrix"')]
    assert {"#at-0-5", "#at-1-5"} <= set(re.findall(r'href="([^"]*)"', look))


def test_a_cause_has_short_exponents_and_code_and_no_markup_of_its_own() -> None:
    answer = wrong("a", "torch", "clipped")
    at_7 = Explanation(("clipped",), {"epsilon": 1e-7}, "clip <b> at 1e-07 in `expect`", 0.0, 1.0)
    answer = replace(answer, diagnosis=Diagnosis((at_7,), (), 9, 0.0))
    assert "clip &lt;b&gt; at 1e-7 in <code>expect</code> " in page_of(report([answer])).source


def test_more_causes_than_a_few_are_folded() -> None:
    one = page_of(report([wrong(f"c{i}", "t", f"r-{i}") for i in range(html.MAX_CAUSES + 1)]))
    assert "<summary>and 1 more cause</summary>" in one.source
    count = html.MAX_CAUSES + 4
    page = page_of(report([wrong(f"c{i}", "torch", f"reason-{i}") for i in range(count)]))
    text = page.one("section", id="causes").text
    assert "and 4 more causes" in text
    assert all(f"it is reason-{i}" in text for i in range(count))


# ---- what changed -------------------------------------------------------------------------------


def change(name: str, kind: ChangeKind, after: str = "agrees", ulps: float | None = 2.0) -> Change:
    of, sentence = f"cases/a.yaml::{name}", f"torch on cases/a.yaml::{name}: what happened"
    return Change(of, "torch", kind, sentence, "agrees", after, ulps, 0.125, 0.75)


def gated(changes: list[Change], failing: list[Change], same: int = 7) -> Report:
    results = [agreeing(case("kept", file="cases/a.yaml"), "torch"), wrong("new", "torch", "sum")]
    gate = GateResult("base.json", same, (*changes,), (*failing,), ("new",), ("torch was 2.0",))
    return replace(report(results), gate=gate)


def test_the_gate_s_page_has_the_changes_first_by_kind_those_that_fail_before_others() -> None:
    drift, new = change("kept", "drifted"), change("new", "new", "diverges", 9.0)
    behaviour = change("kept", "behaviour")
    gone = Change("cases/a.yaml::gone", "torch", "removed", "torch: gone", "agrees", None)
    page = page_of(gated([drift, behaviour, gone, new], [new, gone]))
    source = page.source
    places = [source.index(f'<section id="{name}"') for name in ("changes", "causes", "matrix")]
    assert places == sorted(places)
    kinds = [e.attributes["data-kind"] for e in page.every("tbody") if "data-kind" in e.attributes]
    assert kinds == ["new", "removed", "behaviour", "drifted"]
    text = page.one("section", id="changes").text
    for words in ("2 changes fail (--fail-on new)", "7 the same bits", "torch was 2.0"):
        assert words in text


def test_a_change_has_before_after_ulps_shares_and_by_how_much_it_diverges() -> None:
    new, drift = change("new", "new", "diverges", 9.0), change("kept", "drifted")
    (changes,) = page_data(gated([new, drift], [new])).changes
    ((first,), (second,)) = (group.rows for group in changes.groups)
    assert (first.before.status, first.after.status, first.fails) == ("agrees", "diverges", True)
    assert (first.ulps, first.share_before, first.share_after) == ("9", "0.12", "0.75")
    assert first.words == "sample [2] is 5, exactly 4, off by 1: it is sum"
    assert first.link.startswith("at-")
    assert (second.link, second.words, second.fails) == ("case-0", "", False)


def test_a_change_that_columns_do_not_say_is_told_in_words() -> None:
    (changes,) = page_data(gated([change("kept", "behaviour")], [])).changes
    assert changes.groups[0].rows[0].words == "what happened"


def test_an_answer_that_is_gone_has_no_link() -> None:
    gone = Change("cases/a.yaml::gone", "torch", "removed", "torch: gone", "agrees", None)
    (changes,) = page_data(gated([gone], [gone])).changes
    row = changes.groups[0].rows[0]
    assert (row.link, row.file, row.case, row.after.status) == ("", "cases/a.yaml", "gone", "")


def test_every_change_that_fails_has_a_row_and_of_the_others_the_first_few() -> None:
    drifts = [change(f"d{i}", "drifted") for i in range(MAX_SHOWN + 5)]
    of = gated(drifts, [])
    (changes,) = page_data(of).changes
    assert (len(changes.groups[0].rows), changes.groups[0].count) == (MAX_SHOWN, MAX_SHOWN + 5)
    assert changes.groups[0].rest == "and 5 more (-v shows them)"
    for whole in (gated(drifts, drifts), replace(of, verbose=True)):
        (changes,) = page_data(whole).changes
        assert (len(changes.groups[0].rows), changes.groups[0].rest) == (MAX_SHOWN + 5, "")


def test_the_kinds_without_rows_are_counted() -> None:
    known = change("kept", "known", "known")
    (changes,) = page_data(gated([known], [])).changes
    assert changes.groups == ()
    assert changes.others == ((7, "the same bits"), (1, "known (accepted)"))


def test_two_interpreters_are_compared() -> None:
    of = replace(every_status(), variants=(Variants("torch[old]", "torch", (change("x", "new"),)),))
    section = page_of(of).one("section", id="changes").text
    assert "torch[old] -> torch" in section
    assert "newly diverging" in section


# ---- what is folded -----------------------------------------------------------------------------


def details_of(page: Page) -> list[Element]:
    return [e for e in page.every("details") if "detail" in e.attributes.get("class", "").split()]


def test_all_but_the_first_few_divergences_are_folded() -> None:
    page = page_of(report([wrong(f"c{i}", "torch", "sum") for i in range(63)]))
    assert len(details_of(page)) == 63
    assert sum("open" in e.attributes for e in details_of(page)) == html.MAX_OPEN
    assert f"and {63 - html.MAX_LISTED} more" in page.one("section", id="wrong").text


def test_a_folded_divergence_says_how_far_off_it_is_and_why() -> None:
    page = page_of(report([wrong("a", "torch", "sum", off=2.0)]))
    assert "sample [2] is 6, exactly 4, off by 2: it is sum" in page.one("section", id="wrong").text


# ---- the head -----------------------------------------------------------------------------------


def test_the_head_has_the_date_the_commit_and_the_command() -> None:
    command = "xent-check run 'my cases' -i torch"
    page = page_of(replace(every_status(), origin=Origin("2026-03-01T14:05:09Z", HASH, command)))
    head = page.one("header").text
    for words in ("2026-03-01 14:05 UTC", f"commit {HASH[:12]}", f"$ {command}"):
        assert words in head
    environment = page.one("section", id="environment").text
    for words in ("2026-03-01T14:05:09Z", HASH, command):
        assert words in environment


def test_what_is_unknown_is_not_in_the_head() -> None:
    head = page_of(every_status()).one("header").text
    assert "commit" not in head
    assert "$" not in head
    assert "UTC" not in head


def test_a_long_command_is_cut_in_the_head_and_whole_below() -> None:
    command = f"xent-check eval --logits '{[1.0] * 500}'"
    page = page_of(replace(every_status(), origin=Origin(command=command)))
    assert command not in page.one("header").text
    assert "xent-check eval --logits" in page.one("header").text
    assert command in page.one("section", id="environment").text


# ---- the columns and the colours ----------------------------------------------------------------


def test_of_many_columns_those_with_few_answers_are_narrow() -> None:
    sparse = "keras:xla"
    names = [n for n in IMPLEMENTATIONS if n != "reference"]
    results = [
        agreeing(case(f"c{i}"), name)
        for i in range(8)
        for name in names
        if name != sparse or i == 0
    ]
    assert len(names) >= MAX_WIDE
    extra = [agreeing(case("c0"), "torch:compile")]
    of = report(results + extra, names=(*IMPLEMENTATIONS, "torch:compile"))
    narrow = [column.name for column in page_data(of).matrix.columns if column.narrow]
    assert narrow == [sparse, "torch:compile"]
    few = report([r for r in results if r.implementation in names[:4]])
    assert not any(column.narrow for column in page_data(few).matrix.columns)


def colours(scheme: int) -> dict[str, tuple[float, ...]]:
    """The colours of the scale in OKLab, by level. scheme: 0 light, 1 dark."""
    css = page_of(report([])).one("style").text
    found = re.findall(r"--l(\w): light-dark\((#\w{6}), (#\w{6})\)", css)
    return {level: oklab(pair[scheme]) for level, *pair in found}


def oklab(text: str) -> tuple[float, ...]:
    """https://bottosson.github.io/posts/oklab/"""
    srgb = np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    lms = np.array([
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]) @ linear  # fmt: skip
    lab = np.array([
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]) @ np.cbrt(lms)  # fmt: skip
    return tuple(lab.tolist())


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_two_colours_of_the_scale_can_be_told_apart(scheme: int) -> None:
    """0.02 is what an eye can see of two areas side by side; these are cells apart."""
    of = colours(scheme)
    assert len(of) == 7
    for first, second in itertools.combinations(of, 2):
        assert np.hypot.reduce(np.subtract(of[first], of[second])) > 0.06, (first, second)


def test_nothing_scrolls_by_itself() -> None:
    assert "smooth" not in page_of(report([])).source
