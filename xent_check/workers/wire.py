"""Problems and evaluations as plain messages. Arrays of over 1 MiB go by file, memory-mapped."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from xent_check.problem.conduct import Conduct, Regrouped, Repetition, Unrepeated
from xent_check.problem.dtypes import dtype_name, numpy_dtype
from xent_check.problem.evaluation import Computed, Evaluation, Failed, Missing, Unsupported
from xent_check.problem.problem import Problem

Array = npt.NDArray[Any]
Message = dict[str, Any]
_INLINE_BYTES = 2**20


def encode_array(array: Array, folder: Path | None) -> Message:
    """An array's dtype, shape and bytes, or the file in the folder that holds the bytes; of one
    number that is broadcast, the bytes of that. folder: None where another machine reads it, and
    the message has all bytes."""
    message: Message = {"dtype": dtype_name(array.dtype), "shape": array.shape}
    repeated = array.size > 0 and not any(array.strides)
    stored = array.reshape(-1)[:1] if repeated else array
    native = np.ascontiguousarray(stored, dtype=array.dtype.newbyteorder("="))
    if repeated or folder is None or array.nbytes <= _INLINE_BYTES:
        return message | {"bytes": native.tobytes()}
    path = folder / f"{uuid.uuid4().hex}.bin"
    native.tofile(path)
    return message | {"path": str(path)}


def decode_array(message: Message, once: bool = False) -> Array:
    """The array of a message, read-only. once: delete its file, which nobody else reads; where the
    system does not let a mapped file be deleted, it stays."""
    dtype, shape = numpy_dtype(message["dtype"]), tuple(message["shape"])
    if "path" in message:
        mapped: Array = np.asarray(np.memmap(message["path"], dtype=np.uint8, mode="r"))
        if once:
            forget(message)
        return mapped.view(dtype).reshape(shape)
    numbers = np.frombuffer(message["bytes"], dtype=dtype)
    if numbers.size == 1:
        return np.broadcast_to(numbers.reshape(()), shape)
    return numbers.reshape(shape)


def forget(message: Message) -> None:
    """Delete the files of an array's message, or of a problem's that is answered by all."""
    arrays = [message, *(value for value in message.values() if isinstance(value, dict))]
    for array in arrays:
        if "path" in array:
            with contextlib.suppress(OSError):
                Path(array["path"]).unlink()


def inline_bytes(message: Message) -> float:
    """The bytes of a problem's arrays that are in its message; infinity where a file has some."""
    arrays = [value for value in message.values() if isinstance(value, dict)]
    if any("path" in array for array in arrays):
        return float("inf")
    return sum(len(array.get("bytes", b"")) for array in arrays)


def encode_problem(
    problem: Problem, folder: Path | None, known: Mapping[str, Message] = {}
) -> Message:
    """The message of a problem: every field by its name. folder: as of `encode_array`. known: the
    messages of some, from one that has the same arrays there."""
    return {
        f.name: known[f.name] if f.name in known else _encode(getattr(problem, f.name), folder)
        for f in fields(problem)
    }


def decode_problem(message: Message) -> Problem:
    """The problem of a message."""
    return Problem(**{name: _decode(value) for name, value in message.items()})


def _encode(value: Any, folder: Path | None) -> Any:
    if isinstance(value, np.ndarray):
        return encode_array(value, folder)
    if isinstance(value, int) and not isinstance(value, bool):
        return {"whole": str(value)}  # execnet has no integers below -2^31
    return value


