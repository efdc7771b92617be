"""Which functions of the package each test runs, and how long it takes: a pytest plugin.

Loaded with `-p tests.mutation.reach` before the package is; commands that a test starts are
followed into their processes. Writes one JSON file, named by XENT_CHECK_REACH.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

from tests.mutation.mutants import digest, functions_by_line
from tests.support.sources import module_of

TEST = "XENT_CHECK_REACH_TEST"
FOLLOW = """\
import os, sys
if os.environ.get("COVERAGE_PROCESS_START") and "xent" in " ".join(sys.orig_argv[1:4]):
    import coverage
    coverage.process_startup()
"""
SETTINGS = """\
[run]
parallel = true
data_file = {folder}/commands
context = ${{{test}}}
include = {package}/*.py
patch = _exit
sigterm = true
"""


class Reach:
    """The recording of one session."""

    def __init__(self, target: Path) -> None:
        self.target, self.package = target, Path("xent_check").resolve()
        self.folder = target.with_suffix(".commands")
        self.folder.mkdir()
        settings = self.folder / "settings"
        settings.write_text(SETTINGS.format(folder=self.folder, package=self.package, test=TEST))
        Path("sitecustomize.py").write_text(FOLLOW, encoding="utf-8")
        self.seconds: dict[str, float] = {}
        self.passed: dict[str, bool] = defaultdict(lambda: True)
        self.coverage = coverage.Coverage(data_file=None, include=[f"{self.package}/*.py"])
        self.coverage.start()
        os.environ |= {TEST: "", "COVERAGE_PROCESS_START": str(settings)}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.coverage.switch_context(item.nodeid)
        os.environ[TEST] = item.nodeid
        before = os.times()
        try:
            return (yield)
        finally:
            # of the processor, its commands' too: the same on a busy machine
            self.seconds[item.nodeid] = sum(os.times()[:4]) - sum(before[:4])
            self.coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.passed[report.nodeid] &= report.passed

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        lines: dict[str, dict[str, set[int]]] = {test: {} for test in self.seconds}
        sources: dict[str, str] = {}
        for data in [self.coverage.get_data(), *map(_read, self.folder.glob("commands.*"))]:
            for file in map(Path, data.measured_files()):
                module = module_of(self.package, file)
                sources.setdefault(module, file.read_text(encoding="utf-8"))
                for line, tests in data.contexts_by_lineno(str(file)).items():
                    for test in set(tests) & set(lines):
                        lines[test].setdefault(module, set()).add(line)
        functions = {module: functions_by_line(source) for module, source in sources.items()}
        told = {
            test: {
                "seconds": round(self.seconds[test], 4),
                "functions": sorted({
                    f"{module}:{functions[module][line]}"
                    for module, numbers in reached.items()
                    for line in numbers & functions[module].keys()
                }),
                "lines": {module: sorted(numbers) for module, numbers in reached.items()},
                "sources": {module: digest(sources[module]) for module in reached},
            }
            for test, reached in lines.items()
            if self.passed[test]
        }  # fmt: skip
        self.target.write_text(json.dumps(told), encoding="utf-8")


def _read(file: Path) -> coverage.CoverageData:
    data = coverage.CoverageData(str(file))
    data.read()
    return data


if target := os.environ.get("XENT_CHECK_REACH"):  # before the package is imported
    _RECORDING = Reach(Path(target))

    def pytest_configure(config: pytest.Config) -> None:
        config.pluginmanager.register(_RECORDING)
