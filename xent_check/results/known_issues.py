"""Known issues: public reports that the shipped cases cite for the same hypothesis."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from xent_check.casefile.case import Case
from xent_check.casefile.loading import read_cases
from xent_check.casefile.paths import CORPUS, case_files
from xent_check.implementations.table import IMPLEMENTATIONS, MAINTAINERS

MAX_CITED = 3
_REPORT = re.compile(
    r"https?://[^\s,;)\"'/]+/([^\s,;)\"'/]+)/[^\s,;)\"']*(?:issues|pull|discussions)/\d+"
)


def known_issues(implementation: str, ids: Iterable[str]) -> tuple[str, ...]:
    """At most MAX_CITED URLs, cited by shipped cases that declare a divergence of this
    implementation by one of these hypotheses (ids)."""
    hypotheses = frozenset(ids)
    urls: dict[str, None] = {}
    for case in _candidates(implementation, hypotheses):
        entries = case.fields.expect.get(implementation, [])
        if any(entry.hypothesis in hypotheses for entry in entries):
            urls.update(dict.fromkeys(reports_in(case.fields.source or "", implementation)))
    return tuple(urls)[:MAX_CITED]


def reports_in(source: str, implementation: str) -> list[str]:
    """The public reports that a case's source names, to those who make what the implementation
    calls; what is said there of another framework is no report of it."""
    entry = IMPLEMENTATIONS[implementation.partition(":")[0]]
    owners = {owner for module in entry.needs for owner in MAINTAINERS[module]}
    return [match[0] for match in _REPORT.finditer(source) if match[1] in owners]


def _candidates(implementation: str, ids: frozenset[str]) -> Iterator[Case]:
    """The cases of the files whose text has both; parsing the others would take long."""
    for file in case_files(CORPUS):
        text = file.path.read_text(encoding="utf-8")
        if implementation in text and any(f"id: {name}" in text for name in ids):
            yield from read_cases(file.path, file.shown).cases
