"""Journal: an append-only file of entries, each whole or absent, from which an interrupted job
goes on.

A line is the first 16 hexadecimal digits of the SHA-256 of its JSON, a space, and the JSON. The
first line says what the journal is of: another job does not go on from it. A last line that a kill
cut off is dropped; one that is damaged elsewhere was edited, and the journal is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from xent_check.errors import UserError, visible

Entry = Mapping[str, Any]


class JournalError(UserError):
    """Why a journal cannot be gone on from, or written."""


class Journal:
    """The journal of one job at a time; a context manager.

    resume: its entries are read, where it is of this job; without, it begins anew. subject: what
    the job is of, as plain data. other: what differs between the subject of the file and that, in
    words. JournalError where it is of another job, was edited, is in use or cannot be written.
    """

    def __init__(
        self,
        file: Path,
        subject: Entry,
        resume: bool,
        other: Callable[[Entry, Entry], str] | None = None,
    ) -> None:
        self._other = other or _other
        self.file, self.entries = file, list[Entry]()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            # Whichever thread takes it, another may give it back.
            self._lock = FileLock(f"{file}.lock", timeout=0, thread_local=False)
            self._lock.acquire()
        except Timeout:
            raise JournalError(f"{visible(str(file))}: another process works on this") from None
        except OSError as error:
            raise JournalError(f"{visible(str(file))}: {error.strerror}") from None
        try:
            self._open(subject, resume)
        except BaseException:
            self._lock.release()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._descriptor)
        self._lock.release()

    def add(self, entry: Entry) -> None:
        """Append an entry. OSError where it cannot be written."""
        self._append(entry)

    def remove(self) -> None:
        """Delete the file: its job is done."""
        self.file.unlink(missing_ok=True)

    def _open(self, subject: Entry, resume: bool) -> None:
        whole = 0
        if resume:
            lines, whole = _read(self.file)
            if lines and lines[0] != json.loads(json.dumps(subject)):
                raise JournalError(f"{visible(str(self.file))}: {self._other(lines[0], subject)}")
            self.entries = lines[1:]
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        try:
            self._descriptor = os.open(self.file, flags, 0o600)
            os.ftruncate(self._descriptor, whole)
            if not whole:
                self._append(subject)
        except OSError as error:
            raise JournalError(f"{visible(str(self.file))}: {error.strerror}") from None

    def _append(self, entry: Entry) -> None:
        text = json.dumps(entry)
        line = f"{_digest(text)} {text}\n".encode()
        while line:  # a signal or a full disk may cut it off; what is read is whole lines alone
            line = line[os.write(self._descriptor, line) :]


def _read(file: Path) -> tuple[list[Entry], int]:
    """The entries of whole lines, and how many bytes these have. JournalError for a damaged one
    that is not the last."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise JournalError(f"{visible(str(file))}: {error.strerror}") from None
    entries, whole = list[Entry](), 0
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        digest, _, text = line.decode("utf-8", "replace").partition(" ")
        if not line.endswith(b"\n"):
            break
        text = text.removesuffix("\n")
        if digest != _digest(text):
            raise JournalError(f"{visible(str(file))}:{number}: damaged; delete the file")
        entries.append(json.loads(text))
        whole += len(line)
    return entries, whole


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _other(found: Entry, subject: Entry) -> str:
    """What of the subject is another one's."""
    differing = [key for key in {**subject, **found} if found.get(key) != subject.get(key)]
    return f"it is of another {' and '.join(differing)}; leave out --resume to begin anew"
