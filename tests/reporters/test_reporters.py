"""What users read: whole outputs, and that each format is what its readers expect."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from junitparser import JUnitXml
from rich.cells import cell_len

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
from tests.support.snapshots import assert_expected
from xent_check.problem.evaluation import Computed
from xent_check.reporters.formats import REPORTERS, Terminal, reporter
from xent_check.reporters.sentences import sentence
from xent_check.results.number_text import number, small, tidy
from xent_check.results.report import STATUSES, Report

MANY = 1001


def render(name: str, of: Report, terminal: Terminal | None = None) -> str:
    return reporter(name).render(of, terminal or Terminal())


def many_samples(*, verbose: bool = False) -> Report:
    """1,001 samples, the i-th off by i x 1e-5."""
    actual = [1.0 + i * 1e-5 for i in range(MANY)]
    comparison = compared(difference(actual, [1.0] * MANY))
    return report(
        [result(case("many"), "torch", "diverges", comparison=comparison)], verbose=verbose
    )


def test_the_hand_made_report_has_every_status() -> None:
    assert set(every_status().counts) == set(STATUSES)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("verbose", [False, True])
def test_table_is_as_expected(width: int, verbose: bool) -> None:
    name = f"table-{width}{'-verbose' if verbose else ''}.txt"
    terminal = Terminal(width, verbosity=int(verbose))
    assert_expected(name, render("table", every_status(verbose=verbose), terminal))


def test_table_has_the_largest_differences_where_they_fit() -> None:
    one = report([agreeing(case("everyday"), name) for name in ("torch", "jax")])
    assert "  everyday  ✓ 1e-7  ✓ 1e-7\n" in render("table", one, Terminal(80))
    assert "1e-7" not in render("table", every_status(), Terminal(80)).split("\n\n")[0]


def test_table_without_unicode_is_ascii() -> None:
    text = render("table", every_status(), Terminal(80, unicode=False))
    assert text.isascii()
    assert_expected("table-80-ascii.txt", text)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_matrix_stays_within_the_width_and_shows_every_column(width: int) -> None:
    matrix = render("table", every_status(), Terminal(width)).split("✓ agrees")[0]
    names = "  hard[dtype=float32,label_smoothing=0.1]"
    assert all(cell_len(line) <= max(width, len(names)) for line in matrix.splitlines())
    shown = set(re.findall(r"[a-z]+", matrix))
    assert {word for name in IMPLEMENTATIONS for word in name.split(":")} <= shown


def test_table_marks_stand_under_their_headings() -> None:
    lines = render("table", every_status(), Terminal(80)).splitlines()
    column = next(line for line in lines if line.endswith(" torch")).index("torch")
    row = lines[lines.index(next(x for x in lines if x.startswith("  hard["))) :]
    marks = next(line for line in row if "✗" in line)
    assert marks[column] == "!"


def test_table_never_cuts_a_name() -> None:
    long = "a-very-long-name-" * 8
    text = render("table", report([agreeing(case(long), "torch")]), Terminal(80))
    assert f"  {long}\n" in text


def test_table_never_cuts_a_number() -> None:
    exact = [1 / 3 + 100, 2 / 3, 1 / 7]
    wrong = difference([1 / 3 + 101, 5 / 3, 8 / 7], exact, dtype="float64")
    slope = difference([[1 / 3, 5 / 3]] * 3, [[1 / 3, 2 / 3]] * 3, dtype="float64")
    comparison = compared(wrong, {"weighted_mean": difference(1 / 9, 2 / 9)}, gradient=slope)
    of = report([result(case("precise"), "torch", "diverges", comparison=comparison)])
    text = render("table", of, Terminal(60))
    assert_expected("table-60-float64.txt", text)
    assert all(repr(value) in text for value in (*exact, 8 / 7, 2 / 3, 5 / 3))


def test_table_folds_thirty_columns_instead_of_overflowing() -> None:
    names = tuple(f"package.losses:function_{i}" for i in range(30))
    one = case("one")
    text = render("table", report([agreeing(one, n) for n in names], names=names), Terminal(80))
    assert all(cell_len(line) <= 80 for line in text.splitlines())
    assert all(re.search(rf"{name}$", text, re.MULTILINE) for name in names)
    assert text.count("✓") == 30 + 1  # and the legend's


def test_color_appears_only_where_asked() -> None:
    assert "\x1b[" not in render("table", every_status(), Terminal(80, color=False))
    assert "\x1b[" in render("table", every_status(), Terminal(80, color=True))


@pytest.mark.parametrize("name", ["markdown", "github", "junit"])
def test_whole_output_is_as_expected(name: str) -> None:
    suffix = {"markdown": "md", "github": "txt", "junit": "xml"}[name]
    assert_expected(f"{name}.{suffix}", render(name, every_status()))


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_whole_data_is_as_expected(name: str) -> None:
    text = render(name, every_status())
    text = re.sub(r'"(python|platform|xent_check)": "[^"]*"', r'"\1": "..."', text)
    assert_expected(f"report.{name}", text)


@pytest.mark.parametrize("name", REPORTERS)
def test_a_report_of_nothing_renders(name: str) -> None:
    text = render(name, report([]))
    assert text.endswith("\n")
    assert "nothing compared" in text or name == "junit"


# ---- json -------------------------------------------------------------------------------------


def strict_loads(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_json_has_the_keys_of_the_contract() -> None:
    data = strict_loads(render("json", every_status()))
    assert data["schema"] == 1
    assert {"python", "platform", "implementations"} <= set(data["environment"])
    assert {"verdict", "exit_code", "cases", "compared", "seconds", *STATUSES} <= set(
        data["summary"]
    )
    keys = (
        "case implementation call status reason seconds max_abs_diff max_ulps worst_sample "
        "samples diverging_samples losses totals gradient"
    )
    for entry in data["results"]:
        assert set(keys.split()) <= set(entry), entry


def test_json_writes_non_finite_numbers_as_strings() -> None:
    losses = difference([NAN, INF, -INF], EXACT)
    odd = result(case("odd"), "torch", "diverges", comparison=compared(losses))
    data = strict_loads(render("json", report([odd])))
    assert data["results"][0]["losses"] == ["nan", "inf", "-inf"]
    assert data["results"][0]["max_abs_diff"] == "inf"


def test_json_keeps_the_worst_twenty_of_over_a_thousand_samples() -> None:
    entry = strict_loads(render("json", many_samples()))["results"][0]
    assert not {"losses", "reference"} & {k for k in entry if entry[k] is not None}
    assert [row["sample"] for row in entry["worst"]] == [[i] for i in range(1000, 980, -1)]
    assert entry["samples"] == MANY


def test_json_keeps_every_sample_where_asked() -> None:
    entry = strict_loads(render("json", many_samples(verbose=True)))["results"][0]
    assert len(entry["losses"]) == len(entry["reference"]) == MANY
    assert "worst" not in entry


def test_json_says_the_same_compact_or_not() -> None:
    words = case('name with [\n "nan"\n] and [1,2]'.replace("\n", " "))
    of = report([agreeing(words, "torch"), *every_status().results])
    lines = [strict_loads(line) for line in render("jsonl", of).splitlines()]
    whole = strict_loads(render("json", of))
    assert lines[:-1] == whole.pop("results")
    assert lines[-1] == whole


# ---- junit ------------------------------------------------------------------------------------


def test_junit_survives_a_round_trip(tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    file.write_text(render("junit", every_status()), encoding="utf-8")
    document = JUnitXml.fromfile(str(file))
    of = every_status()
    assert document.tests == len(of.results)
    assert document.failures == of.counts["diverges"]
    assert document.errors == of.counts["failed"] + of.counts["missing"]  # the missing is required
    assert sum(suite.skipped for suite in document) == of.counts["unsupported"]
    assert [suite.name for suite in document] == ["cases/demo.yaml", "cases/sub/other.yaml"]


def test_junit_skips_what_is_missing_and_not_required() -> None:
    of = every_status(required=False)
    root = ElementTree.fromstring(render("junit", of))
    skipped = sum(int(suite.get("skipped", "")) for suite in root)
    assert skipped == of.counts["unsupported"] + of.counts["missing"]


def test_junit_has_what_the_usual_schema_asks_for() -> None:
    root = ElementTree.fromstring(render("junit", every_status()))
    assert root.tag == "testsuites"
    for suite in root:
        assert suite.tag == "testsuite"
        assert {"name", "tests", "failures", "errors", "skipped", "time"} <= set(suite.attrib)
        assert len(suite) == int(suite.get("tests", ""))
        for test in suite:
            assert test.tag == "testcase"
            assert {"name", "classname", "time"} <= set(test.attrib)
            assert float(test.get("time", "")) >= 0
            outcomes = [child for child in test if child.tag in ("failure", "error", "skipped")]
            assert len(outcomes) <= 1
            for outcome in outcomes:
                assert outcome.get("message")
                assert outcome.tag == "skipped" or outcome.get("type")


def test_junit_shows_characters_that_xml_cannot_hold() -> None:
    failed = result(case("x"), "torch", "failed", reason="bell \x07 & <b>")
    root = ElementTree.fromstring(render("junit", report([failed])))
    error = root.find(".//error")
    assert error is not None
    assert str(error.get("message")).endswith("bell \\x07 & <b>")


# What each element may hold by junit-10.xsd of jenkinsci/xunit-plugin (types/model/xsd, commit
# 031e285e): its attributes, the required ones with a star, and its children.
JENKINS = {
    "testsuites": ("name time tests failures errors", "testsuite"),
    "testsuite": (
        "name* tests* failures* errors* group time skipped timestamp hostname id package file log "
        "url",
        "testsuite properties testcase system-out system-err",
    ),
    "testcase": (
        "name* time classname group",
        "skipped error failure rerunFailure rerunError flakyFailure flakyError system-out "
        "system-err",
    ),
    "failure": ("type message", ""),
    "error": ("type message", ""),
    "skipped": ("type message", ""),
    "system-out": ("", ""),
}
SUREFIRE_TIME = r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?"


@pytest.mark.parametrize("seconds", [3.2, 1e-7, 0.0, 123456.0])
def test_junit_is_what_jenkins_allows(seconds: float) -> None:
    quick = Computed(np.array([0.5, 0.25, 4.0], np.float32), {}, "loss()", 1e-6)
    comparison = compared(difference(EXACT, EXACT))
    results = [
        *every_status().results,
        result(case("quick", file="quick.yaml"), "torch", "agrees", comparison=comparison,
               evaluation=quick),
    ]  # fmt: skip
    of = replace(report(results), seconds=seconds)
    root = ElementTree.fromstring(render("junit", of))
    assert float(root.get("time", "")) == pytest.approx(seconds, abs=1e-6)
    for element in root.iter():
        attributes, children = JENKINS[element.tag]
        allowed = set(attributes.replace("*", "").split())
        required = {name[:-1] for name in attributes.split() if name.endswith("*")}
        assert required <= set(element.attrib) <= allowed
        assert {child.tag for child in element} <= set(children.split())
        if "time" in element.attrib and element.tag != "testcase":
            assert re.fullmatch(SUREFIRE_TIME, element.attrib["time"])


# ---- github, markdown -------------------------------------------------------------------------


def test_github_annotates_each_divergence_and_failure_at_its_line() -> None:
    lines = render("github", every_status()).splitlines()
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == 5  # three diverge, one failed, one is missing and required
    assert sum("file=cases/demo.yaml,line=11," in line for line in errors) == 4
    assert sum("file=cases/sub/other.yaml,line=1," in line for line in errors) == 1


def test_github_escapes_what_would_end_a_command_or_a_property() -> None:
    failed = result(
        case("x", file="a,b:c.yaml"), "torch", "failed", reason="100%\r\n::set-output name=a::b"
    )
    first, *rest = render("github", report([failed])).splitlines()
    assert first.startswith("::error file=a%2Cb%3Ac.yaml,line=1,title=torch failed::")
    assert first.endswith("100%25%0D%0A::set-output name=a::b")
    assert all(line.startswith(("::notice ", "::warning ")) for line in rest)


def test_markdown_cells_hold_no_bar_and_no_markup_of_their_own() -> None:
    of = report([agreeing(case("a|b*c*`d`<i>"), "torch")])
    row = next(line for line in render("markdown", of).splitlines() if "demo" in line)
    assert row == r"| cases/demo.yaml::a\|b\*c\*\`d\`&lt;i> | ✓ |"


def test_markdown_tables_have_as_many_cells_in_every_row() -> None:
    for block in render("markdown", every_status()).split("\n\n"):
        rows = [line.strip() for line in block.splitlines() if line.strip().startswith("|")]
        assert len({len(re.split(r"(?<!\\)\|", row)) for row in rows}) <= 1


# ---- words ------------------------------------------------------------------------------------


def test_sentence_names_the_worst_sample_with_its_numbers() -> None:
    losses = difference([16.118095, 0.25], [200.0, 0.25])
    diverges = result(case("x"), "keras", "diverges", comparison=compared(losses))
    assert sentence(diverges) == (
        "keras diverges on cases/demo.yaml::x, 1 of 2 samples; worst: sample [0] is 16.118095, "
        "reference 200, off by 184, allowed 2e-6 (1.21e7 ulps of float32)"
    )


def test_a_file_or_a_name_of_several_lines_makes_no_line_of_its_own() -> None:
    forged = "x\nagrees: 16 cases"
    failed = result(case(forged, file=f"{forged}.yaml"), "torch", "failed", notes=("loud",))
    assert sentence(failed).startswith(
        r"torch failed on x\nagrees: 16 cases.yaml::x\nagrees: 16 cases: "
    )


def test_sentence_names_a_total_where_every_loss_agrees() -> None:
    comparison = compared(difference(EXACT, EXACT), {"mean": difference(2.0, 1.5)})
    diverges = result(case("x"), "keras", "diverges", comparison=comparison)
    assert "in the mean, which is 2, reference 1.5, off by 0.5" in sentence(diverges)


def test_sentence_names_a_derivative_where_only_the_gradient_diverges() -> None:
    comparison = compared(
        difference(EXACT, EXACT), gradient=difference([[0.0, 1.0]] * 3, [[0.0, 0.0]] * 3)
    )
    diverges = result(case("x"), "keras", "diverges", comparison=comparison)
    assert "3 of 6 derivatives; worst: gradient [0, 1] is 1, reference 0" in sentence(diverges)


def test_sentence_shows_enough_digits_to_tell_two_float64_apart() -> None:
    losses = difference([0.1], [0.1 + 2**-55], allowed=0.0, dtype="float64")
    diverges = result(case("x"), "keras", "diverges", comparison=compared(losses))
    assert "is 0.1, reference 0.10000000000000003" in sentence(diverges)


@pytest.mark.parametrize(
    ("text", "tidied"),
    [("2e-06", "2e-6"), ("1.2e+07", "1.2e7"), ("1e+100", "1e100"), ("file00 e-01", "file00 e-01")],
)
def test_exponents_have_no_idle_zeros(text: str, tidied: str) -> None:
    assert tidy(text) == tidied


def test_numbers_have_their_dtype_s_digits() -> None:
    assert number(0.1 + 0.2) == "0.3"
    assert number(0.1 + 0.2, "float64") == "0.30000000000000004"
    assert number(NAN) == "nan"
    assert small(183.88) == "184"
