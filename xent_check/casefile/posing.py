"""Posing: from a case to its problem. Shapes, labels and probabilities are checked here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.errors import InvalidError, KeyPath, Mistake, key_text
from xent_check.problem.dtypes import Float64s, dtype_name, rounded
from xent_check.problem.options import ARRAYS, LAYOUTS, MASKS, OPTIONS, misfit, samples_of
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import GIVEN, PARAMETERS, REDUCTIONS, Reduction

from .array_forms import ExpandedArray, FileArray, layout_of
from .arrays import class_index_mistake, make_array
from .case import ANY_GIVEN, ARRAY_KEYS, Case
from .data_rules import bad_probabilities, misplaced_options, outside_labels
from .expectations import Layout, expectation_mistakes
from .memory import Size, copy_bytes, must_have

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Posed:
    """What a case states."""

    problem: Problem
    overflows: tuple[str, ...]
    """the arrays with finite numbers that are infinite in the case's dtype; none where the case
    states what comes of it"""


def pose(case: Case, allow_outside: bool = False, any_label: bool = False) -> Posed:
    """The problem that a case states: its arrays read or made, rounded to its dtype and checked.

    A single sample without a sample axis gets one. allow_outside: array files may be outside the
    case file's folder. any_label: labels outside the classes need no expectation. InvalidError,
    with the keys in the case, has every mistake in the data.
    """
    arrays: dict[str, Array] = {}
    mistakes: list[Mistake] = []
    for key in ARRAY_KEYS:
        form = getattr(case.fields, key)
        if form is not None and key not in case.source.unclear:
            try:
                arrays[key] = make_array(form, (key,), case.file.parent, allow_outside)
            except InvalidError as error:
                mistakes += error.mistakes
    builder = _ProblemBuilder(case, arrays, mistakes, any_label)
    problem = builder.problem()
    mistakes += expectation_mistakes(case, builder.layout())
    if problem is None or mistakes:
        raise InvalidError(*mistakes)
    return Posed(problem, () if case.fields.expect else builder.overflows(problem))


def _overflow(key: str, array: Array, rounded: Array) -> str:
    """What is said of an array's finite numbers that were rounded to infinity; "" of none."""
    if array.dtype == rounded.dtype or not np.isinf(rounded).any():
        return ""
    beyond = np.argwhere(np.isfinite(array) & np.isinf(rounded.reshape(array.shape)))
    if not len(beyond):
        return ""
    first = tuple(map(int, beyond[0]))
    number, infinity = (float(of.reshape(array.shape)[first]) for of in (array, rounded))
    name = dtype_name(rounded.dtype)
    more = f", and {len(beyond) - 1:,} more of {key} likewise" if len(beyond) > 1 else ""
    return f"{key_text((key, *first))} is {number:g}, which is {infinity} in {name}{more}"


