"""Random problems of every option, an oracle in mpmath, every framework under `tolerance: auto`.

No framework diverges on a loss, a total or an entry of a gradient where that is not declared in
declared.py. XENT_CHECK_PROBLEMS=5000 makes the long run (half an hour of two cores; with -s it
prints the largest share of the bound that each implementation comes to); the default takes a
minute.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.frameworks.declared import ERRORS, EVERYONE, KNOWN, declared
from tests.support.random_problems import oracle, problem
from xent_check.implementations.names import parse
from xent_check.problem.evaluation import Computed, Evaluation, Failed, Unsupported
from xent_check.problem.problem import Problem
from xent_check.reference.bounds_inside import inside_float32
from xent_check.reference.reference import Reference
from xent_check.results.comparison import Comparison, compare
from xent_check.workers.pool import Pool
from xent_check.workers.wire import encode_problem
from xent_check.workers.worker import Request

pytestmark = pytest.mark.long
COUNT = int(os.environ.get("XENT_CHECK_PROBLEMS", "150"))
BATCH = 500
ALL = (*EVERYONE, "optax", "manual", "stable")
Key = tuple[str, int]  # whose answer, to the problem of which seed


@dataclass
class Found:
    """What became of the answers. wrong: where a divergence is not declared, in words."""

    wrong: list[str] = field(default_factory=list)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    numbers: Counter[tuple[str, str]] = field(default_factory=Counter)
    shares: dict[tuple[str, str], float] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)


def batches() -> Iterator[Mapping[Key, Evaluation]]:
    """Every implementation's answer to every problem, through its own worker process."""
    implementations = [parse(name) for name in ALL]
    with Pool[Key](implementations, None, keep=True) as pool:
        for start in range(0, COUNT, BATCH):
            requests = []
            for seed in range(start, min(start + BATCH, COUNT)):
                message = encode_problem(problem(seed), Path(pool.folder.name))
                for i in implementations:
                    request = Request(i.entry.module, i.mode, i.device, message)
                    requests.append((i, (i.name, seed), request))
            pool.submit(requests, timeout=120)
            yield dict(pool.answers())


@pytest.fixture(scope="module")
def found() -> Found:
    made = Found()
    for answers in batches():
        for seed in sorted({seed for _, seed in answers}):
            subject = problem(seed)
            exact, bounds = oracle(subject)
            for name in ALL:
                answer = answers[name, seed]
                made.answers[name, type(answer).__name__] += 1
                if isinstance(answer, Computed):
                    held = bounds
                    if parse(name).computes_in_float32(subject):
                        held = inside_float32(subject, exact, bounds)
                    comparison = compare(answer, exact, "auto", None, held)
                    _look(made, name, seed, subject, exact, comparison)
                elif isinstance(answer, Failed):
                    _look_at_error(made, name, seed, answer)
                else:
                    assert isinstance(answer, Unsupported)
    return made


def _look(
    made: Found, name: str, seed: int, subject: Problem, exact: Reference, comparison: Comparison
) -> None:
    for part, difference in comparison.by_reference.items():
        kind = part if part in ("losses", "gradient") else "totals"
        known = declared(name, part, subject, exact)
        made.numbers[name, kind] += difference.size
        diverging = ~difference.agrees
        made.used |= {
            rule.because
            for rule in KNOWN
            if diverging.any()
            and name in rule.names
            and (declared(name, part, subject, exact, (rule,)) & diverging).any()
        }
        wrong = np.argwhere(diverging & ~known)
        if len(wrong):
            at = tuple(int(i) for i in wrong[0])
            made.wrong.append(
                f"{name} on problem {seed}, {part}{list(at)}: {difference.actual[at]!r}, exactly "
                f"{difference.target[at]!r}, allowed {difference.allowed[at]:.3g}; {subject}"
            )
        agreeing = difference.agrees & ~known & (difference.allowed > 0)
        if agreeing.any():
            share = float((difference.abs_diff[agreeing] / difference.allowed[agreeing]).max())
            made.shares[name, kind] = max(share, made.shares.get((name, kind), 0.0))


def _look_at_error(made: Found, name: str, seed: int, failed: Failed) -> None:
    for of, text, because in ERRORS:
        if of == name and text in failed.message:
            made.used.add(because)
            return
    made.wrong.append(f"{name} on problem {seed}: {failed.message}")


@pytest.mark.parametrize("name", EVERYONE)
def test_no_divergence_is_undeclared(name: str, found: Found) -> None:
    print(f"{name}: {COUNT} problems, answers {found.answers}, numbers {found.numbers}")
    print({key: round(share, 3) for key, share in found.shares.items() if key[0] == name})
    assert found.answers[name, "Computed"] > COUNT / 5
    assert [text for text in found.wrong if text.startswith(f"{name} on")] == []


@pytest.mark.parametrize("name", EVERYONE)
def test_the_bound_is_one(name: str, found: Found) -> None:
    """Something comes near it: a bound that nothing comes near would say nothing."""
    for kind in ("losses", "gradient", "totals"):
        assert 0.1 < found.shares[name, kind] <= 1


def test_what_is_declared_happens(found: Found) -> None:
    """All of it in the long run; in the short one, most."""
    reasons = {rule.because for rule in KNOWN} | {because for _, _, because in ERRORS}
    unused = reasons - found.used
    assert not unused if COUNT >= 5000 else len(unused) < len(reasons) / 2
