"""Where a process that a test forks finds the tests: behind all else, so that it is the package
which is installed that they test. And where the modules of the site in docs/ stand.

pytest-xdist tells its workers how wide the terminal is: a command in a pipe is told nothing. A CI
service tells that it is one, and a pytest that a test starts would print longer lines for it.

Hypothesis draws anew in each run by hand. Where XENT_CHECK_SAME_DRAWS is set, as in `.ci/run`, it
draws the same again: a gate's verdict is on the change, not on the draw."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import settings

ROOT = Path(__file__).parents[1]
sys.path += [str(ROOT), str(ROOT / "docs" / "site")]
for told in ("COLUMNS", "CI", "BUILD_NUMBER"):
    os.environ.pop(told, None)
if os.environ.get("XENT_CHECK_SAME_DRAWS"):
    settings.load_profile("ci")  # Hypothesis's own: derandomized, without its database
