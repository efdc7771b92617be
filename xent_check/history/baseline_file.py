"""Baseline: what was accepted, as a file that people read in a diff and nothing else changes.

JSON, sorted, an answer a line, no times: the same answers make the same bytes.
"""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from xent_check.errors import UserError, key_text, visible
from xent_check.problem.dtypes import Float64s, numpy_dtype, rounded
from xent_check.results.change import BAD
from xent_check.results.difference import classes
from xent_check.results.fingerprint import digest

from .baseline_fields import PARTS, BaselineAnswer, BaselineArray, BaselineFile
from .record import PartRecord, Recorded

SCHEMA = 1
_OF_NUMBERS = re.compile(r"(value|nan|-?inf)( \(\d+\)|$)|no numbers$")
INLINE = 32  # numbers of one part that are written one by one


@dataclass(frozen=True)
class Environment:
    """Where an implementation ran."""

    version: str
    device: str
    platform: str

    def __str__(self) -> str:
        return f"{self.version} on {self.device}, {self.platform}"


Key = tuple[str, str]


@dataclass(frozen=True)
class Baseline:
    """records and environments: by case and implementation."""

    records: Mapping[Key, Recorded]
    environments: Mapping[Key, Environment]


def load_baseline(file: Path) -> Baseline:
    """The baseline of a file; UserError naming the file and the key where it is none."""
    shown = visible(str(file))
    try:
        text = file.read_bytes().decode("utf-8-sig")
        document = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
        saved = BaselineFile.model_validate(document)
        keys = [(case, name) for case, answers in saved.cases.items() for name in answers]
        return Baseline(
            {key: _recorded(key, saved.cases[key[0]][key[1]]) for key in keys},
            {key: _place(saved, key) for key in keys},
        )
    except OSError as error:
        advice = "; `xent-check accept` writes one" if isinstance(error, FileNotFoundError) else ""
        raise UserError(f"{shown}: {error.strerror}{advice}") from None
    except UnicodeDecodeError as error:
        why = f"byte {error.start} is not UTF-8; save it as UTF-8"
        raise UserError(f"{shown}: no baseline of xent-check: {why}") from None
    except ValidationError as error:
        first = error.errors()[0]
        why = f"{key_text(first['loc'])}: {first['msg'].removeprefix('Value error, ')}"
        raise UserError(_no_baseline(shown, visible(why))) from None
    except (ValueError, RecursionError) as error:
        raise UserError(_no_baseline(shown, visible(str(error)))) from None


def _no_baseline(shown: str, why: str) -> str:
    return f"{shown}: no baseline of xent-check: {why}; `xent-check accept` writes one"


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; ValueError for a key that stands there twice, as after a merge that kept
    both sides."""
    made = dict(pairs)
    if len(made) < len(pairs):
        seen = Counter(key for key, _ in pairs)
        twice = next(key for key in seen if seen[key] > 1)
        raise ValueError(f"the key {twice!r} stands there {seen[twice]} times; keep one")
    return made


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON; write it in quotes: nan, inf or -inf")


def _place(saved: BaselineFile, key: Key) -> Environment:
    own = saved.cases[key[0]][key[1]].on or saved.implementations.get(key[1])
    if own is None:
        raise ValueError(f"implementations: no {key[1]!r}, which answers {key[0]!r}")
    return Environment(own.version, own.device, own.platform)


def _recorded(key: Key, answer: BaselineAnswer) -> Recorded:
    where = key_text(("cases", *key))
    because = (answer.because or "").strip()
    if answer.status in BAD and not because:
        raise ValueError(f"{where}: {answer.status} without a because")
    parts: dict[str, PartRecord] = {}
    for name in PARTS:
        array: BaselineArray | None = getattr(answer, name)
        if array is not None:
            try:
                parts[name] = _part(array, answer.dtype)
            except ValueError as error:
                raise ValueError(f"{where}.{name}: {error}") from None
    told = _said("losses", answer.behaviour)
    if _OF_NUMBERS.match(told) and "losses" not in parts:
        raise ValueError(f"{where}: its losses are not there, and `behaviour` says {told!r}")
    for of, part in parts.items():
        said, found = _said(of, answer.behaviour), classes(part.numbers)
        if part.index is None and said != found:
            raise ValueError(f"{where}.{of}: {found}, and `behaviour` says {said!r}")
    given = answer.share if isinstance(answer.share, dict) else {"losses": answer.share}
    shares: dict[str, float] = {
        str(name): share for name, share in given.items() if share is not None
    }
    return Recorded(answer.status, answer.behaviour, parts, shares, because or None, answer.inputs)


def _said(part: str, behaviour: str) -> str:
    """What kinds of numbers a part has; nothing is said of a total or gradient that is a value."""
    losses, *more = behaviour.split("; ")
    if part == "losses":
        return losses
    said = [words.removeprefix(f"{part} ") for words in more if words.startswith(f"{part} ")]
    return next(iter(said), "value")


def _part(given: BaselineArray, dtype: str | None) -> PartRecord:
    dtype = given.dtype or dtype
    if dtype is None:
        raise ValueError("numbers without a dtype")
    if given.values is not None:
        if given.worst or given.digest:
            raise ValueError("`values` are all numbers, and need neither `digest` nor `worst`")
        values = np.asarray(given.values, dtype=np.float64)
        values = rounded(values.reshape(given.shape or values.shape), dtype).astype(np.float64)
        return PartRecord(dtype, values.shape, digest(values, dtype), values.reshape(-1))
    if given.digest is None or given.shape is None:
        raise ValueError("its numbers are not there: neither `values` nor `digest` and `shape`")
    shape, numbers = given.shape, [*given.worst.values()]
    if any(isinstance(number, list) for number in numbers):
        raise ValueError("worst: a list; allowed: a number for each place")
    index = [_position(text, shape) for text in given.worst]
    return PartRecord(
        dtype, shape, given.digest, np.array(numbers, dtype=np.float64), np.array(index, np.intp)
    )


def _position(text: str, shape: tuple[int, ...]) -> int:
    """Where a place stands in the flat array of this shape; ValueError where there is none."""
    place = [int(number) for number in re.findall(r"\d+", text)]
    if len(place) != len(shape) or any(i >= n for i, n in zip(place, shape, strict=True)):
        raise ValueError(f"worst: no place {text} in the shape {list(shape)}")
    return int(np.ravel_multi_index(place, shape)) if shape else 0


# ---- writing ----------------------------------------------------------------------------------


def baseline_text(baseline: Baseline) -> str:
    """The file. An environment that is not its implementation's usual one stands in the line."""
    listed: dict[str, list[Environment]] = {}
    for key in sorted(baseline.records):
        listed.setdefault(key[1], []).append(baseline.environments[key])
    common = {name: statistics.mode(places) for name, places in listed.items()}
    lines = ["{", f' "schema": {SCHEMA},', ' "implementations": {']
    lines += _joined(f"  {_json(name)}: {_json(vars(common[name]))}" for name in sorted(common))
    lines += [" },", ' "cases": {']
    cases = sorted({case for case, _ in baseline.records})
    for case in cases:
        names = sorted(name for other, name in baseline.records if other == case)
        lines.append(f"  {_json(case)}: {{")
        lines += _joined(
            f"   {_json(n)}: {_json(_answer(baseline, (case, n), common))}" for n in names
        )
        lines.append("  }" if case == cases[-1] else "  },")
    return "\n".join([*lines, " }", "}"]) + "\n"


