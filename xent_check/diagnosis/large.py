"""Diagnosis of large problems: some rows first, then what explains them on all rows, in parts.

Of losses, the rows that differ most say which changes are possible; each of these is held against
every row. What mixes rows, as another class axis does, is only found where it does so among those
rows; shifted labels are looked for by themselves. Of a total, what changes the losses is not tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from xent_check.problem.distance import distance
from xent_check.problem.dtypes import Float64s
from xent_check.problem.parts import VALUES, one_sample, parts, samples_at
from xent_check.problem.problem import Problem
from xent_check.reference.bounds import Bounds

from .candidates import AppliedChange, Candidate, applied, plain
from .diagnosis import Change, Diagnosis, Explanation, Observed, diagnose, in_another_precision
from .evidence import CHANCE, Evidence, evidence_of
from .hypotheses.table import HYPOTHESES
from .losses import meaning_of
from .meaning import Meaning

LARGE = 2**20  # scores, beyond which a problem is large
_SCORES = 2**17  # of the rows that are looked at first
_FEWEST, _MOST = 4, 256  # such rows
_HELD = 4  # explanations that are held against all rows
_MOVED = {"labels-shifted": 1, "labels-not-shifted": -1}

Index = npt.NDArray[np.intp]


def is_large(problem: Problem, observed: Observed) -> bool:
    """Whether losses of the samples are explained by some of their rows first."""
    of_samples = observed.reduction is None and observed.values.size == problem.kept.size
    return problem.values.size > LARGE and of_samples and observed.shape is None


def diagnose_any(
    problem: Problem, observed: Observed, bounds: Bounds, exact: Float64s
) -> Diagnosis:
    """As `diagnose`; of many scores by some of the rows first. exact: the exact losses."""
    if not is_large(problem, observed):
        return diagnose(problem, observed, bounds)
    rows = _Rows(problem, observed, bounds, exact.reshape(-1))
    far = rows.far()
    if not far.size:
        return rows.found_in(far[:0])
    first = rows.found_in(_looked_at(far, problem))
    # What gives all numbers of a few rows, but not clearly enough, may be clear from all rows.
    possible = [*first.explanations, *(one for one in first.closest if one.share_explained == 1)]
    steps = [one.applied for one in possible if one.applied][:_HELD]
    held = [rows.held(problem, each, first.tried) for each in steps]
    if not any(gives_all for _, gives_all in held):
        held += list(_moved(rows, far))
    good = tuple(one for one, gives_all in held if gives_all)
    if good:
        return replace(first, explanations=good, closest=(), distinguishing_input="")
    coarse = in_another_precision(rows.evidence, bounds, first.by_chance)[0]
    near = [*(one for one, _ in held), *first.closest]
    closest = sorted(near, key=lambda one: -one.share_explained)
    shown = () if coarse else tuple(closest[:3])
    return replace(first, explanations=tuple(coarse), closest=shown, distinguishing_input="")


def on_one_sample(
    problem: Problem, sample: int, steps: Sequence[AppliedChange]
) -> tuple[Meaning, Meaning | None]:
    """The meaning of one sample, given by its flat index, and the same after these steps; None
    where there are none, or one does not apply to a sample alone."""
    start = meaning_of(one_sample(problem, sample))
    changed = applied(steps, start) if steps else None
    return start, None if changed is None else changed.meaning


@dataclass(frozen=True, eq=False)
class _Rows:
    """The losses of a large problem beside the exact ones."""

    problem: Problem
    observed: Observed
    bounds: Bounds
    exact: Float64s

    @cached_property
    def evidence(self) -> Evidence:
        """Of all losses. Its truth has the numbers, but the meaning of the first sample alone."""
        one = meaning_of(one_sample(self.problem, 0))
        numbers = np.where(self.problem.kept.reshape(-1), self.exact, 0.0)
        truth = Candidate((), one, numbers, numbers, (numbers.size,))
        rounding = self.bounds.losses.reshape(-1)
        least = max(float(rounding.max(initial=0.0)), 4 * self.bounds.u)
        rounding = np.where(self.problem.kept.reshape(-1), rounding, least)
        return Evidence(replace(self.observed, shape=None), truth, rounding, self.bounds.u)

    def far(self) -> Index:
        """The flat places of the losses that differ, the furthest off first."""
        evidence = self.evidence
        off = evidence.residuals(evidence.truth.numbers)
        allowed = evidence.allowed(evidence.truth.numbers)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(off == 0, 0.0, off / allowed)
        order = np.argsort(-ratio, kind="stable")
        return np.asarray(order[: np.count_nonzero(ratio > 1)])

    def at(self, places: Index, problem: Problem | None = None) -> tuple[Problem, Observed, Bounds]:
        """Some of the samples as a problem, with what was observed and its bounds."""
        observed, bounds = self.observed, self.bounds
        some = replace(
            bounds, losses=bounds.losses.reshape(-1)[places], totals={}, gradient=None, terms={}
        )
        seen = Observed(observed.values[places], observed.units[places], None)
        return samples_at(problem or self.problem, places), seen, some

    def found_in(self, places: Index) -> Diagnosis:
        """The diagnosis of some samples; of the first where there are none."""
        return diagnose(*self.at(places if places.size else np.array([0])))

    def held(
        self, problem: Problem, steps: Sequence[AppliedChange], tried: int
    ) -> tuple[Explanation, bool]:
        """What the steps explain of all losses, and whether they give every one, and hardly by
        chance. problem: whose samples they are applied to; tried: how many changes were."""
        evidence = self.evidence
        numbers = np.full(self.exact.shape, np.nan)
        last: Candidate | None = None
        for samples, part in parts(problem, VALUES):
            candidate = applied(steps, meaning_of(part))
            if candidate is not None and candidate.losses.size == numbers[samples].size:
                numbers[samples], last = candidate.losses, candidate
        off = distance(self.observed.values, numbers)
        agreeing = off <= evidence.allowed(numbers)
        share = float(agreeing[evidence.differing].mean())
        shown = last or plain(meaning_of(one_sample(problem, 0)), False)
        explanation = Explanation(
            shown.ids, shown.parameters, shown.sentence, float(off.max(initial=0.0)), share,
            steps=tuple(Change(step.hypothesis.id, step.sentence) for step in steps),
            applied=tuple(steps),
        )  # fmt: skip
        whole = Candidate(shown.steps, shown.meaning, numbers, numbers, (numbers.size,))
        by_chance = tried * evidence.chance_of(whole)
        return explanation, bool(agreeing.all()) and by_chance <= CHANCE


def _looked_at(far: Index, problem: Problem) -> Index:
    """The rows to look at first: the furthest off, others evenly among all that differ, and two
    that do not."""
    n = 1 if problem.loss == "binary" else problem.num_classes
    count = int(np.clip(_SCORES // n, _FEWEST, _MOST))
    spread = far[np.linspace(far.size - 1, 0, count).astype(np.intp)]
    right = np.setdiff1d(np.arange(problem.kept.size), far)[:2]
    return np.unique(np.concatenate([far[: -(-count // 2)], spread[: count // 2], right]))


def _moved(rows: _Rows, far: Index) -> Iterator[tuple[Explanation, bool]]:
    """Labels that are shifted once too often, or not at all, where they give all losses."""
    problem = rows.problem
    if problem.loss != "sparse_categorical" or problem.labels.ndim < 1:
        return
    for name, by in _MOVED.items():
        moved = replace(problem, labels=np.roll(problem.labels, -by, axis=-1))
        part, seen, some = rows.at(far[:_FEWEST], moved)
        start = meaning_of(part)
        evidence = evidence_of(seen, some, plain(start, False))
        if not evidence.differing.any():
            held, gives_all = rows.held(moved, (), len(HYPOTHESES))
            hypothesis = next(one for one in HYPOTHESES if one.id == name)
            words = {"rest": "the one left over comes in at the other end"}
            sentence = hypothesis.sentence.format(**words)
            yield replace(held, ids=(name,), parameters=words, sentence=sentence), gives_all
