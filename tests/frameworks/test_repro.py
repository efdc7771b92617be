"""Every script of the shipped corpus runs as written and shows what the report shows."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest

from xent_check.casefile.loading import Filter, PosedCase, load
from xent_check.casefile.paths import corpus
from xent_check.implementations.names import Implementation
from xent_check.problem.evaluation import Computed, Failed
from xent_check.reporters.repro import script
from xent_check.results.report import CaseResult
from xent_check.running.jobs import Job, implementations_of
from xent_check.running.run import run
from xent_check.workers.pool import Pool

pytestmark = pytest.mark.long

# Runs scripts one after the other, each in a namespace of its own, as JAX is before any of them.
RUNNER = """
import contextlib, io, json, sys
from pathlib import Path

told = {}
for file in sorted(Path(sys.argv[1]).glob("*.py")):
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", False)
    out, error = io.StringIO(), ""
    with contextlib.redirect_stdout(out):
        try:
            exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), {})
        except BaseException as raised:
            text = " ".join(str(raised).split())
            error = f"{type(raised).__name__}: {text}" if text else type(raised).__name__
    told[file.stem] = (out.getvalue(), error)
Path(sys.argv[2]).write_text(json.dumps(told))
"""
COMPILED_ONCE = {  # as the workers have it
    "JAX_COMPILATION_CACHE_DIR": str(Path(platformdirs.user_cache_dir("xent-check")) / "jax"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
NUMBER = re.compile(r"^(\w+)(?:\[([\d, ]+)\])?: (\S+)  exact: ", re.MULTILINE)


@dataclass(frozen=True, eq=False)
class Shown:
    """What a script printed, and what it ended in."""

    implementation: Implementation
    result: CaseResult
    printed: str
    error: str


@pytest.fixture(scope="module")
def results() -> list[tuple[PosedCase, Implementation, CaseResult]]:
    """The corpus without that of conformance, by its own implementations and the default ones."""
    folders = [str(corpus() / name) for name in ("behaviour", "forum", "options")]
    posed_cases = load(folders, Filter())
    by_key = {(s.case.id, i.name): (s, i) for s in posed_cases for i in implementations_of(s, None)}
    with Pool[Job]([], None) as pool:
        found = list(run(posed_cases, None, pool, timeout=120))
    return [
        (*by_key[key], result)
        for result in found
        if (key := (result.case.id, result.implementation)) in by_key
    ]


@pytest.fixture(scope="module")
def shown(
    results: list[tuple[PosedCase, Implementation, CaseResult]],
    tmp_path_factory: pytest.TempPathFactory,
) -> list[Shown]:
    """Every script of what was computed or raised, run in a process per framework."""
    folder = tmp_path_factory.mktemp("repro")
    written: dict[str, dict[str, tuple[Implementation, CaseResult]]] = defaultdict(dict)
    for number, (posed, implementation, result) in enumerate(results):
        if not isinstance(result.evaluation, Computed | Failed):
            continue
        environment = implementation.environment
        (folder / environment).mkdir(exist_ok=True)
        text = script(posed, implementation, result)
        (folder / environment / f"{number:05}.py").write_text(text, encoding="utf-8")
        written[environment][f"{number:05}"] = (implementation, result)
    processes = {
        name: subprocess.Popen(
            [sys.executable, "-c", RUNNER, str(folder / name), str(folder / f"{name}.json")],
            env={**os.environ, **COMPILED_ONCE},
            stderr=subprocess.DEVNULL,
        )
        for name in written
    }
    assert {name: process.wait() for name, process in processes.items() if process.wait()} == {}
    made = []
    for name in processes:
        told = json.loads((folder / f"{name}.json").read_text())
        made += [Shown(*written[name][stem], *told[stem]) for stem in written[name]]
    return made


def test_every_framework_shows_results_that_were_computed_and_that_raised(
    shown: list[Shown],
) -> None:
    names = {one.implementation.name for one in shown}
    assert names >= {"keras", "tf", "torch", "jax", "optax", "manual", "stable"}
    raised = {one.implementation.name for one in shown if isinstance(one.result.evaluation, Failed)}
    assert raised >= {"torch", "stable"}


def test_a_script_prints_the_losses_and_totals_of_the_report_bit_for_bit(
    shown: list[Shown],
) -> None:
    wrong = []
    for one in shown:
        if one.result.comparison is None:
            continue
        printed = {
            (name, tuple(map(int, index.split(", "))) if index else ()): float(value)
            for name, index, value in NUMBER.findall(one.printed)
        }
        for name, difference in one.result.comparison.by_reference.items():
            numbers = {key: value for key, value in printed.items() if key[0] == name}
            if len(numbers) != min(difference.actual.size, max(len(numbers), 20)):
                wrong.append(f"{_name(one)}: {len(numbers)} of {name} printed; {one.error}")
            wrong += [
                f"{_name(one)}: {name} {list(index)} is {value!r}, {difference.actual[index]!r}"
                for (_, index), value in numbers.items()
                if not _same(value, float(difference.actual[index]))
            ]
    assert wrong == [], "\n".join(wrong)


def test_a_script_ends_as_the_report_says(shown: list[Shown]) -> None:
    wrong = []
    for one in shown:
        evaluation, comparison = one.result.evaluation, one.result.comparison
        if isinstance(evaluation, Failed):
            fits = _kind(one.error) == _kind(evaluation.message)
        elif comparison is None:
            fits = one.error.startswith("AssertionError: ") and " of shape " in one.error
        elif comparison.agrees_with_reference:
            fits = one.error == "" and one.printed.endswith("\nagrees\n")
        else:
            fits = one.error.startswith("AssertionError: ") and " exactly " in one.error
        if not fits:
            expected = getattr(evaluation, "message", one.result.status)
            wrong.append(f"{_name(one)}: {expected}; the script: {one.error!r}")
    assert wrong == [], "\n".join(wrong)


def test_the_call_of_every_result_is_python(
    results: list[tuple[PosedCase, Implementation, CaseResult]],
) -> None:
    texts: dict[str, str] = {}
    for _, _, result in results:
        evaluation: Any = result.evaluation
        if isinstance(evaluation, Computed | Failed):
            who = f"{result.implementation} on {result.case.id}"
            texts |= {f"{who}: {part}": text for part, text in evaluation.calls.items()}
            texts[who] = evaluation.call
    assert len(texts) > 1000
    assert [who for who, text in texts.items() if not _parses(text)] == []


def _kind(message: str) -> str:
    """An error without its numbers (which of several labels is told, differs from run to run),
    and without the traceback that TensorFlow puts in the message of an error in a graph."""
    return re.sub(r"-?\d+", "N", message.partition("Detected at node")[0])


def _parses(text: str) -> bool:
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


def _same(one: float, other: float) -> bool:
    return one == other or bool(np.isnan(one) and np.isnan(other))


def _name(one: Shown) -> str:
    return f"{one.implementation.name} on {one.result.case.id}"
