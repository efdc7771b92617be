"""Advising: what to do about what a user's loss raised."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from xent_check.problem.evaluation import MissingDeviceError, UnsupportedError

from .answers import AnswerError

# Parts of the names of frameworks' arrays: an error with one in its message is about arrays.
_OF_ARRAYS = ("ndarray", "Tensor", "tensor", "ArrayImpl")
_TRACED = "Tracer"  # what jax passes in place of each argument of a function that it compiles


@contextlib.contextmanager
def advised(call: str, calls: Mapping[str, str], other_arrays: str) -> Iterator[None]:
    """Attach the call, and what to do, to an error that the call raises inside.

    calls: the call as a script has it, by part. other_arrays: how to say whose arrays it takes; ""
    where its user has said it.
    """
    try:
        yield
    except (UnsupportedError, MissingDeviceError):
        raise
    except BaseException as error:  # an exit and an interrupt too
        with contextlib.suppress(Exception):
            carrying: Any = error
            raised = not isinstance(error, AnswerError)
            carrying.xent_check_calls = (call, calls if raised else {})
            carrying.xent_check_advice = _advice(error, other_arrays)
        raise


def _advice(error: BaseException, other_arrays: str) -> str:
    """What to do, in a clause; "" where the error says all there is to say."""
    if isinstance(error, SystemExit):
        return "a loss returns or raises, and does not exit"
    if _TRACED in f"{type(error).__name__}: {error}":
        return "a jitted loss gets a tracer for each argument: static_argnames leaves out options"
    about_arrays = isinstance(error, AttributeError | TypeError) and any(
        part in str(error) for part in _OF_ARRAYS
    )
    return other_arrays if about_arrays and not isinstance(error, AnswerError) else ""
