"""The real command in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.fake import CASES, PATIENCE, Family


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
    done = subprocess.run(
        [sys.executable, "-m", "xent_check", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return Done(done.returncode, done.stdout, done.stderr)


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
        """Run it to its end; nothing it started may be left then."""
        pipe = subprocess.PIPE
        settings = {"stdout": pipe, "stderr": pipe, "encoding": "utf-8", **settings}
        done = subprocess.run(
            self.line(*arguments, paths=paths),
            cwd=self.folder,
            env=self.environment,
            timeout=PATIENCE,
            check=False,
            **settings,
        )
        self.assert_nothing_is_left()
        assert "Traceback" not in f"{done.stdout}{done.stderr}", done.stderr
        assert "this is a bug" not in f"{done.stderr}"
        return done

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
