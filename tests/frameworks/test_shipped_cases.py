"""The shipped corpus through the real command, with the frameworks installed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

import pytest
from site_pages import answers, forum


@pytest.mark.parametrize(
    "folders",
    [
        ("corpus:behaviour", "corpus:forum", "corpus:options"),
        pytest.param(("corpus:language_models", "corpus:found"), marks=pytest.mark.long),
    ],
    ids=len,
)
def test_the_shipped_cases_all_agree_or_are_declared(folders: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "xent_check", "run", *folders, "--report", "json"]
    for name in ("keras", "tf", "torch", "jax", "optax"):
        command += ["--require", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads(done.stdout)["results"]
    if "corpus:forum" in folders:
        _assert_forum_pages_are_true(
            {(r["case"], r["implementation"]): r["status"] for r in results}
        )


def _assert_forum_pages_are_true(status: dict[tuple[str, str], str]) -> None:
    """Who is said there to give the exact value does, and who is said to be unable is."""
    for posed in answers.cases("forum"):
        for name in forum.agreeing(posed):
            assert status[posed.case.id, name] == "agrees"
        for name in forum.unable(posed):
            assert status[posed.case.id, name] == "unsupported"


@pytest.mark.long
@pytest.mark.parametrize(
    ("names", "level"), [(("keras", "tf", "torch", "jax", "optax"), "quick"), (("torch",), "full")]
)
def test_a_framework_passes_the_conformance_cases_or_its_departure_is_declared(
    names: tuple[str, ...], level: str
) -> None:
    command = [sys.executable, "-m", "xent_check", "run", "corpus:conformance", "--level", level]
    command += ["--timeout", "600", "-q"]
    for name in names:
        command += ["-i", name, "--require", name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.long
def test_a_framework_s_own_function_by_its_name_agrees_or_its_departure_is_declared() -> None:
    """Not optax's, whose every shape is compiled anew there: `optax` asks it."""
    command = [sys.executable, "-m", "xent_check", "run", "corpus:", "--report", "json"]
    names = (
        "torch.nn.functional:cross_entropy",
        "keras.losses:sparse_categorical_crossentropy",
        "keras.losses:SparseCategoricalCrossentropy",
        "tensorflow.nn:sparse_softmax_cross_entropy_with_logits",
    )
    done = subprocess.run(
        [*command, *(part for name in names for part in ("-i", name))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)["results"]
    for name in names:
        found = Counter(r["status"] for r in results if r["implementation"] == name)
        assert found.keys() == {"agrees", "known", "unsupported"}
        assert found["agrees"] > 100
