"""Diagnosis of large problems: some rows first, then what explains them on all rows, in parts.

Of losses, the rows that differ most say which changes are possible; each of these is held against
every row. What mixes rows, as another class axis does, is only found where it does so among those
rows; shifted labels are looked for by themselves. A total does not say which rows differ: every
change alone is tried on all scores at once, in several times the memory of their float64 copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import Float64s
from xent_check.problem.parts import VALUES, one_sample, parts, samples_at
from xent_check.problem.problem import Problem
from xent_check.reference.bounds import Bounds

from .candidates import AppliedChange, Candidate, applied, candidate_of
from .diagnosis import Diagnosis, Explanation, Observed, diagnose, in_another_precision
from .evidence import CHANCE, Evidence, evidence_of
from .hypotheses.table import HYPOTHESES
from .losses import meaning_of, sample_losses
from .meaning import Meaning

LARGE = 2**20  # scores, beyond which a problem is large
_SCORES = 2**17  # of the rows that are looked at first
_FEWEST, _MOST = 4, 256  # such rows
_HELD = 4  # explanations that are held against all rows
_MOVED = ("labels-shifted", "labels-not-shifted")

Index = npt.NDArray[np.intp]


def is_large(problem: Problem, observed: Observed) -> bool:
    """Whether losses of the samples are explained by some of their rows first."""
    of_samples = observed.reduction is None and observed.values.size == problem.kept.size
    return problem.num_scores > LARGE and of_samples and observed.shape is None


def diagnose_any(
    problem: Problem,
    observed: Observed,
    bounds: Bounds,
    exact: Float64s,
    diverging: bool = False,
) -> Diagnosis:
    """As `diagnose`; of many scores by some of the rows first. exact: the exact losses."""
    if not is_large(problem, observed):
        return diagnose(problem, observed, bounds, diverging)
    rows = _Rows(problem, observed, bounds, exact.reshape(-1))
    far = rows.far()
    if not far.size:
        return rows.found_in(far[:0])
    first = rows.found_in(_looked_at(far, problem))
    # What gives all numbers of a few rows, but not clearly enough, may be clear from all rows.
    possible = [*first.explanations, *(one for one in first.closest if one.share_explained == 1)]
    made = [one for one in possible if one.applied][:_HELD]
    held = [rows.held(one, _by(one.applied), first.tried) for one in made]
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

    def at(self, places: Index) -> tuple[Problem, Observed, Bounds]:
        """Some of the samples as a problem, with what was observed and its bounds."""
        observed, bounds = self.observed, self.bounds
        some = replace(
            bounds, losses=bounds.losses.reshape(-1)[places], totals={}, gradient=None, terms={}
        )
        seen = Observed(observed.values[places], observed.units[places], None)
        return samples_at(self.problem, places), seen, some

    def found_in(self, places: Index) -> Diagnosis:
        """The diagnosis of some samples; of the first where there are none."""
        return diagnose(*self.at(places if places.size else np.array([0])))

    def held(
        self, explanation: Explanation, change: Callable[[slice, Meaning], Meaning], tried: int
    ) -> tuple[Explanation, bool]:
        """The explanation with what it gives of all losses, and whether that is every one, and
        hardly by chance. change: what it makes of the meaning of the samples at a slice; tried: how
        many changes were."""
        evidence = self.evidence
        numbers = np.empty_like(self.exact)
        for samples, part in parts(self.problem, VALUES):
            numbers[samples] = sample_losses(change(samples, meaning_of(part)))
        agreeing = evidence.residuals(numbers) <= evidence.allowed(numbers)
        whole = replace(evidence.truth, losses=numbers, numbers=numbers)
        by_chance = tried * evidence.chance_of(whole)
        residual = float(evidence.residuals(numbers).max(initial=0.0))
        share = float(agreeing[evidence.differing].mean())
        held = replace(explanation, max_abs_residual=residual, share_explained=share, meaning=None)
        return held, bool(agreeing.all()) and by_chance <= CHANCE


def _by(steps: Sequence[AppliedChange]) -> Callable[[slice, Meaning], Meaning]:
    """The steps, but for those that change nothing of some samples: their labels, say, are none of
    those that are ignored."""

    def change(_: slice, meaning: Meaning) -> Meaning:
        for step in steps:
            after = applied([step], meaning)
            meaning = meaning if after is None else after.meaning
        return meaning

    return change


def _looked_at(far: Index, problem: Problem) -> Index:
    """The rows to look at first: the furthest off, others evenly among all that differ, and two
    that do not."""
    n = 1 if problem.loss == "binary" else problem.num_classes
    count = int(np.clip(_SCORES // n, _FEWEST, _MOST))
    spread = far[np.linspace(far.size - 1, 0, count).astype(np.intp)]
    right = np.setdiff1d(np.arange(problem.kept.size), far)[:2]
    return np.unique(np.concatenate([far[: -(-count // 2)], spread[: count // 2], right]))


def _moved(rows: _Rows, far: Index) -> Iterator[tuple[Explanation, bool]]:
    """Labels that are shifted too far or not enough, where they give all losses."""
    problem = rows.problem
    if problem.loss != "sparse_categorical":
        return
    one_class = np.zeros((*problem.samples_shape, 1), problem.values.dtype)
    start = meaning_of(
        replace(
            problem, given="logits", values=one_class, class_axis=-1, class_weight=None,
            weight=None, bias=None,
        )
    )  # fmt: skip
    few = far[:_FEWEST]
    part, seen, some = rows.at(few)
    near = meaning_of(part)
    for hypothesis in (one for one in HYPOTHESES if one.id in _MOVED):
        for moved, words in hypothesis.changes(start):
            if moved.shape != start.shape:
                continue  # it gives other numbers of losses
            change = partial(_with_labels, moved)
            changed = candidate_of((), change(few, near), sample_losses(change(few, near)), False)
            if evidence_of(seen, some, changed).agreeing(changed).all():
                sentence = hypothesis.sentence.format(**words)
                made = Explanation((hypothesis.id,), words, sentence, 0.0, 1.0)
                yield rows.held(made, change, len(HYPOTHESES))


def _with_labels(moved: Meaning, samples: Index | slice, meaning: Meaning) -> Meaning:
    """The meaning of some samples with their labels in another meaning, and what of it is unmet."""
    assert moved.labels is not None
    unmet = None if moved.unmet is None else moved.unmet[samples]
    return replace(meaning, labels=moved.labels[samples], unmet=unmet, stated=None, shift=0)
