"""What cannot fit into memory is refused before it is allocated, with what it needs and where."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest

from tests.support.command import xent_check
from xent_check.casefile import memory
from xent_check.casefile.loading import Filter, load
from xent_check.casefile.memory import (
    ANSWER,
    COMPARISON,
    TRUTH,
    WORKER,
    Size,
    available_bytes,
    must_have,
)
from xent_check.errors import CaseFileError, InvalidError
from xent_check.implementations.names import parse
from xent_check.running.memory_needed import require_memory
from xent_check.running.session import Session
from xent_check.running.settings import Settings

GIB = 2**30
FREE = 16 * GIB


@pytest.fixture(autouse=True)
def _a_machine_with_16_gib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=FREE))
    monkeypatch.setattr(memory, "_OWN", Path(os.devnull))


# ---- how much there is ------------------------------------------------------------------------


def group(folder: Path, limit: str, used: int, files: int, unified: bool) -> None:
    """The files of a control group: version 2 (unified) or 1."""
    folder.mkdir(parents=True, exist_ok=True)
    names = memory._UNIFIED if unified else memory._FIRST
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 1\n{names[2]} {files}\nactive_file 5\n")


def belongs(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "own").write_text(text)
    monkeypatch.setattr(memory, "_OWN", tmp_path / "own")
    monkeypatch.setattr(memory, "_GROUPS", tmp_path / "groups")


@pytest.mark.parametrize("unified", [True, False], ids=["version 2", "version 1"])
def test_the_limit_of_a_control_group_counts(
    unified: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that are only cached can go: of 4 GiB, 3 used, 1 of it files, 2 are left."""
    root = tmp_path / "groups" / ("" if unified else "memory")
    group(root / "job", str(4 * GIB), 3 * GIB, GIB, unified)
    belongs(tmp_path, "0::/job\n" if unified else "5:cpu,memory:/job\n", monkeypatch)
    assert available_bytes() == 2 * GIB


def test_the_limit_of_a_group_around_ours_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group(tmp_path / "groups" / "pod" / "job", "max", GIB, 0, unified=True)
    group(tmp_path / "groups" / "pod", str(2 * GIB), GIB, 0, unified=True)
    belongs(tmp_path, "1:name=systemd:/\n0::/pod/job\n", monkeypatch)
    assert available_bytes() == GIB


def test_a_container_sees_its_group_at_the_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group(tmp_path / "groups" / "memory", str(2 * GIB), GIB, 0, unified=False)
    belongs(tmp_path, "4:memory:/docker/abc\n", monkeypatch)
    assert available_bytes() == GIB


def test_a_group_over_its_limit_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group(tmp_path / "groups" / "job", str(GIB), 2 * GIB, 0, unified=True)
    belongs(tmp_path, "0::/job\n", monkeypatch)
    assert available_bytes() == 0


def test_what_fits_exactly_fits() -> None:
    must_have(FREE, "it needs", ("logits",))
    with pytest.raises(InvalidError):
        must_have(FREE + 1, "it needs", ("logits",))


# ---- how much a run needs ---------------------------------------------------------------------


def test_a_gradient_counts_as_many_numbers_as_there_are_values() -> None:
    plain, with_gradient = (Size(600, 100, "float16", gradient) for gradient in (False, True))
    assert plain.truth_bytes == 100 * TRUTH
    assert with_gradient.truth_bytes == 700 * TRUTH
    assert with_gradient.answer_bytes == 700 * ANSWER
    assert with_gradient.comparison_bytes == 700 * COMPARISON
    assert plain.worker_bytes == WORKER * 2 * 700
    assert with_gradient.worker_bytes == WORKER * 2 * 1300
    assert replace(plain, further=3).worker_bytes == (WORKER + 3) * 2 * 700


