"""Explanations in words and as plain data. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from xent_check.diagnosis.diagnosis import ROUNDING, Change, Explanation
from xent_check.errors import visible
from xent_check.problem.distance import distance
from xent_check.problem.evaluation import Failed
from xent_check.problem.vocabulary import PARAMETER_PARTS
from xent_check.results.columns import aligned
from xent_check.results.explanation import OBSERVED, Explained
from xent_check.results.number_text import number, small, tidy
from xent_check.results.report import STATUSES, CaseResult
from xent_check.results.separation import Separation, separation

from .formats import Terminal
from .sentences import sentence, traceback_lines
from .terminal_lines import Line, drawn
from .worked_steps import sample_text, side_by_side

_CHECK = "Are these the inputs and the options that gave them?"


def text_of(
    items: Sequence[Explained | CaseResult], terminal: Terminal, verbose: bool = False
) -> str:
    """A block of text for each; before several explanations what separates them, and of two how
    far they are from each other.

    verbose: with every sample, and what failures printed.
    """
    blocks = list(_blocks(items, terminal, verbose))
    explained = [item for item in items if isinstance(item, Explained)]
    if len({item.who for item in explained}) == len(items) > 1:
        words = [between(*explained)] if len(items) == 2 else []
        blocks.insert(0, [Line(line, "bold") for line in (*words, separated_by(explained))])
    return _joined(blocks, terminal)


def text_of_all(
    case: str,
    results: Sequence[CaseResult],
    items: Sequence[Explained | CaseResult],
    terminal: Terminal,
    verbose: bool = False,
) -> str:
    """A case with all that was answered. items: those of it that diverge or failed."""
    counts = Counter(result.status for result in results)
    count, compared = counts["diverges"], counts["agrees"] + counts["known"] + counts["diverges"]
    words = f"{count} of {compared} answers diverge{'s' * (count == 1)}"
    words = words if count else "nothing diverges" if compared else "nothing was compared"
    others = [
        Line(f"{status}: {', '.join(_other(r) for r in results if r.status == status)}", hanging=2)
        for status in STATUSES
        if status not in ("diverges", "failed") and counts[status]
    ]
    blocks = [[Line(f"{visible(case)}: {words}", "bold")], *_blocks(items, terminal, verbose)]
    return _joined([*blocks, others] if others else blocks, terminal)


def _other(result: CaseResult) -> str:
    """The name of who answered, with the reason that a case declares or an implementation gives."""
    reason = "" if result.status == "agrees" else " ".join((result.reason or "").split())
    return f"{result.implementation} ({reason})" if reason else result.implementation


def _blocks(
    items: Sequence[Explained | CaseResult], terminal: Terminal, verbose: bool
) -> Iterator[list[Line]]:
    who_by_reason: dict[object, str] = {}
    for item in items:
        if isinstance(item, Explained):
            yield _block(item, terminal.width, verbose, who_by_reason)
        else:
            yield [Line(sentence(item), "bold"), *_printed(item, verbose)]


def _joined(blocks: Sequence[Sequence[Line]], terminal: Terminal) -> str:
    return "\n\n".join("\n".join(drawn(block, terminal)) for block in blocks)


def between(first: Explained, second: Explained) -> str:
    """How far two implementations are from each other, and who is nearer the exact value."""
    a, b = first.observed.values, second.observed.values
    parts = [
        (one.observed.reduction, one.gradient, one.by, one.observed.values.shape)
        for one in (first, second)
    ]
    if parts[0] != parts[1]:
        return f"{first.who} and {second.who} are different parts of the answer"
    distances = distance(a, b)
    at = int(np.argmax(distances)) if distances.size else 0
    if not distances.any():
        exact = not (first.observed.units.any() or second.observed.units.any())
        words = ", bit for bit" if exact else ", as far as they are printed"
        return f"{first.who} and {second.who} give the same numbers{words}"
    target = float(first.target[at])
    errors = [float(distance(v[at], target)) for v in (a, b)]
    numbers = f"{number(a[at])} and {number(b[at])}, exactly {number(target)}"
    place = _place(first, at)
    words = f"{first.who} and {second.who} are furthest apart in {place}: {numbers}"
    if all(np.isfinite(errors)) and errors[0] != errors[1]:
        nearer = first.who if errors[0] < errors[1] else second.who
        words += f"; {nearer} is nearer"
    return words


def separated_by(items: Sequence[Explained]) -> str:
    """Which choices separate several answers, in one sentence."""
    found = separation(items)
    if found is None:
        who = " and ".join(item.who for item in items if not item.diagnosis.explained)
        return f"what separates them is not known: nothing explains what {who} gave"
    every = "both" if len(items) == 2 else "all"
    shared = "; ".join(change.sentence for change in found.shared)
    if found.none:
        words = f"in {every}, {shared}" if shared else f"{every} give the exact value"
        return tidy(f"no choice separates them: {words}")
    words = _one_sided(found) or "; ".join(_own(who, changes) for who, changes in found.own)
    words += f" (in {every}: {shared})" if shared else ""
    return tidy(f"what separates them: {words}")


def _one_sided(found: Separation) -> str:
    """Of two answers of which one alone makes changes, those; else ""."""
    doing = [(who, changes) for who, changes in found.own if changes]
    if len(found.own) != 2 or len(doing) != 1:
        return ""
    ((who, changes),) = doing
    (other,) = (name for name, _ in found.own if name != who)
    sentences = "; and ".join(change.sentence for change in changes)
    return f"{sentences}, in {who} and not in {other}"


def _own(who: str, changes: Sequence[Change]) -> str:
    sentences = "; and ".join(change.sentence for change in changes)
    return f"in {who}, {sentences or 'none of this'}"


def verdict(item: Explained) -> str:
    """The reason in one sentence."""
    return tidy(_verdict(item))


def _verdict(item: Explained) -> str:
    difference, best = _difference(item), item.best
    numbers = "the numbers" if item.who == OBSERVED else f"{item.who}'s numbers"
    if best is None and item.diagnosis.conduct:
        found = "; ".join(e.sentence for e in item.diagnosis.conduct)
        return f"{item.who} on {visible(item.case.id)}: {found} ({difference})"
    if best is None:
        return f"nothing explains {numbers} on {visible(item.case.id)}: {difference}"
    if best.id == ROUNDING:
        return f"{item.who} agrees on {visible(item.case.id)}: {difference}, {best.sentence}"
    alternatives = [e for e in item.diagnosis.explanations[1:] if len(e.ids) == len(best.ids)]
    words = f"{item.who} on {visible(item.case.id)}: {best.sentence} ({difference})"
    if alternatives:
        words += f"; on these numbers the same as: {'; or '.join(e.sentence for e in alternatives)}"
    return words


def _difference(item: Explained) -> str:
    observed, target = item.observed.values, item.target
    if item.observed.reduction is None and observed.shape != target.shape:
        return f"{observed.size} numbers for {target.size} sample{'s' * (target.size != 1)}"
    at = 0 if item.observed.reduction is not None else item.sample
    error = float(distance(observed[at], target[at]))
    numbers = f"{_place(item, at)} is {number(observed[at])}, exactly {number(target[at])}"
    return f"{numbers}, off by {small(error)}" if np.isfinite(error) else numbers


def _part(item: Explained) -> str:
    """The part of an answer that the numbers are, as a run's JSON names it."""
    if item.gradient:
        return "gradient" if item.by is None else PARAMETER_PARTS[item.by]
    return item.observed.reduction or "losses"


