"""Options: the one table of what a case may say beside its inputs.

The case file and its JSON Schema, `eval`, the checks, a problem, the messages between processes,
the digests, `impls -v`, users' functions and docs/options.md take all that they know of an option
from its line of `Options`. Code that computes names the options that it gives a meaning to, and an
adapter those that its API can express (support.py); each refuses the others (`refuse_unknown`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, get_args

from .vocabulary import (
    CHECKS,
    CONDUCT_CHECKS,
    GIVEN,
    SCORED,
    ConductCheck,
    CotangentLayout,
    Given,
    Layout,
    Loss,
    Reduction,
    SmoothingFormula,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

# classes: [classes]. samples: that of the losses. trailing: a number, or the values' last axes.
# matrix: [classes, features].
Shape = Literal["classes", "samples", "trailing", "matrix"]
_LINE = "line"


@dataclass(frozen=True)
class Axis:
    """An axis of the logits, as NumPy counts axes. It always has a value."""


@dataclass(frozen=True)
class Flag:
    """true or false."""


@dataclass(frozen=True)
class Whole:
    """A whole number, `least` or more."""

    least: int | None = None  # None: no limit


@dataclass(frozen=True)
class Number:
    """A float64, which is not rounded to the dtype. None: no such limit."""

    least: float | None = None  # value >= least
    above: float | None = None  # value > above
    most: float | None = None  # value <= most


@dataclass(frozen=True)
class NumberArray:
    """An array of finite numbers, rounded to the case's dtype."""

    shape: Shape  # the rule that its shape follows
    layout: str = ""  # the field of a problem that holds its layout in memory; "": it has none
    masks: bool = False  # whether a number may be -inf: it takes the class out of the softmax


@dataclass(frozen=True)
class Word:
    """One of the allowed words."""

    allowed: tuple[str, ...]  # the words


@dataclass(frozen=True)
class Words:
    """A list of allowed words."""

    allowed: tuple[str, ...]  # the words
    default: tuple[str, ...] = ()  # where the case says nothing
    flag: str = ""  # a problem holds whether this word is listed; "": it holds the list
    # The field of a problem that holds those of `others` that are listed; "": there is none.
    rest: str = ""
    others: tuple[str, ...] = ()  # words beside the flag, in the order of the table


