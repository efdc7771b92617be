"""The mutants in PyTorch, each asked in a worker."""

from __future__ import annotations

import pytest

from xent_check.casefile.loading import Filter, load
from xent_check.search.mutants.of_torch.table import COMPILED, MUTANTS_OF_TORCH, RIGHT_OF_TORCH
from xent_check.search.mutate import mutate


@pytest.mark.long
def test_the_suite_catches_each_of_them_and_flags_no_right_one() -> None:
    cases = load(("corpus:conformance",), Filter())
    mutation = mutate(cases, MUTANTS_OF_TORCH, RIGHT_OF_TORCH)
    assert [fate.mutant.id for fate in mutation.slipping] == []
    assert [(r.implementation, r.case.id) for r in mutation.flagged] == []


@pytest.mark.long
def test_what_torch_compiles_is_right() -> None:
    """On few cases: each new program takes a minute on two busy cores."""
    cases = load(("corpus:conformance/confident.yaml",), Filter(("float32",)))[:1]
    mutation = mutate(cases, MUTANTS_OF_TORCH[:1], (*RIGHT_OF_TORCH, COMPILED))
    assert mutation.flagged == ()
    assert COMPILED in mutation.right
