"""Find: what diverged or failed, named by who, why and in which part, and its case as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.casefile.loading import PosedCase
from xent_check.casefile.yaml_values import Map, scalar
from xent_check.diagnosis.diagnosis import ROUNDING, Explanation
from xent_check.diagnosis.gradients import diagnose_printed_gradient
from xent_check.problem.dtypes import dtype_name, largest
from xent_check.problem.evaluation import Computed, Failed
from xent_check.problem.vocabulary import PARAMETER_PARTS, Parameter
from xent_check.results.behaviour import behaviour
from xent_check.results.difference import Difference
from xent_check.results.number_text import tidy
from xent_check.results.report import CaseResult

from .draw import shortest

UNEXPLAINED = "unexplained"
_GRADIENTS: dict[str, Parameter | None] = {"gradient": None}
_GRADIENTS |= {name: parameter for parameter, name in PARAMETER_PARTS.items()}
_CONSTANTS = ("epsilon", "clamp")
_TEXT_OF_ERROR = 60  # characters of a message that a case states


@dataclass(frozen=True)
class Key:
    """What makes two finds one: the same implementation, explanation and behaviour."""

    implementation: str
    explanation: str
    """the id of the first, of two at once both; of numbers too few for any, that of the closest
    that gives them all; that of a failure, or `unexplained`"""
    behaviour: str
    """the part that diverges, `losses`, a total or `gradient`, with its kinds of numbers where
    some are not finite; the kind of a failure"""
    constants: frozenset[tuple[str, float]] = field(default=frozenset(), compare=False)
    """numbers of the explanation that are the implementation's own, as where it clips"""

    @property
    def name(self) -> str:
        """The name of its case, and of the file without its ending."""
        words = "-".join((self.implementation, self.explanation, self.behaviour))
        return re.sub(r"[^\w.]+", "-", words).strip("-")


@dataclass(frozen=True, eq=False)
class Find:
    """The smallest case that shows it."""

    key: Key
    posed: PosedCase
    result: CaseResult
    size: tuple[int, int] = field(default=(0, 0))
    """numbers in its arrays, and characters of its text"""


def key_of(result: CaseResult) -> Key:
    """The key of a result that diverges or failed."""
    return keys_of(result)[0]


def keys_of(result: CaseResult) -> list[Key]:
    """The keys by each of its reasons; one at least."""
    name, evaluation = result.implementation, result.evaluation
    if isinstance(evaluation, Failed):
        return [Key(name, evaluation.kind, "/".join(behaviour(result)))]
    assert result.comparison is not None
    parts = result.comparison.by_reference.items()
    diverging = ((part, numbers) for part, numbers in parts if numbers.diverging)
    part, numbers = next(diverging, ("conduct", None))
    how = part if numbers is None else behaviour_of(part, numbers)
    reasons = _reasons(result, part)
    keys = [Key(name, "+".join(one.ids), how, constants_of(one.parameters)) for one in reasons]
    return keys or [Key(name, UNEXPLAINED, how)]


def behaviour_of(part: str, numbers: Difference) -> str:
    """The part, and the kinds of its numbers that are not finite where they should be."""
    nan, inf = np.isnan(numbers.actual), np.isinf(numbers.actual)
    kinds = ["nan"] if (nan & ~np.isnan(numbers.target)).any() else []
    finite = np.abs(numbers.target) <= largest(numbers.asked or numbers.dtype)
    kinds += ["inf"] if (inf & finite).any() else []
    return " ".join([part, *kinds])


def constants_of(parameters: Mapping[str, Any]) -> frozenset[tuple[str, float]]:
    """Those of a reason's parameters that no problem changes."""
    return frozenset((name, parameters[name]) for name in _CONSTANTS if name in parameters)


def _reasons(result: CaseResult, part: str) -> list[Explanation]:
    """What explains the numbers; else the closest that gives all of them."""
    diagnosis = result.diagnosis
    if diagnosis is None and result.problem and result.comparison and part in _GRADIENTS:
        actual = result.comparison.by_reference[part].actual
        exact_digits, by = np.zeros(actual.shape), _GRADIENTS[part]
        diagnosis = diagnose_printed_gradient(result.problem, actual, exact_digits, by)
    if diagnosis is None:
        return []
    reasons = [one for one in diagnosis.reasons if one.id != ROUNDING]
    return reasons or [one for one in diagnosis.closest if one.share_explained == 1]


def written(case: dict[str, Any], dtype: str) -> Map:
    """The mapping of a case file, its numbers in the fewest digits that give them."""
    source = Map(1)
    for key, value in case.items():
        source[key] = _with_texts(value, dtype)
    source["tolerance"] = "auto"
    source.lines = dict.fromkeys(source, 1)
    return source


def _with_texts(value: Any, dtype: str) -> Any:
    if isinstance(value, list):
        return [_with_texts(item, dtype) for item in value]
    if isinstance(value, bool | str):
        return value
    return scalar(str(value) if isinstance(value, int) else shortest(float(value), dtype))


def case_source(find: Find, declare: bool) -> Map:
    """The find as a case of its own. declare: it is stated as a known divergence."""
    source, key = Map(1), find.key
    source["name"], source["description"] = key.name, f"{key.implementation}: {_reason(find)}"
    source |= {k: value for k, value in find.posed.case.source.items() if k not in source}
    source["implementations"] = [key.implementation]
    if declare:
        source["expect"] = {key.implementation: _expected(find)}
    return source


def _reason(find: Find) -> str:
    best = next(iter(find.result.diagnosis.reasons), None) if find.result.diagnosis else None
    if best is None:
        sure = "" if find.key.explanation == UNEXPLAINED else "perhaps "
        return f"{find.key.behaviour}, {sure}{find.key.explanation}"
    return tidy(best.sentence)


def _expected(find: Find) -> dict[str, object]:
    """What it answers, and why."""
    entry, evaluation = dict[str, object](), find.result.evaluation
    if isinstance(evaluation, Failed):
        entry["error"] = evaluation.message.partition("\n")[0][:_TEXT_OF_ERROR]
    if isinstance(evaluation, Computed):
        parts: dict[str, object] = {"losses": evaluation.losses, "gradient": evaluation.gradient}
        parts |= {str(name): total for name, total in evaluation.totals.items()}
        for name, array in parts.items():
            if isinstance(array, np.ndarray) and array.size:
                entry[name] = _numbers(array)
    best = next(iter(find.result.diagnosis.reasons), None) if find.result.diagnosis else None
    because = _reason(find)
    return entry | {"because": because if best is None else {"text": because, "id": best.id}}


def _numbers(array: npt.NDArray[Any]) -> Any:
    """The numbers in the fewest digits that give them."""
    return _with_texts(array.astype(np.float64).tolist(), dtype_name(array.dtype))


def size_of(source: Map) -> tuple[int, int]:
    """The size of a case: numbers in its arrays, then characters in all."""
    text = repr({key: _plain(value) for key, value in source.items()})
    return sum(_count(v) for v in source.values() if isinstance(v, list)), len(text)


def _plain(value: Any) -> Any:
    return [_plain(item) for item in value] if isinstance(value, list) else str(value)


def _count(value: Any) -> int:
    return sum(map(_count, value)) if isinstance(value, list) else not isinstance(value, str)
