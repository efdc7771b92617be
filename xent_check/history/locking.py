"""Locking: one process at a time reads a file and writes it anew."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xent_check.errors import UserError, visible

PATIENCE = 60.0  # seconds; a file is read and written in far less


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """No other process of this user has the same file meanwhile, by whatever name. The lock is kept
    in the user's cache folder, or in XENT_CHECK_CACHE; UserError where it cannot be had."""
    import platformdirs
    from filelock import FileLock, Timeout

    cache = os.environ.get("XENT_CHECK_CACHE") or platformdirs.user_cache_dir("xent-check")
    name = hashlib.sha256(os.fsencode(os.path.realpath(file))).hexdigest()[:16]
    lock = Path(cache) / "locks" / f"{name}.lock"
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        held = FileLock(lock, timeout=PATIENCE).acquire()
    except Timeout:
        why = f"another process has held it for {PATIENCE:g} s; wait for that one to end"
        raise UserError(f"{visible(str(file))}: {why}") from None
    except OSError as error:
        why = f"no lock in {lock.parent}: {error.strerror}; set XENT_CHECK_CACHE to another folder"
        raise UserError(visible(f"{file}: {why}")) from None
    with held:
        yield
