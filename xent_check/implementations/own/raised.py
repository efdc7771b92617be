"""Raised: where in the user's own code an error came from, and how it got there."""

from __future__ import annotations

import os
import re
import sysconfig
import traceback
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from xent_check.errors import describe, visible

# The end of this folder's path. Who died may have had another copy of the package.
_HERE = os.sep.join(("", *Path(__file__).parts[-4:-1], ""))
_PACKAGE = f"{Path(__file__).parents[2]}{os.sep}"
_LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
)
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_DUMPED = re.compile(r'^  File "(.*)", line (\d+) in (.*)$', re.MULTILINE)
_MAX_FRAMES = 20  # that are shown of one error: a recursion has a thousand
_Frame = traceback.FrameSummary


def place_of(error: BaseException) -> str:
    """`mine.py:12, in loss`: the innermost line of the user's own below the call of the loss, the
    frames of libraries under it left out; of a library's own loss its first line. "" where the
    error is of no line below the call."""
    return _place(_below(traceback.extract_tb(error.__traceback__)))


def place_of_import(error: BaseException) -> str:
    """`mine.py:3`: the innermost line of the user's own that ran while a module was imported; ""
    where none did."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if not _library(f) and not f.filename.startswith(_PACKAGE)]
    return _line(own[-1]) if own else ""


def place_of_fault(dump: str) -> str:
    """The same as `place_of` where the process died, from what faulthandler has written: the
    frames of the thread at fault, the innermost first."""
    _, _, thread = dump.partition("Current thread ")
    lines = _DUMPED.findall(thread.partition("\n\n")[0])
    frames = [traceback.FrameSummary(f, int(line), name) for f, line, name in reversed(lines)]
    return _place(_below(frames))


def _place(below: Sequence[_Frame]) -> str:
    own = [frame for frame in below if not _library(frame)] or below[:1]
    return f"{_line(own[-1])}, in {own[-1].name}" if own else ""


def _line(frame: _Frame) -> str:
    return f"{os.path.basename(frame.filename)}:{frame.lineno}"


def traceback_of(error: BaseException) -> str:
    """The traceback below the call of the loss in several lines, much as Python writes it. Frames
    of a library that follow one another are one line; an error that this one was raised from
    stands before it. "" as of `place_of`."""
    below = _below(traceback.extract_tb(error.__traceback__))
    return "\n".join(map(visible, _lines(error, below, set()))) if below else ""


def _below(frames: Sequence[_Frame]) -> list[_Frame]:
    """The frames below the last call of a user's loss, the outermost first."""
    calls = [place for place, frame in enumerate(frames) if _HERE in frame.filename]
    if not calls:
        return []
    folder, _, _ = frames[calls[-1]].filename.rpartition(_HERE)
    package = os.path.join(folder, Path(_PACKAGE).name, "")
    return [f for f in frames[calls[-1] + 1 :] if not f.filename.startswith(package)]


def _lines(error: BaseException, frames: Sequence[_Frame], seen: set[int]) -> Iterator[str]:
    cause = error.__cause__
    if cause is None and not error.__suppress_context__:
        cause = error.__context__
    seen.add(id(error))
    if cause is not None and id(cause) not in seen:
        before = traceback.extract_tb(cause.__traceback__)
        yield from _lines(cause, _below(before) or before, seen)
        yield "and then:"
    yield from _folded(frames)
    yield describe(error)


def _folded(frames: Sequence[_Frame]) -> Iterator[str]:
    left_out = len(frames) - _MAX_FRAMES
    for library, group in groupby(frames[: _MAX_FRAMES // 2 if left_out > 0 else None], _library):
        yield from _group(library, [*group])
    if left_out > 0:
        yield f"  ... {left_out} frames"
        yield from _folded(frames[-_MAX_FRAMES // 2 :])


def _group(library: str, frames: Sequence[_Frame]) -> Iterator[str]:
    if library:
        yield f"  ... {len(frames)} frame{'s' * (len(frames) > 1)} in {library}"
        return
    for frame in frames:
        yield f'  File "{_shown(frame.filename)}", line {frame.lineno}, in {frame.name}'
        if frame.line:
            yield f"    {frame.line}"


def _shown(file: str) -> str:
    """Without the folder that the user works in."""
    return file.removeprefix(f"{os.getcwd()}{os.sep}")


def _library(frame: _Frame) -> str:
    """The library that a frame is of; "" for the user's own code."""
    file = frame.filename
    for part in _INSTALLED:
        _, found, below = file.rpartition(part)
        if found:
            return below.partition(os.sep)[0].removesuffix(".py")
    return "Python" if file.startswith(("<", *_LIBRARIES)) else ""
