"""Loading: paths become cases with their problems; every mistake of every file, together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .case import Case, CaseFields, Tolerance, case_fields
from .errors import (
    CaseFileError,
    InvalidError,
    KeyPath,
    Located,
    Mistake,
    NothingToCompareError,
    UserError,
    did_you_mean,
)
from .expectation import REFERENCE, Expectations, expectations
from .posing import pose
from .problem import Problem
from .selection import Implementation, parse
from .yaml_source import Map, Seq, describe, line_of, read

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, eq=False)
class Subject:
    """A case ready to be run. `implementations`: None for the default set."""

    case: Case
    problem: Problem
    expectations: Expectations
    implementations: tuple[Implementation, ...] | None

    def with_tolerance(self, tolerance: Tolerance) -> Subject:
        """The same under another tolerance."""
        fields = self.case.fields.model_copy(update={"tolerance": tolerance})
        return replace(self, case=replace(self.case, fields=fields))


@dataclass(frozen=True)
class Filter:
    """Which cases: `text` within the id, and any of `tags`."""

    text: str = ""
    tags: tuple[str, ...] = ()

    def accepts(self, case: Case) -> bool:
        """Whether the case is selected."""
        tagged = not self.tags or bool(set(self.tags) & set(case.fields.tags))
        return tagged and self.text.lower() in case.id.lower()

    def __str__(self) -> str:
        words = [f"-k {self.text}"] if self.text else []
        return " ".join([*words, *(f"--tag {tag}" for tag in self.tags)])


def load(paths: Sequence[str], wanted: Filter, allow_outside: bool = False) -> tuple[Subject, ...]:
    """The selected cases of `paths` (files, folders, `file::name`), posed.

    CaseFileError for bad files, NothingToCompareError where nothing is left to run.
    """
    located: list[Located] = []
    cases: list[Case] = []
    for file, shown, name in _files(paths):
        try:
            found = read_cases(file, shown)
        except CaseFileError as error:
            located += error.located
            continue
        named = [case for case in found if name in ("", case.name)]
        if not named:
            names = [case.name for case in found]
            hint = did_you_mean(name, names)
            raise UserError(f"{shown}: no case {name!r}; {hint or 'it has ' + ', '.join(names)}")
        cases += named
    selected = [case for case in cases if wanted.accepts(case)]
    subjects = []
    for case in selected:
        try:
            subjects.append(_subject(case, allow_outside))
        except InvalidError as error:
            located += [case.located(mistake) for mistake in error.mistakes]
    if located:
        raise CaseFileError(sorted(dict.fromkeys(located), key=lambda item: (item.file, item.line)))
    if not subjects:
        raise NothingToCompareError(f"none of {len(cases)} cases is selected by {wanted}")
    return tuple(subjects)


def _files(paths: Sequence[str]) -> Iterable[tuple[Path, str, str]]:
    """(file, as shown, case name or "") for each case file, once."""
    seen: set[tuple[Path, str]] = set()
    for text in paths:
        given, _, name = text.partition("::")
        path = Path(given)
        if not path.exists():
            raise UserError(f"{given}: no such file or folder")
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
            if not found:
                raise NothingToCompareError(
                    f"{given}: no case files (*.yaml, *.yml) in this folder"
                )
        else:
            found = [path]
        for file in found:
            key = (file.resolve(), name)
            if key not in seen:
                seen.add(key)
                yield file, _shown(file), name


def _shown(file: Path) -> str:
    """Relative to the working directory where it is below it; the shipped corpus as `cases/...`."""
    from .corpus import corpus

    resolved = file.resolve()
    for base, prefix in ((Path.cwd(), ""), (corpus().resolve(), "cases/")):
        if resolved.is_relative_to(base):
            return prefix + resolved.relative_to(base).as_posix()
    return file.as_posix()


def read_cases(file: Path, shown: str) -> list[Case]:
    """The cases of a file, defaults merged and matrices written out."""
    source = read(file, shown)
    mistakes: list[tuple[Map, Mistake]] = []
    cases: list[Case] = []
    for case_source in _case_sources(source, mistakes):
        for expanded in _expanded(case_source, mistakes):
            try:
                fields = case_fields(expanded)
                _check_names(fields)
            except InvalidError as error:
                mistakes += [(expanded, mistake) for mistake in error.mistakes]
            else:
                cases.append(Case(file, shown, fields.name or file.stem, expanded, fields))
    first: dict[str, Case] = {}
    for case in cases:
        if case.name in first:
            line = first[case.name].line
            found = f"{case.name!r} names two cases (the other on line {line})"
            mistakes.append((case.source, Mistake(("name",), found, "", "give each its own name")))
        first.setdefault(case.name, case)
    if mistakes:
        located = [Located(shown, line_of(source, m.key), m) for source, m in mistakes]
        raise CaseFileError(sorted(dict.fromkeys(located), key=lambda item: item.line))
    return cases


def _case_sources(source: Map, mistakes: list[tuple[Map, Mistake]]) -> list[Map]:
    """One case, or each of `cases` over the `defaults`."""
    if "cases" not in source and "defaults" not in source:
        return [source]
    for key in source:
        if key not in ("cases", "defaults"):
            advice = did_you_mean(key, ("cases", "defaults")) or "move it into `defaults`"
            mistakes.append((source, Mistake((key,), "unknown key", "defaults, cases", advice)))
    defaults, cases = source.get("defaults", Map(1)), source.get("cases")
    if not isinstance(defaults, Map):
        found = describe(defaults)
        mistakes.append((source, Mistake(("defaults",), found, "a mapping of case keys", "")))
        defaults = Map(1)
    if not isinstance(cases, Seq) or not cases:
        found = "missing" if "cases" not in source else describe(cases)
        mistakes.append((source, Mistake(("cases",), found, "a list of one case or more", "")))
        return []
    sources = []
    for index, case in enumerate(cases):
        if isinstance(case, Map):
            sources.append(_merged(defaults, case, case.line))
        else:
            place: KeyPath = ("cases", index)
            mistakes.append((source, Mistake(place, describe(case), "a mapping", "")))
    return sources


def _merged(under: Map, over: Map, line: int) -> Map:
    """`over` on top of `under`, key by key."""
    merged = Map(line)
    for part in (under, over):
        merged.update(part)
        merged.lines.update(part.lines)
    return merged


def _expanded(source: Map, mistakes: list[tuple[Map, Mistake]]) -> list[Map]:
    """One mapping per combination of the matrix, named name[key=value,...]."""
    matrix = source.get("matrix")
    if matrix is None:
        return [source]
    found = _matrix_mistakes(matrix)
    if found:
        mistakes += [(source, mistake) for mistake in found]
        return []
    rest = Map(source.line)
    rest.update({key: value for key, value in source.items() if key != "matrix"})
    rest.lines.update(source.lines)
    expanded = []
    for values in itertools.product(*matrix.values()):
        choice = dict(zip(matrix, values, strict=True))
        combination = Map(source.line)
        combination.update(choice)
        combination.lines.update({key: matrix.lines[key] for key in choice})
        one = _merged(rest, combination, source.line)
        if isinstance(one.get("name"), str):
            one["name"] = f"{one['name']}[{_choice_text(choice)}]"
        expanded.append(one)
    return expanded


def _matrix_mistakes(matrix: object) -> list[Mistake]:
    if not isinstance(matrix, Map) or not matrix:
        return [Mistake(("matrix",), describe(matrix), "a mapping of keys to lists", "")]
    allowed = [key for key in CaseFields.model_fields if key not in ("name", "matrix")]
    mistakes = []
    for key, values in matrix.items():
        if key not in allowed:
            hint = did_you_mean(key, allowed)
            mistakes.append(Mistake(("matrix", key), "unknown key", ", ".join(allowed), hint))
        elif not isinstance(values, Seq) or not values:
            mistakes.append(Mistake(("matrix", key), describe(values), "a list of values", ""))
    return mistakes


def _choice_text(choice: Mapping[str, Any]) -> str:
    return ",".join(f"{key}={_value_text(value)}" for key, value in choice.items())


def _value_text(value: object) -> str:
    if isinstance(value, dict):
        return "{" + _choice_text(value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_value_text(item) for item in value) + "]"
    return value if isinstance(value, str) else describe(value)


def _check_names(fields: CaseFields) -> None:
    """Implementations must exist: a misspelt one would never be compared."""
    mistakes = []
    listed: list[tuple[KeyPath, str]] = [
        (("implementations", index), name)
        for index, name in enumerate(fields.implementations or ())
    ]
    listed += [(("expect", name), name) for name in fields.expect if name != REFERENCE]
    for key, name in listed:
        try:
            parse(name)
        except InvalidError as error:
            mistakes += [Mistake(key, m.found, m.allowed, m.advice) for m in error.mistakes]
    if mistakes:
        raise InvalidError(*mistakes)


def _subject(case: Case, allow_outside: bool) -> Subject:
    problem = pose(case, allow_outside)
    names = case.fields.implementations
    chosen = None if names is None else tuple(parse(name) for name in dict.fromkeys(names))
    return Subject(case, problem, expectations(case, problem), chosen)
