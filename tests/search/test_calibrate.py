"""Calibrate: errors of elementary functions, and what becomes of subnormal numbers."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent_check.history.journal import JournalError
from xent_check.history.machine import Machine
from xent_check.implementations.elementary import FRAMEWORKS, FUNCTIONS
from xent_check.problem.dtypes import largest, numpy_dtype
from xent_check.problem.evaluation import Computed
from xent_check.reference.elementary import MEASURED
from xent_check.reference.rounding import KE, KL
from xent_check.results.origin import Origin
from xent_check.search import calibrate as calibrating
from xent_check.search.calibrate import (
    Calibration,
    CalibrationRecord,
    Plan,
    Seen,
    calibrate,
    exact_values,
)
from xent_check.search.calibrated import exceeding, unknown_releases
from xent_check.workers.wire import decode_problem

Tag = TypeVar("Tag")
REFERENCES = {
    "exp": mpmath.exp, "log": mpmath.log, "log1p": mpmath.log1p, "expm1": mpmath.expm1,
    "tanh": mpmath.tanh,
}  # fmt: skip


@given(
    st.sampled_from(FUNCTIONS),
    st.one_of(st.floats(-50, 50), st.floats(-1e-300, 1e-300), st.floats(-700, 700)),
)
def test_exact_values_of_float64_are_mpmaths(function: str, x: float) -> None:
    (value,) = exact_values(function, np.array([x]), "float64")
    if (function, x) in (("log", 0.0), ("log1p", -1.0)):
        assert value == -math.inf
        return
    if (function == "log" and x < 0) or (function == "log1p" and x < -1):
        assert math.isnan(value)
        return
    with mpmath.workdps(400):  # 1 + 1e-300 has as many digits
        exact = REFERENCES[function](mpmath.mpf(x))
    assert abs(mpmath.mpf(value) - exact) <= abs(exact) * mpmath.mpf(2) ** -52 + 2.0**-1074


def seen(dtype: Any, function: str, x: Any, got: Any) -> Seen:
    one, arguments = Seen(dtype, function), np.asarray(x, np.float64)
    one.look_at(arguments, np.asarray(got, np.float64), exact_values(function, arguments, dtype))
    return one


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_correctly_rounded_function_errs_by_at_most_a_u(dtype: Any, function: str) -> None:
    x = np.linspace(-0.9, 9.0, 1001).astype(dtype).astype(np.float64)
    exact = exact_values(function, x, dtype)
    one = seen(dtype, function, x, exact.astype(dtype))
    assert 0.9 < one.every.error <= 1.0


def test_the_largest_error_is_found_at_its_argument() -> None:
    x = np.linspace(-3, 3, 61)
    got = np.exp(x)
    got[17] *= 1 + 3 * 2.0**-24
    one = seen("float32", "exp", x, got)
    assert one.taken.error == pytest.approx(3.0, rel=1e-6)
    assert one.taken.at == x[17]


@pytest.mark.parametrize(("function", "sign"), [("exp", -1), ("log1p", 1)])
def test_errors_where_losses_call_no_function_stand_apart(function: str, sign: int) -> None:
    """No loss takes exp of more than 0, or log1p of less."""
    x = np.array([-0.5, 0.5])
    got = exact_values(function, x, "float32")
    got[x * sign < 0] *= 1 + 9 * 2.0**-24
    one = seen("float32", function, x, got)
    assert one.taken.error == 0
    assert one.every.error == pytest.approx(9.0, rel=1e-6)
    assert one.every.at * sign == -0.5


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_where_it_should_be_is_an_infinite_error(wrong: float) -> None:
    assert seen("float32", "log", [2.0], [wrong]).taken.error == math.inf


def test_a_zero_of_a_function_has_to_be_one() -> None:
    assert seen("float32", "log", [1.0], [0.0]).taken.error == 0
    assert seen("float32", "log", [1.0], [1e-9]).taken.error == math.inf


@pytest.mark.parametrize(
    ("function", "x", "got", "word"),
    [
        ("exp", [-90.0, -100.0], [8.194e-40, 3.78e-44], "kept"),
        ("exp", [-90.0, -100.0], [0.0, 0.0], "flushed"),
        ("exp", [-90.0, -100.0], [8.194e-40, 0.0], "some flushed"),
        ("exp", [-1.0, -200.0], [math.exp(-1), 0.0], "not seen"),  # e^-200 is below 2^-149
        ("log", [1e-40], [math.log(1e-40)], "kept"),
        ("log", [1e-40], [-math.inf], "flushed"),
    ],
)
def test_what_becomes_of_subnormal_numbers_is_seen(
    function: str, x: list[float], got: list[float], word: str
) -> None:
    one = seen("float32", function, x, got)
    assert one.subnormal == word
    assert one.taken.error < 1  # flushing is no error of the function


def record(**fields: Any) -> CalibrationRecord:
    plain: dict[str, Any] = {
        "framework": "torch", "version": "99.0", "mode": "compile", "dtype": "float32",
        "function": "exp", "stride": 1, "arguments": 9, "error": 1.5, "at": -2.0,
        "error_of_all": 1.5, "at_of_all": -2.0,
        "subnormal": "kept",
    }  # fmt: skip
    one = Calibration(**plain | fields)
    return CalibrationRecord(
        xent_check="1.0", origin=Origin(), machine=Machine(), calibrations=(one,)
    )


def test_an_error_beyond_the_bounds_is_said() -> None:
    (text,) = exceeding(record(error=KE + 0.5))
    assert text.startswith("exp of torch:compile 99.0 in float32 errs by 4.5 u at -2: ")
    assert exceeding(record(error=KE)) == []
    assert exceeding(record(function="tanh", error=1e9)) == []  # the bound counts none


def test_a_release_that_is_not_in_the_table_is_said() -> None:
    (text,) = unknown_releases(record())
    assert text.startswith("torch 99.0 is not in the shipped table (it has 2.13.0")
    known = next(row for row in MEASURED if row.framework == "torch")
    assert unknown_releases(record(version=known.version)) == []


def test_the_shipped_table_has_every_framework_mode_dtype_and_function() -> None:
    asked = {
        (framework, mode, dtype, function)
        for framework, modes in FRAMEWORKS.items()
        for mode in modes
        for dtype in ("float16", "bfloat16", "float32", "float64")
        for function in FUNCTIONS
    }
    assert {(m.framework, m.mode, m.dtype, m.function) for m in MEASURED} == asked


def test_the_bound_grants_what_was_measured() -> None:
    """Of all float32 numbers numpy's exp errs by 3.39 u at most, tensorflow's log1p by 4.73."""
    wide = [m for m in MEASURED if m.dtype in ("float32", "float64")]
    assert max(3.39, *(m.error for m in wide if m.function == "exp")) <= KE < 5
    assert max(4.73, *(m.error for m in wide if m.function in ("log", "log1p"))) <= KL < 6


def test_arguments_reach_from_end_to_end() -> None:
    plan = Plan(("stable",), ("float16", "float32", "float64"), Path())
    assert plan.domain("float16").count == 2 * 31 * 2**10
    for dtype, most in (("float32", 2**24), ("float64", 2**14)):
        domain = plan.domain(dtype)  # type: ignore[arg-type]
        assert most / 2 < domain.count <= most
        assert domain.scores(0, 1)[0] == -largest(dtype)
    assert numpy_dtype("float64") == plan.domain("float64").scores(0, 1).dtype


class Computing(Generic[Tag]):
    """In place of a pool: NumPy in this process, in float32."""

    def __init__(self, *_: object, **__: object) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="xent-check-")
        self._asked: list[Any] = []

    def __enter__(self) -> Computing[Tag]:
        return self

    def __exit__(self, *_: object) -> None:
        self.folder.cleanup()

    def submit(self, requests: list[Any], timeout: float) -> None:
        self._asked = requests

    def answers(self) -> Iterator[tuple[Any, Computed]]:
        for i, job, request in self._asked:
            x = decode_problem(request.problem).values
            with np.errstate(all="ignore"):
                got = getattr(np, i.mode.rpartition(":")[2])(x.astype(np.float32)).astype(x.dtype)
            yield job, Computed(got, {}, "", 0.0)


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Of four parts for each of two dtypes."""
    monkeypatch.setattr(calibrating, "Pool", Computing)
    monkeypatch.setattr(calibrating, "_PART", 2**14)
    return Plan(("stable",), ("float16", "bfloat16"), tmp_path / "journal")


