"""Every form of an array against numpy computed here, from the contract's words."""

from __future__ import annotations

import contextlib
import json
import mmap
import sys
from pathlib import Path
from typing import Any

import ml_dtypes
import mpmath
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from tests.support.mapped import mapped
from xent_check.casefile.array_files import read_array
from xent_check.casefile.arrays import make_array
from xent_check.casefile.case import CaseFields
from xent_check.errors import InvalidError
from xent_check.problem.dtypes import numpy_dtype, rounded
from xent_check.problem.vocabulary import DTYPES

Array = npt.NDArray[Any]


def made(form: object, folder: Path = Path()) -> Array:
    """The array of a form, as a case file would have it for its logits."""
    fields = CaseFields.model_validate({"loss": "binary", "logits": form, "labels": 0})
    return make_array(fields.logits, ("logits",), folder, allow_outside=False)


@pytest.mark.parametrize(
    ("form", "dtype"),
    [
        (3, np.int64),
        (3.0, np.float64),
        ([1, 2], np.int64),
        ([[1, 2], [3, -4]], np.int64),
        ([1, 2.5], np.float64),
        ([[1.0], [2]], np.float64),
        ([2**62, -(2**63)], np.int64),
        ([2**63], np.float64),
        ([10**300, 1], np.float64),
    ],
)
def test_lists_are_int64_where_every_number_is_whole_else_float64(
    form: Any, dtype: type[np.generic]
) -> None:
    array = made(form)
    assert array.dtype == dtype
    assert array.tolist() == np.array(form, dtype=object).astype(dtype).tolist()


def test_lists_keep_nan_and_infinity() -> None:
    array = made([float("nan"), float("inf"), float("-inf"), -0.0])
    assert np.isnan(array[0])
    assert array[1:3].tolist() == [np.inf, -np.inf]
    assert np.signbit(array[3])


def test_normal_is_the_frozen_stream_scaled_and_shifted() -> None:
    array = made({"shape": [2, 6, 9], "random": "normal", "seed": 7, "loc": -1, "scale": 2.5})
    expected = np.random.RandomState(7).standard_normal((2, 6, 9)) * 2.5 + -1
    np.testing.assert_array_equal(array, expected, strict=True)


def test_normal_has_seed_0_location_0_and_scale_1_where_they_are_not_written() -> None:
    array = made({"shape": [5], "random": "normal"})
    np.testing.assert_array_equal(array, np.random.RandomState(0).standard_normal(5), strict=True)


@pytest.mark.parametrize(("low", "high"), [(-2.0, 3.0), (0, 1), (5.5, 5.5)])
def test_uniform_is_the_frozen_stream_between_low_and_high(low: float, high: float) -> None:
    array = made({"shape": [3, 4], "random": "uniform", "seed": 1, "low": low, "high": high})
    expected = np.random.RandomState(1).uniform(low, high, (3, 4))
    np.testing.assert_array_equal(array, expected, strict=True)


def test_uniform_is_from_0_to_1_where_they_are_not_written() -> None:
    array = made({"shape": [4], "random": "uniform", "seed": 3})
    np.testing.assert_array_equal(array, np.random.RandomState(3).uniform(0, 1, 4), strict=True)


@pytest.mark.parametrize(("low", "high"), [(0, 9), (-5, 5), (3, 4), (-(2**63), 2**63)])
def test_integers_are_the_frozen_stream_below_high(low: int, high: int) -> None:
    array = made({"shape": [20], "random": "integers", "seed": 2, "low": low, "high": high})
    expected = np.random.RandomState(2).randint(low, high, (20,)).astype(np.int64)
    np.testing.assert_array_equal(array, expected, strict=True)


def test_the_frozen_stream_is_the_one_numpy_documents() -> None:
    """RandomState(0).standard_normal, as numpy's own documentation and thousands of posts print."""
    array = made({"shape": [3], "random": "normal", "seed": 0})
    assert [round(float(x), 8) for x in array] == [1.76405235, 0.40015721, 0.97873798]


def test_range_counts_in_row_major_order() -> None:
    array = made({"shape": [2, 3], "range": True})
    np.testing.assert_array_equal(array, np.array([[0, 1, 2], [3, 4, 5]]), strict=True)


@pytest.mark.parametrize(("fill", "dtype"), [(7, np.int64), (0.5, np.float64)])
def test_fill_is_one_number_everywhere(fill: float, dtype: type[np.generic]) -> None:
    array = made({"shape": [4, 3], "fill": fill})
    np.testing.assert_array_equal(array, np.array([[fill] * 3] * 4, dtype=dtype), strict=True)


