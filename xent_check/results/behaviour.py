"""Behaviour: what kinds of numbers an answer has, how near they are, and why, in words."""

from __future__ import annotations

import numpy as np

from xent_check.problem.evaluation import Failed
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import GRADIENTS
from xent_check.reference.bounds import Bounds
from xent_check.reference.bounds_in_parts import terms_at
from xent_check.reference.bounds_inside import terms_inside_at
from xent_check.reference.bounds_promised import promised_terms_at
from xent_check.reference.reference import Reference

from .number_text import index_text, small, tidy
from .report import CaseResult, Status

# The bound's share for numbers too small for the dtype is mentioned where it is more than this.
_FLUSHED_SHARE = 0.01


def why(result: CaseResult) -> str | None:
    """The best explanation of a divergence's numbers, else what further checks found; None where
    there is neither."""
    if result.status != "diverges" or result.diagnosis is None:
        return None
    best = next(iter(result.diagnosis.reasons), None)
    return None if best is None else tidy(best.sentence)


def gradient_status(result: CaseResult) -> Status | None:
    """The verdict on the gradients; None where none was asked for, or nothing was compared."""
    comparison = result.comparison
    if comparison is None:
        return None
    if GRADIENTS & comparison.gaps.keys():
        return "unsupported"
    actual = {n: d for n, d in comparison.by_reference.items() if n in GRADIENTS}
    stated = {n: d for n, d in comparison.by_expectation.items() if n in GRADIENTS}
    if not actual or (result.evaluation is None and not stated):
        return None
    if result.status == "known":
        return "known" if any(part.diverging for part in actual.values()) else "agrees"
    declared = result.expectation is not None and result.expectation.because is not None
    if declared or result.evaluation is None:  # what is stated stands in place of the exact value
        parts = [*(actual | stated).values()] if declared else [*stated.values()]
    else:
        parts = [*actual.values(), *stated.values()]
    return "diverges" if any(part.diverging for part in parts) else "agrees"


def judgement_lines(result: CaseResult, verbose: bool) -> list[str]:
    """The smallest atol at which the numbers agree, and the worst loss as a share of its bound;
    verbose: the bound term by term. None for the exact value, which was not rounded."""
    comparison = result.comparison
    if comparison is None or not comparison.losses.actual.size or result.evaluation is None:
        return []
    atol = comparison.smallest_atol
    needed = f"agrees from atol {small(atol)}" if np.isfinite(atol) else "agrees at no tolerance"
    made = [check.extent for check in comparison.conduct.values() if check.departure is None]
    held = [f"as it should be: {'; '.join(made)}"] if made else []
    if comparison.share is None or comparison.bounds is None:
        return [needed, *held]
    worst_is_finite = np.isfinite(comparison.losses.abs_diff).all()
    share = f"; the worst loss is {small(comparison.share, 2)} times what rounding explains"
    lines = [needed + share if worst_is_finite else needed]
    if verbose and result.problem is not None:
        losses, bound = comparison.losses, comparison.bounds
        worst = losses.worst
        parts = _terms_at(bound, result.problem, result.reference, worst)
        terms = " + ".join(f"{name} {small(value)} u" for name, value in parts.items() if value)
        off, explained = float(losses.abs_diff[worst]), float(bound.losses[worst])
        flushed = explained - bound.u * sum(parts.values())
        if flushed > _FLUSHED_SHARE * explained:
            terms += f" + flushed {small(flushed)}" if terms else f"flushed {small(flushed)}"
        near = f"; error {small(off)} is {off / explained:.0%} of it" if np.isfinite(off) else ""
        lines.append(f"bound at {index_text(worst)}: {terms} = {small(explained)}{near}")
    return [*lines, *held]


def _terms_at(
    bounds: Bounds, problem: Problem, reference: Reference, index: tuple[int, ...]
) -> dict[str, float]:
    """The terms of the bound of the loss at `index`, in units of the dtype's u, by name."""
    if bounds.promise is not None:
        return promised_terms_at(problem, reference, index, bounds.promise)
    terms_of = terms_inside_at if bounds.in_float32 else terms_at
    return terms_of(problem, reference, index)


def unusual(result: CaseResult) -> str:
    """The behaviour unless it is all finite: `nan`, `value/inf`, `IndexError`; where the numbers
    are right and further checks found something, those: `inputs`; else empty."""
    comparison = result.comparison
    if comparison is not None and comparison.departures and comparison.agrees_with_reference:
        made = comparison.conduct.items()
        return "/".join(name for name, check in made if check.departure is not None)
    kinds = behaviour(result)
    return "" if set(kinds) <= {"value", "zero"} else "/".join(kinds)


def behaviour(result: CaseResult) -> tuple[str, ...]:
    """The kinds of all samples' losses: value, zero, nan, inf, -inf; or the kind of its failure,
    for an error the exception's name. Empty where nothing was computed."""
    if result.behaviour is not None:
        return result.behaviour
    if isinstance(result.evaluation, Failed):
        failed = result.evaluation
        return (failed.message.partition(":")[0] if failed.kind == "error" else failed.kind,)
    if result.comparison is None:
        return ()
    losses = result.comparison.losses.actual
    masks = {
        "value": np.isfinite(losses) & (losses != 0),
        "zero": losses == 0,
        "nan": np.isnan(losses),
        "inf": losses == np.inf,
        "-inf": losses == -np.inf,
    }
    return tuple(name for name, mask in masks.items() if mask.any())


def label_text(problem: Problem, index: tuple[int, ...]) -> str:
    """The label of a sample: a class, a target, or the start of a distribution; under a shift the
    one that its scores meet, or none."""
    labels = problem.labels
    if problem.shift is not None:
        index = (*index[:-1], index[-1] + problem.shift)
        if index[-1] >= labels.shape[-1]:
            return "none"
    if problem.loss == "categorical":
        axis = problem.class_axis % labels.ndim
        row = np.moveaxis(labels, axis, -1)[index].astype(np.float64)
        hot = np.flatnonzero(row)
        if len(hot) == 1 and row[hot[0]] == 1:
            return str(int(hot[0]))
        return "[" + " ".join(f"{t:.2g}" for t in row[:3]) + (" ...]" if len(row) > 3 else "]")
    label = labels[index]
    return str(label) if problem.loss == "sparse_categorical" else f"{float(label):g}"
