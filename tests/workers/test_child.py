"""What a worker's process does with an adapter, without a process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.support.fake import PROBLEM
from xent_check.implementations.names import parse
from xent_check.workers import child

NAME = "made_up"
ADAPTER = f"xent_check.implementations.adapters.{NAME}"
REQUEST = {
    "module": NAME, "mode": "eager", "device": "cpu", "problem": PROBLEM, "introduction": None
}  # fmt: skip


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What is called of an adapter that has a `prepare`, in order."""
    made: list[Any] = []
    module = ModuleType(NAME)
    module.prepare = lambda folder: made.append(folder)  # type: ignore[attr-defined]
    module.evaluate = lambda *asked: made.append(asked)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, ADAPTER, module)
    monkeypatch.setattr(child, "decode_problem", lambda problem: problem)
    monkeypatch.setenv("XENT_CHECK_CACHE", "/cache")
    child._adapter.cache_clear()
    yield made
    child._adapter.cache_clear()


def test_an_adapter_is_prepared_once_before_its_first_problem(calls: list[Any]) -> None:
    for _ in range(2):
        child._answer(REQUEST)
    asked = (PROBLEM, "eager", "cpu")
    assert calls == [Path("/cache"), asked, asked]


def test_without_a_cache_nothing_is_prepared(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XENT_CHECK_CACHE")
    child._answer(REQUEST)
    assert calls == [(PROBLEM, "eager", "cpu")]


def test_an_adapter_that_cannot_be_prepared_cannot_be_imported(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def prepare(folder: Path) -> None:
        raise OSError("no room")

    monkeypatch.setattr(sys.modules[ADAPTER], "prepare", prepare)
    with pytest.raises(ImportError, match="OSError: no room"):
        child._answer(REQUEST)
    assert calls == []


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("torch", {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}),
        ("jax@cuda", {}),
        (
            "keras-jax",
            {"KERAS_BACKEND": "jax", "CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"},
        ),
        ("mine.py:loss", {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}),
    ],
)
def test_a_process_sees_a_gpu_only_where_one_is_asked_for(
    name: str, variables: dict[str, str]
) -> None:
    one = parse(name)
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "ORT_DISABLE_TELEMETRY": "1"}
    patient = {"OMP_WAIT_POLICY": "PASSIVE"}
    assert one.entry.environment_variables(one.device) == quiet | patient | variables


def test_the_slowest_to_import_start_first() -> None:
    names = ["manual", "keras-jax", "optax", "jax", "torch", "keras", "tf"]
    turns = [parse(name).entry.start for name in names]
    assert turns == sorted(turns, reverse=True)
    assert len(set(turns)) == 5
