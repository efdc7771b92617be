"""The reason of several divergences is what most of them name."""

from __future__ import annotations

from dataclasses import replace

from tests.support.reports import case, result
from xent_check.diagnosis.diagnosis import Diagnosis, Explanation
from xent_check.results.common_reason import common_reason
from xent_check.results.report import CaseResult


def named(*explanations: str, conduct: tuple[str, ...] = ()) -> CaseResult:
    """A divergence with these explanations, two ids joined by +."""
    reasons, found = (
        tuple(Explanation(tuple(ids.split("+")), {}, ids, 0.0, 1.0) for ids in names)
        for names in (explanations, conduct)
    )
    diagnosis = Diagnosis(reasons, (), 1, 0.0, conduct=found)
    return replace(result(case("a"), "mine", "diverges"), diagnosis=diagnosis)


def said(*results: CaseResult) -> tuple[str, int, int] | None:
    reason = common_reason(results)
    if reason is None:
        return None
    return "+".join(reason.explanation.ids), reason.explained, reason.results


def test_what_most_cases_name_is_the_reason_though_it_is_never_the_first() -> None:
    one, two, three = named("a", "z"), named("b", "z"), named("c", "z")
    assert said(one, two, three) == ("z", 3, 3)


def test_of_two_named_as_often_the_one_further_to_the_front_is_it() -> None:
    assert said(named("x", "a"), named("b", "a"), named("b")) == ("b", 2, 3)


def test_of_two_named_alike_the_sooner_is_it() -> None:
    assert said(named("b"), named("a")) == ("b", 1, 2)


def test_two_at_once_are_one_reason_whatever_their_order() -> None:
    assert said(named("a"), named("b+c"), named("c+b")) == ("b+c", 2, 3)


def test_what_a_further_check_found_comes_after_what_gives_the_numbers() -> None:
    departs = named(conduct=("row-dependent",))
    assert said(departs, departs, named("a", conduct=("row-dependent",))) == ("a", 1, 3)
    assert said(departs, departs) == ("row-dependent", 2, 2)


def test_where_nothing_is_named_there_is_none() -> None:
    assert said(named(), replace(named("a"), diagnosis=None)) is None
    assert said() is None


def in_float16() -> CaseResult:
    one = named("dtype")
    assert one.diagnosis is not None
    (said,) = one.diagnosis.explanations
    vague = replace(said, parameters={"which": "float16", "where": "computation"})
    return replace(one, diagnosis=replace(one.diagnosis, explanations=(vague,)))


def test_a_precision_comes_after_a_reason_that_gives_the_numbers_of_two_cases() -> None:
    assert said(in_float16(), in_float16(), named("a"), in_float16()) == ("dtype", 3, 4)
    assert said(in_float16(), in_float16(), named("a"), named("a"), in_float16()) == ("a", 2, 5)
    assert said(named("a"), named("a"), *[named("dtype")] * 3) == ("dtype", 3, 5)  # it gives them
