"""The real command in a process of its own."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .fake import CASES, PATIENCE, Family

# What the commands import: a process that has it stands ready, and each command is a fork of it.
_FORKS = multiprocessing.get_context("forkserver") if hasattr(os, "fork") else None
if _FORKS is not None:
    _FORKS.set_forkserver_preload(["tests.support.preloaded"])


@dataclass(frozen=True)
class Done:
    """A finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def xent_check(folder: Path, *arguments: str) -> Done:
    """`xent-check` with these arguments in a folder."""
    done = completed(folder, *arguments)
    return Done(done.returncode, done.stdout, done.stderr)


def completed(
    folder: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The same, in our environment with these variables."""
    return _ended(folder, arguments, {**os.environ, **environment})


def as_typed(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same; what goes to standard error is in `stdout`, in its place."""
    return _ended(folder, arguments, {**os.environ, **environment}, together=True)


def _ended(
    folder: Path, arguments: tuple[str, ...], variables: Mapping[str, str], together: bool = False
) -> subprocess.CompletedProcess[str]:
    """`xent-check` that has ended, with this environment alone.

    XENT_CHECK_FRESH starts Python anew each time: where the package's files change meanwhile, or
    what Python reads as it starts.
    """
    if _FORKS is None or "XENT_CHECK_FRESH" in variables:
        line = [sys.executable, "-m", "xent_check", *arguments]
        pipe = subprocess.PIPE
        done = subprocess.run(
            line, cwd=folder, env=variables, timeout=PATIENCE, check=False,
            stdout=pipe, stderr=subprocess.STDOUT if together else pipe,
        )  # fmt: skip
        texts = (done.stdout.decode(), "" if together else done.stderr.decode())
        return subprocess.CompletedProcess(arguments, done.returncode, *texts)
    with tempfile.TemporaryDirectory() as temporary:
        out, err = Path(temporary, "out"), Path(temporary, "out" if together else "err")
        process = _FORKS.Process(target=_command, args=(folder, arguments, out, err, variables))
        process.start()
        process.join(PATIENCE)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"xent-check {' '.join(arguments)}")
        texts = (out.read_bytes().decode(), "" if together else err.read_bytes().decode())
        return subprocess.CompletedProcess(arguments, process.exitcode, *texts)


def _command(
    folder: Path, arguments: tuple[str, ...], out: Path, err: Path, environment: Mapping[str, str]
) -> None:
    """The command's `main`, with standard streams and an environment of its own."""
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # read TMPDIR again
    os.chdir(folder)
    for number, file in ((1, out), (2, err)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    for stream in (sys.stdout, sys.stderr):
        assert isinstance(stream, io.TextIOWrapper)
        stream.reconfigure(encoding="utf-8")
    sys.argv = ["xent-check", *arguments]
    from xent_check.cli import main

    main()


class Command:
    """`python -m xent_check run` on three small cases, or on other paths."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cases = folder / "cases.yaml"
        self.cases.write_text(CASES)
        self.mark = folder / "mark"
        self.family = Family()
        self.environment = {**self.family.environment, "XENT_CHECK_MARK": str(self.mark)}
        self.environment |= {"PYTHONPATH": os.getcwd(), "COLUMNS": "100"}
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.environment["TMPDIR"] = str(self.temporary)
        self.environment.pop("NO_COLOR", None)

    def line(self, *arguments: str, paths: tuple[str, ...] = ("cases.yaml",)) -> list[str]:
        return [sys.executable, "-m", "xent_check", "run", *paths, *arguments]

    def run(
        self, *arguments: str, paths: tuple[str, ...] = ("cases.yaml",), **settings: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run it to its end; nothing it started may be left then.

        With settings of `subprocess.run` it is that, a Python started anew.
        """
        if settings:
            done = self._started(*arguments, paths=paths, **settings)
        else:
            done = _ended(self.folder, ("run", *paths, *arguments), self.environment)
        self.assert_nothing_is_left()
        assert "Traceback" not in f"{done.stdout}{done.stderr}", done.stderr
        assert "this is a bug" not in f"{done.stderr}"
        return done

    def _started(
        self, *arguments: str, paths: tuple[str, ...], **settings: Any
    ) -> subprocess.CompletedProcess[str]:
        pipe = subprocess.PIPE
        settings = {"stdout": pipe, "stderr": pipe, "encoding": "utf-8", **settings}
        return subprocess.run(
            self.line(*arguments, paths=paths),
            cwd=self.folder,
            env=self.environment,
            timeout=PATIENCE,
            check=False,
            **settings,
        )

    def report(self, *arguments: str, paths: tuple[str, ...] = ("cases.yaml",)) -> Any:
        """Its JSON report; `exit_code` within it is the one it ended with."""
        done = self.run("--report", "json", *arguments, paths=paths)
        report = json.loads(done.stdout)
        assert report["summary"]["exit_code"] == done.returncode
        return report

    def assert_nothing_is_left(self) -> None:
        """No process of its, and no temporary file."""
        assert self.family.is_gone(), self.family.members()
        assert not list(self.temporary.iterdir())

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start it, as a shell does: leading a process group of its own."""
        return subprocess.Popen(
            self.line(*arguments),
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            process_group=0,
        )
