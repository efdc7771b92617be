"""The cases that ship with the package: inside it when installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path

CORPUS = "corpus:"  # before the path of one of its files or folders


def corpus() -> Path:
    """The folder of the shipped cases."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "cases"
    return installed if installed.is_dir() else package.parent / "cases"


def shipped() -> list[str]:
    """Each folder of cases that ships with the package, and each file in it: `corpus:forum`."""
    paths = (path for path in corpus().rglob("*") if path.is_dir() or path.suffix == ".yaml")
    return sorted(CORPUS + path.relative_to(corpus()).as_posix() for path in paths)
