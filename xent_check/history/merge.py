"""Merging: the reports of several runs as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from xent_check.errors import UserError, and_more
from xent_check.problem.expectation import REFERENCE
from xent_check.results.origin import joined
from xent_check.results.report import Asked, CaseResult, Host, Report, Scope, selection_digest
from xent_check.results.shard import Shard

from .changes import variants_of

_MAX_SHOWN = 5


def merge(reports: Sequence[tuple[str, Report]]) -> Report:
    """One report of several, each given with the name of its file, without their baselines.

    Shards must be all of one run, each once and whole. In other runs, only one may have an answer
    that is not missing. All must be of one xent-check under one tolerance, and a case must have the
    same inputs in all. UserError otherwise.
    """
    in_order = _in_order([(name, report.without_gate) for name, report in reports])
    parts = [report for _, report in in_order]
    _require_one_kind(in_order)
    _require_same_inputs(in_order)
    _require_same_declarations(in_order)
    results = _results(in_order)
    sharded = parts[0].shard is not None
    names = tuple(dict.fromkeys(name for part in parts for name in part.implementations))
    asked = _asked([part.asked for part in parts], sharded)
    first = parts[0].shard
    if first is not None and selection_digest(asked) != first.selection:
        raise UserError(
            "the shards' cases are not the run's: a case or answer is missing from a file, or its "
            "inputs differ"
        )
    places = {one.case: index for index, one in enumerate(asked)}
    results.sort(key=lambda r: (places[r.case.id], names.index(r.implementation)))
    return replace(
        parts[0],
        results=tuple(results),
        cases=len(asked),
        implementations=names,
        hosts=_hosts(parts),
        seconds=sum(report.seconds for report in parts),
        warnings=tuple(dict.fromkeys(w for report in parts for w in report.warnings)),
        absent=_absent(parts),
        stopped=next((report.stopped for report in parts if report.stopped), None),
        verbose=any(report.verbose for report in parts),
        python=_either([report.python for report in parts]),
        machine=_either([report.machine for report in parts]),
        shard=None,
        variants=variants_of(results, names),
        scope=_scope([report.scope for report in parts]),
        asked=asked,
        origin=joined([report.origin for report in parts]),
    )


def _require_one_kind(reports: Sequence[tuple[str, Report]]) -> None:
    """UserError unless all are by one xent-check, under one tolerance, and as strict: another one
    may have other bounds, and so other verdicts."""
    first_name, first = reports[0]
    for name, report in reports:
        for option, value, first_value in (
            ("xent-check", report.version, first.version),
            ("--tolerance", report.tolerance or "of the cases", first.tolerance or "of the cases"),
            ("--strict", report.strict, first.strict),
        ):
            if value != first_value:
                raise UserError(f"{name}: {option} {value}, and {first_value} in {first_name}")


def _require_same_inputs(reports: Sequence[tuple[str, Report]]) -> None:
    inputs_of: dict[str, tuple[str, str]] = {}
    for name, report in reports:
        for asked in report.asked:
            before, inputs = inputs_of.setdefault(asked.case, (name, asked.inputs))
            if inputs != asked.inputs:
                raise UserError(f"{name}: {asked.case} has other inputs than in {before}")


def _require_same_declarations(reports: Sequence[tuple[str, Report]]) -> None:
    """UserError where a name is declared to be one loss of the user's in a run, and another or
    otherwise in another: one column cannot have both."""
    declared_in: dict[str, tuple[str, str]] = {}
    for name, report in reports:
        for implementation, host in report.hosts.items():
            first, said = declared_in.setdefault(implementation, (name, host.declared))
            if said != host.declared:
                now, before = (text or "nothing" for text in (host.declared, said))
                raise UserError(f"{name}: {implementation} is declared: {now}; {before} in {first}")


def _in_order(reports: Sequence[tuple[str, Report]]) -> list[tuple[str, Report]]:
    """Shards by their number, other runs as given. UserError unless shards are all of one run."""
    shards = [(name, report.shard) for name, report in reports if report.shard is not None]
    if not shards:
        return list(reports)
    whole = [name for name, report in reports if report.shard is None]
    if whole:
        raise UserError(f"{', '.join(whole)}: not a shard, but the other files are")
    first_name, first = shards[0]
    for name, shard in shards:
        if (shard.of, shard.selection) != (first.of, first.selection):
            why = f"shard {shard} has other cases than shard {first} in {first_name}"
            raise UserError(f"{name}: {why}; all shards need the same files and options")
    _require_each_shard(shards)
    scopes = {report.scope for _, report in reports}
    if len(scopes) > 1:
        raise UserError("the shards ran different implementations; all need the same options")
    places = {shard.index: place for place, (_, shard) in enumerate(shards)}
    return [reports[places[index]] for index in sorted(places)]


def _require_each_shard(shards: Sequence[tuple[str, Shard]]) -> None:
    count = shards[0][1].of
    names: dict[int, str] = {}
    for name, shard in shards:
        if shard.index in names:
            raise UserError(f"{name}: shard {shard} is in {names[shard.index]} too")
        names[shard.index] = name
    missing = [f"{index}/{count}" for index in range(1, count + 1) if index not in names]
    if missing:
        shown = ", ".join(missing[:_MAX_SHOWN]) + (" ..." if len(missing) > _MAX_SHOWN else "")
        raise UserError(f"missing: shard {shown}; the cases in it were not compared")


def _asked(parts: Sequence[Sequence[Asked]], sharded: bool) -> tuple[Asked, ...]:
    """The cases in their order, which shards took in turn, each with the implementations that any
    of the reports asked."""
    in_order = chain.from_iterable(zip_longest(*parts) if sharded else parts)
    by_case: dict[str, Asked] = {}
    for asked in in_order:
        if asked is not None:
            before = by_case.setdefault(asked.case, asked)
            further = Counter(asked.implementations) - Counter(before.implementations)
            names = (*before.implementations, *further.elements())
            by_case[asked.case] = replace(before, implementations=names)
    return tuple(by_case.values())


def _results(reports: Sequence[tuple[str, Report]]) -> list[CaseResult]:
    """One result per case and implementation. The reference is the same in every report: its first
    result is taken. UserError where two reports have an answer."""
    answers: dict[tuple[str, str], tuple[str, CaseResult]] = {}
    twice: list[str] = []
    for name, report in reports:
        for result in report.results:
            key = (result.case.id, result.implementation)
            before = answers.get(key)
            if before is None or before[1].status == "missing":
                answers[key] = (name, result)
            elif key[1] == REFERENCE and result.status == before[1].status:
                continue
            elif result.status != "missing":
                twice.append(f"{key[1]} on {key[0]}: in {before[0]} and in {name}")
    if twice:
        lines = [*twice[:_MAX_SHOWN], and_more(len(twice) - _MAX_SHOWN)]
        raise UserError(
            "\n".join(
                ["more than one answer to the same case", *(f"  {line}" for line in lines if line)]
            )
        )
    return [result for _, result in answers.values()]


def _hosts(reports: Sequence[Report]) -> dict[str, Host]:
    """Where each implementation ran; of two versions or devices, both."""
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
    """The required implementations that are absent from every run."""
    absent = set(reports[0].absent).intersection(*(report.absent for report in reports))
    return tuple(name for name in reports[0].absent if name in absent)


def _either(texts: Sequence[str]) -> str:
    return " and ".join(dict.fromkeys(texts))


def _scope(scopes: Sequence[Scope]) -> Scope:
    """The scope of all together; an unknown one where their paths or levels differ or they were
    filtered."""
    if len(set(scopes)) == 1:
        return scopes[0]
    if len({(s.paths, s.left_out) for s in scopes}) > 1 or any(s.filtered for s in scopes):
        in_all = [one for one in scopes[0].left_out if all(one in s.left_out for s in scopes)]
        return Scope(left_out=tuple(in_all))
    named = [scope.chosen for scope in scopes if scope.chosen is not None]
    chosen = tuple(dict.fromkeys(name for names in named for name in names))
    return replace(scopes[0], chosen=chosen if len(named) == len(scopes) else None)
