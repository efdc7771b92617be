"""What is said of why a mutant is wrong is right: each has its reasons in the table, read off its
code before any diagnosis of it was looked at."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

import pytest

from xent_check.casefile.field_types import HYPOTHESIS_IDS
from xent_check.casefile.loading import Filter, PosedCase, load
from xent_check.results.departure import MEANINGS
from xent_check.search.mutants.mutant import Mutant
from xent_check.search.mutants.table import MUTANTS, RIGHT
from xent_check.search.mutate import Fate, mutate

# Of these another reason, or none, explains most of the cases that catch them.
UNTOLD: dict[str, str] = {}
AT_FULL = {"sum-of-exps-overflows-float16"}  # no case of level quick has what it needs


def test_every_mutant_has_a_reason_that_explain_can_name() -> None:
    known = {*HYPOTHESIS_IDS, *MEANINGS}
    for mutant in MUTANTS:
        assert mutant.reasons, mutant.id
        assert {one for text in mutant.reasons for one in text.split("+")} <= known, mutant.id


def is_right(fate: Fate) -> bool:
    """Whether the reason that is named is one of the mutant's."""
    reason = fate.reason
    if reason is None:
        return False
    return frozenset(reason.explanation.ids) in {
        frozenset(t.split("+")) for t in fate.mutant.reasons
    }


def fates_of(mutants: Sequence[Mutant], cases: Sequence[PosedCase]) -> tuple[Fate, ...]:
    bases = {mutant.made_from for mutant in mutants}
    return mutate(cases, mutants, [one for one in RIGHT if one.id in bases]).fates


def told_wrong(fates: Sequence[Fate]) -> dict[str, tuple[str, ...]]:
    """The mutants of which the wrong reason is named, with that; or none, or that slip through."""
    return {
        fate.mutant.id: () if fate.reason is None else fate.reason.explanation.ids
        for fate in fates
        if not is_right(fate)
    }


@pytest.mark.long
def test_the_reason_of_every_mutant_is_right() -> None:
    asked = [m for m in MUTANTS if m.kernel is not None and m.id not in AT_FULL]
    wrong = told_wrong(fates_of(asked, load(("corpus:conformance",), Filter())))
    assert set(wrong) == set(UNTOLD), wrong


@pytest.mark.long
@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
def test_the_reason_of_every_mutant_of_torch_is_right() -> None:
    asked = [m for m in MUTANTS if m.framework == "torch"]
    assert told_wrong(fates_of(asked, load(("corpus:conformance",), Filter()))) == {}


@pytest.mark.long
def test_the_reason_of_a_mutant_that_level_full_alone_catches_is_right() -> None:
    asked = [m for m in MUTANTS if m.id in AT_FULL]
    cases = load(("corpus:conformance/class_counts.yaml",), Filter(level="full"))
    assert told_wrong(fates_of(asked, cases)) == {}
