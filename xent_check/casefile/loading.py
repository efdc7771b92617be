"""Loading: from paths to cases with their problems; all mistakes of all files together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
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
from xent_check.implementations.table import IMPLEMENTATIONS
from xent_check.problem.expectation import REFERENCE, Expectation, Expectations
from xent_check.problem.problem import Problem
from xent_check.problem.rows import Sampled
from xent_check.problem.tolerance import Auto, Tolerance
from xent_check.problem.vocabulary import DType, Level, Loss

from .case import Case, locate
from .expansion import SourceMistake, expand
from .expectations import expectations
from .field_types import NAME, is_name
from .keyword import keyword_matcher
from .levels import LeftOut, is_above, left_out_text
from .mending import checked
from .paths import case_files, require_existing, split_path
from .posing import Posed, pose
from .uncollected import uncollected
from .yaml_reader import read
from .yaml_values import Map, line_of


@dataclass(frozen=True, eq=False)
class PosedCase:
    """A case ready to be run."""

    case: Case  # as the file has it
    problem: Problem  # its arrays and options
    expectations: Expectations  # what it states, by implementation
    implementations: tuple[Implementation, ...] | None  # None: the default set
    sampled: Sampled | None = None  # the rows that the problem has, where it has not all of them
    overflows: tuple[str, ...] = ()  # as of Posed

    @classmethod
    def of(cls, case: Case, posed: Posed, expected: Expectations) -> PosedCase:
        """The case with what it states."""
        listed = listed_implementations(case)
        return cls(case, posed.problem, expected, listed, overflows=posed.overflows)

    def with_tolerance(self, tolerance: Tolerance | Auto) -> PosedCase:
        """The same case under another tolerance."""
        fields = self.case.fields.model_copy(update={"tolerance": tolerance})
        return replace(self, case=replace(self.case, fields=fields))

    def expectation_of(
        self, implementation: Implementation, release: str = ""
    ) -> Expectation | None:
        """The first entry that is about the version of the implementation; None where none is.
        release: that version, where it was found out whose arrays a user's own gets. A
        labelled one, `torch[old]`, has the entries of its name, `torch`. What is stated of an
        implementation is not stated of a loss of the user's that happens to have its name."""
        if implementation.own and implementation.name in IMPLEMENTATIONS:
            return None
        matches = (
            entries
            for name, entries in self.expectations.items()
            if name != REFERENCE and parse(name).name == implementation.unlabelled
        )
        for entry in next(matches, ()):
            if entry.versions is None:
                return entry
            version = release or implementation.version
            if version != UNKNOWN and entry.applies_to(version):
                return entry
        return None

    def with_problem(self, problem: Problem) -> PosedCase:
        """The same case about another problem, which asks for that one's totals alone."""
        fields = self.case.fields.model_copy(update={"reduction": list(problem.reductions)})
        return replace(self, case=replace(self.case, fields=fields), problem=problem)


@dataclass(frozen=True)
class Filter:
    """A selection of cases; empty fields select all."""

    texts: tuple[str, ...] = ()  # any of them matches the id, as of `keyword_matcher`
    tags: tuple[str, ...] = ()  # the case has any of them
    losses: tuple[Loss, ...] = ()  # the case is of any of them
    dtypes: tuple[DType, ...] = ()  # likewise
    level: Level = "quick"  # the case has it, or one before it

    @property
    def narrows(self) -> bool:
        """Whether it selects by more than the level, which is told apart."""
        return bool(self.texts or self.tags or self.losses or self.dtypes)

    def accepts(self, case: Case) -> bool:
        """Whether the case is selected, whatever its level."""
        fields, name = case.fields, case.id.lower()
        return (
            (not self.tags or bool(set(self.tags) & set(fields.tags)))
            and (not self.losses or fields.loss in self.losses)
            and (not self.dtypes or fields.dtype in self.dtypes)
            and (not self.texts or any(keyword_matcher(text)(name) for text in self.texts))
        )

    def __str__(self) -> str:
        words = [*(f"-k {text}" for text in self.texts), *(f"--tag {tag}" for tag in self.tags)]
        return " ".join([*words, *self.losses, *self.dtypes])


def load(
    paths: Sequence[str], case_filter: Filter, allow_outside: bool = False, any_label: bool = False
) -> tuple[PosedCase, ...]:
    """The selected cases of `paths` that run at the filter's level, posed. As of `load_all`, and
    NothingToCompareError where all are left out."""
    return load_all(paths, case_filter, allow_outside, any_label).required()


@dataclass(frozen=True, eq=False)
class Loaded:
    """The selected cases."""

    posed_cases: tuple[PosedCase, ...]  # those that run
    left_out: tuple[LeftOut, ...]  # those above the filter's level, which are not posed

    def required(self) -> tuple[PosedCase, ...]:
        """The cases that run; NothingToCompareError where there are none."""
        if not self.posed_cases:
            raise NothingToCompareError(left_out_text(self.left_out))
        return self.posed_cases


@uncollected()
def load_all(
    paths: Sequence[str],
    case_filter: Filter,
    allow_outside: bool = False,
    any_label: bool = False,
    is_named: Callable[[Case], bool] = lambda _: False,
) -> Loaded:
    """The selected cases of `paths` (as of `paths.case_files`, with `::name` for one), posed; those
    above the filter's level are left out, unless they are named.

    CaseFileError for bad files, NothingToCompareError where no case is selected, UserError for
    paths and names that do not exist. any_label: labels outside the classes need no expectation.
    is_named: whether a case is named elsewhere than in the paths.
    """
    located_mistakes: list[LocatedMistake] = []
    cases: dict[int, Case] = {}
    named: set[int] = set()
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
        named.update(id(case) for case in matches if name)

    def runs(case: Case) -> bool:
        above = is_above(case.fields.level, case_filter.level)
        return not above or id(case) in named or is_named(case)

    selected = [case for case in cases.values() if case_filter.accepts(case)]
    left_out = [LeftOut(case.id, case.fields.level) for case in selected if not runs(case)]
    posed_cases = []
    broken = (case for file in files.values() for case in file.broken)
    for case in filter(runs, [*selected, *broken]):
        try:
            posed = pose(case, allow_outside, any_label)
            expected = expectations(case, posed.problem)
            if not located_mistakes:
                posed_cases.append(PosedCase.of(case, posed, expected))
        except InvalidError as error:
            located_mistakes += [case.located_mistake(mistake) for mistake in error.mistakes]
    if located_mistakes:
        raise CaseFileError(_in_order(located_mistakes))
    if not selected:
        raise NothingToCompareError(f"none of {len(cases)} cases is selected by {case_filter}")
    return Loaded(tuple(posed_cases), tuple(left_out))


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
