"""Sweep: all inputs of some domains through implementations, a part at a time.

Parts have a fixed size, and the tallies of parts add up to the same in any order. Each is written
to a journal as it is done, after the machine that computed it: a sweep that ends early goes on from
there, on this machine where all that is kept was computed on one of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from xent_check import __version__
from xent_check.errors import visible
from xent_check.history.journal import Journal, JournalError
from xent_check.history.machine import Machine, this_machine
from xent_check.implementations.names import Implementation
from xent_check.running.resuming import release_of
from xent_check.workers import leftovers

from .domain import Domain
from .engine import Engine, Here
from .tally import Tally
from .zoom import towards_the_worst

VALUES = 2**20  # scores that a part asks


@dataclass(frozen=True)
class Swept:
    """One implementation on one domain."""

    domain: Domain
    implementation: Implementation
    tally: Tally
    absent: str = ""
    """why it was not asked, or not further: it lacks the loss, or failed"""
    failed: bool = False
    """whether it failed"""


@dataclass(frozen=True)
class Plan:
    """What is swept."""

    domains: tuple[Domain, ...]
    implementations: tuple[Implementation, ...]
    journal: Path
    resume: bool = False
    jobs: int | None = None
    """processes at once; None: one per environment"""
    timeout: float = 600.0
    """seconds per part and implementation"""
    values: int = VALUES
    """scores that a part asks"""
    scheduler: str = ""
    """the address of a Dask cluster that computes; empty: this machine does"""

    @property
    def subject(self) -> dict[str, Any]:
        """What the journal is of."""
        return {
            "xent_check": __version__,
            "domains": [asdict(domain) for domain in self.domains],
            "implementations": {i.name: release_of(i) for i in self.implementations},
            "asked_by_a_part": self.values,
        }

    @property
    def inputs(self) -> int:
        """How many inputs there are."""
        return sum(domain.count for domain in self.domains)


Progress = Callable[[int, int, int], None]  # inputs so far, in all, diverging ones
Reported = Callable[[list[Swept], Sequence[Machine]], bool]
"""Whether a report is written of what was found, and of the kinds of machines that answered: this
one where none did."""


def sweep(
    plan: Plan,
    progress: Progress = lambda *_: None,
    reported: Reported = lambda *_: True,
) -> list[Swept]:
    """The tallies, by domain and implementation in the order of the plan; the journal is removed,
    once they are reported.

    UserError where the journal is of another sweep or, without a scheduler, of another machine, or
    a function of the user's cannot be loaded.
    """
    with Journal(plan.journal, plan.subject, plan.resume) as journal:
        machines = _Machines(journal)
        if not plan.scheduler:
            machines.require(this_machine())
        with _engine(plan) as engine:
            leftovers.delete(entry["folder"] for entry in journal.entries if "folder" in entry)
            if engine.folder:
                journal.add({"folder": engine.folder})
            swept = list(_sweep(plan, journal, engine, machines, progress))
        # Last: ending the processes takes long enough to be killed meanwhile.
        if reported(swept, machines.kept or [this_machine()]):
            journal.remove()
        return swept


class _Machines:
    """The kinds of machines that computed what is in a journal, each kept there before its
    answers."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.kept = [Machine(**e["machine"]) for e in journal.entries if "machine" in e]

    def require(self, here: Machine) -> None:
        """JournalError where one of another kind is among them."""
        for one in self.kept:
            if one.whole != here.whole:
                raise JournalError(
                    f"{visible(str(self._journal.file))}: not the sweep that ended early: it was "
                    f"begun on {one.whole}; this is {here.whole}; without --resume it begins anew"
                )

    def keep(self, machines: Sequence[Machine]) -> None:
        """Keep those that are new."""
        for one in machines:
            if one not in self.kept:
                self.kept.append(one)
                self._journal.add({"machine": one.plain()})


def _engine(plan: Plan) -> Engine:
    if plan.scheduler:
        from .cluster import OnCluster

        return OnCluster(plan.scheduler, plan.implementations, plan.timeout)
    return Here(plan.jobs, plan.timeout)


def _sweep(
    plan: Plan, journal: Journal, engine: Engine, machines: _Machines, progress: Progress
) -> Iterator[Swept]:
    done, diverging = 0, 0
    parts_kept = (entry for entry in journal.entries if "part" in entry)
    kept = {(e["domain"], e["part"], e["implementation"]): e for e in parts_kept}
    for number, domain in enumerate(plan.domains):
        tallies = {i: Tally() for i in plan.implementations}
        absent: dict[Implementation, str] = {}
        failed: set[Implementation] = set()
        parts = list(parts_of(domain, plan.values))

        def asked(part: int, number: int = number, absent: Any = absent) -> list[Implementation]:
            """Who is asked for a part: who is not in the journal, and has answered so far."""
            there = (i for i in plan.implementations if (number, part, i.name) not in kept)
            return [i for i in there if i not in absent]

        for part, answers in enumerate(engine.answers(domain, parts, asked)):
            for i in plan.implementations:
                entry = kept.get((number, part, i.name))
                if entry is not None and entry["absent"]:
                    absent[i] = entry["absent"]
                    failed |= {i} if entry["failed"] else set()
                elif entry is not None:
                    tallies[i] += Tally.of(entry["tally"])
            if answers:
                machines.keep(engine.machines)
            for found in answers:
                i, why = found.implementation, found.absent
                if i in absent:  # asked before that was known
                    continue
                tally = found.tally
                journal.add({
                    "domain": number, "part": part, "implementation": i.name, "absent": why,
                    "failed": found.failed, "tally": None if tally is None else asdict(tally),
                })  # fmt: skip
                if tally is None:
                    absent[i] = why
                    failed |= {i} if found.failed else set()
                else:
                    tallies[i] += tally
            start, stop = parts[part]
            done += stop - start
            diverging = sum(one.diverging for one in tallies.values())
            progress(done, plan.inputs, diverging)
        for i in plan.implementations:
            if domain.stride > 1 and domain.loss == "binary" and i not in absent:
                ask = partial(_within, engine, domain, i)
                tallies[i], absent[i] = towards_the_worst(domain, tallies[i], ask)
                failed |= {i} if absent[i] else set()
                machines.keep(engine.machines)
            yield Swept(domain, i, tallies[i], absent.get(i, ""), i in failed)


def _within(
    engine: Engine, domain: Domain, i: Implementation, inner: Domain
) -> tuple[Tally | None, str]:
    """The tally of a domain that is a part of another, with its places in that."""
    (((found,),)) = engine.answers(inner, [(0, inner.count)], lambda _: [i])
    tally = found.tally
    return None if tally is None else tally.moved(domain.offset_of(inner)), found.absent


def parts_of(domain: Domain, values: int) -> Iterator[tuple[int, int]]:
    """The first and the last index of each part of a domain, the last excluded.

    Each asks as many scores, but the last: all but the first have one less, and ask the input
    before too. XLA takes ten times as long where their number has no small factors.
    """
    asked = max(2, values // domain.width)
    yield 0, min(asked, domain.count)
    for start in range(asked, domain.count, asked - 1):
        yield start, min(start + asked - 1, domain.count)
