"""Cache: where something is kept of a file or a folder, outside it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from xent_check.workers.cache_folder import cache_folder


def cache_file(kind: str, of: Path, suffix: str) -> Path:
    """The file for `of`, by whatever name that goes, in a folder for its kind: in the user's cache
    folder, or in XENT_CHECK_CACHE. Nothing is created."""
    name = hashlib.sha256(os.fsencode(os.path.realpath(of))).hexdigest()[:16]
    return cache_folder() / kind / f"{name}{suffix}"
