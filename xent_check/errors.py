"""The mistakes that a user can make, their text, and the exit codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache


class ExitCode(IntEnum):
    """The exit codes of the command line."""

    AGREES = 0  # everything that was compared agrees, or diverges as declared
    DIVERGES = 1  # something diverges; under a baseline, something changed
    USAGE = 2  # the command line or a file is wrong
    NOTHING_COMPARED = 3  # no answer was compared
    FAILED = 4  # an implementation failed, or a required one is missing
    INTERRUPTED = 130  # by SIGINT: 128 + 2, as shells count
    TERMINATED = 143  # by SIGTERM: 128 + 15


KeyPath = tuple[str | int, ...]  # the keys and indices that lead to a value


@dataclass(frozen=True)
class Mistake:
    """One thing that is wrong at one key. An empty text is left out of the message."""

    key: KeyPath  # where the value stands
    fault: str  # what is there
    allowed: str  # what may be there
    advice: str  # what to do

    def below(self, *key: str | int) -> Mistake:
        """The mistake, with the key of the value that contains the wrong one put first."""
        return replace(self, key=(*key, *self.key))


class InvalidError(Exception):
    """Data that breaks a rule; its mistakes are keyed, not yet placed in a file."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__("; ".join(f"{key_text(m.key)}: {m.fault}" for m in mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True)
class LocatedMistake:
    """A mistake with its place: `file:line: key: fault; allowed; what to do`."""

    file: str  # its path as the user wrote it
    line: int  # counted from 1
    mistake: Mistake  # the mistake itself

    def __str__(self) -> str:
        key = key_text(self.mistake.key)
        return mistake_text(self.mistake, f"{self.file}:{self.line}", key)


class UserError(Exception):
    """Something the user can put right; `exit_code` says which kind."""

    exit_code = ExitCode.USAGE


class CaseFileError(UserError):
    """Every mistake of every bad case file, together."""

    def __init__(self, mistakes: Iterable[LocatedMistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(item) for item in self.mistakes))


class NothingToCompareError(UserError):
    """A selection that leaves nothing to compare is not a success."""

    exit_code = ExitCode.NOTHING_COMPARED


def mistake_text(mistake: Mistake, *place: str) -> str:
    """The mistake on one line: `place: place: what is there; allowed: what may be; what to do`.

    Empty places and texts are left out.
    """
    allowed = f"allowed: {mistake.allowed}" if mistake.allowed else ""
    parts = (mistake.fault, allowed, mistake.advice)
    text = "; ".join(part for part in parts if part)
    return visible(": ".join([*(part for part in place if part), text]))


def key_text(key: KeyPath) -> str:
    """`('expect', 'torch', 'losses', 0)` reads `expect.torch.losses[0]`."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def visible(text: str) -> str:
    """Text on one line of a terminal: what does not print is written as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def visible_lines(text: str) -> str:
    """Text that may have several lines and tabs: what else does not print is an escape."""
    if text.replace("\n", "").isprintable():
        return text
    lines = text.split("\n")
    return "\n".join("\t".join(map(visible, line.split("\t"))) for line in lines)


def describe(error: BaseException) -> str:
    """The class of an error and its message, on one line that any report can hold."""
    try:
        text = visible(" ".join(str(error).split()))
    except Exception as unreadable:
        text = f"its message cannot be read: {type(unreadable).__name__}"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def and_more(count: int) -> str:
    """`and 3 more`; "" unless the count is positive."""
    return f"and {count} more" if count > 0 else ""


def listed(items: Sequence[str], most: int) -> str:
    """The first `most` items, and how many more there are: `a, b and 3 more`."""
    parts = (", ".join(items[:most]), and_more(len(items) - most))
    return " ".join(part for part in parts if part)


# What people write in place of each allowed word: (word, what they write) for each; of the empty
# word, what has another meaning than any.
OtherWords = tuple[tuple[str, tuple[str, ...]], ...]
# How alike a misspelt word is at least to one of a few allowed words, to one where other words are
# known, which come first, and to one of those.
_LIKELY, _LIKELIER, _SURE = 0.6, 0.7, 0.8


def did_you_mean(word: str, allowed: Iterable[str], other_words: OtherWords = ()) -> str:
    """A question naming the closest allowed words, or nothing."""
    close = closest(word, tuple(allowed), other_words)
    return f"did you mean {' or '.join(map(repr, close))}?" if close else ""


@lru_cache(1024)  # an alias repeats a mistake as often as it stands
def closest(word: str, allowed: tuple[str, ...], other_words: OtherWords = ()) -> tuple[str, ...]:
    """The allowed words that a word stands for: the same but for case and marks, those that people
    write it for (they may be several), else the one that is spelt most like it."""
    spellings = {_plain(word), _plain(word.rpartition(".")[2])} - {""}
    same = tuple(one for one in allowed if _plain(one) in spellings)
    written = {one: texts for one, texts in other_words if one in allowed}
    stands_for = tuple(one for one, texts in written.items() if spellings & {*map(_plain, texts)})
    others = dict(other_words).get("", ())
    if same or stands_for or spellings & {*map(_plain, others)}:
        return same[:1] or stands_for
    import difflib  # where a word is wrong, which is rare

    near = difflib.get_close_matches(
        word, allowed, n=1, cutoff=_LIKELIER if other_words else _LIKELY
    )
    texts = {text: one for one, texts in written.items() for text in texts}
    far = difflib.get_close_matches(word, texts, n=1, cutoff=_SURE)
    if near and far and _alike(word, far[0]) > _alike(word, near[0]):
        return (texts[far[0]],)
    return tuple(near) or tuple(texts[text] for text in far)


def _plain(word: str) -> str:
    """Without case and marks: CrossEntropy, cross-entropy and cross_entropy are one."""
    return "".join(c for c in word.lower() if c.isalnum())


def _alike(word: str, other: str) -> float:
    import difflib

    return difflib.SequenceMatcher(None, word, other).ratio()
