"""What `explain` says of the mutants is right: each has its reasons in the table, read off its code
before any diagnosis of it was looked at."""

from __future__ import annotations

import numpy as np
import pytest

from xent_check.casefile.field_types import HYPOTHESIS_IDS
from xent_check.casefile.loading import Filter, load
from xent_check.results.departure import MEANINGS
from xent_check.search.mutants.table import MUTANTS, RIGHT
from xent_check.search.mutate import Fate, mutate

# Their first reason is another one, on the smallest case that catches them.
UNTOLD = {
    "sum-of-exps-in-16-bits": "three exps in float16: any arithmetic in float16 gives as much",
    "gradient-summed-in-16-bits": "within what the bound of a float16 gradient itself allows",
    "tail-read-whole": "with one class, 7 more of it are every class 8 times",
    "first-cotangent": "the first cotangent is 1: leaving the cotangent out is the same",
}
# No id says what they do: a label outside the last tile gives inf, or memory is read in order.
WITHOUT = {
    "sentinel-in-padding", "scores-read-in-order", "sequences-read-in-order",
    "labels-read-in-order", "cotangent-read-in-order", "torch-grad-output-in-order",
}  # fmt: skip


def test_every_mutant_has_a_reason_that_explain_can_name() -> None:
    known = {*HYPOTHESIS_IDS, *MEANINGS}
    for mutant in MUTANTS:
        assert {one for text in mutant.reasons for one in text.split("+")} <= known, mutant.id
    assert {mutant.id for mutant in MUTANTS if not mutant.reasons} <= WITHOUT


def is_finite(fate: Fate) -> bool:
    """Whether the numbers that catch it are finite, or a further check does."""
    assert fate.caught is not None
    comparison = fate.caught.comparison
    assert comparison is not None
    parts = [comparison.losses, *comparison.totals.values()]
    if not any(part.diverging for part in parts) and comparison.gradient is not None:
        parts = [comparison.gradient]
    return all(bool(np.isfinite(part.actual).all()) for part in parts if part.diverging)


def is_right(fate: Fate) -> bool:
    """Whether the first reason is one of the mutant's."""
    diagnosis = fate.caught.diagnosis if fate.caught is not None else None
    if diagnosis is None or not diagnosis.reasons:
        return False
    said = frozenset(diagnosis.reasons[0].ids)
    return said in {frozenset(text.split("+")) for text in fate.mutant.reasons}


@pytest.mark.long
def test_the_first_reason_of_a_mutant_that_finite_numbers_catch_is_right() -> None:
    asked = tuple(m for m in MUTANTS if m.kernel is not None and m.reasons)
    bases = {mutant.made_from for mutant in asked}
    right = tuple(one for one in RIGHT if one.id in bases)
    fates = mutate(load(("corpus:conformance",), Filter()), asked, right).caught
    finite = [fate for fate in fates if is_finite(fate)]
    wrong = {fate.mutant.id for fate in finite if not is_right(fate)}
    others = [fate for fate in fates if fate not in finite]
    print(
        f"the first reason is right for {len(finite) - len(wrong)} of {len(finite)} that finite "
        f"numbers catch, and for {sum(map(is_right, others))} of {len(others)} others"
    )
    assert wrong <= set(UNTOLD)
    assert len(finite) >= 70
