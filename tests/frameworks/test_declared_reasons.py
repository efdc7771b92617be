"""Every reason that a shipped case declares is the first that the diagnosis finds for the numbers.

Where losses or totals that diverge are finite; where some are not, or a gradient alone diverges, if
the case names an id. Whoever cannot be held so is listed with the reason why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from xent_check.diagnosis.diagnosis import Explanation, diagnose
from xent_check.results.attached_diagnosis import diagnosed, observed_of
from xent_check.results.report import CaseResult
from xent_check.running.session import check
from xent_check.running.settings import Settings

LARGE = 10_000  # values; what is beyond are sums that overflow, or the order of a long sum
FEW_DIGITS = "one number of 16 bits: many changes give it"
ZERO = "the losses are 0, for which there are many reasons"
IGNORED = "the diagnosis says label-gives-zero: an ignored sample is the same in the losses"
COARSE = "1 - p is rounded: found, but one such number of few steps may be so by chance"
ORDER = "the reason computes one running sum, and this one is added up in another order"
EQUAL = "another change gives the same numbers here, and is as usual"
NO_CLIP = "no hypothesis clips in 16 bits, where the upper end is 1"
UNDERFLOWS = "the diagnosis says unshifted-exp: nothing is taken off before exp"
FIRST_OF_ONE = "nan and 0: labels that are shifted within a sequence give as much"
NAN = "inf-minus-inf stands for a nan that an overflow makes, and that 0 times nan spreads"
# `because` -> why its id is not the first reason that is found, or why it has none.
UNHELD = {
    "each lane of the vector unit adds up in float16": ORDER,
    "nll_loss adds up in a cascade of float16": ORDER,
    "subnormal weights are read as 0: 0 / 0": "the total is nan, which many changes give",
    "the label is cast to bfloat16, which rounds 257 to 256: the loss of another class": FEW_DIGITS,
    "the label is cast to float16, which rounds 2049 to 2048: the loss of another class":
        FEW_DIGITS,
    "the label 2049 becomes 2048 in float16, and another class is scored": FEW_DIGITS,
    "the label 257 becomes 256 in bfloat16, and another class is scored": FEW_DIGITS,
    "labels and ignore_class are both cast to bfloat16, where 257 is 256: both samples are ignored":
        ZERO,
    "tnn.cross_entropy is called with its default ignore_index of -100, and Keras does not know of "
    "it": IGNORED,
    "-100 is the default of ignore_index: the sample is left out of the sum and of the divisor":
        IGNORED,
    "ignore_index is -100 where nothing is said, so the label is ignored and not refused": IGNORED,
    "the weight is made as 1 + (w - 1) t, which is 0 for 1e-8 in float32": ZERO,
    "1 - p has steps of 2^-24: sigmoid(10) leaves 762 of them, where the exact 1 - p is 761.65":
        COARSE,
    "1 - p has steps of 2^-24, and -log(1 - p) is off by up to half a step over 1 - p": COARSE,
    "1 - p rounds to 2^-23, and its log is -23 log 2": EQUAL,  # a clip at 1e-7 in float32
    "probabilities are clipped to [1e-7, 1 - 1e-7] before the row is divided by its sum": EQUAL,
    "the row is divided by its sum, which is the probability itself": EQUAL,  # a softmax of one
    "25 probabilities below 1e-7 are raised to it before the row is divided by its sum":
        "one number, of 0 expected, near many others",
    "1 - 1e-7 rounds to 1: log(1 - p) is -inf, and 0 times that nan": NO_CLIP,
    "1e-7 rounds to 2^-23, and 1 - 1e-7 to 1: log(1 - p) is -inf, and 0 times that nan": NO_CLIP,
    "exp(100) overflows float32: inf / inf is nan, and the one-hot sum spreads it to every label":
        NAN,
    "exp(logit) overflows: inf / inf is nan, and the one-hot sum spreads it to every label": NAN,
    "exp(12) overflows float16: inf / inf is nan": NAN,
    "exp(2000) overflows float64: inf / inf is nan": NAN,
    "exp(60000) overflows: inf / inf is nan": NAN,
    "exp(100) overflows, so p is 0; 1 - p rounds to 0 at 100, and 0 log 0 is nan": NAN,
    "exp(2e307) overflows, so p is 0; 1 - p rounds to 0, and 0 log 0 is nan": NAN,
    "every exp underflows to 0: 0 / 0 is nan": UNDERFLOWS,
    "exp(logit) underflows for every class: 0 / 0 is nan": UNDERFLOWS,
    "the one-hot row is multiplied by -log 0 of the other classes, and 0 times inf is nan":
        "a division by the sum over the other axis gives nan too, and is more usual",
    "the one-hot rows are empty; exp(99) overflows float32, and 0 times nan is nan": FIRST_OF_ONE,
    "the one-hot rows are empty; the first multiplies 0 by log 0, which is nan": FIRST_OF_ONE,
    "the row is divided by its sum, and so is the derivative":
        "gradients of probabilities have no hypothesis of a division by the sum",
}  # fmt: skip


def declared(results: tuple[CaseResult, ...]) -> Iterator[tuple[CaseResult, str, str | None]]:
    """The known divergences that are held, with their reason and its id."""
    for result in results:
        expectation, comparison = result.expectation, result.comparison
        if result.status != "known" or expectation is None or comparison is None:
            continue
        large = result.problem is None or result.problem.values.size > LARGE
        told = expectation.hypothesis is not None or of_finite_losses(result)
        if expectation.because and not large and told:
            yield result, expectation.because, expectation.hypothesis


def of_finite_losses(result: CaseResult) -> bool:
    """Whether losses or totals diverge, and the losses are finite."""
    comparison = result.comparison
    assert comparison is not None
    parts = (comparison.losses, *comparison.totals.values())
    finite = bool(np.isfinite(comparison.losses.actual).all())
    return finite and any(part.diverging for part in parts)


def first_of(result: CaseResult) -> Explanation | None:
    """The first explanation of the numbers, a gradient's too."""
    observed, comparison, problem = observed_of(result), result.comparison, result.problem
    assert observed is not None
    assert comparison is not None
    assert comparison.bounds is not None
    assert problem is not None
    if of_finite_losses(result):
        found = diagnose(problem, observed, comparison.bounds).explanations
    else:
        diagnosis = diagnosed(replace(result, status="diverges", expectation=None)).diagnosis
        found = () if diagnosis is None else diagnosis.explanations
    return found[0] if found else None


@pytest.mark.long
def test_a_declared_reason_is_the_first_that_the_diagnosis_finds() -> None:
    corpus = ("behaviour", "options", "forum", "language_models", "conformance")
    report = check(Settings(tuple(f"corpus:{name}" for name in corpus)), lambda *_: None)
    found = list(declared(tuple(report.results)))
    wrong, unheld, held = [], set(), 0
    for result, because, hypothesis in found:
        first = first_of(result)
        if first is not None and hypothesis in first.ids:
            held += 1
        elif because in UNHELD:
            unheld.add(because)
        else:
            wrong.append((result.case.id, result.implementation, because, hypothesis, first))
    assert not wrong
    assert held > 100
    assert unheld == set(UNHELD)  # what is held by now need not be listed
