"""The folder for what is kept between runs."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """XENT_CHECK_CACHE, or the user's cache folder. It need not exist."""
    import platformdirs

    return Path(os.environ.get("XENT_CHECK_CACHE") or platformdirs.user_cache_dir("xent-check"))
