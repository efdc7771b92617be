"""What declares `not-repeatable` declares other last bits, and nothing that is worse."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.command import xent_check
from xent_check.errors import ExitCode

CASE = """
logits: [[1.0, 2.0, 3.0], [0.5, 0.5, 0.5]]
loss: sparse_categorical
labels: [0, 1]
check: [value, repeatable]
"""
DECLARED = 'expect: {"l.py:loss": {conduct: not-repeatable, because: atomic adds}}\n'
LOSS = """
import numpy as np
calls = {{}}
def loss(logits, labels):
    s = logits - logits.max(-1, keepdims=True)
    losses = np.log(np.exp(s).sum(-1)) - s[np.arange(len(labels)), labels]
    key = logits.tobytes()
    calls[key] = calls.get(key, 0) + 1
    if logits.shape == (2, 3) and logits[0, 0] == 1 and calls[key] % 2 == 0:
        {}
    return losses
"""
LAST_BIT = "losses = np.nextafter(losses, np.float32(9))"
WORSE = ["losses = losses * np.float32(-1e6)", "losses = losses * np.nan", "losses = losses[:1]",
         "raise RuntimeError('illegal memory access')"]  # fmt: skip


@pytest.mark.parametrize("by_baseline", [False, True], ids=["expect", "baseline"])
def test_worse_than_what_is_declared_is_new(tmp_path: Path, by_baseline: bool) -> None:
    (tmp_path / "c.yaml").write_text(CASE + DECLARED * (not by_baseline))
    (tmp_path / "l.py").write_text(LOSS.format(LAST_BIT))
    run = ("run", "c.yaml", "-i", "l.py:loss", *(("--baseline", "b") if by_baseline else ()))
    if by_baseline:
        because = ("--baseline", "b", "--because", "atomic adds")
        assert xent_check(tmp_path, "accept", *run[1:4], *because).code == ExitCode.AGREES
    assert xent_check(tmp_path, *run).code == ExitCode.AGREES
    for worse in WORSE:
        (tmp_path / "l.py").write_text(LOSS.format(worse))
        done = xent_check(tmp_path, *run)
        assert (worse, done.code) == (worse, ExitCode.DIVERGES), done.out


ALONE = """
import numpy as np
def loss(logits, labels):
    s = logits - logits.max(-1, keepdims=True)
    losses = np.log(np.exp(s).sum(-1)) - s[np.arange(len(labels)), labels]
    return losses + np.float32(1e-3 if len(labels) == 1 else 0)
"""


def test_what_batch_found_is_of_its_tolerance(tmp_path: Path) -> None:
    """A sample alone is 1e-3 off. Judged where less is allowed, that is not known any more."""
    (tmp_path / "c.yaml").write_text(CASE.replace("repeatable", "batch"))
    (tmp_path / "l.py").write_text(ALONE)
    run = ("run", "c.yaml", "-i", "l.py:loss")
    for tolerance, code in (("0.01", ExitCode.AGREES), ("1e-6", ExitCode.DIVERGES)):
        saved = ("--tolerance", tolerance, "--report", f"json={tolerance}.json")
        assert xent_check(tmp_path, *run, *saved).code == code
    why = "batch not compared: it was checked under another tolerance"
    for tolerance in ("1e-6", "auto"):
        judged = xent_check(tmp_path, "judge", "0.01.json", "--tolerance", tolerance)
        assert why in " ".join(judged.out.split())
    looser = xent_check(tmp_path, "judge", "0.01.json", "--tolerance", "0.1")
    assert (looser.code, why in looser.out) == (ExitCode.AGREES, False)
    stricter = xent_check(tmp_path, "judge", "1e-6.json", "--tolerance", "1e-7")
    assert stricter.code == ExitCode.DIVERGES
    assert "depends on the other rows" in " ".join(stricter.out.split())
