"""The cases that ship with the package: inside it when installed, beside it in a checkout."""

from __future__ import annotations

from pathlib import Path


def corpus() -> Path:
    """The folder of the shipped cases."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "cases"
    return installed if installed.is_dir() else package.parent / "cases"
