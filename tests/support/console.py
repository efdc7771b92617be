"""The console blocks of a page in Markdown, run as a reader would who begins in an empty folder.

A block of another language with a title is a file, written when the reader comes to it:

    ```yaml title="sure.yaml"

A command stands behind `$ `, what it prints below it. `<!-- not run: REASON -->` on the line before
a block says that it is not run, and `<!-- needs: keras, torch -->` anywhere which frameworks the
page is run with; `packages` is an environment of published packages.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .command import as_typed
from .fake import PATIENCE

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
COLUMNS = "80"
_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>[^\n]*) -->\n\n?)?"
    r'^```(?P<language>\w+)(?: title="(?P<title>[^"\n]+)")?\n(?P<text>.*?)^```$',
    re.MULTILINE | re.DOTALL,
)
_NEEDS = re.compile(r"^<!-- needs: (.*) -->$", re.MULTILINE)
# With its plugin for pytest, which a checkout that is not installed has no entry point for.
_PYTEST = "-m pytest -p no:xent_check -p xent_check.pytest_plugin "
COMMANDS = (("xent-check", "-m xent_check "), ("python", ""), ("pytest", _PYTEST))
_SHELL = re.compile(r"[|&;<>$`*?~#]")
# What a run on another machine, or a minute later, prints otherwise.
_ASIDE = (
    (re.compile(r"\b\d+(?:\.\d+)? ?s\b"), "N s"),
    (
        re.compile(
            r"\b(keras|tensorflow|torch|jax|optax|numpy|tf|tf\.keras|Python|version)"
            r" \d+(?:\.\w+)+(?:\+\w+)?"
        ),
        r"\1 N",
    ),
)


@dataclass(frozen=True)
class Block:
    """A fenced block; start and end: of its text in the page."""

    language: str
    title: str | None
    reason: str | None  # why it is not run
    text: str
    start: int
    end: int

    @property
    def is_run(self) -> bool:
        return self.language == "console" and self.reason is None


@dataclass(frozen=True)
class Typed:
    """A command and what the page says that it prints."""

    lines: str  # as they stand, with the prompt
    command: str
    output: str


def blocks(text: str) -> list[Block]:
    """The fenced blocks of a page."""
    return [
        Block(m["language"], m["title"], m["reason"], m["text"], m.start("text"), m.end("text"))
        for m in _BLOCK.finditer(text)
    ]


def needs(text: str) -> tuple[str, ...]:
    """The frameworks that a page is run with."""
    found = _NEEDS.search(text)
    return tuple(found[1].split(", ")) if found else ()


def typed(block: Block) -> Iterator[Typed]:
    """Its commands, a line that ends in a backslash with the next."""
    for part in re.split(r"^(?=\$ )", block.text, flags=re.MULTILINE):
        if not part:
            continue
        lines = part.splitlines(keepends=True)
        assert lines[0].startswith("$ "), f"no command: {lines[0]}"
        count = 1
        while lines[count - 1].endswith("\\\n"):
            count += 1
        shown = "".join(lines[:count])
        yield Typed(shown, shown[2:].replace("\\\n", " ").strip(), "".join(lines[count:]))


def as_run(text: str, folder: Path) -> str:
    """The page with what its commands print now, but for times, versions and paths."""
    session = Session(folder)
    parts, end = [], 0
    for block in blocks(text):
        if block.title is not None:
            file = folder / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        elif block.is_run:
            shown = (f"{one.lines}{session.printed(one)}" for one in typed(block))
            parts += [text[end : block.start], *shown]
            end = block.end
    return "".join([*parts, text[end:]])


class Session:
    """One reader's shell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.last = 0  # the exit code of the last command
        shims = folder.parent / f"{folder.name}-bin"
        shims.mkdir()
        for name, module in COMMANDS:
            shim = shims / name
            shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {module}"$@"\n')
            shim.chmod(0o755)
        self.environment = {
            "COLUMNS": COLUMNS,
            "LINES": "24",
            "PATH": f"{shims}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT}",
            "XENT_CHECK_CACHE": str(folder.parent / f"{folder.name}-cache"),
        }

    def printed(self, one: Typed) -> str:
        """What the command prints; as the page has it where only what is aside differs."""
        done = self._done(one.command)
        self.last = done.returncode
        out = "".join(line.rstrip() + "\n" for line in done.stdout.splitlines())
        out = out.replace(f"{self.folder}{os.sep}", "").replace(str(self.folder), ".")
        assert "Traceback" not in out or "Traceback" in one.output, out
        same = _without_aside(out) == _without_aside(one.output)
        return one.output if same else out

    def _done(self, command: str) -> subprocess.CompletedProcess[str]:
        if command.startswith("xent-check ") and not _SHELL.search(command):
            arguments = shlex.split(command)[1:]
            return as_typed(self.folder, *arguments, **self.environment)
        environment: Mapping[str, str] = {**os.environ, **self.environment}
        return subprocess.run(
            ["bash", "-c", f"(exit {self.last}); {command}"],
            cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", timeout=PATIENCE, check=False,
        )  # fmt: skip


def _without_aside(text: str) -> list[str]:
    """Its paragraphs without what is aside; one that has such a thing as its words.

    A longer time breaks a paragraph's lines elsewhere, and pads a column more.
    """
    paragraphs = []
    for before in text.split("\n\n"):
        after = before
        for pattern, instead in _ASIDE:
            after = pattern.sub(instead, after)
        paragraphs.append(after if after == before else " ".join(after.split()))
    return paragraphs


def assert_as_run(page: Path, folder: Path, links: Mapping[str, Path] | None = None) -> None:
    """The page is as it is when its commands are run; UPDATE_EXPECTED=1 makes it so.

    links: what is in the reader's folder already, and what it is a link to.
    """
    text = page.read_text(encoding="utf-8")
    work = folder / "work"
    work.mkdir()
    for name, target in (links or {}).items():
        (work / name).symlink_to(target)
    now = as_run(text, work)
    if os.environ.get("UPDATE_EXPECTED") and now != text:
        page.write_text(now, encoding="utf-8")
        text = now
    lines = difflib.unified_diff(text.splitlines(), now.splitlines(), page.name, "now", lineterm="")
    assert now == text, "\n".join(lines)
