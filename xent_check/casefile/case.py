"""Case: the keys of a case file and the types of their values.

Shapes, labels and probabilities are checked where a case becomes a problem. The models are also
the source of the JSON Schema.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetPydanticSchema,
    Tag,
    create_model,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from xent_check.errors import LocatedMistake, Mistake, OtherWords
from xent_check.problem import options as kinds
from xent_check.problem.options import ARRAYS, OPTIONS, Option, Options
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.problem.vocabulary import (
    GIVEN,
    PARAMETER_PARTS,
    DepartureId,
    DType,
    Given,
    Level,
    Loss,
)

from .array_forms import Array, LaidOutArray
from .field_types import (
    ONE_OR_MORE,
    HypothesisId,
    Number,
    Numbers,
    OneOrMore,
    Reason,
    Strict,
    Text,
    Versions,
    Word,
    number_advice,
    validation_error,
)
from .yaml_values import Map, describe, line_of, origin_of

COMMAND_LINE = "eval"  # in place of a file, in the id of a case of the command line
IN_MEMORY = "arrays"  # the same, of a case given in Python
ANY_GIVEN = "logits, probs, log_probs or hidden"  # among a case's unknown keys: which is meant
ARRAY_KEYS = (*GIVEN, "labels", *ARRAYS)
_SCALARS = tuple(option for option in OPTIONS if option.key not in ARRAYS)
_SCORES = ("y_pred", "pred", "preds", "prediction", "predictions", "input", "inputs", "x", "output",
           "outputs", "from_logits")  # fmt: skip
# What users write for the keys; a word may stand for several. Those of options are in their table.
KEY_WORDS: OtherWords = (
    ("", ("classes", "n_classes", "num_classes", "class_index", "logit_scale", "z_loss", "scale",
          "temperature", "sample_axis", "batch_axis")),
    ("cases", ("case", "tests", "test_cases", "examples")),
    ("defaults", ("default", "common", "base")),
    ("name", ("id", "title")),
    ("description", ("desc", "doc", "comment", "note", "notes")),
    ("source", ("url", "link", "ref", "cite", "citation", "origin")),
    ("tags", ("tag", "markers", "marks")),
    ("level", ("tier", "effort", "cost")),
    ("loss", ("criterion", "objective", "loss_fn", "loss_function", "kind", "type", "function")),
    ("logits", ("logit", "scores", "score", *_SCORES)),
    ("probs", ("prob", "probabilities", "probability", "proba", "y_proba", "softmax", *_SCORES)),
    ("log_probs", ("log_prob", "logp", "log_softmax", "log_probabilities", "log_proba")),
    ("hidden", ("hidden_states", "hidden_state", "last_hidden_state", "embeddings", "activations",
                "features")),
    ("labels", ("label", "y", "y_true", "target", "targets", "truth", "true", "ground_truth")),
    ("dtype", ("precision", "data_type", "float_type")),
    ("tolerance", ("tol", "tolerances", "atol", "rtol", "ulps", "ulp", "eps", "epsilon", "abs_tol",
                   "rel_tol", "abs", "rel", "threshold", "delta")),
    ("implementations", ("frameworks", "framework", "impl", "impls", "backend", "backends",
                         "libraries")),
    ("matrix", ("parametrize", "parameters", "params", "grid")),
    ("expect", ("expected", "expectation", "expectations", "losses", "result", "results", "answer",
                "known")),
    ("atol", ("abs", "abs_tol", "absolute", "tol", "eps", "epsilon")),
    ("rtol", ("rel", "rel_tol", "relative")),
    ("ulps", ("ulp",)),
    ("losses", ("loss", "value", "values")),
    ("gradient", ("grad", "grads", "gradients")),
    ("error", ("raises", "exception", "message")),
    ("because", ("reason", "why")),
    ("versions", ("version",)),
    ("shape", ("size", "dims", "dim")),
    ("random", ("distribution", "dist", "rand")),
    ("loc", ("mean", "mu")),
    ("scale", ("std", "sigma", "stddev")),
    ("low", ("min", "minimum", "minval")),
    ("high", ("max", "maximum", "maxval")),
    ("fill", ("value", "constant", "full")),
    ("num_classes", ("classes", "n_classes", "depth", "n")),
    ("file", ("path", "filename", "npy")),
    *((option.key, (*option.synonyms, *option.other_words)) for option in OPTIONS),
)  # fmt: skip


class ToleranceFields(Strict):
    """The keys of a tolerance that is a mapping."""

    model_config = ConfigDict(title="Tolerance")
    atol: Annotated[float, Field(ge=0)] = 0.0
    """The absolute part: off by atol + rtol * abs(exact value) agrees."""
    rtol: Annotated[float, Field(ge=0)] = 0.0
    """The relative part."""
    ulps: Annotated[float, Field(ge=0)] = 1.0
    """So many units in the last place of the exact value agree as well."""


def _tolerance_keys(value: object) -> object:
    if isinstance(value, Tolerance):
        return asdict(value)
    if isinstance(value, dict) or value == "auto":
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        allowed = "a number, a mapping with atol, rtol, ulps, or auto"
        raise validation_error(Mistake((), describe(value), allowed, number_advice(value)))
    if not (value >= 0 and math.isfinite(value)):
        raise validation_error(Mistake((), describe(value), "a finite number, 0 or more", ""))
    return {"atol": value}


def _tolerance_tag(value: object) -> str:
    return "auto" if value == "auto" else "tolerance"


def _tolerance_schema(_: object, handler: GetCoreSchemaHandler) -> CoreSchema:
    """Check the keys, then make a Tolerance of them."""
    fields = handler.generate_schema(ToleranceFields)
    return no_info_after_validator_function(lambda f: Tolerance(f.atol, f.rtol, f.ulps), fields)


ToleranceField = Annotated[
    Annotated[
        Annotated[Tolerance, GetPydanticSchema(_tolerance_schema), Tag("tolerance")]
        | Annotated[Auto, Tag("auto")],
        Discriminator(_tolerance_tag),
    ],
    BeforeValidator(
        _tolerance_keys,
        json_schema_input_type=Annotated[float, Field(ge=0)] | ToleranceFields | Auto,
    ),
]


class Because(Strict):
    """The reason for a known divergence."""

    text: Text
    """The reason in words."""
    id: HypothesisId
    """The hypothesis that explains it, as `explain` calls it."""


def _because_tag(value: object) -> str:
    return "mapping" if isinstance(value, dict) else "text"


class GradientFields(Strict):
    """The gradients beside `hidden`, by what each is taken. Some of them will do."""

    model_config = ConfigDict(title="Gradients")
    hidden: Numbers = None
    """In the shape of what is hidden."""
    weight: Numbers = None
    """In the shape of the weight."""
    bias: Numbers = None
    """In the shape of the bias."""


def _gradient_tag(value: object) -> str:
    return "mapping" if isinstance(value, dict | GradientFields) else "numbers"


class ExpectedFields(Strict):
    """The numbers that a source published for an implementation, or a known divergence or error."""

    losses: Numbers = None
    """One per sample."""
    mean: Number | None = None
    """Of the losses."""
    weighted_mean: Number | None = None
    """The sum of the losses over that of their weights."""
    sum: Number | None = None
    """Of the losses."""
    gradient: Annotated[
        Annotated[GradientFields, Tag("mapping")] | Annotated[Numbers, Tag("numbers")],
        Discriminator(_gradient_tag),
    ] = None
    """That of the sum of the losses, in the shape of the logits, probs or log_probs; beside hidden
    a mapping with those by hidden, weight and bias."""
    error: str | None = None
    """Text that the message of the error must contain."""
    conduct: Annotated[list[DepartureId], *ONE_OR_MORE] = Field(default=[])
    """What the further checks of `check` are known to find."""
    compute: DType | None = None
    """The dtype in which it computes a case of a wider one, in place of numbers: it gives those of
    the case in this dtype, within what rounding explains there."""
    because: (
        Annotated[
            Annotated[Reason, Tag("text")] | Annotated[Because, Tag("mapping")],
            Discriminator(_because_tag),
        ]
        | None
    ) = None
    """The reason for a known divergence, as text or with the id of its hypothesis."""
    versions: Versions | None = None
    """The versions of the framework that this is about (PEP 440); all where it is left out."""

    @property
    def reason(self) -> str | None:
        """The words of `because`."""
        return self.because.text if isinstance(self.because, Because) else self.because

    @property
    def hypothesis(self) -> str | None:
        """The hypothesis that `because` names; text alone names none."""
        return self.because.id if isinstance(self.because, Because) else None


def _entry_list(value: object) -> object:
    return [value] if isinstance(value, dict) else value


Entries = Annotated[
    list[ExpectedFields], Field(min_length=1), BeforeValidator(_entry_list), OneOrMore()
]


class _Inputs(Strict):
    """The keys of a case before its options."""

    name: Word | None = None
    """What the case is called, once in its file; as the file where it is left out."""
    description: str | None = None
    """What the case shows, for people."""
    source: str | None = None
    """Where the case or its numbers were published."""
    tags: Annotated[list[Word], *ONE_OR_MORE] = Field(default=[])
    """Words to select cases by: `run --tag TAG`."""
    level: Level = "quick"
    """How much it costs: quick (a moment), full or huge. `run --level` says which are taken; a case
    that is named, `FILE::NAME`, runs whatever its level."""
    loss: Loss
    """Which cross-entropy: binary (a sigmoid, a target per element), categorical (a softmax, a
    distribution per sample) or sparse_categorical (a softmax, a class index per sample)."""
    logits: Array | None = None
    """Unnormalised scores, classes along the class axis: exactly one of logits, probs, log_probs
    and hidden is given."""
    probs: Array | None = None
    """Probabilities, in place of logits (from_logits=False)."""
    log_probs: Array | None = None
    """Log-probabilities, in place of logits, taken as they are."""
    hidden: Array | None = None
    """What the last layer gets, features along the last axis: hidden @ weight.T + bias are the
    logits."""
    labels: Array
    """A class index per sample, or a distribution; for binary a number in 0..1 per element."""
    dtype: DType = "float32"
    """What the numbers are rounded to, and the frameworks compute in."""


def _option_field(option: Option) -> tuple[Any, Any]:
    """The type and the default of an option in a case file."""
    kind: Any
    example = list(option.example) if isinstance(option.example, tuple) else option.example
    examples = None if example is None else [example]
    words: dict[str, Any] = {"description": option.meaning, "examples": examples}
    match option.kind:
        case kinds.Axis():
            return int, Field(default=option.default, **words)
        case kinds.Words(allowed, default):
            kind = Annotated[list[Literal[allowed]], *ONE_OR_MORE]  # type: ignore[valid-type]
            return kind, Field(default=list(default), **words)
        case kinds.Flag():
            kind = bool
        case kinds.Word(allowed):
            kind = Literal[allowed]
        case kinds.Whole(least):
            kind = Annotated[int, Field(ge=least)]
        case kinds.Number(least, above, most):
            kind = Annotated[float, Field(ge=least, gt=above, le=most)]
        case kinds.NumberArray(layout=layout):
            kind = LaidOutArray if layout else Array
    return kind | None, Field(default=None, **words)


if TYPE_CHECKING:
    _WithOptions = _Inputs
else:
    _WithOptions = create_model(
        "_WithOptions",
        __base__=_Inputs,
        __module__=create_model.__module__,  # which has its source: see json_schema
        **{option.key: _option_field(option) for option in OPTIONS},
    )


class CaseFields(_WithOptions):
    """The keys of a case."""

    tolerance: ToleranceField = Tolerance(atol=2e-6)
    """How far off still agrees: a number, a mapping, or auto, which is what rounding explains."""
    implementations: Annotated[list[Word], *ONE_OR_MORE] | None = None
    """Who is asked: names that `xent-check impls` lists; the default set where it is left out."""
    matrix: dict[str, Annotated[list[Any], Field(min_length=1)]] | None = None
    """Values of other keys: `{dtype: [float32, float64]}` makes a case of each combination."""
    expect: dict[str, Entries] = Field(default={})
    """What is known already, by implementation; of `reference`, the exact value."""

    @property
    def asked(self) -> frozenset[str]:
        """The parts of an answer that the case asks for: losses, reductions, the gradients; and
        the further checks, inputs, repeatable and batch.

        Losses are always compared, but `check: gradient` alone does not ask for them.
        """
        words = ["losses" if word == "value" else word for word in self.option_value("check")]
        if "gradient" in words:
            words += [part for p, part in PARAMETER_PARTS.items() if self.has(p)]
        return frozenset([*self.option_value("reduction"), *words])

    def has(self, key: str) -> bool:
        """Whether the case states an option, or an input."""
        return getattr(self, key) is not None

    def option_value(self, key: str) -> Any:
        """The value of an option in the case."""
        return getattr(self, key)

    @property
    def options(self) -> Options:
        """The options as a problem has them, without the arrays."""
        stated = ((option, self.option_value(option.key)) for option in _SCALARS)
        posed = (option.posed(value) for option, value in stated if value is not None)
        return Options(**{name: value for values in posed for name, value in values.items()})


@dataclass(frozen=True, eq=False)
class Case:
    """One case of a file."""

    file: Path  # where it is
    shown: str  # the file as reports name it
    name: str  # unique in the file
    source: Map  # its YAML mapping, with lines
    fields: CaseFields  # the same, checked
    unknown: frozenset[str] = frozenset()
    """the keys with a stand-in for a wrong value: nothing that depends on them is checked"""

    @property
    def id(self) -> str:
        """`FILE::NAME`, as reports name the case."""
        return f"{self.shown}::{self.name}"

    @property
    def line(self) -> int:
        """Where the case begins in its file, from 1."""
        return self.source.line

    @property
    def place(self) -> str:
        """`FILE:LINE`; "" for a case that stands in no file."""
        return "" if self.shown in (COMMAND_LINE, IN_MEMORY) else f"{self.shown}:{self.line}"

    @property
    def given(self) -> Given:
        """The input that the case gives."""
        return next(given for given in GIVEN if getattr(self.fields, given) is not None)

    def located_mistake(self, mistake: Mistake) -> LocatedMistake:
        """A mistake in the case, at its place in the file."""
        return locate(self.shown, self.source, mistake)


def locate(shown: str, source: Map, mistake: Mistake) -> LocatedMistake:
    """A mistake in the mapping of a case, at its place in the file; its key is as in the file."""
    line, key = line_of(source, mistake.key), origin_of(source, mistake.key)
    return LocatedMistake(shown, line, replace(mistake, key=key))
