"""Explanations in words, in tables of steps, and as plain data. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xent_check.casefile.loading import PosedCase
from xent_check.diagnosis.by_hand import WorkedStep, steps
from xent_check.diagnosis.diagnosis import ROUNDING, Explanation
from xent_check.diagnosis.losses import meaning_of
from xent_check.errors import visible
from xent_check.history.saved.write import saved_explanation
from xent_check.problem.distance import distance
from xent_check.results.explanation import OBSERVED, Explained, departing
from xent_check.results.number_text import index_text, number, small
from xent_check.results.report import CaseResult

from .sentences import sentence

_MAX_CLASSES = 12


def text_of(explained: Sequence[Explained | CaseResult]) -> list[str]:
    """A block of text for each; before two of them a sentence that compares them."""
    blocks = [_block(item) if isinstance(item, Explained) else sentence(item) for item in explained]
    explanations = [item for item in explained if isinstance(item, Explained)]
    return [_between(*explanations), *blocks] if len(explanations) == 2 else blocks


def verdict(item: Explained) -> str:
    """The reason in one sentence."""
    worst, best = _difference(item), item.best
    numbers = "the numbers" if item.who == OBSERVED else f"{item.who}'s numbers"
    if best is None:
        return f"nothing explains {numbers} on {visible(item.case.id)}: {worst}"
    if best.id == ROUNDING:
        return f"{item.who} agrees on {visible(item.case.id)}: {worst}, {best.sentence}"
    also = [e for e in item.diagnosis.explanations[1:] if len(e.ids) == len(best.ids)]
    words = f"{item.who} on {visible(item.case.id)}: {best.sentence} ({worst})"
    if also:
        words += f"; on these numbers the same as: {'; or '.join(e.sentence for e in also)}"
    return words


def _difference(item: Explained) -> str:
    observed, target = item.observed.values, item.target
    if item.observed.reduction is not None:
        at, where = 0, f"the {item.observed.reduction}"
    elif observed.shape == target.shape:
        at = item.sample
        shape = item.problem.samples_shape
        index = tuple(int(i) for i in np.unravel_index(at, shape))
        where = f"sample {index_text(index)}"
    else:
        return f"{observed.size} numbers for {target.size} samples"
    off = float(distance(observed[at], target[at]))
    numbers = f"{where} is {number(observed[at])}, exactly {number(target[at])}"
    return f"{numbers}, off by {small(off)}" if np.isfinite(off) else numbers


def _block(item: Explained) -> str:
    lines = [verdict(item)]
    best = item.best
    if item.expected and (best is None or best.id != ROUNDING):
        lines += ["", *_side_by_side(item)]
    if best is not None and best.id != ROUNDING:
        lines += ["", *_others(item)]
        lines += [f"reported publicly: {url}" for url in item.reports]
        if item.diagnosis.distinguishing_input:
            lines.append(f"what would tell them apart: {item.diagnosis.distinguishing_input}")
        if others := item.diagnosis.others:
            more = "explanation gives" if others == 1 else "explanations give"
            lines.append(f"{others} more {more} the same total")
    elif best is None:
        lines += ["", f"{item.diagnosis.tried} readings were tried. The closest:"]
        lines += [f"  {_shown(e)}" for e in item.diagnosis.closest]
    return "\n".join(lines)


def _others(item: Explained) -> list[str]:
    tried = item.diagnosis.tried
    lines = [f"{tried} readings were tried; these reproduce the numbers:"]
    return lines + [f"  {_shown(e)}" for e in item.diagnosis.explanations]


def _shown(e: Explanation) -> str:
    residual = small(e.max_abs_residual) if np.isfinite(e.max_abs_residual) else "not finite"
    return (
        f"{' + '.join(e.ids)}: {e.sentence} (off by {residual}, explains {e.share_explained:.0%})"
    )


def _side_by_side(item: Explained) -> list[str]:
    """The expected and the actual steps of the sample, the first that differs marked."""
    heading = f"sample {item.sample}, step by step"
    actual = item.actual
    if actual is None:
        return [f"{heading}, as it should be:", *(_line(step) for step in item.expected)]
    first = departing(item.expected, actual)
    expected = {step.name: step for step in item.expected}
    lines = [f"{heading}: as it should be, and as the numbers have it"]
    for step in actual:
        mark = "  <- departs here" if step.name == first else ""
        if step.name in expected and expected[step.name].same_as(step):
            lines.append(_line(step))
        elif step.name in expected:
            lines.append(f"{_line(expected[step.name])}")
            lines.append(f"  {'':<16} -> {_numbers(step)}{mark}")
        else:
            lines.append(f"  {step.name:<16} -> {_numbers(step)}{mark}")
    missing = [step for step in item.expected if step.name not in {s.name for s in actual}]
    lines += [f"{_line(step)}  (not taken)" for step in missing]
    return lines


def _line(step: WorkedStep) -> str:
    return f"  {step.name:<16}    {_numbers(step)}"


def _numbers(step: WorkedStep) -> str:
    shown = [number(v) for v in step.values[:_MAX_CLASSES]]
    more = f" ... ({len(step.values)} in all)" if len(step.values) > _MAX_CLASSES else ""
    return "  ".join(shown) + more


def _between(first: Explained, second: Explained) -> str:
    """How far two implementations are from each other, and who is nearer the exact value."""
    a, b = first.observed.values, second.observed.values
    if a.shape != b.shape or first.observed.reduction != second.observed.reduction:
        return f"{first.who} and {second.who} differ in different parts; each on its own:"
    apart = distance(a, b)
    at = int(np.argmax(apart)) if apart.size else 0
    if not apart.any():
        return f"{first.who} and {second.who} give the same numbers, bit for bit"
    target = float(first.target[at])
    off = [float(distance(v[at], target)) for v in (a, b)]
    numbers = f"{number(a[at])} and {number(b[at])}, exactly {number(target)}"
    words = f"{first.who} and {second.who} are furthest apart at {at}: {numbers}"
    if all(np.isfinite(off)) and off[0] != off[1]:
        nearer = first.who if off[0] < off[1] else second.who
        words += f"; {nearer} is nearer"
    return words


def worked_sample(posed: PosedCase, sample: int) -> list[str]:
    """One sample worked out by hand, with the formula of each step."""
    meaning = meaning_of(posed.problem)
    if not 0 <= sample < len(meaning.scores):
        return [f"there is no sample {sample}: the case has {len(meaning.scores)}"]
    shape = posed.problem.samples_shape
    index = tuple(int(i) for i in np.unravel_index(sample, shape))
    lines = [f"{visible(posed.case.id)}, sample {index_text(index)}, by hand:", ""]
    for position, step in enumerate(steps(meaning, sample), start=1):
        formula = f" = {step.formula}" if step.formula else ""
        lines.append(f"  {position:>2}. {step.name}{formula}")
        lines.append(f"        {_numbers(step)}")
    return lines


def plain_explained(item: Explained | CaseResult) -> dict[str, Any]:
    """The explanation as JSON has it."""
    if isinstance(item, CaseResult):
        return {
            "schema": 1,
            "case": item.case.id,
            "implementation": item.implementation,
            "explained": False,
            "status": item.status,
            "reason": item.reason,
            "explanations": [],
            "closest": [],
        }
    return {
        "schema": 1,
        "case": item.case.id,
        "implementation": item.who,
        "verdict": verdict(item),
        "explained": item.diagnosis.explained,
        "explanations": [saved_explanation(e).plain() for e in item.diagnosis.explanations],
        "closest": [saved_explanation(e).plain() for e in item.diagnosis.closest],
        "reports": list(item.reports),
        "telling_apart": item.diagnosis.distinguishing_input or None,
        "others": item.diagnosis.others,
        "tried": item.diagnosis.tried,
        "by_chance": item.diagnosis.by_chance,
    }
