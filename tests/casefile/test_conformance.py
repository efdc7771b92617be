"""The conformance cases: every kind of hard input is met by some case, and none stands twice."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from functools import cache
from typing import Any, cast, get_args

import numpy as np
import numpy.typing as npt
import pytest

from xent_check.casefile.loading import Filter, Loaded, PosedCase, load_all
from xent_check.problem.problem import Problem
from xent_check.problem.problem_digest import problem_digest
from xent_check.problem.vocabulary import DTYPES, LOSSES, CotangentLayout, Layout, Level

Array = npt.NDArray[Any]
Claim = Callable[[Problem], object]  # of a problem, whether it has what is claimed
CORPUS = "corpus:conformance"
IGNORED = (-100, -1, 0, 255)
LABELS = (0, 127, 128, 255, 256, 257, 1023, 1024, 2047, 2048, 2049, 32767, 32768, 65535, 65536)
CLASSES = (1, 2, 3, 31, 32, 33, 127, 128, 129, 1000, 1023, 1024, 1025)
VOCABULARIES = (4096, 32000, 50257, 128256)
EDGES = (128, 256, 512, 1024, 2048)


@cache
def loaded(level: Level) -> Loaded:
    return load_all([CORPUS], Filter(level=level))


def rows(p: Problem) -> Array:
    """The scores in float64, a row for each sample."""
    values = np.moveaxis(p.values, p.class_axis, -1) if p.loss != "binary" else p.values[..., None]
    return cast(Array, values.reshape(-1, values.shape[-1]).astype(np.float64))


def margins(p: Problem) -> Array:
    """How far each label is above the largest other logit."""
    x, labels = rows(p), p.labels.reshape(-1)
    at = np.take_along_axis(x, labels[:, None], axis=-1)[:, 0]
    others = x.copy()
    np.put_along_axis(others, labels[:, None], -np.inf, axis=-1)
    with np.errstate(invalid="ignore"):
        return cast(Array, at - others.max(axis=-1))


def sparse(check: Claim) -> Claim:
    """Of class indices that are all classes, and finite logits of two classes or more."""

    def checked(p: Problem) -> object:
        whole = p.loss == "sparse_categorical" and p.given == "logits" and p.kept.all()
        return whole and p.num_classes > 1 and p.kept.size and check(p)

    return checked


def finite(p: Problem) -> bool:
    return bool(np.isfinite(rows(p)).all())


def offset(p: Problem, least: float) -> bool:
    """Rows of near logits, all far from 0 on one side."""
    if not p.values.size or not finite(p):
        return False
    x = rows(p)
    near = np.ptp(x, axis=-1) < 200
    return bool((near & (np.abs(x).min(axis=-1) >= least)).any())


def tie(p: Problem) -> bool:
    x = rows(p)
    return bool(((x == x.max(axis=-1, keepdims=True)).sum(axis=-1) > 1).any())


def spread(p: Problem) -> float:
    """How far the largest logits of the rows are apart."""
    return float(np.ptp(rows(p).max(axis=-1)))


def options(p: Problem) -> set[str]:
    """Of the options that come in pairs, those that are set."""
    return {*p.options} | ({"cotangent"} if p.cotangent is not None else set())


def labelled(p: Problem, label: int) -> Array:
    return cast(Array, p.labels.reshape(-1) == label)


def masked_before(edge: int) -> Claim:
    return sparse(
        lambda p: (
            p.num_classes > edge
            and (np.isinf(rows(p)[:, :edge]).all(axis=-1) & labelled(p, edge)).any()
        )
    )


def masked_after(edge: int) -> Claim:
    return sparse(
        lambda p: (
            p.num_classes > edge
            and (np.isinf(rows(p)[:, edge:]).all(axis=-1) & labelled(p, edge - 1)).any()
        )
    )


def has_classes(count: int) -> Claim:
    return lambda p: p.loss != "binary" and p.num_classes == count


def has_label(label: int) -> Claim:
    return sparse(lambda p: p.num_classes > label and labelled(p, label).any())


def ignores(index: int) -> Claim:
    return lambda p: p.ignore_index == index and (p.labels == index).any()


def smooths(classes: int) -> Claim:
    return lambda p: p.loss != "binary" and p.label_smoothing and p.num_classes == classes


def binary_at(logit: int) -> Claim:
    return lambda p: p.loss == "binary" and (p.values.astype(np.float64) == logit).any()


def is_of(loss: str, dtype: str) -> Claim:
    return lambda p: (p.loss, p.dtype) == (loss, dtype)


def laid_out(loss: str, layout: str) -> Claim:
    return lambda p: (p.loss, p.layout) == (loss, layout) and p.values.size > 1


def cotangent_is(layout: str) -> Claim:
    return lambda p: p.cotangent_layout == layout and above(p).size > 1


def above(p: Problem) -> Array:
    """The cotangent as one axis, empty where there is none."""
    return np.zeros(0) if p.cotangent is None else p.cotangent.reshape(-1).astype(np.float64)


def on_last_class(p: Problem) -> object:
    odd = p.num_classes % 2 and p.num_classes > 100
    return odd and finite(p) and (rows(p).argmax(axis=-1) == p.num_classes - 1).all()


def alternates(p: Problem) -> object:
    signs = above(p)
    return signs.size > 2 and (signs[1:] == -signs[:-1]).all() and signs.any()


def in_a_row(p: Problem) -> Array:
    """Which samples are kept, where they have one axis and are several."""
    return p.kept if p.kept.ndim == 1 and p.kept.size > 1 else np.zeros(0)


CLAIMS: dict[str, Claim] = {
    "the label at even odds": sparse(lambda p: finite(p) and (abs(margins(p)) < 1e-3).any()),
    "the label sure to 1 - 1e-7": sparse(
        lambda p: finite(p) and ((margins(p) > 16) & (margins(p) < 30)).any()
    ),
    "sure and wrong": sparse(lambda p: finite(p) and (margins(p) < -16).any()),
    "equal logits of 1e8": lambda p: offset(p, 9e7) and tie(p),
    "rows far apart": lambda p: finite(p) and len(rows(p)) > 1 and spread(p) > 1e4,
    "all logits very negative": lambda p: p.values.size and finite(p) and rows(p).max() < -5000,
    "a gap to underflow": sparse(lambda p: finite(p) and (margins(p) > 104).any()),
    "a gap beyond exp": sparse(lambda p: finite(p) and (margins(p) < -89).any()),
    "ties": sparse(tie),
    "the label first, all others masked": masked_after(1),
    "the label last, all others masked": sparse(
        lambda p: (np.isinf(rows(p)[:, :-1]).all(axis=-1) & labelled(p, p.num_classes - 1)).any()
    ),
    **{f"the first {edge} masked": masked_before(edge) for edge in EDGES},
    **{f"all but the first {edge} masked": masked_after(edge) for edge in EDGES},
    **{f"{count} classes": has_classes(count) for count in (*CLASSES, *VOCABULARIES)},
    **{f"label {label}": has_label(label) for label in LABELS},
    "label n / 2": sparse(lambda p: p.num_classes > 100 and labelled(p, p.num_classes // 2).any()),
    "label n - 1": sparse(lambda p: p.num_classes > 100 and labelled(p, p.num_classes - 1).any()),
    "the mass on the last class of an odd width": sparse(on_last_class),
    **{f"ignored {index}": ignores(index) for index in IGNORED},
    "the first ignored": lambda p: in_a_row(p).size and not p.kept[0] and p.kept[1],
    "the last ignored": lambda p: in_a_row(p).size and not p.kept[-1] and p.kept[0],
    "all ignored": lambda p: p.kept.size and not p.kept.any(),
    "the last class ignored": lambda p: (
        p.loss == "sparse_categorical" and p.ignore_index == p.num_classes - 1
    ),
    **{f"smoothing with {count} classes": smooths(count) for count in (2, 3, 1000)},
    "smoothing with ignored samples": lambda p: p.label_smoothing and not p.kept.all(),
    "smoothing with -inf": lambda p: p.label_smoothing and np.isinf(rows(p)).any(),
    "a cotangent of one sample": lambda p: above(p).size > 1 and (above(p) != 0).sum() == 1,
    "a cotangent whose first is 0": lambda p: above(p).any() and above(p)[0] == 0,
    "an alternating cotangent": alternates,
    **{
        f"{loss} {layout}": laid_out(loss, layout)
        for loss in LOSSES
        for layout in get_args(Layout)
        if (loss, layout) != ("categorical", "reversed")
    },
    "sequences transposed": lambda p: p.layout == "transposed" and p.labels.ndim == 2,
    **{
        f"a cotangent that is {layout}": cotangent_is(layout)
        for layout in get_args(CotangentLayout)
    },
    "parts of unequal counts": lambda p: (
        p.kept.ndim == 2 and len({*p.kept.sum(axis=-1).tolist()}) == len(p.kept) > 2
    ),
    "no sample": lambda p: p.kept.size == 0,
    "one sample": lambda p: p.kept.size == 1,
    "4 million samples": lambda p: p.kept.size >= 4_000_000 and p.reductions,
    **{f"binary at {logit}": binary_at(logit) for logit in (0, 100, -100, 120, -120)},
    "binary at 120 with pos_weight": lambda p: (
        p.pos_weight is not None and (np.abs(p.values) >= 120).any()
    ),
    **{f"{loss} in {dtype}": is_of(loss, dtype) for loss in LOSSES for dtype in DTYPES},
}
_OF_BOTH = ("label_smoothing", "sample_weight", "cotangent")
_OF_CLASSES = ("class_axis", "class_weight", *_OF_BOTH)
PAIRS = {
    "sparse_categorical": ("ignore_index", *_OF_CLASSES),
    "categorical": _OF_CLASSES,
    "binary": ("pos_weight", *_OF_BOTH),
}


@pytest.mark.long
@pytest.mark.parametrize("claim", CLAIMS)
def test_each_kind_of_hard_input_is_met(claim: str) -> None:
    problems = (posed.problem for posed in loaded("full").posed_cases)
    assert any(CLAIMS[claim](problem) for problem in problems), claim


@pytest.mark.parametrize("loss", PAIRS)
def test_every_pair_of_options_comes_with_the_gradient(loss: str) -> None:
    found = [
        options(p.problem)
        for p in loaded("quick").posed_cases
        if p.problem.loss == loss and p.problem.gradient and p.problem.kept.size >= 8
    ]
    for pair in itertools.combinations(PAIRS[loss], 2):
        assert any({*pair} <= names for names in found), pair


def test_no_problem_stands_twice() -> None:
    first: dict[str, PosedCase] = {}
    for posed in loaded("quick").posed_cases:
        before = first.setdefault(problem_digest(posed.problem), posed)
        assert before is posed, (before.case.id, posed.case.id)


def test_each_case_says_what_it_is_there_for_and_where_that_was_reported() -> None:
    for posed in loaded("quick").posed_cases:
        fields = posed.case.fields
        assert fields.description, posed.case.id
        assert re.search(
            r"https://github.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+", fields.source or ""
        )
        assert fields.tolerance == "auto"
        assert "conformance" in fields.tags


def test_no_expected_number_is_of_the_exact_value() -> None:
    """The exact value judges; an entry is of a framework that departs, with its reason."""
    for posed in loaded("quick").posed_cases:
        for name, entries in posed.expectations.items():
            assert name != "reference", posed.case.id
            assert all(entry.because for entry in entries), posed.case.id


def test_what_is_huge_is_left_out_unless_it_is_asked_for() -> None:
    left_out = {one.level for one in loaded("quick").left_out}
    assert left_out == {"full", "huge"}
