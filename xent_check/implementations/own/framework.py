"""Framework: what a user's function gets as arrays, and by what its gradient is taken."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.dtypes import BITS
from xent_check.problem.evaluation import UnsupportedError
from xent_check.problem.vocabulary import AnyLayout

from ..program import Differentiate
from ..support import NUMPY_LAYOUTS

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Framework:
    """The public API of a framework that is needed to call a function of its arrays."""

    name: str
    """as in FRAMEWORK=MODULE:ATTRIBUTE"""
    inside: Callable[[str, str], AbstractContextManager[Any]]
    """(dtype, device) -> the context of a call; MissingDeviceError where there is no such device"""
    to_native: Callable[[Array, str], Any]
    """(array, device) -> an array of the framework with the same numbers"""
    is_native: Callable[[Any], bool]
    """whether something is an array of the framework"""
    to_numpy: Callable[[Any], Array]
    """the numbers of a native array, without its gradient; they are computed by then"""
    differentiate: Differentiate | None
    """its gradients are None where the losses depend on no input, and 0 by one that they alone do
    not depend on; None where the framework takes no gradients"""
    from_numpy: str
    """the function that makes an array of numbers, as a script writes it"""
    layouts: tuple[AnyLayout, ...] = ()
    """what its arrays can be in memory, beside contiguous"""


def _to_numpy_array(array: Array, _: str) -> Array:
    if array.dtype == BITS:
        raise UnsupportedError("NumPy has bfloat16 only where ml_dtypes is installed")
    return array.copy() if array.flags.c_contiguous else array  # what is laid out has its memory


NUMPY = Framework(
    name="numpy",
    inside=lambda dtype, device: contextlib.nullcontext(),
    to_native=_to_numpy_array,
    is_native=lambda answer: isinstance(answer, np.ndarray | np.generic),
    to_numpy=np.asarray,
    differentiate=None,
    from_numpy="np.asarray",
    layouts=NUMPY_LAYOUTS,
)


def framework_of(name: str) -> Framework:
    """The framework of that name, loaded; ImportError where it is not installed."""
    if name == NUMPY.name:
        return NUMPY
    adapter = importlib.import_module(f"xent_check.implementations.adapters.{name}")
    framework: Framework = adapter.FRAMEWORK
    return framework
