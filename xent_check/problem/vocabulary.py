"""The closed vocabularies of a case file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from xent_check.errors import OtherWords

Loss = Literal["binary", "categorical", "sparse_categorical"]
Given = Literal["logits", "probs", "log_probs", "hidden"]
Parameter = Literal["weight", "bias"]  # of the linear layer that makes logits of what is hidden
DType = Literal["float16", "bfloat16", "float32", "float64"]
Reduction = Literal["mean", "weighted_mean", "sum"]
SmoothingFormula = Literal["standard", "megatron"]
# What is seen of an implementation by further calls, beside the numbers that it gives.
ConductCheck = Literal["inputs", "repeatable", "batch"]
Check = Literal["value", "gradient"] | ConductCheck
# What scores and labels, and what a cotangent, may be in memory where that is not contiguous.
Layout = Literal["transposed", "sliced", "reversed"]
CotangentLayout = Literal["transposed", "expanded", "sliced"]
AnyLayout = Layout | CotangentLayout
DepartureId = Literal["input-overwritten", "not-repeatable", "row-dependent"]
Level = Literal["quick", "full", "huge"]

LOSSES: tuple[Loss, ...] = get_args(Loss)
GIVEN: tuple[Given, ...] = get_args(Given)
SCORED: tuple[Given, ...] = ("logits", "hidden")  # what the softmax or sigmoid gets its scores from
PARAMETERS: tuple[Parameter, ...] = get_args(Parameter)
DTYPES: tuple[DType, ...] = get_args(DType)
# The gradient of each parameter among the parts of an answer; "gradient" is that by what is given.
PARAMETER_PARTS: dict[Parameter, str] = {p: f"{p}_gradient" for p in PARAMETERS}
GRADIENTS = frozenset({"gradient", *PARAMETER_PARTS.values()})
REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)
CONDUCT_CHECKS: tuple[ConductCheck, ...] = get_args(ConductCheck)
DEPARTURES: tuple[DepartureId, ...] = get_args(DepartureId)  # what each finds, in that order
CHECKS: tuple[Check, ...] = ("value", "gradient", *CONDUCT_CHECKS)
LAYOUTS: tuple[AnyLayout, ...] = ("transposed", "sliced", "reversed", "expanded")
LEVELS: tuple[Level, ...] = get_args(Level)  # each takes the cases of those before it too

# What users write for them: functions, classes and dtypes of the libraries, and short names. A word
# may stand for several.
_INDICES = ("cross_entropy", "cross_entropy_loss", "ce", "xent", "softmax", "softmax_cross_entropy")
CHOICE_WORDS: OtherWords = (
    ("", ("float8", "float8_e4m3fn", "float8_e5m2", "float128", "float80")),
    ("binary", ("bce", "bce_loss", "binary_crossentropy", "binary_cross_entropy", "sigmoid",
                "bce_with_logits", "bce_with_logits_loss", "binary_cross_entropy_with_logits",
                "sigmoid_cross_entropy", "sigmoid_binary_cross_entropy", "logistic", "log_loss",
                "multilabel", "sigmoid_cross_entropy_with_logits")),
    ("sparse_categorical", ("sparse", "sparse_categorical_crossentropy", "nll", "nll_loss",
                            "sparse_softmax_cross_entropy_with_logits", *_INDICES,
                            "softmax_cross_entropy_with_integer_labels")),
    ("categorical", ("categorical_crossentropy", "softmax_cross_entropy_with_logits", *_INDICES,
                     "safe_softmax_cross_entropy", "soft")),
    ("float16", ("half", "fp16", "f16")),
    ("bfloat16", ("bf16", "bfloat", "brain_float16")),
    ("float32", ("fp32", "f32", "single", "float")),
    ("float64", ("fp64", "f64", "double")),
    ("mean", ("avg", "average", "batchmean", "sum_over_batch_size", "elementwise_mean")),
    ("weighted_mean", ("weighted_average", "weighted", "mean_with_sample_weight",
                       "sum_by_nonzero_weights")),
    ("sum", ("total", "add")),
    ("quick", ("fast", "small", "short", "default")),
    ("full", ("slow", "long", "all", "medium")),
    ("huge", ("large", "giant", "enormous")),
    ("normal", ("gaussian", "randn", "standard_normal")),
    ("uniform", ("rand", "random")),
    ("integers", ("randint", "integer", "int")),
    ("value", ("values", "loss", "losses", "forward")),
    ("gradient", ("grad", "gradients", "grads", "backward")),
    ("inputs", ("input", "inplace", "in_place", "overwritten", "mutation")),
    ("transposed", ("fortran", "f", "column_major", "transpose", "permuted", "t")),
    ("sliced", ("strided", "slice", "non_contiguous", "noncontiguous", "step")),
    ("reversed", ("flipped", "negative", "reverse", "flip", "negative_strides")),
    ("repeatable", ("deterministic", "determinism", "reproducible", "repeat", "repeated")),
    ("batch", ("batches", "rows", "independent", "row_dependent", "permutation")),
)  # fmt: skip
