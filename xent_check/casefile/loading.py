"""Loading: from paths to cases with their problems; all mistakes of all files together."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from xent_check.errors import (
    CaseFileError,
    InvalidError,
    KeyPath,
    LocatedMistake,
    Mistake,
    NothingToCompareError,
    UserError,
    did_you_mean,
    listed,
    visible,
)
from xent_check.implementations.names import UNKNOWN, Implementation, parse
from xent_check.problem.expectation import REFERENCE, Expectation, Expectations
from xent_check.problem.problem import Problem
from xent_check.problem.tolerance import Auto, Tolerance

from .case import Case, locate
from .expansion import SourceMistake, expand
from .expectations import expectations
from .field_types import NAME, is_name
from .keyword import keyword_matcher
from .mending import checked
from .paths import case_files, require_existing, split_path
from .posing import pose
from .yaml_reader import read
from .yaml_values import Map, line_of


@dataclass(frozen=True, eq=False)
class PosedCase:
    """A case ready to be run."""

    case: Case  # as the file has it
    problem: Problem  # its arrays and options
    expectations: Expectations  # what it states, by implementation
    implementations: tuple[Implementation, ...] | None  # None: the default set

    def with_tolerance(self, tolerance: Tolerance | Auto) -> PosedCase:
        """The same case under another tolerance."""
        fields = self.case.fields.model_copy(update={"tolerance": tolerance})
        return replace(self, case=replace(self.case, fields=fields))

    def expectation_of(self, implementation: Implementation) -> Expectation | None:
        """The first entry that is about the version of the implementation; None where none is. A
        labelled one, `torch[old]`, has the entries of its name, `torch`."""
        matches = (
            entries
            for name, entries in self.expectations.items()
            if name != REFERENCE and parse(name).name == implementation.unlabelled
        )
        for entry in next(matches, ()):
            if entry.versions is None:
                return entry
            version = implementation.version
            if version != UNKNOWN and entry.applies_to(version):
                return entry
        return None


@dataclass(frozen=True)
class Filter:
    """A selection of cases; empty fields select all."""

    texts: tuple[str, ...] = ()  # any of them matches the id, as of `keyword_matcher`
    tags: tuple[str, ...] = ()  # the case has any of them

    def accepts(self, case: Case) -> bool:
        """Whether the case is selected."""
        tagged = not self.tags or bool(set(self.tags) & set(case.fields.tags))
        name = case.id.lower()
        return tagged and (
            not self.texts or any(keyword_matcher(text)(name) for text in self.texts)
        )

    def __str__(self) -> str:
        words = [*(f"-k {text}" for text in self.texts), *(f"--tag {tag}" for tag in self.tags)]
        return " ".join(words)


@contextmanager
def _without_garbage_collector() -> Iterator[None]:
    """Turn the garbage collector off, which would visit everything read again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@_without_garbage_collector()
def load(
    paths: Sequence[str], case_filter: Filter, allow_outside: bool = False, any_label: bool = False
) -> tuple[PosedCase, ...]:
    """The selected cases of `paths` (as of `paths.case_files`, with `::name` for one), posed.

    CaseFileError for bad files, NothingToCompareError where no case is selected, UserError for
    paths and names that do not exist. any_label: labels outside the classes need no expectation.
    """
    located_mistakes: list[LocatedMistake] = []
    cases: dict[int, Case] = {}
    files: dict[Path, FileCases] = {}
    for text in require_existing(paths):
        path_text, name = split_path(text)
        resolved_files = [(file, file.path.resolve()) for file in case_files(path_text)]
        for file, resolved in resolved_files:
            if resolved not in files:
                files[resolved] = read_cases(file.path, file.shown)
                located_mistakes += files[resolved].mistakes
        candidates = [case for _, resolved in resolved_files for case in files[resolved].cases]
        matches = [case for case in candidates if name in ("", case.name)]
        if not matches and not located_mistakes:
            raise UserError(_no_such_case(path_text, name, [case.name for case in candidates]))
        cases.update((id(case), case) for case in matches)
    selected = [case for case in cases.values() if case_filter.accepts(case)]
    posed_cases = []
    for case in [*selected, *(case for file in files.values() for case in file.broken)]:
        try:
            problem = pose(case, allow_outside, any_label)
            expected = expectations(case, problem)
            if not located_mistakes:
                posed_cases.append(PosedCase(case, problem, expected, listed_implementations(case)))
        except InvalidError as error:
            located_mistakes += [case.located_mistake(mistake) for mistake in error.mistakes]
    if located_mistakes:
        raise CaseFileError(_in_order(located_mistakes))
    if not posed_cases:
        raise NothingToCompareError(f"none of {len(cases)} cases is selected by {case_filter}")
    return tuple(posed_cases)


