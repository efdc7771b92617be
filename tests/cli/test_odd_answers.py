"""What users read whose loss answers oddly, or not at all: each sentence says what to do."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.support.command import completed
from tests.support.fake import FAKES
from tests.support.snapshots import assert_expected

CASE = """\
loss: sparse_categorical
logits: [[[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]], [[0.0, 1.0, 0.1], [0.5, 0.5, 0.3]], [[-1.0, 0, 4], [-1, 0, 2]]]
labels: [[0, 1], [1, 2], [2, 0]]
"""  # noqa: E501
ANSWERED = ("a_list", "wider", "a_pair", "prints", "soft")
NAMES = re.findall(
    r"^(?:async )?(?:def|class) ([a-zA-Z]\w+)", (FAKES / "odd.py").read_text(), re.MULTILINE
)
NOT_THERE = ("odd.py:a_number", "odd.py:wide", "od.py:wider", "odd_losses:wider")


@pytest.mark.long
def test_every_odd_answer_is_told_with_what_to_do(tmp_path: Path) -> None:
    shutil.copy(FAKES / "odd.py", tmp_path)
    (tmp_path / "case.yaml").write_text(CASE)
    wrong = [f"odd.py:{name}" for name in NAMES if name not in (*ANSWERED, "Output")]
    told = ""
    for functions, option in (
        ([*wrong, *NOT_THERE], "-q"),
        ([f"odd.py:{name}" for name in ANSWERED], "--no-color"),
    ):
        chosen = [word for function in functions for word in ("-i", function)]
        run = ("run", "case.yaml", *chosen, "--timeout", "2", option)
        told += completed(tmp_path, *run, COLUMNS="80").stdout + "\n"
    told = re.sub(r"in [\d.]+ s$", "in 1.5 s", told, flags=re.MULTILINE)
    told = re.sub(r"^numpy \S+", "numpy 2.0.0", told, flags=re.MULTILINE)
    # Its lines break where these two say: they differ from machine to machine.
    told = re.sub(r"it is\s+neither\s+in[^;]*?(?=\n\n)", "it is neither in ...", told)
    # Where a process died is told by it while it dies, which not every machine lets it end.
    told = re.sub(r"SIGSEGV \(at odd.py:\d+, in segfaults\)", "SIGSEGV", told)
    assert_expected("odd-answers.txt", told)
