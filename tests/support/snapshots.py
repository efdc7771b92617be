"""Whole outputs held against files in tests/expected/.

    UPDATE_EXPECTED=1 pytest tests/reporters tests/cli

writes the files anew instead of comparing; read the difference before committing it.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

EXPECTED = Path(__file__).parents[1] / "expected"


def assert_expected(name: str, text: str) -> None:
    """The text is what the file `name` in tests/expected/ holds."""
    file = EXPECTED / name
    if os.environ.get("UPDATE_EXPECTED"):
        file.write_text(text, encoding="utf-8")
    assert file.is_file(), f"no {file.name} in tests/expected/: UPDATE_EXPECTED=1 writes it"
    expected = file.read_text(encoding="utf-8")
    lines = difflib.unified_diff(
        expected.splitlines(), text.splitlines(), f"tests/expected/{name}", "now", lineterm=""
    )
    assert text == expected, "\n".join(lines)