def _in_order(located_mistakes: Iterable[LocatedMistake]) -> list[LocatedMistake]:
    return sorted(dict.fromkeys(located_mistakes), key=lambda item: (item.file, item.line))


def _no_such_case(path_text: str, name: str, names: Sequence[str]) -> str:
    parts = (f"no case {name!r}", f"it has {listed(names, most=10)}", did_you_mean(name, names))
    return f"{visible(path_text)}: {'; '.join(part for part in parts if part)}"


@dataclass(frozen=True, eq=False)
class FileCases:
    """The cases of a file, and the mistakes in it."""

    cases: tuple[Case, ...]  # in the file's order
    broken: tuple[Case, ...]  # with stand-ins for what is wrong
    mistakes: tuple[LocatedMistake, ...]  # posing the broken cases may add to these


def read_cases(file: Path, shown: str) -> FileCases:
    """The cases of a file, defaults merged and matrices expanded. shown: its name in reports."""
    try:
        document = read(file, shown)
    except CaseFileError as error:
        return FileCases((), (), error.mistakes)
    mistakes: list[SourceMistake] = []
    cases: list[Case] = []
    broken: list[Case] = []
    names: list[tuple[str, Map]] = []
    for expanded in expand(document.root, file.stem, mistakes):
        source = expanded
        names.append((str(source.get("name") or file.stem), source))
        before = len(mistakes)
        mistakes += [(source, mistake) for mistake in unknown_implementations(source)]
        known = checked(source)
        mistakes += known.mistakes
        if known.fields is None or known.source is None:
            continue
        fields = known.fields
        if known.source is not source:  # mended: it may name more of them
            source = known.source
            mistakes += [(source, mistake) for mistake in unknown_implementations(source)]
        if fields.name is None and not is_name(file.stem):
            missing = "missing, and the file's own name cannot stand for it"
            mistakes.append((source, Mistake(("name",), missing, NAME, "add a name")))
        case = Case(file, shown, fields.name or file.stem, source, fields, known.unknown)
        (cases if len(mistakes) == before else broken).append(case)
    mistakes += _repeated_names(names)
    reported = {(item.line, item.mistake.key) for item in document.mistakes}
    located_mistakes = (locate(shown, source, mistake) for source, mistake in mistakes)
    fresh = [item for item in located_mistakes if (item.line, item.mistake.key) not in reported]
    return FileCases(tuple(cases), tuple(broken), tuple(_in_order([*document.mistakes, *fresh])))


def _repeated_names(names: Iterable[tuple[str, Map]]) -> Iterator[SourceMistake]:
    first: dict[str, Map] = {}
    for name, source in names:
        if name in first:
            line = line_of(first[name], ("name",))
            fault = f"{name!r} names two cases (the other on line {line})"
            yield source, Mistake(("name",), fault, "", "give each its own name")
        first.setdefault(name, source)


def unknown_implementations(source: Map) -> Iterator[Mistake]:
    """Names of no implementation, which would never be compared. The mapping may have any other
    mistake; values that cannot be names are left to the check of types."""
    listed, expect = source.get("implementations"), source.get("expect")
    if isinstance(listed, str):
        yield from _unknown_implementation(("implementations",), listed, ())
    for index, name in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(name, str) and is_name(name):
            yield from _unknown_implementation(("implementations", index), name, ())
    for name in expect if isinstance(expect, dict) else ():
        if name != REFERENCE:
            yield from _unknown_implementation(("expect", name), name, (REFERENCE,))


def _unknown_implementation(key: KeyPath, name: str, also: Sequence[str]) -> Iterator[Mistake]:
    try:
        parse(name)
    except InvalidError as error:
        for m in error.mistakes:
            allowed = ", ".join([*also, m.allowed])
            yield Mistake(key, m.fault, allowed, m.advice or did_you_mean(name, also))


def listed_implementations(case: Case) -> tuple[Implementation, ...] | None:
    """The implementations that a case lists, each once; None where it lists none."""
    names = case.fields.implementations
    return None if names is None else tuple(parse(name) for name in dict.fromkeys(names))
