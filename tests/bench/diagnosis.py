"""How often the diagnosis names the true reason of an observed number, and how often a wrong one.

    python -m tests.bench.diagnosis [--strays N] [-v]

Top-1 and top-3 accuracy over tests/observed, by what was given: losses or a total alone. Then
stray numbers, which come from no hypothesis, and traps for whoever solves values from numbers: each
explanation of one is a wrong answer. Exits 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.observed import (
    Known,
    bounds_of,
    diagnosed,
    known,
    known_gradients,
    observed,
    place,
    problem_of,
)
from xent_check.diagnosis.diagnosis import Diagnosis, diagnose
from xent_check.diagnosis.losses import losses_of, meaning_of, total_of
from xent_check.problem.problem import Problem

FILES = ("published.yaml", "frameworks.yaml", "options.yaml", "combined.yaml")
TARGETS = {"losses": 0.97, "total": 0.9}
Floats = npt.NDArray[np.float64]
DIGITS = (3, 4, 5, 6, 7, 8, 10)


@dataclass(frozen=True)
class Score:
    """Of `count` observations, how many have their reason first, and among the first three."""

    count: int
    first: int
    third: int

    @property
    def top_1(self) -> float:
        return self.first / self.count

    @property
    def top_3(self) -> float:
        return self.third / self.count


def main() -> int:
    """Measure, print the table and what is wrong, and say whether each target holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.diagnosis", description=__doc__)
    parser.add_argument("--strays", type=int, default=200, help="stray numbers [default: 200]")
    parser.add_argument("-v", action="store_true", help="show every answer that is not the first")
    arguments = parser.parse_args()
    items = [item for file in FILES for item in known(file)]
    start = time.perf_counter()
    answers = [(item, diagnosed(item)) for item in items]
    seconds = time.perf_counter() - start
    missed = False
    for kind, target in TARGETS.items():
        result = score(answers, kind)
        verdict = "holds" if result.top_1 >= target else "MISSED"
        missed |= result.top_1 < target
        print(
            f"{kind:<7} {result.count:4}  top-1 {result.top_1:6.1%}  top-3 {result.top_3:6.1%}"
            f"  at least {target:.0%} first  {verdict}"
        )
    gradients = known_gradients()
    share = sum(one.right for one in gradients) / len(gradients)
    verdict = "holds" if share >= TARGETS["losses"] else "MISSED"
    missed |= share < TARGETS["losses"]
    print(f"gradient {len(gradients):3}  top-1 {share:6.1%}  {verdict}")
    wrong = []
    for name, asked in (("strays", strays), ("traps", traps)):
        explained = [(text, a) for text, a in asked(arguments.strays) if a.explained]
        verdict = "MISSED" if explained else "holds"
        print(f"{name:<7} {arguments.strays:4}  explained {len(explained)}  none  {verdict}")
        wrong += explained
    print(f"{1000 * seconds / len(items):.0f} ms for each of {len(items)} observations")
    if arguments.v:
        for item, answer in answers:
            if place(item, answer) != 0:
                accepted = " or ".join("+".join(sorted(ids)) for ids in item.ids)
                print(f"\n{item.name}\n  is {accepted}; {_told(answer)}")
        for name, answer in wrong:
            print(f"\nstray {name}: {_told(answer)}")
    return int(missed or bool(wrong))


def score(answers: list[tuple[Known, Diagnosis]], kind: str) -> Score:
    """The accuracy over the losses, or over the totals."""
    asked = [(i, d) for i, d in answers if (i.kind == "losses") == (kind == "losses")]
    places = [place(item, diagnosis) for item, diagnosis in asked]
    first = sum(found == 0 for found in places)
    return Score(len(places), first, sum(found is not None and found < 3 for found in places))


def strays(count: int, seed: int = 0) -> Iterator[tuple[str, Diagnosis]]:
    """Numbers near the truth that come from no hypothesis, printed with few digits and many.

    Losses: each its own distance away, or one of them alone; a total: one number.
    """
    random = np.random.RandomState(seed)
    for index in range(count):
        problem = _stray_problem(random, index)
        losses = losses_of(meaning_of(problem))
        digits = DIGITS[index % len(DIGITS)]
        if index % 3 == 0:
            kind, true = "losses", losses
        else:
            kind, true = "mean", np.array([total_of(meaning_of(problem), losses)])
        numbers = true * np.exp(_away(random, true.size))
        if kind == "losses" and index % 2:
            numbers = np.where(np.arange(true.size) == random.randint(true.size), numbers, true)
        text = " ".join(f"{number:#.{digits}g}" for number in numbers)
        seen = observed(problem, kind, text)
        if (np.abs(seen.values - true) <= 2 * seen.units).all():  # the truth, in so few digits
            continue
        yield f"{problem.loss} {kind} {text}", diagnose(problem, seen, bounds_of(problem))


