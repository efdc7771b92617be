"""The table of options: every list of options is made from it, and what must be told says so."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import fields
from pathlib import Path

import pytest

from tests.support.options_page import page
from xent_check.casefile.case import CaseFields
from xent_check.diagnosis import losses as meaning
from xent_check.implementations.table import CUSTOM, IMPLEMENTATIONS
from xent_check.problem.options import ARRAYS, CALLED, OPTIONS, Options, refuse_unknown
from xent_check.problem.problem import Inputs, Problem
from xent_check.reference import bounds, reference
from xent_check.results import vacuity

ROOT = Path(__file__).parents[2]
KEYS = {option.key for option in OPTIONS}
GIVERS = {
    "reference": reference.KNOWN,
    "bounds": bounds.KNOWN,
    "vacuity": vacuity.KNOWN,
    "meaning": meaning.KNOWN,
}


@pytest.mark.parametrize("known", GIVERS.values(), ids=list(GIVERS))
def test_what_computes_gives_a_meaning_to_every_option(known: Collection[str]) -> None:
    assert set(known) == KEYS


def test_an_option_that_has_no_meaning_is_refused_where_it_is_set() -> None:
    options = Options(ignore_index=0, label_smoothing=0.25, gradient=True)
    refuse_unknown(options, {"ignore_index", "label_smoothing", "check"}, "the test")
    with pytest.raises(NotImplementedError, match=r"^the test gives no meaning to ignore_index$"):
        refuse_unknown(options, {"label_smoothing", "check"}, "the test")
    with pytest.raises(NotImplementedError, match=r"to ignore_index, label_smoothing, check$"):
        refuse_unknown(options, (), "the test")
    refuse_unknown(Options(), (), "the test")


def test_what_the_reference_alone_reads_needs_no_support() -> None:
    """`normalize` is the reference's, `layout` is about memory; a total, a gradient and its
    cotangent ask for more."""
    others = {option.key for option in OPTIONS} - {option.key for option in CALLED}
    assert others == {"normalize", "layout", "reduction", "check", "cotangent"}


def test_a_problem_has_its_inputs_and_then_the_table() -> None:
    inputs, options = ([field.name for field in fields(of)] for of in (Inputs, Options))
    assert [field.name for field in fields(Problem)] == inputs + options
    assert options == [name for option in OPTIONS for name in option.defaults]


def test_an_array_has_one_name() -> None:
    assert [option.name for option in OPTIONS if option.key in ARRAYS] == list(ARRAYS)


def test_a_case_has_the_keys_of_the_table_side_by_side() -> None:
    keys = list(CaseFields.model_fields)
    start = keys.index(OPTIONS[0].key)
    assert keys[start : start + len(OPTIONS)] == [option.key for option in OPTIONS]


@pytest.mark.parametrize("name", [*IMPLEMENTATIONS, "your own"])
def test_an_implementation_supports_options_of_the_table_where_they_apply(name: str) -> None:
    entry = IMPLEMENTATIONS.get(name, CUSTOM)
    by_key = {option.key: option for option in CALLED}
    for (loss, given), supported in entry.supports.items():
        assert supported <= set(by_key)
        assert all(by_key[key].applies(loss, given) for key in supported)


def test_no_two_options_share_a_name() -> None:
    inputs = [field.name for field in fields(Inputs)]
    names = [name for option in OPTIONS for name in (option.key, *option.synonyms)]
    assert len({*names, *inputs}) == len(names) + len(inputs)


def test_the_page_is_made_from_the_table() -> None:
    file = ROOT / "docs" / "options.md"
    if os.environ.get("UPDATE_EXPECTED"):
        file.write_text(page(), encoding="utf-8")
    assert file.read_text(encoding="utf-8") == page()
