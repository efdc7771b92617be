"""What travels between the processes arrives as it was sent."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import execnet
import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest

from tests.support.command import xent_check
from tests.support.fake import PROBLEM
from tests.support.mapped import mapped
from xent_check.problem.conduct import Conduct, Regrouped, Repetition, Unrepeated
from xent_check.problem.dtypes import BITS
from xent_check.problem.evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from xent_check.problem.problem import Problem
from xent_check.workers.wire import (
    Message,
    decode_array,
    decode_evaluation,
    decode_problem,
    encode_array,
    encode_evaluation,
    encode_problem,
    forget,
)

Array = npt.NDArray[Any]
BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
DTYPES = [np.dtype(name) for name in ("float16", "float32", "float64", "int64")] + [BFLOAT16]


def through_a_pipe(message: Message) -> Message:
    """The message as execnet delivers it."""
    delivered: Message = execnet.loads(execnet.dumps(message))
    return delivered


def assert_same(array: Array, sent: Array) -> None:
    assert array.dtype == sent.dtype
    assert array.shape == sent.shape
    assert array.tobytes() == sent.tobytes()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize(
    "shape", [(), (1,), (0,), (0, 3), (2, 0, 3), (2, 3, 4), (600, 1000)], ids=str
)
def test_an_array_arrives_bit_by_bit(
    dtype: np.dtype[Any], shape: tuple[int, ...], tmp_path: Path
) -> None:
    sent = np.asarray(np.random.RandomState(0).standard_normal(shape) * 100).astype(dtype)
    assert_same(decode_array(through_a_pipe(encode_array(sent, tmp_path))), sent)


@pytest.mark.parametrize("dtype", [dtype for dtype in DTYPES if dtype != np.int64], ids=str)
def test_nan_and_the_infinities_and_minus_zero_arrive(dtype: np.dtype[Any], tmp_path: Path) -> None:
    sent = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0]).astype(dtype)
    assert_same(decode_array(through_a_pipe(encode_array(sent, tmp_path))), sent)


@pytest.mark.parametrize(
    "sent",
    [
        np.arange(12, dtype=np.float32).reshape(3, 4).T,
        np.arange(12, dtype=np.float32)[::-2],
        np.broadcast_to(np.float32(3), (2, 3)),
        np.broadcast_to(np.array(3, ">f4"), (2, 3)),
        np.arange(12, dtype=">f4"),
        np.arange(2**19, dtype=">f8"),
    ],
    ids=[
        "transposed",
        "strided",
        "broadcast",
        "broadcast big-endian",
        "big-endian",
        "big-endian-by-file",
    ],
)
def test_the_layout_in_memory_does_not_matter(sent: Array, tmp_path: Path) -> None:
    arrived = decode_array(through_a_pipe(encode_array(sent, tmp_path)))
    np.testing.assert_array_equal(arrived, sent)


def test_one_number_that_is_broadcast_travels_as_one(tmp_path: Path) -> None:
    sent = np.broadcast_to(np.float32(3), (2**24,))
    message = encode_array(sent, tmp_path)
    assert len(execnet.dumps(message)) < 1000
    assert not list(tmp_path.iterdir())
    assert_same(decode_array(through_a_pipe(message)), sent)


def test_a_large_array_travels_by_file_and_is_mapped_not_read(tmp_path: Path) -> None:
    sent = np.arange(2**24, dtype=np.float32)  # 64 MiB
    message = encode_array(sent, tmp_path)
    assert len(execnet.dumps(message)) < 1000
    arrived = decode_array(through_a_pipe(message))
    assert_same(arrived, sent)
    assert mapped(arrived).filename == message["path"]


def test_a_large_problem_travels_by_file(tmp_path: Path) -> None:
    values = np.zeros((4, 2**19), dtype=np.float32)
    sent = replace(PROBLEM, values=values, labels=np.zeros((4, 2**19)), loss="categorical")
    assert len(execnet.dumps(encode_problem(sent, tmp_path))) < 4000


def test_an_array_that_arrived_cannot_be_written_to(tmp_path: Path) -> None:
    for size in (3, 2**20):
        arrived = decode_array(through_a_pipe(encode_array(np.zeros(size), tmp_path)))
        assert not arrived.flags.writeable


def _full_problem() -> Problem:
    return Problem(
        loss="sparse_categorical",
        given="log_probs",
        values=np.zeros((2, 3, 4), dtype=BFLOAT16),
        labels=np.array([[0, -(2**62)], [2**62, 1]]),
        dtype="bfloat16",
        class_axis=-2,
        normalize=False,
        ignore_index=-(2**62),
        shift=1,
        label_smoothing=0.1,
        smoothing_formula="megatron",
        class_weight=np.ones(3, dtype=BFLOAT16),
        pos_weight=np.asarray(2, dtype=BFLOAT16),
        sample_weight=np.ones((2, 4), dtype=BFLOAT16),
        logit_scale=0.7,
        softcap=30.0,
        z_loss=1e-4,
        num_items=37,
        layout="sliced",
        weight=np.ones((3, 4), dtype=BFLOAT16),
        bias=np.zeros(3, dtype=BFLOAT16),
        reductions=("mean", "weighted_mean", "sum"),
        gradient=True,
        conduct=("inputs", "batch"),
        cotangent=np.ones((2, 4), dtype=BFLOAT16),
        cotangent_layout="expanded",
    )


@pytest.mark.parametrize("sent", [PROBLEM, _full_problem()], ids=["sparse", "full"])
def test_every_field_of_a_problem_arrives(sent: Problem, tmp_path: Path) -> None:
    arrived = decode_problem(through_a_pipe(encode_problem(sent, tmp_path)))
    for field in fields(Problem):
        expected, actual = getattr(sent, field.name), getattr(arrived, field.name)
        if isinstance(expected, np.ndarray):
            assert_same(actual, expected)
        else:
            assert actual == expected, field.name
            assert type(actual) is type(expected), field.name


def test_the_full_problem_sets_every_field() -> None:
    full = _full_problem()
    unset = [field.name for field in fields(Problem) if getattr(full, field.name) is None]
    assert unset == []


@pytest.mark.parametrize(
    "sent",
    [
        Unsupported("no such option → really"),
        Missing("torch not installed"),
        Failed("error", "ValueError: no", "f(x)", "printed"),
        Failed("import", "no module"),
    ],
    ids=lambda evaluation: type(evaluation).__name__,
)
def test_what_is_no_answer_arrives(sent: Evaluation, tmp_path: Path) -> None:
    printed = getattr(sent, "printed", "")
    message = through_a_pipe(encode_evaluation(sent, tmp_path))
    assert decode_evaluation(message, printed) == sent


@pytest.mark.parametrize(
    "gradient", [None, Unsupported("no gradient"), np.ones((3, 3), dtype=np.float16)], ids=str
)
def test_an_answer_arrives(gradient: Array | Unsupported | None, tmp_path: Path) -> None:
    sent = Computed(
        losses=np.array([1.0, np.nan], dtype=np.float16),
        totals={"mean": np.asarray(1.5, dtype=BFLOAT16), "sum": Unsupported("no sum")},
        call="f(logits, labels)",
        seconds=1e-4,
        gradient=gradient,
        gradient_of="mean",
        by_parameters={"weight": np.ones((2, 3), dtype=BFLOAT16), "bias": Unsupported("no bias")},
    )
    arrived = decode_evaluation(through_a_pipe(encode_evaluation(sent, tmp_path)), "noise\n")
    assert isinstance(arrived, Computed)
    assert_same(arrived.losses, sent.losses)
    mean = arrived.totals["mean"]
    assert isinstance(mean, np.ndarray)
    assert_same(mean, np.asarray(1.5, dtype=BFLOAT16))
    assert arrived.totals["sum"] == Unsupported("no sum")
    assert arrived.gradient_of == "mean"
    weight = arrived.by_parameters["weight"]
    assert isinstance(weight, np.ndarray)
    assert_same(weight, np.ones((2, 3), dtype=BFLOAT16))
    assert arrived.by_parameters["bias"] == Unsupported("no bias")
    assert (arrived.call, arrived.seconds, arrived.printed) == (sent.call, sent.seconds, "noise\n")
    if isinstance(gradient, np.ndarray):
        assert isinstance(arrived.gradient, np.ndarray)
        assert_same(arrived.gradient, gradient)
    else:
        assert arrived.gradient == gradient


# ---- bfloat16 where ml_dtypes is not installed; files ----------------------------------------


def test_bits_travel_as_the_bfloat16_that_they_are(tmp_path: Path) -> None:
    numbers = np.array([1.5, -2.0, np.inf], dtype=BFLOAT16)
    message = encode_array(numbers.view(BITS), tmp_path)
    assert message["dtype"] == "bfloat16"
    np.testing.assert_array_equal(decode_array(message), numbers)


def test_the_file_of_an_answer_goes_once_it_is_mapped(tmp_path: Path) -> None:
    losses = np.arange(2**19, dtype=np.float32)
    message = encode_evaluation(Computed(losses, {"sum": losses}, "f()", 0.0), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    answer = decode_evaluation(message, "")
    assert not list(tmp_path.iterdir())
    assert isinstance(answer, Computed)
    np.testing.assert_array_equal(answer.losses, losses)


def test_the_files_of_a_problem_stay_until_it_is_forgotten(tmp_path: Path) -> None:
    values = np.zeros((2**19, 2), dtype=np.float32)
    labels = np.zeros(2**19, dtype=np.int64)
    problem = Problem("sparse_categorical", "logits", values, labels, "float32")
    message = encode_problem(problem, tmp_path)
    for _ in range(2):
        np.testing.assert_array_equal(decode_problem(message).values, values)
    assert len(list(tmp_path.iterdir())) == 2
    forget(message)
    forget(message)
    assert not list(tmp_path.iterdir())


CUT_OFF = """
import numpy as np
from pathlib import Path

