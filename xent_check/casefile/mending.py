"""Mending: a case with mistakes as it would be without them, so that the rest of it is checked too.

A key or a word that stands for an allowed one is taken for that. Every other wrong value has a
stand-in, or is left out, and its key is unknown: what depends on it is not checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from xent_check.errors import InvalidError, Mistake, closest
from xent_check.problem.options import OPTIONS, Word, Words
from xent_check.problem.vocabulary import CHOICE_WORDS, DTYPES, GIVEN, LEVELS, Loss

from .case import ANY_GIVEN, ARRAY_KEYS, KEY_WORDS, CaseFields, ExpectedFields
from .validation import MISSING, NEAR_KEYS, UNKNOWN_KEY, case_fields
from .yaml_values import Map

_CHOICES = {"loss": get_args(Loss), "dtype": DTYPES, "level": LEVELS} | {
    option.key: option.kind.allowed for option in OPTIONS if isinstance(option.kind, Word | Words)
}
_ROUNDS = 4  # a key that is taken for another may have a wrong value, and so on


@dataclass
class Checked:
    """A mapping's keys, checked."""

    mistakes: list[tuple[Map, Mistake]] = field(default_factory=list)  # each with its mapping
    fields: CaseFields | None = None  # None where too little is known of the case
    source: Map | None = None  # the mapping that `fields` are of: without the mistakes
    unknown: frozenset[str] = frozenset()  # keys whose values are stand-ins, or left out


def checked(source: Map) -> Checked:
    """The fields of a case, and every mistake in its keys and their types."""
    result, unknown = Checked(), set(source.unclear)
    for _ in range(_ROUNDS):
        try:
            fields = case_fields(source)
        except InvalidError as error:
            result.mistakes += [(source, mistake) for mistake in _causes(source, error.mistakes)]
            mender = _Mender(source)
            mender.mend(error.mistakes)
            source, unknown = mender.source, unknown | mender.unknown
        else:
            if _is_whole(source):
                result.fields, result.source, result.unknown = fields, source, frozenset(unknown)
            break
        if not _is_whole(source):
            break
    return result


def _causes(source: Map, mistakes: Sequence[Mistake]) -> Iterator[Mistake]:
    """The mistakes but those that follow from others: what is missing stands there misspelt, or
    its value is not known."""
    unknown = (str(m.key[0]) for m in mistakes if m.fault == UNKNOWN_KEY and len(m.key) == 1)
    meant = {key for word in unknown for key in closest(word, NEAR_KEYS, KEY_WORDS)}
    for mistake in mistakes:
        key = mistake.key[0] if mistake.key else ""
        follows = mistake.fault == MISSING and len(mistake.key) == 1 and key in meant
        if not (follows or key in source.unclear or (not key and meant & {*GIVEN})):
            yield mistake


def _is_whole(source: Map) -> bool:
    """Whether it has a loss and one input: without them there is nothing to check."""
    given = [key for key in GIVEN if source.get(key) is not None]
    known = "loss" in source and "loss" not in source.unclear
    return known and len(given) == 1


