"""An array form of a case file, made a numpy array. Nothing is allocated that cannot fit."""

from __future__ import annotations

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from .case import FileArray, FillArray, OneHotArray, RandomArray, RangeArray
from .errors import InvalidError, KeyPath, Mistake

Array = npt.NDArray[Any]
_BYTES_PER_VALUE = 8


def make_array(form: object, key: KeyPath, folder: Path, allow_outside: bool) -> Array:
    """The array that `form` describes; int64 where every number is whole, else float64.

    A file keeps its own dtype. `folder` is the case file's; a path that leaves it is refused
    unless `allow_outside`.
    """
    match form:
        case RandomArray():
            return _random(form, key)
        case RangeArray():
            _must_fit(form.shape, key)
            return np.arange(math.prod(form.shape), dtype=np.int64).reshape(form.shape)
        case FillArray():
            _must_fit(form.shape, key)
            return np.full(form.shape, form.fill, dtype=np.array(form.fill).dtype)
        case OneHotArray():
            return _one_hot(form, key)
        case FileArray():
            return _file(form, key, folder, allow_outside)
        case _:
            return _listed(form, key)


def _wrong(key: KeyPath, found: str, allowed: str = "", advice: str = "") -> InvalidError:
    return InvalidError(Mistake(key, found, allowed, advice))


def _must_fit(shape: list[int], key: KeyPath, bytes_per_value: int = _BYTES_PER_VALUE) -> None:
    needed = math.prod(shape) * bytes_per_value
    available = psutil.virtual_memory().available
    if needed > available:
        raise _wrong(
            key,
            f"shape {shape} needs {needed / 2**30:,.1f} GiB",
            f"{available / 2**30:,.1f} GiB, the memory that is free",
            "make it smaller",
        )


def _listed(numbers: Any, key: KeyPath) -> Array:
    try:
        array = np.array(numbers)
    except OverflowError:
        array = np.array(numbers, dtype=np.float64)
    if array.dtype.kind in "iu" and array.dtype != np.int64:
        array = array.astype(np.float64 if array.dtype == np.uint64 else np.int64)
    if array.dtype.kind not in "if":
        raise _wrong(key, "numbers that no 64-bit type holds", "64-bit numbers")
    return array


def _random(form: RandomArray, key: KeyPath) -> Array:
    _must_fit(form.shape, key)
    stream = np.random.RandomState(form.seed)
    if form.random == "normal":
        return stream.standard_normal(form.shape) * form.scale + form.loc
    if form.random == "uniform":
        low = 0.0 if form.low is None else form.low
        high = 1.0 if form.high is None else form.high
        return stream.uniform(low, high, form.shape)
    if form.high is None:
        raise _wrong(
            key, "`random: integers` without `high`", "", "add `high`, one past the largest"
        )
    low_, high_ = form.low or 0, form.high
    if int(low_) != low_ or int(high_) != high_ or not low_ < high_:
        raise _wrong(key, f"low {low_:g}, high {high_:g}", "whole numbers, low below high")
    return stream.randint(int(low_), int(high_), form.shape).astype(np.int64)


def _one_hot(form: OneHotArray, key: KeyPath) -> Array:
    indices = _listed(form.one_hot, (*key, "one_hot"))
    if indices.dtype.kind != "i":
        raise _wrong((*key, "one_hot"), "numbers that are not whole", "class indices")
    bad = (indices < 0) | (indices >= form.num_classes)
    if bad.any():
        allowed = f"0 to {form.num_classes - 1} (num_classes - 1)"
        raise _wrong((*key, "one_hot"), f"class {indices[bad].flat[0]}", allowed)
    _must_fit([*indices.shape, form.num_classes], key)
    rows: Array = np.equal(indices[..., None], np.arange(form.num_classes)).astype(np.float64)
    return rows


def _file(form: FileArray, key: KeyPath, folder: Path, allow_outside: bool) -> Array:
    key = (*key, "file")
    name, _, member = form.file.partition("#")
    path = folder / name
    suffix = path.suffix
    if suffix not in (".npy", ".npz", ".safetensors"):
        raise _wrong(key, repr(form.file), "x.npy, x.npz#key or x.safetensors#key")
    if not allow_outside and not path.resolve().is_relative_to(folder.resolve()):
        raise _wrong(
            key,
            f"{name!r} leaves the case file's folder",
            "a path below it",
            "move the file, or pass --allow-outside",
        )
    if not path.is_file():
        found = "is a directory" if path.is_dir() else "does not exist"
        raise _wrong(key, f"{name!r} {found}", "a file beside the case file")
    if (suffix == ".npy") == bool(member):
        advice = f"write {name!r} alone" if member else f"write '{name}#key'"
        raise _wrong(
            key, repr(form.file), "a #key for .npz and .safetensors, none for .npy", advice
        )
    try:
        array = _loaded(path, member, key)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise _wrong(
            key, _why_unreadable(name, error), "arrays of numbers, without pickle"
        ) from None
    if array.dtype.kind not in "iufb" and array.dtype.name != "bfloat16":
        raise _wrong(key, f"{name!r} holds {array.dtype} values", "numbers")
    if array.dtype.kind == "b" or array.dtype.kind == "u":
        return array.astype(np.int64)
    return array


def _why_unreadable(name: str, error: Exception) -> str:
    if "pickle" in str(error).lower():
        return f"{name!r} needs pickle to be read, which can run code"
    return f"{name!r} cannot be read: {' '.join(str(error).split())}"


def _loaded(path: Path, member: str, key: KeyPath) -> Array:
    if path.suffix == ".npy":
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
        return array
    if path.suffix == ".npz":
        return _from_npz(path, member, key)
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as tensors:
            _known_member(member, tensors.keys(), key)
            _must_fit(tensors.get_slice(member).get_shape(), key)
            tensor: Array = tensors.get_tensor(member)
            return tensor
    except SafetensorError as error:
        raise ValueError(str(error)) from None


def _from_npz(path: Path, member: str, key: KeyPath) -> Array:
    with zipfile.ZipFile(path) as archive:
        sizes = {info.filename.removesuffix(".npy"): info.file_size for info in archive.infolist()}
    _known_member(member, sizes, key)
    _must_fit([sizes[member]], key, bytes_per_value=1)
    with np.load(path, allow_pickle=False) as arrays:
        array: Array = arrays[member]
        return array


def _known_member(member: str, names: Any, key: KeyPath) -> None:
    from .errors import did_you_mean

    if member not in list(names):
        raise _wrong(key, f"no array {member!r}", ", ".join(names), did_you_mean(member, names))
