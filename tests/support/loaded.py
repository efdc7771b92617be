"""Cases for tests, from YAML text as a user writes it."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from xent_check.casefile.loading import Filter, PosedCase, load
from xent_check.errors import CaseFileError
from xent_check.problem.problem import Problem


def posed_cases(
    text: str, folder: Path, case_filter: Filter | None = None
) -> tuple[PosedCase, ...]:
    """The cases of a file `folder/case.yaml`."""
    file = folder / "case.yaml"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    return load([str(file)], case_filter or Filter())


def problem(text: str, folder: Path) -> Problem:
    """The problem of a file's one case."""
    (posed,) = posed_cases(text, folder)
    return posed.problem


def mistakes(text: str, folder: Path) -> list[str]:
    """`key: found` of each mistake of a file."""
    with pytest.raises(CaseFileError) as caught:
        posed_cases(text, folder)
    return [str(item).split(": ", 1)[1].split("; allowed")[0] for item in caught.value.mistakes]
