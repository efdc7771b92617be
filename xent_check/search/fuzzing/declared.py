"""Declared: what the cases that ship for fuzz state of an implementation, as the keys that finds of
the same would have. Such a departure is known, and no find.

They are asked anew, so that what a release has mended is a find again where it comes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from xent_check.casefile.loading import Filter, PosedCase, load
from xent_check.diagnosis.stated_reasons import Given
from xent_check.implementations.names import Implementation
from xent_check.problem.vocabulary import GRADIENTS
from xent_check.results.attached_diagnosis import diagnosed, stated_reasons
from xent_check.results.report import CaseResult
from xent_check.running.asking import Asking
from xent_check.running.run import run

from .find import UNEXPLAINED, Key, behaviour_of, constants_of, keys_of

FOUND = "corpus:found"


def declared_keys(
    implementations: Sequence[Implementation], pool: Asking, timeout: float
) -> frozenset[Key]:
    """The keys of what the cases of FOUND declare of these implementations and they still do; none
    of what no reason explains, which another departure may look like."""
    cases = load((FOUND,), Filter())
    keys: dict[Key, frozenset[tuple[str, float]]] = {}
    for implementation in implementations:
        stated = [posed for posed in cases if _departs(posed, implementation)]
        for result in run(stated, (implementation,), pool, timeout):
            if result.status == "known":
                for key in _all_keys(replace(result, status="diverges")):
                    keys[key] = keys.get(key, frozenset()) | key.constants
    named = (key for key in keys if key.explanation != UNEXPLAINED)
    return frozenset(replace(key, constants=keys[key]) for key in named)


def is_declared(result: CaseResult, declared: frozenset[Key]) -> bool:
    """Whether a result that diverges or failed is one of these by one of its reasons, or of theirs
    that give its numbers; nan beside inf is where each of the two is."""
    keys = keys_of(result)
    if any(_is_one_of(key, declared) for key in keys):
        return True
    reasons = {one.explanation for one in _alike(keys[0], declared)}
    return any(_is_one_of(_by(keys[0], one), declared) for one in stated_reasons(result, reasons))


def _by(key: Key, given: Given) -> Key:
    """The key by stated reasons."""
    return replace(key, explanation="+".join(given.ids), constants=constants_of(given.parameters))


def _is_one_of(key: Key, declared: frozenset[Key]) -> bool:
    """Whether a key is declared. One of several reasons at once is where each reason is, and each
    kind of its numbers with one of them."""
    kinds, alike = _kinds(key), _alike(key, declared)
    if kinds <= _union(one for one in alike if one.explanation == key.explanation):
        return True
    reasons = set(key.explanation.split("+"))
    each = [one for one in alike if one.explanation in reasons]
    return {one.explanation for one in each} == reasons and kinds <= _union(each)


def _alike(key: Key, declared: frozenset[Key]) -> list[Key]:
    """Those of the same implementation and part, with such constants; by what is given and by a
    parameter of a last layer a gradient is one part. What gives other losses, all finite, gives
    another gradient."""
    parts = {_part(key), "losses"} if _part(key) == "gradient" else {_part(key)}
    return [
        one
        for one in declared
        if one.implementation == key.implementation
        and _part(one) in parts
        and (_part(one) == _part(key) or _kinds(one) == {""})
        and (not one.constants or key.constants <= one.constants)
    ]


def _part(key: Key) -> str:
    part = key.behaviour.partition(" ")[0]
    return "gradient" if part in GRADIENTS else part


def _kinds(key: Key) -> set[str]:
    """The kinds of its numbers; where they are finite, one without a name."""
    return set(key.behaviour.split(" ")[1:]) or {""}


def _union(keys: Iterable[Key]) -> set[str]:
    return set[str]().union(*map(_kinds, keys))


def _departs(posed: PosedCase, implementation: Implementation) -> bool:
    expectation = posed.expectation_of(implementation)
    return expectation is not None and expectation.because is not None


def _all_keys(result: CaseResult) -> set[Key]:
    """Those of the reason that is declared, or of its first where only words are: one of each kind
    of numbers; of totals that diverge beside losses that do not, one of each total."""
    keys, comparison = keys_of(diagnosed(result)), result.comparison
    stated = None if result.expectation is None else result.expectation.hypothesis
    first = keys[0] if stated is None else replace(keys[0], explanation=stated)
    same = next((key for key in keys if key.explanation == first.explanation), None)
    first = replace(first, constants=frozenset() if same is None else same.constants)
    behaviours = [first.behaviour]
    if comparison is not None and not comparison.losses.diverging:
        totals = {str(name): part for name, part in comparison.totals.items() if part.diverging}
        behaviours += [behaviour_of(name, part) for name, part in totals.items()]
    return {replace(first, behaviour=one) for whole in behaviours for one in _each(whole)}


def _each(behaviour: str) -> list[str]:
    """The same with one kind of numbers each."""
    part, *kinds = behaviour.split(" ")
    return [" ".join([part, kind]) for kind in kinds] or [part]
