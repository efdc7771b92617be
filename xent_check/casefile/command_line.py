"""Command line: a case from arguments, checked like one of a file, its mistakes by option."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from xent_check.errors import InvalidError, Mistake, key_text, mistake_text
from xent_check.problem.options import dashed

from .array_files import read_array
from .case import ARRAY_KEYS, COMMAND_LINE, Case, CaseFields
from .expectations import expectations
from .loading import PosedCase, unknown_implementations
from .memory import must_fit
from .mending import checked
from .posing import pose
from .printed_dtype import printed_dtype
from .printed_numbers import Numbers, parse_numbers
from .yaml_reader import read_value
from .yaml_values import Float, Map, scalar

_ARRAY_FILES = (".npy", ".npz", ".safetensors")
_WORDS = ("loss", "dtype")
_BOOLEANS = ("labels", "sample_weight")  # where True and False may stand for 1 and 0
_OBSERVED_BYTES = 200  # bytes of an observed number with its text and its place in a list
_NAMED = re.compile(r"\s*([A-Za-z_][\w.:@/+-]*)=(?=\S)")  # an implementation's, or one's own
_OPTIONS = {"implementations": "--impl"}


class Arguments:
    """The arguments of `eval` and `explain`. An array is pasted numbers, `@file`, `-` for standard
    input, or a mapping `{...}` as in a case file."""

    def __init__(self, read_stdin: Callable[[], str]) -> None:
        self.read_stdin = read_stdin
        self.mistakes: list[Mistake] = []
        self.printed_dtype = ""  # the dtype of the case, where a print named it
        self._reader_of_stdin = ""
        self._prints: dict[str, str] = {}  # by key

    def source(self, options: Mapping[str, Any]) -> Map:
        """The mapping of a case, in the order of its keys; adds to `mistakes`.

        A dtype that the prints name is the case's, where the options say none.
        """
        source = Map(1)
        for key in CaseFields.model_fields:
            value = options.get(key)
            if value in (None, ()):
                continue
            try:
                source[key] = self._value(key, value)
                source.lines[key] = 1
            except InvalidError as error:
                self._wrong(key, error)
        if not options.get("dtype"):
            self._take_dtype(source)
        return source

    def _take_dtype(self, source: Map) -> None:
        try:
            self.printed_dtype = printed_dtype(self._prints)
        except InvalidError as error:
            self.mistakes += error.mistakes
            return
        if self.printed_dtype:
            source["dtype"], source.lines["dtype"] = self.printed_dtype, 1

    def observed(self, text: str, key: str = "observed") -> Numbers:
        """The observed numbers, without a name; those of an array file are exact. Adds to
        `mistakes`, under the option's key."""
        try:
            if _is_array_file(text):
                array = read_array(text[1:], (), Path.cwd(), allow_outside=True)
                must_fit(array.shape, _OBSERVED_BYTES, ())
                return exact_numbers(array.tolist())
            return parse_numbers(self._text(key, text))
        except InvalidError as error:
            self._wrong(key, error)
            return []

    def _wrong(self, key: str, error: InvalidError) -> None:
        self.mistakes += [mistake.below(key) for mistake in error.mistakes]

    def _value(self, key: str, value: Any) -> object:
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, bool) or key in _WORDS:
            return value
        text = str(value).strip()
        if text.startswith("{"):
            return read_value(text)
        if key not in ARRAY_KEYS:
            return scalar(text)
        if _is_array_file(text):
            form = Map(1)
            form["file"], form.lines["file"] = text[1:], 1
            return form
        printed = self._text(key, text)
        self._prints[key] = printed
        return parse_numbers(printed, key in _BOOLEANS)

    def _text(self, key: str, text: str) -> str:
        """The pasted text: the argument itself, a text file, or standard input."""
        if text == "-":
            if self._reader_of_stdin:
                fault = f"standard input, read for `{self._reader_of_stdin}` already"
                raise InvalidError(Mistake((), fault, "`-` once", "put one of them in a file"))
            self._reader_of_stdin = key
            return self.read_stdin()
        if not text.startswith("@"):
            return text
        try:
            return Path(text[1:]).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            words = getattr(error, "strerror", None) or "not a text in UTF-8"
            allowed = "a text file with numbers, x.npy, x.npz#key or x.safetensors#key"
            raise InvalidError(Mistake((), f"{text[1:]!r}: {words}", allowed, "")) from None


def named(text: str) -> tuple[str, str]:
    """The name of `NAME=NUMBERS`, "" where there is none, and the numbers' text.

    A label with spaces around its `=`, as a script prints one, is no name.
    """
    match = _NAMED.match(text)
    return (match[1], text[match.end() :]) if match else ("", text)


def _is_array_file(text: str) -> bool:
    return text.startswith("@") and text.partition("#")[0].endswith(_ARRAY_FILES)


def exact_numbers(value: Any) -> Numbers:
    """The numbers as exact ones: their texts have no printed last digit."""
    if isinstance(value, list):
        return [exact_numbers(item) for item in value]
    number = Float(value)
    number.text = number.hex()
    return number


def posed_case(source: Map, any_label: bool = False, shown: str = COMMAND_LINE) -> PosedCase:
    """The case of a mapping, ready to be run; InvalidError with every mistake.

    Array files are found from the current folder. any_label: labels outside the classes are
    allowed. shown: in place of a file in the case's id.
    """
    known = checked(source)
    mistakes = [*unknown_implementations(source), *(mistake for _, mistake in known.mistakes)]
    if known.fields is None or known.source is None:
        raise InvalidError(*mistakes)
    file, fields = Path(shown).absolute(), known.fields
    case = Case(file, shown, fields.name or fields.loss, known.source, fields, known.unknown)
    try:
        posed = pose(case, allow_outside=True, any_label=any_label)
    except InvalidError as error:
        mistakes += error.mistakes
    if mistakes:
        raise InvalidError(*mistakes)
    return PosedCase.of(case, posed, expectations(case, posed.problem))


def option_name(key: str) -> str:
    """The option of the command line for a key of a case: `class_axis` is `--class-axis`."""
    return _OPTIONS.get(key, dashed(key))


def option_mistake_text(mistake: Mistake) -> str:
    """`eval: --logits[0]: what is there; what is allowed; what to do`."""
    key = [part for part in mistake.key if part != "file"]
    if key and key[0] not in ARRAY_KEYS:  # words of an option that is repeated
        key = [part for part in key if not isinstance(part, int)]
    place = key_text((option_name(str(key[0])), *key[1:])) if key else ""
    words = map(_in_words_of_options, (mistake.fault, mistake.allowed, mistake.advice))
    return mistake_text(Mistake((), *words), COMMAND_LINE, place)


def _in_words_of_options(text: str) -> str:
    """A case file's words in those of the command line: `normalize: false` is `--no-normalize`."""
    text = re.sub(r"`check: \[value, gradient\]`", "`--check gradient`", text)
    text = re.sub(r"`(\w+): (true|false)`", _flag, text)
    text = re.sub(r"`(\w+): (\w+)`", lambda m: f"`{option_name(m[1])} {m[2]}`", text)
    text = re.sub(r"`(\w+)`", _option_of_key, text)
    return text.replace("the case file's folder", "the current folder")


def _flag(match: re.Match[str]) -> str:
    name = option_name(match[1])
    return f"`{name}`" if match[2] == "true" else f"`--no-{name[2:]}`"


def _option_of_key(match: re.Match[str]) -> str:
    if match[1] == "expect":
        return "`expect` in a case file"
    return f"`{option_name(match[1])}`" if match[1] in CaseFields.model_fields else match[0]
