"""Known issues: public reports that the shipped cases cite for the same hypothesis."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from xent_check.casefile.case import Case
from xent_check.casefile.loading import read_cases
from xent_check.casefile.paths import CORPUS, case_files

MAX_CITED = 3
_REPORT = re.compile(r"https?://[^\s,;)\"']+/(?:issues|pull|discussions|questions)/\d+")


def known_issues(implementation: str, ids: Iterable[str]) -> tuple[str, ...]:
    """At most MAX_CITED URLs, cited by shipped cases that declare a divergence of this
    implementation by one of these hypotheses (ids)."""
    hypotheses = frozenset(ids)
    urls: dict[str, None] = {}
    for case in _candidates(implementation, hypotheses):
        entries = case.fields.expect.get(implementation, [])
        if any(entry.hypothesis in hypotheses for entry in entries):
            urls.update(dict.fromkeys(_REPORT.findall(case.fields.source or "")))
    return tuple(urls)[:MAX_CITED]


def _candidates(implementation: str, ids: frozenset[str]) -> Iterator[Case]:
    """The cases of the files whose text has both; parsing the others would take long."""
    for file in case_files(CORPUS):
        text = file.path.read_text(encoding="utf-8")
        if implementation in text and any(f"id: {name}" in text for name in ids):
            yield from read_cases(file.path, file.shown).cases
