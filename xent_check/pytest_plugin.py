"""The pytest plugin: `pytest --xent PATH`, an item for each case and implementation.

Without the option nothing but this file is loaded.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xent_check.casefile.levels import LeftOut
    from xent_check.casefile.loading import PosedCase
    from xent_check.implementations.names import Implementation
    from xent_check.problem.vocabulary import Level
    from xent_check.results.report import CaseResult
    from xent_check.running.answers import Answers

MARKER = "xent"
_TIMEOUT = 60.0  # seconds per answer, as of `xent-check run`


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options --xent, --xent-impl, --xent-level and --xent-require."""
    group = parser.getgroup("xent-check", "losses held against their exact values")
    group.addoption(
        "--xent",
        metavar="PATH",
        action="append",
        default=[],
        help="Run these cases: a case file, a folder, FILE::NAME or corpus:NAME. Repeatable. "
        f"-m {MARKER} runs them alone.",
    )
    group.addoption(
        "--xent-impl",
        metavar="NAME",
        action="append",
        default=[],
        help="On this implementation, as -i of `xent-check run`; in place of those that the cases "
        "list. Repeatable.",
    )
    group.addoption(
        "--xent-level",
        metavar="LEVEL",
        help="quick, full or huge, as --level of `xent-check run`: cases of a level above are left "
        "out, but one that is named. Default: quick.",
    )
    group.addoption(
        "--xent-require",
        metavar="NAME",
        action="append",
        default=[],
        help="Fail where this implementation is not installed. Repeatable.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and with --xent the hooks that run cases; UsageError for paths that name
    no case file, names of no implementation, or the other options without --xent."""
    config.addinivalue_line("markers", f"{MARKER}: a case of xent-check (--xent PATH)")
    option = config.option
    if option.xent:
        config.pluginmanager.register(_plugin(config), "xent-check cases")
    elif option.xent_impl or option.xent_require or option.xent_level:
        others = "--xent-impl, --xent-level and --xent-require"
        raise pytest.UsageError(f"{others}: say which cases by --xent PATH")


def _plugin(config: pytest.Config) -> _Cases:
    from xent_check.casefile.declared import project_implementations
    from xent_check.errors import InvalidError, UserError, mistake_text
    from xent_check.implementations.names import declaring, parse
    from xent_check.problem.vocabulary import LEVELS

    level = next((word for word in LEVELS if word == (config.option.xent_level or "quick")), None)
    if level is None:
        allowed = ", ".join(LEVELS)
        raise pytest.UsageError(f"--xent-level: {config.option.xent_level!r}; allowed: {allowed}")
    known = ExitStack()
    config.add_cleanup(known.close)
    try:
        known.enter_context(declaring(project_implementations(Path.cwd())))
    except UserError as error:
        raise pytest.UsageError(str(error)) from None
    chosen: dict[str, list[Implementation]] = {}
    for option in ("xent_impl", "xent_require"):
        try:
            names = dict.fromkeys(getattr(config.option, option))
            chosen[option] = [parse(name) for name in names]
        except InvalidError as error:
            text = mistake_text(error.mistakes[0], f"--{option.replace('_', '-')}")
            raise pytest.UsageError(text) from None
    try:
        files = _files(config.option.xent)
    except UserError as error:
        raise pytest.UsageError(f"--xent: {error}") from None
    return _Cases(config, files, level, chosen["xent_impl"], chosen["xent_require"])


@dataclass
class _Asked:
    """A case file, and which cases of it."""

    path: Path  # of the file, resolved
    shown: str  # as reports name it
    names: set[str]  # of its cases; empty for all
    exact: bool  # whether the file itself was named, which must then have the cases
    named: set[str]  # the cases that are named, also beside all of them


def _files(paths: Sequence[str]) -> list[_Asked]:
    """The case files that the paths name, each once; UserError where one names none."""
    from xent_check.casefile.paths import case_files, require_existing, split_path

    asked: dict[Path, _Asked] = {}
    for text in require_existing(paths):
        path, name = split_path(text)
        for file in case_files(path):
            names = {name} if name else set[str]()
            exact = file.path == Path(path)
            entry = _Asked(file.path.resolve(), file.shown, names, exact, {*names})
            known = asked.setdefault(entry.path, entry)
            known.named |= names
            known.names = known.names | names if known.names and names else set()
            known.exact |= entry.exact
    return list(asked.values())


class _Cases:
    """The hooks of a session that runs cases."""

    def __init__(
        self,
        config: pytest.Config,
        files: Sequence[_Asked],
        level: Level,
        chosen: Sequence[Implementation],
        required: Sequence[Implementation],
    ) -> None:
        self.files = files
        self.level = level
        self.chosen = chosen
        self.required = {implementation.name for implementation in required}
        self.here = config.invocation_params.dir
        self.named = self._taken_from(config)
        self.answers: Answers | None = None
        self.items: list[CaseItem] = []  # of the files that are collected
        self.is_broken = False  # whether a file is wrong
        self.left_out: list[LeftOut] = []  # the cases above the level

    def _taken_from(self, config: pytest.Config) -> list[str]:
        """The arguments that name a case file or an item of one, which pytest would not find."""
        named = [text for text in config.args if self._file_of(text) is not None]
        config.args[:] = [text for text in config.args if text not in named]
        return named

    def _file_of(self, text: str) -> _Asked | None:
        """The case file of a node id."""
        path = text.partition("::")[0]
        places = (self.here / path).resolve()
        return next((f for f in self.files if path == f.shown or places == f.path), None)

    def is_named(self, asked: _Asked, name: str = "") -> bool:
        """Whether the arguments leave a file, or an item of it, in the session."""
        ours = (text.partition("::")[2] for text in self.named if self._file_of(text) is asked)
        return not self.named or any(not item or not name or item == name for item in ours)

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if isinstance(collector, pytest.Session) and report.passed:
            files = [f for f in self.files if self.is_named(f)]
            report.result.extend(CaseFile.of(collector, self, asked) for asked in files)
            report.result.append(Asked.of(collector, self))  # the last: it looks at the others
        return report

    def left_out_text(self, left_out: Sequence[LeftOut]) -> str:
        """How many cases are left out, and what takes them."""
        from xent_check.casefile.levels import left_out_text

        return left_out_text(left_out, "--xent-level ")

    def names_case(self, asked: _Asked, case: str) -> bool:
        """Whether the arguments name an item of this case of a file."""
        ours = (text.partition("::")[2] for text in self.named if self._file_of(text) is asked)
        return any(item.startswith(f"{case}[") for item in ours)

    def unmet(self) -> Iterator[str]:
        """What was asked for and gave no item, once all files are collected."""
        for text in self.named:
            asked, name = self._file_of(text), text.partition("::")[2]
            if not any(i.cases_file is asked and name in ("", i.name) for i in self.items):
                yield f"{text}: no such item; --collect-only lists those that there are"
        ran = {item.implementation for item in self.items}
        if not self.named and not ran:
            yield self.left_out_text(self.left_out) or "none of the paths gives a case"
        elif not self.named and self.required - ran:
            yield f"{', '.join(sorted(self.required - ran))}: required, and no case is run on it"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if isinstance(item, CaseItem) and report.skipped and isinstance(report.longrepr, tuple):
            report.longrepr = (str(item.path), item.posed.case.line, report.longrepr[2])
        return report

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Any:
        """A known divergence passes, and is counted apart."""
        if report.when == "call" and (MARKER, "known") in map(tuple, report.user_properties):
            return "known", "k", ("KNOWN", {"yellow": True})
        return None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """What was not compared, and what else the report of a run would say beside the items."""
        from xent_check.reporters.pytest_summary import sections

        for title, lines in sections(terminalreporter).items():
            terminalreporter.section(title)
            terminalreporter.write("".join(f"{line}\n" for line in lines))

    def result(self, item: CaseItem) -> CaseResult | None:
        """The result of an item. All items of the session are computed side by side; where it is
        shared with other processes, each when its turn comes."""
        from xent_check.running.answers import Answers

        if self.answers is None:
            ours = [i for i in item.session.items if isinstance(i, CaseItem)]
            wanted: dict[PosedCase, list[Implementation]] = {}
            for one in ours:
                wanted.setdefault(one.posed, [])
                wanted[one.posed] += [] if one.asked is None else [one.asked]
            alone = not hasattr(item.config, "workerinput")
            self.answers = Answers([*wanted.items()], _TIMEOUT, at_once=alone)
            item.config.add_cleanup(self.answers.close)
        if item.asked is None:
            return self.answers.pinned(item.posed)
        return self.answers.result(item.posed, item.asked)


class CaseFile(pytest.File):
    """A case file. Its items are its cases times their implementations."""

    cases: _Cases  # the hooks of the session
    asked: _Asked  # which of its cases

    @classmethod
    def of(cls, session: pytest.Session, cases: _Cases, asked: _Asked) -> CaseFile:
        """The file in a session; that of a shipped case is called as everywhere."""
        from xent_check.casefile.paths import CORPUS

        node_id = asked.shown if asked.shown.startswith(CORPUS) else None
        file: CaseFile = cls.from_parent(session, path=asked.path, nodeid=node_id)
        file.cases, file.asked = cases, asked
        return file

    def collect(self) -> Iterator[pytest.Item]:
        """The items that the arguments leave in the session, and one that is skipped for the cases
        above the level; CollectError with every mistake of the file."""
        from xent_check.casefile.loading import Filter, load_all
        from xent_check.errors import UserError
        from xent_check.problem.expectation import REFERENCE
        from xent_check.running.jobs import implementations_of

        shown, names = self.asked.shown, self.asked.names
        texts = [f"{shown}::{name}" for name in sorted(names)] if self.asked.exact else []
        try:
            loaded = load_all(
                texts or [shown],
                Filter(level=self.cases.level),
                is_named=lambda case: (
                    case.name in self.asked.named or self.cases.names_case(self.asked, case.name)
                ),
            )
        except UserError as error:
            self.cases.is_broken = True
            raise self.CollectError(str(error)) from None
        for posed in loaded.posed_cases:
            if names and posed.case.name not in names:
                continue
            pinned = [None] * bool(posed.expectations.get(REFERENCE))
            for asked in (*pinned, *implementations_of(posed, self.cases.chosen)):
                implementation = REFERENCE if asked is None else asked.name
                name = f"{posed.case.name}[{implementation}]"
                if self.cases.is_named(self.asked, name):
                    self.cases.items.append(CaseItem.of(self, name, posed, asked))
                    yield self.cases.items[-1]
        if loaded.left_out and not names:
            self.cases.left_out += loaded.left_out
            if self.cases.is_named(self.asked, LeftOutItem.NAME):
                reason = self.cases.left_out_text(loaded.left_out)
                yield LeftOutItem.of(self, reason)


class LeftOutItem(pytest.Item):
    """What stands for the cases of a file that are above the level: skipped, with how many."""

    NAME = "left out"
    reason: str  # how many, and what takes them

    @classmethod
    def of(cls, file: CaseFile, reason: str) -> LeftOutItem:
        """The item of a file."""
        item: LeftOutItem = cls.from_parent(file, name=cls.NAME)
        item.reason = reason
        item.add_marker(MARKER)
        return item

    def runtest(self) -> None:
        """Skipped."""
        pytest.skip(self.reason)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, and what it is about."""
        return self.path, 0, self.nodeid


class Asked(pytest.Collector):
    """No items: an error where something that was asked for gave none, which is no success."""

    cases: _Cases  # the hooks of the session

    @classmethod
    def of(cls, session: pytest.Session, cases: _Cases) -> Asked:
        """The collector of a session, named by its paths."""
        name = f"--xent {' '.join(session.config.option.xent)}"
        asked: Asked = cls.from_parent(session, name=name, nodeid=name)
        asked.cases = cases
        return asked

    def collect(self) -> list[CaseItem]:
        """Nothing; CollectError with all that is unmet, unless a file is wrong, which says more."""
        unmet = [] if self.cases.is_broken else list(self.cases.unmet())
        if unmet:
            raise self.CollectError("\n".join(unmet))
        return []


class CaseItem(pytest.Item):
    """A case on an implementation."""

    posed: PosedCase  # the case and its problem
    asked: Implementation | None  # None for the reference's own row, where the case states it
    implementation: str  # its name
    cases: _Cases  # the hooks of the session
    cases_file: _Asked  # the file of the case

    @classmethod
    def of(
        cls, file: CaseFile, name: str, posed: PosedCase, asked: Implementation | None
    ) -> CaseItem:
        """The item of a case in a file, with the marker, and with the case's tags as keywords."""
        # with an id: of a name pytest takes what stands in brackets for parameters
        item: CaseItem = cls.from_parent(file, name=name, nodeid=f"{file.nodeid}::{name}")
        item.posed, item.asked = posed, asked
        item.cases, item.cases_file = file.cases, file.asked
        item.implementation = "reference" if asked is None else asked.name
        item.add_marker(MARKER)
        item.extra_keyword_matches.update(posed.case.fields.tags)
        return item

    def runtest(self) -> None:
        """Fails in the report's words; skips what was not compared, with the reason."""
        from xent_check.errors import UserError
        from xent_check.reporters.pytest_summary import NOTE, REASON
        from xent_check.reporters.sentences import details, sentence

        try:
            result = self.cases.result(self)
        except UserError as error:
            pytest.fail(str(error), pytrace=False)
        assert result is not None  # the reference has an item only where the case pins it
        self.user_properties.append((MARKER, result.status))
        noted = (*result.notes, *filter(None, [result.vacuous]))
        self.user_properties += [(NOTE, note) for note in noted]
        text = sentence(result)
        required = self.implementation in self.cases.required
        if result.status in ("diverges", "failed") or (result.status == "missing" and required):
            everything = self.config.get_verbosity() > 1
            pytest.fail("\n".join(filter(None, [text, details(result, everything)])), pytrace=False)
        if result.status in ("unsupported", "missing"):
            pytest.skip(f"{result.status}: {result.reason}")
        if result.status == "known":
            self.user_properties.append((REASON, result.reason))

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, the line from 0 where the case begins, and the title of a failure."""
        title = f"{self.posed.case.id} [{self.implementation}]"
        return self.path, self.posed.case.line - 1, title
