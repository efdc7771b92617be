"""Chosen cases: those of files that are of a loss and of some dtypes, for a call from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xent_check.errors import InvalidError, Mistake, did_you_mean
from xent_check.problem.vocabulary import DTYPES, LEVELS, LOSSES

from .loading import Filter, Loaded, load_all
from .validation import MISSING

SELECTING = ("loss",)  # the keys of a case that select among cases
CONFORMANCE = "corpus:conformance"


def chosen_cases(
    cases: str | Sequence[str],
    dtypes: str | Sequence[str] | None,
    keywords: Mapping[str, object],
    level: str,
) -> Loaded:
    """The cases of these paths (as of `run`) that are of the keywords' loss and of the dtypes, and
    those of them above the level.

    InvalidError for other keywords and for words that are none; UserError as of `load`;
    NothingToCompareError where no case is left.
    """
    others = [key for key, value in keywords.items() if value is not None and key not in SELECTING]
    if others:
        allowed = "cases, or the keys of one case"
        raise InvalidError(*(Mistake((key,), "beside cases", allowed, "") for key in others))
    paths, loss = words_of(cases), keywords.get("loss")
    require_words("loss", [] if loss is None else [loss], LOSSES)
    require_words("dtypes", words_of(dtypes), DTYPES)
    require_words("level", [level], LEVELS)
    losses = LOSSES if loss is None else [loss]
    wanted = DTYPES if dtypes is None else words_of(dtypes)
    chosen = Filter(
        losses=tuple(word for word in LOSSES if word in losses),
        dtypes=tuple(word for word in DTYPES if word in wanted),
        level=next(word for word in LEVELS if word == level),
    )
    loaded = load_all(paths, chosen)
    loaded.required()
    return loaded


def conformance_cases(loss: object, dtypes: str | Sequence[str] | None, level: str) -> Loaded:
    """The shipped cases of what a loss has to pass, of this loss and of these dtypes.

    InvalidError where there is no loss, and as of `chosen_cases`.
    """
    if loss is None:
        raise InvalidError(Mistake(("loss",), MISSING, ", ".join(LOSSES), "say which"))
    return chosen_cases(CONFORMANCE, dtypes, {"loss": loss}, level)


def require_words(key: str, words: Sequence[object], allowed: Sequence[str]) -> None:
    """InvalidError at the key for the first word that is not allowed."""
    for word in words:
        if word not in allowed:
            hint = did_you_mean(str(word), allowed)
            raise InvalidError(Mistake((key,), repr(word), ", ".join(allowed), hint))


def words_of(value: str | Sequence[str] | None) -> list[str]:
    """One word stands for a list of one, None for no word."""
    return [] if value is None else [value] if isinstance(value, str) else list(value)
