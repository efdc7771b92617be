"""Calls: public API calls, made and written down in one step, so that the record cannot lie."""

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
        self._texts: dict[int, tuple[Any, str]] = {}  # the value is kept, so its id stays its own
        self.last = ""  # the expression of the last call, also where it raised

    def named(self, name: str, value: Any) -> Any:
        """The value, known by a name from here on."""
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

    def text(self, value: Any) -> str:
        """The expression that gave the value; a literal's own text."""
        if id(value) in self._texts:
            return self._texts[id(value)][1]
        return repr(value)

    def _resolve(self, name: str) -> Any:
        root, *rest = name.split(".")
        target = self._roots[root]
        for part in rest:
            target = getattr(target, part)
        return target
