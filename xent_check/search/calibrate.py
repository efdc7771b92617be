"""Calibrate: how exact the elementary functions of a framework are, which its losses are made of.

The error is in units of u, half the spacing at 1: abs(got - f(x)) / (u abs(f(x))), as the bound
counts it, over arguments and values of the normal range: once over the arguments that losses take
(scores minus their maximum, sums of exps), once over all. Of what is subnormal it is said whether
it is kept or taken for 0: of values by exp, of arguments by log.

The exact values of dtypes of up to 32 bits are NumPy's float64 ones, whose own error is below 2^-48
relatively; of float64, those of ball arithmetic.

What was seen is written to a journal after every part of the arguments: a calibration that ends
early goes on from there, with the same releases on the same kind of machine.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from flint import arb
from pydantic import Field

from xent_check import __version__
from xent_check.casefile.in_memory import case_in_memory
from xent_check.history.journal import Journal
from xent_check.history.machine import Machine, this_machine
from xent_check.history.saved.parts import Number, Saved
from xent_check.implementations.elementary import FRAMEWORKS, FUNCTIONS, elementary
from xent_check.implementations.names import Implementation, parse, why_missing
from xent_check.problem.dtypes import Float64s, largest, spacing, unit_roundoff
from xent_check.problem.evaluation import Computed, Failed
from xent_check.problem.vocabulary import DType
from xent_check.results.origin import Origin
from xent_check.running.jobs import Job
from xent_check.workers import leftovers
from xent_check.workers.pool import Pool
from xent_check.workers.wire import encode_problem, forget

from .sweeping.domain import Domain, default_range

Subnormals = Literal["kept", "flushed", "some flushed", "not seen"]
_PART = 2**20  # arguments at once
_SIGNS = {"exp": -1, "log1p": 1}  # of the arguments that losses take
_ABOUT = 2**24  # arguments of float32, 2**14 of float64, where no stride is given


class Calibration(Saved):
    """One function of a framework, in a mode and a dtype."""

    framework: str
    """by its implementation"""
    version: str
    mode: str
    """empty: as its losses call it"""
    dtype: DType
    function: str
    stride: int
    """from each argument to the next, in numbers of the dtype"""
    arguments: int
    """how many were asked, over all finite numbers"""
    error: Number
    """the largest over the arguments that losses take, in units of u: exp of 0 and less, log1p of 0
    and more, all of the others"""
    at: Number
    """the argument of that"""
    error_of_all: Number
    """the largest over all arguments"""
    at_of_all: Number
    """the argument of that"""
    subnormal: Subnormals
    """what becomes of subnormal values; of log: of subnormal arguments"""
    failed: str = ""
    """why it has no numbers"""


class CalibrationRecord(Saved):
    """What `calibrate --report json` writes."""

    format: Literal[1] = Field(default=1, alias="schema")
    xent_check: str
    origin: Origin
    machine: Machine
    calibrations: tuple[Calibration, ...]

    @property
    def failed(self) -> tuple[Calibration, ...]:
        """Those that have no numbers."""
        return tuple(one for one in self.calibrations if one.failed)


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    frameworks: tuple[str, ...]
    """keys of FRAMEWORKS that are installed"""
    dtypes: tuple[DType, ...]
    journal: Path
    resume: bool = False
    """whether to go on where an earlier one of the journal ended"""
    stride: int | None = None
    """None: 1 of 16 bits, of others so that there are not too many arguments"""
    jobs: int | None = None
    timeout: float = 600.0

    @property
    def subject(self) -> dict[str, Any]:
        """What the journal is of."""
        return {
            "xent_check": __version__,
            "machine": this_machine().plain(),
            "releases": {name: parse(name).version for name in self.frameworks},
            "arguments": {dtype: [_PART, asdict(self.domain(dtype))] for dtype in self.dtypes},
        }

    def domain(self, dtype: DType) -> Domain:
        """The arguments of a dtype: the finite numbers."""
        low, high = default_range("logits", dtype)
        domain = Domain("binary", "logits", dtype, 1, low, high)
        stride = self.stride
        if stride is None:
            most = {"float32": _ABOUT, "float64": 2**14}.get(dtype, domain.numbers)
            stride = -(-domain.numbers // most)
        return replace(domain, stride=stride)


Progress = Callable[[str], None]
Reported = Callable[[CalibrationRecord], bool]
"""Whether a report is written of what was found."""


def calibrate(
    plan: Plan,
    origin: Origin,
    progress: Progress = lambda _: None,
    reported: Reported = lambda _: True,
) -> CalibrationRecord:
    """The calibrations, by framework, mode, dtype and function; the journal is removed, once they
    are reported. UserError where it is of another calibration, or in use."""
    with Journal(plan.journal, plan.subject, plan.resume) as journal:
        record = _calibrated(plan, origin, progress, journal)
        if reported(record):
            journal.remove()
        return record


def _calibrated(
    plan: Plan, origin: Origin, progress: Progress, journal: Journal
) -> CalibrationRecord:
    asked = [
        (framework, mode, function, elementary(framework, mode, function))
        for framework in plan.frameworks
        for mode in FRAMEWORKS[framework]
        for function in FUNCTIONS
    ]
    found: dict[tuple[str, str, DType, str], Calibration] = {}
    with Pool[Job]([i for *_, i in asked], plan.jobs, keep=True) as pool:
        leftovers.delete(entry["folder"] for entry in journal.entries if "folder" in entry)
        journal.add({"folder": pool.folder.name})
        for dtype in plan.dtypes:
            domain = plan.domain(dtype)
            seen = {i: Seen(dtype, function) for *_, function, i in asked}
            for start in range(_taken_up(journal, dtype, seen), domain.count, _PART):
                progress(f"{dtype}: {start:,} of {domain.count:,} arguments")
                before = {i: one.plain for i, one in seen.items()}
                stop = min(start + _PART, domain.count)
                _ask(domain, start, stop, seen, pool, plan.timeout)
                news = {i.name: o.plain for i, o in seen.items() if o.plain != before[i]}
                journal.add({"dtype": dtype, "stop": stop, "seen": news})
            for framework, mode, function, i in asked:
                found[framework, mode, dtype, function] = Calibration(
                    framework=framework, version=i.version, mode=mode, dtype=dtype,
                    function=function, stride=domain.stride, arguments=domain.count,
                    error=seen[i].taken.error, at=seen[i].taken.at,
                    error_of_all=seen[i].every.error, at_of_all=seen[i].every.at,
                    subnormal=seen[i].subnormal, failed=seen[i].failed,
                )  # fmt: skip
    order = [
        found[framework, mode, dtype, function]
        for framework in plan.frameworks
        for mode in FRAMEWORKS[framework]
        for dtype in plan.dtypes
        for function in FUNCTIONS
    ]
    return CalibrationRecord(
        xent_check=__version__, origin=origin, machine=this_machine(), calibrations=tuple(order)
    )


def _taken_up(journal: Journal, dtype: DType, seen: Mapping[Implementation, Seen]) -> int:
    """How many arguments of a dtype an earlier calibration asked, whose findings `seen` takes."""
    by_name, done = {i.name: one for i, one in seen.items()}, 0
    for entry in journal.entries:
        if entry.get("dtype") == dtype:
            done = entry["stop"]
            for name, plain in entry["seen"].items():
                by_name[name].take(plain)
    return done


def _ask(
    domain: Domain,
    start: int,
    stop: int,
    seen: dict[Implementation, Seen],
    pool: Pool[Job],
    timeout: float,
) -> None:
    """Ask all who have not failed for the arguments from start to stop."""
    problem = domain.problem(start, stop)
    message = encode_problem(problem, Path(pool.folder.name))
    posed = replace(
        case_in_memory({"loss": "binary", "logits": [0.5], "labels": [1]}), problem=problem
    )
    jobs = [Job(posed, i, message) for i, one in seen.items() if not one.failed]
    pool.submit([(job.implementation, job, job.request) for job in jobs], timeout)
    x = problem.values.astype(np.float64)
    exact = {name: exact_values(name, x, domain.dtype) for name in FUNCTIONS}  # meanwhile
    for job, answer in pool.answers():
        one = seen[job.implementation]
        if isinstance(answer, Computed):
            one.look_at(x, answer.losses.astype(np.float64), exact[one.function])
        elif isinstance(answer, Failed):
            one.failed = f"{answer.kind}: {answer.message}"
        else:
            one.failed = answer.reason
    forget(message)


def exact_values(function: str, x: Float64s, dtype: DType) -> Float64s:
    """The function's values to the nearest float64, or to 2^-48 of them where the dtype is
    narrower; nan outside its domain."""
    if dtype != "float64":
        with np.errstate(all="ignore"):
            values: Float64s = getattr(np, function)(x)
            return values
    return np.array([_by_balls(function, float(value)) for value in x])


def _by_balls(function: str, x: float) -> float:
    outside = {"log": x < 0, "log1p": x < -1}
    if outside.get(function, False):
        return math.nan
    if (function, x) in (("log", 0.0), ("log1p", -1.0)):
        return -math.inf
    if function in ("exp", "expm1") and x > 710:  # beyond float64
        return math.inf
    if function == "exp" and x < -746:
        return 0.0
    if function in ("tanh", "expm1") and abs(x) > 50:
        return math.copysign(1.0, x) if function == "tanh" or x < 0 else float(arb(x).expm1().mid())
    return float(getattr(arb(x), function)().mid())


@dataclass
class Largest:
    """The largest error so far, in units of u, and its argument."""

    error: float = 0.0
    at: float = 0.0

    def look_at(self, x: Float64s, errors: Float64s) -> None:
        """Some errors, of these arguments."""
        if errors.size and errors.max() > self.error:
            place = int(np.argmax(errors))
            self.error, self.at = float(errors[place]), float(x[place])


@dataclass
class Seen:
    """What was seen of one function; grows with every part."""

    dtype: DType
    function: str
    taken: Largest = field(default_factory=Largest)
    """over the arguments that losses take"""
    every: Largest = field(default_factory=Largest)
    """over all"""
    kept: bool = False
    """whether something subnormal was kept"""
    flushed: bool = False
    """whether something subnormal was taken for 0"""
    failed: str = ""
    _normal: float = field(init=False)

    def __post_init__(self) -> None:
        self._normal = float(spacing(0.0, self.dtype)) / (2 * unit_roundoff(self.dtype))

    @property
    def plain(self) -> dict[str, Any]:
        """What was seen, as plain values."""
        seen = asdict(self)
        return {name: seen[name] for name in ("taken", "every", "kept", "flushed", "failed")}

    def take(self, plain: Mapping[str, Any]) -> None:
        """Have seen what `plain` says, and nothing else."""
        self.taken, self.every = Largest(**plain["taken"]), Largest(**plain["every"])
        self.kept, self.flushed = plain["kept"], plain["flushed"]
        self.failed = plain["failed"]

    @property
    def subnormal(self) -> Subnormals:
        """In a word."""
        if self.kept and self.flushed:
            return "some flushed"
        return "kept" if self.kept else "flushed" if self.flushed else "not seen"

    def look_at(self, x: Float64s, got: Float64s, exact: Float64s) -> None:
        """The values of some arguments."""
        size, within = np.abs(exact), np.abs(x) >= self._normal
        usual = (size >= self._normal) & (size <= largest(self.dtype))
        held = (usual & (within | (x == 0))) | (exact == 0)
        with np.errstate(all="ignore"):
            errors = np.abs(got - exact) / (unit_roundoff(self.dtype) * size)
        errors = np.where(exact == 0, np.where(got == 0, 0.0, np.inf), errors)
        errors = np.where(held, np.where(np.isnan(errors), np.inf, errors), 0.0)
        # A value that underflows wholly is exactly 0 in float64 too; flushing is not an error here.
        errors = np.where((exact == 0) & (x != 0) & (self.function == "exp"), 0.0, errors)
        self.every.look_at(x, errors)
        sign = _SIGNS.get(self.function)
        self.taken.look_at(x, errors if sign is None else np.where(x * sign >= 0, errors, 0.0))
        if self.function == "log":
            self._subnormal((x > 0) & ~within, np.isneginf(got))
        else:
            least = float(spacing(0.0, self.dtype))
            self._subnormal((size >= least) & (size < self._normal) & within, got == 0)

    def _subnormal(self, places: npt.NDArray[np.bool_], zero: npt.NDArray[np.bool_]) -> None:
        self.flushed |= bool((places & zero).any())
        self.kept |= bool((places & ~zero).any())


def json_text(record: CalibrationRecord) -> str:
    """The record as JSON, a line for each function."""
    data = record.plain()
    lines = ",\n".join(json.dumps(one) for one in data.pop("calibrations"))
    return f'{json.dumps(data)[:-1]}, "calibrations": [\n{lines}\n]}}\n'


def installed() -> tuple[str, ...]:
    """The frameworks that are."""
    return tuple(name for name in FRAMEWORKS if why_missing(parse(name)) is None)


def rows(record: CalibrationRecord) -> Iterator[tuple[Calibration, Sequence[Calibration]]]:
    """The calibrations of each framework, mode and dtype together, after the first of them."""
    groups: dict[Any, list[Calibration]] = {}
    for one in record.calibrations:
        groups.setdefault((one.framework, one.version, one.mode, one.dtype), []).append(one)
    for group in groups.values():
        yield group[0], group
