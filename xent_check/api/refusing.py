"""Mistakes of a call, as Python's own exceptions."""

from __future__ import annotations

from typing import NoReturn

from xent_check.casefile.validation import MISSING, UNKNOWN_KEY
from xent_check.errors import InvalidError, key_text, mistake_text


def refuse(who: str, error: InvalidError) -> NoReturn:
    """Every mistake as TypeError or ValueError."""
    texts = [mistake_text(m, f"{who}()", key_text(m.key)) for m in error.mistakes]
    in_call = any(not m.key or m.fault in (UNKNOWN_KEY, MISSING) for m in error.mistakes)
    raise (TypeError if in_call else ValueError)("\n".join(texts)) from None
