"""Raised: where in the user's own code an error came from."""

from __future__ import annotations

import os
import sysconfig
import traceback
from pathlib import Path

_HERE = f"{Path(__file__).parent}{os.sep}"
_LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


def place_of(error: BaseException) -> str:
    """`mine.py:12, in loss`: the innermost line of the user's own below the call of the loss, the
    frames of libraries under it left out; of a library's own loss its first line. "" where the
    error is of no line below the call."""
    frames = traceback.extract_tb(error.__traceback__)
    calls = [place for place, frame in enumerate(frames) if frame.filename.startswith(_HERE)]
    if not calls:
        return ""
    below = frames[calls[-1] + 1 :]
    own = [frame for frame in below if not _is_of_a_library(frame.filename)] or below[:1]
    if not own:
        return ""
    return f"{os.path.basename(own[-1].filename)}:{own[-1].lineno}, in {own[-1].name}"


def _is_of_a_library(file: str) -> bool:
    return file.startswith(("<", *_LIBRARIES)) or any(part in file for part in _INSTALLED)