def sparse_file(file: Path, shape: tuple[int, ...], dtype: str) -> None:
    """An .npy file of zeros that takes no place on the disk."""
    with file.open("wb") as stream:
        described = {"descr": dtype, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(stream, described)
        stream.truncate(stream.tell() + int(np.prod(shape, dtype=object)) * int(dtype[2:]))


def refusal(folder: Path, text: str) -> str:
    (folder / "case.yaml").write_text(text)
    with pytest.raises(CaseFileError) as caught:
        load([str(folder / "case.yaml")], Filter())
    return str(caught.value).removeprefix(f"{folder}{os.sep}")


@pytest.mark.parametrize("gradient", [False, True], ids=["value", "gradient"])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_file_of_a_tebibyte_is_refused_with_what_it_needs(
    gradient: bool, axis: int, tmp_path: Path
) -> None:
    """Where the classes are the last axis it is asked in chunks, and its losses alone are kept."""
    shape = (2**37, 2) if axis else (2, 2**37)
    sparse_file(tmp_path / "x.npy", shape, "<f4")
    sparse_file(tmp_path / "y.npy", (2**37,), "<i8")
    numbers = 2**37 * (3 if gradient else 1)
    rest = max(numbers * COMPARISON, WORKER * 4 * (2**38 + numbers))
    needed = 2**37 * (TRUTH + ANSWER) if axis else numbers * (TRUTH + ANSWER) + rest
    check = "check: gradient\n" if gradient else ""
    told = refusal(
        tmp_path,
        "loss: sparse_categorical\nlogits: {file: x.npy}\nlabels: {file: y.npy}\n"
        f"class_axis: {axis}\n{check}",
    )
    assert told == (
        f"case.yaml:2: logits: 'x.npy' of shape {list(shape)}: checking it needs "
        f"{needed / GIB:,.1f} GiB; allowed: 16.0 GiB, the memory that is free; make it smaller"
    )


def test_a_copy_in_the_dtype_is_counted(tmp_path: Path) -> None:
    """2.7e8 numbers of float64 in float32: what is refused beside the copies would fit alone."""
    count = FREE // (TRUTH + ANSWER)
    for name, dtype in (("x", "<f4"), ("y", "<f4"), ("d", "<f8")):
        sparse_file(tmp_path / f"{name}.npy", (count,), dtype)
    case = "loss: binary\nlogits: {file: d.npy}\nlabels: {file: y.npy}\n"
    assert "checking it needs" in refusal(tmp_path, case)


def test_unsigned_numbers_are_not_widened_where_there_is_no_room(tmp_path: Path) -> None:
    sparse_file(tmp_path / "y.npy", (2**40,), "|u1")
    case = "loss: sparse_categorical\nlogits: [[1, 2]]\nlabels: {file: y.npy}\n"
    assert "labels.file: shape [1099511627776] needs 8,192.0 GiB" in refusal(tmp_path, case)


def promising(folder: Path) -> None:
    """Files whose headers promise more than they hold."""
    header = io.BytesIO()
    described = {"descr": "<f4", "fortran_order": False, "shape": (1000, 2)}
    np.lib.format.write_array_header_1_0(header, described)
    (folder / "x.npy").write_bytes(header.getvalue())
    with zipfile.ZipFile(folder / "x.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
    tensor = {"x": {"dtype": "F32", "shape": [1000, 2], "data_offsets": [0, 8000]}}
    text = json.dumps(tensor).encode()
    (folder / "x.safetensors").write_bytes(struct.pack("<Q", len(text)) + text)


@pytest.mark.parametrize(
    "logits",
    [
        "{file: x.npy}",
        "{file: 'x.npz#x'}",
        "{file: 'x.safetensors#x'}",
        "{shape: [4611686018427387904, 8], random: normal}",
        "{shape: [1000000000000, 2], fill: 0.5}",
        "{shape: [1000000000000, 2], range: true}",
        "{shape: [0, 4611686018427387904], random: normal}",
        "{one_hot: [0, 1], num_classes: 4611686018427387904}",
    ],
)
def test_what_cannot_be_read_or_made_is_told_at_its_key(logits: str, tmp_path: Path) -> None:
    promising(tmp_path)
    case = f"loss: sparse_categorical\nlogits: {logits}\nlabels: [0, 1]\nreduction: mean\n"
    assert refusal(tmp_path, case).startswith("case.yaml:2: logits")


def test_a_short_file_says_what_it_promises(tmp_path: Path) -> None:
    promising(tmp_path)
    case = "loss: sparse_categorical\nlogits: {file: x.npy}\nlabels: [0, 1]\n"
    assert "promises 8,000 bytes of numbers and holds 0" in refusal(tmp_path, case)


def test_observed_numbers_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    sparse_file(tmp_path / "seen.npy", (2**37,), "<f4")
    problem = ("--loss", "binary", "--logits", "[1.0]", "--labels", "[1]")
    done = xent_check(tmp_path, "eval", *problem, "--observed", "@seen.npy")
    assert done.code == 2
    assert "--observed: shape [137438953472] needs 25,600.0 GiB" in done.err


def run_of(tmp_path: Path, cases: int, names: tuple[str, ...], jobs: int | None) -> Any:
    """What a run says before it hands anything out: cases of 1,000,000 elements each."""
    sparse_file(tmp_path / "x.npy", (10**6,), "<f4")
    text = "loss: binary\nlogits: {file: x.npy}\nlabels: {file: x.npy}\n"
    for number in range(cases):
        (tmp_path / f"case{number}.yaml").write_text(text)
    chosen = tuple(map(parse, names))
    return Session(Settings((str(tmp_path),), chosen=chosen, jobs=jobs))


@pytest.mark.parametrize(("cases", "names"), [(1, ("stable", "manual")), (3, ("stable",))])
def test_a_run_counts_every_case_and_every_answer(
    cases: int, names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers, worker = 10**6, WORKER * 4 * 2 * 10**6
    needed = cases * numbers * (TRUTH + len(names) * ANSWER) + numbers * COMPARISON + worker
    with run_of(tmp_path, cases, names, None) as session:
        posed_cases = load([str(tmp_path)], Filter())
        monkeypatch.setattr("xent_check.casefile.memory.available_bytes", lambda: needed)
        require_memory(posed_cases, session.implementations_of, None)
        monkeypatch.setattr("xent_check.casefile.memory.available_bytes", lambda: needed - 1)
        with pytest.raises(CaseFileError, match=r"logits: .* the run needs .*\(-i\)"):
            require_memory(posed_cases, session.implementations_of, None)
