"""Reports made by hand: no framework, no reference, numbers that a reader can follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.casefile.case import Case, CaseFields
from xent_check.casefile.expectations import published_numbers
from xent_check.casefile.yaml_values import Map
from xent_check.problem.evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from xent_check.problem.expectation import Expectation, Published
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import Reduction
from xent_check.reference.enclosure import Enclosure
from xent_check.reference.reference import Reference
from xent_check.results.comparison import Comparison
from xent_check.results.difference import Difference
from xent_check.results.report import Asked, CaseResult, Host, Report, Status

NAN, INF = float("nan"), float("inf")
IMPLEMENTATIONS = (
    "reference", "keras", "keras:xla", "tf", "tf:xla", "torch", "jax", "optax", "manual", "stable",
)  # fmt: skip


def case(name: str, *, file: str = "cases/demo.yaml", line: int = 1, samples: int = 3) -> Case:
    """A sparse case of two classes."""
    data = {"logits": [[0.0, 0.0]] * samples, "labels": [0, 1, 1][:samples]}
    fields = CaseFields.model_validate({"loss": "sparse_categorical", **data})
    return Case(Path(file), file, name, Map(line), fields)


def problem(samples: int, dtype: Any = "float32") -> Problem:
    """The problem of such a case: labels 0, 1, 1, 1, ..."""
    labels = np.minimum(np.arange(samples), 1)
    values = np.zeros((samples, 2), dtype=np.float32)
    return Problem("sparse_categorical", "logits", values, labels, dtype)


def difference(
    actual: Any, target: Any, allowed: float = 2e-6, dtype: str = "float32"
) -> Difference:
    """Numbers against a target."""
    a, t = np.asarray(actual, dtype=np.float64), np.asarray(target, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        finite = np.abs(a - t)
    same = (a == t) | (np.isnan(a) & np.isnan(t))
    both = np.isfinite(a) & np.isfinite(t)
    off: npt.NDArray[np.float64] = np.where(both, finite, np.where(same, 0.0, np.inf))
    return Difference(a, t, off, np.full(a.shape, allowed), dtype)


def compared(
    losses: Difference,
    totals: dict[Reduction, Difference] | None = None,
    expected: Difference | None = None,
    expected_totals: dict[Reduction, Difference] | None = None,
    gradient: Difference | None = None,
) -> Comparison:
    """A comparison of these parts."""
    return Comparison(
        losses=losses,
        totals=totals or {},
        expected_losses=expected,
        expected_totals=expected_totals or {},
        unsupported={},
        wide_radius=False,
        gradient=gradient,
    )


def result(
    of: Case,
    implementation: str,
    status: Status,
    *,
    reason: str | None = None,
    evaluation: Evaluation | None = None,
    comparison: Comparison | None = None,
    notes: tuple[str, ...] = (),
    required: bool = False,
    error: str | None = None,
) -> CaseResult:
    """A result; what computed it is made up where there is a comparison, and what the case declares
    where a divergence is known or something is stated."""
    samples = comparison.losses.actual.size if comparison else 3
    if comparison is not None and evaluation is None and implementation != "reference":
        losses = comparison.losses.actual.astype(comparison.losses.dtype)
        evaluation = Computed(losses, {}, f"{implementation}.loss(logits, labels)", 0.25)
    high = np.zeros(samples) if comparison is None else comparison.losses.target
    zero = np.zeros_like(high)
    stated = comparison.expected_losses if comparison and implementation == "reference" else None
    numbers = None if stated is None else Published(stated.target, np.zeros_like(stated.target))
    because = reason if status == "known" else None
    return CaseResult(
        case=of,
        problem=problem(samples),
        implementation=implementation,
        status=status,
        reason=reason,
        evaluation=evaluation,
        comparison=comparison,
        reference=Reference(Enclosure(high, zero, zero), {}, {}, None),
        notes=notes,
        required=required,
        expectation=Expectation(numbers, {}, None, error, because, None)
        if status == "known" or (comparison is not None and comparison.by_expectation)
        else None,
    )


EXACT = (0.5, 0.25, 4.0)


def agreeing(of: Case, implementation: str) -> CaseResult:
    """Every sample within the tolerance."""
    return result(
        of,
        implementation,
        "agrees",
        comparison=compared(
            difference([0.5, 0.2500001, 4.0], EXACT),
            {"mean": difference(1.5833333, 1.58333333)},
        ),
    )


def every_status(*, verbose: bool = False, required: bool = True) -> Report:
    """Ten columns; agrees, known, diverges, failed, unsupported and missing."""
    plain, hard = case("everyday", line=3), case("hard[dtype=float32,label_smoothing=0.1]", line=11)
    other = case("elsewhere", file="cases/sub/other.yaml")
    results = [agreeing(plain, name) for name in IMPLEMENTATIONS[1:]]
    pinned = compared(difference(EXACT, EXACT), expected=difference(EXACT, [0.5, 0.25, 4.0], 0.01))
    results.insert(0, result(plain, "reference", "agrees", comparison=pinned))
    results += [
        result(
            hard,
            "keras",
            "diverges",
            comparison=compared(
                difference([16.118095, 0.25, 4.00001], [200.0, 0.25, 4.0]),
                {"mean": difference(6.789365, 68.0833333)},
            ),
        ),
        result(
            hard,
            "tf",
            "diverges",
            reason="not what `expect` states for it",
            comparison=compared(
                difference([0.5, NAN, 4.0], EXACT),
                {"sum": difference(NAN, 4.75)},
                expected=difference([0.5, NAN, 4.0], [0.5, INF, 4.0]),
                expected_totals={"sum": difference(NAN, INF)},
            ),
        ),
        result(
            hard,
            "torch",
            "failed",
            reason="the process was killed by SIGSEGV",
            evaluation=Failed("crash", "the process was killed by SIGSEGV"),
            notes=("it printed to stdout: 100% of | <nothing>, a::b",),
        ),
        result(
            hard,
            "jax",
            "unsupported",
            reason="jax: sparse_categorical from logits without class_axis",
            evaluation=Unsupported("jax: sparse_categorical from logits without class_axis"),
        ),
        result(
            hard,
            "optax",
            "missing",
            reason="optax not installed: pip install 'xent-check[jax]'",
            evaluation=Missing("optax not installed: pip install 'xent-check[jax]'"),
            required=required,
        ),
        result(
            hard,
            "manual",
            "known",
            reason="exp(100) overflows: inf / inf is nan",
            comparison=compared(
                difference([NAN, 0.25, 4.0], EXACT),
                expected=difference([NAN, 0.25, 4.0], [NAN, 0.25, 4.0]),
            ),
        ),
        result(
            other,
            "torch",
            "known",
            reason="PyTorch checks the labels and refuses",
            evaluation=Failed("error", "IndexError: Target 3 is out of bounds."),
            error="out of bounds",
        ),
        result(other, "jax", "diverges", reason="losses of shape [3, 1], samples [3]"),
    ]
    return report(results, verbose=verbose, warnings=("a warning, 5% of\ntwo lines",))


def report(
    results: list[CaseResult],
    *,
    verbose: bool = False,
    warnings: tuple[str, ...] = (),
    names: tuple[str, ...] = IMPLEMENTATIONS,
) -> Report:
    """A report of these results."""
    hosts = {
        "keras": Host("3.15.1", "cpu", "keras"),
        "torch": Host("2.13.0", "cpu", "torch"),
        "manual": Host("2.4.6", "cpu", "numpy"),
        "stable": Host("2.4.6", "cpu", "numpy"),
        "jax": Host("0.10.2", "cuda", "jax"),
    }
    cases = dict.fromkeys((r.case.id, r.case.line) for r in results)
    return Report(
        results=tuple(results),
        cases=len(cases),
        asked=tuple(
            _asked(id, line, [r for r in results if r.case.id == id]) for id, line in cases
        ),
        implementations=names,
        hosts=hosts,
        seconds=3.2,
        warnings=warnings,
        verbose=verbose,
    )


def _asked(name: str, line: int, results: list[CaseResult]) -> Asked:
    given = [
        name for r in results if r.comparison is not None for name in r.comparison.by_reference
    ]
    names = tuple(r.implementation for r in results)
    return Asked(name, line, "0" * 16, names, tuple(dict.fromkeys(given)))


def enclosed(high: Any, low: Any = 0.0, radius: Any = 0.0) -> Enclosure:
    """An enclosure with one low part and radius for all."""
    array = np.asarray(high, dtype=np.float64)
    return Enclosure(array, np.full_like(array, low), np.full_like(array, radius))


class Text(float):
    """A number of a case file, with the text it was printed as."""

    text: str

    def __new__(cls, text: str) -> Text:
        made = super().__new__(cls, text)
        made.text = text
        return made


def expects(
    losses: list[str] | None = None, because: str | None = None, **totals: str
) -> Expectation:
    """An entry of `expect`, from the numbers' texts."""
    return Expectation(
        losses=published_numbers([Text(t) for t in losses]) if losses else None,
        totals={r: published_numbers(Text(t)) for r, t in totals.items()},  # type: ignore[misc]
        error=None,
        because=because,
        versions=None,
        gradient=None,
    )