def traps(count: int, seed: int = 1) -> Iterator[tuple[str, Diagnosis]]:
    """Losses that an option almost gives: all samples but one; two samples, each by another value
    of it; every label by a weight of its own, once. They come from no hypothesis."""
    random = np.random.RandomState(seed)
    kinds = (_all_but_one, _two_values, _every_label_once)
    for index in range(count):
        problem, numbers = kinds[index % len(kinds)](random)
        text = " ".join(f"{number:#.{DIGITS[index % len(DIGITS)]}g}" for number in numbers)
        seen = observed(problem, "losses", text)
        name = f"{kinds[index % len(kinds)].__name__} {text}"
        yield name, diagnose(problem, seen, bounds_of(problem))


def _all_but_one(random: np.random.RandomState) -> tuple[Problem, Floats]:
    x, y = np.round(random.standard_normal((6, 4)) * 2, 2), random.randint(0, 4, 6)
    numbers = _with_option(random, x, y)
    at = random.randint(6)
    numbers[at] *= np.exp(_away(random, 1)[0])
    return _of(x, y), numbers


def _two_values(random: np.random.RandomState) -> tuple[Problem, Floats]:
    x, y = np.round(random.standard_normal((2, 4)) * 2, 2), random.randint(0, 4, 2)
    return _of(x, y), np.concatenate([_with_option(random, x[:1], y[:1]) for _ in range(2)])


def _every_label_once(random: np.random.RandomState) -> tuple[Problem, Floats]:
    x, y = np.round(random.standard_normal((5, 5)) * 2, 2), random.permutation(5)
    return _of(x, y), _cross_entropy(x, y) * np.exp(_away(random, 5))


def _of(logits: Floats, labels: Any) -> Problem:
    return problem_of({"loss": "sparse_categorical", "logits": logits, "labels": labels})


def _cross_entropy(x: Floats, y: Any) -> Floats:
    log_p = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    return np.asarray(-log_p[np.arange(len(y)), y])


def _with_option(random: np.random.RandomState, x: Floats, y: Any) -> Floats:
    """The losses by one of five options, with a value at random."""
    value, plain = random.uniform(0.2, 0.8), _cross_entropy(x, y)
    match random.randint(5):
        case 0:
            every = [_cross_entropy(x, np.full(len(y), c)) for c in range(x.shape[1])]
            return np.asarray((1 - value) * plain + value * np.mean(every, axis=0))
        case 1:
            return _cross_entropy(x * value, y)
        case 2:
            return np.asarray(plain + value * np.log(np.exp(x).sum(axis=1)) ** 2)
        case 3:
            return np.asarray(plain * (1 - np.exp(-plain)) ** (4 * value))
        case _:
            return np.asarray(plain * value)


def _away(random: np.random.RandomState, size: int) -> Floats:
    """Logarithms of ratios to the truth: from 2% to a factor of 2, either way."""
    return np.asarray(random.choice([-1, 1], size) * random.uniform(0.02, 0.7, size))


def _stray_problem(random: np.random.RandomState, index: int) -> Problem:
    count, n = int(random.randint(2, 6)), int(random.randint(2, 7))
    logits = np.round(random.standard_normal((count, n)) * 2, 2)
    labels = random.randint(0, n, count)
    probs = np.round(random.uniform(0.05, 0.98, (count, n)), 2)
    weights = np.round(random.uniform(0.2, 3, n), 1)
    forms: list[dict[str, object]] = [
        {"loss": "sparse_categorical", "logits": logits, "labels": labels},
        {"loss": "sparse_categorical", "logits": logits, "labels": labels, "label_smoothing": 0.1},
        {"loss": "sparse_categorical", "logits": logits, "labels": labels, "class_weight": weights},
        {"loss": "sparse_categorical", "probs": probs, "labels": labels, "normalize": False},
        {"loss": "categorical", "logits": logits, "labels": np.eye(n)[labels]},
        {"loss": "binary", "logits": logits, "labels": np.eye(n)[labels]},
        {"loss": "binary", "probs": probs, "labels": np.eye(n)[labels]},
    ]
    return problem_of(forms[(index // 7) % len(forms)])


def _told(answer: Diagnosis) -> str:
    shown = answer.explanations or answer.closest
    words = "said" if answer.explained else "explained by nothing; closest"
    told = ", ".join("+".join(e.ids) + f" {e.parameters}" for e in shown[:4])
    return f"{words} {told} (by chance {answer.by_chance:.2g})"


if __name__ == "__main__":
    sys.exit(main())
