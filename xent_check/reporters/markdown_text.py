"""Markup: text that stands as itself in GitHub-flavoured Markdown.

Backslashes do for what the grammar reads: images, links, footnotes, emphasis, code, headings,
mathematics. They do not for what GitHub finds in the text of the finished page, mentions,
references, emoji; there a comment, which nobody sees, parts what would be one word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from xent_check.errors import visible, visible_lines

_SPECIAL = re.compile(r"[\\`*_~\[#$]")
_NOTHING = "<!-- -->"
_PARTED = re.compile(
    r"@(?=\w)"  # a mention, an address
    r"|\\#(?=\d)|\bGH(?=-\d)"  # a reference
    r"|/(?=/)|\bwww(?=\.)"  # an address of the web
    r"|(?<!:):(?=[\w+\\-]+:)",  # emoji, where it is no id with a colon behind it
    re.IGNORECASE,
)


def inline(text: str) -> str:
    """On one line, every character itself; what does not print as an escape."""
    text = " ".join(map(visible, text.split()))
    text = _SPECIAL.sub(r"\\\g<0>", text).replace("&", "&amp;").replace("<", "&lt;")
    return _PARTED.sub(rf"\g<0>{_NOTHING}", _start(text))


def linked(text: str) -> str:
    """An address of the web as a link that shows it; any other text as itself."""
    return f"<{text}>" if re.fullmatch(r"https?://[!-;=?-~]+", text) else inline(text)


def _start(text: str) -> str:
    """No list, quotation or underline."""
    if text[:1] in ("-", "+", "=", ">"):
        return f"\\{text}"
    return re.sub(r"^(\d+)([.)])(?= |$)", r"\1\\\2", text)


def cell(text: str) -> str:
    """The same within a table."""
    return inline(text).replace("|", "\\|")


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table."""
    lines = [headings, ["---"] * len(headings), *([cell(text) for text in row] for row in rows)]
    return [f"| {' | '.join(line)} |" for line in lines]


def fenced(text: str, language: str = "") -> str:
    """A block of code, its fence longer than any within."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{visible_lines(text.rstrip())}\n{fence}"
