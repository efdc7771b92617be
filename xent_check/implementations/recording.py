"""Recording: calls of public APIs, made and recorded in one step, so that the record is true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Calls:
    """Makes calls by their dotted public names and remembers each result's expression.

    >>> call = Calls({"np": np})
    >>> x = call.named("logits", np.zeros(2))
    >>> call.text(call("np.exp", x))
    'np.exp(logits)'
    """

    def __init__(self, roots: Mapping[str, Any]) -> None:
        self._roots = roots
        self._texts: dict[
            int, tuple[Any, str]
        ] = {}  # by id; the value is kept, so that no other gets its id
        self.last = ""  # the expression of the last call, even if it raised

    def named(self, name: str, value: Any) -> Any:
        """The value, from here on recorded under that name."""
        self._texts[id(value)] = (value, name)
        return value

    def __call__(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """Call `function`: a dotted public name, or the result of an earlier call."""
        if isinstance(function, str):
            name, function = function, self._resolve(function)
        else:
            name = self.text(function)
        arguments = [self.text(value) for value in args]
        arguments += [f"{key}={self.text(value)}" for key, value in kwargs.items()]
        self.last = f"{name}({', '.join(arguments)})"
        return self.named(self.last, function(*args, **kwargs))

    def tail(self, array: Any, start: int) -> Any:
        """`array[..., start:]`, recorded as it is written."""
        return self.named(f"{self.text(array)}[..., {start}:]", array[..., start:])

    def text(self, value: Any) -> str:
        """The expression that gave the value; the repr of one that no call gave."""
        if id(value) in self._texts:
            return self._texts[id(value)][1]
        return repr(value)

    def _resolve(self, name: str) -> Any:
        root, *rest = name.split(".")
        target = self._roots[root]
        for part in rest:
            target = getattr(target, part)
        return target
