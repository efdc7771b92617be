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

from xent_check.casefile.loading import PosedCase, load
from xent_check.casefile.paths import SUFFIXES, case_files, folders, split_path
from xent_check.errors import UserError
from xent_check.implementations.names import Implementation
from xent_check.results.report import Report

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

    @property
    def posed_cases(self) -> tuple[PosedCase, ...]:
        """All cases as they were last read, in their order."""
        return tuple(self._known.values())

    def read(self) -> tuple[PosedCase, ...]:
        """Read all cases again; those that are new or changed. UserError as from `load`."""
        return self._take(
            self._load(self._settings.paths), {s.case.shown for s in self.posed_cases}
        )

    def after(self, files: set[Path]) -> tuple[PosedCase, ...]:
        """The cases that these saves add or change. UserError as from `load`."""
        if any(path.suffix in ARRAYS for path in files) or not self._known:
            return self.read()
        yaml_files = {path for path in files if path.suffix in SUFFIXES}
        known = [s.case for s in self.posed_cases]
        removed = {case.shown for case in known if Path(os.path.abspath(case.file)) in yaml_files}
        return self._take(self._load(list(self._paths_of(yaml_files))), removed)

    def _load(self, paths: Sequence[str]) -> tuple[PosedCase, ...]:
        s = self._settings
        fresh = load(paths, s.case_filter, s.allow_outside) if paths else ()
        return tuple(posed for posed in fresh if s.only is None or posed.case.id in s.only)

    def _paths_of(self, files: set[Path]) -> Iterator[str]:
        """Those of the files that the settings name, each as a path with the case's name."""
        for path, name in map(split_path, self._settings.paths):
            with contextlib.suppress(UserError):  # nothing is there any more
                for file in case_files(path):
                    if Path(os.path.abspath(file.path)) in files:
                        yield f"{file.shown}::{name}" if name else file.shown

    def _take(self, fresh: Sequence[PosedCase], shown: set[str]) -> tuple[PosedCase, ...]:
        """Replace the known cases of the files `shown` by the fresh ones; those that changed."""
        marks = {posed.case.id: fingerprint(posed) for posed in fresh}
        changed = tuple(s for s in fresh if self._marks.get(s.case.id) != marks[s.case.id])
        unread = {n: s for n, s in self._known.items() if s.case.shown not in shown}
        self._known = unread | {posed.case.id: posed for posed in fresh}
        self._marks = {n: m for n, m in self._marks.items() if n in unread} | marks
        return changed


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
