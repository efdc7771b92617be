"""Where a process that a test forks finds the tests: behind all else, so that it is the package
which is installed that they test."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
