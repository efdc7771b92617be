"""Virtual environments that hold what they are told and nothing else, made in a moment."""

from __future__ import annotations

import venv
from pathlib import Path

import numpy as np

OURS = Path(np.__file__).parents[1]
NUMPY = ("numpy", "numpy.libs")


def environment(folder: Path, *packages: str, **versions: str) -> Path:
    """A new environment with links to files of ours, and metadata of these versions beside."""
    venv.EnvBuilder(symlinks=True).create(folder)
    (there,) = folder.glob("lib/python*/site-packages")
    for package in packages:
        if (OURS / package).exists():  # numpy.libs is not there on every system
            (there / package).symlink_to(OURS / package)
    for name, version in versions.items():
        metadata = there / f"{name}-{version}.dist-info" / "METADATA"
        metadata.parent.mkdir()
        metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    return folder
