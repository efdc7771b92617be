"""A folder with a function of the user's own, cases and a baseline, for tests of the gate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.command import Done, xent_check

CASES = """\
defaults:
  loss: sparse_categorical
  logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3], [-1.0, 0.0, 4.0]]
cases:
  - {name: first, labels: [0, 1, 1]}
  - {name: second, labels: [1, 1, 1]}
"""
LOSS = """\
import numpy as np

def loss(logits, labels):
    x = logits - logits.max(-1, keepdims=True)
    losses = np.log(np.exp(x).sum(-1)) - np.take_along_axis(x, labels[:, None], -1)[:, 0]
    {planted}
    return losses
"""
NOTHING = "pass"
ONE_BIT = "losses[1] = np.nextafter(losses[1], np.float32(9))"
BEYOND = "losses[1] += np.float32(0.001)"
FURTHER = "losses[1] += np.float32(0.002)"
NAN = "losses[1] = np.nan"
ERROR = "raise IndexError('no such class')"
NAME = "mine.py:loss"


@dataclass(frozen=True)
class Place:
    """A folder with case files, the user's function and a baseline."""

    folder: Path

    def plant(self, planted: str) -> None:
        (self.folder / "mine.py").write_text(LOSS.format(planted=planted))

    def command(self, *arguments: str) -> Done:
        return xent_check(self.folder, *arguments)

    def accept(self, *arguments: str) -> Done:
        return self.command("accept", "c.yaml", "-i", NAME, "--baseline", "base.json", *arguments)

    def run(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """The exit code and the JSON report."""
        gate = ("--baseline", "base.json", "--report", "json")
        done = self.command("run", "c.yaml", "-i", NAME, *gate, *arguments)
        return done.code, done.json

    def changes(self, *arguments: str) -> tuple[int, dict[str, str]]:
        """The exit code, and the kind of change by case; what is the same is not there."""
        code, report = self.run(*arguments)
        changes = report["baseline"]["changes"]
        return code, {c["case"].removeprefix("c.yaml::"): c["kind"] for c in changes}

    @property
    def baseline(self) -> str:
        return (self.folder / "base.json").read_text(encoding="utf-8")
