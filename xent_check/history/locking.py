"""Locking: one process at a time reads and rewrites a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xent_check.errors import UserError, visible

from .cache import cache_file

PATIENCE = 60.0  # seconds; a file is read and written in far less


@contextmanager
def file_lock(file: Path) -> Iterator[None]:
    """Keep other processes of this user from locking the same file, whichever of its names they
    use. The lock is in the user's cache folder or XENT_CHECK_CACHE. UserError where it cannot be
    taken."""
    from filelock import FileLock, Timeout

    lock = cache_file("locks", file, ".lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock, timeout=PATIENCE).acquire()
    except Timeout:
        why = f"another process has kept it locked for {PATIENCE:g} s; wait until it ends"
        raise UserError(f"{visible(str(file))}: {why}") from None
    except (OSError, NotImplementedError) as error:  # the second: a file system without locks
        reason = getattr(error, "strerror", None) or error
        why = f"no lock in {lock.parent}: {reason}; set XENT_CHECK_CACHE to another folder"
        raise UserError(visible(f"{file}: {why}")) from None
    with held:
        yield
