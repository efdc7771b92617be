"""Every figure that the two threads print stands in a case as an expectation.

That each is reproduced, or departs as declared, is what running the cases shows
(tests/frameworks/test_shipped_cases.py); here none may be missing.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xent_check.casefile.loading import read_cases
from xent_check.casefile.paths import corpus

FILES = ("binary", "sparse", "language_model", "probabilities")
KERAS = ("2.0077195", "0.00928135", "0.6800677", "0.8990229", "2.697068691253662")
MANUAL = ("2.0077198", "0.00928142", "0.6800677", "2.697068929672241")
LANGUAGE_MODEL = (
    "1.341706", "3.2518263", "2.6482694", "3.039099", "1.5835983", "4.3498387", "2.67237",
    "3.3978183", "2.8657475", ".nan",
)  # fmt: skip
LANGUAGE_MODEL_BY_HAND = ("1.5835984", "0.0", "25.1502742767334")
PROBABILITIES = ("0.10536055", "0.8046684", "0.0618754")
FIGURES = [
    *(("binary", name, "0.35197204") for name in ("keras", "manual")),
    *(("sparse", "keras", figure) for figure in KERAS),
    *(("sparse", "manual", figure) for figure in MANUAL),
    *(("language_model", "keras:xla", figure) for figure in LANGUAGE_MODEL),
    *(("language_model", "manual", figure) for figure in LANGUAGE_MODEL_BY_HAND),
    *(("probabilities", name, f) for name in ("keras", "manual") for f in PROBABILITIES),
]


def texts(numbers: object) -> Iterator[str]:
    if isinstance(numbers, list):
        for number in numbers:
            yield from texts(number)
    elif numbers is not None:
        yield str(getattr(numbers, "text", numbers))


def stated(stem: str, implementation: str) -> set[str]:
    file = corpus() / "forum" / f"{stem}.yaml"
    found: set[str] = set()
    for case in read_cases(file, file.name).cases:
        for entry in case.fields.expect.get(implementation, []):
            for part in (entry.losses, entry.mean, entry.sum):
                found.update(texts(part))
    return found


@pytest.mark.parametrize(("stem", "implementation", "figure"), FIGURES)
def test_a_published_figure_stands_in_a_case(stem: str, implementation: str, figure: str) -> None:
    assert figure in stated(stem, implementation)


def test_the_claim_of_2e_6_is_tried_where_it_holds_and_where_it_breaks() -> None:
    file = corpus() / "forum" / "within_2e-6.yaml"
    cases = read_cases(file, file.name).cases
    holds = [case for case in cases if case.name.startswith("holds-")]
    breaks = [case for case in cases if case.name.startswith("breaks-")]
    assert len(holds) >= 3
    assert not any(case.fields.expect.get("manual") for case in holds)
    assert len(breaks) >= 3
    assert all(case.fields.expect["manual"][0].because for case in breaks)
