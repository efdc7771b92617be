"""Merging: the reports of several runs as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from xent_check.errors import UserError, and_more
from xent_check.problem.expectation import REFERENCE
from xent_check.results.report import Asked, CaseResult, Host, Report, Scope, selection_digest
from xent_check.results.shard import Shard

from .changes import variants_of

_MAX_SHOWN = 5


def merged(reports: Sequence[tuple[str, Report]]) -> Report:
    """One report of all, each with the name of its file, before any was held against a baseline.

    Shards must be all of one run, each once and whole. Other runs may not both have an answer, but
    for one that is missing in all but one. All must be of one xent-check under one tolerance, and
    mean the same inputs by the name of a case. UserError otherwise.
    """
    in_turn = _in_turn([(name, report.ungated) for name, report in reports])
    listed = [report for _, report in in_turn]
    _of_one_kind(in_turn)
    _same_inputs(in_turn)
    results = _results(in_turn)
    sharded = listed[0].shard is not None
    names = tuple(dict.fromkeys(name for r in listed for name in r.implementations))
    asked = _asked([report.asked for report in listed], sharded)
    first = listed[0].shard
    if first is not None and selection_digest(asked) != first.selection:
        raise UserError(
            "the shards' cases are not those that were shared out: a case or an answer was left "
            "out of a file, or its inputs are others"
        )
    places = {one.case: index for index, one in enumerate(asked)}
    results.sort(key=lambda r: (places[r.case.id], names.index(r.implementation)))
    return replace(
        listed[0],
        results=tuple(results),
        cases=len(asked),
        implementations=names,
        hosts=_hosts(listed),
        seconds=sum(report.seconds for report in listed),
        warnings=tuple(dict.fromkeys(w for report in listed for w in report.warnings)),
        absent=_absent(listed),
        stopped=next((report.stopped for report in listed if report.stopped), None),
        verbose=any(report.verbose for report in listed),
        python=_either([report.python for report in listed]),
        machine=_either([report.machine for report in listed]),
        shard=None,
        variants=variants_of(results, names),
        scope=_scope([report.scope for report in listed]),
        asked=asked,
    )


def _of_one_kind(reports: Sequence[tuple[str, Report]]) -> None:
    """By one xent-check, under one tolerance, as strictly: the bounds, and so a verdict, may be
    another elsewhere."""
    first_name, first = reports[0]
    for name, report in reports:
        for what, own, other in (
            ("xent-check", report.version, first.version),
            ("--tolerance", report.tolerance or "of the cases", first.tolerance or "of the cases"),
            ("--strict", report.strict, first.strict),
        ):
            if own != other:
                raise UserError(f"{name}: {what} {own}, and {other} in {first_name}")


def _same_inputs(reports: Sequence[tuple[str, Report]]) -> None:
    found: dict[str, tuple[str, str]] = {}
    for name, report in reports:
        for asked in report.asked:
            before, inputs = found.setdefault(asked.case, (name, asked.inputs))
            if inputs != asked.inputs:
                raise UserError(f"{name}: {asked.case} has other inputs than in {before}")


def _in_turn(reports: Sequence[tuple[str, Report]]) -> list[tuple[str, Report]]:
    """Shards by their number, after seeing that they are all of one run; other runs as given."""
    shards = [(name, report.shard) for name, report in reports if report.shard is not None]
    if not shards:
        return list(reports)
    whole = [name for name, report in reports if report.shard is None]
    if whole:
        raise UserError(f"{', '.join(whole)}: no shard, among shards")
    first_name, first = shards[0]
    for name, shard in shards:
        if (shard.of, shard.selection) != (first.of, first.selection):
            why = f"shard {shard} of other cases than shard {first} in {first_name}"
            raise UserError(f"{name}: {why}; all shards need the same files and options")
    _each_once(shards)
    scopes = {report.scope for _, report in reports}
    if len(scopes) > 1:
        raise UserError("the shards ran different implementations; all need the same options")
    places = {shard.index: place for place, (_, shard) in enumerate(shards)}
    return [reports[places[index]] for index in sorted(places)]


def _each_once(shards: Sequence[tuple[str, Shard]]) -> None:
    of = shards[0][1].of
    found: dict[int, str] = {}
    for name, shard in shards:
        if shard.index in found:
            raise UserError(f"{name}: shard {shard} again, as in {found[shard.index]}")
        found[shard.index] = name
    missing = [f"{index}/{of}" for index in range(1, of + 1) if index not in found]
    if missing:
        shown = ", ".join(missing[:_MAX_SHOWN]) + (" ..." if len(missing) > _MAX_SHOWN else "")
        raise UserError(f"missing: shard {shown}; the cases in it were not compared")


def _asked(listed: Sequence[Sequence[Asked]], sharded: bool) -> tuple[Asked, ...]:
    """The cases in their order: shards took them in turn. Who was to answer each, in any."""
    every = chain.from_iterable(zip_longest(*listed) if sharded else listed)
    made: dict[str, Asked] = {}
    for one in every:
        if one is not None:
            before = made.setdefault(one.case, one)
            more = Counter(one.implementations) - Counter(before.implementations)
            names = (*before.implementations, *more.elements())
            made[one.case] = replace(before, implementations=names)
    return tuple(made.values())


def _results(reports: Sequence[tuple[str, Report]]) -> list[CaseResult]:
    """The reference is the same wherever it was computed: its row is the first that there is."""
    found: dict[tuple[str, str], tuple[str, CaseResult]] = {}
    twice: list[str] = []
    for name, report in reports:
        for result in report.results:
            key = (result.case.id, result.implementation)
            before = found.get(key)
            if before is None or before[1].status == "missing":
                found[key] = (name, result)
            elif key[1] == REFERENCE and result.status == before[1].status:
                continue
            elif result.status != "missing":
                twice.append(f"{key[1]} on {key[0]}: in {before[0]} and in {name}")
    if twice:
        lines = [*twice[:_MAX_SHOWN], and_more(len(twice) - _MAX_SHOWN)]
        raise UserError(
            "\n".join(["two answers for one", *(f"  {line}" for line in lines if line)])
        )
    return [result for _, result in found.values()]


def _hosts(reports: Sequence[Report]) -> dict[str, Host]:
    """Where each ran; both of two versions."""
    hosts: dict[str, Host] = {}
    for report in reports:
        for name, host in report.hosts.items():
            before = hosts.get(name, host)
            version = _either([before.version, host.version])
            hosts[name] = replace(
                host, version=version, device=_either([before.device, host.device])
            )
    return hosts


def _absent(reports: Sequence[Report]) -> tuple[str, ...]:
    """Required, and in no run."""
    everywhere = [set(report.absent) for report in reports]
    return tuple(name for name in reports[0].absent if all(name in some for some in everywhere))


def _either(texts: Sequence[str]) -> str:
    return " and ".join(dict.fromkeys(texts))


def _scope(scopes: Sequence[Scope]) -> Scope:
    """What all of them were to cover together; where their paths differ, nobody knows."""
    if len(set(scopes)) == 1:
        return scopes[0]
    if len({scope.paths for scope in scopes}) > 1 or any(scope.filtered for scope in scopes):
        return Scope()
    named = [scope.chosen for scope in scopes if scope.chosen is not None]
    chosen = tuple(dict.fromkeys(name for names in named for name in names))
    return replace(scopes[0], chosen=chosen if len(named) == len(scopes) else None)
