"""`-x` beside a baseline: what was accepted stops nothing, and what was stopped is no success."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import xent_check
from xent_check.errors import ExitCode

CASES = """
defaults: {loss: sparse_categorical, logits: [[1.0, 2.0, 3.0]]}
cases:
  - {name: accepted, labels: [0]}
  - {name: other, labels: [1]}
"""
LOSS = """
import numpy as np
def loss(logits, labels):
    s = logits - logits.max(-1, keepdims=True)
    losses = np.log(np.exp(s).sum(-1)) - s[np.arange(len(labels)), labels]
    is_ours = logits.shape == (1, 3) and logits[0, 0] == 1
    return losses + np.float32({}[labels[0]] if is_ours else 0)
"""
RUN = ("run", "c.yaml", "-i", "l.py:loss", "-q")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "c.yaml").write_text(CASES)
    (tmp_path / "l.py").write_text(LOSS.format("{0: 0.001, 1: 0.0}"))
    accepted = xent_check(
        tmp_path, "accept", "c.yaml", "-i", "l.py:loss", "--baseline", "b", "--because", "known"
    )
    assert accepted.code == ExitCode.AGREES
    return tmp_path


@pytest.mark.parametrize("stop", [("-x",), ("--max-fail", "1")])
def test_an_accepted_divergence_does_not_stop_a_gated_run(
    folder: Path, stop: tuple[str, ...]
) -> None:
    done = xent_check(folder, *RUN, "--baseline", "b", *stop)
    assert done.code == ExitCode.AGREES
    assert "2 answers" in done.out
    assert "stopped" not in done.out
    (folder / "l.py").write_text(LOSS.format("{0: 0.001, 1: 50.0}"))
    done = xent_check(folder, *RUN, "--baseline", "b", *stop)
    assert done.code == ExitCode.DIVERGES
    assert "1 newly diverging" in done.out


def test_a_stopped_run_is_no_success_however_it_is_judged(folder: Path) -> None:
    xent_check(folder, *RUN, "-x", "--report", "json=r.json")
    for how in (("--tolerance", "0.01"), ("--baseline", "b")):
        judged = xent_check(folder, "judge", "r.json", *how)
        assert judged.code == ExitCode.NOTHING_COMPARED
        assert "the rest was not asked; run it without -x" in judged.out
