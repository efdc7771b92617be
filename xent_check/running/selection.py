"""Selection: the cases of a run, and the implementations asked for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from xent_check.casefile.levels import LeftOut
from xent_check.casefile.loading import Loaded, PosedCase, load_all
from xent_check.casefile.paths import scope_paths, split_path
from xent_check.errors import NothingToCompareError, UserError
from xent_check.implementations.declaration import Declaration
from xent_check.implementations.names import Implementation
from xent_check.problem.expectation import REFERENCE
from xent_check.problem.problem_digest import problem_digest
from xent_check.results.report import Asked, Scope

from .sampling import look
from .settings import Settings


def select_cases(settings: Settings, ready_cases: tuple[PosedCase, ...] | None) -> Loaded:
    """The selected cases under the run's tolerance, and those above its level;
    NothingToCompareError where none runs.

    ready_cases: cases to take instead of reading files.
    """
    only = settings.only
    loaded = Loaded(ready_cases, ()) if ready_cases else read_cases(settings, settings.paths)
    posed_cases = loaded.required()
    if only is not None:
        loaded = Loaded(_with_ids(posed_cases, only), ())
    if settings.declared.says_something:
        loaded = replace(loaded, posed_cases=_declaring(loaded.posed_cases, settings))
    if settings.tolerance is not None:
        changed = (s.with_tolerance(settings.tolerance) for s in loaded.posed_cases)
        loaded = replace(loaded, posed_cases=tuple(changed))
    if settings.sample is not None:
        looks = tuple(look(posed, settings.sample) for posed in loaded.posed_cases)
        loaded = replace(loaded, posed_cases=looks)
    return loaded


def read_cases(settings: Settings, paths: Sequence[str]) -> Loaded:
    """The cases of these paths that the settings select; one of `only` whatever its level. As of
    `load_all`."""
    only = settings.only or frozenset()
    return load_all(
        paths,
        settings.case_filter,
        settings.allow_outside,
        is_named=lambda case: case.id in only,
    )


def _declaring(posed_cases: tuple[PosedCase, ...], settings: Settings) -> tuple[PosedCase, ...]:
    """The cases with what is declared of the user's own said of those that they list."""
    listed = [i for posed in posed_cases for i in posed.implementations or ()]
    require_own(listed if settings.chosen is None else settings.chosen, settings.declared)
    return tuple(saying(posed, settings.declared) for posed in posed_cases)


def saying(posed: PosedCase, declared: Declaration) -> PosedCase:
    """The case with this declared of the user's own that it lists."""
    said = tuple(i.said(declared) for i in posed.implementations or ())
    return replace(posed, implementations=said or None)


def require_own(implementations: Iterable[Implementation], declared: Declaration) -> None:
    """UserError where something is declared, and none of these is a loss of the user's own."""
    if declared.says_something and not any(i.function for i in implementations):
        why = "that is about a loss of your own, and none is asked for"
        raise UserError(f"declared: {declared}: {why}; add -i MODULE:FUNCTION")


def _with_ids(posed_cases: tuple[PosedCase, ...], ids: frozenset[str]) -> tuple[PosedCase, ...]:
    matches = tuple(posed for posed in posed_cases if posed.case.id in ids)
    if not matches:
        raise NothingToCompareError(
            f"none of {len(posed_cases)} selected cases is among the {len(ids)} asked for"
        )
    return matches


def asked_of(
    posed_cases: Sequence[PosedCase],
    implementations_of: Callable[[PosedCase], Sequence[Implementation]],
) -> tuple[Asked, ...]:
    """Each case with its implementations, before them the reference where an entry pins it."""
    pinned = {id(s): [REFERENCE] * bool(s.expectations.get(REFERENCE)) for s in posed_cases}
    return tuple(
        Asked(
            s.case.id,
            s.case.line,
            problem_digest(s.problem),
            (*pinned[id(s)], *(i.name for i in implementations_of(s))),
            tuple(sorted(s.case.fields.asked)),
            None if s.sampled is None else s.sampled.counts,
        )
        for s in posed_cases
    )


def scope_of(settings: Settings, partial: bool, left_out: tuple[LeftOut, ...] = ()) -> Scope:
    """The scope of the run. partial: the cases were ready and not read, or it was stopped.
    left_out: the selected cases above its level."""
    by_name = any(split_path(path)[1] for path in settings.paths)
    return Scope(
        paths=scope_paths(settings.paths),
        filtered=partial or by_name or settings.case_filter.narrows or settings.only is not None,
        chosen=None if settings.chosen is None else tuple(i.name for i in settings.chosen),
        left_out=left_out,
    )
