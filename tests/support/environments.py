"""Virtual environments that hold what they are told and nothing else: links to files of ours, made
in a moment, or packages that are installed once and kept in pytest's cache."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

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


def installed(config: pytest.Config, name: str, *packages: str, beside_ours: bool = False) -> Path:
    """An environment with packages of these releases and what they need; kept between runs.

    beside_ours: what is installed where the tests run can be imported there too.
    """
    if config.cache is None:
        pytest.fail("pytest's cache holds the environment; run without -p no:cacheprovider")
    version = f"{sys.version_info[0]}{sys.version_info[1]}"
    folder = Path(config.cache.mkdir(f"xent_check_{name}_{version}")) / "environment"
    done = folder / "done"
    with FileLock(folder.with_suffix(".lock")):  # tests of one file run in several processes
        if not done.exists() or not (folder / "bin" / "python").exists():
            venv.EnvBuilder(symlinks=True, clear=True).create(folder)
            if beside_ours:
                (there,) = folder.glob("lib/python*/site-packages")
                (there / "ours.pth").write_text(f"{OURS}\n")
            pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python")]
            told = subprocess.run([*pip, "install", *packages], capture_output=True, text=True)
            assert told.returncode == 0, told.stderr
            done.touch()
    return folder
