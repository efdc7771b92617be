"""Declaration: what a user says of a loss of their own. What it does not say is found out.

It travels to the workers, so it needs NumPy alone; casefile/declared.py makes it from texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal

import numpy as np

from xent_check.problem.dtypes import rounded, unit_roundoff
from xent_check.problem.options import CALLED, OPTIONS, Axis, NumberArray, Option, Words
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import GIVEN, PARAMETERS, DType, Given, Loss

Returns = Literal["losses", "losses, gradient", "mean", "weighted_mean", "sum"]
EXPLICIT: Final = "losses, gradient"
Promise = Literal["float32", "float64"]
# What a parameter may be told to be, beside the key of an option.
FACTS = ("num_classes", "from_logits")
ROLES = (*GIVEN, "labels", *(option.key for option in CALLED), *FACTS, "reduction")
# The options that a loss may have built in: not what is compared, nor the weights of a gradient,
# nor what arrays are in memory, nor a last layer.
FIXABLE: Mapping[str, Option] = {
    o.key: o
    for o in OPTIONS
    if not (isinstance(o.kind, Words) or o.of_gradient or o.key in ("layout", *PARAMETERS))
}


@dataclass(frozen=True)
class Declaration:
    """What is said of a loss; an empty field says nothing."""

    loss: tuple[Loss, ...] = ()
    """which losses it computes"""
    given: tuple[Given, ...] = ()
    """from which inputs"""
    returns: Returns | None = None
    """what comes back"""
    compute: Promise | None = None
    """what it promises to compute in where its inputs have 16 bits"""
    map: tuple[tuple[str, str], ...] = ()
    """its parameters, and which of ROLES each of them is"""
    set: tuple[tuple[str, Any], ...] = ()
    """its parameters, and what each gets in every call: a constant, or one of FACTS by its name"""
    fixed: tuple[tuple[str, Any], ...] = ()
    """options that it has built in, with their values; an array is a number or nested tuples"""
    env: tuple[tuple[str, str], ...] = ()
    """environment variables of its process, set before anything is imported"""

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Declaration:
        """From its plain values, as `dataclasses.asdict` gives them, in another process."""
        return cls(**{key: _frozen(value) for key, value in message.items()})

    def over(self, other: Declaration) -> Declaration:
        """What this says, and of what it says nothing, what the other one does."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(other, **{key: value for key, value in said.items() if value})

    @property
    def says_something(self) -> bool:
        """Whether a field is not empty."""
        return self != NOTHING

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that it names."""
        return tuple(name for name, _ in (*self.map, *self.set))

    def parameter_of(self, role: str) -> str:
        """The parameter that is of this role; "" where none is declared to be."""
        return next((name for name, of in self.map if of == role), "")

    def is_fixed(self, key: str) -> bool:
        """Whether the option of this key is built in."""
        return any(key == name for name, _ in self.fixed)

    def allows(self, loss: Loss, given: Given) -> bool:
        """Whether it says, or leaves open, that this loss is computed from this input."""
        return loss in (self.loss or (loss,)) and given in (self.given or (given,))

    def why_not(self, problem: Problem) -> str | None:
        """Why a problem is none of those that the loss is for; None where it is one."""
        if not self.allows(problem.loss, problem.given):
            parts = [f"compute {' or '.join(self.loss)}"] if self.loss else ["compute its loss"]
            parts += [f"from {' or '.join(self.given)}"] if self.given else []
            return f"it is declared to {' '.join(parts)}"
        for key, value in self.fixed:
            option = FIXABLE[key]
            if option.applies(problem.loss, problem.given) and not _has(problem, option, value):
                return f"it has {key} {value_text(value)} built in"
        return None

    def promise_for(self, problem: Problem) -> Promise | None:
        """The dtype in which it promises to compute a problem of 16 bits; None where it promises
        nothing, or the problem is of another dtype."""
        return self.compute if problem.dtype in ("float16", "bfloat16") else None

    def is_narrower_than(self, dtype: DType) -> bool:
        """Whether it promises less than this dtype."""
        return self.compute is not None and unit_roundoff(self.compute) > unit_roundoff(dtype)

    def __str__(self) -> str:
        return ", ".join(self._words())

    def _words(self) -> Iterator[str]:
        """`loss binary or categorical`, `set k=num_classes`: each key that says something."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, str):
                yield f"{field.name} {value.replace(', ', ' and ')}"
            elif value and isinstance(value[0], str):
                yield f"{field.name} {' or '.join(value)}"
            elif value:
                pairs = (f"{name}={value_text(one)}" for name, one in value)
                yield f"{field.name} {' '.join(pairs)}"


NOTHING = Declaration()


def value_text(value: Any) -> str:
    """A value as it is written: `true`, `0.1`, `[1.0, 2.0]`; of another object its class."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(value_text, value))}]"
    plain = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return plain[value]
    return str(value) if isinstance(value, str | int | float) else type(value).__name__


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _has(problem: Problem, option: Option, value: Any) -> bool:
    """Whether the problem sets the option to the value, and to nothing else."""
    actual = getattr(problem, option.name)
    if isinstance(option.kind, Axis):
        axes = problem.values.ndim
        return -axes <= value < axes and bool(value % axes == actual % axes)
    if isinstance(option.kind, NumberArray):
        if actual is None:
            return False
        asked = rounded(np.asarray(value, dtype=np.float64), problem.dtype)
        same = asked.shape == actual.shape or asked.ndim == 0
        return same and bool((asked == actual).all())
    return bool(actual == value)
