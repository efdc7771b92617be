"""Chosen cases: those of files that are of a loss and of some dtypes, for a call from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xent_check.errors import InvalidError, Mistake, NothingToCompareError, did_you_mean
from xent_check.problem.vocabulary import DTYPES, LOSSES

from .loading import Filter, PosedCase, load
from .paths import corpus_names
from .validation import MISSING

SELECTING = ("loss",)  # the keys of a case that select among cases
CONFORMANCE = "corpus:conformance"
_ORDINARY = ("corpus:behaviour", "corpus:options")


def chosen_cases(
    cases: str | Sequence[str], dtypes: str | Sequence[str] | None, keywords: Mapping[str, object]
) -> list[PosedCase]:
    """The cases of these paths (as of `run`) that are of the keywords' loss and of the dtypes.

    InvalidError for other keywords and for words that are none; UserError as of `load`;
    NothingToCompareError where no case is left.
    """
    others = [key for key, value in keywords.items() if value is not None and key not in SELECTING]
    if others:
        allowed = "cases, or the keys of one case"
        raise InvalidError(*(Mistake((key,), "beside cases", allowed, "") for key in others))
    paths, loss = words_of(cases), keywords.get("loss")
    _refuse_conformance(paths)
    require_words("loss", [] if loss is None else [loss], LOSSES)
    require_words("dtypes", words_of(dtypes), DTYPES)
    posed_cases = [
        posed
        for posed in load(paths, Filter())
        if loss in (None, posed.problem.loss)
        and (dtypes is None or posed.problem.dtype in words_of(dtypes))
    ]
    if not posed_cases:
        raise NothingToCompareError(f"{', '.join(paths)}: no case of this loss and these dtypes")
    return posed_cases


def ordinary_cases(loss: object, dtypes: str | Sequence[str] | None) -> list[PosedCase]:
    """The shipped cases from logits, of this loss and of these dtypes, that state no divergence and
    no error of anyone: every framework that has their options agrees with the exact value.

    InvalidError where there is no loss, and as of `chosen_cases`.
    """
    if loss is None:
        raise InvalidError(Mistake(("loss",), MISSING, ", ".join(LOSSES), "say which"))
    return [
        posed
        for posed in chosen_cases(_ORDINARY, dtypes, {"loss": loss})
        if posed.problem.given == "logits" and not _states_a_divergence(posed)
    ]


def _states_a_divergence(posed: PosedCase) -> bool:
    entries = [entry for listed in posed.expectations.values() for entry in listed]
    return any(entry.because or entry.error for entry in entries)


def require_words(key: str, words: Sequence[object], allowed: Sequence[str]) -> None:
    """InvalidError at the key for the first word that is not allowed."""
    for word in words:
        if word not in allowed:
            hint = did_you_mean(str(word), allowed)
            raise InvalidError(Mistake((key,), repr(word), ", ".join(allowed), hint))


def _refuse_conformance(paths: Sequence[str]) -> None:
    """A clear word as long as that corpus does not ship."""
    shipped = [name for name in corpus_names() if "/" not in name]
    if CONFORMANCE not in shipped and any(path.startswith(CONFORMANCE) for path in paths):
        allowed = ", ".join(shipped)
        raise InvalidError(Mistake(("cases",), f"{CONFORMANCE} does not exist yet", allowed, ""))


def words_of(value: str | Sequence[str] | None) -> list[str]:
    """One word stands for a list of one, None for no word."""
    return [] if value is None else [value] if isinstance(value, str) else list(value)
