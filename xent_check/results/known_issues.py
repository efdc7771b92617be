"""Known issues: public reports, cited by the shipped cases, of the same reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from xent_check.casefile.case import Case
from xent_check.casefile.corpus import corpus
from xent_check.casefile.loading import read_cases
from xent_check.casefile.paths import case_files

MAX_CITED = 3
_REPORT = re.compile(r"https?://[^\s,;)\"']+/(?:issues|pull|discussions|questions)/\d+")


def known_issues(implementation: str, ids: Iterable[str]) -> tuple[str, ...]:
    """The URLs of shipped cases that declare a divergence of this implementation for one of these
    reasons, at most three."""
    wanted = frozenset(ids)
    found: dict[str, None] = {}
    for case in _candidates(implementation, wanted):
        entries = case.fields.expect.get(implementation, [])
        if any(entry.hypothesis in wanted for entry in entries):
            found.update(dict.fromkeys(_REPORT.findall(case.fields.source or "")))
    return tuple(found)[:MAX_CITED]


def _candidates(implementation: str, ids: frozenset[str]) -> Iterator[Case]:
    """Cases of files that name both; the others need not be parsed."""
    for file in case_files(str(corpus())):
        text = file.read_text(encoding="utf-8")
        if implementation in text and any(f"id: {name}" in text for name in ids):
            yield from read_cases(file, file.name).cases
