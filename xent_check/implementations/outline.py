"""Outline: a problem without the numbers in its arrays, which is all that a compiled program may
depend on. Two problems of one outline are answered by one program; a number that a program has
built in would answer the second of them with the first one's.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from xent_check.problem.dtypes import dtype_name
from xent_check.problem.problem import Problem

PROGRAMS = 1024  # that a process keeps; the least recently used goes first


class Blank:
    """The shape and the dtype of an array. Whoever asks for its numbers gets a TypeError."""

    def __init__(self, array: np.ndarray[Any, Any]) -> None:
        self.shape = array.shape
        self.dtype = array.dtype
        self.ndim = array.ndim
        self.size = array.size

    def __repr__(self) -> str:
        return f"{dtype_name(self.dtype)}{list(self.shape)}"

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("a compiled program may depend on no number of an array")

    __array__ = __eq__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = _refuse
    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, eq=False)
class Outline(Problem):
    """A problem whose arrays are Blank, with the facts that its numbers decide of calls. Outlines
    are equal where all of that is."""

    weighs_one_hot_labels: bool = False  # whether it has class weights, and one-hot labels
    shift_filler: int = 0  # its filler, where it has a shift

    @classmethod
    def of(cls, problem: Problem) -> Outline:
        """The outline of a problem."""
        return cls(
            **{field.name: _blank(getattr(problem, field.name)) for field in fields(problem)},
            weighs_one_hot_labels=problem.class_weight is not None and problem.has_one_hot_labels,
            shift_filler=0 if problem.shift is None else problem.filler,
        )

    @property
    def has_one_hot_labels(self) -> bool:
        """As of a problem with class weights; False of others."""
        return self.weighs_one_hot_labels

    @property
    def filler(self) -> int:
        """As of a problem with a shift; 0 of others."""
        return self.shift_filler

    @cached_property
    def _text(self) -> str:
        """Every field. Not by their values, of which 1 and 1.0 are equal, and 0.0 and -0.0."""
        return repr([getattr(self, f.name) for f in fields(self)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Outline) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)


def _blank(value: Any) -> Any:
    return Blank(value) if isinstance(value, np.ndarray) else value