def _joined(lines: Any) -> list[str]:
    listed = list(lines)
    return [*(f"{line}," for line in listed[:-1]), *listed[-1:]]


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)


def _answer(baseline: Baseline, key: Key, common: Mapping[str, Environment]) -> dict[str, Any]:
    record, place = baseline.records[key], baseline.environments[key]
    data: dict[str, Any] = {"status": record.status, "behaviour": record.behaviour}
    if record.because is not None:
        data["because"] = record.because
    if record.inputs is not None:
        data["inputs"] = record.inputs
    losses = record.parts.get("losses")
    dtype = None if losses is None else losses.dtype
    if dtype is not None:
        data["dtype"] = dtype
    accepted = record.because is not None
    data |= {name: _plain_part(part, dtype, accepted) for name, part in record.parts.items()}
    shares = {name: _share(share) for name, share in record.shares.items()}
    if shares:
        data["share"] = shares["losses"] if shares.keys() == {"losses"} else shares
    return data if place == common[key[1]] else data | {"on": vars(place)}


def _share(share: float) -> float | str:
    return float(f"{share:.3g}") if np.isfinite(share) else "inf"


def _plain_part(part: PartRecord, dtype: str | None, accepted: bool) -> Any:
    """The numbers, or their digest and those that are kept."""
    own = {} if part.dtype == dtype else {"dtype": part.dtype}
    if part.index is not None or part.numbers.size > INLINE:
        rows = part.kept(accepted)
        rows = rows[np.argsort(part.positions[rows])]
        places = zip(*np.unravel_index(part.positions[rows], part.shape), strict=True)
        worst = {
            str([int(i) for i in place]): _number(float(number), part.dtype)
            for place, number in zip(places, part.numbers[rows], strict=True)
        }
        return own | {"shape": list(part.shape), "digest": part.digest, "worst": worst}
    values = _numbers(part.numbers.reshape(part.shape), part.dtype)
    if not part.numbers.size:
        return own | {"shape": list(part.shape), "values": []}
    return own | {"values": values} if own else values


def _numbers(values: Float64s, dtype: str) -> Any:
    if values.ndim:
        return [_numbers(item, dtype) for item in values]
    return _number(float(values), dtype)


def _number(value: float, dtype: str) -> float | str:
    """The shortest decimal that rounds to it in its dtype; not finite, its name."""
    if not np.isfinite(value):
        return "nan" if np.isnan(value) else "inf" if value > 0 else "-inf"
    return float(str(numpy_dtype(dtype).type(value)))
