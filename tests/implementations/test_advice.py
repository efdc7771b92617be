"""What a user's loss raises or returns oddly: what to do, where it was, and how it got there."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.fake import PROBLEM, fake
from tests.support.fakes import odd
from xent_check.errors import describe
from xent_check.implementations.adapters.user_function import evaluate, load
from xent_check.implementations.own.answers import AnswerError, device_of
from xent_check.implementations.own.asking import ask, user_loss
from xent_check.implementations.own.raised import place_of_fault, traceback_of
from xent_check.implementations.own.signature import CallError
from xent_check.problem.evaluation import Failed
from xent_check.workers.child import evaluation_of

Array = np.ndarray[Any, Any]


def failure(function: Callable[..., Any], framework: str = "numpy") -> Failed:
    """How it failed, as a worker tells it."""
    with pytest.raises((Exception, SystemExit)) as caught:
        ask(PROBLEM, user_loss(function, "mine.py:f", framework))
    failed = evaluation_of(caught.value)
    assert isinstance(failed, Failed)
    return failed


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (odd.nothing, "AnswerError: it returned None; is a `return` missing?"),
        (odd.a_generator, "a generator; collect what it yields, and return one array"),
        (odd.a_coroutine, "a coroutine; name a function that is not async"),
        (odd.a_function, "a function; name what it made: `loss = ...` in its module"),
        (odd.a_pair_without_losses, "a tuple of a str and None; none of its parts is an array"),
        (odd.a_dataclass_without_losses, "an Output of a str; none of its parts is an array"),
        (odd.text, "a str; return one array of numpy with a loss for each sample"),
        (odd.booleans, "bool numbers; losses are numbers in float16, bfloat16, float32, float64"),
        (
            odd.masked,
            "an array with masked numbers; a loss that does not count is 0: return it `.f",
        ),
        (odd.exits, "; a loss returns or raises, and does not exit"),
        (odd.of_logits_alone, "mine.py:f takes logits alone: a loss takes scores and labels"),
        (odd.of_something_more, "mine.py:f takes chunk_size, which no case fills: give a default"),
        (odd.of_something_more, "or say --set chunk_size=VALUE, or --map chunk_size=OPTION"),
        (odd.MadeWithSomething, "mine.py:f is made with chunk_size, which no case fills"),
    ],
)
def test_it_is_told_what_came_and_what_to_do(function: Callable[..., Any], told: str) -> None:
    assert told in failure(function).message


def test_whose_arrays_it_takes_is_asked_only_where_its_user_has_not_said_it() -> None:
    told = "it got arrays of numpy; where it takes others, say torch=mine.py:f or jax=mine.py:f or"
    assert told in failure(odd.of_tensors, framework="").message
    assert "it got arrays" not in failure(odd.of_tensors).message


def traced(logits: Array, labels: Array) -> Array:
    raise ValueError("'axis' must be of type 'int' but actual type is DynamicJaxprTracer")


def test_a_jitted_loss_that_got_a_tracer_for_an_option_is_told_how_to_leave_it_out() -> None:
    assert failure(traced).message.endswith("; a jitted loss gets a tracer for each argument: "
                                            "static_argnames leaves out options")  # fmt: skip


def test_what_it_is_called_with_is_told_where_it_fails() -> None:
    assert failure(odd.nothing).call == "mine.py:f(logits, labels)"


def test_plain_numbers_are_taken_and_said_to_be_those_of_python() -> None:
    computed = ask(PROBLEM, user_loss(odd.a_list, "f", "numpy"))
    assert computed.losses.dtype == np.float64
    assert computed.notes == ("it returned a list of Python, whose numbers are float64",)


@dataclass
class OnDevice:
    device: object


@dataclass
class Device:
    platform: str


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ("/job:localhost/replica:0/task:0/device:GPU:0", "cuda"),
        ("cuda:1", "cuda"),
        (Device("gpu"), "cuda"),
        (Device("cpu"), "cpu"),
        ("meta", "meta"),
    ],
)
def test_the_device_of_an_array_is_named_as_on_the_command_line(device: object, name: str) -> None:
    assert device_of(OnDevice(device)) == name
    assert device_of(3.0) == ""


# ---- tracebacks -------------------------------------------------------------------------------


def in_two_steps(logits: Array, labels: Array) -> Array:
    return _inner(logits)


def _inner(logits: Array) -> Array:
    inverse: Array = np.linalg.inv(logits[:, :2])
    return inverse


def from_another(logits: Array, labels: Array) -> Array:
    try:
        return _inner(logits)
    except np.linalg.LinAlgError as error:
        raise ValueError("not square") from error


def deeper(logits: Array, labels: Array, depth: int = 0) -> Array:
    return deeper(logits, labels, depth + 1)


def line(function: Callable[..., Any], below: int) -> str:
    place = function.__code__.co_firstlineno + below
    file = str(Path(__file__).relative_to(Path.cwd()))
    return f'  File "{file}", line {place}, in {function.__name__}'


def test_a_traceback_begins_with_the_user_s_lines_and_folds_those_of_libraries() -> None:
    assert failure(in_two_steps).traceback.splitlines() == [
        line(in_two_steps, 1),
        "    return _inner(logits)",
        line(_inner, 1),
        "    inverse: Array = np.linalg.inv(logits[:, :2])",
        "  ... 2 frames in numpy",
        "LinAlgError: Last 2 dimensions of the array must be square",
    ]


def test_a_traceback_has_the_error_that_another_was_raised_from() -> None:
    lines = failure(from_another).traceback.splitlines()
    assert lines.index("and then:") == lines.index(line(_inner, 1)) + 4
    assert lines[-3:] == [
        line(from_another, 4),
        '    raise ValueError("not square") from error',
        "ValueError: not square",
    ]


def test_a_recursion_is_cut_short() -> None:
    lines = failure(deeper).traceback.splitlines()
    assert len(lines) < 50
    assert sum("frames" in one for one in lines) == 1
    assert lines[-1].startswith("RecursionError: ")


def test_what_is_not_of_the_user_s_lines_has_no_traceback() -> None:
    assert failure(odd.nothing).traceback == ""
    error = ValueError("of another")
    assert traceback_of(error) == ""


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_dump_of_a_fault_names_the_user_s_line(elsewhere: bool) -> None:
    """elsewhere: who died had another copy of the package."""
    asking = Path(ask.__code__.co_filename)
    if elsewhere:
        asking = Path("/home/me/copy").joinpath(*asking.parts[-4:])
    dump = (
        "Segmentation fault\n\nThread 0x1 (most recent call first):\n"
        '  File "/usr/lib/x.py", line 1 in other\n\nCurrent thread 0x2 (most recent call first):\n'
        f'  File "{traceback.__file__}", line 9 in of_a_library\n'
        f'  File "/home/me/mine.py", line 7 in kernel\n'
        f'  File "/home/me/mine.py", line 3 in loss\n'
        f'  File "{asking}", line 5 in ask\n\nExtension modules: numpy (total: 1)\n'
    )
    assert place_of_fault(dump) == "mine.py:7, in kernel"
    assert place_of_fault(dump.replace("Current thread", "Thread")) == ""


# ---- what is not there ------------------------------------------------------------------------


def test_a_module_that_is_not_there_is_answered_with_a_near_one(tmp_path: Path) -> None:
    (tmp_path / "losses.py").write_text("import numpyy")
    load.cache_clear()
    for name, told in (
        ("loses.py", "no file .*loses.py; did you mean 'losses.py'?"),
        ("other.py", f"no file .*other.py; it would be in {tmp_path}"),
        ("losses.py", r"numpyy' \(at losses.py:1\); did you mean 'numpy'?"),
    ):
        with pytest.raises(ImportError, match=told):
            evaluate(PROBLEM, f"{tmp_path / name}:f", "cpu")
    with pytest.raises(ImportError, match="cannot be called: its type is float; name a function"):
        load(fake("odd", "a_number"))


def test_these_errors_say_in_a_few_words_what_was_found() -> None:
    assert describe(AnswerError("None", "why?")) == "AnswerError: it returned None; why?"
    assert AnswerError("None", "why?").what == "returns None"
    assert CallError("f", "takes x alone", "why?").what == "takes x alone"
