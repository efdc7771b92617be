"""Numbers as people paste them: what is read, what is refused, and that no number is lost."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from xent_check.casefile.expectations import last_digit
from xent_check.casefile.printed_numbers import parse_numbers
from xent_check.errors import InvalidError, Mistake

NAN, INF = math.nan, math.inf

READ: list[tuple[str, Any]] = [
    # Python
    ("0.3567", 0.3567),
    ("-3", -3),
    ("[[1, 2, 3], [4, 5, 6]]", [[1, 2, 3], [4, 5, 6]]),
    ("(0.1, 0.2)", [0.1, 0.2]),
    ("(0.5)", 0.5),
    ("(0.5,)", [0.5]),
    ("[1e-05, .5, 1E3, +2]", [1e-5, 0.5, 1e3, 2]),
    ("[float('nan'), -float('inf'), float(\"inf\")]", [NAN, -INF, INF]),
    ("[math.nan, np.inf, -torch.inf]", [NAN, INF, -INF]),
    ("[\n  [1.5,\n   2.5],\n  [3.5, 4.5],\n]", [[1.5, 2.5], [3.5, 4.5]]),
    # NumPy
    ("[[1. 2.]\n [3. 4.]]", [[1, 2], [3, 4]]),
    ("[1.000e+00 2.500e-08 -inf nan]", [1, 2.5e-8, -INF, NAN]),
    ("array([0.1, 0.2], dtype=float32)", [0.1, 0.2]),
    ("array([[1, 2],\n       [3, 4]])", [[1, 2], [3, 4]]),
    ("np.float32(0.5)", 0.5),
    ("[np.float64(0.5), np.float64(nan)]", [0.5, NAN]),
    # torch
    ("tensor(0.3567)", 0.3567),
    ("tensor(0.3567, grad_fn=<NllLossBackward0>)", 0.3567),
    ("tensor(nan)", NAN),
    ("tensor([1., 2.], device='cuda:0', dtype=torch.float64)", [1, 2]),
    ("tensor([[0.1000, 0.2000],\n        [0.3000, 0.4000]], requires_grad=True)",
     [[0.1, 0.2], [0.3, 0.4]]),
    ("Parameter containing:\ntensor([1.5], requires_grad=True)", [1.5]),
    ("[tensor(0.1), tensor(0.2)]", [0.1, 0.2]),
    # TensorFlow and JAX
    ("tf.Tensor(2.3575358, shape=(), dtype=float32)", 2.3575358),
    ("tf.Tensor([1. 2. 3.], shape=(3,), dtype=float32)", [1, 2, 3]),
    ("tf.Tensor(\n[[1. 2.]\n [3. 4.]], shape=(2, 2), dtype=float32)", [[1, 2], [3, 4]]),
    ("<tf.Tensor: shape=(), dtype=float32, numpy=0.1165>", 0.1165),
    ("<tf.Tensor: shape=(3,), dtype=float32, numpy=array([1., 2., inf], dtype=float32)>",
     [1, 2, INF]),
    ("<tf.Variable 'Variable:0' shape=(2,) dtype=float32, numpy=array([7., 8.], dtype=float32)>",
     [7, 8]),
    ("Array([0.25, 0.5], dtype=float32)", [0.25, 0.5]),
    ("Array(2.3575358, dtype=float32, weak_type=True)", 2.3575358),
    # without brackets, with words around them
    ("0.1 0.2\n0.3", [0.1, 0.2, 0.3]),
    ("0.1, 0.2,", [0.1, 0.2]),
    ("[1. 2.]\n[3. 4.]", [[1, 2], [3, 4]]),
    ("NaN", NAN),
    ("-Infinity", -INF),
    (".inf", INF),
    ("−0.5", -0.5),
    ("2.3575 nats", 2.3575),
    ("nan.", NAN),
    ("0.3567 (the mean)", 0.3567),
    ("0.3567.", 0.3567),
    ("loss: 2.3575", 2.3575),
    ("my loss = tensor(2.3575)", 2.3575),
    ("[1.5, 2.5], shape=(2,), dtype=float32)", [1.5, 2.5]),
]  # fmt: skip


BOOLEANS: list[tuple[str, Any]] = [
    ("tensor([True, False])", [1, 0]),
    ("tensor([[ True],\n        [False]], device='cuda:0')", [[1], [0]]),
    ("[ True False]", [1, 0]),
    ("array([ True, False])", [1, 0]),
    ("[np.True_, np.False_]", [1, 0]),
    ("tf.Tensor([ True False], shape=(2,), dtype=bool)", [1, 0]),
    ("Array([ True, False], dtype=bool)", [1, 0]),
    ("True", 1),
    ("tensor([1., 0.], requires_grad=True)", [1, 0]),
    ("[1, 0], requires_grad=True)", [1, 0]),
]


@pytest.mark.parametrize(("text", "expected"), BOOLEANS)
def test_booleans_are_1_and_0_where_they_may_stand(text: str, expected: Any) -> None:
    np.testing.assert_array_equal(np.array(parse_numbers(text, booleans=True)), np.array(expected))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[1, True]", "'True' among the numbers"),
        ("[True, 0.5]", "'0.5' among the numbers"),
        ("1 0 True", "'True'"),
        ("True 0", "'0'"),
    ],
)
def test_booleans_and_numbers_do_not_mix(text: str, found: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse_numbers(text, booleans=True)
    assert caught.value.mistakes[0].fault == found


@pytest.mark.parametrize(("text", "expected"), READ)
def test_what_people_paste_is_read(text: str, expected: Any) -> None:
    np.testing.assert_array_equal(np.array(parse_numbers(text)), np.array(expected))


ALLOWED = "numbers, as Python, NumPy, torch, TensorFlow or JAX print them"
ALONE = "paste the numbers alone, separated by spaces or commas"
REFUSED = [
    ("", "no numbers", ALLOWED, ""),
    ("hello", "no numbers", ALLOWED, ""),
    ("[]", "an empty list", "at least one number", ""),
    ("tf.Tensor([], shape=(0,), dtype=float32)", "an empty list", "at least one number", ""),
    ("[[1, 2], [3]]", "ragged: 1 number at [1], 2 numbers before it", "rows of one length",
     "paste every number of every row"),
    ("[[[1], [2]], [[3], 4]]", "ragged: a bare number at [1][1], 1 number before it",
     "rows of one length", "paste every number of every row"),
    ("[1 2", "the text ends within brackets", "']' at its end", "paste all of it"),
    ("tensor([1., 2.]", "the text ends within brackets", "')' at its end", "paste all of it"),
    ("tensor([1.], grad_fn=<Nll", "'tensor(' is not closed", "')' at its end", "paste all of it"),
    ("2., 3.])", "']'", ALLOWED, ALONE),
    ("<tf.Tensor 'x:0' shape=(3,) dtype=float32>", "a tensor printed without its numbers",
     ALLOWED, "print its .numpy()"),
    ("0.3567 at step 100", "'100' after 'step'", ALLOWED, ALONE),
    ("loss 0.5", "'0.5' after 'loss'", ALLOWED, ALONE),
    ("0.5 acc=0.7", "'0.7' after 'acc'", ALLOWED, ALONE),
    ("1-2", "'1-2'", ALLOWED, ALONE),
    ("0.1 3%", "'3%'", ALLOWED, ALONE),
    ("0.1 1.5j", "'1.5j'", ALLOWED, ALONE),
    ("1_000", "'1_000'", ALLOWED, ALONE),
    ("[1, True]", "'True' among the numbers", ALLOWED, ""),
    ("[0.5, 12L]", "'12L' among the numbers", ALLOWED, ""),
    ("array(1, 2)", "',' among the numbers", ALLOWED, ""),
    ("[1,, 2]", "a comma with no number before it", ALLOWED, "fill the gap"),
    ("1e999", "1e999", "numbers of up to 1.79e308, the largest of float64", "write inf"),
    ("9" * 5000, "a number of 5000 digits", "numbers of float64", ""),
    ("[" * 100_000, "brackets nested too deep", "at most 32 levels", ""),
    ("1.0000e-02 *\n 3.1\n[torch.FloatTensor of size 1]", "'3.1' after '*'", ALLOWED, ALONE),
    ("__import__('os')", "no number first in __import__(...)", ALLOWED, "paste the printed value"),
]  # fmt: skip


def refusal(text: str) -> Mistake:
    with pytest.raises(InvalidError) as caught:
        parse_numbers(text)
    return caught.value.mistakes[0]


@pytest.mark.parametrize(("text", "found", "allowed", "advice"), REFUSED)
def test_what_is_not_wholly_numbers_is_refused(
    text: str, found: str, allowed: str, advice: str
) -> None:
    assert refusal(text) == Mistake((), found, allowed, advice)


@pytest.mark.parametrize(
    "text", ["[1. ... 3.]", "[0.1 0.2 … 0.3]", "[1...]", "tensor([1., ..., 2.])", "0.356..."]
)
def test_numbers_that_were_left_out_are_asked_for(text: str) -> None:
    told = refusal(text)
    assert told.fault == "'...': numbers were left out of the print"
    assert "np.set_printoptions(threshold=sys.maxsize)" in told.advice
    assert "torch.set_printoptions(profile='full')" in told.advice


def test_a_long_array_as_numpy_prints_it_is_refused() -> None:
    assert "left out" in refusal(str(np.linspace(0, 1, 2000))).fault


# ---- round trips --------------------------------------------------------------------------------

DTYPES = st.sampled_from([np.float16, np.float32, np.float64, np.int64])
SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, max_side=4)
VALUES = DTYPES.flatmap(lambda dtype: arrays.arrays(dtype, SHAPES))
MODERATE = arrays.arrays(np.float64, SHAPES, elements=st.floats(-1e4, 1e4, allow_subnormal=False))
ENDINGS = st.sampled_from(["", ", grad_fn=<NllLossBackward0>", ", device='cuda:0'"])


def in_print_of(array: npt.NDArray[Any], style: str, linewidth: int) -> str:
    """The array as a library prints it, to as many digits as tell it from its neighbours."""
    settings: dict[str, Any] = {"floatmode": "unique", "linewidth": linewidth, "threshold": 10**6}
    with np.printoptions(**settings):
        plain, shown = str(array), repr(array)
    return {
        "python": repr(array.tolist()),
        "numpy": plain,
        "repr": shown,
        "jax": shown.replace("array", "Array"),
        "tf": f"tf.Tensor(\n{plain}, shape={array.shape}, dtype={array.dtype})",
        "eager": f"<tf.Tensor: shape={array.shape}, dtype={array.dtype}, numpy={shown}>",
    }[style]


@given(
    array=VALUES,
    style=st.sampled_from(["python", "numpy", "repr", "jax", "tf", "eager"]),
    linewidth=st.sampled_from([20, 75, 200]),
)
def test_what_a_library_prints_reads_back_as_it_was(
    array: npt.NDArray[Any], style: str, linewidth: int
) -> None:
    parsed = np.array(parse_numbers(in_print_of(array, style, linewidth)))
    assert parsed.shape == array.shape
    np.testing.assert_array_equal(parsed.astype(array.dtype), array)


def torch_print(array: npt.NDArray[Any], form: str, ending: str) -> str:
    """As torch prints: one format for all, rows on lines of their own."""

    def rows(part: npt.NDArray[Any], indent: int) -> str:
        if part.ndim == 0:
            return format(float(part), form)
        between = ", " if part.ndim == 1 else "," + "\n" * (part.ndim - 1) + " " * indent
        return "[" + between.join(rows(row, indent + 1) for row in part) + "]"

    return f"tensor({rows(array, 8)}{ending})"


@given(array=MODERATE, form=st.sampled_from(["8.4f", "10.4e"]), ending=ENDINGS)
def test_a_number_keeps_the_text_that_tells_its_precision(
    array: npt.NDArray[Any], form: str, ending: str
) -> None:
    parsed = parse_numbers(torch_print(array, form, ending))
    numbers = np.array(parsed, dtype=object)
    assert numbers.shape == array.shape
    for seen, true in zip(numbers.reshape(-1), array.reshape(-1), strict=True):
        unit = last_digit(seen.text)
        assert unit >= 1e-4 if form == "8.4f" else unit > 0
        assert abs(float(seen) - true) <= 0.5 * unit * (1 + 1e-9)


TOKENS = ["[", "]", "(", ")", ",", " ", "\n", "1", "-2.5", "nan", "4e-3", "word", "tensor(", "x2"]


@given(st.lists(st.sampled_from(TOKENS), max_size=14))
def test_no_number_is_lost(tokens: list[str]) -> None:
    """Whatever is accepted holds every number of the text, in its order."""
    text = " ".join(tokens)
    try:
        parsed = parse_numbers(text)
    except InvalidError:
        return
    expected = [float(token) for token in tokens if token in ("1", "-2.5", "nan", "4e-3")]
    np.testing.assert_array_equal(np.array(parsed, dtype=float).reshape(-1), expected)


@given(st.one_of(st.text(), st.text("[](),.<>='\"-+e1n af\n", max_size=30)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parsed = parse_numbers(text)
    except InvalidError:
        return
    assert re.search(r"[0-9]|nan|inf", text, re.IGNORECASE)
    assert np.array(parsed, dtype=float).size > 0
