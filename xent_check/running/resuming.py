"""Resuming: the journal of a run's settings and cases."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from xent_check import __version__
from xent_check.casefile.loading import PosedCase
from xent_check.history.cache import cache_file
from xent_check.history.machine import this_machine
from xent_check.history.run_journal import Heading, RunJournal
from xent_check.implementations.names import Implementation
from xent_check.implementations.table import FRAMEWORKS
from xent_check.results.number_text import count_of
from xent_check.results.report import Asked

from .settings import Settings


def journal_of(
    settings: Settings,
    posed_cases: Sequence[PosedCase],
    asked: Sequence[Asked],
    implementations: Iterable[Implementation],
) -> RunJournal:
    """The journal of a run from this folder; UserError where the earlier run that it is to resume
    asked something else."""
    if settings.resume is None:
        return RunJournal(None, None)
    what = repr((settings.paths, settings.case_filter, settings.shard, settings.only))
    name = hashlib.sha256(what.encode()).hexdigest()[:16]
    file = cache_file("journals", Path.cwd(), f"-{name}.jsonl")
    return RunJournal(
        file, _heading(settings, posed_cases, asked, implementations), settings.resume
    )


def resumed_text(journal: RunJournal) -> str:
    """What was found of an earlier run, for standard error."""
    if not journal.resumed:
        return "no unfinished run of these cases is kept for this folder; all of it runs"
    return f"going on after {count_of(journal.resumed, 'answer')} of an earlier run"


def _heading(
    settings: Settings,
    posed_cases: Sequence[PosedCase],
    asked: Sequence[Asked],
    implementations: Iterable[Implementation],
) -> Heading:
    tolerances = {posed.case.id: posed.case.fields.tolerance for posed in posed_cases}
    return Heading(
        xent_check=__version__,
        machine=this_machine().whole,
        cases={
            one.case: f"{one.inputs} {', '.join(one.implementations)} {tolerances[one.case]}"
            for one in asked
        },
        implementations={i.name: release_of(i) for i in implementations},
        options={
            "--tolerance": str(settings.tolerance),
            "--strict": str(settings.strict),
            "--chunk": str(settings.chunk),
            "--sample": str(settings.sample),
        },
    )


def release_of(implementation: Implementation) -> str:
    """The version of an implementation; of a user's own with what is declared of it, and a digest
    of the file that it stands in. What that file imports is not looked at."""
    i = implementation
    if not i.function:
        return f"{i.version} {i.python}".strip()
    digest, frameworks = source_digest(i.function), [i.framework] if i.framework else [*FRAMEWORKS]
    versions = [replace(i, framework=name).version for name in frameworks]
    return " ".join(filter(None, [*versions, i.python, str(i.declared), f"file {digest}"]))


def source_digest(function: str, folder: Path = Path()) -> str:
    """16 hexadecimal digits of the file that a user's own stands in, for who works in a folder;
    "" where it is not found."""
    files = _sources(function, folder)
    return hashlib.sha256(b"".join(map(Path.read_bytes, files))).hexdigest()[:16] if files else ""


def _sources(function: str, folder: Path) -> list[Path]:
    """The file of `path/to/file.py:attribute`, and those that may be that of `module:attribute`,
    each once."""
    module = function.rpartition(":")[0]
    if module.endswith(".py"):
        files = [folder / module]
    else:
        path = Path(*module.split("."))
        folders = [folder, *(Path(entry) for entry in sys.path if entry)]
        files = [
            f / name for f in folders for name in (path.with_suffix(".py"), path / "__init__.py")
        ]
    return list(dict.fromkeys(file.resolve() for file in files if file.is_file()))