@pytest.mark.parametrize("form", [{"fill": 0}, {"range": True}, {"random": "normal"}])
def test_a_shape_without_axes_is_one_number_and_with_a_0_is_empty(form: dict[str, Any]) -> None:
    assert made({"shape": [], **form}).shape == ()
    assert made({"shape": [0, 3], **form}).shape == (0, 3)


def test_cycle_repeats_its_numbers_in_row_major_order() -> None:
    array = made({"shape": [2, 4], "cycle": [1, -1, 0]})
    np.testing.assert_array_equal(array, [[1, -1, 0, 1], [-1, 0, 1, -1]], strict=True)
    assert made({"shape": [2], "cycle": [0.5, 1]}).tolist() == [0.5, 1]
    assert made({"shape": [0, 3], "cycle": [0.5, 1]}).shape == (0, 3)


def test_add_broadcasts_as_numpy_does_and_keeps_whole_numbers_whole() -> None:
    array = made({"add": [[[1, 2, 3], [4, 5, 6]], [[100], [-(10**8)]]]})
    expected = np.array([[101, 102, 103], [-99999996, -99999995, -99999994]])
    np.testing.assert_array_equal(array, expected, strict=True)
    array = made({"add": [{"shape": [2, 2], "fill": 1}, [0.5, 0], float("-inf")]})
    assert array.tolist() == [[-np.inf, -np.inf]] * 2


def test_put_writes_numbers_at_indices_of_python_in_their_order() -> None:
    array = made({"base": {"shape": [2, 5], "fill": 0}, "put": {"0, -1": 2, ":, 1:3": 7, "1,1": 3}})
    np.testing.assert_array_equal(array, [[0, 7, 7, 0, 2], [0, 3, 7, 0, 0]], strict=True)
    array = made({"base": [1, 2, 3, 4], "put": {"::2": float("-inf")}})
    assert array.tolist() == [-np.inf, 2, -np.inf, 4]
    assert made({"base": [1, 2, 3], "put": {"::-2": 0}}).tolist() == [0, 2, 0]


def test_put_changes_no_array_file(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([1.5, 2]))
    assert made({"base": {"file": "x.npy"}, "put": {"0": 0}}, tmp_path).tolist() == [0, 2]
    assert np.load(tmp_path / "x.npy").tolist() == [1.5, 2]


def test_argmax_is_the_first_of_the_largest() -> None:
    rows = [[0, 3, 3], [5, 4, 4]]
    np.testing.assert_array_equal(made({"argmax": rows}), np.array([1, 0]), strict=True)
    np.testing.assert_array_equal(made({"argmax": rows, "axis": 0}), np.array([1, 1, 1]))


def test_one_hot_has_on_and_off_in_place_of_1_and_0() -> None:
    array = made({"one_hot": [0, 2], "num_classes": 3, "on": [20, -1], "off": -5})
    np.testing.assert_array_equal(array, np.array([[20.0, -5, -5], [-5, -5, -1]]), strict=True)
    array = made({"one_hot": {"shape": [2], "cycle": [1, 0]}, "num_classes": 2, "on": 7})
    np.testing.assert_array_equal(array, np.array([[0.0, 7], [7, 0]]), strict=True)


@pytest.mark.parametrize(("classes", "off"), [(2, 0), (3, -2.5), (1000, 0)])
@pytest.mark.parametrize("p", [0.001, 0.5, 0.999, 1 - 1e-7])
def test_a_probability_is_what_a_softmax_makes_of_the_row(p: float, classes: int, off: int) -> None:
    """Against the definition of softmax, in 50 digits."""
    form = {"one_hot": [1, 0], "num_classes": classes, "probability": [p, 0.5], "off": off}
    rows = made(form)
    with mpmath.workdps(50):
        for row, label, expected in zip(rows, (1, 0), (p, 0.5), strict=True):
            exps = [mpmath.exp(mpmath.mpf(float(x))) for x in row]
            share = exps[label] / mpmath.fsum(exps)
            assert abs(share - mpmath.mpf(expected)) <= 1e-14 * share
            assert abs((1 - share) - (1 - mpmath.mpf(expected))) <= 1e-14


def test_one_hot_is_1_at_each_index() -> None:
    array = made({"one_hot": [0, 2, 1], "num_classes": 3})
    expected = np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
    np.testing.assert_array_equal(array, expected, strict=True)


