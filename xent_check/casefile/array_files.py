"""Array files: `x.npy` (memory-mapped), `x.npz#key`, `x.safetensors#key`; never pickle."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.errors import InvalidError, KeyPath, Mistake, did_you_mean
from xent_check.problem.dtypes import numpy_dtype

from .memory import must_fit

Array = npt.NDArray[Any]
_NPY = b"\x93NUMPY"
# The dtypes of safetensors that are mapped, as NumPy has them.
_TENSORS = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
}
_FORMS = "x.npy, x.npz#key or x.safetensors#key"


def read_array(text: str, key: KeyPath, folder: Path, allow_outside: bool) -> Array:
    """The numbers of an array file `text`, found from `folder`.

    Booleans and unsigned integers become int64, of uint64 float64 where int64 cannot hold them;
    other dtypes stay. An .npy is mapped, not read, and so are the tensors of a .safetensors that a
    case can hold as they are. InvalidError at the key for a path that leaves the folder (unless
    allow_outside), a file that is damaged or needs pickle, and other dtypes.
    """
    name, _, member = text.partition("#")
    path = _path(name, key, folder, allow_outside)
    if (path.suffix == ".npy") == bool(member):
        advice = f"write {name!r} alone" if member else f"write '{name}#key'"
        raise _invalid(key, repr(text), f"{_FORMS}", advice)
    try:
        array = _READERS[path.suffix](path, member, key)
    except (InvalidError, MemoryError):
        raise
    except Exception as error:  # whatever a damaged file makes its reader raise
        fault, allowed = _reading_error_text(name, error), "arrays of numbers, without pickle"
        raise _invalid(
            key, fault, allowed, "save it again with numpy.save or numpy.savez"
        ) from None
    return as_numbers(array, key, repr(name))


def as_numbers(array: Array, key: KeyPath, name: str) -> Array:
    """The array with booleans and unsigned integers in int64, or float64 where that cannot hold
    them. InvalidError at the key for values that are no numbers. name: what holds them."""
    if array.dtype.kind not in "iufb" and array.dtype.name != "bfloat16":
        raise _invalid(key, f"{name} holds values of dtype {array.dtype}", "numbers")
    if array.dtype.kind in "bu":
        must_fit(array.shape, 8, key)
        fits = array.dtype != np.uint64 or not (array > np.iinfo(np.int64).max).any()
        return array.astype(np.int64 if fits else np.float64)
    return array


def _invalid(key: KeyPath, fault: str, allowed: str = "", advice: str = "") -> InvalidError:
    return InvalidError(Mistake(key, fault, allowed, advice))


def _path(name: str, key: KeyPath, folder: Path, allow_outside: bool) -> Path:
    """Where the file is; InvalidError unless it is a file that may be read."""
    path = folder / name
    try:
        resolved = path.resolve()
        if resolved.is_symlink():  # Python 3.13 leaves a loop of links as it is
            raise OSError
        inside = resolved.is_relative_to(folder.resolve())
        is_file, is_folder = path.is_file(), path.is_dir()
    except (ValueError, OSError, RuntimeError):  # a null, a loop of links, a name too long
        raise _invalid(key, f"{name!r} is no path", "a file beside the case file") from None
    if not allow_outside and not inside:
        allowed = "files in it or below it"
        advice = "move the file there, or pass --allow-outside"
        raise _invalid(key, f"{name!r} leaves the case file's folder", allowed, advice)
    if is_folder:
        raise _invalid(key, f"{name!r} is a directory", _FORMS, "name a file in it")
    if path.suffix not in _READERS:
        raise _invalid(key, repr(name), _FORMS, "save the array in one of these formats")
    if not is_file:
        advice = "check the path; it starts at the case file's folder"
        raise _invalid(key, f"{name!r} does not exist", "", advice)
    return path


def _reading_error_text(name: str, error: Exception) -> str:
    if any(word in str(error).lower() for word in ("pickle", "python objects")):
        return f"{name!r} needs pickle to be read, which can run code"
    words = " ".join(str(error).split()) or type(error).__name__
    return f"{name!r} cannot be read: {words[:200]}"


def _npy(path: Path, member: str, key: KeyPath) -> Array:
    with path.open("rb") as file:
        start = file.read(len(_NPY))
        if start != _NPY:
            raise ValueError("it is a pickle" if start[:1] == b"\x80" else "it is no .npy file")
        file.seek(0)
        shape, _, dtype = _header(file)
        promised, present = math.prod(shape) * dtype.itemsize, path.stat().st_size - file.tell()
    if promised > present and not dtype.hasobject:
        raise ValueError(f"it promises {promised:,} bytes of numbers and holds {present:,}")
    # A plain array of the mapped file: each slice of a memmap costs as much as a small sum.
    return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def _npz(path: Path, member: str, key: KeyPath) -> Array:
    with zipfile.ZipFile(path) as archive:
        names = [info.filename.removesuffix(".npy") for info in archive.infolist()]
        _require_member(member, names, key)
        with archive.open(f"{member}.npy") as stream:
            shape, _, dtype = _header(stream)
        must_fit(shape, dtype.itemsize, key)
    with np.load(path, allow_pickle=False) as arrays:
        array: Array = arrays[member]
        return array


def _header(stream: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and dtype that an .npy claims: checked before numpy allocates them."""
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    return np.lib.format.read_array_header_2_0(stream)


def _safetensors(path: Path, member: str, key: KeyPath) -> Array:
    try:
        from safetensors import safe_open
    except ImportError:
        advice = "pip install 'xent-check[safetensors]'"
        raise _invalid(key, "safetensors is not installed", "", advice) from None
    with safe_open(path, framework="numpy") as tensors:
        _require_member(member, tensors.keys(), key)
        shape = tensors.get_slice(member).get_shape()
        name = tensors.get_slice(member).get_dtype()
        if name in _TENSORS and math.prod(shape):
            return _mapped_tensor(path, member, numpy_dtype(_TENSORS[name]))
        must_fit([math.prod(shape)], 8, key)
        try:
            tensor: Array = tensors.get_tensor(member)
        except AttributeError:  # it names a dtype that NumPy has not
            fault, advice = f"{member!r} holds numbers of {name}", "save them as float32"
            raise _invalid(key, fault, "dtypes of NumPy, and bfloat16", advice) from None
        return tensor


def _mapped_tensor(path: Path, member: str, dtype: np.dtype[Any]) -> Array:
    """A tensor of a file whose header the library has checked: eight bytes that are the length of
    the JSON after them, then the tensors, little-endian."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entry = json.loads(file.read(length))[member]
    start, stop = entry["data_offsets"]
    flat = np.asarray(np.memmap(path, np.uint8, "r", 8 + length + start, stop - start))
    tensor: Array = flat.view(dtype).reshape(entry["shape"])
    return tensor


def _require_member(member: str, names: Iterable[str], key: KeyPath) -> None:
    names = list(names)
    if member not in names:
        listed = ", ".join(names[:10]) or "nothing: the file is empty"
        raise _invalid(key, f"no array {member!r}", listed, did_you_mean(member, names))


_READERS = {".npy": _npy, ".npz": _npz, ".safetensors": _safetensors}