def _place(item: Explained, at: int) -> str:
    """`sample [1, 2]`, `the mean`, or `the gradient at [1, 2]`."""
    if item.gradient:
        index = np.unravel_index(at, item.gradient_shape)
        which = "the gradient" if item.by is None else f"the gradient by the {item.by}"
        return f"{which} at {list(map(int, index))}" if index else which
    reduction = item.observed.reduction
    return sample_text(item.problem, at) if reduction is None else f"the {reduction}"


def _block(
    item: Explained, width: int, verbose: bool, who_by_reason: dict[object, str]
) -> list[Line]:
    """Everything about one item. who_by_reason: whom each reason explained above, where it stands
    in full; the block adds its own."""
    best = item.best
    agrees = best is not None and best.id == ROUNDING
    lines = [Line(verdict(item), "bold")]
    reason = None if best is None else (best.ids, best.sentence)
    if not agrees and reason in who_by_reason:
        lines.append(Line(f"  as {who_by_reason[reason]} above"))
    elif not agrees:
        if item.expected:
            lines += [Line(""), *side_by_side(item, width)]
        lines += [Line(""), *_candidates(item)]
        if reason is not None:
            who_by_reason[reason] = item.who
    return [*lines, *(_every_sample(item) if verbose else ())]


def _candidates(item: Explained) -> Iterator[Line]:
    """What gives the numbers, of how many explanations that were tried; else what comes close."""
    diagnosis = item.diagnosis
    candidates = f"{diagnosis.tried} explanations that were tried"
    explanations, near = diagnosis.explanations, diagnosis.closest
    if not explanations and (unit := item.short_logits):
        known = (
            f"The logits are known to {small(unit)}; where the numbers come from they may have more"
        )
        moved = "digits, which move a loss by as much, and no number is further off."
        yield Line(f"{known} {moved}", hanging=2)
    if len(explanations) == 1:
        alone = "the first" if diagnosis.others else "the only one"
        words = f"{_ids(explanations[0])}: {alone} of {candidates} that gives the numbers"
        yield Line(words + _within(explanations[0]), hanging=2)
    elif explanations:
        yield Line(f"{len(explanations)} of {candidates} give the numbers:")
        yield from (_candidate(e, _within(e)) for e in explanations)
    elif near:
        yield Line(f"None of {candidates} gives the numbers for sure. The closest:")
        for e in near:
            share = f", for {e.share_explained:.0%} of those that differ"
            chance = f"{_within(e)}; chance would give them as easily"
            yield _candidate(e, chance if e.share_explained == 1 else share)
    else:
        advice = "" if diagnosis.conduct else f" {_CHECK}"
        yield Line(f"None of {candidates} gives any of the numbers.{advice}")
    for e in diagnosis.conduct:
        yield Line(f"{e.id}: found by further calls: {e.sentence}", hanging=2)
    yield from (Line(f"reported publicly: {url}") for url in item.reports)
    if explanations and diagnosis.distinguishing_input:
        yield Line(f"what would tell them apart: {diagnosis.distinguishing_input}", hanging=2)
    if explanations and diagnosis.others:
        more = "explanation gives" if diagnosis.others == 1 else "explanations give"
        yield Line(f"{diagnosis.others} more {more} the same total")


