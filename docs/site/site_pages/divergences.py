"""Known divergences: what each implementation does differently, from every `because`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from xent_check.casefile.loading import PosedCase
from xent_check.implementations.table import IMPLEMENTATIONS, Entry
from xent_check.problem.expectation import Expectation
from xent_check.results.known_issues import reports_in

from . import answers
from .prose import code, prose, table, title

CONSTRAINTS = Path(__file__).parents[3] / "tests" / "constraints.txt"
INTRODUCTION = """\
# Known divergences

What each library does differently from the mathematics, as far as the shipped cases know: the
smallest input that shows it, the exact value, what comes out instead, and the public report where
there is one. Nothing here is an opinion on who should change what: some of it is documented, some
of it is the price of speed.

Every line is a `because` of a case. The tests run each against the libraries, and a divergence that
stops happening fails them, so that this list cannot go stale. It holds for these releases, on the
CPU:
"""
REPORT = """\
Each has its standalone script, made for a bug report, with the versions that are installed:

```sh
xent-check repro CASE -i NAME --format markdown
```
"""


@dataclass(frozen=True, eq=False)
class Seen:
    """A divergence in one case."""

    name: str  # the implementation, with its mode
    posed: PosedCase
    entry: Expectation


def pages() -> dict[str, str]:
    """The Markdown of each page: a page for each implementation, its modes with it."""
    seen = _seen()
    pinned = _pinned()
    rows = [
        [f"[{name}]({name}.md)", prose(_release(name, pinned)), str(len(groups))]
        for name, groups in seen.items()
    ]
    listed = table(["implementation", "release", "divergences"], rows)
    index = f"{INTRODUCTION}\n{listed}\n\n{REPORT}"
    made = {f"divergences/{name}.md": _page(name, groups, pinned) for name, groups in seen.items()}
    return {"divergences/index.md": index, **made}


def _seen() -> dict[str, dict[str, list[Seen]]]:
    """By implementation, in the order of their table, and then by reason."""
    found: dict[str, dict[str, list[Seen]]] = {name: {} for name in IMPLEMENTATIONS}
    for posed in answers.cases():
        for name in posed.expectations:
            groups = found.get(name.partition(":")[0])
            if groups is None:
                continue  # a function by its own name, such as sklearn.metrics:log_loss
            for entry in answers.known(posed, name):
                groups.setdefault(entry.because or "", []).append(Seen(name, posed, entry))
    return {name: groups for name, groups in found.items() if groups}


def _page(name: str, groups: Mapping[str, list[Seen]], pinned: Mapping[str, str]) -> str:
    entry = IMPLEMENTATIONS[name]
    opening = f"`{name}` is {prose(entry.about)}. Release: {prose(_release(name, pinned))}."
    sections = [_section(reason, seen) for reason, seen in groups.items()]
    return "\n\n".join([f"# {name}", opening, *sections]) + "\n"


def _section(reason: str, seen: list[Seen]) -> str:
    """The reason, the smallest input, and where else it happens."""
    smallest = min(seen, key=lambda one: answers.size(one.posed))
    case = smallest.posed.case
    parts = [f"## {title(reason)}"]
    parts += [prose(case.fields.description)] if case.fields.description else []
    parts += [answers.inputs(smallest.posed), table(["who", "gives"], _rows(smallest))]
    parts.append("\n".join(_facts(seen, smallest)))
    return "\n\n".join(parts)


def _rows(seen: Seen) -> Iterator[list[str]]:
    exact = answers.exact_parts(seen.posed)
    stated = seen.entry.parts
    compared = {name: values for name, values in exact.items() if name in stated} or exact
    yield ["**exactly**", answers.parts_text(compared)]
    versions = f" {code(seen.entry.versions)}" if seen.entry.versions else ""
    yield [f"`{seen.name}`{versions}", answers.stated(seen.entry)]


def _facts(seen: list[Seen], smallest: Seen) -> Iterator[str]:
    case = smallest.posed.case
    command = f"xent-check repro {shlex.quote(case.id)} -i {smallest.name} --format markdown"
    yield f"- script: {code(command)}"
    sources = [one.posed.case.fields.source or "" for one in seen]
    reports = dict.fromkeys(url for text in sources for url in reports_in(text, smallest.name))
    if reports:
        yield f"- reports: {' '.join(f'<{url}>' for url in reports)}"
    if case.fields.source and case.fields.source not in reports:
        yield f"- source: {prose(case.fields.source)}"
    names = dict.fromkeys(one.name for one in seen if one.name != smallest.name)
    if names:
        yield f"- so does {', '.join(map(code, names))}"
    others = dict.fromkeys(one.posed.case.id for one in seen if one.posed is not smallest.posed)
    if others:
        yield f"- also in {', '.join(map(code, others))}"


def _release(name: str, pinned: Mapping[str, str]) -> str:
    """The releases that the tests know: of the framework, and of what it runs on."""
    entry: Entry = IMPLEMENTATIONS[name]
    needs = dict.fromkeys([entry.distribution, *entry.needs])
    return ", ".join(f"{need} {pinned[need]}" for need in needs if need in pinned)


def _pinned() -> dict[str, str]:
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {name.strip(): version.strip() for name, version in pairs}
