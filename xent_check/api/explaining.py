"""The reason for numbers that somebody observed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, Unpack, overload

import numpy as np

from xent_check.casefile.case_keywords import CaseKeywords
from xent_check.casefile.in_memory import case_in_memory, observed_in_memory
from xent_check.diagnosis.diagnosis import Explanation
from xent_check.errors import InvalidError, Mistake
from xent_check.reporters.explanation import (
    plain_explained,
    plain_together,
    separated_by,
    text_of,
    verdict,
)
from xent_check.reporters.formats import Terminal
from xent_check.results.explanation import Explained
from xent_check.results.pasted import Pasted, explain_each, name_mistakes
from xent_check.running.in_process import NUMPYS

from .notebook import WIDTH, as_html
from .refusing import refuse


class Array(Protocol):
    """An array of any framework."""

    @property
    def shape(self) -> Any:
        """Its sizes."""


Numbers = float | str | Sequence[Any] | Array
"""Observed numbers: one, or some, or their text as it was printed."""


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
        return text_of([self._item], Terminal(width=WIDTH))

    def __repr__(self) -> str:
        return f"<Diagnosis: {self.sentence}>"

    def _repr_html_(self) -> str:
        return as_html(text_of([self._item], Terminal(width=WIDTH, color=True)))


class Diagnoses(Mapping[str, Diagnosis]):
    """What explains several answers to one case, each by its name. `print` shows them as
    `xent-check explain` does."""

    def __init__(self, items: Sequence[Explained], names: Sequence[str]) -> None:
        self._items = items
        self._each = dict(zip(names, map(Diagnosis, items), strict=True))

    def __getitem__(self, name: str) -> Diagnosis:
        return self._each[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._each)

    def __len__(self) -> int:
        return len(self._each)

    @property
    def explained(self) -> bool:
        """Whether something reproduces the numbers of every answer."""
        return all(diagnosis.explained for diagnosis in self._each.values())

    @property
    def sentence(self) -> str:
        """Which choice separates the answers; of parts of one answer, the reason of each."""
        if len({item.who for item in self._items}) == len(self._items) > 1:
            return separated_by(self._items)
        return "; ".join(diagnosis.sentence for diagnosis in self._each.values())

    def to_dict(self) -> dict[str, Any]:
        """What `xent-check explain --report json` prints: JSON's values alone."""
        return plain_together(self._items)

    def __str__(self) -> str:
        return text_of(self._items, Terminal(width=WIDTH))

    def __repr__(self) -> str:
        return f"<Diagnoses: {self.sentence}>"

    def _repr_html_(self) -> str:
        return as_html(text_of(self._items, Terminal(width=WIDTH, color=True)))


@overload
def explain(
    observed: Mapping[str, object],
    *,
    observed_gradient: Mapping[str, object] | None = None,
    **case: Unpack[CaseKeywords],
) -> Diagnoses: ...
@overload
def explain(
    observed: None = None,
    *,
    observed_gradient: Mapping[str, object],
    **case: Unpack[CaseKeywords],
) -> Diagnoses: ...
@overload
def explain(
    observed: None = None, *, observed_gradient: Numbers, **case: Unpack[CaseKeywords]
) -> Diagnosis: ...
@overload
def explain(
    observed: Numbers, *, observed_gradient: None = None, **case: Unpack[CaseKeywords]
) -> Diagnosis: ...
def explain(
    observed: object = None, *, observed_gradient: object = None, **case: Unpack[CaseKeywords]
) -> Diagnosis | Diagnoses:
    """Name the reason for a difference: which change of the meaning gives the observed numbers.

    observed: a number (a total: the case's single `reduction`, else the mean), or as many as there
    are samples, as numbers, an array of any framework, or text as it was printed. An array's
    numbers are exact; those of text, and of Python, are known to their last printed digit.

    observed_gradient: that of the losses' sum with respect to what the case gives, likewise, of its
    shape.

    Either may be a mapping with a name for each of several answers: `{"torch": ..., "keras": ...}`;
    then Diagnoses come back, with the choice that separates them. Of `hidden`, the names `weight`
    and `bias` are what a gradient is by, in front of which another name may stand:
    `{"hidden": ..., "weight": ...}`, `{"torch:weight": ...}`.

    case: what should have been computed, by the keys of a case file: one of `logits`, `probs` and
    `log_probs`; `labels`; options. `loss` may be left out where the labels have one axis less than
    the scores (sparse_categorical), `dtype` where the scores' array has one (else float32).

    TypeError for an unknown or missing keyword; ValueError for shapes and values that do not fit.
    """
    try:
        posed = case_in_memory(case, any_label=True)
        pasted = [*_pasted(observed, "observed")] if observed_gradient is None else []
        if observed_gradient is not None:
            pasted += [] if observed is None else _pasted(observed, "observed")
            pasted += _pasted(observed_gradient, "observed_gradient")
        names = [one.name for one in pasted]
        advice = 'observed={"A": ...}, observed_gradient={"B": ...}'
        mistakes = [*name_mistakes(names, "observed", advice)]
        if mistakes:
            raise InvalidError(*mistakes)
        with np.errstate(**NUMPYS):
            items = explain_each(posed, pasted)
    except InvalidError as error:
        refuse("explain", error)
    return Diagnosis(items[0]) if names == [""] else Diagnoses(items, names)


def _pasted(observed: object, key: str) -> Iterator[Pasted]:
    """The numbers, each with its name, "" for those without; InvalidError, at the key."""
    gradient = key == "observed_gradient"
    if not isinstance(observed, Mapping):
        yield Pasted("", observed_in_memory(observed, key), gradient)
        return
    if not observed:
        raise InvalidError(Mistake((key,), "an empty mapping", "a name and numbers at least", ""))
    for name, numbers in observed.items():
        if not isinstance(name, str) or not name:
            raise InvalidError(Mistake((key,), f"the name {name!r}", "a text with letters", ""))
        yield Pasted(name, observed_in_memory(numbers, key), gradient)