def _ids(e: Explanation) -> str:
    return " + ".join(e.ids)


def _within(e: Explanation) -> str:
    """How far the explanation is from the numbers at most; "" where it gives them exactly."""
    residual = e.max_abs_residual
    return f", within {small(residual)}" if residual and np.isfinite(residual) else ""


def _candidate(e: Explanation, words: str) -> Line:
    return Line(f"  {_ids(e)}: {tidy(e.sentence)}{words}", hanging=4)


def _every_sample(item: Explained) -> Iterator[Line]:
    """Each observed number beside the exact one."""
    observed, target = item.observed.values, item.target
    if item.observed.reduction is not None or observed.shape != target.shape:
        return
    rows = [("", "is", "exactly", "off by")]
    for at, (actual, exact) in enumerate(zip(observed, target, strict=True)):
        error = small(float(distance(actual, exact)))
        rows.append((_place(item, at), number(actual), number(exact), error))
    heading, *lines = aligned(rows)
    yield from (Line(""), Line(f"  {heading}", "bold"))
    yield from (Line(f"  {line}") for line in lines)


def _printed(item: CaseResult, verbose: bool) -> list[Line]:
    printed = item.evaluation.printed if isinstance(item.evaluation, Failed) else ""
    lines = [*traceback_lines(item), *printed.splitlines()]
    return [Line(f"  {line}") for line in lines] if verbose else []


def plain_together(items: Sequence[Explained | CaseResult]) -> dict[str, Any]:
    """Several explanations as JSON has them, with what separates them where all are explained."""
    each = [plain_explained(item) for item in items]
    explained = [item for item in items if isinstance(item, Explained)]
    found = separation(explained) if len(explained) == len(items) else None
    plain: dict[str, Any] = {"schema": 1, "each": each, "separated_by": None}
    if found is not None:
        plain["separated_by"] = {
            "sentence": separated_by(explained),
            "shared": list(map(asdict, found.shared)),
            "own": [
                {"implementation": who, "changes": list(map(asdict, changes))}
                for who, changes in found.own
            ],
        }
    return plain


def plain_explained(item: Explained | CaseResult) -> dict[str, Any]:
    """The explanation as JSON has it."""
    if isinstance(item, CaseResult):
        found = () if item.diagnosis is None else item.diagnosis.reasons
        return {
            "schema": 1,
            "case": item.case.id,
            "implementation": item.implementation,
            "explained": bool(found),
            "status": item.status,
            "reason": item.reason,
            "explanations": [_plain(e) for e in found],
            "closest": [],
        }
    return {
        "schema": 1,
        "case": item.case.id,
        "implementation": item.who,
        "part": _part(item),
        "verdict": verdict(item),
        "explained": bool(item.diagnosis.reasons),
        "explanations": [_plain(e) for e in item.diagnosis.reasons],
        "closest": [_plain(e) for e in item.diagnosis.closest],
        "reports": list(item.reports),
        "telling_apart": item.diagnosis.distinguishing_input or None,
        "others": item.diagnosis.others,
        "tried": item.diagnosis.tried,
        "by_chance": item.diagnosis.by_chance,
    }


def _plain(explanation: Explanation) -> dict[str, Any]:
    from xent_check.history.saved.write import saved_explanation  # text needs no models of the JSON

    return saved_explanation(explanation).plain()
