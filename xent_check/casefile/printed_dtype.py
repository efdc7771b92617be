"""The dtype that printed arrays name: `tensor(..., dtype=torch.float64)`, `np.float32(0.5)`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xent_check.errors import InvalidError, KeyPath, Mistake
from xent_check.problem.vocabulary import DTYPES, GIVEN

from .printed_numbers import tokens_of

_ALIASES = {"half": "float16", "double": "float64"}  # `float` is another in each library
_BYTES = re.compile(r"[<>=]?f([248])", re.ASCII)  # '>f8', as NumPy prints another byte order
_FLOATS = re.compile(r"(?:b?float|complex)\d*\w*", re.ASCII)
_ADVICE = "--dtype NAME says which; the numbers are rounded to it"


def printed_dtype(prints: Mapping[str, str]) -> str:
    """The dtype that the print of the logits, probs or log_probs names; "" where it names none.

    prints: by the key of the array. Integers and booleans say nothing about the computation.
    InvalidError where two dtypes are named, or one that no case has.
    """
    named = {key: list(dict.fromkeys(_floating(text))) for key, text in prints.items()}
    given = next((key for key in GIVEN if named.get(key)), None)
    if given is None:
        return ""
    found = [(key, name) for key in (given, *named) for name in named[key]]
    for key, name in found:
        if name not in DTYPES:
            raise _wrong((key,), f"printed with dtype {name}", ", ".join(DTYPES))
        if name != found[0][1]:
            place = "" if key == given else f", {given} with {found[0][1]}"
            both = f"{found[0][1]} and {name}" if key == given else name
            raise _wrong((key,), f"printed with dtype {both}{place}", "one dtype")
    return found[0][1]


def _wrong(key: KeyPath, found: str, allowed: str) -> InvalidError:
    return InvalidError(Mistake(key, found, allowed, _ADVICE))


def _floating(text: str) -> list[str]:
    """The floating-point dtypes that a print names, in order."""
    words = [text.strip("'\"") for _, text in tokens_of(text)]
    named = [words[i + 2] for i in range(len(words) - 2) if words[i : i + 2] == ["dtype", "="]]
    called = [words[i].rpartition(".")[2] for i in range(len(words) - 1) if words[i + 1] == "("]
    names = [*map(_name, named), *(name for name in called if name in DTYPES)]
    return [name for name in names if _FLOATS.fullmatch(name)]


def _name(word: str) -> str:
    """`float64` for torch.float64, np.double and >f8."""
    if match := _BYTES.fullmatch(word):
        return f"float{8 * int(match[1])}"
    last = word.rpartition(".")[2]
    return _ALIASES.get(last, last)
