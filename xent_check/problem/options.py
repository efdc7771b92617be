"""Options: the one table of what a case may say beside its inputs.

A line of `Options` is all that the case file and its JSON Schema, `eval`, the checks, a problem,
the messages between processes, the digests, `impls -v`, a user's function and docs/options.md know
of an option. What computes says which options it gives a meaning to (`refuse_unknown`), and an
implementation what its API can say (support.py): what one does not name it refuses.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from .vocabulary import GIVEN, Check, Given, Loss, Reduction

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

# classes: [classes]. samples: the losses' own. trailing: a number, or the values' last axes.
Shape = Literal["classes", "samples", "trailing"]
_LINE = "line"


@dataclass(frozen=True)
class Axis:
    """An axis of the logits, as NumPy counts them. It always has a value."""


@dataclass(frozen=True)
class Flag:
    """true or false."""


@dataclass(frozen=True)
class Whole:
    """A whole number, `least` or more."""

    least: int | None = None


@dataclass(frozen=True)
class Number:
    """A float64, which is not rounded to the dtype: `least` or more, more than `above`, at most
    `most`."""

    least: float | None = None
    above: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class NumberArray:
    """An array of finite numbers, rounded to the case's dtype."""

    shape: Shape


@dataclass(frozen=True)
class Words:
    """A list of some of the words, `default` where the case says nothing.

    flag: the word that the problem asks after, true or false; it has all of them without one.
    """

    allowed: tuple[str, ...]
    default: tuple[str, ...] = ()
    flag: str = ""


@dataclass(frozen=True)
class Option:
    """A line of the table.

    meaning: in a sentence. losses, given: those that it means something for. needs_support:
    whether an implementation must say it in its calls; others are the reference's alone, or ask
    for more of an answer. of_gradient: whether it needs a gradient that is checked. synonyms: what
    a user's function may call it. key: what a case and `eval` call it. name: the field of a
    problem; default: its value where the case says nothing.
    """

    kind: Axis | Flag | Whole | Number | NumberArray | Words
    meaning: str
    losses: tuple[Loss, ...] = get_args(Loss)
    given: tuple[Given, ...] = GIVEN
    needs_support: bool = True
    of_gradient: bool = False
    synonyms: tuple[str, ...] = ()
    key: str = ""
    name: str = ""
    default: Any = None

    def applies(self, loss: Loss, given: Given) -> bool:
        """Whether it means something for the loss from this input."""
        return loss in self.losses and given in self.given

    def is_set(self, options: Options) -> bool:
        """Whether it has another value than its default."""
        value = getattr(options, self.name)
        return value is not None if self.default is None else bool(value != self.default)

    def posed(self, stated: Any) -> Any:
        """A problem's value of what a case states; arrays are rounded by who poses it."""
        if stated is None:
            return self.default
        if isinstance(self.kind, Words):
            return self.kind.flag in stated if self.kind.flag else tuple(stated)
        return stated


_OF_CLASSES: tuple[Loss, ...] = ("categorical", "sparse_categorical")


@dataclass(frozen=True, eq=False)
class Options:
    """The options of a problem. One that is not set has its default."""

    # fmt: off
    class_axis: int = field(default=-1, metadata={_LINE: Option(
        Axis(), "Which axis counts the classes.", losses=_OF_CLASSES, synonyms=("axis",),
    )})
    normalize: bool | None = field(default=None, metadata={_LINE: Option(
        Flag(), "Probabilities that do not sum to 1: divided by their sum, or not.",
        losses=_OF_CLASSES, given=("probs",), needs_support=False,
    )})
    ignore_index: int | None = field(default=None, metadata={_LINE: Option(
        Whole(), "Samples with this label have loss 0 and do not count.",
        losses=("sparse_categorical",),
        synonyms=("ignore_idx", "ignored_index", "ignore_class", "padding_idx"),
    )})
    label_smoothing: float = field(default=0.0, metadata={_LINE: Option(
        Number(least=0, most=1), "The share of every target that all classes get evenly.",
        synonyms=("smoothing",),
    )})
    class_weight: Array | None = field(default=None, metadata={_LINE: Option(
        NumberArray("classes"), "A weight per class.", losses=_OF_CLASSES,
        synonyms=("weight", "class_weights"),
    )})
    pos_weight: Array | None = field(default=None, metadata={_LINE: Option(
        NumberArray("trailing"), "binary: a weight on the positive term.", losses=("binary",),
    )})
    sample_weight: Array | None = field(default=None, metadata={_LINE: Option(
        NumberArray("samples"), "A weight per sample.", synonyms=("sample_weights",),
    )})
    reductions: tuple[Reduction, ...] = field(default=(), metadata={_LINE: Option(
        Words(get_args(Reduction)), "The totals that are compared beside the losses.",
        needs_support=False, key="reduction",
    )})
    gradient: bool = field(default=False, metadata={_LINE: Option(
        Words(get_args(Check), default=("value",), flag="gradient"), "What is compared.",
        needs_support=False, key="check",
    )})
    cotangent: Array | None = field(default=None, metadata={_LINE: Option(
        NumberArray("samples"), "The gradient is of the sum of this times the losses.",
        needs_support=False, of_gradient=True,
    )})
    # fmt: on


OPTIONS: tuple[Option, ...] = tuple(
    replace(line, key=line.key or column.name, name=column.name, default=column.default)
    for column in fields(Options)
    for line in (column.metadata[_LINE],)
)
# The arrays by their keys, which are their fields too.
ARRAYS = {o.key: o.kind.shape for o in OPTIONS if isinstance(o.kind, NumberArray)}
# Those that an implementation has to say in its calls.
CALLED = tuple(option for option in OPTIONS if option.needs_support)


def dashed(key: str) -> str:
    """The key of a case as `eval` has it: `--class-axis`."""
    return f"--{key.replace('_', '-')}"


def misfit(shape: tuple[int, ...], rule: Shape, values: tuple[int, ...], axis: int | None) -> str:
    """The shape that an option must have by the rule; "" where it has it.

    axis: which of the values' counts the classes; None for binary.
    """
    samples = samples_of(values, axis)
    if rule == "trailing":
        fits = shape == values[len(values) - len(shape) :]
        return "" if fits else f"a number, or the last axes of {list(values)}"
    if rule == "samples":
        return "" if shape == samples else f"{list(samples)}, one per sample"
    classes = 0 if axis is None else values[axis]
    return "" if shape == (classes,) else f"[{classes}], one per class"


def samples_of(values: tuple[int, ...], axis: int | None) -> tuple[int, ...]:
    """The shape of the losses of values of that shape."""
    if axis is None:
        return values
    axis %= len(values)
    return values[:axis] + values[axis + 1 :]


def refuse_unknown(options: Options, known: Collection[str], who: str) -> None:
    """NotImplementedError where an option is set that has no meaning there."""
    unknown = [o.key for o in OPTIONS if o.key not in known and o.is_set(options)]
    if unknown:
        raise NotImplementedError(f"{who} gives no meaning to {', '.join(unknown)}")