def loss(logits, labels):
    Path(__file__).with_name("x.npy").write_bytes(b"")
    return np.full(len(labels), np.log(2), np.float32)
"""


def test_a_file_that_is_cut_off_meanwhile_changes_nothing(tmp_path: Path) -> None:
    """As by a job that writes it anew: to read what is mapped of it would end the process."""
    np.save(tmp_path / "x.npy", np.zeros((200_000, 2), np.float32))  # the losses are log 2
    case = "{loss: sparse_categorical, logits: {file: x.npy}, labels: {shape: [200000], fill: 0}}"
    (tmp_path / "c.yaml").write_text(case)
    (tmp_path / "f.py").write_text(CUT_OFF)
    before = xent_check(tmp_path, "run", "c.yaml", "-i", "stable", "--report", "json")
    done = xent_check(tmp_path, "run", "c.yaml", "-i", "f.py:loss", "--report", "json")
    assert (before.code, done.code) == (0, 0), done.err
    assert done.json["cases"] == [before.json["cases"][0] | {"implementations": ["f.py:loss"]}]


def test_what_further_checks_showed_arrives(tmp_path: Path) -> None:
    part = Unrepeated("gradient", 2**40, 2**41, (1, 2**33), 1.5, float("nan"), "float32", "forms")
    regrouped = Regrouped((0, 2**40), np.ones(2, BFLOAT16), np.zeros((2, 3), np.float32), "mean")
    shown = Conduct({"labels": 2**40}, Repetition((part,), "raised"), regrouped, "a reason")
    sent = Computed(np.zeros(1), {}, "", 0.0, conduct=shown)
    message = through_a_pipe(encode_evaluation(sent, tmp_path))
    arrived = decode_evaluation(message, "")
    assert isinstance(arrived, Computed)
    conduct = arrived.conduct
    assert conduct.overwritten == shown.overwritten
    assert conduct.repetition is not None
    assert repr(conduct.repetition) == repr(shown.repetition)
    assert conduct.regrouped is not None
    assert (conduct.regrouped.samples, conduct.regrouped.reduction) == ((0, 2**40), "mean")
    assert_same(conduct.regrouped.alone, regrouped.alone)
    assert_same(conduct.regrouped.together, regrouped.together)
    assert conduct.not_regrouped == "a reason"


def test_checks_that_were_not_asked_for_stay_so(tmp_path: Path) -> None:
    sent = Computed(np.zeros(1), {}, "", 0.0)
    message = through_a_pipe(encode_evaluation(sent, tmp_path))
    arrived = decode_evaluation(message, "")
    assert isinstance(arrived, Computed)
    assert repr(arrived.conduct) == repr(Conduct())
