"""Sentences and tables: what a reader is told."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.reports import enclosed, every_status, expects, report
from xent_check.casefile.case import Case, CaseFields
from xent_check.casefile.yaml_values import Map
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.evaluation import Computed, Failed
from xent_check.problem.problem import Problem
from xent_check.problem.tolerance import Tolerance
from xent_check.problem.vocabulary import Reduction
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import Reference
from xent_check.reporters.sentences import (
    MAX_ROWS,
    NumberTable,
    number_tables,
    sentence,
    sentence_for_others,
    versions,
)
from xent_check.results.behaviour import judgement_lines
from xent_check.results.comparison import compare
from xent_check.results.number_text import index_text, number, small
from xent_check.results.report import CaseResult, Status

QUICK = settings(max_examples=200, deadline=None, derandomize=True)


def result(
    status: Status,
    actual: Any = None,
    target: Any = None,
    *,
    reason: str | None = None,
    tolerance: Tolerance | None = None,
    evaluation: Any = None,
    totals: dict[Reduction, tuple[float, float]] | None = None,
    expectation: Any = None,
    dtype: str = "float32",
    problem: Problem | None = None,
) -> CaseResult:
    """A result of forum/x with losses held against a reference."""
    of = Case(_PATH, "cases/x.yaml", "x", Map(1), _FIELDS)
    comparison, exact = None, Reference(_nothing(), {}, {}, None)
    posed = problem or Problem(
        "sparse_categorical", "logits", np.zeros((3, 2), np.float32), np.array([0, 1, 1]), "float32"
    )
    if actual is not None:
        losses = np.asarray(actual, dtype=numpy_dtype(dtype))
        pairs = totals or {}
        made: dict[Reduction, Any] = {r: np.asarray(a, losses.dtype) for r, (a, _) in pairs.items()}
        exact = Reference(
            enclosed(target),
            {r: enclosed(t) for r, (_, t) in pairs.items()},
            dict.fromkeys(pairs, 1.0),
            None,
        )
        evaluation = Computed(losses, made, "call", 0.0)
        allowed = tolerance or Tolerance(atol=2e-6)
        comparison = compare(evaluation, exact, allowed, expectation)
    return CaseResult(of, posed, "keras", status, reason, evaluation, comparison, exact)


_PATH: Any = "cases/x.yaml"
_FIELDS = CaseFields(loss="sparse_categorical", logits=[[0, 0]], labels=[0])


def _nothing() -> Enclosure:
    return enclosed(np.zeros(0))


# ---- numbers ------------------------------------------------------------------------------------


@QUICK
@given(st.floats(width=32, allow_nan=False))
def test_a_float32_is_printed_with_digits_that_bring_it_back(value: float) -> None:
    with np.errstate(over="ignore"):
        assert np.float32(float(number(value))) == np.float32(value)


@QUICK
@given(st.floats(allow_nan=False))
def test_a_float64_is_printed_with_digits_that_bring_it_back(value: float) -> None:
    assert float(number(value, "float64")) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"), (2e-6, "2e-6"),
        (1e20, "1e20"), (1.5e100, "1.5e100"), (0.0, "0"), (-2.5e-10, "-2.5e-10"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_people_write_them(value: float, text: str) -> None:
    assert number(value) == text
    assert small(value) == text


def test_an_index_is_written_in_brackets() -> None:
    assert [index_text(i) for i in ((), (1,), (1, 2))] == ["[]", "[1]", "[1, 2]"]


# ---- one sentence -------------------------------------------------------------------------------


def test_a_divergence_in_one_sentence() -> None:
    off = result("diverges", [16.0, 1.0, 2.0], [200.0, 1.0, 2.0])
    ulps = 184 / 2.0**-16  # the spacing of float32 at 200
    assert sentence(off) == (
        "keras diverges on cases/x.yaml::x, 1 of 3 samples; worst: sample [0] is 16, "
        f"reference 200, off by 184, allowed 1.53e-5 ({ulps:.3g} ulps of float32)".replace(
            "e+07", "e7"
        )
    )


def test_the_sentence_names_the_worst_sample_by_its_whole_index() -> None:
    off = result("diverges", [[1.0, 2.0], [3.5, 4.25]], [[1.0, 2.0], [3.0, 4.0]])
    assert "2 of 4 samples; worst: sample [1, 0] is 3.5, reference 3, off by 0.5" in sentence(off)


def test_one_sample_is_not_samples() -> None:
    assert "1 of 1 sample; worst" in sentence(result("diverges", [2.0], [1.0]))


@pytest.mark.parametrize("actual", [math.nan, math.inf, -math.inf])
def test_a_divergence_that_is_not_finite_is_not_off_by_a_number(actual: float) -> None:
    text = sentence(result("diverges", [1.0, actual], [1.0, 2.0]))
    assert text.endswith(f"worst: sample [1] is {number(actual)}, reference 2")
    assert "off by" not in text


def test_a_total_that_diverges_alone_is_named_by_its_reduction() -> None:
    off = result("diverges", [1.0], [1.0], totals={"sum": (1.0, 1.0), "mean": (3.0, 1.0)})
    assert (
        "diverges on cases/x.yaml::x, in the mean, which is 3, reference 1, off by 2"
        in sentence(off)
    )


def test_what_expect_states_is_named_as_expected_with_its_reason() -> None:
    off = result(
        "diverges", [1.0, 2.0], [1.0, 2.0], expectation=expects(["1.0", "4.0"]), reason="not so"
    )
    assert ", not so; 1 of 2 samples; worst: sample [1] is 2, expected 4, off by 2" in sentence(off)


@pytest.mark.parametrize(
    ("status", "reason", "text"),
    [
        ("agrees", None, "keras agrees on cases/x.yaml::x"),
        ("known", "it clips", "keras diverges as declared on cases/x.yaml::x: it clips"),
        ("unsupported", "no axis", "keras does not support cases/x.yaml::x: no axis"),
        ("missing", "not installed", "keras is missing for cases/x.yaml::x: not installed"),
    ],
)
def test_every_other_outcome_has_its_verb(status: Status, reason: str | None, text: str) -> None:
    numbers = ([1.0], [1.0]) if status in ("agrees", "known") else (None, None)
    assert sentence(result(status, *numbers, reason=reason)) == text


def test_those_who_have_no_case_read_what_is_declared_as_the_reason() -> None:
    known = result("known", [16.118095, 0.5], [200.0, 0.5], reason="it clips")
    told = sentence_for_others(known)
    assert told.startswith("keras diverges on cases/x.yaml::x, 1 of 2 samples; worst: sample [0] ")
    assert told.endswith(" ulps of float32). Why: it clips")
    failed = result("known", reason="refused", evaluation=Failed("error", "ValueError: no"))
    assert sentence_for_others(failed) == sentence(failed)


def pinned(exact: Any, stated: list[str] | None, **totals: tuple[float, str]) -> CaseResult:
    """The exact value held against what `expect.reference` states; totals: exact and stated."""
    values: dict[Any, float] = {r: value for r, (value, _) in totals.items()}
    entry = expects(stated, **{r: text for r, (_, text) in totals.items()})
    reference = Reference(
        enclosed(exact), {r: enclosed(v) for r, v in values.items()}, dict.fromkeys(values, 1.0),
        None,
    )  # fmt: skip
    answer = Computed(np.asarray(exact), {r: np.asarray(v) for r, v in values.items()}, "", 0.0)
    comparison = compare(answer, reference, Tolerance(ulps=0), entry, dtype="float32")
    return replace(
        result("diverges"),
        implementation="reference",
        reason="the exact value is not what `expect.reference` states",
        comparison=comparison,
        reference=reference,
        expectation=entry,
    )


# 1 - 1 / sqrt(2), to more digits than anybody publishes.
QUARTER = 0.29289321881345254


def test_a_wrong_published_number_is_named_beside_the_exact_one() -> None:
    """No ulps and no share of rounding: the exact value was computed in no dtype."""
    wrong = pinned([QUARTER, 1.0], ["0.5", "1.0"])
    assert sentence(wrong) == (
        "`expect.reference` of cases/x.yaml::x is wrong: published 0.5 for sample [0], exactly "
        "0.292893219, off by 0.207, allowed 0.1 (1 of 2 numbers is off); correct the number, or "
        "what the case takes from its source"
    )
    table = only_table(wrong)
    assert table.headings == ("sample", "label", "exactly", "published", "difference", "allowed")
    assert [row.cells for row in table.rows] == [("[0]", "0", "0.292893219", "0.5", "0.207", "0.1")]
    assert judgement_lines(wrong, verbose=True) == []


def test_a_wrong_published_total_is_named_by_its_reduction() -> None:
    wrong = pinned([1.0, 1.0], None, sum=(2.0, "2.5"))
    assert "is wrong: published 2.5 for the sum, exactly 2, off by 0.5, allowed 0.1;" in sentence(
        wrong
    )
    assert firsts(only_table(wrong)) == ["sum"]


def test_a_published_infinity_is_not_off_by_a_number() -> None:
    wrong = pinned([1.0, 2.0], ["inf", "2.0"])
    assert "published inf for sample [0], exactly 1 (1 of 2 numbers is off);" in sentence(wrong)


def test_an_exact_number_shows_the_digits_that_tell_it_from_the_published_one() -> None:
    wrong = pinned([0.1 + 2**-39, 1.0], ["0.100000000000", "1.0"])
    assert "published 0.1 for sample [0], exactly 0.100000000001819" in sentence(wrong)


@pytest.mark.parametrize("kind", ["error", "crash", "timeout", "import"])
def test_a_failure_says_which_kind(kind: Any) -> None:
    failed = result("failed", evaluation=Failed(kind, "boom"), reason="boom")
    assert sentence(failed) == f"keras failed on cases/x.yaml::x ({kind}): boom"


# ---- the table of samples ---------------------------------------------------------------------


def only_table(of: CaseResult, everything: bool = False) -> NumberTable:
    """The one table that a result without a gradient has."""
    (table,) = number_tables(of, everything)
    return table


def firsts(table: NumberTable) -> list[str]:
    """The first cell of each row."""
    return [row.cells[0] for row in table.rows]


def test_the_table_shows_what_diverges_worst_first() -> None:
    table = only_table(result("diverges", [1.5, 2.0, 4.0], [1.0, 2.0, 3.0]))
    assert firsts(table) == ["[2]", "[0]"]
    assert [row.cells[1:4] for row in table.rows] == [("1", "4", "3"), ("0", "1.5", "1")]
    assert not any(row.agrees for row in table.rows)
    assert (table.left_out, table.rest) == (0, "")
    assert {len(row.cells) for row in table.rows} == {len(table.headings)}


def test_the_table_shows_everything_in_order_where_asked() -> None:
    table = only_table(result("diverges", [1.5, 2.0, 4.0], [1.0, 2.0, 3.0]), everything=True)
    assert firsts(table) == ["[0]", "[1]", "[2]"]
    assert [row.agrees for row in table.rows] == [False, True, False]


def test_infinite_differences_come_before_finite_ones() -> None:
    table = only_table(result("diverges", [9.0, math.nan, 1.0], [1.0, 1.0, 1.0]))
    assert firsts(table) == ["[1]", "[0]"]


def test_a_long_table_says_how_many_rows_it_leaves_out() -> None:
    count = MAX_ROWS + 7
    problem = Problem(
        "sparse_categorical", "logits", np.zeros((count, 2), np.float32),
        np.zeros(count, np.int64), "float32",
    )  # fmt: skip
    table = only_table(result("diverges", np.ones(count), np.zeros(count), problem=problem))
    assert (len(table.rows), table.left_out, table.rest) == (MAX_ROWS, 7, "and 7 more")


@pytest.mark.parametrize(
    ("labels", "text"),
    [([[0.0, 1.0]], "1"), ([[0.25, 0.75]], "[0.25 0.75]"), ([[0.0, 2.0]], "[0 2]")],
)
def test_a_distribution_is_shown_by_its_class_where_it_is_one_hot(labels: Any, text: str) -> None:
    problem = Problem(
        "categorical", "logits", np.zeros((1, 2), np.float32), np.array(labels, np.float32),
        "float32",
    )  # fmt: skip
    table = only_table(result("diverges", [2.0], [1.0], problem=problem))
    assert [row.cells[1] for row in table.rows] == [text]


def test_a_table_leaves_out_its_last_columns_where_it_is_too_wide_and_never_a_number() -> None:
    table = only_table(result("diverges", [1 / 3], [2 / 3], dtype="float64"))
    whole = len(table.lines[0])
    assert table.within(whole) == table
    assert table.within(whole - 1).headings == table.headings[:-1]
    assert table.within(0).headings == ("sample", "label", "actual", "reference")
    assert [row.cells[2:] for row in table.within(0).rows] == [(repr(1 / 3), repr(2 / 3))]


def test_a_diverging_total_follows_the_samples() -> None:
    off = result("diverges", [2.0], [1.0], totals={"mean": (2.0, 1.0), "sum": (1.0, 1.0)})
    assert firsts(only_table(off)) == ["[0]", "mean"]
    assert firsts(only_table(off, everything=True)) == ["[0]", "mean", "sum"]


def test_the_columns_of_a_table_are_aligned() -> None:
    lines = only_table(result("diverges", [1.5, 20.0, 400.0], [1.0, 2.0, 3.0])).lines
    assert len({len(line) for line in lines}) == 1
    assert len(lines) == 4


def test_nothing_compared_has_no_table() -> None:
    missing = result("missing", reason="not installed")
    assert number_tables(missing, everything=True) == []
    assert number_tables(replace(missing, status="unsupported"), everything=False) == []


def test_the_versions_are_those_that_answered_something() -> None:
    """An API that lacks an option is known to, also where the device is missing."""
    results = list(every_status().results)
    silent = [r for r in results if r.status in ("unsupported", "missing")]
    assert versions(report(silent)) == ""
    ran = {"keras 3.15.1", "torch 2.13.0", "numpy 2.4.6"}
    of_keras = [r for r in results if r.implementation == "keras" and r not in silent]
    assert versions(report([*silent, *of_keras])) == "keras 3.15.1 (cpu)"
    assert ran <= set(versions(report(results)).partition(" (cpu)")[0].split(", "))
    failed = [r for r in results if r.status == "failed"]
    assert versions(report(failed)) != ""
