"""The HTML page as text: what it says, what it lets through, how large it is. No browser."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from tests.support.html_page import Element, Page
from tests.support.reports import (
    EXACT,
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
from xent_check.casefile.case import Case
from xent_check.errors import visible
from xent_check.problem.evaluation import Failed
from xent_check.reporters.formats import Terminal, html
from xent_check.reporters.formats.html import render
from xent_check.reporters.outcome import summary
from xent_check.reporters.page.data import page_data
from xent_check.reporters.page.errors import Errors
from xent_check.reporters.page.matrix import SCALE, Ids, level
from xent_check.reporters.page.plot_errors import histogram
from xent_check.reporters.page.plots import HEIGHT, MAX_POINTS, WIDTH, Points, plots_of
from xent_check.reporters.page.rulers import fitting, linear, logarithmic
from xent_check.reporters.sentences import sentence
from xent_check.results.change import Change, GateResult
from xent_check.results.origin import Origin
from xent_check.results.report import STATUSES, Report

HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}&amp;"
LARGEST = 5_000_000


def page_of(of: Report) -> Page:
    return Page(render(of, Terminal()))


def details_of(page: Page) -> list[Element]:
    """The divergences and failures."""
    return [e for e in page.every("details") if "detail" in e.attributes.get("class", "").split()]


def diverging(name: str, actual: object, target: object, **more: object) -> Report:
    comparison = compared(difference(actual, target), **more)  # type: ignore[arg-type]
    return report([result(case(name), "torch", "diverges", comparison=comparison)])


# ---- what it says -------------------------------------------------------------------------------


def test_the_verdict_comes_first() -> None:
    of = every_status()
    page = page_of(of)
    assert page.one("h1").text == of.verdict
    assert page.one("title").text.startswith(of.verdict)
    first = next(e for e in page.elements if e.tag in ("h1", "h2", "h3", "table"))
    assert first.tag == "h1"
    assert summary(of).partition(": ")[2] in page.one("header").text
    assert f"Exit code {int(of.exit_code)}" in page.one("header").text


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_in_the_matrix_in_words_and_as_a_mark(status: str) -> None:
    page = page_of(every_status())
    cells = [e for e in page.every("td") if e.attributes.get("class", "").split()[:1] == [status]]
    assert len(cells) == every_status().counts[status]  # type: ignore[index]
    assert all(status in cell.text for cell in cells)
    assert all(len(cell.text) > len(status) for cell in cells)


def test_the_matrix_is_a_table_with_headings_for_rows_and_columns() -> None:
    of = every_status()
    table = page_of(of).one("table", id="cases")
    source = page_of(of).source
    matrix = source[(at := source.index('id="cases"')) : source.index("</table>", at)]
    assert matrix.count('scope="row"') == of.cases
    assert matrix.count('scope="rowgroup"') == 2
    assert matrix.count('scope="col"') == 1 + len({r.implementation for r in of.results})
    assert "everyday" in table.text


def test_each_divergence_has_its_sentence_its_samples_and_two_plots() -> None:
    of = every_status()
    page = page_of(of)
    ids = Ids.of(of)
    wrong = [r for r in of.results if r.status in ("diverges", "failed")]
    assert len(details_of(page)) == len(wrong)
    for one in wrong:
        detail = page.one("details", id=ids.result(one))
        words = sentence(one).replace(", not what `expect` states for it;", ",")
        assert " ".join(words.split()) in detail.text
    assert "16.118095" in page.one("details", id=ids.result(wrong[0])).text
    assert len(page.every("svg", role="img")) == 2 * 2 + 0  # keras and tf have numbers


def test_a_plot_has_a_text_alternative_with_numbers() -> None:
    page = page_of(every_status())
    for drawing in page.every("svg"):
        described = page.one("figcaption", id=drawing.attributes["aria-describedby"])
        assert page.one("p", id=drawing.attributes["aria-labelledby"]).text
        assert re.search(r"\d", described.text)


def test_the_commands_quote_what_a_shell_would_split() -> None:
    of = report(
        [
            result(
                case("two words; rm -rf", file="cases/x.yaml"),
                "torch",
                "diverges",
                comparison=compared(difference([1.0], [2.0])),
            )
        ]
    )
    codes = [e.text for e in page_of(of).every("code")]
    assert "xent-check explain 'cases/x.yaml::two words; rm -rf' -i torch" in codes
    assert any(code.startswith("xent-check repro 'cases/x.yaml::two") for code in codes)


def test_a_failure_without_numbers_offers_no_explanation_of_them() -> None:
    failed = result(case("x"), "torch", "failed", reason="died", evaluation=Failed("crash", "died"))
    text = render(report([failed]), Terminal())
    assert "xent-check run cases/demo.yaml::x -i torch -v" in text
    assert "xent-check explain" not in text


def test_a_known_divergence_says_why_and_has_a_table_but_no_plot() -> None:
    page = page_of(every_status())
    known = [e for e in page.every("details") if "known-one" in e.attributes.get("class", "")]
    assert len(known) == every_status().counts["known"]
    assert "exp(100) overflows: inf / inf is nan" in known[0].text
    assert "[0]" in known[0].text


def test_unsupported_reasons_and_warnings_are_told() -> None:
    text = page_of(every_status()).one("main").text
    assert "optax is missing: optax not installed" in text
    assert "a warning, 5% of two lines" in text
    assert "Not compared" in text


def test_behaviour_has_errors_and_nan_by_implementation() -> None:
    page = page_of(every_status())
    table = next(t for t in page.every("table") if "behaviours" in t.attributes.get("class", ""))
    assert "IndexError" in table.text
    assert "value nan" in table.text
    assert "crash" in table.text


def test_the_environment_names_versions_and_devices() -> None:
    text = page_of(every_status()).one("section", id="environment").text
    for words in ("3.15.1", "cuda", every_status().python, every_status().machine):
        assert words in text


def test_nothing_compared_is_not_a_success() -> None:
    page = page_of(report([]))
    assert page.one("h1").text == "nothing compared"
    assert "bad" in page.one("header").attributes["class"]
    assert not page.every("table", id="cases")


# ---- colours ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "key"),
    [
        (0.0, "0"),
        (0.1, "1"),
        (0.11, "2"),
        (0.3, "2"),
        (1.0, "3"),
        (1.01, "4"),
        (10, "4"),
        (11, "5"),
    ],
)
def test_a_colour_is_the_share_of_the_bound(share: float, key: str) -> None:
    comparison = replace(compared(difference(EXACT, EXACT)), share=share)
    one = result(case("x"), "torch", "agrees", comparison=comparison)
    assert level(one) == key
    assert key in {step.key for step in SCALE}


def test_a_nan_where_a_number_should_be_has_a_colour_of_its_own() -> None:
    comparison = replace(compared(difference([NAN, 1, 2], [0.5, 1, 2])), share=0.0)
    assert level(result(case("x"), "torch", "diverges", comparison=comparison)) == "n"
    same = replace(compared(difference([NAN, 1, 2], [NAN, 1, 2])), share=0.0)
    assert level(result(case("x"), "torch", "agrees", comparison=same)) == "0"


def test_the_references_own_row_has_no_colour() -> None:
    comparison = replace(compared(difference(EXACT, EXACT)), share=0.0)
    assert level(result(case("x"), "reference", "agrees", comparison=comparison)) == ""


# ---- what it lets through -----------------------------------------------------------------------


def telling(of: Case, **fields: object) -> Case:
    """The case with more said of it."""
    return replace(of, fields=of.fields.model_copy(update=fields))


def hostile() -> Report:
    """Markup in every text that comes from elsewhere."""
    source = f"javascript:alert('{HOSTILE}')"
    plain = case(HOSTILE, file=f"cases/{HOSTILE}.yaml")
    named = telling(plain, description=HOSTILE, source=source, tags=[HOSTILE])
    numbers = compared(difference([NAN, 2.0, 3.0], EXACT))
    results = [
        result(named, HOSTILE, "diverges", reason=HOSTILE, comparison=numbers, notes=(HOSTILE,)),
        result(named, "torch", "failed", reason=HOSTILE, evaluation=Failed("error", HOSTILE)),
        result(named, "jax", "unsupported", reason=HOSTILE),
        result(named, "tf", "known", reason=HOSTILE, evaluation=Failed("error", HOSTILE)),
    ]
    of = report(results, warnings=(HOSTILE,), names=(HOSTILE, "torch", "jax", "tf"))
    change = Change(HOSTILE, HOSTILE, "new", HOSTILE)
    gate = GateResult(HOSTILE, 0, (change,), (change,), (HOSTILE,), (HOSTILE,))
    return replace(of, gate=gate, origin=Origin(HOSTILE, HOSTILE, HOSTILE))


def test_hostile_texts_stay_texts() -> None:
    page = page_of(hostile())
    assert len(page.every("script")) == 1
    assert not page.every("img")
    assert not [e for e in page.elements for name in e.attributes if name.startswith("on")]
    assert "{{ 7 * 7 }}" in page.source
    assert "49" not in page.one("details", id="at-0-0").text
    links = {e.attributes["href"] for e in page.every("a")}
    assert all(link.startswith("#") for link in links)
    assert HOSTILE in "".join(page.one("main").parts)


def test_no_character_of_the_page_is_invisible_or_turns_the_direction() -> None:
    bad = "a\x1b[31m\x07\u202eb\u2028"
    of = telling(
        case(f"n{bad}", file=f"f{bad}.yaml"),
        description=f"d{bad}",
        source=f"s{bad}",
        tags=[f"t{bad}"],
    )
    wrong = compared(difference([0.5, 0.25, 5.0], EXACT))
    results = [
        result(of, f"i{bad}", "diverges", comparison=wrong, reason=f"r{bad}", notes=(f"o{bad}",)),
        result(of, "torch", "failed", reason=f"m{bad}", evaluation=Failed("error", f"M{bad}: x")),
        result(of, "jax", "known", reason=f"k{bad}", comparison=wrong),
    ]
    of_all = report(results, warnings=(f"w{bad}",), names=(f"i{bad}", "torch", "jax"))
    change = Change(f"c{bad}", f"i{bad}", "behaviour", f"b{bad}")
    gate = GateResult(f"g{bad}", 0, (change,), (change,), (f"l{bad}",), (f"e{bad}",))
    origin = Origin(f"D{bad}", f"C{bad}", f"O{bad}")
    page = render(replace(of_all, gate=gate, origin=origin), Terminal())
    hidden = {c for c in page if not c.isprintable() and c not in "\n\t"}
    assert hidden == set()
    for letter in "nfdstirmkwcbgleDCO":
        assert re.search(letter + r"a(<wbr>)?\\x1b", page), letter


def test_a_drawing_has_names_as_they_are_and_hides_no_character() -> None:
    for name in ("a\x1b[31m\u202e", "$x^{$", "a$b$"):
        plot = histogram([Errors(name, np.array([0.5]), 0, 1, "", "")])
        assert plot is not None
        assert {c for c in plot.svg if not c.isprintable()} == set()
        assert visible(name) in plot.svg


def test_a_web_address_as_a_source_is_a_link_and_other_texts_are_not() -> None:
    def page(source: str) -> Page:
        numbers = compared(difference([1.0], [2.0]))
        of = telling(case("x"), source=source)
        return page_of(report([result(of, "torch", "diverges", comparison=numbers)]))

    address = "https://example.org/a?b=<c>"
    assert page(address).one("a", rel="noreferrer").attributes["href"] == address
    assert not page("data:text/html,x").every("a", rel="noreferrer")


def loads(page: Page) -> Iterator[str]:
    """Whatever a browser would fetch without being asked."""
    for element in page.elements:
        for name in ("src", "srcset", "poster", "data", "action", "xlink:href"):
            yield from filter(None, [element.attributes.get(name)])
        if element.tag in ("link", "use", "image"):
            yield element.attributes.get("href", "")


@pytest.mark.parametrize("of", [every_status(), hostile()], ids=["every status", "hostile"])
def test_the_page_needs_nothing_else(of: Report) -> None:
    page = page_of(of)
    assert all(address.startswith(("data:,", "#")) for address in loads(page))
    assert not re.search(r"@import|url\((?!#)", page.one("style").text)
    assert not re.search(r"https?:", page.source)
    (policy,) = [e for e in page.every("meta") if "http-equiv" in e.attributes]
    assert policy.attributes["content"].startswith("default-src 'none'")


def test_every_id_is_there_once_and_every_link_lands() -> None:
    page = page_of(every_status())
    assert len(page.ids) == len(set(page.ids))
    links = {e.attributes["href"] for e in page.every("a")} | {
        e.attributes["href"] for e in page.every("use")
    }
    references = [
        name
        for e in page.elements
        for key in ("aria-labelledby", "aria-describedby", "for")
        for name in e.attributes.get(key, "").split()
    ]
    clips = re.findall(r"url\(#([^)]*)\)", page.source)
    assert {link.removeprefix("#") for link in links} | {*references, *clips} <= set(page.ids)


# ---- how large it is, and that it is the same ----------------------------------------------------


def test_the_same_report_is_the_same_page() -> None:
    assert render(every_status(), Terminal()) == render(every_status(), Terminal(40, True, False))


def test_a_run_of_the_shipped_corpus_s_size_stays_small_and_quick() -> None:
    names = tuple(f"impl{i}" for i in range(18))
    known = compared(difference(np.full(20, NAN), np.arange(20.0)))
    results = []
    for i in range(314):
        of = case(f"a-case-with-a-name[{i}]", file=f"cases/file{i // 10}.yaml")
        results += [agreeing(of, name) for name in names[:6]]
        results += [result(of, names[6], "unsupported", reason="no such option in its API")]
        results += [
            result(of, name, "known", reason="exp(100) overflows", comparison=known)
            for name in names[7:9]
        ]
    start = time.perf_counter()
    text = render(report(results, names=names), Terminal())
    assert len(text.encode()) < LARGEST
    assert time.perf_counter() - start < 20


def test_divergences_beyond_the_limit_have_no_plots_and_the_page_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    most, more = 4, 3
    monkeypatch.setattr(html, "MAX_PLOTTED", most)  # a drawing takes a tenth of a second
    results = [
        result(case(f"c{i}"), "torch", "diverges", comparison=compared(difference([1.0], [2.0])))
        for i in range(most + more)
    ]
    page = page_of(report(results))
    assert len(page.every("svg")) == 2 * most
    assert (
        f"The first {most} divergences have plots; the other {more} have" in page.one("main").text
    )
    assert len(details_of(page)) == most + more


def test_a_plot_of_many_samples_has_the_worst_and_says_how_many() -> None:
    actual = np.ones(5000)
    actual[4300] = 9.0
    points = Points.of(difference(actual, np.ones(5000)))
    assert points.order.size <= MAX_POINTS
    assert 4300 in points.order
    assert f"Drawn: {points.order.size} of 5,000" in points.left_out
    of = diverging("many", actual, np.ones(5000))
    assert len(render(of, Terminal()).encode()) < 300_000


# ---- numbers that are no ordinary ones -----------------------------------------------------------


@pytest.mark.parametrize(
    ("actual", "target"),
    [
        ([NAN, NAN], [1.0, 2.0]),
        ([INF, -INF, NAN], [1.0, INF, NAN]),
        ([0.0, 0.0], [1e-300, 5e-324]),
        ([3e300, 2e300], [1e299, 0.0]),
        ([0.0], [0.0]),
        ([], []),
        ([[1.0, 2.0], [3.0, NAN]], [[1.0, 2.5], [3.0, 4.0]]),
    ],
)
def test_every_number_has_a_place_on_the_page(actual: object, target: object) -> None:
    odd = compared(difference(actual, target, dtype="float64"))
    of = report([result(case("odd"), "torch", "diverges", comparison=odd)])
    source = render(replace(of, results=(replace(of.results[0], problem=None),)), Terminal())
    drawings = re.findall(r"<svg role.*?</svg>", source, re.DOTALL)
    count = np.asarray(actual).size
    assert len(drawings) == (2 if count else 0)
    for drawing in drawings:
        page = Page(drawing)
        marks = [(float(e.attributes["x"]), float(e.attributes["y"])) for e in page.every("use")]
        assert len(marks) > count  # one more for the legend
        assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in marks)


def test_a_gradient_that_diverges_is_what_is_drawn() -> None:
    slope = difference([[0.0, 1.0]] * 3, [[0.0, 0.0]] * 3)
    of = diverging("slope", EXACT, EXACT, gradient=slope)
    assert "6 derivatives" in plots_of(of.results[0], "p")[0].caption


def test_a_total_that_diverges_alone_is_beside_the_losses_that_agree() -> None:
    of = diverging("total", EXACT, EXACT, totals={"mean": difference(2.0, 1.5)})
    first, second = plots_of(of.results[0], "p")
    assert "0 off the line" in first.caption
    assert "0 over what is allowed" in second.caption


def test_rulers_give_every_special_number_a_place_beyond_the_others() -> None:
    values = np.array([1.0, 3.0, NAN, INF, -INF])
    ruler = linear(values)
    one, three, nan, inf, minus = ruler.at(values)
    assert minus < one < three < inf < nan
    assert (minus > ruler.low) & (nan < ruler.high)
    log = logarithmic(np.array([0.0, 1e-8, 1.0, INF]))
    zero, small, large, infinite = log.at(np.array([0.0, 1e-8, 1.0, INF]))
    assert zero < small < large < infinite
    assert {"0", "inf"} <= {text for _, text in log.ticks}


def test_a_wide_range_of_numbers_is_logarithmic_and_a_narrow_one_is_not() -> None:
    assert fitting(np.array([1e-6, 1e6])).logarithmic
    assert not fitting(np.array([1.0, 2.0])).logarithmic
    assert not fitting(np.array([-1.0, 1e6])).logarithmic


def test_the_numbers_of_the_matrix_lead_to_the_details() -> None:
    of = every_status()
    ids = Ids.of(of)
    data = page_data(of)
    linked = {c.link for f in data.matrix.files for line in f.lines for c in line.cells if c.link}
    assert linked == {
        ids.result(r) for r in of.results if r.status in ("diverges", "failed", "known")
    }


def test_nothing_but_the_reporter_loads_the_plotting_library() -> None:
    code = (
        "import sys, xent_check.cli.run_command\n"
        "import xent_check.running.run, xent_check.reporters.formats\n"
        "for name in xent_check.reporters.formats.REPORTERS:\n"
        "    if name != 'html': xent_check.reporters.formats.reporter(name)\n"
        "print({'matplotlib', 'jinja2', 'PIL'} & set(sys.modules))\n"
        "xent_check.reporters.formats.reporter('html')\n"
        "print({'matplotlib', 'matplotlib.pyplot'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["set()", "{'matplotlib'}"]
