"""The table of mutants, and of the right losses beside them."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

from . import (
    binary,
    conduct,
    from_probabilities,
    gradients,
    ignored,
    labels,
    logarithm,
    maximum,
    memory,
    precision,
    right,
    smoothing,
    tiles,
    weights,
)
from .kernel import Kernel
from .mutant import Mutant, mutant_of
from .of_torch.table import MUTANTS_OF_TORCH, RIGHT_OF_TORCH
from .probabilities import BinaryProbabilities, Probabilities
from .sigmoid import Sigmoid
from .softmax import Softmax

_WRONG = (
    maximum, logarithm, precision, tiles, labels, ignored, smoothing, weights, gradients, binary,
    from_probabilities, conduct, memory,
)  # fmt: skip
_BASES: tuple[type[Kernel], ...] = (Softmax, Sigmoid, Probabilities, BinaryProbabilities)


def _kernels(module: ModuleType) -> Iterator[type[Kernel]]:
    """Those that a module defines, in its order."""
    for name, value in vars(module).items():
        if not isinstance(value, type) or value.__module__ != module.__name__:
            continue  # it is imported there
        if issubclass(value, Kernel) and not name.startswith("_"):
            yield value


def _base_of(kernel: type[Kernel]) -> type[Kernel]:
    return next(kind for kind in kernel.__mro__ if kind in _BASES)


# A case that the right loss behind a mutant fails tells the two from each other by chance alone.
RIGHT: tuple[Mutant, ...] = (
    *(mutant_of(kernel, kernel) for kernel in (*_BASES, *_kernels(right))),
    *RIGHT_OF_TORCH,
)
MUTANTS: tuple[Mutant, ...] = (
    *(mutant_of(k, _base_of(k)) for module in _WRONG for k in _kernels(module)),
    *MUTANTS_OF_TORCH,
)
