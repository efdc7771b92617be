"""Draw: a case from Hypothesis, of any loss, option and dtype, with numbers from the edges.

The first of every choice is the plainest: what diverges shrinks towards one sample, two classes,
float32, no option, and numbers of few digits. Shapes are few, so that compiled functions serve
many problems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from xent_check.problem.dtypes import largest, numpy_dtype, rounded
from xent_check.problem.options import (
    OPTIONS,
    Flag,
    Number,
    NumberArray,
    Option,
    Whole,
    Word,
    samples_of,
)
from xent_check.problem.vocabulary import DTYPES, LOSSES, REDUCTIONS, DType, Given, Loss

Draw = st.DrawFn
Numbers = Any  # nested lists of Python's numbers

_GIVEN: tuple[Given, ...] = ("logits", "probs", "log_probs", "hidden")
# (the shape of the scores, the class axis)
_SHAPES = (
    ((1, 2), -1), ((1, 3), -1), ((3, 2), -1), ((2, 3), 0), ((4, 5), -1), ((2, 3, 2), 1),
    ((1, 1), -1), ((2, 33), -1),
)  # fmt: skip
_FEATURES = (1, 2, 3)  # of what is hidden
_BINARY_SHAPES = ((1,), (3,), (2, 2))
_DTYPES: tuple[DType, ...] = ("float32", *(name for name in DTYPES if name != "float32"))
_MOST_OPTIONS = 3  # that a problem has, where the caller asks for none
_OFFSETS = (0, 10, -10, 100, -100, 1e4, -1e4, 1e6, 1e8, -1e8)
_STEPS = (1, 0.1, 4, 10, 100, 1e4, 1e-3, 1e-6)
_TOPS = (0.5, 0.9, 0.99, 0.999, 1 - 1e-5, 1 - 1e-7, 1e-3, 1e-7, 1e-10, 1e-30, 1e-42, 0.0)
_WEIGHTS = (1, 2, 0.5, 0, 3, -1, 0.1, 1e-3, 100, 1e4)
_SOFT = (0, 1, 0.5, 0.25, 0.1, 0.9, 1e-3)
_HIDDEN = (1, 0, -1, 0.5, 2, 0.1, -3, 10, 1e-3)


@dataclass(frozen=True)
class Scope:
    """What is drawn."""

    losses: tuple[Loss, ...] = LOSSES  # of these
    options: tuple[str, ...] = ()  # with just these; empty: with up to three of any

    @property
    def kinds(self) -> list[tuple[Loss, Given]]:
        """The losses and inputs for which all options that are asked for have a meaning."""
        asked = [option for option in OPTIONS if option.key in self.options]
        return [
            (loss, given)
            for given in _GIVEN
            for loss in self.losses
            if all(option.applies(loss, given) for option in (*asked, *_needed(given)))
        ]


def _needed(given: Given) -> list[Option]:
    """The options that a problem with this input always has."""
    return [option for option in OPTIONS if option.key == "weight" and given == "hidden"]


def _is_drawn(option: Option) -> bool:
    """Whether some problems have it and others not: a shape is drawn with its class axis, and
    every total and the gradient are compared in all of them, and all that is hidden has a
    weight."""
    said = option.key in ("reduction", "check", "weight")
    return isinstance(option.kind, Flag | Whole | Number | NumberArray | Word) and not said


# The options that can be asked for.
KEYS = tuple(option.key for option in OPTIONS if _is_drawn(option))


def cases(scope: Scope) -> st.SearchStrategy[dict[str, Any]]:
    """Cases by the keys of a case file, their arrays as nested lists of numbers of their dtype.

    The scope has one kind of problem at least.
    """
    return _case(scope)


@st.composite
def _case(draw: Draw, scope: Scope) -> dict[str, Any]:
    loss, given = draw(st.sampled_from(scope.kinds))
    dtype = draw(st.sampled_from(_DTYPES))
    if loss == "binary":
        shape, axis = draw(st.sampled_from(_BINARY_SHAPES)), None
    else:
        shapes = [one for one in _SHAPES if given != "hidden" or one[1] == -1]
        shape, axis = draw(st.sampled_from(shapes))
    samples = samples_of(shape, axis)
    options = draw(_options(scope, loss, given))
    case: dict[str, Any] = {"loss": loss, given: [], "labels": [], "dtype": dtype}
    if axis not in (None, -1):
        case["class_axis"] = axis
    for option in options:
        case[option.key] = draw(_value(option, dtype, shape, axis))
    if given == "hidden":
        case |= draw(_layer(dtype, samples, shape[-1]))
    else:
        scores = draw(_scores(given, dtype, (*samples, 1 if axis is None else shape[axis])))
        moved = scores[..., 0] if axis is None else np.moveaxis(scores, -1, axis)
        case[given] = moved.tolist()
    if given == "probs" and axis is not None:
        case["normalize"] = "normalize" in case and case["normalize"]
    case["labels"] = draw(_labels(loss, dtype, shape, axis, case.get("ignore_index")))
    return case | {"reduction": list(REDUCTIONS), "check": ["value", "gradient"]}


@st.composite
def _options(draw: Draw, scope: Scope, loss: Loss, given: Given) -> list[Option]:
    drawable = [o for o in OPTIONS if _is_drawn(o) and o.applies(loss, given)]
    if scope.options:
        return [option for option in drawable if option.key in scope.options]
    many = st.lists(st.sampled_from(drawable), max_size=_MOST_OPTIONS, unique_by=lambda o: o.key)
    return draw(many)


def _value(
    option: Option, dtype: DType, shape: tuple[int, ...], axis: int | None
) -> st.SearchStrategy[Any]:
    kind = option.kind
    if isinstance(kind, Flag):
        return st.sampled_from([True, False])
    if isinstance(kind, NumberArray):
        samples = samples_of(shape, axis)
        of = {"samples": samples, "classes": (() if axis is None else (shape[axis],))}
        return _array(st.sampled_from(_WEIGHTS), dtype, of.get(kind.shape, shape[-1:]))
    if isinstance(kind, Word):
        return st.sampled_from([option.example, *kind.allowed])
    if isinstance(kind, Number):
        return st.sampled_from(_within(kind, option.example))
    return st.just(option.example)


def _within(kind: Number, example: float) -> list[float]:
    """The example and further numbers of a range, its ends among them."""
    more = [example, 0.5, 1.0, 2.0, 30.0, 1e-4, 1e4]
    more += [end for end in (kind.least, kind.most) if end is not None]
    return [
        number
        for number in dict.fromkeys(more)
        if (kind.least is None or number >= kind.least)
        and (kind.above is None or number > kind.above)
        and (kind.most is None or number <= kind.most)
    ]


@st.composite
def _layer(draw: Draw, dtype: DType, samples: tuple[int, ...], classes: int) -> dict[str, Numbers]:
    """What is hidden, and the weight that makes logits of it."""
    features = draw(st.sampled_from(_FEATURES))
    hidden = draw(_array(st.sampled_from(_HIDDEN), dtype, (*samples, features)))
    weight = draw(_logits(dtype, (classes, features), edges=False))
    return {"hidden": hidden, "weight": weight.tolist()}


@st.composite
def _scores(draw: Draw, given: Given, dtype: DType, shape: tuple[int, ...]) -> Any:
    """Scores of the dtype, with the classes last; one class for binary."""
    if given == "logits":
        return draw(_logits(dtype, shape))
    rows = np.empty(shape)
    for row in rows.reshape(-1, shape[-1]):
        row[:] = draw(_probabilities(len(row)))
    if given == "probs":
        return rounded(rows, dtype)
    with np.errstate(divide="ignore"):
        return rounded(np.log(rows), dtype)


@st.composite
def _logits(draw: Draw, dtype: DType, shape: tuple[int, ...], edges: bool = True) -> Any:
    """offset + step * whole number, entry by entry, with masks and the largest numbers."""
    highest = largest(dtype)
    step, offset = draw(st.sampled_from(_STEPS)), draw(st.sampled_from(_OFFSETS))
    few = st.integers(-20, 20).map(lambda whole: min(max(offset + step * whole, -highest), highest))
    large = [-np.inf, -highest, highest, highest / 2] if edges else []
    entries = st.one_of(few, few, few, few, few, st.sampled_from([*large, 1e-30, -0.0]))
    return rounded(np.array(draw(_flat(entries, shape))).reshape(shape), dtype)


@st.composite
def _probabilities(draw: Draw, classes: int) -> list[float]:
    """The first class that is drawn has one of the edges, the others share the rest."""
    top, at = draw(st.sampled_from(_TOPS)), draw(st.integers(0, classes - 1))
    rest = (1 - top) / max(1, classes - 1)
    return [top if index == at else rest for index in range(classes)]


@st.composite
def _labels(
    draw: Draw, loss: Loss, dtype: DType, shape: tuple[int, ...], axis: int | None, ignored: Any
) -> Numbers:
    samples = samples_of(shape, axis)
    if axis is None:
        return draw(_array(st.sampled_from((1, 0, *_SOFT[2:])), dtype, shape))
    classes = shape[axis]
    if loss == "sparse_categorical":
        some = st.integers(0, classes - 1)
        some = some if ignored is None else st.one_of(some, st.just(ignored))
        return np.array(draw(_flat(some, samples)), dtype=np.int64).reshape(samples).tolist()
    rows = np.zeros((*samples, classes))
    for row in rows.reshape(-1, classes):
        hot = draw(st.one_of(st.integers(0, classes - 1), st.none()))
        row[:] = np.eye(classes)[hot] if hot is not None else draw(_flat(_soft(), (classes,)))
    return rounded(np.moveaxis(rows, -1, axis), dtype).astype(np.float64).tolist()


def _soft() -> st.SearchStrategy[float]:
    return st.sampled_from([float(number) for number in _SOFT])


@st.composite
def _array(
    draw: Draw, entries: st.SearchStrategy[Any], dtype: DType, shape: tuple[int, ...]
) -> Numbers:
    array = np.array(draw(_flat(entries, shape)), dtype=np.float64).reshape(shape)
    return rounded(array, dtype).astype(np.float64).tolist()


def _flat(entries: st.SearchStrategy[Any], shape: Sequence[int]) -> st.SearchStrategy[list[Any]]:
    count = int(np.prod(shape, dtype=np.int64))
    return st.lists(entries, min_size=count, max_size=count)


def shortest(number: float, dtype: str) -> str:
    """The shortest text whose number, rounded to the dtype, is this one, as YAML has it."""
    if np.isnan(number):
        return ".nan"
    if np.isinf(number):
        return ".inf" if number > 0 else "-.inf"
    if number == int(number) and 0 < abs(number) < 1e6:
        return str(int(number))
    if number == 0:
        return "-0.0" if np.signbit(number) else "0"
    for digits in range(1, 18):
        text = f"{number:.{digits}g}"
        with np.errstate(over="ignore"):
            if float(numpy_dtype(dtype).type(float(text))) == number:
                return text
    return repr(number)
