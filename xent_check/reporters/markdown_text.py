"""Text that stands as itself in GitHub-flavoured Markdown.

A backslash is enough before what the grammar reads: images, links, footnotes, emphasis, code,
headings, mathematics. It is not for what GitHub looks for in the text of the finished page:
mentions, references, emoji. There an HTML comment, which nobody sees, divides the word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from xent_check.errors import visible, visible_lines

_SPECIAL = re.compile(r"[\\`*_~\[#$]")
_DIVIDER = "<!-- -->"
_DIVIDED = re.compile(
    r"@(?=\w)"  # a mention, an address
    r"|\\#(?=\d)|\bGH(?=-\d)"  # a reference
    r"|/(?=/)|\bwww(?=\.)"  # an address of the web
    r"|(?<!:):(?=[\w+\\-]+:)",  # emoji, where it is no id with a colon behind it
    re.IGNORECASE,
)


def inline(text: str) -> str:
    """The text on one line, every character as itself, unprintable ones as escapes."""
    text = " ".join(map(visible, text.split()))
    text = _SPECIAL.sub(r"\\\g<0>", text).replace("&", "&amp;").replace("<", "&lt;")
    return _DIVIDED.sub(rf"\g<0>{_DIVIDER}", _start(text))


def linked(text: str) -> str:
    """An address of the web as a link that shows it; any other text as itself."""
    return f"<{text}>" if re.fullmatch(r"https?://[!-;=?-~]+", text) else inline(text)


def _start(text: str) -> str:
    """The text, which starts no list, quotation or underline."""
    if text[:1] in ("-", "+", "=", ">"):
        return f"\\{text}"
    return re.sub(r"^(\d+)([.)])(?= |$)", r"\1\\\2", text)


def cell(text: str) -> str:
    """The text as `inline` gives it, for a cell of a table."""
    return inline(text).replace("|", "\\|")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table. headings: in Markdown. rows: as plain text."""
    lines = [headings, ["---"] * len(headings), *([cell(text) for text in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def fenced(text: str, language: str = "") -> str:
    """A block of code, its fence longer than any in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{visible_lines(text.rstrip())}\n{fence}"
