"""Two options that a case does not have are found with both values, and none in numbers of one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.observed import bounds_of, observed, problem_of
from xent_check.diagnosis.diagnosis import Diagnosis, diagnose

RNG = np.random.RandomState(5)
LOGITS = np.round(RNG.standard_normal((8, 5)) * 2, 2)
LABELS = RNG.randint(0, 5, 8)
SPARSE = {"loss": "sparse_categorical", "logits": LOGITS, "labels": LABELS}


def losses(
    t: float = 1.0, e: float = 0.0, z: float = 0.0, cap: float = np.inf, gamma: float = 0.0
) -> Any:
    """By the formula of each option, in float64: (1 - e) -log p of the label and e of their mean,
    of cap tanh(x / t / cap); z lse^2; times (1 - p)^gamma."""
    x = LOGITS / t
    x = x if np.isinf(cap) else cap * np.tanh(x / cap)
    lse = np.log(np.exp(x).sum(axis=1))
    log_p = x - lse[:, None]
    own = -log_p[np.arange(8), LABELS]
    return ((1 - e) * own - e * log_p.mean(axis=1)) * (1 - np.exp(-own)) ** gamma + z * lse**2


def said(numbers: Any, digits: int = 6, of: Any = SPARSE) -> Diagnosis:
    problem = problem_of(of)
    text = " ".join(f"{number:#.{digits}g}" for number in numbers)
    return diagnose(problem, observed(problem, "losses", text), bounds_of(problem))


@pytest.mark.parametrize(
    ("numbers", "digits", "values"),
    [
        (losses(t=2, e=0.1), 5, {"temperature": 2.0, "epsilon": 0.1}),
        (losses(t=1.37, e=0.05), 7, {"temperature": 1.37, "epsilon": 0.05}),
        (losses(e=0.1, z=1e-3), 6, {"epsilon": 0.1, "z_loss": 1e-3}),
        (losses(cap=5, z=1e-2), 6, {"softcap": 5.0, "z_loss": 1e-2}),
        (losses(e=0.2) / 3, 6, {"factor": 1 / 3, "epsilon": 0.2}),
        (losses(gamma=2) * 0.3, 6, {"gamma": 2.0, "factor": 0.3}),
    ],
)
def test_two_options_are_found_with_their_values(
    numbers: Any, digits: int, values: dict[str, float]
) -> None:
    found = said(numbers, digits).explanations
    assert len(found) == 1
    assert len(found[0].ids) == 2
    assert found[0].parameters == pytest.approx(values, rel=1e-9)


def test_a_value_that_nobody_writes_is_found_to_its_digits() -> None:
    (found,) = said(losses(t=1.3742911, e=0.0871234), 8).explanations
    assert found.parameters["temperature"] == pytest.approx(1.3742911, rel=1e-5)
    assert found.parameters["epsilon"] == pytest.approx(0.0871234, rel=1e-4)


def test_two_options_beside_a_declared_one_that_has_another_value() -> None:
    of = {**SPARSE, "label_smoothing": 0.1}
    (found,) = said(losses(t=2, e=0.05), of=of).explanations
    assert found.parameters == pytest.approx({"temperature": 2.0, "epsilon": 0.05})


def test_one_number_that_does_not_fit_leaves_all_unexplained() -> None:
    numbers = losses(t=2, e=0.1)
    numbers[3] *= 1.01
    assert not said(numbers).explained


def test_a_second_option_does_not_mend_what_the_first_nearly_gives() -> None:
    """One loss of eight is off; few digits leave much room."""
    numbers = losses(t=2)
    numbers[2] += 0.05
    assert not said(numbers, digits=3).explained


def test_four_numbers_are_too_few_for_two_values() -> None:
    few = {**SPARSE, "logits": LOGITS[:4], "labels": LABELS[:4]}
    assert not said(losses(t=2, e=0.1)[:4], of=few).explained


@pytest.mark.long
def test_no_stray_numbers_are_two_options() -> None:
    """What two options nearly give: every loss its own share of 1% to 10% off, and strays."""
    random = np.random.RandomState(17)
    for index in range(60):
        e, t = random.uniform(0.05, 0.3), random.uniform(0.5, 3)
        away = np.exp(random.choice([-1, 1], 8) * random.uniform(0.01, 0.1, 8))
        numbers = losses(t=t, e=e) * away if index % 2 else losses() * away**4
        assert not said(numbers, 3 + index % 5).explained
