"""Problems and evaluations as plain messages. Arrays of over 1 MiB go by file, memory-mapped."""

from __future__ import annotations

import uuid
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .dtypes import numpy_dtype
from .evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from .problem import Problem

Array = npt.NDArray[Any]
Message = dict[str, Any]
_INLINE_BYTES = 2**20
_ARRAYS = ("values", "labels", "class_weight", "pos_weight", "sample_weight")


def encode_array(array: Array, folder: Path) -> Message:
    """An array's dtype, shape and bytes, or the file that holds the bytes."""
    message: Message = {"dtype": array.dtype.name, "shape": array.shape}
    if array.nbytes <= _INLINE_BYTES:
        return message | {"bytes": np.ascontiguousarray(array).tobytes()}
    path = folder / f"{uuid.uuid4().hex}.bin"
    np.ascontiguousarray(array).tofile(path)
    return message | {"path": str(path)}


def decode_array(message: Message) -> Array:
    """The array of a message, read-only."""
    dtype, shape = numpy_dtype(message["dtype"]), tuple(message["shape"])
    if "path" in message:
        mapped: Array = np.memmap(message["path"], dtype=np.uint8, mode="r")
        return mapped.view(dtype).reshape(shape)
    return np.frombuffer(message["bytes"], dtype=dtype).reshape(shape)


def encode_problem(problem: Problem, folder: Path) -> Message:
    """Every field; arrays encoded."""
    message: Message = {f.name: getattr(problem, f.name) for f in fields(problem)}
    for name in _ARRAYS:
        if message[name] is not None:
            message[name] = encode_array(message[name], folder)
    return message


def decode_problem(message: Message) -> Problem:
    """The problem of a message."""
    arrays = {name: decode_array(message[name]) for name in _ARRAYS if message[name] is not None}
    return Problem(**{**message, **arrays})


def encode_evaluation(evaluation: Evaluation, folder: Path) -> Message:
    """The evaluation, tagged with its class."""
    kind = type(evaluation).__name__
    if isinstance(evaluation, Failed):
        failed = {
            "failure": evaluation.kind,
            "message": evaluation.message,
            "call": evaluation.call,
        }
        return {"kind": kind, **failed}
    if not isinstance(evaluation, Computed):
        return {"kind": kind, "reason": evaluation.reason}
    totals = {
        name: total.reason if isinstance(total, Unsupported) else encode_array(total, folder)
        for name, total in evaluation.totals.items()
    }
    return {
        "kind": kind,
        "losses": encode_array(evaluation.losses, folder),
        "totals": totals,
        "call": evaluation.call,
        "seconds": evaluation.seconds,
    }


def decode_evaluation(message: Message, printed: str) -> Evaluation:
    """The evaluation of a message, with what was printed meanwhile."""
    kind = message.pop("kind")
    if kind in ("Unsupported", "Missing"):
        return (Unsupported if kind == "Unsupported" else Missing)(message["reason"])
    if kind == "Failed":
        return Failed(message["failure"], message["message"], message["call"], printed)
    totals = {
        name: Unsupported(total) if isinstance(total, str) else decode_array(total)
        for name, total in message["totals"].items()
    }
    losses = decode_array(message["losses"])
    return Computed(losses, totals, message["call"], message["seconds"], printed)
