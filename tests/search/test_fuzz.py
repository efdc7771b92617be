"""Fuzz: what is drawn is a case, and finds are told apart. No framework is needed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.fake import fake
from xent_check.casefile.in_memory import case_in_memory
from xent_check.cli import group
from xent_check.errors import ExitCode, InvalidError
from xent_check.implementations.names import parse
from xent_check.problem.dtypes import numpy_dtype
from xent_check.problem.options import OPTIONS
from xent_check.problem.vocabulary import DTYPES, LOSSES
from xent_check.results.report import CaseResult
from xent_check.running import run as running
from xent_check.running.cluster import ClusterError
from xent_check.search.fuzzing import fuzz as fuzzing
from xent_check.search.fuzzing.draw import KEYS, Scope, cases, shortest
from xent_check.search.fuzzing.find import Key, size_of, written

DRAWN = settings(
    max_examples=120,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


def test_what_is_drawn_is_a_case_of_every_kind() -> None:
    met, refused = Counter[Any](), list[str]()

    @DRAWN
    @given(cases(Scope()))
    def draw(case: dict[str, Any]) -> None:
        try:
            posed = case_in_memory(written(case, case["dtype"]))
        except InvalidError as error:
            refused.append(str(error))
            return
        met.update([posed.problem.loss, posed.problem.given, posed.problem.dtype])
        met.update(posed.problem.options)

    draw()
    assert len(refused) < 12, refused
    assert {*LOSSES, *DTYPES, "logits", "probs", "log_probs", "hidden"} <= met.keys()


@pytest.mark.parametrize("key", KEYS)
def test_an_option_that_is_asked_for_is_in_every_problem(key: str) -> None:
    scope = Scope(options=(key,))

    @settings(DRAWN, max_examples=5)
    @given(cases(scope))
    def draw(case: dict[str, Any]) -> None:
        needed = {"class_axis", "reduction", "check", "normalize", "weight"}
        others = {o.key for o in OPTIONS} - {key} - needed
        assert key in case
        assert not others & case.keys()

    draw()


def test_no_kind_of_problem_has_options_that_exclude_each_other() -> None:
    assert Scope(options=("pos_weight", "ignore_index")).kinds == []


@given(st.floats(width=32, allow_nan=False), st.sampled_from(("float32", "float64")))
def test_the_shortest_text_gives_the_number_again(number: float, dtype: str) -> None:
    text = shortest(number, dtype)
    value = float(text.replace(".inf", "inf"))
    assert numpy_dtype(dtype).type(value) == number
    assert len(text) <= len(repr(float(np.float64(number)))) + 2
    assert math.copysign(1, value) == math.copysign(1, number) or number != 0


def test_a_smaller_case_is_one_of_fewer_numbers_then_of_shorter_ones() -> None:
    def size(logits: list[list[float]]) -> tuple[int, int]:
        return size_of(written({"loss": "binary", "logits": logits}, "float32"))

    assert size([[1.0, 2.0]]) < size([[0.125, 2.0]]) < size([[0.0, 0.0, 0.0]])


def test_the_name_of_a_find_is_one_of_a_file() -> None:
    key = Key("torch:compile@cuda", "clipped+sum", "losses nan")
    assert key.name == "torch-compile-cuda-clipped-sum-losses-nan"
    assert Path(key.name).name == key.name


def test_a_fuzz_whose_cluster_ends_is_over_and_no_find_is_made_of_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended, asked = ClusterError("it ended"), 0

    def run(*arguments: Any) -> Iterator[CaseResult]:
        nonlocal asked
        asked += 1
        if asked > 3:
            raise ended
        return running.run(*arguments)

    def one_round(fuzzer: Any, turn: int) -> None:
        assert turn == 0
        whole_round(fuzzer, turn)

    whole_round = fuzzing._Fuzzer._round
    monkeypatch.setattr(fuzzing._Fuzzer, "_round", one_round)
    monkeypatch.setattr(fuzzing, "run", run)
    fuzzed = fuzzing.fuzz(fuzzing.Plan((parse("stable"),), Scope(("binary",)), seconds=60.0))
    assert fuzzed.ended is ended
    assert (fuzzed.examples, asked) == (3, 4)
    assert not fuzzed.finds


def test_a_cluster_that_ends_before_anything_was_found_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    outcome = fuzzing.Fuzzed(5, 5, (), None, 1.0, ended=ClusterError("it ended"))
    monkeypatch.setattr(fuzzing, "fuzz", lambda *_: outcome)
    done = CliRunner().invoke(group, ["fuzz", "-i", "stable", "--out", str(tmp_path)])
    assert done.exit_code == ExitCode.FAILED
    assert "it ended" in done.output


@pytest.mark.long
def test_what_was_found_before_ctrl_c_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def progress(_: int, __: object, finds: int) -> None:
        if finds:
            raise KeyboardInterrupt

    wrong, scope = parse(fake("sought", "wrong_far_out")), Scope(("sparse_categorical",))
    fuzzed = fuzzing.fuzz(fuzzing.Plan((wrong,), scope, seconds=60.0, seed=1), progress=progress)
    assert fuzzed.interrupted
    assert fuzzed.finds
    monkeypatch.setattr(fuzzing, "fuzz", lambda *_: replace(fuzzed, finds=()))
    done = CliRunner().invoke(group, ["fuzz", "-i", "stable"], standalone_mode=False)
    assert isinstance(done.exception, KeyboardInterrupt | click.Abort)
