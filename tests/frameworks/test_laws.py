"""The laws of cross-entropy, for every framework through its own worker process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.support.laws import LAWS, Trial
from xent_check.implementations.names import parse, why_missing
from xent_check.problem.evaluation import Computed, Evaluation, Unsupported
from xent_check.problem.vocabulary import DType
from xent_check.workers.pool import Pool
from xent_check.workers.wire import encode_problem
from xent_check.workers.worker import Request

pytestmark = pytest.mark.long

NAMES = ("keras", "tf", "torch", "jax", "optax")
DTYPES: tuple[DType, ...] = ("float32", "float64")
SEEDS = (0, 1, 2)

# What does not hold today, and why. It must keep failing to hold.
BROKEN: dict[tuple[str, str], str] = {
    ("optax", "adding 1024 to all logits changes nothing"): (
        "the integer-label loss subtracts the label's logit from the log-sum-exp, which is as large"
    ),
}


@dataclass(frozen=True)
class Key:
    """Which problem of which trial."""

    name: str
    law: str
    dtype: DType
    trial: int
    problem: int


def trials(law: str, dtype: DType) -> list[Trial]:
    """A law's trials, the same on every call."""
    (found,) = (one for one in LAWS if one.name == law)
    return [trial for seed in SEEDS for trial in found.trials(np.random.RandomState(seed), dtype)]


@pytest.fixture(scope="module")
def answers() -> Mapping[Key, Evaluation]:
    """Every framework's answer to every problem, each framework in one process."""
    implementations = [i for i in map(parse, NAMES) if why_missing(i) is None]
    with Pool[Key](implementations, None) as pool:
        requests = []
        for law in LAWS:
            for dtype in DTYPES:
                for t, trial in enumerate(trials(law.name, dtype)):
                    for p, problem in enumerate(trial.problems):
                        message = encode_problem(problem, Path(pool.folder.name))
                        for i in implementations:
                            request = Request(i.entry.module, i.mode, i.device, message)
                            requests.append((i, Key(i.name, law.name, dtype, t, p), request))
        pool.submit(requests, timeout=120)
        return dict(pool.answers())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("law", [law.name for law in LAWS], ids=lambda name: name.replace(" ", "-"))
@pytest.mark.parametrize("name", NAMES)
def test_the_law_holds(
    name: str, law: str, dtype: DType, answers: Mapping[Key, Evaluation]
) -> None:
    if why_missing(parse(name)) is not None:
        pytest.fail(f"{name} is not installed: these tests need every framework")
    breaches, tried, refusals = [], 0, set()
    for t, trial in enumerate(trials(law, dtype)):
        given = [answers[Key(name, law, dtype, t, p)] for p in range(len(trial.problems))]
        refused = [a.reason for a in given if isinstance(a, Unsupported)]
        if refused:
            refusals.update(refused)
            continue
        tried += 1
        computed = [a for a in given if isinstance(a, Computed)]
        assert len(computed) == len(given), given
        wrong = trial.holds(computed)
        if wrong is not None:
            breaches.append(wrong)
    if not tried:
        pytest.skip("; ".join(sorted(refusals)))
    if (name, law) in BROKEN:
        assert breaches, f"it holds now, take it out of BROKEN: {BROKEN[name, law]}"
    else:
        assert breaches == []
