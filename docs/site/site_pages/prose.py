"""Text of the package and its cases as Markdown: what stands in backticks is code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(r"(`[^`]+`)")
_SPECIAL = re.compile(r"[\\`*_\[\]]")
_START = re.compile(r"^(?=[-+#>=]|\d+[.)](?: |$))")
_ADDRESS = re.compile(r"(https?://[^\s;,)\"']*[^\s;,)\"'.:])")


def prose(text: str) -> str:
    """A paragraph, its web addresses links."""
    parts = _CODE.split(" ".join(text.split()))
    return "".join(part if _CODE.fullmatch(part) else _plain(part) for part in parts)


def sentence(text: str) -> str:
    """The same with a capital and a full stop."""
    return title(text if text.endswith((".", "!", "?")) else f"{text}.")


def title(text: str) -> str:
    """The same with a capital, where its first word is a word of English."""
    first = text.split(" ")[0].rstrip(":,")
    known = first.isalpha() and first not in ("z", "t", "p", "exp", "log", "nan", "inf", "jax")
    return prose(text[:1].upper() + text[1:] if known else text)


def code(text: str) -> str:
    return f"`{text}`"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose cells are Markdown already."""
    lines = [headings, ["---"] * len(headings), *rows]
    escaped = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


def fenced(text: str, language: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def _plain(text: str) -> str:
    parts = _ADDRESS.split(text)
    return "".join(f"<{p}>" if _ADDRESS.fullmatch(p) else _escaped(p) for p in parts)


def _escaped(text: str) -> str:
    text = _SPECIAL.sub(r"\\\g<0>", text).replace("&", "&amp;").replace("<", "&lt;")
    return _START.sub(r"\\", text)
