"""Observed numbers with their true reasons, in the files beside this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from xent_check.casefile.expectations import last_digit, published_numbers
from xent_check.casefile.printed_numbers import parse_numbers
from xent_check.diagnosis.diagnosis import Diagnosis, Observed, diagnose
from xent_check.diagnosis.gradients import diagnose_printed_gradient
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import REDUCTIONS
from xent_check.reference.bounds import Bounds, bounds
from xent_check.reference.reference import reference

FOLDER = Path(__file__).parent
KINDS = ("losses", *REDUCTIONS)


@dataclass(frozen=True, eq=False)
class Known:
    """One observation. ids: the accepted reasons, each a set of ids; none where none is known."""

    problem: Problem
    kind: str
    text: str
    ids: tuple[frozenset[str], ...]
    source: str

    @property
    def name(self) -> str:
        return f"{self.source}: {self.kind} {self.text}"


def known(file: str) -> list[Known]:
    """The observations of a file."""
    found = []
    for entry in YAML(typ="safe").load((FOLDER / file).read_text(encoding="utf-8")):
        problem = problem_of(entry["problem"])
        for item in entry["observed"]:
            (kind,) = [kind for kind in KINDS if kind in item]
            ids = tuple(frozenset(words.split("+")) for words in item.get("is", []))
            source = item.get("source", entry.get("source", ""))
            found.append(Known(problem, kind, item[kind], ids, source))
    return found


@dataclass(frozen=True, eq=False)
class KnownGradient:
    """One printed gradient. ids: the accepted reasons, in the order of an explanation's."""

    problem: Problem
    values: np.ndarray[Any, np.dtype[np.float64]]
    units: np.ndarray[Any, np.dtype[np.float64]]
    ids: tuple[str, ...]
    source: str

    @property
    def right(self) -> bool:
        """Whether the first reason that the tool names is an accepted one."""
        found = diagnose_printed_gradient(self.problem, self.values, self.units).explanations
        return bool(found) and "+".join(found[0].ids) in self.ids


def known_gradients() -> list[KnownGradient]:
    """The gradients of gradients.yaml."""
    found = []
    text = (FOLDER / "gradients.yaml").read_text(encoding="utf-8")
    for entry in YAML(typ="safe").load(text):
        fields = dict(entry["problem"])
        cotangent = fields.pop("cotangent", None)
        made = None if cotangent is None else np.array(cotangent, dtype=np.float32)
        problem = replace(problem_of(fields), gradient=True, cotangent=made)
        for item in entry["observed"]:
            stated = published_numbers(parse_numbers(item["gradient"]))
            values, units = stated.values, stated.units
            found.append(KnownGradient(problem, values, units, (*item["is"],), item["source"]))
    return found


def problem_of(fields: Mapping[str, Any]) -> Problem:
    """A problem in a case file's words, labels outside the classes allowed."""
    options = dict(fields)
    dtype = options.pop("dtype", "float32")
    (given,) = [key for key in ("logits", "probs", "log_probs") if key in options]
    loss = options["loss"]
    arrays = {"values": options.pop(given), "labels": options.pop("labels")}
    for name in ("class_weight", "pos_weight", "sample_weight"):
        if name in options:
            arrays[name] = options.pop(name)
    made: dict[str, Any] = {}
    for name, numbers in arrays.items():
        whole = name == "labels" and loss == "sparse_categorical"
        with np.errstate(over="ignore"):
            made[name] = _array(numbers).astype(np.int64 if whole else numpy_dtype(dtype))
    return Problem(given=given, dtype=dtype, reductions=REDUCTIONS, **options, **made)


def _array(numbers: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    if not isinstance(numbers, dict):
        return np.array(numbers, dtype=np.float64)
    array = np.zeros(numbers["zeros"])
    for *index, value in numbers.get("at", []):
        array[tuple(index)] = value
    return array


def observed(problem: Problem, kind: str, text: str) -> Observed:
    """The numbers of a printed text, for the losses or for a total."""
    words = text.replace("[", " ").replace("]", " ").replace(",", " ").split()
    values = np.array([float(word) for word in words])
    units = np.array([last_digit(word) for word in words])
    if kind in REDUCTIONS:
        return Observed(values, units, kind)
    shape = problem.samples_shape
    if values.size != np.prod(shape, dtype=np.int64):
        shape = np.array(YAML(typ="safe").load(_listed(text)), dtype=np.float64).shape
    return Observed(values, units, None, shape)


def _listed(text: str) -> str:
    """The brackets of a printed array with nothing but zeros in them."""
    words = text.replace("[", " [ ").replace("]", " ] ").replace(",", " ").split()
    return " ".join(word if word in "[]" else "0," for word in words).replace("] [", "], [")


def bounds_of(problem: Problem) -> Bounds:
    """The problem's bounds."""
    return bounds(problem, reference(problem))


def diagnosed(item: Known) -> Diagnosis:
    """What the tool says of an observation."""
    seen = observed(item.problem, item.kind, item.text)
    return diagnose(item.problem, seen, bounds_of(item.problem))


def place(item: Known, diagnosis: Diagnosis) -> int | None:
    """Where the true reason stands among the explanations, from 0; None where it does not."""
    for index, explanation in enumerate(diagnosis.explanations):
        if frozenset(explanation.ids) in item.ids:
            return index
    return None
