"""The one table of hypotheses: each changes one choice of a meaning, with its sentence.

The commonest mistakes come first: where few numbers are observed, they are preferred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from . import labels, scores, shifts, totals
from .scores import Parameters, Variations

__all__ = ["HYPOTHESES", "Hypothesis", "Parameters", "sentence_of"]


@dataclass(frozen=True)
class Hypothesis:
    """One change of a meaning that is a common mistake or choice."""

    id: str  # its name in a report, and in the `because` of a case
    # What it changes: the samples' losses; how they are laid out and summed; how they are summed.
    stage: Literal["losses", "layout", "total"]
    sentence: str  # a format string over the parameters
    changes: Variations  # the changed meanings with their parameters, the most usual first
    paired: int = 2  # how many of its parameters are tried in pairs
    of_totals: bool = True  # tried where a total alone was observed; else it gives what others do
    breaks: bool = False  # a formula that breaks down on extreme numbers: there it is tried first


HYPOTHESES: tuple[Hypothesis, ...] = (
    Hypothesis("probs-as-logits", "losses",
               "{activation} is applied to what are probabilities already",
               scores.probs_as_logits),
    Hypothesis("sum", "total", "the sum, not divided", totals.divisor("one")),
    Hypothesis("mean", "total", "the mean over the samples", totals.divisor("kept")),
    Hypothesis("weighted-mean", "total", "divided by the sum of the weights",
               totals.divisor("weights")),
    Hypothesis("renormalised", "losses", "probabilities are divided by their sum before the log",
               scores.renormalised),
    Hypothesis("not-renormalised", "losses",
               "probabilities are taken as they are, not divided by their sum",
               scores.not_renormalised),
    Hypothesis("label-gives-nan", "losses", "a label outside the classes gives nan",
               labels.gives_nan),
    Hypothesis("label-gives-zero", "losses",
               "a label outside the classes has an empty one-hot row, and the loss {then}",
               labels.outside("zero")),
    Hypothesis("label-wraps", "losses", "{how}", labels.outside("wrap")),
    Hypothesis("label-rounded", "losses", "label indices are rounded to {dtype}",
               labels.label_rounded),
    Hypothesis("class-weight-ignored", "losses", "the class weights are left out",
               totals.class_weight_ignored),
    Hypothesis("sample-weight-ignored", "losses", "the sample weights are left out",
               totals.sample_weight_ignored),
    Hypothesis("pos-weight-ignored", "losses", "pos_weight is left out",
               totals.pos_weight_ignored),
    Hypothesis("smoothing-missing", "losses", "the label smoothing is left out",
               totals.smoothing_missing),
    Hypothesis("scale-missing", "losses", "the logits are not scaled", totals.scale_missing),
    Hypothesis("softcap-missing", "losses", "the logits are not capped", totals.softcap_missing),
    Hypothesis("labels-not-shifted", "losses",
               "each position meets {met}: the labels are {how}; {rest}",
               shifts.labels_moved(-1)),
    Hypothesis("bias-missing", "losses", "the bias is not added to the logits",
               totals.bias_missing),
    Hypothesis("z-loss-missing", "losses", "the z-loss is left out", totals.z_loss_missing),
    Hypothesis("clipped", "losses",
               "probabilities are clipped to {range}, {when} any division by their sum",
               scores.clipped, paired=1),
    Hypothesis("ignored-not-ignored", "losses", "the ignored samples are counted like any other",
               totals.ignored_counts),
    Hypothesis("num-items", "total",
               "the sum is divided by {count:,}, not by the {declared:,}: by the labels before the "
               "shift", totals.labels_before_the_shift),
    Hypothesis("mean-over-all", "total", "samples that do not count are counted in the divisor",
               totals.divisor("all")),
    Hypothesis("logits-as-probs", "losses",
               "logits are taken for probabilities: no activation is applied, {then}",
               scores.logits_as_probs),
    Hypothesis("mean-of-means", "total", "the {how} of the means of {what}", totals.means),
    Hypothesis("mean-last-axis", "layout", "the {how} over the last axis is taken first",
               totals.last_axis),
    Hypothesis("divided-by-classes", "total", "divided by the number of classes, {beside}",
               totals.divided_by_classes),
    Hypothesis("divided-by-classes", "losses", "divided by the number of classes, {beside}",
               totals.mean_over_classes, of_totals=False),
    Hypothesis("kl-divergence", "losses",
               "the entropy of the labels is subtracted: the Kullback-Leibler divergence",
               totals.entropy_subtracted),
    Hypothesis("log-clamped", "losses", "the log is clamped at {clamp:g}", scores.log_clamped),
    Hypothesis("label-offset", "losses", "every label is off by {offset:+d}", labels.label_offset),
    Hypothesis("exp", "losses", "exponentiated: the perplexity", scores.exponential),
    Hypothesis("log2", "losses", "the logarithm is to base 2: bits", scores.log_base(2)),
    Hypothesis("sign", "losses", "the sign is turned: log p in place of -log p", scores.sign),
    Hypothesis("epsilon-in-log", "losses", "log(p + {epsilon:g}) stands for log(p)",
               scores.epsilon_in_log, paired=1),
    Hypothesis("mean-over-kept", "total",
               "samples without a weight or a target are left out of the divisor",
               totals.divisor("counted")),
    Hypothesis("labels-broadcast", "losses",
               "labels and scores broadcast: every label meets every sample",
               labels.labels_broadcast, paired=1),
    Hypothesis("class-weight-as-sample-weight", "losses",
               "the class weight of {of} multiplies the whole loss, outside the sum over classes",
               totals.class_weight_outside),
    Hypothesis("smoothing-formula", "losses", "label smoothing gives {rule}",
               totals.smoothing_formula),
    Hypothesis("smoothing-not-weighted", "losses",
               "the smoothed part of the targets is not class-weighted",
               totals.smoothing_not_weighted),
    Hypothesis("sigmoid-for-softmax", "losses", "a sigmoid stands in for the softmax, {terms}",
               scores.sigmoid_for_softmax, paired=3),
    Hypothesis("softmax-for-sigmoid", "losses",
               "a softmax over the last axis stands in for the sigmoid: {terms}",
               scores.softmax_for_sigmoid),
    Hypothesis("class-axis", "losses", "the labels meet another axis: {how}",
               labels.class_axis, paired=4),
    Hypothesis("labels-transposed", "losses", "the labels meet other samples' scores: {how}",
               labels.labels_transposed),
    Hypothesis("labels-shifted", "losses",
               "each position meets {met}: the labels are {how}; {rest}",
               shifts.labels_moved(1)),
    Hypothesis("log-missing", "losses", "the probability itself, {sign}: no log is taken",
               scores.log_missing),
    Hypothesis("argmax-label", "losses", "{what} stands in for the label",
               labels.argmax_label),
    Hypothesis("log10", "losses", "the logarithm is to base 10", scores.log_base(10)),
    Hypothesis("logits-overflow", "losses",
               "the logits are computed in {dtype}, and are infinite beyond {largest:g}",
               scores.overflow, paired=0, breaks=True),
    Hypothesis("log-of-probability", "losses",
               "the log of {what} that was rounded to {dtype}",
               scores.formula("log of probability"), paired=1, breaks=True),
    Hypothesis("unshifted-exp", "losses",
               "exp without subtracting the maximum, which overflows in {dtype}",
               scores.unshifted, paired=1, breaks=True),
    Hypothesis("not-shift-safe", "losses",
               "log-sum-exp minus the label's logit, which loses digits to a common offset",
               scores.formula("log-sum-exp minus logit"), paired=0, breaks=True),
    Hypothesis("inf-minus-inf", "losses", "infinities cancel: 0 times inf, or inf - inf, is nan",
               scores.inf_minus_inf, paired=1, breaks=True),
    Hypothesis("flushed", "losses", "numbers below {least:.3g} are read as 0{then}",
               scores.flushed, paired=0),
    Hypothesis("dtype", "losses", "the {where} is rounded to {which}", totals.precision, paired=0),
    Hypothesis("zero-targets-skipped", "losses",
               "a target of 0 leaves its term out, also where the softmax is no number",
               scores.zero_targets_skipped, paired=0, breaks=True),
)  # fmt: skip


def sentence_of(name: str) -> str:
    """The sentence of the first hypothesis of this id, which has no parameters."""
    return next(one.sentence for one in HYPOTHESES if one.id == name)