@dataclass(frozen=True)
class Option:
    """A line of the table."""

    kind: Axis | Flag | Whole | Number | NumberArray | Word | Words  # of its values
    meaning: str  # one sentence
    losses: tuple[Loss, ...] = get_args(Loss)  # those that it applies to
    given: tuple[Given, ...] = GIVEN  # the inputs that it applies to
    # Whether an implementation must pass it in its calls. Others concern the reference alone, the
    # memory of the arrays, or ask for more parts of an answer.
    needs_support: bool = True
    of_gradient: bool = False  # it applies only where the gradient is checked
    synonyms: tuple[str, ...] = ()  # other names for it in the signature of a user's function
    other_words: tuple[str, ...] = ()  # what users write for it elsewhere
    misplaced: str = "remove it"  # what to do where it means nothing
    example: Any = None  # a value in a case
    key: str = ""  # its name in a case and for `eval`
    name: str = ""  # its field of a problem
    default: Any = None  # the field's value where the case says nothing

    def applies(self, loss: Loss, given: Given) -> bool:
        """Whether it has a meaning for this loss from this input."""
        return loss in self.losses and given in self.given

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The fields of a problem that hold it, with their values where the case says nothing."""
        match self.kind:
            case Words(rest=rest) if rest:
                return {self.name: self.default, rest: ()}
            case NumberArray(layout=layout) if layout:
                return {self.name: self.default, layout: None}
        return {self.name: self.default}

    def is_set(self, options: Options) -> bool:
        """Whether its value differs from its default."""
        values = [(getattr(options, name), default) for name, default in self.defaults.items()]
        return any(v is not None if d is None else bool(v != d) for v, d in values)

    def posed(self, stated: Any) -> Mapping[str, Any]:
        """The fields of a problem for what a case states (None: nothing). Arrays are not rounded
        yet."""
        if stated is None:
            return self.defaults
        if not isinstance(self.kind, Words):
            return {self.name: stated}
        if not self.kind.flag:
            return {self.name: tuple(stated)}
        others = tuple(word for word in self.kind.others if word in stated)
        rest = {self.kind.rest: others} if self.kind.rest else {}
        return {self.name: self.kind.flag in stated} | rest


_OF_CLASSES: tuple[Loss, ...] = ("categorical", "sparse_categorical")


@dataclass(frozen=True, eq=False)
class Options:
    """The options of a problem. One that is not set has its default.

    What a field means, its values and what it applies to: its line of the table, OPTIONS.
    """

    # fmt: off
    class_axis: int = field(default=-1, metadata={_LINE: Option(
        Axis(), "Which axis counts the classes.", losses=_OF_CLASSES, synonyms=("axis", "dim"),
        example=1,
        other_words=("axes", "class_dim", "channel_axis"),
    )})
    normalize: bool | None = field(default=None, metadata={_LINE: Option(
        Flag(), "Probabilities that do not sum to 1: divided by their sum, or not.",
        losses=_OF_CLASSES, given=("probs",), needs_support=False,
        example=True,
        other_words=("normalise", "normalized", "renormalize"),
    )})
    ignore_index: int | None = field(default=None, metadata={_LINE: Option(
        Whole(), "Samples with this label have loss 0 and do not count.",
        losses=("sparse_categorical",),
        synonyms=("ignore_idx", "ignored_index", "ignore_class", "padding_idx"),
        example=-100,
        other_words=("ignore", "pad_id", "pad_token_id", "ignore_label"),
    )})
    shift: int | None = field(default=None, metadata={_LINE: Option(
        Whole(least=1),
        "The scores at a position meet the label so many positions on, along the last axis.",
        losses=("sparse_categorical",),
        synonyms=("label_shift",),
        example=1,
        other_words=("shift_labels", "shift_logits", "offset", "causal", "lag"),
    )})
    label_smoothing: float = field(default=0.0, metadata={_LINE: Option(
        Number(least=0, most=1), "The share of every target that all classes get evenly.",
        synonyms=("smoothing",),
        example=0.1,
        other_words=("smooth", "label_smooth", "eps", "epsilon"),
    )})
    smoothing_formula: SmoothingFormula = field(default="standard", metadata={_LINE: Option(
        Word(get_args(SmoothingFormula)),
        "megatron: label smoothing with epsilon n / (n - 1) in place of epsilon, n the classes.",
        losses=_OF_CLASSES,
        example="megatron",
        other_words=("smoothing_mode", "smoothing_type", "smoothing_rule"),
    )})
    class_weight: Array | None = field(default=None, metadata={_LINE: Option(
        NumberArray("classes"), "A weight per class.", losses=_OF_CLASSES,
        synonyms=("class_weights",),
        example=(1.0, 2.0, 0.5),
        other_words=("weights", "weight_per_class"),
    )})
    pos_weight: Array | None = field(default=None, metadata={_LINE: Option(
        NumberArray("trailing"), "binary: a weight on the positive term.", losses=("binary",),
        example=2.0,
        other_words=("positive_weight", "scale_pos_weight"),
    )})
    sample_weight: Array | None = field(default=None, metadata={_LINE: Option(
        NumberArray("samples"), "A weight per sample.", synonyms=("sample_weights",),
        example=(1.0, 0.0),
        other_words=("weights", "mask"),
    )})
    weight: Array | None = field(default=None, metadata={_LINE: Option(
        NumberArray("matrix"), "The matrix of the last layer: logits = hidden @ weight.T + bias.",
        losses=_OF_CLASSES, given=("hidden",),
        synonyms=("linear_weight", "lin_weight", "c", "classifier"),
        example=((1.0, 0.5), (-0.5, 2.0), (0.25, 0.0)),
        other_words=("lm_head", "head", "kernel"),
        misplaced="remove it; a weight per class is `class_weight`, one per sample `sample_weight`",
    )})
    bias: Array | None = field(default=None, metadata={_LINE: Option(
        NumberArray("classes", masks=True), "The bias of the last layer; -inf masks a class.",
        losses=_OF_CLASSES, given=("hidden",), synonyms=("linear_bias", "lin_bias"),
        example=(0.5, 0.0, -1.0),
        other_words=("b", "intercept"),
    )})
    logit_scale: float = field(default=1.0, metadata={_LINE: Option(
        Number(above=0), "The logits are multiplied by it first.", given=SCORED,
        synonyms=("logits_scaling", "logit_scaling"),
        example=0.7,
        other_words=("scale", "logits_scale", "inverse_temperature"),
    )})
    softcap: float | None = field(default=None, metadata={_LINE: Option(
        Number(above=0), "The scaled logits are capped: softcap * tanh(logits / softcap).",
        given=SCORED,
        synonyms=("logit_softcapping", "final_logit_softcapping", "soft_cap", "logits_soft_cap"),
        example=30.0,
        other_words=("softcapping", "cap", "logit_cap"),
    )})
    z_loss: float = field(default=0.0, metadata={_LINE: Option(
        Number(least=0), "This times the square of the log-sum-exp is added to each kept loss.",
        losses=_OF_CLASSES, given=SCORED,
        synonyms=("lse_square_scale", "z_loss_weight", "z_loss_multiplier", "z_loss_coeff"),
        example=1e-4,
        other_words=("zloss", "z_loss_scale", "log_z_regularization"),
    )})
    num_items: float | None = field(default=None, metadata={_LINE: Option(
        Number(above=0), "`mean` divides by it, not by the number of kept samples.",
        synonyms=("n_items", "num_items_in_batch"),
        example=37,
        other_words=("items", "denominator", "normalizer"),
    )})
    layout: Layout | None = field(default=None, metadata={_LINE: Option(
        Word(get_args(Layout)),
        "Scores and labels in memory that is not contiguous, with the same numbers.",
        needs_support=False,
        example="transposed",
        other_words=("strides", "stride", "memory", "memory_format", "contiguous", "order"),
    )})
    reductions: tuple[Reduction, ...] = field(default=(), metadata={_LINE: Option(
        Words(get_args(Reduction)), "The totals that are compared beside the losses.",
        needs_support=False, key="reduction",
        example=("mean", "sum"),
        other_words=("reduce", "reduction_mode", "aggregation", "size_average"),
    )})
    gradient: bool = field(default=False, metadata={_LINE: Option(
        Words(CHECKS, ("value",), "gradient", rest="conduct", others=CONDUCT_CHECKS),
        "What is compared, and what else is checked.",
        needs_support=False, key="check",
        example=("value", "gradient"),
        other_words=("checks", "grad", "gradient", "gradients", "compare"),
    )})
    conduct: tuple[ConductCheck, ...] = ()  # the further checks that are made; of the line above
    cotangent: Array | None = field(default=None, metadata={_LINE: Option(
        NumberArray("samples", layout="cotangent_layout"),
        "The gradient is of the sum of this times the losses.",
        needs_support=False, of_gradient=True,
        example=(1.0, 0.5),
        other_words=("grad_output", "grad_outputs", "upstream"),
    )})
    # What the cotangent is in memory; None: contiguous. Of the line above.
    cotangent_layout: CotangentLayout | None = None
    # fmt: on


OPTIONS: tuple[Option, ...] = tuple(
    replace(line, key=line.key or column.name, name=column.name, default=column.default)
    for column in fields(Options)
    if _LINE in column.metadata
    for line in (column.metadata[_LINE],)
)
# The shape rule of each array, by its key, which is its field too.
ARRAYS = {o.key: o.kind.shape for o in OPTIONS if isinstance(o.kind, NumberArray)}
# The field that holds the layout of an array, by the array's key.
LAYOUTS = {o.key: k.layout for o in OPTIONS if isinstance(k := o.kind, NumberArray) and k.layout}
MASKS = {o.key for o in OPTIONS if isinstance(o.kind, NumberArray) and o.kind.masks}
# The options that an implementation must pass in its calls.
CALLED = tuple(option for option in OPTIONS if option.needs_support)


def dashed(key: str) -> str:
    """The option of `eval` for a key of a case: `--class-axis` for class_axis."""
    return f"--{key.replace('_', '-')}"


def misfit(shape: tuple[int, ...], rule: Shape, values: tuple[int, ...], axis: int | None) -> str:
    """The shape that the rule demands, in words; "" where `shape` is that.

    values: the shape of the values, that of the logits where they are hidden. axis: their class
    axis; None for binary. Of a matrix it is that it has two axes, the classes first.
    """
    samples = samples_of(values, axis)
    if rule == "trailing":
        fits = shape == values[len(values) - len(shape) :]
        return "" if fits else f"a number, or the last axes of {list(values)}"
    if rule == "matrix":
        return "" if len(shape) == 2 and shape[0] else "[classes, features], one class at least"
    if rule == "samples":
        return "" if shape == samples else f"{list(samples)}, one per sample"
    classes = 0 if axis is None else values[axis]
    return "" if shape == (classes,) else f"[{classes}], one per class"


def samples_of(values: tuple[int, ...], axis: int | None) -> tuple[int, ...]:
    """The shape of the losses, from that of the values and its class axis (None for binary)."""
    if axis is None:
        return values
    axis %= len(values)
    return values[:axis] + values[axis + 1 :]


def refuse_unknown(options: Options, known: Collection[str], who: str) -> None:
    """Raise NotImplementedError where an option is set that is not `known`. who: who refuses."""
    unknown = [o.key for o in OPTIONS if o.key not in known and o.is_set(options)]
    if unknown:
        raise NotImplementedError(f"{who} gives no meaning to {', '.join(unknown)}")
