"""Idioms: what users write around a loss that lacks an option, in public calls only.

Shifting labels, masking ignored samples, weighting by class or sample, and the reductions, once for
all frameworks; each framework gives the names of its functions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from xent_check.problem.evaluation import UnsupportedError
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction

from .program import LossFunction, NativeArrays, TotalFunction
from .recording import Calls


@dataclass(frozen=True)
class Names:
    """The public dotted names of a framework's array functions, such as `tf.reduce_sum`."""

    sum: str  # over all elements, or along an axis
    mean: str  # over all elements
    divide: str  # a / b
    multiply: str  # a * b
    where: str  # a where the mask is true, else b
    not_equal: str  # a != b
    count_nonzero: str  # the number of elements that are not 0
    take: str  # the elements of an array at indices
    reshape: str  # the array in another shape
    add: str  # a + b
    tanh: str  # the hyperbolic tangent
    square: str  # a * a
    log_sum_exp: str  # log sum exp along an axis
    pad: str  # an array with a constant before or after it
    axis: str = "axis"  # the keyword for an axis
    # hidden @ weight.T, and with the bias where there is one in the same call; "": by the next two
    linear: str = ""
    matmul: str = ""  # the product of matrices, of the last two axes
    transpose: str = ""  # a matrix with its axes exchanged
    count_needs_dtype: bool = False  # it does not divide a float by an integer
    pads_from_the_end: bool = False  # `pad` takes the last axis alone, and the constant as `value`


def around(function: LossFunction, names: Names) -> LossFunction:
    """The loss with what users write around it: its labels shifted, a last layer that makes its
    logits, those scaled and capped, a z-loss added to its losses, a mean over a stated number."""

    def run(
        call: Calls, problem: Problem, arrays: NativeArrays, reduction: Reduction | None
    ) -> Any:
        problem, arrays = _shifted(call, names, problem, arrays)
        if problem.given == "hidden":
            logits = Idioms(call, names, problem, arrays).logits()
            problem, arrays = replace(problem, given="logits"), {**arrays, "logits": logits}
        scored = {**arrays, problem.given: Idioms(call, names, problem, arrays).scores()}
        counted = reduction == "mean" and problem.num_items is not None
        if not problem.z_loss and not counted:
            return function(call, problem, scored, reduction)
        idioms = Idioms(call, names, problem, scored)
        if not problem.z_loss:
            return idioms.reduced(function(call, problem, scored, None), reduction)
        unweighted = {key: array for key, array in scored.items() if key != "sample_weight"}
        losses = function(call, problem, unweighted, None)
        losses = idioms.weighted_by_sample(call(names.add, losses, idioms.z_losses()))
        return idioms.reduced(losses, reduction)

    return run


def reduce_under(names: Names) -> TotalFunction:
    """A function that reduces computed losses to a total, by the functions that `names` names."""

    def total(
        call: Calls, problem: Problem, arrays: NativeArrays, losses: Any, reduction: Reduction
    ) -> Any:
        problem, arrays = _shifted(call, names, problem, arrays)
        return Idioms(call, names, problem, arrays).reduced(losses, reduction)

    return total


def _shifted(
    call: Calls, names: Names, problem: Problem, arrays: NativeArrays
) -> tuple[Problem, NativeArrays]:
    """The options without a shift, and the arrays with the labels shifted: `labels[..., 1:]`, and
    the ignored label after them, as transformers' ForCausalLMLoss does it."""
    if problem.shift is None:
        return problem, arrays
    axes, ignored = problem.labels.ndim, problem.filler
    start = min(problem.shift, problem.labels.shape[-1])
    labels = call.tail(arrays["labels"], start)
    if names.pads_from_the_end:
        labels = call(names.pad, labels, (0, start), value=ignored)
    else:
        width = [[0, 0]] * (axes - 1) + [[0, start]]
        labels = call(names.pad, labels, width, constant_values=ignored)
    options = replace(problem, shift=None, ignore_index=ignored)
    return options, {**arrays, "labels": labels}


