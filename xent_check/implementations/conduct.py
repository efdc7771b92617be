"""Conduct: the further checks of a case, made of every implementation by more of the same calls.

Whether the arrays that it was given are unchanged is seen where they are made; a second call, and
samples alone and in another order, are asked here, around any adapter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.errors import describe
from xent_check.problem.conduct import (
    Conduct,
    Regrouped,
    Repetition,
    Unrepeated,
    bits_of,
    changed_entries,
)
from xent_check.problem.distance import distance
from xent_check.problem.dtypes import BITS, dtype_name
from xent_check.problem.evaluation import Computed, UnsupportedError
from xent_check.problem.options import ARRAYS, refuse_unknown
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import REDUCTIONS

Array = npt.NDArray[Any]
Evaluate = Callable[[Problem], Computed]
ALONE = 4  # samples at most that are asked alone: some frameworks compile for each call
# The options that samples have in other company as well; a case with another is not regrouped.
KNOWN = frozenset({
    "class_axis", "normalize", "ignore_index", "label_smoothing", "class_weight", "pos_weight",
    "sample_weight", "reduction", "check", "cotangent", "logit_scale", "softcap", "z_loss",
    "num_items", "shift", "smoothing_formula", "layout", "weight", "bias",
})  # fmt: skip
_REVERSED = slice(None, None, -1)


def watched(
    problem: Problem, arrays: Mapping[str, Any], to_numpy: Callable[[Any], Array]
) -> Callable[[], Conduct]:
    """What says, called after the calls, which of the `arrays` that they were given changed.

    arrays: of the framework, by name. It costs a copy of them where the problem asks for it, else
    nothing.
    """
    if "inputs" not in problem.conduct:
        return Conduct
    before = {name: to_numpy(array).copy() for name, array in arrays.items()}

    def conduct() -> Conduct:
        return Conduct({n: c for n, a in arrays.items() if (c := _changed(before[n], a, to_numpy))})

    return conduct


def _changed(before: Array, native: Any, to_numpy: Callable[[Any], Array]) -> int:
    try:
        return changed_entries(before, to_numpy(native))
    except Exception:  # its buffer was given away, as JAX does with what is donated
        return int(before.size)


def with_conduct(problem: Problem, evaluate: Evaluate) -> Computed:
    """The answer to a problem, with what its further checks showed.

    What the first call raises is raised. What a further one raises is a finding of `repeatable`,
    and for `batch` the reason why it was not made.
    """
    first = evaluate(problem)
    if not {"repeatable", "batch"} & {*problem.conduct}:
        return first
    first = _kept(first)  # its arrays may be a workspace that the next call writes to
    conduct = first.conduct
    if "repeatable" in problem.conduct:
        conduct = replace(conduct, repetition=_repetition(problem, evaluate, first))
    if "batch" in problem.conduct:
        try:
            regrouped = _regrouped(problem, evaluate, first)
            conduct = replace(conduct, regrouped=regrouped)
        except UnsupportedError as error:
            conduct = replace(conduct, not_regrouped=str(error))
    return replace(first, conduct=conduct)


def _kept(computed: Computed) -> Computed:
    """The answer with arrays of its own."""

    def kept(part: Any) -> Any:
        return np.array(part) if _is_array(part) else part

    return replace(
        computed,
        losses=kept(computed.losses),
        totals={r: kept(total) for r, total in computed.totals.items()},
        gradient=kept(computed.gradient),
        by_parameters={name: kept(part) for name, part in computed.by_parameters.items()},
    )


def _is_array(part: object) -> bool:
    return isinstance(part, np.ndarray | np.generic)


# ---- a second call ------------------------------------------------------------------------------


def _repetition(problem: Problem, evaluate: Evaluate, first: Computed) -> Repetition:
    try:
        second = _parts(evaluate(problem))
    except Exception as error:
        return Repetition(raised=describe(error))
    before = _parts(first)
    names = [*before, *(name for name in second if name not in before)]
    compared = (_unrepeated(name, before.get(name), second.get(name)) for name in names)
    return Repetition(tuple(part for part in compared if part is not None))


def _parts(computed: Computed) -> dict[str, Array]:
    """The arrays of an answer, by the name of the part."""
    parts: dict[str, Any] = {"losses": None if computed.only_totals else computed.losses}
    parts |= {str(r): computed.totals.get(r) for r in REDUCTIONS}
    parts |= computed.gradients
    return {name: np.asarray(part) for name, part in parts.items() if _is_array(part)}


def _unrepeated(name: str, first: Array | None, second: Array | None) -> Unrepeated | None:
    """How a part differs in the second answer; None where every number has the same bits. All nans
    are the same."""
    if (
        first is None
        or second is None
        or first.shape != second.shape
        or first.dtype != second.dtype
    ):
        forms = f"{_form(first)}, then {_form(second)}"
        size = 0 if first is None else int(first.size)
        return Unrepeated(name, size, size, forms=forms)
    one, two = _float64(first), _float64(second)
    other_bits = (bits_of(first) != bits_of(second)).reshape(one.shape)
    differ = other_bits & ~np.isnan(np.fmin(one, two))  # which is nan where both are
    if not differ.any():
        return None
    most = int(np.argmax(np.where(differ, distance(one, two), -1.0)))
    place = tuple(int(i) for i in np.unravel_index(most, one.shape))
    return Unrepeated(
        name, int(differ.sum()), int(one.size), place, float(one[place]), float(two[place]),
        dtype_name(first.dtype),
    )  # fmt: skip


def _form(part: Array | None) -> str:
    return "none" if part is None else f"{dtype_name(part.dtype)} of shape {list(part.shape)}"


def _float64(array: Array) -> npt.NDArray[np.float64]:
    """The numbers of an array; those of a bfloat16 that NumPy does not know by their bits."""
    if array.dtype == BITS:
        array = (array["bfloat16"].astype(np.uint32) << 16).view(np.float32)
    return np.asarray(array.astype(np.float64))


# ---- other company ------------------------------------------------------------------------------


def _regrouped(problem: Problem, evaluate: Evaluate, first: Computed) -> Regrouped:
    """The answers to samples alone and to all in another order; UnsupportedError with the reason
    where they cannot be had."""
    try:
        refuse_unknown(problem, KNOWN, "the samples' other company")
    except NotImplementedError as error:
        raise UnsupportedError(str(error)) from None
    reduction = next((r for r in first.totals if _is_array(first.totals[r])), None)
    reduction = reduction if first.only_totals else None
    shape = problem.samples_shape
    # A shift lets a sample meet another's label: the sequences part, not their samples.
    within = () if problem.shift is None else (slice(None),)
    parting = shape[: len(shape) - len(within)]
    count = int(np.prod(parting, dtype=np.int64)) if 0 not in shape else 0
    if count == 0:
        raise UnsupportedError("there is no sample to ask alone")
    if count == 1 and within:
        raise UnsupportedError("there is one sequence, and no company for it")
    if count == 1 and (not shape or reduction is not None):
        what = "a total of it" if shape else "a bare row"
        raise UnsupportedError(f"there is one sample, and no company for {what}")
    if first.only_totals and reduction is None:
        raise UnsupportedError("it gave neither losses nor a total")
    if reduction is None and first.losses.shape != shape:
        raise UnsupportedError("its losses are not one for each sample")
    plain = replace(
        problem, gradient=False, cotangent=None, cotangent_layout=None, conduct=(),
        reductions=() if reduction is None else (reduction,),
    )  # fmt: skip

    def ask(grouped: Problem, what: str) -> Array:
        try:
            answer = evaluate(grouped)
        except UnsupportedError as error:
            raise UnsupportedError(f"{what}: {error}") from None
        except Exception as error:
            raise UnsupportedError(f"{what}, it raised {describe(error)}") from None
        part = answer.losses if reduction is None else answer.totals.get(reduction)
        given = np.array(part) if _is_array(part) else np.empty(0)
        size = 1 if reduction is not None else int(np.prod(grouped.samples_shape))
        if given.size != size:
            form = f"an answer of shape {list(given.shape)}"
            raise UnsupportedError(f"{what}, it gave {form}, not {size} numbers")
        return given if reduction is not None else given.reshape(grouped.samples_shape)

    if count == 1:
        copies = ask(_at(plain, ([0, 0], *(slice(None),) * (len(shape) - 1))), "asked twice over")
        odd = 0 if changed_entries(copies[:1], first.losses) else 1
        return Regrouped((), np.empty(0), copies[odd : odd + 1])
    backwards = (*(_REVERSED,) * len(parting), *within)
    together = ask(_at(plain, backwards), "in reverse order")
    if reduction is None:
        together = together[backwards]
    samples = () if within and reduction is not None else _asked_alone(problem, first)
    alone = []
    for flat in samples:
        place = [int(i) for i in np.unravel_index(flat, shape)]
        words = f"asked for sample {place} alone"
        apart = [slice(i, i + 1) for i in place[: len(parting)]]
        answer = ask(_at(plain, (*apart, *within)), words)
        alone.append(answer.reshape(-1)[place[-1] if within else 0].reshape(()))
    stacked = np.stack(alone) if alone else np.empty(0, together.dtype)
    return Regrouped(samples, stacked, together, reduction)


def _asked_alone(problem: Problem, first: Computed) -> tuple[int, ...]:
    """The flat indices of the samples that are asked alone: the first, the last, that with the
    largest loss, and others evenly between; where there are totals alone, of those that are kept,
    since a mean of nothing has no value."""
    candidates = np.arange(problem.kept.size)
    if first.only_totals:
        candidates = np.flatnonzero(problem.kept)
    if candidates.size <= ALONE:
        return tuple(int(i) for i in candidates)
    chosen = [0, candidates.size - 1]
    if not first.only_totals:
        losses = _float64(first.losses).reshape(-1)
        chosen.append(int(np.argmax(np.where(np.isnan(losses), np.inf, losses))))
    between = np.linspace(0, candidates.size - 1, ALONE, dtype=np.int64)
    chosen += [int(i) for i in between if int(i) not in chosen][: ALONE - len({*chosen})]
    return tuple(sorted({int(candidates[i]) for i in chosen}))


def _at(problem: Problem, place: Sequence[Any]) -> Problem:
    """The problem with the samples at `place`, an index of each axis that keeps the axis. The
    arrays by sample go with them."""
    place = tuple(place)

    def cut(array: Array, axis: int | None) -> Array:
        index = place if axis is None else (*place[:axis], slice(None), *place[axis:])
        return np.array(array[index[len(index) - array.ndim :]], order="C")

    axis = None if problem.loss == "binary" else problem.class_axis % problem.values.ndim
    of_labels = axis if problem.loss == "categorical" else None
    arrays: dict[str, Any] = {
        key: cut(array, None)
        for key, rule in ARRAYS.items()
        if rule in ("samples", "trailing") and (array := getattr(problem, key)) is not None
    }
    return replace(
        problem,
        values=cut(problem.values, axis),
        labels=cut(problem.labels, of_labels),
        **arrays,
    )
