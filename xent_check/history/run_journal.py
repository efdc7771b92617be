"""Run journal: what a run has finished so far, so that one that ended early can go on.

Its journal is of certain cases, versions and options. It is written once a run has taken DELAY
seconds, at once where it goes on from an earlier one, and deleted when the run has come to its end.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xent_check.problem.evaluation import Computed, Evaluation, Failed
from xent_check.reference.enclosure import Enclosure
from xent_check.results.joining import Finding

from .journal import Entry, Journal, JournalError
from .plain_values import from_plain, to_plain

DELAY = 5.0  # seconds; a run that takes less leaves no trace
LARGEST = 2**26  # characters of an entry; a larger answer is given again
_KEPT_FOR = 30 * 24 * 3600  # seconds; older journals in the folder are deleted
_LATER = ("crash", "timeout", "import")  # failures that another try may not have


@dataclass(frozen=True)
class Heading:
    """What a run asks, so that its answers are those that another one would get."""

    xent_check: str  # its version
    machine: str  # the processor with its instructions, the interpreter: `Machine.whole`
    cases: Mapping[str, str]  # what each case is, by its id: its inputs, its tolerance
    implementations: Mapping[str, str]  # the version of each, and of a user's own file
    options: Mapping[str, str]  # of the command line, those that change a result

    def change_to(self, other: Heading) -> str:
        """The first thing that is not the same in a later run, in a sentence; "" where all is."""
        if self.xent_check != other.xent_check:
            return f"it was begun by xent-check {self.xent_check}; this is {other.xent_check}"
        if self.machine != other.machine:
            return f"it was begun on {self.machine}; this is {other.machine}"
        for what, before, after in (
            ("case", self.cases, other.cases),
            ("implementation", self.implementations, other.implementations),
        ):
            if new := after.keys() - before.keys():
                return f"it does not have the {what} {min(new)}"
            if gone := before.keys() - after.keys():
                return f"it has the {what} {min(gone)}, which is not asked for now"
        for name, text in self.implementations.items():
            if other.implementations[name] != text:
                return f"{name} was {text}, and is {other.implementations[name]}"
        for name, text in self.cases.items():
            if other.cases[name] != text:
                return f"{name} has changed since"
        for name, text in self.options.items():
            if other.options.get(name) != text:
                return f"{name} was {text}, and is {other.options.get(name)}"
        return ""


class RunJournal:
    """The journal of one run: what an earlier one finished, and what this one does. A context
    manager: leaving it keeps the file, `finish` deletes it.

    file: None where nothing is kept. resume: whether to go on where the file's run ended.
    """

    def __init__(self, file: Path | None, heading: Heading | None, resume: bool = False) -> None:
        self._file = file
        self._subject: Entry = {} if heading is None else asdict(heading)
        self._known: dict[tuple[Any, ...], Any] = {}
        self._lock, self._waiting = threading.Lock(), list[Entry]()
        self._journal: Journal | None = None  # once the file is open
        self._closed = file is None
        self.resumed = 0  # answers of the earlier run, to cases and chunks
        self._timer: threading.Timer | None = None
        if file is None:
            return
        if resume and file.exists():
            self._resume(file)
        else:
            self._timer = threading.Timer(0.0 if resume else DELAY, self._open)
            self._timer.daemon = True
            self._timer.start()

    def __enter__(self) -> RunJournal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._close()

    def finish(self) -> None:
        """The run has come to its end: delete the file."""
        with self._lock:
            if self._journal is not None:
                self._journal.remove()
        self.__exit__()

    # ---- what is finished -------------------------------------------------------------------

    def answer(self, case: str, implementation: str) -> Evaluation | None:
        """The answer to a whole case, where it was given before."""
        known: Evaluation | None = self._value("answer", case, implementation)
        return known

    def finding(self, case: str, chunk: int, implementation: str) -> Finding | None:
        """What the answer to a chunk showed, where it was given before."""
        known: Finding | None = self._value("finding", case, chunk, implementation)
        return known

    def exact(self, case: str, chunk: int) -> Enclosure | None:
        """The exact losses of a chunk, where they were computed before."""
        known: Enclosure | None = self._value("exact", case, chunk)
        return known

    def introduction(self, implementation: str) -> Mapping[str, Any]:
        """What was found out about a user's own function before; empty where nothing was."""
        return self._value("introduction", implementation) or {}

    @property
    def folders(self) -> tuple[str, ...]:
        """The temporary folders of earlier runs, which were killed before they deleted them."""
        return tuple(key[1] for key in self._known if key[0] == "folder")

    def keep_folder(self, folder: str) -> None:
        """Keep the name of the run's temporary folder."""
        self._keep(True, "folder", folder)

    def keep_answer(self, case: str, implementation: str, evaluation: Evaluation) -> None:
        """Keep an answer, unless another try may give another."""
        if not _may_change(evaluation):
            self._keep(evaluation, "answer", case, implementation)

    def keep_finding(self, case: str, chunk: int, implementation: str, finding: Finding) -> None:
        """Keep a finding, unless another try may give another."""
        if not _may_change(finding.evaluation):
            self._keep(finding, "finding", case, chunk, implementation)

    def keep_exact(self, case: str, chunk: int, losses: Enclosure) -> None:
        """Keep the exact losses of a chunk."""
        self._keep(losses, "exact", case, chunk)

    def keep_introduction(self, implementation: str, message: Mapping[str, Any]) -> None:
        """Keep what was found out about a user's own function."""
        if message and ("introduction", implementation) not in self._known:
            self._keep(dict(message), "introduction", implementation)

    def _value(self, *key: Any) -> Any:
        plain = self._known.get(key)
        return None if plain is None else from_plain(plain)

    def _keep(self, value: Any, *key: Any) -> None:
        if self._closed or key in self._known:
            return
        if key[0] == "introduction":
            self._known[key] = to_plain(value)
        if _size(value) <= LARGEST:
            self._add({"key": key, "value": to_plain(value)})

    # ---- the file ---------------------------------------------------------------------------

    def _add(self, entry: Entry) -> None:
        """Append an entry; to the file once it is open."""
        with self._lock:
            self._waiting.append(entry)
            if self._journal is not None:
                self._write()

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        assert self._journal is not None
        try:
            for entry in waiting:
                self._journal.add(entry)
        except OSError:  # the disk is full: the run goes on without
            self._close()

    def _open(self) -> None:
        """Begin the file anew, unless another run has it."""
        assert self._file is not None
        with self._lock, contextlib.suppress(JournalError, OSError):
            if self._journal is None and not self._closed:
                self._journal = Journal(self._file, self._subject, resume=False)
                _delete_old(self._file.parent)
                self._write()

    def _resume(self, file: Path) -> None:
        journal = Journal(file, self._subject, resume=True, other=_other)
        self._known = {tuple(entry["key"]): entry["value"] for entry in journal.entries}
        self.resumed = sum(key[0] in ("answer", "finding") for key in self._known)
        self._journal = journal

    def _close(self) -> None:
        journal, self._journal, self._closed = self._journal, None, True
        if journal is not None:
            journal.__exit__(None, None, None)


NOWHERE = RunJournal(None, None)  # nothing is kept


def _other(found: Entry, subject: Entry) -> str:
    try:
        change = Heading(**found).change_to(Heading(**subject))
    except TypeError:
        change = "another xent-check wrote it"
    return f"not the run that ended early: {change}; without --resume it begins anew"


def _may_change(evaluation: Evaluation) -> bool:
    return isinstance(evaluation, Failed) and evaluation.kind in _LATER


def _size(value: Any) -> int:
    """The bytes of an answer's large arrays, as text."""
    if not isinstance(value, Computed):
        return 0
    gradients = sum(getattr(part, "nbytes", 0) for part in value.gradients.values())
    return int((value.losses.nbytes + gradients) * 4 / 3)


def _delete_old(folder: Path) -> None:
    for file in folder.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - file.stat().st_mtime > _KEPT_FOR:
                file.unlink()
