"""Cache: where something is kept of a file or a folder, outside it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def cache_file(kind: str, of: Path, suffix: str) -> Path:
    """The file for `of`, by whatever name that goes, in a folder for its kind: in the user's cache
    folder, or in XENT_CHECK_CACHE. Nothing is created."""
    import platformdirs

    cache = os.environ.get("XENT_CHECK_CACHE") or platformdirs.user_cache_dir("xent-check")
    name = hashlib.sha256(os.fsencode(os.path.realpath(of))).hexdigest()[:16]
    return Path(cache) / kind / f"{name}{suffix}"
