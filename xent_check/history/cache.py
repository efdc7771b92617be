"""Cache: files outside a file or folder that keep something about it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from xent_check.workers.cache_folder import cache_folder


def cache_file(kind: str, of: Path, suffix: str) -> Path:
    """The cache file for `of`, the same whichever of its names is given, in a folder for its kind:
    in XENT_CHECK_CACHE, else in the user's cache folder. Nothing is created."""
    name = hashlib.sha256(os.fsencode(os.path.realpath(of))).hexdigest()[:16]
    return cache_folder() / kind / f"{name}{suffix}"
