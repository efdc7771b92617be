"""Baseline: what was accepted, as a file that people read in a diff and nothing else changes.

JSON, sorted, an answer a line, no times: the same answers make the same bytes.
"""

from __future__ import annotations

import json
import re
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .digest import digest
from .dtypes import Float64s, numpy_dtype, rounded
from .errors import UserError, key_text, visible
from .recorded import Part, Place, Recorded
from .saved_fields import Number, Numbers
from .words import DType

SCHEMA = 1
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


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Environment(_Strict):
    version: str
    device: str
    platform: str


class _Array(_Strict):
    """A part that is no plain number or list in the answer's own dtype."""

    dtype: DType | None = None
    values: Numbers = None
    shape: tuple[int, ...] | None = None
    digest: str = ""
    worst: dict[Annotated[str, Field(pattern=r"^\[(\d+(, \d+)*)?\]$")], Number] = {}


class _Answer(BaseModel):
    """An answer; every other key is a part."""

    model_config = ConfigDict(extra="allow", frozen=True)
    status: str
    behaviour: str
    because: str | None = None
    dtype: DType | None = None
    share: Number | None = None
    on: _Environment | None = None


class _File(_Strict):
    version: Literal[1] = Field(alias="schema")
    implementations: dict[str, _Environment]
    cases: dict[str, dict[str, _Answer]]


def load_baseline(file: Path) -> Baseline:
    """The baseline of a file; UserError where there is none."""
    shown = visible(str(file))
    try:
        saved = _File.model_validate(json.loads(file.read_bytes()))
        keys = [(case, name) for case, answers in saved.cases.items() for name in answers]
        records = {key: _recorded(saved.cases[key[0]][key[1]]) for key in keys}
        places = {key: _place(saved, key) for key in keys}
    except OSError as error:
        advice = "; `xent-check accept` writes one" if isinstance(error, FileNotFoundError) else ""
        raise UserError(f"{shown}: {error.strerror}{advice}") from None
    except ValidationError as error:
        first = error.errors()[0]
        why = f"{key_text(first['loc'])}: {first['msg']}"
        raise UserError(_no_baseline(shown, visible(why))) from None
    except (ValueError, KeyError, RecursionError) as error:
        raise UserError(_no_baseline(shown, visible(str(error)))) from None
    return Baseline(records, places)


def _no_baseline(shown: str, why: str) -> str:
    return f"{shown}: no baseline of xent-check: {why}; `xent-check accept` writes one"


def _place(saved: _File, key: Key) -> Environment:
    own = saved.cases[key[0]][key[1]].on or saved.implementations[key[1]]
    return Environment(own.version, own.device, own.platform)


def _recorded(answer: _Answer) -> Recorded:
    if answer.status in ("diverges", "failed") and not (answer.because or "").strip():
        raise ValueError(f"{answer.status} without a because")
    parts = {name: _part(value, answer.dtype) for name, value in (answer.model_extra or {}).items()}
    return Recorded(answer.status, answer.behaviour, parts, answer.share, answer.because)


def _part(value: Any, dtype: str | None) -> Part:
    given = _Array.model_validate(value if isinstance(value, dict) else {"values": value})
    dtype = given.dtype or dtype
    if dtype is None:
        raise ValueError("numbers without a dtype")
    if given.values is None:
        worst = {_place_of(text): (float(number), 0.0) for text, number in given.worst.items()}
        return Part(dtype, given.shape or (), given.digest, None, None, worst)
    values = np.asarray(given.values, dtype=np.float64)
    values = rounded(values.reshape(given.shape or values.shape), dtype).astype(np.float64)
    return Part(dtype, values.shape, digest(values, dtype), values, None, {})


def _place_of(text: str) -> Place:
    return tuple(int(number) for number in re.findall(r"\d+", text))


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
    losses = record.parts.get("losses")
    dtype = None if losses is None else losses.dtype
    if dtype is not None:
        data["dtype"] = dtype
    data |= {name: _plain_part(part, dtype) for name, part in record.parts.items()}
    if record.share is not None:
        data["share"] = float(f"{record.share:.3g}") if np.isfinite(record.share) else "inf"
    return data if place == common[key[1]] else data | {"on": vars(place)}


def _plain_part(part: Part, dtype: str | None) -> Any:
    """The numbers, or their digest and the worst of them."""
    own = {} if part.dtype == dtype else {"dtype": part.dtype}
    if part.values is None or part.values.size > INLINE:
        worst = {str(list(i)): _number(v, part.dtype) for i, (v, _) in sorted(part.worst.items())}
        return own | {"shape": list(part.shape), "digest": part.digest, "worst": worst}
    values = _numbers(part.values, part.dtype)
    if not part.values.size:
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
