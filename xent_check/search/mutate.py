"""Mutate: which mutants some cases tell from the right losses, and which slip through."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from xent_check.casefile.loading import PosedCase
from xent_check.problem.evaluation import Computed, Evaluation, Unsupported
from xent_check.reference.truth import Truth, truth
from xent_check.results.attached_diagnosis import diagnosed
from xent_check.results.common_reason import CommonReason, common_reason
from xent_check.results.report import CaseResult
from xent_check.results.verdict import judge
from xent_check.running.jobs import has_labels_outside

from .asking import Asker, is_installed
from .mutants.mutant import Mutant
from .mutants.needs import NEEDS

_ENOUGH = 12  # cases that catch a mutant tell its reason from others


@dataclass(frozen=True, eq=False)
class Fate:
    """What became of a mutant."""

    mutant: Mutant
    catching: tuple[CaseResult, ...] = ()
    """its results on the first cases that tell it from a right loss, explained, at most `_ENOUGH`
    of them; none where no case does"""
    lacking: tuple[str, ...] = ()
    """of one that slips through: what it needs and no case has"""
    met: int = 0
    """of one that slips through: how many cases have all that it needs"""
    cure: str = ""
    """of one that slips through: a case of the suite that catches it; empty where none was found"""

    @property
    def caught(self) -> CaseResult | None:
        """Its result on the first case that catches it; None where none does."""
        return self.catching[0] if self.catching else None

    @property
    def reason(self) -> CommonReason | None:
        """What explains most of the numbers that catch it; None where nothing explains any."""
        return common_reason(self.catching)


@dataclass(frozen=True, eq=False)
class Mutation:
    """What became of every mutant."""

    cases: int
    """how many cases there are"""
    asked: int
    """on how many of them a mutant was asked"""
    fates: tuple[Fate, ...]
    """of the mutants whose framework is installed"""
    missing: tuple[Mutant, ...]
    """those whose framework is not"""
    right: tuple[Mutant, ...]
    """the right losses that were asked"""
    flagged: tuple[CaseResult, ...]
    """the results of right losses that a case flags; such a case catches none of their mutants"""
    seconds: float
    """of all"""

    @property
    def caught(self) -> tuple[Fate, ...]:
        """Those that a case catches."""
        return tuple(fate for fate in self.fates if fate.caught is not None)

    @property
    def slipping(self) -> tuple[Fate, ...]:
        """Those that slip through."""
        return tuple(fate for fate in self.fates if fate.caught is None)


def mutate(
    posed_cases: Sequence[PosedCase],
    mutants: Sequence[Mutant],
    right: Sequence[Mutant],
    suite: Sequence[PosedCase] = (),
) -> Mutation:
    """Ask the mutants and the right losses behind them in all cases, small cases first.

    A mutant is caught where its answer diverges or fails, and that of the right loss that it is
    made from agrees. suite: cases to look for one that catches what slips through.
    """
    start = time.perf_counter()
    present = [mutant for mutant in mutants if is_installed(mutant)]
    bases = {mutant.made_from for mutant in present}
    controls = [one for one in right if is_installed(one) and _is_control(one, present, bases)]
    with Asker() as asker:
        catching, flagged, asked = _scan(posed_cases, present, controls, asker)
        slipping = [mutant for mutant in present if not catching[mutant]]
        needed = [one for one in controls if one.id in {m.made_from for m in slipping}]
        cures = _scan(suite, slipping, needed, asker, 1, False)[0] if suite else {}
    fates = []
    for mutant in present:
        if catching[mutant]:
            fates.append(Fate(mutant, tuple(map(diagnosed, catching[mutant]))))
            continue
        met, lacking = _needs(mutant, posed_cases)
        cure = cures[mutant][0].case.id if cures.get(mutant) else ""
        fates.append(Fate(mutant, (), lacking, met, cure))
    return Mutation(
        cases=len(posed_cases),
        asked=asked,
        fates=tuple(fates),
        missing=tuple(mutant for mutant in mutants if mutant not in present),
        right=tuple(controls),
        flagged=tuple(flagged),
        seconds=time.perf_counter() - start,
    )


def _is_control(one: Mutant, mutants: Iterable[Mutant], bases: set[str]) -> bool:
    """Whether a right loss is one that a mutant is made from, or another of their framework."""
    return one.id in bases or any(m.framework == one.framework for m in mutants)


def _scan(
    posed_cases: Sequence[PosedCase],
    mutants: Sequence[Mutant],
    controls: Sequence[Mutant],
    asker: Asker,
    enough: int = _ENOUGH,
    every_right: bool = True,
) -> tuple[dict[Mutant, list[CaseResult]], list[CaseResult], int]:
    """The results that catch each mutant, those of right losses that are flagged, and the number
    of cases on which one was asked. A mutant that `enough` cases catch is not asked again.
    every_right: the right losses are asked where no mutant is, too."""
    catching: dict[Mutant, list[CaseResult]] = {mutant: [] for mutant in mutants}
    flagged: list[CaseResult] = []
    asked = 0
    for posed in sorted(posed_cases, key=lambda posed: posed.problem.num_scores):
        problem = posed.problem
        # Elsewhere a mutant is the right loss that it is made from.
        open_ones = [m for m in mutants if len(catching[m]) < enough and m.met_by(problem)]
        if has_labels_outside(problem) or not any(m.takes(problem) for m in mutants):
            continue
        if not (open_ones or every_right):
            continue
        asked += 1
        exact, sound = _truth(posed), dict[str, Evaluation]()
        for one in controls:
            if one.takes(problem):
                answer = asker.answer(one, problem)
                result = _judged(posed, one, answer, exact)
                if _is_flagged(result):
                    flagged.append(result)
                elif not isinstance(answer, Unsupported):
                    sound[one.id] = answer
        for mutant in open_ones:
            if mutant.made_from not in sound:
                continue
            answer = asker.answer(mutant, problem)
            if problem.conduct or not _same(answer, sound[mutant.made_from]):
                result = _judged(posed, mutant, answer, exact)
                if _is_flagged(result):
                    catching[mutant].append(result)
    return catching, flagged, asked


def _truth(posed: PosedCase) -> Truth:
    """The exact value; numbers of 16 bits are computed in float32 by all of them."""
    problem, exact = posed.problem, truth(posed.problem)
    narrow = problem.dtype in ("float16", "bfloat16")
    return exact.as_promised(problem, "float32") if narrow else exact


def _judged(posed: PosedCase, one: Mutant, answer: Evaluation, exact: Truth) -> CaseResult:
    return judge(posed.case, posed.problem, one.id, answer, exact, None, False)


def _is_flagged(result: CaseResult) -> bool:
    return result.status in ("diverges", "failed")


def _same(one: Evaluation, other: Evaluation) -> bool:
    """Whether two answers are the same, bit for bit."""
    if not (isinstance(one, Computed) and isinstance(other, Computed)):
        return False
    pairs = [(one.losses, other.losses), (one.gradient, other.gradient)]
    pairs += [(total, other.totals[name]) for name, total in one.totals.items()]
    return all(_same_bits(a, b) for a, b in pairs)


def _same_bits(a: object, b: object) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
    return a is None and b is None


def _needs(mutant: Mutant, posed_cases: Iterable[PosedCase]) -> tuple[int, tuple[str, ...]]:
    """How many cases have all that a mutant needs; and what of it none has, its kind first."""
    problems = [posed.problem for posed in posed_cases if mutant.takes(posed.problem)]
    if not problems:
        return 0, (mutant.kind,)
    met = sum(mutant.met_by(problem) for problem in problems)
    lacking = [n for n in mutant.needs if not any(NEEDS[n](problem) for problem in problems)]
    if not met and not lacking:
        return 0, (" and ".join(mutant.needs),)
    return met, tuple(lacking)
