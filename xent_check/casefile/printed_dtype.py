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
    dtypes = {key: list(dict.fromkeys(_floating(text))) for key, text in prints.items()}
    input_key = next((key for key in GIVEN if dtypes.get(key)), None)
    if input_key is None:
        return ""
    first = dtypes[input_key][0]
    pairs = [(key, name) for key in (input_key, *dtypes) for name in dtypes[key]]
    for key, name in pairs:
        if name not in DTYPES:
            raise _wrong((key,), f"printed with dtype {name}", ", ".join(DTYPES))
        if name != first:
            place = "" if key == input_key else f", {input_key} with {first}"
            both = f"{first} and {name}" if key == input_key else name
            raise _wrong((key,), f"printed with dtype {both}{place}", "one dtype")
    return first


def _wrong(key: KeyPath, fault: str, allowed: str) -> InvalidError:
    return InvalidError(Mistake(key, fault, allowed, _ADVICE))


def _floating(text: str) -> list[str]:
    """The floating-point dtypes that a print names, in order."""
    words = [text.strip("'\"") for _, text in tokens_of(text)]
    keywords = [words[i + 2] for i in range(len(words) - 2) if words[i : i + 2] == ["dtype", "="]]
    calls = [words[i].rpartition(".")[2] for i in range(len(words) - 1) if words[i + 1] == "("]
    names = [*map(_name, keywords), *(name for name in calls if name in DTYPES)]
    return [name for name in names if _FLOATS.fullmatch(name)]


def _name(word: str) -> str:
    """`float64` for torch.float64, np.double and >f8."""
    if match := _BYTES.fullmatch(word):
        return f"float{8 * int(match[1])}"
    last = word.rpartition(".")[2]
    return _ALIASES.get(last, last)
