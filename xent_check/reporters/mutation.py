"""A mutation as text, as Markdown and as plain data. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from xent_check import __version__
from xent_check.errors import and_more, visible
from xent_check.results.departure import MEANINGS
from xent_check.results.number_text import count_of, small, tidy
from xent_check.search.mutate import Fate, Mutation

from .formats import Terminal
from .markdown_text import cell
from .sentences import sentence
from .terminal_lines import Line, drawn

_MOST_FLAGGED = 5  # cases that are named


def table(mutation: Mutation, terminal: Terminal) -> str:
    """The bugs that slip through, by what the cases lack; with -v those that are caught too, by
    what; with -q the counts alone."""
    blocks = [_slipping(fates) for fates in _grouped(mutation).items()]
    if terminal.verbosity > 0 and mutation.caught:
        blocks.append(_caught(mutation.caught))
    if terminal.verbosity < 0:
        blocks = []
    blocks.append([*_remarks(mutation), Line(summary(mutation), "bold")])
    lines = [line for block in blocks for line in (*block, Line(""))][:-1]
    return "\n".join(drawn(lines, terminal)) + "\n"


def _grouped(mutation: Mutation) -> dict[str, list[Fate]]:
    """Those that slip through, by what is said of the cases; the largest group first."""
    groups: dict[str, list[Fate]] = {}
    for fate in mutation.slipping:
        groups.setdefault(_why(fate), []).append(fate)
    return dict(sorted(groups.items(), key=lambda item: -len(item[1])))


def _why(fate: Fate) -> str:
    """Why it slips through: what it needs first, and no case has."""
    if fate.lacking:
        return f"no case has {fate.lacking[0]}"
    return "cases have what it takes, but not the numbers that show it"


def _slipping(group: tuple[str, list[Fate]]) -> list[Line]:
    why, fates = group
    lines = [Line(f"{why}: {count_of(len(fates), 'bug')}", "bold", 2)]
    for fate in fates:
        mutant = fate.mutant
        lines.append(Line(f"  {mutant.id}: {mutant.wrong}", "", 4))
        lines.append(Line(f"    {mutant.source}", "dim"))
        if fate.cure:
            lines.append(Line(f"    add {visible(fate.cure)}", "", 6))
    return lines


def _caught(fates: Sequence[Fate]) -> list[Line]:
    lines = [Line(f"caught: {count_of(len(fates), 'bug')}", "bold")]
    for fate in fates:
        lines.append(Line(f"  {fate.mutant.id}: {fate.mutant.wrong}", "", 4))
        lines.append(Line(f"    {caught_by(fate)}", "dim", 6))
    return lines


def caught_by(fate: Fate) -> str:
    """The first case that catches it, by how much, and what explains most cases that do."""
    assert fate.caught is not None
    bare = replace(fate.caught, diagnosis=None)
    text = sentence(bare).removeprefix(f"{fate.mutant.id} ")
    reason = fate.reason
    if reason is None or reason.explanation.id in MEANINGS:  # those stand in the text already
        return text
    so_say = f", as {reason.explained} of {reason.results} cases say" * (reason.results > 1)
    return f"{text}. Why{so_say}: {tidy(reason.explanation.sentence)}"


def _remarks(mutation: Mutation) -> Iterator[Line]:
    """What was not asked, and the cases that right losses fail."""
    for framework in dict.fromkeys(mutant.framework for mutant in mutation.missing):
        count = sum(mutant.framework == framework for mutant in mutation.missing)
        text = f"{framework} is not installed: {count_of(count, 'bug')} not asked"
        yield Line(f"{text}; pip install {framework}", "", 2)
    if rest := mutation.cases - mutation.asked:
        verb = "was" if rest == 1 else "were"
        text = f"{count_of(rest, 'case')} {verb} not asked: no loss here has their kind of input"
        yield Line(f"{text} and their options, or their labels are outside the classes", "", 2)
    if not mutation.flagged:
        return
    by_case: dict[str, list[str]] = {}
    for result in mutation.flagged:
        by_case.setdefault(result.case.id, []).append(result.implementation)
    shown = [f"{visible(case)} ({ids[0]}{_others(ids)})" for case, ids in by_case.items()]
    more = and_more(len(shown) - _MOST_FLAGGED)
    cases = count_of(len(shown), "case")
    verb = "flags a right loss" if len(shown) == 1 else "flag right losses"
    text = f"{cases} {verb}, and catch{'es' * (len(shown) == 1)} no mutant of it: "
    yield Line(text + ", ".join(shown[:_MOST_FLAGGED]) + (f" {more}" if more else ""), "", 2)


def _others(ids: Sequence[str]) -> str:
    return f" {and_more(len(ids) - 1)}" if len(ids) > 1 else ""


def summary(mutation: Mutation) -> str:
    """The score, in one line."""
    caught, all_ = len(mutation.caught), len(mutation.fates)
    share = f" ({small(100 * caught / all_)}%)" if all_ else ""
    cases = count_of(mutation.asked, "case")
    return (
        f"{cases} catch{'es' * (mutation.asked == 1)} {caught} of {all_} known bugs{share} in "
        f"{small(mutation.seconds)} s"
    )


def markdown(mutation: Mutation, _: Terminal) -> str:
    """A table of all mutants: those that slip through first."""
    lines = [summary(mutation), "", "| bug | what is wrong | caught by |", "|---|---|---|"]
    for fate in (*mutation.slipping, *mutation.caught):
        mutant = fate.mutant
        link = f"[{mutant.id}]({mutant.source})"
        lines.append(f"| {link} | {cell(mutant.wrong)} | {cell(_cell(fate))} |")
    lines += [
        f"| [{m.id}]({m.source}) | {cell(m.wrong)} | {m.framework} is not installed |"
        for m in mutation.missing
    ]
    return "\n".join(lines) + "\n"


def _cell(fate: Fate) -> str:
    if fate.caught is not None:
        return fate.caught.case.id
    return f"none: {_why(fate)}" + (f"; add {fate.cure}" if fate.cure else "")


def plain(mutation: Mutation) -> dict[str, Any]:
    """The data of `--report json`."""
    rows = [_plain_fate(fate) for fate in mutation.fates]
    rows += [_plain_mutant(mutant) | {"status": "missing"} for mutant in mutation.missing]
    return {
        "schema": 1,
        "xent_check": __version__,
        "summary": {
            "cases": mutation.cases,
            "asked": mutation.asked,
            "bugs": len(mutation.fates),
            "caught": len(mutation.caught),
            "missing": len(mutation.missing),
            "seconds": mutation.seconds,
        },
        "mutants": rows,
        "flagged": [{"right": r.implementation, "case": r.case.id} for r in mutation.flagged],
    }


def _plain_mutant(mutant: Any) -> dict[str, Any]:
    return {
        "id": mutant.id,
        "wrong": mutant.wrong,
        "source": mutant.source,
        "framework": mutant.framework,
        "kind": mutant.kind,
        "needs": list(mutant.needs),
        "reasons": list(mutant.reasons),
    }


def _plain_fate(fate: Fate) -> dict[str, Any]:
    row = _plain_mutant(fate.mutant)
    if fate.caught is None:
        slips = {"lacking": list(fate.lacking), "met": fate.met, "cure": fate.cure or None}
        return row | {"status": "slips"} | slips
    reason = fate.reason
    more = {
        "case": fate.caught.case.id,
        "explanation": None if reason is None else reason.explanation.id,
        "explained": 0 if reason is None else reason.explained,
        "catching": [result.case.id for result in fate.catching],
    }
    return row | {"status": "caught"} | more
