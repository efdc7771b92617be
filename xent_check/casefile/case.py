"""Case: the keys of a case file and the types of their values.

Shapes, labels and probabilities are checked where a case becomes a problem. The models are also
the source of the JSON Schema.
"""

from __future__ import annotations

import math
import re
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

from xent_check.errors import LocatedMistake, Mistake
from xent_check.problem import options as kinds
from xent_check.problem.options import ARRAYS, OPTIONS, Option, Options
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.problem.vocabulary import GIVEN, DType, Given, Loss

from .array_forms import Array
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

_ID = re.compile(r"(.*?)::((?:(?!::).)*)", re.DOTALL)
ARRAY_KEYS = (*GIVEN, "labels", *ARRAYS)


class ToleranceFields(Strict):
    """The keys of a tolerance that is a mapping; ulps: in units in the last place."""

    model_config = ConfigDict(title="Tolerance")
    atol: Annotated[float, Field(ge=0)] = 0.0
    rtol: Annotated[float, Field(ge=0)] = 0.0
    ulps: Annotated[float, Field(ge=0)] = 1.0


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
    id: HypothesisId  # the hypothesis of the diagnosis that explains it


def _because_tag(value: object) -> str:
    return "mapping" if isinstance(value, dict) else "text"


class ExpectedFields(Strict):
    """The numbers that a source published for an implementation, or a known divergence or error."""

    losses: Numbers = None
    mean: Number | None = None
    weighted_mean: Number | None = None
    sum: Number | None = None
    gradient: Numbers = None
    error: str | None = None
    because: (
        Annotated[
            Annotated[Reason, Tag("text")] | Annotated[Because, Tag("mapping")],
            Discriminator(_because_tag),
        ]
        | None
    ) = None
    versions: Versions | None = None

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
    description: str | None = None
    source: str | None = None
    tags: Annotated[list[Word], *ONE_OR_MORE] = Field(default=[])
    loss: Loss
    logits: Array | None = None
    probs: Array | None = None
    log_probs: Array | None = None
    labels: Array
    dtype: DType = "float32"


def _option_field(option: Option) -> tuple[Any, Any]:
    """The type and the default of an option in a case file."""
    kind: Any
    match option.kind:
        case kinds.Axis():
            return int, Field(default=option.default, description=option.meaning)
        case kinds.Words(allowed, default):
            kind = Annotated[list[Literal[allowed]], *ONE_OR_MORE]  # type: ignore[valid-type]
            return kind, Field(default=list(default), description=option.meaning)
        case kinds.Flag():
            kind = bool
        case kinds.Whole(least):
            kind = Annotated[int, Field(ge=least)]
        case kinds.Number(least, above, most):
            kind = Annotated[float, Field(ge=least, gt=above, le=most)]
        case kinds.NumberArray():
            kind = Array
    return kind | None, Field(default=None, description=option.meaning)


if TYPE_CHECKING:
    _WithOptions = _Inputs
else:
    _WithOptions = create_model(
        "_WithOptions",
        __base__=_Inputs,
        **{option.key: _option_field(option) for option in OPTIONS},
    )


class CaseFields(_WithOptions):
    """The keys of a case."""

    tolerance: ToleranceField = Tolerance(atol=2e-6)
    implementations: Annotated[list[Word], *ONE_OR_MORE] | None = None
    matrix: dict[str, Annotated[list[Any], Field(min_length=1)]] | None = None
    expect: dict[str, Entries] = Field(default={})

    @property
    def asked(self) -> frozenset[str]:
        """The parts of an answer that the case asks for: losses, reductions, gradient.

        Losses are always compared, but `check: gradient` alone does not ask for them.
        """
        checked = {"value": "losses", "gradient": "gradient"}
        words = (checked[word] for word in self.option_value("check"))
        return frozenset([*self.options.reductions, *words])

    def option_value(self, key: str) -> Any:
        """The value of an option in the case."""
        return getattr(self, key)

    @property
    def options(self) -> Options:
        """The options as a problem has them, without the arrays."""
        scalars = [option for option in OPTIONS if option.key not in ARRAYS]
        return Options(**{o.name: o.posed(self.option_value(o.key)) for o in scalars})


@dataclass(frozen=True, eq=False)
class Case:
    """One case of a file."""

    file: Path
    shown: str  # the file as reports name it
    name: str
    source: Map  # its YAML mapping, with lines
    fields: CaseFields

    @property
    def id(self) -> str:
        return f"{self.shown}::{self.name}"

    @property
    def line(self) -> int:
        return self.source.line

    @property
    def given(self) -> Given:
        return next(given for given in GIVEN if getattr(self.fields, given) is not None)

    def located_mistake(self, mistake: Mistake) -> LocatedMistake:
        return locate(self.shown, self.source, mistake)


def locate(shown: str, source: Map, mistake: Mistake) -> LocatedMistake:
    """A mistake in the mapping of a case, at its place in the file."""
    line, key = line_of(source, mistake.key), origin_of(source, mistake.key)
    return LocatedMistake(shown, line, replace(mistake, key=key))


def split_id(text: str) -> tuple[str, str]:
    """The file, as reports name it, and the name in a case's id; an empty file for other text.

    A name may begin with a colon but has no `::` in it; a file may have one.
    """
    match = _ID.fullmatch(text)
    return (match[1], match[2]) if match else ("", text)