def test_one_hot_puts_the_classes_last() -> None:
    array = made({"one_hot": [[0, 1], [1, 1]], "num_classes": 4})
    np.testing.assert_array_equal(array, np.eye(4)[[[0, 1], [1, 1]]], strict=True)
    np.testing.assert_array_equal(made({"one_hot": 2, "num_classes": 3}), np.eye(3)[2], strict=True)


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "int8", "int32", "int64", ">f4", ">i8"]
)
def test_a_file_keeps_its_dtype(dtype: str, tmp_path: Path) -> None:
    array = np.arange(6).astype(dtype).reshape(2, 3)
    np.save(tmp_path / "x.npy", array)
    np.savez(tmp_path / "x.npz", values=array, other=array + 1)
    for form in ("x.npy", "x.npz#values"):
        np.testing.assert_array_equal(made({"file": form}, tmp_path), array, strict=True)
    np.testing.assert_array_equal(made({"file": "x.npz#other"}, tmp_path), array + 1, strict=True)


def test_fortran_order_and_a_single_number_and_an_empty_file_are_read(tmp_path: Path) -> None:
    for array in (np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.array(2.5), np.zeros((0, 3))):
        np.save(tmp_path / "x.npy", array)
        found = made({"file": "x.npy"}, tmp_path)
        np.testing.assert_array_equal(found, array, strict=True)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint32", "uint64"])
def test_booleans_and_unsigned_numbers_become_int64(dtype: str, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([0, 1, 1], dtype=dtype))
    found = made({"file": "x.npy"}, tmp_path)
    np.testing.assert_array_equal(found, np.array([0, 1, 1], dtype=np.int64), strict=True)


def test_an_unsigned_number_beyond_int64_does_not_wrap(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([2**64 - 1], dtype=np.uint64))
    assert made({"file": "x.npy"}, tmp_path).tolist() == [2.0**64]


def test_an_npy_file_is_memory_mapped(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(1000.0))
    found = made({"file": "x.npy"}, tmp_path)
    assert isinstance(mapped(found)._mmap, mmap.mmap)  # type: ignore[attr-defined]
    assert not found.flags.writeable


def test_an_npy_file_below_the_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    np.save(tmp_path / "data" / "x.npy", np.arange(3))
    assert made({"file": "data/x.npy"}, tmp_path).tolist() == [0, 1, 2]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "int64", "bfloat16"])
def test_a_safetensors_file_is_read_in_its_dtype(dtype: str, tmp_path: Path) -> None:
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    array = np.array([[0, 1, -2], [3, 100, 5]]).astype(kind)
    save_file({"logits": array, "other": array[:1].copy()}, tmp_path / "x.safetensors")
    found = made({"file": "x.safetensors#logits"}, tmp_path)
    assert found.dtype == np.dtype(kind)
    np.testing.assert_array_equal(found.astype(np.float64), array.astype(np.float64))


@pytest.mark.parametrize("dtype", [*DTYPES, "int64"])
def test_a_safetensors_file_is_mapped(dtype: str, tmp_path: Path) -> None:
    """At any place in the file: one that another tensor of odd length comes before."""
    array = np.arange(6).reshape(2, 3).astype(numpy_dtype(dtype))
    save_file({"a": np.zeros(3, np.uint8), "b": array}, tmp_path / "x.safetensors")
    found = made({"file": "x.safetensors#b"}, tmp_path)
    assert Path(str(mapped(found).filename)) == tmp_path / "x.safetensors"
    assert not found.flags.writeable
    np.testing.assert_array_equal(found, array)


def test_a_tensor_of_a_dtype_that_numpy_has_not_is_named(tmp_path: Path) -> None:
    tensor = {"dtype": "F8_E4M3", "shape": [3], "data_offsets": [0, 3]}
    header = json.dumps({"a": tensor}).encode()
    length = len(header).to_bytes(8, "little")
    (tmp_path / "x.safetensors").write_bytes(length + header + b"abc")
    with pytest.raises(InvalidError) as raised:
        made({"file": "x.safetensors#a"}, tmp_path)
    (mistake,) = raised.value.mistakes
    assert mistake.fault == "'a' holds numbers of F8_E4M3"
    assert mistake.advice == "save them as float32"


def test_an_empty_tensor_is_an_empty_array(tmp_path: Path) -> None:
    save_file({"a": np.zeros((0, 3), np.float32)}, tmp_path / "x.safetensors")
    assert made({"file": "x.safetensors#a"}, tmp_path).shape == (0, 3)


