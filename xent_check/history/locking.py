"""Locking: one process at a time reads a file and writes it anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xent_check.errors import UserError, visible

from .cache import cache_file

PATIENCE = 60.0  # seconds; a file is read and written in far less


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """No other process of this user has the same file meanwhile, by whatever name. The lock is kept
    in the user's cache folder, or in XENT_CHECK_CACHE; UserError where it cannot be had."""
    from filelock import FileLock, Timeout

    lock = cache_file("locks", file, ".lock")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock, timeout=PATIENCE).acquire()
    except Timeout:
        why = f"another process has held it for {PATIENCE:g} s; wait for that one to end"
        raise UserError(f"{visible(str(file))}: {why}") from None
    except (OSError, NotImplementedError) as error:  # the second where the file system has none
        reason = getattr(error, "strerror", None) or error
        why = f"no lock in {lock.parent}: {reason}; set XENT_CHECK_CACHE to another folder"
        raise UserError(visible(f"{file}: {why}")) from None
    with held:
        yield
