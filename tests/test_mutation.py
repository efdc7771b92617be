"""What `python -m tests.mutation` plants: small changes of decisions, one sample to a seed."""

from __future__ import annotations

from pathlib import Path

import pytest

import xent_check
from tests.mutation.__main__ import chosen
from tests.mutation.deciders import DECIDERS
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import compiles, functions_by_line, mutants_of
from tests.support.sources import source_file

PACKAGE = Path(xent_check.__file__).parent
SOURCES = {m: source_file(PACKAGE, m).read_text(encoding="utf-8") for m in DECIDERS}


def planted(line: str) -> set[str]:
    """What becomes of a line of a function."""
    source = f"def f(a, b, c):\n    {line}\n"
    mutants = mutants_of("m", source)
    assert all(m.function == "f" and m.line == 2 for m in mutants)
    return {m.shown(source)[1] for m in mutants}


@pytest.mark.parametrize(
    ("line", "changed"),
    [
        ("return a < b", {"return a <= b", "return a >= b", "return None"}),
        ("return a is not b", {"return a is b", "return None"}),
        ("c = a * b - 2", {"c = a / b - 2", "c = a * b + 2", "c = a * b - 3", "c = a * b - 1"}),
        ("c = a and b", {"c = a or b", "c = (a)", "c = (b)"}),
        ("c = not a", {"c = a"}),
        ("c = f(a, b)", {"c = f(b, a)"}),
        ("c = max(a, b)", {"c = min(a, b)"}),
        ("c = a if b else c", {"c = (a)", "c = (c)", "c = a if not (b) else c"}),
        ("a.append(b)", {"pass"}),
        ("a += b", {"pass"}),
        ("c = [x for x in a if b]", {
            "c = [x for x in () if b]", "c = [x for x in a if True]",
            "c = [x for x in a if not (b)]",
        }),
        ("c = a.sum(axis=b)", {"c = a.sum()"}),
        ("c = 0.5", {"c = 1.5", "c = 1.0"}),
        ("c = 0.0", {"c = 1.0"}),
        ("c: int | None = a", set()),
        ("c = f'{a + b}'", set()),
        ("raise ValueError(a + b)", {"pass"}),
        ('c = "a < b"', set()),
    ],
)  # fmt: skip
def test_what_is_planted(line: str, changed: set[str]) -> None:
    assert planted(line) == changed


def test_columns_are_characters_where_the_line_has_others_than_ascii() -> None:
    assert "c = f('—', b + 1)" in planted("c = f('—', b - 1)")


def test_a_line_belongs_to_the_innermost_function() -> None:
    source = "A = 1\nclass C:\n    def m(self, a=2):\n        def inner():\n            pass\n"
    assert functions_by_line(source) == {4: "C.m", 5: "C.m.inner"}


@pytest.mark.long
def test_a_seed_gives_one_sample() -> None:
    (first, _), (again, _), (other, _) = (chosen(SOURCES, 40, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert all(compiles(mutant.applied(SOURCES[mutant.module])) for mutant in first)


def test_what_is_said_to_change_nothing_can_still_be_planted() -> None:
    found = {
        (module, *mutant.shown(source))
        for module, source in SOURCES.items()
        for mutant in mutants_of(module, source)
    }
    assert set(EQUIVALENT) <= found
    assert all(EQUIVALENT.values())
