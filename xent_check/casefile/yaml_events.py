"""The syntax of YAML: a text to events by libyaml, and what it refuses in plain words.

libyaml has the syntax of YAML 1.1 and most of what 1.2 changed; what a scalar means is not its
business but the core schema's of 1.2, in yaml_values. Where its syntax is not 1.2's:

- refused: text that starts with `:` or has `:?` in a flow collection (`[:x]`, `[a:?]`), a key that
  is empty (`: 1`), an anchor of other characters than A-Z, a-z, 0-9, - and _ (`&e.1`), an unknown
  directive (`%FOO`), YAML 1.3 and above, a tab before the first text of a block scalar, a block
  scalar at the margin after `---`; and by us, as they would end lines or vanish, NEL, LS, PS, a
  later byte order mark;
- read otherwise: `&a:b` is the anchor a before the text `:b`, `[?x]` the key x without a value;
- read, though 1.2 refuses it: `#` after `>` or `|` without a blank before it (`># x`).

What libyaml hides or refuses of what the contract has its own words for is left to PyYAML's parser
in Python, as everything is where PyYAML was built without libyaml: half a surrogate pair, and many
brackets in a row. It is some sixty times as slow, and refuses a tab between tokens besides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import yaml

from xent_check.errors import Mistake

MAX_WORD = 100_000  # characters; the parser in Python takes a microsecond for each, or far more

# What YAML does not print, and what libyaml takes for a line's end or drops, other than 1.2.
_CONTROL = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_LONG_WORD = re.compile(rf"(?<![^\s,\[\]{{}}])[^\s,\[\]{{}}]{{{MAX_WORD + 1},}}")
_HALF_A_PAIR = re.compile(r"\\(?:u|U0000)[dD][89a-fA-F]")
_BRACKETS = 40
_PLAINER = (
    (r"did not find (?:the )?expected (.*)", r"expected \1, but got {there}"),
    (r"(?:block )?(.*) in this context", r"\1 here"),
    (r"found character (that cannot start any token)", r"found character {there} \1"),
)


T = TypeVar("T")


class SyntaxMistakeError(Exception):
    """Text that is no YAML 1.2; line: from 1."""

    def __init__(self, line: int, mistake: Mistake) -> None:
        super().__init__(line, mistake)
        self.line = line
        self.mistake = mistake


def parse(text: str, build: Callable[[Iterator[Any]], T]) -> T:
    """What `build` makes of the events of a text, which are PyYAML's.

    SyntaxMistakeError where it is no YAML, or has a control character or a word of more than
    MAX_WORD characters.
    """
    text = text.removeprefix("\ufeff")
    longest = max(map(len, text.splitlines()), default=0)
    if longest > MAX_WORD and (long := _LONG_WORD.search(text)):
        fault = f"a word of {len(long[0]):,} characters"
        advice = "keep large arrays in a file: {file: x.npy}"
        mistake = Mistake((), fault, f"at most {MAX_WORD:,}", advice)
        raise SyntaxMistakeError(_line(text, long), mistake)
    if control := _CONTROL.search(text):
        words = f"the control character U+{ord(control[0]):04X}"
        raise _syntax_mistake(
            _line(text, control), words, 'write it as an escape, in "double quotes"'
        )
    in_python = _HALF_A_PAIR.search(text) or "[" * _BRACKETS in text.replace("{", "[")
    by_libyaml = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    loader = (yaml.BaseLoader if in_python else by_libyaml)(text)
    try:
        return build(iter(loader.get_event, None))
    except yaml.MarkedYAMLError as error:
        raise _parser_mistake(error, text) from None
    except (ValueError, OverflowError):  # of PyYAML's own parser, at \U00110000 and beyond
        words, line = "found invalid Unicode character escape code", getattr(loader, "line", 0) + 1
        raise _syntax_mistake(line, words, "mend the syntax here") from None


def _parser_mistake(error: yaml.MarkedYAMLError, text: str) -> SyntaxMistakeError:
    """The parser's words where they are plain, else plainer ones."""
    mark: Any = error.problem_mark or error.context_mark
    words = str(error.problem or error.context)
    there = repr(text[mark.index]) if mark.index < len(text) else "the end of the file"
    for pattern, plainer in _PLAINER:
        words = re.sub(pattern, plainer, words).replace("{there}", there)
    if r"'\t'" in words or "a tab character" in words:
        return _syntax_mistake(mark.line + 1, "a tab in the indentation", "indent with spaces")
    return _syntax_mistake(mark.line + 1, words, "mend the syntax here")


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def _syntax_mistake(line: int, words: str, advice: str) -> SyntaxMistakeError:
    return SyntaxMistakeError(line, Mistake((), f"not YAML: {words}", "YAML 1.2", advice))