def calibrated(plan: Plan, until: int | None = None, **how: Any) -> tuple[Any, list[str]]:
    """The calibrations, and the parts that were begun. until: the part before which it is
    killed."""
    begun: list[str] = []

    def progress(text: str) -> None:
        if len(begun) == until:
            raise Killed
        begun.append(text)

    return calibrate(plan, Origin("", "", ""), progress, **how).calibrations, begun


@pytest.mark.parametrize("until", [0, 1, 3, 4, 5, 7])
def test_a_calibration_that_was_killed_goes_on(until: int, plan: Plan, tmp_path: Path) -> None:
    whole, parts = calibrated(replace(plan, journal=tmp_path / "other"))
    assert len(parts) == 8
    assert not (tmp_path / "other").exists()
    with pytest.raises(Killed):
        calibrated(plan, until)
    again, rest = calibrated(replace(plan, resume=True))
    assert (again, rest) == (whole, parts[until:])
    assert not plan.journal.exists()


def test_a_calibration_whose_report_is_not_written_is_kept(plan: Plan) -> None:
    whole, _ = calibrated(plan, reported=lambda _: False)
    assert calibrated(replace(plan, resume=True)) == (whole, [])


def test_a_calibration_of_another_release_is_not_gone_on_from(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Killed):
        calibrated(plan, 2)
    monkeypatch.setattr(calibrating, "__version__", "0.0.1")
    with pytest.raises(JournalError, match="it is of another xent_check; leave out --resume"):
        calibrated(replace(plan, resume=True))
    assert len(calibrated(plan)[1]) == 8
