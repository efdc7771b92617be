"""What a notebook and `print` show."""

from __future__ import annotations

import io

from rich.console import Console
from rich.text import Text

WIDTH = 80  # columns of printed text


def as_html(text: str) -> str:
    """Text with the colours of a terminal, for a notebook."""
    console = Console(record=True, width=WIDTH + 1, file=io.StringIO(), legacy_windows=False)
    console.print(Text.from_ansi(text.rstrip("\n")), soft_wrap=True)
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")
