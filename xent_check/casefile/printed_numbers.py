"""Printed numbers: numbers as people paste them, from Python, NumPy, torch, TensorFlow and JAX.

Nothing is evaluated. Every number of the text is read or the text is refused: what is skipped
(dtypes, shapes, devices, words after the numbers) holds no number of its own.
"""

from __future__ import annotations

import re
import sys
from typing import NoReturn

from xent_check.errors import InvalidError, Mistake

from .yaml_values import Float, Int, scalar

Numbers = Int | Float | list["Numbers"]

MAX_DEPTH = 32
_TOKEN = re.compile(
    r"""
    (?P<number>[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[-+]?[0-9]+)?(?![\w+\-*/%])(?!\.\w))
  | (?P<special>[-+]?(?:float\(\s*['"]|[a-z]+\.|\.)?[-+]?(?:nan|inf(?:inity)?)(?:['"]\s*\))?
      (?![\w(])(?!\.\w))
  | (?P<boolean>(?:np\.)?(?:True|False)_?(?![\w.(]))
  | (?P<word>[a-z_][\w.]*)
  | (?P<text>'[^'\n]*'|"[^"\n]*")
  | (?P<mark>[\[\](),<>=:])
  | (?P<other>[^\s\[\](),<>=:]+)
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_HEADING = re.compile(
    r"\s*(?:>>>[^\n]*|(?P<names>[A-Za-z_\"'][A-Za-z_\"' ,;|\t-]*?))\r?\n", re.ASCII
)
_AS_ASCII = str.maketrans({"\u2212": "-", "\u00a0": " "})  # a minus sign and a space of web pages
_NUMBERS = "numbers, as Python, NumPy, torch, TensorFlow or JAX print them"
_PRINT_ALL = (
    "print them all: np.set_printoptions(threshold=sys.maxsize) for NumPy, TensorFlow and JAX, "
    "torch.set_printoptions(profile='full') for torch; or save them and give @file.npy"
)


def parse_numbers(text: str, booleans: bool = False) -> Numbers:
    """A number, or lists of numbers nested to one depth with rows of one length.

    Each number keeps its text, so that its precision is known. Several numbers or rows beside
    one another are a list. booleans: True and False may stand in place of numbers, all of them.
    InvalidError where numbers are missing or unclear.
    """
    reader = _Reader(_without_heading(text), booleans)
    reader.skip_label()
    values, _ = reader.items("")
    reader.must_hold_no_more()
    if not values:
        _refuse("no numbers", _NUMBERS, "")
    parsed = values[0] if len(values) == 1 else values
    refuse_ragged(parsed)
    return parsed


def _without_heading(text: str) -> str:
    """The text without what stands above it: an editor's mark of UTF-8, a prompt's `>>> loss`, or
    the names of columns."""
    text = text.removeprefix("\ufeff")
    heading = _HEADING.match(text)
    if heading is None or not text[heading.end() :].strip():
        return text
    kinds = {kind for kind, _ in tokens_of(heading["names"] or "")}
    return text if kinds & {"number", "special", "boolean"} else text[heading.end() :]


def tokens_of(text: str) -> list[tuple[str, str]]:
    """The kind and the text of each token of a print."""
    return [(str(m.lastgroup), m[0]) for m in _TOKEN.finditer(text.translate(_AS_ASCII))]


def _refuse(fault: str, allowed: str, advice: str) -> NoReturn:
    raise InvalidError(Mistake((), fault, allowed, advice))


class _Reader:
    """Tokens, and where the reading has come to. An end token is the empty text."""

    def __init__(self, text: str, booleans: bool) -> None:
        tokens = tokens_of(text)
        if "..." in text or "…" in text:
            _refuse("'...': numbers were left out of the print", "every number", _PRINT_ALL)
        self.kinds = [*(kind for kind, _ in tokens), "end", "end"]
        self.texts = [*(text for _, text in tokens), "", ""]
        self.position = 0
        self.depth = 0
        self.booleans = booleans
        self.values = ("number", "special", *(("boolean",) if booleans else ()))

    @property
    def kind(self) -> str:
        return self.kinds[self.position]

    @property
    def text(self) -> str:
        return self.texts[self.position]

    def take(self) -> str:
        self.position += 1
        return self.texts[self.position - 1]

    def skip_label(self) -> None:
        """`loss: 2.36`, `my loss = 2.36`, `Parameter containing: tensor(...)`."""
        end = self.position
        while self.kinds[end] == "word":
            end += 1
        if end > self.position and self.texts[end] in ("=", ":"):
            self.position = end + 1

    def items(self, closer: str) -> tuple[list[Numbers], int]:
        """The values up to the closing bracket, which is taken; and how many commas there were.

        Without a closing bracket: up to what is no value.
        """
        values: list[Numbers] = []
        commas = 0
        while True:
            if self.text == ",":
                if commas >= len(values):
                    _refuse("a comma with no number before it", _NUMBERS, "fill the gap")
                commas += 1
                self.position += 1
            elif closer and self.text == closer:
                self.position += 1
                return values, commas
            elif self._starts_value():
                values.append(self._value())
            elif closer:
                self._refuse_here(closer)
            else:
                return values, commas

    def _starts_value(self) -> bool:
        if self.kind in self.values or self.text in ("[", "<"):
            return True
        if self.text == "(":  # of a tuple, not of words after the numbers
            return self.kinds[self.position + 1] != "word" or self.texts[self.position + 2] == "("
        return self.kind == "word" and self.texts[self.position + 1] == "("

    def _value(self) -> Numbers:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            _refuse("brackets nested too deep", f"at most {MAX_DEPTH} levels", "")
        try:
            if self.kind == "boolean":
                self.values = ("boolean",)  # from here on: numbers and booleans do not mix
                return _number("1" if "true" in self.take().lower() else "0")
            if self.kind in ("number", "special"):
                self.values = ("number", "special")
                return _number(self.take()) if self.kind == "number" else _special(self.take())
            if self.text == "<":
                return self._angled()
            if self.kind == "word":
                return self._call()
            return self._bracketed()
        finally:
            self.depth -= 1

    def _bracketed(self) -> Numbers:
        opener = self.take()
        values, commas = self.items("]" if opener == "[" else ")")
        if not values:
            _refuse("an empty list", "at least one number", "")
        return values[0] if opener == "(" and len(values) == 1 and not commas else values

    def _call(self) -> Numbers:
        """`tensor(VALUE, grad_fn=...)`, `np.float32(0.5)`: the first argument is the value."""
        name = self.take()
        self.position += 1
        if not self._starts_value():
            _refuse(f"no number first in {name}(...)", _NUMBERS, "paste the printed value")
        value = self._value()
        if self.text != ")" and not (self.text == "," and self._names_follow()):
            self._refuse_here(")")
        self._skip_to(")", f"{name}(")
        return value

    def _names_follow(self) -> bool:
        return self.kinds[self.position + 1] == "word" or self.texts[self.position + 1] == ")"

    def _angled(self) -> Numbers:
        """`<tf.Tensor: shape=(2,), dtype=float32, numpy=VALUE>`."""
        while self.kind != "end" and not (
            self.text == "numpy" and self.texts[self.position + 1] == "="
        ):
            self.position += 1
        if self.kind == "end":
            _refuse("a tensor printed without its numbers", _NUMBERS, "print its .numpy()")
        self.position += 2
        if not self._starts_value():
            self._refuse_here(">")
        value = self._value()
        self._skip_to(">", "<")
        return value

    def _skip_to(self, closer: str, opener: str) -> None:
        """Past the closing bracket, over `name=...` and what those hold."""
        depth = 0
        while depth or self.text != closer:
            if self.kind == "end":
                _refuse(f"{opener!r} is not closed", f"{closer!r} at its end", "paste all of it")
            depth += self.text in ("(", "[", "<")
            depth -= self.text in (")", "]", ">")
            self.position += 1
        self.position += 1

    def must_hold_no_more(self) -> None:
        """Words may follow the numbers, and `shape=(...)`; further numbers may not."""
        before = ""
        while self.kind != "end":
            named = self.text == "="
            if named:
                self.position += 1
                if self.text == "(":
                    self.position += 1
                    self._skip_to(")", "(")
                    continue
            stray = self.booleans and self.kind == "boolean" and not named
            if stray or self._is_number() or self.text in ("[", "]"):
                place = f" after {before}" if before else ""
                advice = "paste the numbers alone, separated by spaces or commas"
                _refuse(f"{_shown(self.text)}{place}", _NUMBERS, advice)
            before = _shown(self.take())

    def _is_number(self) -> bool:
        """A number, or what was meant as one: 1e5x, 3%, 1-2."""
        spoilt = self.kind == "other" and any(c.isdigit() for c in self.text)
        return spoilt or self.kind in ("number", "special")

    def _refuse_here(self, closer: str) -> NoReturn:
        if self.kind == "end":
            _refuse("the text ends within brackets", f"{closer!r} at its end", "paste all of it")
        _refuse(f"{_shown(self.text)} among the numbers", _NUMBERS, "")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


def _number(text: str) -> Int | Float:
    number = scalar(text)
    if not isinstance(number, Int | Float):
        _refuse(f"a number of {len(text)} digits", "numbers of float64", "")
    if abs(number) > sys.float_info.max:
        _refuse(text[:40], "numbers of up to 1.79e308, the largest of float64", "write inf")
    return number


def _special(text: str) -> Float:
    """nan and the infinities, with the text that YAML has for them."""
    sign = "-" if text.count("-") % 2 and "nan" not in text.lower() else ""
    number = scalar(".nan" if "nan" in text.lower() else f"{sign}.inf")
    assert isinstance(number, Float)
    return number


def refuse_ragged(value: Numbers, key: tuple[int, ...] = ()) -> None:
    """InvalidError where the lists in `value` are not all of one length at each depth, with the
    first index where they differ; key: the indices of `value` in the whole."""
    if not isinstance(value, list):
        return
    first = _shape(value[0])
    for index, row in enumerate(value):
        refuse_ragged(row, (*key, index))
        if _shape(row) != first:
            place = "".join(f"[{i}]" for i in (*key, index))
            fault = f"ragged: {_length(_shape(row))} at {place}, {_length(first)} before it"
            _refuse(fault, "rows of one length", "paste every number of every row")


def _shape(value: Numbers) -> tuple[int, ...]:
    return (len(value), *_shape(value[0])) if isinstance(value, list) else ()


def _length(shape: tuple[int, ...]) -> str:
    if not shape:
        return "a bare number"
    return "1 number" if shape == (1,) else f"{' x '.join(map(str, shape))} numbers"
