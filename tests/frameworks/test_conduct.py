"""The further checks of a case, of frameworks and of losses that take their arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import xent_check
from tests.support.fake import fake

pytestmark = pytest.mark.long
CASES = """\
defaults:
  loss: sparse_categorical
  logits: [[1.0, 2.0, 3.0], [4.0, 1.0, 0.5], [0.5, 0.25, -1.0]]
  labels: [0, 2, 1]
  check: [value, gradient, inputs, repeatable, batch]
  tolerance: auto
cases:
  - {name: plain}
  - {name: scaled, cotangent: [1.0, 0.5, -2.0], sample_weight: [1.0, 2.0, 0.5]}
  - {name: one, logits: [[1.0, 2.0, 3.0]], labels: [1]}
"""


def found(folder: Path, *names: str) -> dict[tuple[str, str], Any]:
    """Of each case and implementation the status, what further checks found, and of each of them
    what became of it."""
    (folder / "cases.yaml").write_text(CASES)
    arguments = [argument for name in names for argument in ("-i", name)]
    done = xent_check(folder, "run", "cases.yaml", *arguments, "--report", "json=r.json")
    assert done.code in (0, 1), done.err
    results = json.loads((folder / "r.json").read_text(encoding="utf-8"))["results"]
    return {
        (r["case"].partition("::")[2], r["implementation"].rpartition(":")[2]): (
            r["status"],
            [e["id"] for e in r["explanation"] or ()],
            {name: check["status"] for name, check in r.get("conduct", {}).items()},
        )
        for r in results
    }


def test_no_framework_does_what_it_should_not(tmp_path: Path) -> None:
    names = ("keras", "tf", "torch", "jax", "optax", "torch.nn.functional:cross_entropy")
    made = {"inputs": "agrees", "repeatable": "agrees", "batch": "agrees"}
    for key, answer in found(tmp_path, *names).items():
        assert answer in (("agrees", [], made), ("unsupported", [], {})), (key, answer)


def test_what_a_torch_loss_does_in_its_forward_and_backward_is_found(tmp_path: Path) -> None:
    names = ("fused", "in_backward", "cotangent", "noisy_backward")
    answers = found(tmp_path, *(fake("conduct_torch", name) for name in names))
    for name in ("fused", "in_backward"):
        assert answers["plain", name][:2] == ("diverges", ["input-overwritten"])
        assert answers["one", name][:2] == ("diverges", ["input-overwritten"])
    assert answers["plain", "cotangent"][0] == "agrees"
    assert answers["plain", "noisy_backward"][:2] == ("diverges", ["not-repeatable"])


def test_a_jax_loss_that_gives_its_scores_away_destroys_them(tmp_path: Path) -> None:
    answers = found(tmp_path, fake("own_jax", "donating"))
    assert {(status, *ids) for status, ids, _ in answers.values()} <= {
        ("diverges", "input-overwritten"), ("unsupported",)
    }  # fmt: skip
    assert answers["one", "donating"][1] == ["input-overwritten"]