@dataclass(frozen=True)
class Idioms:
    """The idioms of one problem, under one framework's names."""

    call: Calls  # makes and records the calls
    names: Names  # of the functions
    problem: Problem  # whose options decide which idioms apply
    arrays: NativeArrays  # the problem's arrays as the framework's, by name

    def logits(self) -> Any:
        """hidden @ weight.T + bias."""
        layer = [self.arrays[p] for p in self.problem.parameters]
        if self.names.linear:
            return self.call(self.names.linear, self.arrays["hidden"], *layer)
        weight, *bias = layer
        transposed = self.call(self.names.transpose, weight)
        logits = self.call(self.names.matmul, self.arrays["hidden"], transposed)
        return self.call(self.names.add, logits, *bias) if bias else logits

    def scores(self) -> Any:
        """softcap * tanh(logit_scale * logits / softcap); what is given where neither is set."""
        scores, cap = self.arrays[self.problem.given], self.problem.softcap
        if self.problem.logit_scale != 1:
            scores = self.call(self.names.multiply, scores, self.problem.logit_scale)
        if cap is not None:
            capped = self.call(self.names.tanh, self.call(self.names.divide, scores, cap))
            scores = self.call(self.names.multiply, capped, cap)
        return scores

    def z_losses(self) -> Any:
        """z_loss * log_sum_exp(logits) ** 2, 0 for the ignored samples."""
        axis = {self.names.axis: self.problem.class_axis}
        log_sums = self.call(self.names.log_sum_exp, self.arrays["logits"], **axis)
        squares = self.call(self.names.square, log_sums)
        return self.masked(self.call(self.names.multiply, squares, self.problem.z_loss))

    def kept(self) -> Any:
        """labels != ignore_index; None where nothing can be ignored."""
        if self.problem.ignore_index is None:
            return None
        return self.call(self.names.not_equal, self.arrays["labels"], self.problem.ignore_index)

    def labels(self) -> Any:
        """The labels, 0 for those that are ignored."""
        mask = self.kept()
        labels = self.arrays["labels"]
        return labels if mask is None else self.call(self.names.where, mask, labels, 0)

    def masked(self, losses: Any) -> Any:
        """The losses, 0 for the ignored samples."""
        mask = self.kept()
        return losses if mask is None else self.call(self.names.where, mask, losses, 0.0)

    def by_label(self) -> Any:
        """class_weight[label], one per sample."""
        return self.call(self.names.take, self.arrays["class_weight"], self.labels())

    def weighted_by_label(self, losses: Any) -> Any:
        """losses * class_weight[label], where there is a class weight."""
        if "class_weight" not in self.arrays:
            return losses
        return self.call(self.names.multiply, losses, self.by_label())

    def weighted_by_sample(self, losses: Any) -> Any:
        """losses * sample_weight, where there is one."""
        if "sample_weight" not in self.arrays:
            return losses
        return self.call(self.names.multiply, losses, self.arrays["sample_weight"])

    def weighted_targets(self, targets: Any) -> Any:
        """targets * class_weight along the class axis, where there is a class weight."""
        if "class_weight" not in self.arrays:
            return targets
        shape = [1] * self.problem.values.ndim
        shape[self.problem.class_axis] = self.problem.num_classes
        weight = self.arrays["class_weight"]
        if "class_axis" in self.problem.options:
            weight = self.call(self.names.reshape, weight, shape)
        return self.call(self.names.multiply, targets, weight)

    def by_one_hot(self) -> Any:
        """sum(one-hot label * class_weight), one per sample: the class weight of its label.

        UnsupportedError for other distributions, whose weights belong inside the sum.
        """
        if not self.problem.has_one_hot_labels:
            raise UnsupportedError("class weights of soft labels would have to go into the loss")
        axis = {self.names.axis: self.problem.class_axis}
        return self.call(self.names.sum, self.weighted_targets(self.arrays["labels"]), **axis)

    def sample_weights(self) -> Any:
        """sample_weight * class_weight of the label; None where there is neither."""
        weights = None
        if "class_weight" in self.arrays:
            sparse = self.problem.loss == "sparse_categorical"
            weights = self.by_label() if sparse else self.by_one_hot()
        if "sample_weight" in self.arrays:
            sample_weight = self.arrays["sample_weight"]
            if weights is None:
                return sample_weight
            weights = self.call(self.names.multiply, weights, sample_weight)
        return weights

    def reduced(self, losses: Any, reduction: Reduction | None) -> Any:
        """The losses, or their total over the kept samples or the sum of their weights."""
        if reduction is None:
            return losses
        if reduction == "sum":
            return self.call(self.names.sum, losses)
        if reduction == "mean" and self.problem.num_items is not None:
            return self._over(losses, self.problem.num_items)
        if reduction == "weighted_mean":
            weights = self._weights()
            if weights is not None:
                return self._over(losses, self.call(self.names.sum, weights))
        mask = self.kept()
        if mask is None:
            return self.call(self.names.mean, losses)
        dtype = {"dtype": self.problem.dtype} if self.names.count_needs_dtype else {}
        return self._over(losses, self.call(self.names.count_nonzero, mask, **dtype))

    def _over(self, losses: Any, count: Any) -> Any:
        return self.call(self.names.divide, self.call(self.names.sum, losses), count)

    def _weights(self) -> Any:
        """What weighted_mean divides by, one per sample; None where every kept sample weighs 1."""
        if self.problem.loss != "categorical":
            weights = self.sample_weights() if self.problem.loss != "binary" else None
            if self.problem.loss == "binary":
                weights = self.arrays.get("sample_weight")
            return None if weights is None else self.masked(weights)
        targets = self.weighted_targets(self.arrays["labels"])
        axis = {self.names.axis: self.problem.class_axis}
        return self.weighted_by_sample(self.call(self.names.sum, targets, **axis))