def _decode(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return int(value["whole"]) if "whole" in value else decode_array(value)


def encode_evaluation(evaluation: Evaluation, folder: Path) -> Message:
    """The message of an evaluation. kind: the name of its class."""
    kind = type(evaluation).__name__
    if isinstance(evaluation, Failed):
        failure = {
            "failure": evaluation.kind,
            "message": evaluation.message,
            "call": evaluation.call,
            "calls": dict(evaluation.calls),
            "traceback": evaluation.traceback,
        }
        return {"kind": kind, **failure}
    if not isinstance(evaluation, Computed):
        return {"kind": kind, "reason": evaluation.reason}
    totals = {name: _encode_part(total, folder) for name, total in evaluation.totals.items()}
    return {
        "kind": kind,
        "losses": encode_array(evaluation.losses, folder),
        "totals": totals,
        "call": evaluation.call,
        "calls": dict(evaluation.calls),
        "seconds": evaluation.seconds,
        "gradient": _encode_part(evaluation.gradient, folder),
        "gradient_of": evaluation.gradient_of,
        "by_parameters": {
            name: _encode_part(part, folder) for name, part in evaluation.by_parameters.items()
        },
        "notes": list(evaluation.notes),
        "only_totals": evaluation.only_totals,
        "conduct": _encode_conduct(evaluation.conduct, folder),
    }


def _encode_conduct(conduct: Conduct, folder: Path) -> Message:
    """What the further checks showed; empty where none was asked for."""
    message: Message = {}
    if conduct.overwritten is not None:
        message["overwritten"] = {n: str(c) for n, c in conduct.overwritten.items()}
    if conduct.repetition is not None:
        message["repetition"] = {
            "raised": conduct.repetition.raised,
            "unrepeated": [
                vars(part) | {"size": str(part.size), "differing": str(part.differing)}
                for part in conduct.repetition.unrepeated
            ],
        }
    if conduct.regrouped is not None:
        message["regrouped"] = {
            "samples": [str(flat) for flat in conduct.regrouped.samples],
            "alone": encode_array(conduct.regrouped.alone, folder),
            "together": encode_array(conduct.regrouped.together, folder),
            "reduction": conduct.regrouped.reduction,
        }
    if conduct.not_regrouped:
        message["not_regrouped"] = conduct.not_regrouped
    return message


def _decode_conduct(message: Message) -> Conduct:
    overwritten, repetition = message.get("overwritten"), message.get("repetition")
    regrouped = message.get("regrouped")
    return Conduct(
        None if overwritten is None else {name: int(count) for name, count in overwritten.items()},
        None
        if repetition is None
        else Repetition(
            tuple(map(_decode_unrepeated, repetition["unrepeated"])), repetition["raised"]
        ),
        None
        if regrouped is None
        else Regrouped(
            tuple(map(int, regrouped["samples"])),
            decode_array(regrouped["alone"], once=True),
            decode_array(regrouped["together"], once=True),
            regrouped["reduction"],
        ),
        message.get("not_regrouped", ""),
    )


def _decode_unrepeated(message: Message) -> Unrepeated:
    counts = {key: int(message[key]) for key in ("size", "differing")}
    return Unrepeated(**message | counts | {"place": tuple(message["place"])})


def _encode_part(part: Array | Unsupported | None, folder: Path) -> Message | str | None:
    """An array, the reason there is none, or None where it was not asked for."""
    if part is None:
        return None
    return part.reason if isinstance(part, Unsupported) else encode_array(part, folder)


def _decode_part(message: Message | str) -> Array | Unsupported:
    return Unsupported(message) if isinstance(message, str) else decode_array(message, once=True)


def decode_evaluation(message: Message, printed: str) -> Evaluation:
    """The evaluation of a message. printed: the standard output while it was computed."""
    kind = message.pop("kind")
    if kind in ("Unsupported", "Missing"):
        return (Unsupported if kind == "Unsupported" else Missing)(message["reason"])
    if kind == "Failed":
        failure, text = message["failure"], message["message"]
        call, calls, traceback = message["call"], message["calls"], message["traceback"]
        return Failed(failure, text, call, printed, calls, traceback=traceback)
    totals = {name: _decode_part(total) for name, total in message["totals"].items()}
    gradient = message["gradient"]
    return Computed(
        losses=decode_array(message["losses"], once=True),
        totals=totals,
        call=message["call"],
        seconds=message["seconds"],
        gradient=None if gradient is None else _decode_part(gradient),
        printed=printed,
        calls=message["calls"],
        gradient_of=message["gradient_of"],
        notes=tuple(message["notes"]),
        only_totals=message["only_totals"],
        conduct=_decode_conduct(message["conduct"]),
        by_parameters={name: _decode_part(p) for name, p in message["by_parameters"].items()},
    )
