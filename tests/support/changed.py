"""The oracle of the diagnosis: what each change of the losses gives, worked out another way.

Most changes make another problem of it, whose losses are the mpmath oracle's; the others are
written down from their sentence, sample by sample. A method of `Changed` is one entry of the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.support.oracle import truth
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.problem import Problem

Array = npt.NDArray[Any]
Parameters = Mapping[str, Any]
Times = Callable[[Array, Array], Array]
# the entries that are another problem's losses, and its fields
ANOTHER: Mapping[str, Mapping[str, Any]] = {
    "renormalised": {"normalize": True},
    "not-renormalised": {"normalize": False},
    "class-weight-ignored": {"class_weight": None},
    "pos-weight-ignored": {"pos_weight": None},
    "sample-weight-ignored": {"sample_weight": None},
    "smoothing-missing": {"label_smoothing": 0.0},
    "ignored-not-ignored": {"ignore_index": None},
}
# and those that are a multiple of the losses
SCALED = {"sign": -1.0, "log2": 1 / math.log(2), "log10": 1 / math.log(10)}


def softmax(x: Array, axis: int = -1) -> Array:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def log_softmax(x: Array, axis: int = -1) -> Array:
    shifted = x - x.max(axis=axis, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True)))


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def exact(problem: Problem) -> Array:
    return np.array([float(loss) for loss in truth(problem).losses])


def _standard(problem: Problem) -> Problem:
    """The same problem with the epsilon that the standard formula needs for the same targets."""
    if problem.smoothing_formula == "standard":
        return problem
    e, n = problem.label_smoothing, problem.values.shape[problem.class_axis]
    return replace(problem, label_smoothing=e * n / (n - 1), smoothing_formula="standard")


class Changed:
    """A problem in float64, and what the changes of the losses make of it: their losses."""

    def __init__(self, problem: Problem) -> None:
        wide = {
            name: None if (a := getattr(problem, name)) is None else a.astype(np.float64)
            for name in ("values", "class_weight", "pos_weight", "sample_weight")
        }
        # with each label where the case has it, and where the scores are that it meets
        self.stated = replace(problem, dtype="float64", **wide)  # type: ignore[arg-type]
        self.problem = _standard(self.stated.aligned)
        self.dtype = problem.dtype
        self.binary = problem.loss == "binary"

    def by(self, id: str, parameters: Parameters) -> Array:
        """The losses under the table's entry."""
        if id in ANOTHER:
            return exact(replace(self.stated, **ANOTHER[id]))
        if id in SCALED:
            return exact(self.problem) * SCALED[id]
        name = "dtype_" if id == "dtype" else id.replace("-", "_")
        return np.asarray(getattr(self, name)(parameters))

    def of(self, **fields: Any) -> Array:
        """The oracle's losses with other fields."""
        return exact(replace(self.problem, **fields))

    @property
    def values(self) -> Array:
        return np.asarray(self.problem.values)

    @property
    def labels(self) -> Array:
        whole = self.problem.loss == "sparse_categorical"
        return self.problem.labels.astype(np.int64 if whole else np.float64)

    @property
    def kept(self) -> Array:
        ignored = self.problem.ignore_index
        return np.ones(self.labels.shape, bool) if ignored is None else self.labels != ignored

    @property
    def probabilities(self) -> Array:
        """Of the values, by their own activation."""
        if self.problem.given == "log_probs":
            return np.exp(self.values)
        if self.problem.given == "probs":
            return self.values
        axis = self.problem.class_axis
        return sigmoid(self.values) if self.binary else softmax(self.values, axis)

    def over(self, p: Array, **fields: Any) -> Array:
        """The losses of these probabilities, as they are."""
        normalize = None if self.binary else self.problem.normalize or False
        return self.of(**{"values": p, "given": "probs", "normalize": normalize, **fields})

    # ---- one for each entry of the table --------------------------------------------------------

    def probs_as_logits(self, _: Parameters) -> Array:
        given = self.probabilities if self.problem.given == "logits" else self.values
        return self.of(given="logits", values=given, normalize=None)

    def logits_as_probs(self, p: Parameters) -> Array:
        then, axis = p["then"], self.problem.class_axis
        if then == "they are taken for log-probabilities":
            return self.of(given="log_probs")
        low, high, v = np.float32(1e-7), np.float32(1) - np.float32(1e-7), self.values
        for step in then.replace("they are ", "").split(" and "):
            if step == "clipped to [1e-7, 1 - 1e-7]":
                v = np.clip(v, float(low), float(high))
            elif step == "divided by their sum":
                v = v / v.sum(axis=axis, keepdims=True)
            else:
                assert step == "their log is taken"
        return self.logs(np.log(v), np.log1p(-v) if self.binary else None)

    def logs(self, log_p: Array, log_not_p: Array | None, times: Times | None = None) -> Array:
        """The losses of logs as they are, nan among them too: a plain sum of products, of the
        label's log alone where it has all the mass."""
        times = times or self.times
        log_p = np.moveaxis(log_p, -1 if self.binary else self.problem.class_axis, -1)
        weight, e = self.problem.sample_weight, self.problem.label_smoothing
        if self.binary:
            t = self.labels * (1 - e) + e / 2
            pos = 1.0 if self.problem.pos_weight is None else self.problem.pos_weight
            losses = -(times(pos * t, log_p) + times(1 - t, np.asarray(log_not_p)))
        else:
            n = log_p.shape[-1]
            t = np.moveaxis(self.labels, self.problem.class_axis, -1)
            if self.problem.loss == "sparse_categorical":
                outside = ((self.labels < 0) | (self.labels >= n)) & self.kept
                t = np.eye(n)[np.where(outside | ~self.kept, 0, self.labels)]
                t[outside] = np.nan
                if not e and times is self.times:
                    log_p = np.where(t == 0, 0.0, log_p)
            t = t * (1 - e) + e / n
            w = 1.0 if self.problem.class_weight is None else self.problem.class_weight
            losses = -times(t * w, log_p).sum(axis=-1)
        losses = losses if weight is None else times(weight, losses)
        if self.problem.loss == "sparse_categorical":
            losses = np.where(self.kept, losses, 0.0)
        return np.asarray(losses).reshape(-1)

    @staticmethod
    def times(a: Array, b: Array) -> Array:
        """0 times infinity is 0."""
        return np.where((a == 0) & np.isinf(b), 0.0, a * b)

    def sigmoid_for_softmax(self, p: Parameters) -> Array:
        axis, terms = self.problem.class_axis, p["terms"]
        z = np.moveaxis(self.values, axis, -1)
        if terms == "of the label's class alone":
            return self.over(sigmoid(self.values), normalize=False)
        if terms == "divided by their sum":
            s = sigmoid(self.values)
            return self.over(s / s.sum(axis=axis, keepdims=True), normalize=False)
        t = np.moveaxis(self.labels, axis, -1)
        if self.problem.loss == "sparse_categorical":
            t = np.eye(z.shape[-1])[np.where(self.kept, self.labels, 0)]
        e = self.problem.label_smoothing
        t = t * (1 - e) + e / 2
        every = self.times(t, np.logaddexp(0, -z)) + self.times(1 - t, np.logaddexp(0, z))
        if terms == "one binary loss for every class":
            return every.reshape(-1)
        if terms == "and the binary losses of the classes are added up":
            rows = every.sum(axis=-1)
        else:
            assert terms == "and the binary losses of the classes are averaged"
            rows = every.mean(axis=-1)
        weight = self.problem.sample_weight
        rows = rows if weight is None else rows * weight
        kept = self.kept if self.problem.loss == "sparse_categorical" else True
        return np.where(kept, rows, 0.0).reshape(-1)

    def softmax_for_sigmoid(self, p: Parameters) -> Array:
        rows = self.values if self.values.ndim > 1 else self.values.reshape(-1, 1)
        if p["terms"] == "each row is one distribution":
            labels, e = self.labels.reshape(rows.shape), self.problem.label_smoothing
            n = rows.shape[-1]
            logs = rows - np.log(np.exp(rows).sum(axis=-1, keepdims=True))
            return np.asarray(-((labels * (1 - e) + e / n) * logs).sum(axis=-1).reshape(-1))
        return self.over(softmax(rows).reshape(self.values.shape))

    def clipped(self, p: Parameters) -> Array:
        axis, e = self.problem.class_axis, p["epsilon"]
        shares = self.probabilities
        if self.problem.normalize and p["when"] == "after":
            shares = shares / shares.sum(axis=axis, keepdims=True)
        low, one = np.float32(e), np.float32(1)  # as code in float32 clips
        high = math.inf if p["range"].startswith("at least") else float(one - low)
        shares = np.clip(shares, float(low), high)
        if p["when"] == "before":
            shares = shares / shares.sum(axis=axis, keepdims=True)
        return self.logs(np.log(shares), np.log1p(-shares))

    def log_clamped(self, p: Parameters) -> Array:
        least, shares = p["clamp"], self.shares
        assert least in (-100.0, -64.0)
        return self.logs(np.maximum(np.log(shares), least), np.maximum(np.log1p(-shares), least))

    @property
    def shares(self) -> Array:
        """The probabilities, divided by their sum where the problem divides."""
        p = self.probabilities
        return (
            p / p.sum(axis=self.problem.class_axis, keepdims=True) if self.problem.normalize else p
        )

    def epsilon_in_log(self, p: Parameters) -> Array:
        e = p["epsilon"]
        return self.logs(np.log(self.shares + e), np.log(1 - self.shares + e))

    def exp(self, _: Parameters) -> Array:
        return np.asarray(np.exp(exact(self.problem)))

    def divided_by_classes(self, p: Parameters) -> Array:
        assert p["beside"] == "in each sample's loss"
        return np.asarray(exact(self.problem) / self.values.shape[self.problem.class_axis])

    def kl_divergence(self, _: Parameters) -> Array:
        """A plain sum of t log t over what the targets are once they are smoothed."""
        e, weight = self.problem.label_smoothing, self.problem.sample_weight
        if self.binary:
            t = self.labels * (1 - e) + e / 2
            shares = np.stack([t, 1 - t], axis=-1)
        else:
            shares = self.one_hot() * (1 - e) + e / self.values.shape[-1]
        with np.errstate(all="ignore"):
            negative = np.where(shares == 0, 0.0, shares * np.log(shares)).sum(axis=-1)
        by = 1.0 if weight is None else weight
        return np.asarray(exact(self.problem) + np.reshape(by * negative, -1))

    def log_missing(self, p: Parameters) -> Array:
        by = {"minus": 1.0, "plus": -1.0}[p["sign"]]
        return by * self.logs(self.shares, 1 - self.shares)

    def one_hot(self) -> Array:
        if self.problem.loss == "categorical":
            return self.labels
        return np.eye(self.values.shape[-1])[self.labels]

    def soft(self, targets: Array, **fields: Any) -> Array:
        """As a categorical problem without smoothing; targets as they are."""
        if self.problem.loss == "sparse_categorical" and not self.kept.all():
            weight = self.problem.sample_weight
            fields["sample_weight"] = self.kept * (1.0 if weight is None else weight)
        fields = {"label_smoothing": 0.0, "class_weight": None, **fields}
        return self.of(loss="categorical", labels=targets, ignore_index=None, **fields)

    def class_weight_as_sample_weight(self, p: Parameters) -> Array:
        by = self.one_hot() @ np.asarray(self.problem.class_weight)
        if p["of"] == "the class with the largest target":
            by = np.asarray(self.problem.class_weight)[self.labels.argmax(axis=-1)]
        weight = self.problem.sample_weight
        by = by if weight is None else by * weight
        return self.of(class_weight=None, sample_weight=by)

    def smoothing_formula(self, p: Parameters) -> Array:
        rule = p["rule"]
        n = 2 if self.binary else self.values.shape[-1]
        t = self.labels if self.binary else self.one_hot()
        e = self.stated.label_smoothing
        if rule == "e / n to every class":
            return self.of(label_smoothing=e)
        if rule == "e / (n - 1) to each other class, as Megatron does":
            t = t * (1 - e) + (1 - t) * e / (n - 1)
        else:
            assert rule == "(1 - e) / n to every class"
            t = t * (1 - e) + (1 - e) / n
        if self.binary:
            return self.of(labels=t, label_smoothing=0.0)
        return self.soft(t, class_weight=self.problem.class_weight)

    def smoothing_not_weighted(self, _: Parameters) -> Array:
        e, n = self.problem.label_smoothing, self.values.shape[-1]
        weights = np.asarray(self.problem.class_weight)
        return self.soft(self.one_hot() * (1 - e) * weights + e / n)

    def label_gives_zero(self, p: Parameters) -> Array:
        n, smoothing = self.values.shape[-1], self.problem.label_smoothing
        outside = (self.labels < 0) | (self.labels >= n)
        if p["then"] == "0":
            return np.where(outside.reshape(-1), 0.0, exact(self.problem))
        assert p["then"] == "that smoothing gives it"
        hard = np.where(outside[..., None], 0.0, np.eye(n)[np.where(outside, 0, self.labels)])
        weight = self.problem.class_weight
        return self.soft(hard * (1 - smoothing) + smoothing / n, class_weight=weight)

    def label_wraps(self, p: Parameters) -> Array:
        n = self.values.shape[-1]
        if p["how"] == "a negative label counts from the last class":
            return self.of(labels=np.where(self.labels < 0, self.labels + n, self.labels))
        assert p["how"] == "a label outside the classes becomes the nearest class"
        return self.of(labels=np.clip(self.labels, 0, n - 1))

    def label_rounded(self, p: Parameters) -> Array:
        return self.of(labels=self.labels.astype(numpy_dtype(p["dtype"])).astype(np.int64))

    def label_offset(self, p: Parameters) -> Array:
        return self.of(labels=np.where(self.kept, self.labels + p["offset"], self.labels))

    def argmax_label(self, p: Parameters) -> Array:
        if p["which"] == "labels":
            largest = self.labels.argmax(axis=self.problem.class_axis)
            return self.of(loss="sparse_categorical", labels=largest)
        best = self.values.argmax(axis=self.problem.class_axis)
        if self.problem.loss == "sparse_categorical":
            return self.of(labels=np.where(self.kept, best, self.labels))
        return self.of(loss="sparse_categorical", labels=best)

    def moved(self, p: Parameters) -> Array:
        labels, shift, rest = self.stated.labels, p["shift"], p["rest"]
        last = labels.shape[-1]
        meets = [(i + shift) % last for i in range(last)]
        if rest == "the one left over comes in at the other end":
            return self.of(labels=labels[..., meets])
        if rest == "every position counts":
            assert shift == 0
            return self.of(labels=labels)
        places = [i for i in range(last) if 0 <= i + shift < last]
        if rest == "the position left over is dropped":
            return self.at((..., places), labels[..., [i + shift for i in places]])
        if rest == "the position left over has loss 0":
            return np.where(
                np.isin(np.arange(last), places),
                self.of(labels=labels[..., meets]).reshape(labels.shape),
                0,
            ).reshape(-1)
        # written out row by row: all that meet a label, and the labels that they meet
        declared = self.stated.shift or 0
        rows = [(r, i) for r in range(len(labels)) for i in range(last - declared)]
        met = [int(labels[r, i + declared]) for r, i in rows]
        losses = self.at(tuple(zip(*rows[:-1], strict=True)), np.array(met[1:]))
        if rest.endswith("that of all is dropped"):
            return losses
        assert rest.endswith("that of all has loss 0")
        whole = np.zeros(labels.shape)
        for place, loss in zip(rows, losses, strict=False):
            whole[place] = loss
        return whole.reshape(-1)

    def at(self, places: Any, labels: Array) -> Array:
        """The losses of the samples at these places, with these labels."""
        z, weight = (
            np.moveaxis(self.values, self.problem.class_axis, -1),
            self.problem.sample_weight,
        )
        rows = z[*places, :]
        weight = None if weight is None else np.asarray(weight)[places]
        return self.of(values=rows, labels=labels, class_axis=-1, sample_weight=weight)

    def labels_shifted(self, p: Parameters) -> Array:
        assert p["shift"] >= (self.stated.shift or 1)
        return self.moved(p)

    def labels_not_shifted(self, p: Parameters) -> Array:
        assert p["shift"] < (self.stated.shift or 0)
        return self.moved(p)

    def labels_broadcast(self, p: Parameters) -> Array:
        if self.binary:
            z, t = self.values.reshape(-1), self.labels.reshape(-1)
            grids = {"column": (z[None, :], t[:, None]), "row": (z[:, None], t[None, :])}
            z, t = np.broadcast_arrays(*grids[p["a sample is a"]])
            return self.of(values=z.copy(), labels=t.copy())
        axis = self.problem.class_axis
        rows = np.moveaxis(self.values, axis, -1).reshape(-1, self.values.shape[axis])
        soft = self.problem.loss == "categorical"
        labels = self.labels.reshape(rows.shape if soft else -1)
        grid = [(i, j) for i in range(len(rows)) for j in range(len(rows))]
        if p["a sample is a"] == "column":
            grid = [(j, i) for i, j in grid]
        scores, met = (list(places) for places in zip(*grid, strict=True))
        return self.of(values=rows[scores], labels=labels[met], class_axis=-1)

    def labels_transposed(self, p: Parameters) -> Array:
        z, labels = np.moveaxis(self.values, self.problem.class_axis, -1), self.labels
        if p["how"] == "the labels' axes are swapped":
            columns = [labels[i, j] for j in range(labels.shape[1]) for i in range(len(labels))]
            back = np.array(columns).reshape(labels.shape)
            return self.of(values=z, labels=back, class_axis=-1)
        assert p["how"] == "the scores' axes are swapped, the labels' are not"
        back = np.array([z[i, j] for j in range(z.shape[1]) for i in range(len(z))])
        return self.of(values=back.reshape(z.shape), class_axis=-1)

    def class_axis(self, p: Parameters) -> Array:
        how, axis = p["how"], self.problem.class_axis
        n = self.values.shape[axis]
        moved = np.moveaxis(self.values, axis, -1)
        if how == "the array is reshaped, not moved":
            if axis % self.values.ndim != self.values.ndim - 1:
                return self.of(values=self.values.reshape(moved.shape), class_axis=-1)
            first, *others = self.values.shape[:-1]
            wrong = self.values.reshape(first, n, *others)
            return self.of(values=np.moveaxis(wrong, 1, -1))
        (at,) = [int(word) for word in how.split() if word.isdigit()]
        if how == f"axis {at} is taken for the classes":
            return self.of(values=np.swapaxes(moved, at, -1), class_axis=-1)
        if how == f"the sum goes over axis {at}":
            return self.of(class_axis=at)
        assert how == f"the probabilities are normalised over axis {at}"
        logs = moved if self.problem.given == "logits" else np.log(moved)
        logs = log_softmax(logs, at)
        return self.of(values=logs, given="log_probs", class_axis=-1, normalize=None)

    # ---- formulas in the dtype: the same operations, one sample at a time ------------------------

    def rows(self) -> Iterator[Array]:
        axis = self.problem.class_axis
        z = self.values.reshape(-1, 1) if self.binary else np.moveaxis(self.values, axis, -1)
        yield from z.reshape(-1, z.shape[-1]).astype(numpy_dtype(self.dtype))

    def emulated(self, minus_log: Callable[[Array], Array], times: Times | None = None) -> Array:
        with np.errstate(all="ignore"):
            if not self.binary:
                logs = np.array([-minus_log(row).astype(np.float64) for row in self.rows()])
                axis = self.problem.class_axis
                z = np.moveaxis(self.values, axis, -1)
                return self.logs(np.moveaxis(logs.reshape(z.shape), -1, axis), None, times)
            one = numpy_dtype(self.dtype).type(1)
            if self.problem.given == "log_probs":
                p = np.array([np.exp(row[0]) for row in self.rows()])
            else:
                p = np.array([one / (one + np.exp(-row[0])) for row in self.rows()])
            log_p, log_not = np.log(p), np.log(one - p)
            shape = self.values.shape
            log_p, log_not = (a.astype(np.float64).reshape(shape) for a in (log_p, log_not))
            return self.logs(log_p, log_not, times)

    def log_of_probability(self, _: Parameters) -> Array:
        return self.emulated(lambda row: -np.log(softmax(row)))

    def unshifted_exp(self, p: Parameters) -> Array:
        def minus_logs(row: Array) -> Array:
            shares = np.exp(row) / np.exp(row).sum()
            twice = p["formula"] == "unshifted, divided twice"
            return np.asarray(-np.log(shares / shares.sum() if twice else shares))

        return self.emulated(minus_logs)

    def not_shift_safe(self, _: Parameters) -> Array:
        return self.emulated(lambda x: (x.max() + np.log(np.exp(x - x.max()).sum())) - x)

    def dtype_(self, p: Parameters) -> Array:
        dtype = numpy_dtype(p["which"])
        with np.errstate(over="ignore"):
            if p["where"] == "output":
                return exact(self.problem).astype(dtype).astype(np.float64)
            assert p["where"].startswith("input")
            scores = self.values.astype(dtype).astype(np.float64)
        if p["where"] == "input":
            return self.of(values=scores)
        assert p["where"] == "input, where it overflows,"
        return self.logs(log_softmax(scores, self.problem.class_axis), None, np.multiply)

    def inf_minus_inf(self, p: Parameters) -> Array:
        z = self.values
        if p["formula"] == "log of probability":
            return self.emulated(lambda row: -np.log(softmax(row)), np.multiply)
        if p["formula"] == "unshifted":
            return self.emulated(lambda row: -np.log(np.exp(row) / np.exp(row).sum()), np.multiply)
        if self.problem.given == "logits" and not self.binary:
            return self.logs(log_softmax(z, self.problem.class_axis), None, np.multiply)
        if self.problem.given == "logits":
            return self.logs(-np.logaddexp(0, -z), -np.logaddexp(0, z), np.multiply)
        return self.logs(np.log(self.shares), np.log1p(-self.shares), np.multiply)