def test_safetensors_that_is_not_installed_comes_with_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_file({"x": np.zeros(2)}, tmp_path / "x.safetensors")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(InvalidError) as caught:
        made({"file": "x.safetensors#x"}, tmp_path)
    (mistake,) = caught.value.mistakes
    assert mistake.fault == "safetensors is not installed"
    assert mistake.advice == "pip install 'xent-check[safetensors]'"


@given(data=st.binary(max_size=300), suffix=st.sampled_from((".npy", ".npz", ".safetensors")))
@settings(max_examples=150, deadline=None)
def test_any_bytes_as_a_file_are_refused_or_read_as_numbers(
    data: bytes, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any", numbered=True)
    (folder / f"x{suffix}").write_bytes(data)
    _read_or_refused(folder, suffix)


@given(
    suffix=st.sampled_from((".npy", ".npz", ".safetensors")),
    place=st.floats(0, 1, exclude_max=True),
    byte=st.integers(0, 255),
    length=st.floats(0, 1),
)
@settings(max_examples=200, deadline=None)
def test_a_damaged_file_is_refused_or_read_as_numbers(
    suffix: str, place: float, byte: int, length: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged", numbered=True)
    file, array = folder / f"x{suffix}", np.arange(12.0).reshape(3, 4)
    if suffix == ".npy":
        np.save(file, array)
    elif suffix == ".npz":
        np.savez_compressed(file, key=array)
    else:
        save_file({"key": array}, file)
    data = bytearray(file.read_bytes())
    data[int(place * min(len(data), 200))] = byte  # the headers are at the beginning
    file.write_bytes(data[: len(data) if length > 0.5 else int(2 * length * len(data))])
    _read_or_refused(folder, suffix)


def _read_or_refused(folder: Path, suffix: str) -> None:
    name = f"x{suffix}" if suffix == ".npy" else f"x{suffix}#key"
    with contextlib.suppress(InvalidError):
        array = read_array(name, ("logits",), folder, allow_outside=False)
        assert array.dtype.kind in "if" or array.dtype.name == "bfloat16"


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_rounding_to_a_dtype_is_to_nearest_ties_to_even_once(name: str, sign: float) -> None:
    """Around the midpoint of 1 and its neighbour, by less than float32 can tell from it."""
    u = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24}[name]
    little = 2.0**-50
    numbers = [1 + u - little, 1 + u, 1 + u + little, 1 + 3 * u - little, 1 + 3 * u]
    expected = [1.0, 1.0, 1 + 2 * u, 1 + 2 * u, 1 + 4 * u]
    found = rounded(np.array(numbers) * sign, name).astype(np.float64)
    assert (found * sign).tolist() == expected


def test_rounding_whole_numbers_to_bfloat16_is_to_nearest() -> None:
    found = rounded(np.array([2**40 + 2**32, 2**40 + 2**32 + 1]), "bfloat16")
    assert found.astype(np.float64).tolist() == [2.0**40, 2.0**40 + 2.0**33]


def test_rounding_keeps_what_is_not_finite_and_the_sign_of_zero() -> None:
    numbers = np.array([np.nan, np.inf, -np.inf, -0.0, 1e300, -1e300, 1e-300])
    for name in ("float16", "bfloat16", "float32"):
        found = rounded(numbers, name).astype(np.float64)
        expected = [np.nan, np.inf, -np.inf, -0.0, np.inf, -np.inf, 0.0]
        np.testing.assert_array_equal(found, expected)
        assert np.signbit(found[3])


@given(st.floats(width=64, allow_nan=False, allow_infinity=False))
@settings(max_examples=500)
def test_no_bfloat16_is_nearer_than_the_rounded_one(number: float) -> None:
    found = rounded(np.array([number]), "bfloat16")
    bits = int(found.view(np.uint16)[0])
    if not np.isfinite(found.astype(np.float64)[0]):
        assert abs(number) >= (2 - 2.0**-8) * 2.0**127  # halfway from the largest to the next
        return
    distance = abs(float(found.astype(np.float64)[0]) - number)
    for neighbour in (bits - 1, bits + 1):
        other = np.array([neighbour % 2**16], dtype=np.uint16).view(ml_dtypes.bfloat16)
        value = float(other.astype(np.float64)[0])
        assert not np.isfinite(value) or abs(value - number) >= distance