class _ProblemBuilder:
    """The checks of a case's arrays, in order, and its problem. A check that needs what an earlier
    one refused is left out.

    values: what is given, classes along the class axis. axis: that axis.
    """

    def __init__(
        self, case: Case, arrays: dict[str, Array], mistakes: list[Mistake], any_label: bool
    ) -> None:
        self.any_label = any_label
        self.fields = case.fields
        self.options = case.fields.options
        self.given = case.given
        self.unknown = case.unknown
        self.arrays = arrays
        self.mistakes = mistakes

    def add_mistake(self, key: KeyPath, fault: str, allowed: str = "", advice: str = "") -> None:
        """Keep a mistake; all are raised together."""
        self.mistakes.append(Mistake(key, fault, allowed, advice))

    def is_known(self, *keys: str) -> bool:
        """Whether the case says what it means by these keys, so that a check may rely on them."""
        return not self.unknown & {*keys}

    def problem(self) -> Problem | None:
        """The problem; None where there are mistakes."""
        f = self.fields
        if self.given in self.arrays:
            self.require_memory()
        for mistake in misplaced_options(f, self.given):
            option = next(o for o in OPTIONS if o.key == mistake.key[0])
            relies_on = ("check",) * option.of_gradient + (ANY_GIVEN,) * (option.given != GIVEN)
            of_layer = self.given == "hidden" and option.key in PARAMETERS  # see check_layer
            if self.is_known(*relies_on) and not of_layer:
                self.mistakes.append(mistake)
            self.arrays.pop(str(mistake.key[0]), None)
        if self.given == "hidden":
            self.check_layer()
        if self.given not in self.arrays:
            if f.loss == "binary" and "labels" in self.arrays:  # no check of them needs the values
                self.check_label_values(self.arrays["labels"], classes=0)
            return None
        values, labels, axis = self.with_sample_axis()
        if self.check_class_axis(values, axis):
            self.check_weights(values, axis)
            self.check_empty_batch(values)
            self.check_smoothing_formula(values, axis)
            self.check_probabilities(values, axis)
            if labels is not None and self.check_labels(values, labels, axis):
                classes = 0 if f.loss == "binary" else self.scores_shape(values)[axis]
                self.check_label_values(labels, classes)
        if self.mistakes or labels is None:
            return None
        arrays: dict[str, Any] = {
            key: self.rounded(self.arrays[key]) for key in ARRAYS if key in self.arrays
        }
        arrays |= {field: layout_of(getattr(f, key)) for key, field in LAYOUTS.items()}
        options = replace(self.options, class_axis=axis, reductions=self.reductions, **arrays)
        return Problem(
            loss=f.loss,
            given=self.given,
            values=self.rounded(values),
            labels=labels.astype(np.int64) if self.sparse else self.rounded(labels),
            dtype=f.dtype,
            **vars(options),
        )

    def overflows(self, problem: Problem) -> tuple[str, ...]:
        """What is said of each array that has finite numbers beyond the dtype."""
        rounded = {self.given: problem.values, "labels": problem.labels}
        rounded |= {key: getattr(problem, key) for key in ARRAYS if key in self.arrays}
        texts = (_overflow(key, self.arrays[key], array) for key, array in rounded.items())
        return tuple(text for text in texts if text)

    def layout(self) -> Layout:
        """What the numbers of the case's expectations must fit, as far as it is known."""
        gradient = self.options.gradient if self.is_known("check") else None
        conduct = self.options.conduct if self.is_known("check") else None
        layer = {p: a.shape for p in PARAMETERS if (a := self.arrays.get(p)) is not None}
        if self.given not in self.arrays:
            return Layout(self.given, None, None, gradient, conduct, layer)
        values, _, axis = self.with_sample_axis()
        ndim = 0 if self.fields.loss == "binary" else values.ndim
        counted = self.fields.loss == "binary" or -ndim <= axis < ndim
        samples = self.samples_shape(values, axis) if counted and self.axis_is_known else None
        return Layout(self.given, samples, values.shape, gradient, conduct, layer)

    @property
    def axis_is_known(self) -> bool:
        return self.fields.loss == "binary" or self.is_known("class_axis")

    def require_memory(self) -> None:
        """InvalidError where one answer does not fit, of a case that can be asked in chunks of rows
        its losses alone; nothing is done with the arrays before."""
        f, values, form = self.fields, self.arrays[self.given], getattr(self.fields, self.given)
        axis, gradient = self.options.class_axis, self.options.gradient
        has_axis = f.loss != "binary" and -values.ndim <= axis < values.ndim
        classes = values.shape[axis] if has_axis else 1
        size = Size(values.size, values.size // max(classes, 1), f.dtype, gradient)
        subject = f"{form.file!r} of shape" if isinstance(form, FileArray) else "shape"
        has_rows = f.loss == "binary" or (has_axis and axis % values.ndim > 0)
        in_chunks = has_rows and self.given != "probs"  # which are checked whole
        needed = size.kept_bytes if in_chunks else size.one_answer_bytes
        needed += copy_bytes(self.arrays, f.dtype)
        must_have(needed, f"{subject} {list(values.shape)}: checking it needs", (self.given,))

    @property
    def sparse(self) -> bool:
        """Whether the labels are class indices."""
        return self.fields.loss == "sparse_categorical"

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        """The reductions that the case asks for, and those that its expectations state."""
        entries = [entry for listed in self.fields.expect.values() for entry in listed]
        expected = [r for r in REDUCTIONS if any(getattr(e, r) is not None for e in entries)]
        return tuple(dict.fromkeys([*self.options.reductions, *expected]))

    def rounded(self, array: Array) -> Array:
        """The numbers in the case's dtype."""
        return rounded(array, self.fields.dtype)

    def in_dtype(self, array: Array) -> Float64s:
        """The numbers as the case's dtype has them."""
        return self.rounded(array).astype(np.float64)

    @property
    def not_finite(self) -> tuple[str, str]:
        """The mistake of an array of the last layer that has an infinity or a nan."""
        return f"a number that is not finite in {self.fields.dtype}", "finite numbers"

    @property
    def is_bare(self) -> bool:
        """Whether the case is one sample without a sample axis."""
        values = self.arrays.get(self.given)
        return values is not None and values.ndim == (0 if self.fields.loss == "binary" else 1)

    def with_sample_axis(self) -> tuple[Array, Array | None, int]:
        """Values, labels and class axis, where a bare number or row gets its sample axis."""
        values, labels = self.arrays[self.given], self.arrays.get("labels")
        axis, binary = self.options.class_axis, self.fields.loss == "binary"
        if not self.is_bare or (not binary and axis not in (-1, 0)):
            return values, labels, axis  # check_class_axis refuses that axis
        bare_labels = 0 if binary or self.sparse else 1
        if labels is not None and labels.ndim == bare_labels:
            labels = labels[None]
        return values[None], labels, axis if binary else -1

    def check_class_axis(self, values: Array, axis: int) -> bool:
        """Whether the class axis exists and has a class."""
        if self.fields.loss == "binary":
            return True
        if self.given == "hidden" and "weight" not in self.arrays:
            return False  # nothing is known of the classes
        if not self.axis_is_known:
            return False
        if values.ndim == 0:
            self.add_mistake((self.given,), "a single number", "one number per class at least")
        elif not -values.ndim <= axis < values.ndim:
            fault = f"{axis}, for {self.given} of shape {list(values.shape)}"
            self.add_mistake(("class_axis",), fault, f"-{values.ndim} to {values.ndim - 1}")
        elif self.given == "hidden" and axis % values.ndim != values.ndim - 1:
            advice = "the classes of hidden @ weight.T come last: remove it"
            self.add_mistake(("class_axis",), f"{axis}, for hidden", "-1", advice)
        elif self.given == "hidden":
            return self.check_product(values, self.arrays["weight"])
        elif values.shape[axis] == 0:
            fault = f"shape {list(values.shape)}: no classes"
            self.add_mistake((self.given,), fault, "one class at least")
        else:
            return True
        return False

    def check_layer(self) -> None:
        """A last layer is there and makes logits: a matrix, and numbers that are finite."""
        weight, hidden = self.arrays.get("weight"), self.arrays.get("hidden")
        if self.fields.loss == "binary" and self.is_known("loss"):
            advice = "compute its logits, and give them as `logits`"
            self.add_mistake(("hidden",), "set for the loss binary", "a loss over classes", advice)
        elif not self.fields.has("weight") and self.is_known("weight"):
            allowed = "the matrix beside it, [classes, features]"
            self.add_mistake(("hidden",), "without `weight`", allowed, "add it")
        if hidden is not None and not np.isfinite(self.in_dtype(hidden)).all():
            self.add_mistake(("hidden",), *self.not_finite)
        if weight is None:
            return
        if allowed := misfit(weight.shape, "matrix", (), None):
            self.add_mistake(("weight",), f"shape {list(weight.shape)}", allowed)
            del self.arrays["weight"]

    def check_product(self, hidden: Array, weight: Array) -> bool:
        """Whether both have the same features, one at least."""
        if weight.shape[1] == hidden.shape[-1] > 0:
            return True
        fault = f"shape {list(weight.shape)}, for hidden of shape {list(hidden.shape)}"
        allowed = f"[classes, {hidden.shape[-1]}], as many features as hidden has"
        if hidden.shape[-1] == 0:
            self.add_mistake(
                ("hidden",), f"shape {list(hidden.shape)}: no features", "one at least"
            )
        elif weight.shape[0] == hidden.shape[-1]:
            advice = "it is [features, classes]: transpose it"
            self.add_mistake(("weight",), fault, allowed, advice)
        else:
            self.add_mistake(("weight",), fault, allowed)
        return False

    def scores_shape(self, values: Array) -> tuple[int, ...]:
        """The values' shape; that of the logits where they are hidden and the layer is known."""
        weight = self.arrays.get("weight")
        if self.given != "hidden" or weight is None:
            return values.shape
        return (*values.shape[:-1], weight.shape[0])

    def samples_shape(self, values: Array, axis: int) -> tuple[int, ...]:
        """The shape of the losses: the values' without the class axis."""
        return samples_of(values.shape, None if self.fields.loss == "binary" else axis)

    def check_labels(self, values: Array, labels: Array, axis: int) -> bool:
        """Whether the labels have the values' shape, or the samples', and can be labels."""
        f, before = self.fields, len(self.mistakes)
        scores = self.scores_shape(values)
        expected = self.samples_shape(values, axis) if self.sparse else scores
        if labels.shape != expected:
            allowed = f"{list(expected)}, for {self.given} of shape {list(values.shape)}"
            advice = ""
            if self.sparse and labels.shape == scores:
                advice = "one-hot labels belong to the loss categorical"
            elif f.loss == "categorical" and labels.shape == self.samples_shape(values, axis):
                advice = "class indices belong to the loss sparse_categorical"
            self.add_mistake(("labels",), f"shape {list(labels.shape)}", allowed, advice)
        if self.sparse and labels.dtype.kind != "i" and self.is_known("labels"):
            self.mistakes.append(class_index_mistake(f.labels, self.arrays["labels"], ("labels",)))
        return len(self.mistakes) == before

    def check_weights(self, values: Array, axis: int) -> None:
        """Weights are finite in the dtype, and as many as the table of options says."""
        samples = self.samples_shape(values, axis)
        counted = None if self.fields.loss == "binary" else axis
        bare = self.arrays[self.given].ndim < values.ndim
        for key, rule in ARRAYS.items():
            array = self.arrays.get(key)
            if array is None:
                continue
            if bare and rule == "samples" and array.ndim == 0:
                array = self.arrays[key] = array.reshape(samples)
            if isinstance(getattr(self.fields, key), ExpandedArray):
                array = self.arrays[key] = np.full(samples, array)
            allowed = misfit(array.shape, rule, self.scores_shape(values), counted)
            if allowed:
                self.add_mistake((key,), f"shape {list(array.shape)}", allowed)
            elif key in PARAMETERS:
                numbers = self.in_dtype(array)
                if not (np.isfinite(numbers) | ((key in MASKS) & np.isneginf(numbers))).all():
                    advice = "-.inf masks a class" if key in MASKS else ""
                    self.add_mistake((key,), *self.not_finite, advice)
            elif not np.isfinite(array.astype(np.float64)).all():
                self.add_mistake((key,), "a weight that is not finite", "finite numbers")
            elif not np.isfinite(self.in_dtype(array)).all():
                self.add_mistake((key,), *self.not_finite)

    def check_empty_batch(self, values: Array) -> None:
        """Without samples, a total must be asked for: there is nothing else to compare."""
        if values.size == 0 and not self.reductions and self.is_known("reduction", "expect"):
            fault = f"shape {list(values.shape)}: no samples, and no reduction"
            self.add_mistake(
                (self.given,), fault, "a `reduction` to compare", "add `reduction: mean`"
            )

    def check_smoothing_formula(self, values: Array, axis: int) -> None:
        """megatron divides by the number of classes less 1."""
        formula = self.options.smoothing_formula
        classes = 0 if self.fields.loss == "binary" else self.scores_shape(values)[axis]
        if formula == "megatron" and classes == 1:
            allowed = "2 classes at least, whose number less 1 it divides by"
            self.add_mistake(("smoothing_formula",), f"{formula}, for one class", allowed)

    def check_label_values(self, labels: Array, classes: int) -> None:
        """Labels are classes, or the case says what is expected of those that are none."""
        f = self.fields
        known = self.is_known("labels", "ignore_index", "expect")
        if known and not f.expect and not self.any_label:
            ignored, shift = self.options.ignore_index, self.options.shift
            labels = self.rounded(labels) if f.loss == "categorical" else labels
            wrong = outside_labels(labels, f.loss, classes, ignored, shift)
            self.add_item_mistakes("labels", wrong)

    def check_probabilities(self, values: Array, axis: int) -> None:
        """Probabilities are probabilities, in the case's dtype."""
        f = self.fields
        if self.given == "probs" and self.is_known("probs", "normalize", "dtype"):
            probs, normalize = self.rounded(values), self.options.normalize
            wrong = bad_probabilities(probs, f.loss, f.dtype, axis, normalize)
            self.add_item_mistakes("probs", wrong)

    def add_item_mistakes(self, key: str, mistakes: Iterable[Mistake]) -> None:
        """Add mistakes at items of an array; in the file a bare row has no sample axis."""
        for m in mistakes:
            index = m.key[1:] if self.is_bare and len(m.key) > self.arrays[key].ndim else m.key
            self.add_mistake((key, *index), m.fault, m.allowed, m.advice)
