"""What was called is what is written down."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from xent_check.implementations.recording import Calls


def test_a_call_is_made_and_its_expression_is_the_code_that_makes_it() -> None:
    logits = np.array([0.0, 1.0])
    call = Calls({"np": np})
    call.named("logits", logits)
    result = call("np.sum", call("np.exp", logits), axis=-1, keepdims=True)
    text = call.text(result)
    assert text == "np.sum(np.exp(logits), axis=-1, keepdims=True)"
    assert eval(text, {"np": np, "logits": logits}).tolist() == result.tolist()


def test_the_result_of_a_call_can_be_called() -> None:
    call = Calls({"lib": SimpleNamespace(Loss=lambda scale: lambda x: scale * x)})
    loss = call("lib.Loss", scale=3)
    result = call(loss, call.named("x", 14))
    assert result == 42
    assert call.text(result) == "lib.Loss(scale=3)(x)"


def test_names_resolve_through_any_number_of_dots() -> None:
    call = Calls({"a": SimpleNamespace(b=SimpleNamespace(c=lambda: "there"))})
    assert call("a.b.c") == "there"


def test_an_unnamed_value_is_written_as_itself() -> None:
    call = Calls({"lib": SimpleNamespace(f=lambda *args, **kwargs: object())})
    assert call.text(call("lib.f", 2, "mean", flag=None)) == "lib.f(2, 'mean', flag=None)"


def test_equal_arrays_keep_their_own_names() -> None:
    call = Calls({"np": np})
    one, other = call.named("one", np.zeros(2)), call.named("other", np.zeros(2))
    assert call.text(call("np.add", one, other)) == "np.add(one, other)"


def test_a_value_that_is_gone_does_not_lend_its_name_to_the_next_one() -> None:
    call = Calls({"np": np})
    texts: list[str] = []
    for i in range(50):  # without a reference of its own, a new array would take an old one's id
        made: Any = call("np.full", 1, i)
        texts.append(call.text(made))
        del made
    assert texts == [f"np.full(1, {i})" for i in range(50)]


def test_what_the_call_raises_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        Calls({"lib": SimpleNamespace(f=lambda: 1 / 0)})("lib.f")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError):
        Calls({"np": np})("np.no_such_function")
