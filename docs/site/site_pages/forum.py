"""Forum questions, answered: a page for each file of `cases/forum/`, and the list of all."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from itertools import groupby

from xent_check.casefile.loading import PosedCase
from xent_check.problem.expectation import REFERENCE, Expectation

from . import answers
from .prose import code, prose, sentence, table

INTRODUCTION = """\
# Forum questions, answered

Numbers that people printed and asked about: in forum threads, issues, documentation and the test
suites of the libraries. Each is a case that ships with xent-check: `xent-check run corpus:forum`
runs them all, and whenever the tests run, each number here is held against the exact value and
against every library that can compute it.

A number agrees when it is right to its last printed digit, plus the tolerance of the case. Where a
library gives another number than the exact one, the case declares it with the reason, and it has to
keep happening.
"""


def pages() -> dict[str, str]:
    """The Markdown of each page."""
    files = {
        file: list(posed)
        for file, posed in groupby(answers.cases("forum"), lambda posed: posed.case.file)
    }
    listed = [INTRODUCTION]
    made: dict[str, str] = {}
    for file, cases in files.items():
        name, about = answers.page_name(file), _about(cases[0])
        title = file.stem.replace("_", " ").capitalize()
        listed.append(
            f"## [{title}]({name})\n\n{prose(about)}\n\n" + "\n".join(_items(cases, name))
        )
        sections = [_section(posed) for posed in cases]
        made[f"forum/{name}"] = "\n\n".join([f"# {title}", prose(about), *sections]) + "\n"
    return {"forum/index.md": "\n\n".join(listed) + "\n", **made}


def _about(posed: PosedCase) -> str:
    """The comment that the file opens with."""
    lines = []
    for line in posed.case.file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.removeprefix("#").strip())
    return " ".join(lines)


def _items(cases: list[PosedCase], page: str) -> Iterator[str]:
    for posed in cases:
        case = posed.case
        about = sentence((case.fields.description or case.name).split(". ")[0])
        yield f"- [{about}]({page}#{answers.anchor(case.name)}) {code(case.name)}"


def _section(posed: PosedCase) -> str:
    case = posed.case
    parts = [f"## {prose(case.name)} {{ #{answers.anchor(case.name)} }}"]
    parts += [prose(case.fields.description)] if case.fields.description else []
    parts.append(f"Source: {prose(case.fields.source or '')}")
    parts += [answers.inputs(posed), table(["who", "gives", "why"], _rows(posed))]
    if names := agreeing(posed):
        parts.append(f"{_listed(names)}: the exact value, to within the tolerance.")
    if names := unable(posed):
        parts.append(f"{_listed(names)}: no public API for this.")
    parts.append(f"Run it: `xent-check run {shlex.quote(case.id)}`")
    return "\n\n".join(parts)


def _rows(posed: PosedCase) -> Iterator[list[str]]:
    yield ["**exactly**", answers.parts_text(answers.exact_parts(posed)), ""]
    for entry in posed.expectations.get(REFERENCE, ()):
        yield ["the exact value, as published", answers.stated(entry), "Agrees."]
    for name, entries in answers.published(posed).items():
        for entry in entries:
            yield [_who(name, entry), answers.stated(entry), "As published; agrees."]
    for name in posed.expectations:
        for entry in answers.known(posed, name):
            yield [_who(name, entry), answers.stated(entry), sentence(entry.because or "")]


def _who(name: str, entry: Expectation) -> str:
    return code(name) + (f" {code(entry.versions)}" if entry.versions else "")


def agreeing(posed: PosedCase) -> list[str]:
    """Who else computes it: of whom the case states nothing, so that they give the exact value."""
    named = {*posed.expectations}
    return [n for n in answers.asked(posed) if n not in named and answers.can_say(n, posed)]


def unable(posed: PosedCase) -> list[str]:
    """Whose public API cannot express it."""
    return [name for name in answers.asked(posed) if not answers.can_say(name, posed)]


def _listed(names: list[str]) -> str:
    return ", ".join(map(code, names))
