"""What the README says that frameworks give is what they give.

UPDATE_EXPECTED=1 pytest tests/frameworks/test_readme.py draws its picture anew.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
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


def case_file() -> str:
    (text,) = [block.text for block in blocks(README) if block.title == "confident.yaml"]
    return text


@pytest.mark.long
def test_the_picture_is_what_the_command_prints(tmp_path: Path) -> None:
    """But for the time it took."""
    (tmp_path / "confident.yaml").write_text(case_file(), encoding="utf-8")
    (typed,) = re.findall(r"`(xent-check run confident[^`]*)`", README)
    done = as_typed(tmp_path, *typed.split()[1:], "--color", COLUMNS=str(WIDTH), TERM="xterm")
    assert done.returncode == 1
    printed = re.sub(r"\b[\d.]+ s\b", "2.5 s", done.stdout)
    picture = drawn(typed, printed)
    if os.environ.get("UPDATE_EXPECTED"):
        PICTURE.write_text(picture, encoding="utf-8")
    assert "http" not in re.sub(r'xmlns="[^"]*"|<!--.*?-->', "", picture)
    assert PICTURE.read_text(encoding="utf-8") == picture


@pytest.mark.long
def test_what_is_known_once_it_is_declared(tmp_path: Path) -> None:
    (known,) = [block.text for block in blocks(README) if block.text.startswith("expect:")]
    (tmp_path / "confident.yaml").write_text(case_file() + known, encoding="utf-8")
    done = as_typed(tmp_path, "run", "confident.yaml", "-i", "keras", "-i", "torch")
    assert done.returncode == 0, done.stdout
    assert "1 agrees, 1 known" in " ".join(done.stdout.split())


PRINT = """
import numpy as np, tensorflow as tf, torch
probs, labels = np.array([[0.9, 0.1], [0.999999999, 0.000000001]], "float32"), np.array([0, 1])
print("keras ", tf.keras.losses.SparseCategoricalCrossentropy(reduction="none")(labels, probs))
log, labels = torch.tensor(probs).log(), torch.tensor(labels)
print("torch ", torch.nn.functional.nll_loss(log, labels, reduction="none"))
"""


@pytest.mark.long
def test_the_two_lists_are_what_the_frameworks_print() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRINT], capture_output=True, encoding="utf-8", check=True
    )
    assert f"```text\n{done.stdout}```" in README
