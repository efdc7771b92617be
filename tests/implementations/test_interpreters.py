"""Another interpreter: how it is found, what is said of what is none, and what runs in it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from tests.support.command import Command
from tests.support.environments import NUMPY, environment
from tests.support.fake import CASES, LOSSES, PATIENCE, PROBLEM, fake
from xent_check.errors import InvalidError
from xent_check.implementations import interpreters
from xent_check.implementations.interpreters import interpreter, located
from xent_check.implementations.names import parse, why_missing
from xent_check.implementations.placement import pythons_of
from xent_check.problem.evaluation import Computed, Evaluation, Failed, Unsupported
from xent_check.problem.expectation import REFERENCE
from xent_check.problem.problem import Problem
from xent_check.results.report import Report
from xent_check.running.session import check
from xent_check.running.settings import Settings
from xent_check.workers.pool import Pool
from xent_check.workers.wire import encode_problem
from xent_check.workers.worker import Request


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """NumPy alone, which calls itself 1.99; no ml_dtypes. Its path needs care."""
    folder = tmp_path_factory.mktemp("python") / "it's a=b c"
    return environment(folder, *NUMPY, numpy="1.99.0")


def python(bare: Path) -> str:
    return str(bare / "bin" / "python")


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path)
    yield command
    for process in command.family.members():
        process.kill()


ALLOWED = "a Python, or the folder of a virtual environment"


# ---- how it is found -----------------------------------------------------------------------


def test_a_virtual_environments_python_is_not_followed_to_what_it_links_to(bare: Path) -> None:
    assert os.path.islink(located(str(bare)))


def test_a_relative_path_and_a_command_are_found(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bare)
    assert located("bin/python") == python(bare)
    assert located(".") == python(bare)
    monkeypatch.setenv("PATH", str(bare / "bin"))
    monkeypatch.chdir("/")
    assert located("python") == python(bare)


def script(path: Path, *lines: str) -> str:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return str(path)


def test_what_is_no_python_is_told_and_run_with_no_side_effect(tmp_path: Path) -> None:
    for path, why in (
        ("/bin/sh", "it exited with code 2; its last words: .*"),
        ("/bin/ls", "it exited with code 2; its last words: .*"),
        (script(tmp_path / "quiet"), "it exited with code 0"),
        (script(tmp_path / "noisy", "echo hello"), "it exited with code 0"),
        (script(tmp_path / "lying", "echo '[]'"), "it exited with code 0"),
    ):
        with pytest.raises(InvalidError, match=f"is no Python \\({why}\\)"):
            interpreter(path)
    (tmp_path / "quiet").chmod(0o644)
    with pytest.raises(InvalidError, match="Permission denied"):
        interpreter(str(tmp_path / "quiet"))


def test_one_that_does_not_answer_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interpreters, "_PATIENCE", 0.2)
    with pytest.raises(InvalidError, match=r"no answer after 0\.2 s"):
        interpreter(script(tmp_path / "slow", "exec sleep 60"))


def test_an_old_python_is_told_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(InvalidError) as caught:
        interpreter(script(tmp_path / "old", """echo '{"version": [3, 9, 18]}'"""))
    (mistake,) = caught.value.mistakes
    assert mistake.fault.endswith("old is Python 3.9.18")
    assert mistake.allowed == "Python 3.10 or newer"


def test_what_it_prints_at_its_start_does_no_harm(bare: Path, tmp_path: Path) -> None:
    loud = script(tmp_path / "loud", "echo hello", f'exec "{python(bare)}" "$@"')
    assert interpreter(loud).versions["numpy"] == "1.99.0"


# ---- what runs in it --------------------------------------------------------------------------


def ask(bare: Path, name: str, problem: Problem = PROBLEM, timeout: float = PATIENCE) -> Evaluation:
    """The answer of an implementation there."""
    implementation = replace(parse(name), python=python(bare))
    with Pool[int]([implementation], None) as pool:
        message = encode_problem(problem, Path(pool.folder.name))
        mode = implementation.function or implementation.mode
        request = Request(implementation.entry.module, mode, "cpu", message)
        pool.submit([(implementation, 0, request)], timeout)
        ((_, answer),) = pool.answers()
        return answer


@pytest.mark.parametrize("name", ["manual", "stable", fake("answering", "right")])
def test_it_needs_numpy_alone(name: str, bare: Path) -> None:
    answer = ask(bare, name)
    assert isinstance(answer, Computed), answer
    assert [float(loss) for loss in answer.losses] == pytest.approx(LOSSES, abs=1e-6)


SNOOP = """
import json, os, sys
def snoop(logits, labels):
    print(json.dumps({
        "executable": sys.executable, "path": sys.path, "modules": sorted(sys.modules),
        "environment": dict(os.environ),
    }))
    return logits[:, 0]