class _Mender:
    """A copy of a mapping, in which mistakes are mended."""

    def __init__(self, source: Map) -> None:
        self.source = copied(source)
        self.unknown: set[str] = set()

    def mend(self, mistakes: Sequence[Mistake]) -> None:
        """Mend all of them, or leave out what is wrong."""
        for mistake in mistakes:
            if not mistake.key:
                continue
            key = str(mistake.key[0])
            if mistake.fault == UNKNOWN_KEY and len(mistake.key) == 1:
                self._rename(self.source, key, NEAR_KEYS)
            elif key == "expect" and len(mistake.key) > 1:
                self._mend_expect(mistake)
            elif key in self.source:
                self._stand_in(key)
        given = [key for key in GIVEN if self.source.get(key) is not None]
        for key in given[1:]:
            del self.source[key]
        if given[1:]:
            self._conceal(given[0])
            self.unknown.add(ANY_GIVEN)
        if "labels" not in self.source:
            self._conceal("labels")

    def _conceal(self, key: str) -> None:
        """Let the case have an array of which nothing is known."""
        self.source[key] = 0
        self.source.unclear.add(key)
        self.unknown.add(key)

    def _rename(self, mapping: Map, key: str, allowed: tuple[str, ...]) -> None:
        """Take a key for the one that it stands for, where that is one and not there."""
        meant = closest(key, allowed, KEY_WORDS)
        if key not in mapping:
            return
        value = mapping.pop(key)
        if len(meant) == 1 and meant[0] not in (*mapping, "cases", "defaults"):
            mapping[meant[0]] = value
            mapping.lines[meant[0]] = mapping.lines.get(key, mapping.line)
            mapping.origins[meant[0]] = mapping.origins.get(key, (key,))
        elif mapping is self.source:
            self.unknown.update(meant)  # one of several: none of them is known not to be set

    def _mend_expect(self, mistake: Mistake) -> None:
        self.unknown.add("expect")
        expect = self.source.get("expect")
        name = mistake.key[1]
        if isinstance(expect, Map) and isinstance(name, str):
            entry = expect.get(name)
            if mistake.fault == UNKNOWN_KEY and len(mistake.key) == 3 and isinstance(entry, Map):
                self._rename(entry, str(mistake.key[2]), tuple(ExpectedFields.model_fields))
                if entry:
                    return
            expect.pop(name, None)
        if not expect:
            self.source.pop("expect", None)

    def _stand_in(self, key: str) -> None:
        value = self.source[key]
        mended: Any = None
        if key in _CHOICES:
            mended = _allowed_words(value, _CHOICES[key])
            if key == "loss" and mended is None:
                mended = self._loss(value)
        elif key in ARRAY_KEYS:
            mended = _same_shape(value)
        if mended is None or key in ARRAY_KEYS:
            self.unknown.add(key)
        if mended is None and key in (*GIVEN, "labels"):
            self._conceal(key)
        elif mended is None:
            del self.source[key]
        else:
            self.source[key] = mended

    def _loss(self, value: object) -> str | None:
        """The loss that a word for several stands for, by the labels: one per score, or per row."""
        meant = closest(value, _CHOICES["loss"], CHOICE_WORDS) if isinstance(value, str) else ()
        given = next((self.source[key] for key in GIVEN if key in self.source), None)
        depths = [_depth(array) for array in (given, self.source.get("labels"))]
        if len(meant) < 2 or not all(depths):
            return None
        return "categorical" if depths[0] == depths[1] else "sparse_categorical"


def copied(source: Map) -> Map:
    """A copy whose keys can be changed, those of `expect` too."""
    copy = _shallow(source)
    expect = source.get("expect")
    if isinstance(expect, Map):
        copy["expect"] = _shallow(expect)
        for name, entry in expect.items():
            copy["expect"][name] = _shallow(entry) if isinstance(entry, Map) else entry
    return copy


def _shallow(source: Map) -> Map:
    copy = Map(source.line)
    copy.update(source)
    copy.lines.update(source.lines)
    copy.unclear |= source.unclear
    copy.origins.update(source.origins)
    return copy


def _allowed_words(value: object, allowed: tuple[str, ...]) -> Any:
    """The words that these stand for; None where one stands for none, or for several."""
    if isinstance(value, str):
        meant = closest(value, allowed, CHOICE_WORDS)
        return meant[0] if len(meant) == 1 else None
    if not isinstance(value, list):
        return None
    words = [word if word in allowed else _allowed_words(word, allowed) for word in value]
    return None if None in words or not words else words


def _same_shape(value: object) -> Map | None:
    """An array of the same shape with zeros; None where it has none."""
    shape = value.get("shape") if isinstance(value, Map) else _shape(value)
    if not isinstance(shape, list) or not (shape or isinstance(value, Map)):  # a bare word
        return None
    if not all(isinstance(size, int) and size >= 0 for size in shape) or len(shape) > 32:
        return None
    array = Map(1)
    array["shape"], array["fill"] = [int(size) for size in shape], 0
    return array


def _shape(value: object) -> list[int] | None:
    """The shape of nested lists, whatever stands in them; None where they are ragged or empty."""
    if isinstance(value, Map) or not isinstance(value, list):
        return None if isinstance(value, Map) else []
    shapes = list(map(_shape, value))
    if not shapes or None in shapes or any(shape != shapes[0] for shape in shapes):
        return None
    return [len(value), *(shapes[0] or [])]


def _depth(value: object) -> int:
    """How deep lists are nested, by their first items; 0 for anything else."""
    return 1 + _depth(value[0]) if isinstance(value, list) and value else 0
