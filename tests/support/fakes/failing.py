"""Functions that raise."""

from __future__ import annotations

import sys


class UnreadableError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


def raises(logits: object, labels: object) -> object:
    raise ValueError("no such label\n  at all")


def exits(logits: object, labels: object) -> object:
    sys.exit(3)


def interrupts(logits: object, labels: object) -> object:
    raise KeyboardInterrupt


def ends_the_file(logits: object, labels: object) -> object:
    return input()


def unreadable(logits: object, labels: object) -> object:
    raise UnreadableError


def unprintable(logits: object, labels: object) -> object:
    raise ValueError("\x1b[31m red \x00 \udcff")


def needs_a_module(logits: object, labels: object) -> object:
    import no_such_module_anywhere  # type: ignore[import-not-found]

    return no_such_module_anywhere
