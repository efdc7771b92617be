"""Keyword: the expression of `-k`, which selects cases by their ids as pytest's selects tests."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NoReturn

from xent_check.errors import InvalidError, Mistake

Matcher = Callable[[str], bool]  # whether an id in lower case is selected

_TOKEN = re.compile(r"""(?P<mark>[()])|(?P<quoted>"[^"]*"|'[^']*')|(?P<word>[^\s()]+)""")
_OPERATORS = ("and", "or", "not")
_MAX_DEPTH = 50  # of parentheses


@dataclass(frozen=True)
class _Token:
    kind: str  # "(", ")", "and", "or", "not", "text" or "end"
    text: str  # without its quotes; empty at the end
    column: int  # from 1


@cache
def keyword_matcher(text: str) -> Matcher:
    """The matcher of a text that is in the id, or of texts with `and`, `or`, `not` and parentheses;
    InvalidError where these do not fit together.

    Case does not matter. A text without any of the three words is taken as it stands, blanks and
    parentheses too; beside them, one with either is quoted.
    """
    tokens = [_token(match) for match in _TOKEN.finditer(text)]
    if not any(token.kind in _OPERATORS for token in tokens):
        return _contains(text)
    return _Parser([*tokens, _Token("end", "", len(text) + 1)]).whole()


def _token(match: re.Match[str]) -> _Token:
    text, column = match[0], match.start() + 1
    if match.lastgroup == "quoted":
        return _Token("text", text[1:-1], column)
    return _Token(text if text in ("(", ")", *_OPERATORS) else "text", text, column)


def _contains(text: str) -> Matcher:
    part = text.lower()
    return lambda name: part in name


class _Parser:
    """`or` binds least, `not` most."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._depth = 0

    def whole(self) -> Matcher:
        matcher = self._any()
        if self._next.kind != "end":
            self._refuse("and, or, or the end")
        return matcher

    @property
    def _next(self) -> _Token:
        return self._tokens[0]

    def _takes(self, kind: str) -> bool:
        """Whether the next token is of this kind, which is passed then."""
        if self._next.kind != kind:
            return False
        del self._tokens[0]
        return True

    def _any(self) -> Matcher:
        parts = [self._all()]
        while self._takes("or"):
            parts.append(self._all())
        return lambda name: any(part(name) for part in parts)

    def _all(self) -> Matcher:
        parts = [self._one()]
        while self._takes("and"):
            parts.append(self._one())
        return lambda name: all(part(name) for part in parts)

    def _one(self) -> Matcher:
        negated = False
        while self._takes("not"):
            negated = not negated
        inner = self._operand()
        return lambda name: inner(name) != negated

    def _operand(self) -> Matcher:
        token = self._next
        if self._takes("text"):
            return _contains(token.text)
        if not self._takes("("):
            self._refuse("a text, not, or (")
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._refuse(f"at most {_MAX_DEPTH} parentheses in one another")
        inner = self._any()
        if not self._takes(")"):
            self._refuse("and, or, or )")
        self._depth -= 1
        return inner

    def _refuse(self, allowed: str) -> NoReturn:
        token = self._next
        found = f"{token.text!r}" if token.text else "the end"
        advice = "quote a text with blanks or parentheses" if token.kind in ("text", "(") else ""
        raise InvalidError(Mistake((), f"column {token.column}: {found}", allowed, advice))
