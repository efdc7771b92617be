"""Baseline: the accepted answers, in a file whose diff people can read.

JSON, sorted, one line per answer, without times: the same answers make the same bytes.
"""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
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
from .record import AnswerRecord, PartRecord

SCHEMA = 1
_OF_NUMBERS = re.compile(r"(value|nan|-?inf)( \(\d+\)|$)|no numbers$")
INLINE = 32  # numbers at most of a part that is written whole


@dataclass(frozen=True)
class Environment:
    """Where an implementation ran."""

    version: str  # of the framework
    device: str  # cpu, or the device that was asked for: cuda
    platform: str  # `linux x86_64`

    def __str__(self) -> str:
        return f"{self.version} on {self.device}, {self.platform}"


Key = tuple[str, str]  # the id of a case, and an implementation


@dataclass(frozen=True)
class Baseline:
    """The accepted answers, by case and implementation."""

    records: Mapping[Key, AnswerRecord]  # what was accepted
    environments: Mapping[Key, Environment]  # of the same keys


def load_baseline(file: Path) -> Baseline:
    """The baseline in a file. UserError, with the file and the key, where it has none."""
    shown = visible(str(file))
    try:
        text = file.read_bytes().decode("utf-8-sig")
        document = json.loads(
            text, object_pairs_hook=_object_without_repeats, parse_constant=_no_constant
        )
        saved = BaselineFile.model_validate(document)
        keys = [(case, name) for case, answers in saved.cases.items() for name in answers]
        return Baseline(
            {key: _answer_record(key, saved.cases[key[0]][key[1]]) for key in keys},
            {key: _environment(saved, key) for key in keys},
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


def _object_without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. ValueError for a repeated key, as a merge that kept both sides leaves it."""
    data = dict(pairs)
    if len(data) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        key = next(key for key in counts if counts[key] > 1)
        raise ValueError(f"the key {key!r} appears {counts[key]} times; keep one")
    return data


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON; write it in quotes: nan, inf or -inf")


def _environment(saved: BaselineFile, key: Key) -> Environment:
    place = saved.cases[key[0]][key[1]].on or saved.implementations.get(key[1])
    if place is None:
        raise ValueError(f"implementations: no {key[1]!r}, which answers {key[0]!r}")
    return Environment(place.version, place.device, place.platform)


def _answer_record(key: Key, answer: BaselineAnswer) -> AnswerRecord:
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
    stated_classes = _stated_classes("losses", answer.behaviour)
    if _OF_NUMBERS.match(stated_classes) and "losses" not in parts:
        raise ValueError(f"{where}: no `losses`, but `behaviour` says {stated_classes!r}")
    for part_name, part in parts.items():
        stated_classes, actual = _stated_classes(part_name, answer.behaviour), classes(part.numbers)
        if part.index is None and stated_classes != actual:
            raise ValueError(
                f"{where}.{part_name}: {actual}, but `behaviour` says {stated_classes!r}"
            )
    by_part = answer.share if isinstance(answer.share, dict) else {"losses": answer.share}
    shares: dict[str, float] = {
        str(name): share for name, share in by_part.items() if share is not None
    }
    return AnswerRecord(
        answer.status, answer.behaviour, parts, shares, because or None, answer.inputs
    )


def _stated_classes(part: str, behaviour: str) -> str:
    """The classes of numbers that `behaviour` states of a part. It leaves out a total or gradient
    whose numbers are all plain values."""
    losses, *others = behaviour.split("; ")
    if part == "losses":
        return losses
    stated_classes = [
        words.removeprefix(f"{part} ") for words in others if words.startswith(f"{part} ")
    ]
    return next(iter(stated_classes), "value")


def _part(array: BaselineArray, dtype: str | None) -> PartRecord:
    dtype = array.dtype or dtype
    if dtype is None:
        raise ValueError("numbers without a dtype")
    if array.values is not None:
        if array.worst or array.digest:
            raise ValueError("`values` are all numbers, and need neither `digest` nor `worst`")
        values = np.asarray(array.values, dtype=np.float64)
        values = rounded(values.reshape(array.shape or values.shape), dtype).astype(np.float64)
        return PartRecord(dtype, values.shape, digest(values, dtype), values.reshape(-1))
    if array.digest is None or array.shape is None:
        raise ValueError("no numbers: give `values`, or `digest` and `shape`")
    shape, numbers = array.shape, [*array.worst.values()]
    if any(isinstance(number, list) for number in numbers):
        raise ValueError("worst: a list; allowed: a number for each place")
    index = [_flat_index(text, shape) for text in array.worst]
    return PartRecord(
        dtype, shape, array.digest, np.array(numbers, dtype=np.float64), np.array(index, np.intp)
    )


def _flat_index(text: str, shape: tuple[int, ...]) -> int:
    """The flat index of a place in an array of this shape. ValueError where it has no such one."""
    place = [int(number) for number in re.findall(r"\d+", text)]
    if len(place) != len(shape) or any(i >= n for i, n in zip(place, shape, strict=True)):
        raise ValueError(f"worst: no place {text} in the shape {list(shape)}")
    return int(np.ravel_multi_index(place, shape)) if shape else 0


def baseline_text(baseline: Baseline) -> str:
    """The file's text. The commonest environment of an implementation is written once; an answer
    from another one has it on its line."""
    environments: dict[str, list[Environment]] = {}
    for key in sorted(baseline.records):
        environments.setdefault(key[1], []).append(baseline.environments[key])
    common = {name: statistics.mode(places) for name, places in environments.items()}
    lines = ["{", f' "schema": {SCHEMA},', ' "implementations": {']
    lines += _with_commas(
        f"  {_json(name)}: {_json(vars(common[name]))}" for name in sorted(common)
    )
    lines += [" },", ' "cases": {']
    cases = sorted({case for case, _ in baseline.records})
    for case in cases:
        names = sorted(name for other, name in baseline.records if other == case)
        lines.append(f"  {_json(case)}: {{")
        lines += _with_commas(
            f"   {_json(n)}: {_json(_answer(baseline, (case, n), common))}" for n in names
        )
        lines.append("  }" if case == cases[-1] else "  },")
    return "\n".join([*lines, " }", "}"]) + "\n"


def _with_commas(texts: Iterable[str]) -> list[str]:
    """The lines with a comma after each but the last."""
    lines = list(texts)
    return [*(f"{line}," for line in lines[:-1]), *lines[-1:]]


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
    """The numbers, or their digest and those that are kept. dtype: of the losses."""
    other_dtype = {} if part.dtype == dtype else {"dtype": part.dtype}
    if part.index is not None or part.numbers.size > INLINE:
        rows = part.rows_to_keep(accepted)
        rows = rows[np.argsort(part.positions[rows])]
        places = zip(*np.unravel_index(part.positions[rows], part.shape), strict=True)
        worst = {
            str([int(i) for i in place]): _number(float(number), part.dtype)
            for place, number in zip(places, part.numbers[rows], strict=True)
        }
        return other_dtype | {"shape": list(part.shape), "digest": part.digest, "worst": worst}
    values = _numbers(part.numbers.reshape(part.shape), part.dtype)
    if not part.numbers.size:
        return other_dtype | {"shape": list(part.shape), "values": []}
    return other_dtype | {"values": values} if other_dtype else values


def _numbers(values: Float64s, dtype: str) -> Any:
    if values.ndim:
        return [_numbers(item, dtype) for item in values]
    return _number(float(values), dtype)


def _number(value: float, dtype: str) -> float | str:
    """The shortest decimal that rounds to the value in its dtype; text where it is not finite."""
    if not np.isfinite(value):
        return "nan" if np.isnan(value) else "inf" if value > 0 else "-inf"
    return float(str(numpy_dtype(dtype).type(value)))
