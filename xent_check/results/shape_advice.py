"""Shape advice: what to do about losses that have another shape than the samples."""

from __future__ import annotations

import math

from xent_check.problem.evaluation import Computed
from xent_check.problem.problem import Problem

_Shape = tuple[int, ...]


def shape_advice(computed: Computed, problem: Problem) -> str:
    """The likely reason, and what to do, in a clause; "" where none is likely, or the shape is
    right."""
    given, samples = computed.losses.shape, problem.samples_shape
    if computed.only_totals:
        if "reduction='none'" in computed.call:
            return "it was asked for reduction='none': --set reduction=NAME asks for its total"
        return "say what it gives, as in --returns losses, or leave that to be found out"
    if given == samples:
        return ""
    if given == () and "reduction='none'" in computed.call:
        return (
            "it was asked for reduction='none': heed that, or say which total it gives, as in "
            "--returns mean"
        )
    if given == ():
        return (
            "each sample has a loss of its own: leave the reduction out, or say which it is, as in "
            "--returns mean"
        )
    if given == problem.values.shape:
        return "a number for each class: take that of the label, or sum over the classes"
    if _without_ones(given) == _without_ones(samples):
        kept = len(given) > len(samples)
        return f"an axis of length 1 is {'kept: leave it out' if kept else 'lost: keep it'}"
    if given == (computed.losses.size,) and computed.losses.size == math.prod(samples):
        return f"they are flattened: reshape them to {list(samples)}"
    if sorted(given) == sorted(samples):
        return "the axes are in another order: transpose them back"
    for axis in range(len(samples)):
        if given == samples[:axis] + samples[axis + 1 :]:
            return f"axis {axis} is summed or averaged away: each sample has a loss of its own"
    return f"return a loss for each sample, in shape {list(samples)}"


def _without_ones(shape: _Shape) -> _Shape:
    return tuple(length for length in shape if length != 1)
