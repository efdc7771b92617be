"""The shipped suite against the mutants: `quick` catches nine of ten, `full` all, and neither flags
a right loss."""

from __future__ import annotations

from functools import cache

import pytest

from xent_check.casefile.loading import Filter, PosedCase, load
from xent_check.search.mutants.table import MUTANTS, RIGHT
from xent_check.search.mutate import Mutation, mutate

SUITE = ("corpus:conformance",)
IN_NUMPY = tuple(mutant for mutant in MUTANTS if mutant.kernel is not None)
RIGHT_IN_NUMPY = tuple(right for right in RIGHT if right.kernel is not None)


@cache
def quick() -> Mutation:
    return mutate(load(SUITE, Filter()), IN_NUMPY, RIGHT_IN_NUMPY)


def only_full() -> list[PosedCase]:
    cases = load(SUITE, Filter(level="full"))
    return [posed for posed in cases if posed.case.fields.level == "full"]


@pytest.mark.long
def test_quick_catches_nine_of_ten_mutants() -> None:
    mutation = quick()
    print(f"quick: {len(mutation.caught)} of {len(mutation.fates)}, {mutation.seconds:.1f} s")
    assert len(mutation.caught) >= 0.9 * len(mutation.fates)


@pytest.mark.long
def test_quick_flags_no_right_loss() -> None:
    assert [(r.implementation, r.case.id) for r in quick().flagged] == []


@pytest.mark.long
def test_full_catches_every_mutant_and_flags_no_right_loss() -> None:
    slipping = [fate.mutant for fate in quick().slipping]
    mutation = mutate(only_full(), slipping, RIGHT_IN_NUMPY)
    assert [fate.mutant.id for fate in mutation.slipping] == []
    assert [(r.implementation, r.case.id) for r in mutation.flagged] == []
