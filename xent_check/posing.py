"""Posing: a case becomes a problem. Shapes, labels and probabilities are checked here, once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from .arrays import make_array
from .case import ARRAY_KEYS, Case, CaseFields
from .dtypes import numpy_dtype, unit_roundoff
from .errors import InvalidError, KeyPath, Mistake
from .problem import Problem
from .words import REDUCTIONS, Given, Reduction

Array = npt.NDArray[Any]


def pose(case: Case, allow_outside: bool = False) -> Problem:
    """The problem that a case states; InvalidError with every mistake in its data."""
    made: dict[str, Array] = {}
    mistakes: list[Mistake] = []
    for key in ARRAY_KEYS:
        form = getattr(case.fields, key)
        if form is not None:
            try:
                made[key] = make_array(form, (key,), case.file.parent, allow_outside)
            except InvalidError as error:
                mistakes += error.mistakes
    if mistakes:
        raise InvalidError(*mistakes)
    return _Maker(case.fields, case.given, made).problem()


class _Maker:
    """Checks in order; a check that needs an earlier one's outcome is skipped when that failed."""

    def __init__(self, fields: CaseFields, given: Given, made: dict[str, Array]) -> None:
        self.fields = fields
        self.given = given
        self.made = made
        self.mistakes: list[Mistake] = []

    def wrong(self, key: KeyPath, found: str, allowed: str = "", advice: str = "") -> None:
        self.mistakes.append(Mistake(key, found, allowed, advice))

    def problem(self) -> Problem:
        f = self.fields
        self.options_fit_the_loss()
        values, labels, axis = self.one_row_is_one_sample()
        if self.shapes_fit(values, labels, axis):
            self.weights_fit(values, axis)
            self.empty_batch_has_a_reduction(values)
            self.labels_are_allowed(labels, values, axis)
        problem = Problem(
            loss=f.loss,
            given=self.given,
            values=self.rounded(values),
            labels=labels.astype(np.int64) if self.sparse else self.rounded(labels),
            dtype=f.dtype,
            class_axis=axis,
            normalize=f.normalize,
            ignore_index=f.ignore_index,
            label_smoothing=f.label_smoothing or 0.0,
            class_weight=self.weight("class_weight"),
            pos_weight=self.weight("pos_weight"),
            sample_weight=self.weight("sample_weight"),
            reductions=self.reductions,
            gradient="gradient" in f.check,
        )
        if self.given == "probs" and not self.mistakes:
            self.probabilities_are_allowed(problem)
        if self.mistakes:
            raise InvalidError(*self.mistakes)
        return problem

    @property
    def sparse(self) -> bool:
        return self.fields.loss == "sparse_categorical"

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        """Those that are asked for, and those that an expectation states."""
        entries = [entry for listed in self.fields.expect.values() for entry in listed]
        stated = [r for r in REDUCTIONS if any(getattr(e, r) is not None for e in entries)]
        return tuple(dict.fromkeys([*self.fields.reduction, *stated]))

    def rounded(self, array: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return array.astype(numpy_dtype(self.fields.dtype), copy=False)

    def weight(self, key: str) -> Array | None:
        array = self.made.get(key)
        return None if array is None else self.rounded(array)

    def options_fit_the_loss(self) -> None:
        f = self.fields
        binary = f.loss == "binary"
        misplaced = {
            "ignore_index": f.ignore_index is not None and not self.sparse,
            "class_weight": f.class_weight is not None and binary,
            "pos_weight": f.pos_weight is not None and not binary,
            "class_axis": f.class_axis != -1 and binary,
            "normalize": f.normalize is not None and (binary or self.given != "probs"),
        }
        home = {
            "ignore_index": "sparse_categorical",
            "class_weight": "categorical, sparse_categorical",
            "pos_weight": "binary",
            "class_axis": "categorical, sparse_categorical",
            "normalize": "categorical or sparse_categorical from probs",
        }
        for key, wrong in misplaced.items():
            if wrong:
                there = f"{f.loss} from {self.given}" if key == "normalize" else f.loss
                self.wrong((key,), f"set for {there}", f"with {home[key]}", "remove it")

    def one_row_is_one_sample(self) -> tuple[Array, Array, int]:
        """A bare number, or one row with one label, gets the sample axis that it lacks."""
        values, labels, axis = self.made[self.given], self.made["labels"], self.fields.class_axis
        bare = values.ndim == 0 if self.fields.loss == "binary" else values.ndim == 1
        if not bare:
            return values, labels, axis
        if self.fields.loss == "binary":
            return values.reshape(1), labels.reshape(1) if labels.ndim == 0 else labels, axis
        if axis in (-1, 0):
            axis = -1
        if self.sparse:
            return values[None], labels.reshape(1) if labels.ndim == 0 else labels, axis
        return values[None], labels[None] if labels.ndim == 1 else labels, axis

    def shapes_fit(self, values: Array, labels: Array, axis: int) -> bool:
        f, before = self.fields, len(self.mistakes)
        expected = values.shape
        if f.loss != "binary":
            if not -values.ndim <= axis < values.ndim:
                dims = f"-{values.ndim} to {values.ndim - 1}"
                self.wrong(
                    ("class_axis",), f"{axis}, and {self.given} has {values.ndim} axes", dims
                )
                return False
            axis %= values.ndim
            if values.shape[axis] == 0:
                self.wrong((self.given,), f"shape {list(values.shape)}: no classes", "one at least")
            if self.sparse:
                expected = values.shape[:axis] + values.shape[axis + 1 :]
        if labels.shape != expected:
            what = f"{list(expected)}, for {self.given} of shape {list(values.shape)}"
            advice = ""
            if self.sparse and labels.shape == values.shape:
                advice = "one-hot labels belong to the loss categorical"
            elif f.loss == "categorical" and labels.shape == values.shape[:-1]:
                advice = "class indices belong to the loss sparse_categorical"
            self.wrong(("labels",), f"shape {list(labels.shape)}", what, advice)
        if self.sparse and labels.dtype.kind != "i":
            self.wrong(
                ("labels",), "numbers that are not whole", "class indices", "write 2, not 2.0"
            )
        return len(self.mistakes) == before

    def weights_fit(self, values: Array, axis: int) -> None:
        samples = values.shape
        if self.fields.loss != "binary":
            axis %= values.ndim
            samples = samples[:axis] + samples[axis + 1 :]
        bare = self.made[self.given].ndim < values.ndim
        expected: dict[str, Callable[[tuple[int, ...]], bool]] = {
            "class_weight": lambda shape: shape == (values.shape[axis],),
            "sample_weight": lambda shape: shape == samples or (bare and shape == ()),
            "pos_weight": lambda shape: shape == values.shape[values.ndim - len(shape) :],
        }
        allowed = {
            "class_weight": f"[{values.shape[axis] if values.ndim else 1}], one per class",
            "sample_weight": f"{list(samples)}, one per sample",
            "pos_weight": f"a number, or the last axes of {list(values.shape)}",
        }
        for key, fits in expected.items():
            array = self.made.get(key)
            if array is None:
                continue
            if not fits(array.shape):
                self.wrong((key,), f"shape {list(array.shape)}", allowed[key])
            elif not np.isfinite(array.astype(np.float64)).all():
                self.wrong((key,), "a weight that is not finite", "finite numbers")
            elif bare and key == "sample_weight":
                self.made[key] = array.reshape(samples)

    def empty_batch_has_a_reduction(self, values: Array) -> None:
        if values.size == 0 and not self.reductions:
            found = f"shape {list(values.shape)}: no samples, and no reduction"
            self.wrong((self.given,), found, "a `reduction` to compare", "add `reduction: mean`")

    def labels_are_allowed(self, labels: Array, values: Array, axis: int) -> None:
        if self.fields.expect:
            return
        advice = "declare what each implementation does under `expect`, or mend the label"
        if self.sparse:
            n = values.shape[axis]
            bad = ((labels < 0) | (labels >= n)) & (labels != self.fields.ignore_index)
            allowed = f"0 to {n - 1}"
        elif self.fields.loss == "binary":
            bad = ~((labels >= 0) & (labels <= 1))
            allowed = "0 to 1"
        else:
            return
        if bad.any():
            first = tuple(int(i) for i in np.argwhere(bad)[0])
            key: KeyPath = (
                ("labels", *first) if isinstance(self.fields.labels, list) else ("labels",)
            )
            more = f" ({int(bad.sum())} such labels)" if bad.sum() > 1 else ""
            self.wrong(key, f"label {labels[first]}{more}", allowed, advice)

    def probabilities_are_allowed(self, problem: Problem) -> None:
        """Negative is refused; above 1 needs `normalize: true`; a row must sum to 1 or say so."""
        key, probs = (self.given,), problem.values.astype(np.float64)
        if (probs < 0).any():
            self.wrong(
                key, f"probability {probs[probs < 0][0]:g}", "0 or more", "are these logits?"
            )
            return
        if (probs > 1).any() and not problem.normalize:
            advice = (
                "" if problem.loss == "binary" else "add `normalize: true`, to divide by the sum"
            )
            self.wrong(key, f"probability {probs[probs > 1][0]:g}", "at most 1", advice)
            return
        if problem.loss == "binary" or problem.normalize is not None:
            return
        rows = np.moveaxis(probs, problem.class_axis, -1).reshape(-1, problem.num_classes)
        allowed = max(1e-6, problem.num_classes * unit_roundoff(problem.dtype))
        for row in rows:
            if not np.isfinite(row).all():
                continue
            total = math.fsum(row)
            if abs(total - 1) > allowed:
                self.wrong(
                    key,
                    f"a row sums to {total:.9g}",
                    f"1 within {allowed:.2g}",
                    "say whether to divide by the sum: `normalize: true` or `normalize: false`",
                )
                return
