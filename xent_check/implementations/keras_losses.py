"""The loss classes of Keras under one set of public names, for each of its back ends.

reduction 'sum_over_batch_size' divides by the kept samples, 'mean_with_sample_weight' by the sum
of their weights. BinaryCrossentropy averages over the last axis, so the elements get a trailing
axis of one. SparseCategoricalCrossentropy takes only the last axis and no smoothing: smoothed
labels go one-hot into CategoricalCrossentropy. The class weight of a label goes into
sample_weight. Source: the API pages of keras.losses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from xent_check.problem.evaluation import UnsupportedError
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import AnyLayout, Loss, Reduction

from . import support
from .idioms import Idioms, Names, around
from .program import LossFunction, NativeArrays, refuse_what_is_not_supported
from .recording import Calls


def refuse(problem: Problem, layouts: Collection[AnyLayout] = ()) -> None:
    """UnsupportedError for problems that the classes cannot express. layouts: what the arrays of
    the back end can be in memory, beside contiguous."""
    refuse_what_is_not_supported(problem, support.KERAS, "keras.losses", layouts)
    if problem.label_smoothing and problem.class_weight is not None:
        raise UnsupportedError("smoothing is inside the class: weights cannot come after it")


@dataclass(frozen=True)
class KerasLosses:
    """The three losses under one set of public names: tf.keras's, or keras's and keras.ops's."""

    losses: str  # the module of the loss classes
    names: Names  # of the array functions
    expand_dims: str  # the function that inserts an axis of one
    one_hot: str  # the function that makes one-hot rows of labels
    transpose: str  # the function that permutes the axes
    own_dtype: bool = False  # compute in Keras's floatx, not in the problem's dtype

    @cached_property
    def functions(self) -> Mapping[Loss, LossFunction]:
        """The function for each loss, the same one each time."""
        return {
            "binary": around(self.binary, self.names),
            "categorical": around(self.categorical, self.names),
            "sparse_categorical": around(self.sparse_categorical, self.names),
        }

    def binary(
        self, call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
    ) -> Any:
        """BinaryCrossentropy over a trailing axis of one."""
        loss = self._loss(call, problem, "BinaryCrossentropy", reduction, **_smoothing(problem))
        labels = call(self.expand_dims, arrays["labels"], -1)
        values = call(self.expand_dims, arrays[problem.given], -1)
        return call(loss, labels, values, **_weighted(arrays.get("sample_weight")))

    def categorical(
        self, call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
    ) -> Any:
        """CategoricalCrossentropy along the class axis, one-hot class weights in sample_weight."""
        idioms = Idioms(call, self.names, problem, arrays)
        native = reduction if reduction != "weighted_mean" else None
        options = _smoothing(problem)
        if "class_axis" in problem.options:
            options["axis"] = problem.class_axis
        loss = self._loss(call, problem, "CategoricalCrossentropy", native, **options)
        weights = _weighted(idioms.sample_weights())
        losses = call(loss, arrays["labels"], arrays[problem.given], **weights)
        return losses if native == reduction else idioms.reduced(losses, reduction)

    def sparse_categorical(
        self, call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
    ) -> Any:
        """SparseCategoricalCrossentropy; smoothed, one-hot labels into the categorical loss."""
        idioms = Idioms(call, self.names, problem, arrays)
        scores = self._classes_last(call, problem, arrays[problem.given])
        weights = _weighted(idioms.sample_weights())
        if problem.label_smoothing:
            native = reduction if problem.ignore_index is None else None
            options = _smoothing(problem)
            loss = self._loss(call, problem, "CategoricalCrossentropy", native, **options)
            labels = call(self.one_hot, idioms.labels(), problem.num_classes)
            answer = call(loss, labels, scores, **weights)
            return answer if native else idioms.reduced(idioms.masked(answer), reduction)
        ignored = {} if problem.ignore_index is None else {"ignore_class": problem.ignore_index}
        loss = self._loss(call, problem, "SparseCategoricalCrossentropy", reduction, **ignored)
        return call(loss, arrays["labels"], scores, **weights)

    def _loss(
        self, call: Calls, problem: Problem, name: str, reduction: Reduction | None, **options: Any
    ) -> Any:
        return call(
            f"{self.losses}.{name}",
            from_logits=problem.given == "logits",
            **options,
            reduction=_REDUCTIONS[reduction],
            **({} if self.own_dtype else {"dtype": problem.dtype}),
        )

    def _classes_last(self, call: Calls, problem: Problem, tensor: Any) -> Any:
        ndim = len(tensor.shape)
        axis = problem.class_axis % ndim
        if axis == ndim - 1:
            return tensor
        return call(self.transpose, tensor, [i for i in range(ndim) if i != axis] + [axis])


def _smoothing(problem: Problem) -> dict[str, Any]:
    return {"label_smoothing": problem.label_smoothing} if problem.label_smoothing else {}


def _weighted(weights: Any) -> dict[str, Any]:
    return {} if weights is None else {"sample_weight": weights}


_REDUCTIONS: dict[Reduction | None, str] = {
    None: "none",
    "mean": "sum_over_batch_size",
    "weighted_mean": "mean_with_sample_weight",
    "sum": "sum",
}

KERAS_NAMES = Names(
    sum="keras.ops.sum",
    mean="keras.ops.mean",
    divide="keras.ops.divide",
    multiply="keras.ops.multiply",
    where="keras.ops.where",
    not_equal="keras.ops.not_equal",
    count_nonzero="keras.ops.count_nonzero",
    take="keras.ops.take",
    reshape="keras.ops.reshape",
    add="keras.ops.add",
    tanh="keras.ops.tanh",
    square="keras.ops.square",
    log_sum_exp="keras.ops.logsumexp",
    pad="keras.ops.pad",
    matmul="keras.ops.matmul",
    transpose="keras.ops.transpose",
)
KERAS = KerasLosses(
    "keras.losses", KERAS_NAMES, "keras.ops.expand_dims", "keras.ops.one_hot", "keras.ops.transpose"
)
