"""The README's picture is what the command prints on a terminal, but for the time it took.

UPDATE_EXPECTED=1 pytest tests/frameworks/test_picture.py draws it anew.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from tests.support.command import as_typed
from tests.support.console import ROOT, blocks

PICTURE = ROOT / "docs" / "run.svg"
README = (ROOT / "README.md").read_text(encoding="utf-8")
WIDTH = 80


def drawn(typed: str, printed: str) -> str:
    """An SVG of a terminal, by rich; without the font that it would fetch from elsewhere."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), legacy_windows=False)
    console.print(f"[bold]$ {typed}[/bold]", highlight=False)
    console.print(Text.from_ansi(printed), soft_wrap=True)
    svg = console.export_svg(title="xent-check", theme=MONOKAI, unique_id="xent-check")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return "".join(f"{line.rstrip()}\n" for line in svg.splitlines())


def test_the_picture_is_what_the_command_prints(tmp_path: Path) -> None:
    for block in blocks(README):
        if block.title is not None:
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    (typed,) = re.findall(r"`(xent-check run confident[^`]*)`", README)
    done = as_typed(tmp_path, *typed.split()[1:], "--color", COLUMNS=str(WIDTH), TERM="xterm")
    assert done.returncode == 1
    printed = re.sub(r"\b[\d.]+ s\b", "2.5 s", done.stdout)
    picture = drawn(typed, printed)
    if os.environ.get("UPDATE_EXPECTED"):
        PICTURE.write_text(picture, encoding="utf-8")
    assert "http" not in re.sub(r'xmlns="[^"]*"|<!--.*?-->', "", picture)
    assert PICTURE.read_text(encoding="utf-8") == picture
