"""Watching: the files that are saved during a watched run, and the cases that this changes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from xent_check.casefile.levels import LeftOut
from xent_check.casefile.loading import Loaded, PosedCase
from xent_check.casefile.paths import SUFFIXES, case_files, folders, split_id, split_path
from xent_check.errors import UserError
from xent_check.implementations.names import Implementation
from xent_check.results.report import Report

from .selection import read_cases
from .settings import Settings

ARRAYS = (".npy", ".npz", ".safetensors")
SOURCE = ".py"
_QUIET_MS = 50  # saves this close together count as one
_LATEST_MS = 500  # a series of saves is reported after this at the latest


def watched_folders(settings: Settings, functions: Iterable[Implementation]) -> list[Path]:
    """The folders of the case files, with their arrays, and of the user's functions."""
    watched = [folder for text in settings.paths for folder in folders(split_path(text)[0])]
    for implementation in functions:
        module = implementation.function.rpartition(":")[0]
        watched.append(Path(module).parent if module.endswith(SOURCE) else Path.cwd())
    return sorted({Path(os.path.abspath(folder)) for folder in watched})


@contextlib.contextmanager
def saves(folders: Sequence[Path]) -> Iterator[queue.SimpleQueue[set[Path]]]:
    """A queue of the files that are saved, made or removed there from now on, a set at a time."""
    import watchfiles

    def is_input(_: object, path: str) -> bool:
        file = Path(path)
        hidden = file.name.startswith(".") or "__pycache__" in file.parts
        return not hidden and file.suffix in (*SUFFIXES, *ARRAYS, SOURCE)

    def listen() -> None:
        for changes in watchfiles.watch(
            *folders, watch_filter=is_input, stop_event=stop, debounce=_LATEST_MS, step=_QUIET_MS,
            rust_timeout=100, yield_on_timeout=True, raise_interrupt=False,
        ):  # fmt: skip
            listening.set()
            if changes:
                batches.put({Path(path) for _, path in changes})

    batches: queue.SimpleQueue[set[Path]] = queue.SimpleQueue()
    listening, stop = threading.Event(), threading.Event()
    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    listening.wait(10)
    try:
        yield batches
    finally:
        stop.set()
        thread.join()


class KnownCases:
    """The cases of a run as they were last read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, PosedCase] = {}
        self._marks: dict[str, str] = {}
        self.left_out: tuple[LeftOut, ...] = ()  # those above the level, as they were last read

    @property
    def posed_cases(self) -> tuple[PosedCase, ...]:
        """All cases as they were last read, in their order."""
        return tuple(self._known.values())

    def read(self) -> tuple[PosedCase, ...]:
        """Read all cases again; those that are new or changed. UserError as from `load`."""
        loaded = self._load(self._settings.paths)
        loaded.required()
        files = {s.case.shown for s in self.posed_cases}
        return self._take(loaded, files | set(map(_file_of, self.left_out)))

    def after(self, files: set[Path]) -> tuple[PosedCase, ...]:
        """The cases that these saves add or change. UserError as from `load`."""
        if any(path.suffix in ARRAYS for path in files) or not self._known:
            return self.read()
        yaml_files = {path for path in files if path.suffix in SUFFIXES}
        known = [s.case for s in self.posed_cases]
        removed = {case.shown for case in known if Path(os.path.abspath(case.file)) in yaml_files}
        unread = map(_file_of, self.left_out)
        removed |= {shown for shown in unread if Path(os.path.abspath(shown)) in yaml_files}
        return self._take(self._load(list(self._paths_of(yaml_files))), removed)

    def _load(self, paths: Sequence[str]) -> Loaded:
        only = self._settings.only
        loaded = read_cases(self._settings, paths) if paths else Loaded((), ())
        chosen = tuple(p for p in loaded.posed_cases if only is None or p.case.id in only)
        return Loaded(chosen, loaded.left_out if only is None else ())

    def _paths_of(self, files: set[Path]) -> Iterator[str]:
        """Those of the files that the settings name, each as a path with the case's name."""
        for path, name in map(split_path, self._settings.paths):
            with contextlib.suppress(UserError):  # nothing is there any more
                for file in case_files(path):
                    if Path(os.path.abspath(file.path)) in files:
                        yield f"{file.shown}::{name}" if name else file.shown

    def _take(self, loaded: Loaded, shown: set[str]) -> tuple[PosedCase, ...]:
        """Replace the known cases of the files `shown` by the loaded ones; those that changed."""
        fresh = loaded.posed_cases
        kept = (one for one in self.left_out if _file_of(one) not in shown)
        self.left_out = (*kept, *loaded.left_out)
        marks = {posed.case.id: fingerprint(posed) for posed in fresh}
        changed = tuple(s for s in fresh if self._marks.get(s.case.id) != marks[s.case.id])
        unread = {n: s for n, s in self._known.items() if s.case.shown not in shown}
        self._known = unread | {posed.case.id: posed for posed in fresh}
        self._marks = {n: m for n, m in self._marks.items() if n in unread} | marks
        return changed


def _file_of(left_out: LeftOut) -> str:
    return split_id(left_out.case)[0]


def fingerprint(posed: PosedCase) -> str:
    """A digest of a case's keys and arrays. Arrays of files are mapped and change with the file, so
    they cannot be compared later."""
    digest = hashlib.sha256(repr(posed.case.fields).encode())
    for field in fields(posed.problem):
        value = getattr(posed.problem, field.name)
        if isinstance(value, np.ndarray):
            digest.update(f"{field.name} {value.shape} {value.dtype}".encode())
            digest.update(np.ascontiguousarray(value).view(np.uint8).data)
    return digest.hexdigest()


def join_reports(before: Report, fresh: Report, posed_cases: Sequence[PosedCase]) -> Report:
    """The report of all cases: the fresh results, and the earlier ones of the other cases."""
    again = {result.case.id for result in fresh.results}
    places = {posed.case.id: place for place, posed in enumerate(posed_cases)}
    earlier = [r for r in before.results if r.case.id in places and r.case.id not in again]
    names = tuple(dict.fromkeys([*before.implementations, *fresh.implementations]))
    results = sorted([*earlier, *fresh.results], key=lambda r: places[r.case.id])
    return replace(
        fresh,
        results=tuple(results),
        cases=len(posed_cases),
        implementations=names,
        hosts=before.hosts | fresh.hosts,
        warnings=tuple(dict.fromkeys([*before.warnings, *fresh.warnings])),
    )