"""


def test_nothing_of_our_own_interpreter_reaches_it(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "snooping.py").write_text(SNOOP)
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('of another Python')")
    (tmp_path / "ml_dtypes.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("VIRTUAL_ENV", "/ours")
    answer = ask(bare, f"{tmp_path / 'snooping.py'}:snoop")
    assert isinstance(answer, Computed), answer
    seen = json.loads(answer.printed)
    assert seen["executable"] == python(bare)
    assert not {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"} & set(seen["environment"])
    ours = [path for path in sys.path if "site-packages" in path]
    assert not set(ours) & set(seen["path"])
    loaded = {name.partition(".")[0] for name in seen["modules"]}
    assert "xent_check" in loaded
    assert not loaded & {
        "pydantic", "click", "rich", "ml_dtypes", "execnet", "psutil", "packaging", "yaml",
        "flint",
    }  # fmt: skip


def test_another_release_of_this_package_there_is_not_used(tmp_path: Path) -> None:
    folder = environment(tmp_path / "with-ours", *NUMPY)
    (there,) = folder.glob("lib/python*/site-packages")
    (there / "xent_check").mkdir()
    (there / "xent_check" / "__init__.py").write_text("raise SystemExit('another release')")
    assert isinstance(ask(folder, "manual"), Computed)


def test_a_large_array_goes_there_and_back(bare: Path) -> None:
    values = np.zeros((2**19, 3), dtype=np.float32)  # 6 MiB, and 2 MiB of losses
    problem = replace(PROBLEM, values=values, labels=np.zeros(2**19, dtype=np.int64))
    answer = ask(bare, "stable", problem)
    assert isinstance(answer, Computed), answer
    np.testing.assert_allclose(answer.losses, np.log(3), rtol=1e-6)


@pytest.mark.parametrize("name", ["manual", "stable", fake("answering", "right")])
def test_bfloat16_without_ml_dtypes_is_no_numbers_of_numpy(name: str, bare: Path) -> None:
    values = PROBLEM.values.astype(ml_dtypes.bfloat16)
    answer = ask(bare, name, replace(PROBLEM, values=values, dtype="bfloat16"))
    assert isinstance(answer, Unsupported), answer
    assert "ml_dtypes" in answer.reason


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        (fake("dying", "segfaults"), "crash", "SIGSEGV"),
        (fake("hanging", "sleeps"), "timeout", "no answer after 2 s"),
        (fake("no_such_file", "f"), "import", "no file"),
    ],
)
def test_it_fails_as_visibly_as_our_own(name: str, kind: str, words: str, bare: Path) -> None:
    answer = ask(bare, name, timeout=2 if kind == "timeout" else PATIENCE)
    assert isinstance(answer, Failed)
    assert answer.kind == kind
    assert words in answer.message


def test_what_cannot_be_loaded_there_is_told_with_its_interpreter(tmp_path: Path) -> None:
    folder = environment(tmp_path / "broken")
    (there,) = folder.glob("lib/python*/site-packages")
    (there / "numpy.py").write_text("raise RuntimeError('half installed')")
    answer = ask(folder, "manual")
    assert isinstance(answer, Failed)
    assert answer.kind == "import"
    assert python(folder) in answer.message
    assert "half installed" in answer.message


def test_what_is_missing_there_is_told_with_the_command_that_adds_it(
    bare: Path, tmp_path: Path
) -> None:
    told = why_missing(replace(parse("optax"), python=python(bare)))
    assert told is not None
    assert told.startswith(f"jax and optax not installed in {python(bare)}: '")
    assert told.endswith(" -m pip install jax optax")
    empty = environment(tmp_path / "empty")
    told = why_missing(replace(parse("manual"), python=python(empty)))
    assert told is not None
    assert "numpy not installed" in told
    assert why_missing(replace(parse("manual"), python=python(bare))) is None


# ---- a run ------------------------------------------------------------------------------------


Run = Callable[..., Report]


@pytest.fixture
def run(tmp_path: Path, bare: Path) -> Run:
    """`check` on case files of this text, `manual[old]` in the bare environment."""

    def run(text: str, *names: str) -> Report:
        (tmp_path / "cases.yaml").write_text(text)
        pythons = pythons_of([f"manual[old]={bare}"])
        chosen = tuple(parse(name, pythons) for name in names)
        paths = (str(tmp_path / "cases.yaml"),)
        return check(Settings(paths, chosen=chosen or None, pythons=pythons), lambda *_: None)

    return run


def test_both_stand_in_one_report_with_their_own_versions(run: Run, bare: Path) -> None:
    report = run(CASES, "stable", "manual")
    assert report.implementations == (REFERENCE, "manual", "manual[old]", "stable")
    assert report.counts == {"agrees": 9}
    there = report.hosts["manual[old]"]
    assert there.version == "1.99.0" != report.hosts["manual"].version
    assert there.python.endswith(f" at {python(bare)}")
    assert report.hosts["manual"].python == ""


def test_it_runs_beside_what_a_case_lists(run: Run) -> None:
    report = run(CASES.replace("defaults:", "defaults:\n  implementations: [manual]"))
    assert report.implementations == (REFERENCE, "manual", "manual[old]")


def test_it_can_run_alone(run: Run) -> None:
    assert run(CASES, "manual[old]").implementations == (REFERENCE, "manual[old]")


def test_one_that_nothing_runs_in_is_a_warning(run: Run) -> None:
    assert run(CASES, "stable").warnings == ("--python manual[old]: nothing runs there",)


KNOWN = """\
loss: sparse_categorical
logits: [[2.0, 1.0, 0.1]]
labels: [0]
expect:
  manual:
    - {losses: [9.0], because: it is said of the old release, versions: "<2"}
"""


def test_what_is_expected_is_held_against_the_version_that_ran(run: Run) -> None:
    statuses = {r.implementation: r.status for r in run(KNOWN, "manual").results}
    assert statuses == {"manual": "agrees", "manual[old]": "diverges"}


def test_a_required_framework_that_is_not_there_is_exit_4(command: Command, bare: Path) -> None:
    report = command.report(
        *("-i", "manual", "-i", "optax[old]", "--python", f"optax[old]={bare}"),
        *("--require", "optax[old]"),
    )
    assert report["summary"]["exit_code"] == 4
    missing = [r for r in report["results"] if r["status"] == "missing"]
    assert {r["implementation"] for r in missing} == {"optax[old]"}
    assert all(python(bare) in r["reason"] for r in missing)


def test_a_wrong_path_is_exit_2_before_anything_runs(command: Command) -> None:
    done = command.run("--python", "torch[old]=/nope")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.endswith(f"Error: --python: no file /nope; allowed: {ALLOWED}\n")
