"""The Python API: what `xent_check.NAME` gives, in the caller's own process.

`import xent_check` loads this module when one of its names is first asked for.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, NoReturn, TypedDict, Unpack

from xent_check.casefile.in_memory import case_in_memory, observed_in_memory
from xent_check.casefile.validation import MISSING, UNKNOWN_KEY
from xent_check.diagnosis.diagnosis import Explanation
from xent_check.errors import InvalidError, key_text, mistake_text
from xent_check.reporters.explanation import plain_explained, text_of, verdict
from xent_check.reporters.formats import Terminal
from xent_check.results.explanation import Explained, explain_observed, observed_numbers

__all__ = ["CaseKeywords", "Diagnosis", "Explanation", "explain"]

_WIDTH = 80  # columns of printed text


class CaseKeywords(TypedDict, total=False):
    """The keywords of a case: the keys of a case file, with arrays of any framework.

    docs/options.md has the meaning, the range and the shape of each.
    """

    name: str | None
    description: str | None
    source: str | None
    tags: str | Sequence[str] | None
    loss: str | None
    logits: Any
    probs: Any
    log_probs: Any
    labels: Any
    dtype: Any
    class_axis: int | None
    normalize: bool | None
    ignore_index: int | None
    label_smoothing: float | None
    class_weight: Any
    pos_weight: Any
    sample_weight: Any
    reduction: str | Sequence[str] | None
    check: str | Sequence[str] | None
    cotangent: Any
    tolerance: Any


class Diagnosis:
    """What explains observed numbers. `print` shows it as `xent-check explain` does."""

    def __init__(self, item: Explained) -> None:
        self._item = item

    @property
    def explained(self) -> bool:
        """Whether something reproduces the numbers: rounding, or a change of the meaning."""
        return self._item.diagnosis.explained

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """The hypotheses that reproduce the numbers, the most usual first."""
        return self._item.diagnosis.explanations

    @property
    def closest(self) -> tuple[Explanation, ...]:
        """Where nothing reproduces them all: what comes nearest."""
        return self._item.diagnosis.closest

    @property
    def sentence(self) -> str:
        """The reason in one sentence, with the number that is furthest off."""
        return verdict(self._item)

    def to_dict(self) -> dict[str, Any]:
        """What `xent-check explain --report json` prints: JSON's values alone."""
        return plain_explained(self._item)

    def __str__(self) -> str:
        return text_of([self._item], Terminal(width=_WIDTH))

    def __repr__(self) -> str:
        return f"<Diagnosis: {self.sentence}>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def explain(observed: object, **case: Unpack[CaseKeywords]) -> Diagnosis:
    """Name the reason for a difference: which change of the meaning gives the observed numbers.

    observed: a number (a total: the case's single `reduction`, else the mean), or as many as there
    are samples, as numbers, an array of any framework, or text as it was printed. An array's
    numbers are exact; those of text, and of Python, are known to their last printed digit.

    case: what should have been computed, by the keys of a case file: one of `logits`, `probs` and
    `log_probs`; `labels`; options. `loss` may be left out where the labels have one axis less than
    the scores (sparse_categorical), `dtype` where the scores' array has one (else float32).

    TypeError for an unknown or missing keyword; ValueError for shapes and values that do not fit.
    """
    try:
        posed = case_in_memory(case, any_label=True)
        numbers = observed_in_memory(observed)
        return Diagnosis(explain_observed(posed, observed_numbers(numbers, posed)))
    except InvalidError as error:
        _refuse("explain", error)


def _refuse(who: str, error: InvalidError) -> NoReturn:
    """Every mistake as TypeError or ValueError."""
    texts = [mistake_text(m, f"{who}()", key_text(m.key)) for m in error.mistakes]
    in_call = any(not m.key or m.fault in (UNKNOWN_KEY, MISSING) for m in error.mistakes)
    raise (TypeError if in_call else ValueError)("\n".join(texts)) from None
