"""Lost: losses that are nan or inf beside others, which have another reason."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from .candidates import by_hypothesis
from .evidence import Evidence
from .hypotheses.table import sentence_of
from .overflows import OVERFLOW, infinite, of_losses, reason, sentence

INF_MINUS_INF = "inf-minus-inf"


def lost_to(evidence: Evidence, lost: npt.NDArray[np.bool_]) -> Iterator[tuple[str, str]]:
    """The ids and the sentences of what may have made all these losses nan or inf: an overflow, or
    infinities that cancel. lost: flat."""
    meaning = evidence.truth.meaning
    what = reason(of_losses(meaning), lost, infinite(meaning))
    if what is not None:
        yield OVERFLOW, sentence(what, meaning)
    nans = by_hypothesis(evidence.truth, INF_MINUS_INF, total=False)
    if any(evidence.agreeing(one)[lost].all() for one in nans):
        yield INF_MINUS_INF, sentence_of(INF_MINUS_INF)
