"""What a caller from Python says of a loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.fakes import declared
from xent_check import assert_agrees, check

Array = Any
LOGITS = np.array([[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]], dtype=np.float32)
CASE: dict[str, Any] = {"logits": LOGITS, "labels": np.array([0, 1])}


class Mesh:
    """An object that no file could hold."""


def sharded(y: Array, x: Array, mesh: Mesh, classes: int) -> Array:
    """The mean."""
    assert isinstance(mesh, Mesh)
    assert classes == x.shape[-1]
    return declared.broken(x, y).mean(dtype=x.dtype)


SAID: dict[str, Any] = {
    "returns": "mean",
    "map": {"y": "labels", "x": "logits"},
    "set": {"mesh": Mesh(), "classes": "num_classes"},
}


def test_what_is_said_of_a_loss_counts() -> None:
    assert_agrees(sharded, **CASE, **SAID)
    report = check(sharded, **CASE, **SAID)
    assert str(report).startswith(
        "sharded gets numpy arrays; declared: returns mean, map y=labels x=logits, set\n"
        "mesh=Mesh classes=num_classes\n"
    )
    (wrong,) = check(sharded, **CASE, **{**SAID, "returns": "losses"}).results
    assert wrong.status == "diverges"
    assert wrong.reason is not None
    assert wrong.reason.startswith("losses of shape [], samples [2]")


def test_what_is_built_in_is_asked_of_its_own_cases_alone() -> None:
    said: dict[str, Any] = {"fixed": {"label_smoothing": 0.1}}
    assert_agrees(declared.smoothed, **CASE, label_smoothing=0.1, **said)
    (result,) = check(declared.smoothed, **CASE, **said).results
    assert (result.status, result.reason) == ("unsupported", "it has label_smoothing 0.1 built in")
    with pytest.raises(AssertionError, match=r"label_smoothing 0\.1 built in"):
        assert_agrees(declared.smoothed, **CASE, **said)


@pytest.mark.filterwarnings("ignore:.*would accept")
def test_a_promise_is_held_to() -> None:
    stream = np.random.RandomState(0)
    rows = (stream.standard_normal((33, 300)) * 5).astype(np.float16)
    case: dict[str, Any] = {
        "logits": rows,
        "labels": stream.randint(0, 300, 33),
        "tolerance": "auto",
    }
    assert_agrees(declared.broken, **case)
    assert_agrees(declared.kept, **case, compute="float32")
    with pytest.raises(AssertionError, match="and not in the promised float32"):
        assert_agrees(declared.broken, **case, compute="float32")


def test_a_promise_that_a_tolerance_passes_over_is_said_to_count_for_nothing() -> None:
    half: dict[str, Any] = {"logits": LOGITS.astype(np.float16), "labels": np.array([0, 1])}
    said = "its promise of float32 counts under the tolerance auto alone"
    assert said in " ".join(str(check(declared.broken, **half, compute="float32")).split())
    report = check(declared.broken, **half, compute="float32", tolerance="auto")
    assert said not in " ".join(str(report).split())


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"returns": "maen"}, r"^check\(\): returns: 'maen'; allowed: losses, .*mean 'mean'\?$"),
        ({"map": {"y": "label"}}, r"^check\(\): map\.y: 'label'; .*did you mean 'labels'\?$"),
        ({"map": {"z": "labels"}}, "sharded has no parameter 'z'; it has y, x, mesh, classes"),
        ({"fixed": {"padding": 1}}, "fixed.padding: unknown option; allowed: class_axis, "),
        ({"set": 3}, "set: 3; allowed: a table"),
        ({"compute": "half"}, "compute: 'half'; allowed: float32, float64"),
    ],
)
def test_a_mistake_is_a_value_error_at_once(said: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        check(sharded, **CASE, **said)
