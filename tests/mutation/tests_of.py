"""Which tests can notice a mutant: those that run its line, by what was recorded of them."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from tests.mutation.mutants import Mutant, digest
from tests.support.sources import module_of

CACHE = Path(platformdirs.user_cache_dir("xent-check"), "mutation")
# These read sources, draw in a browser, plant bugs themselves, start workers or need frameworks.
LEFT_OUT = {
    f"test_{name}.py"
    for name in (
        "architecture", "browser", "ci_files", "command_ends", "completion", "corpus_sources",
        "user_function", "html", "interpreters", "killed_accept", "made_up_option",
        "planted_bugs", "pool", "repro",
        "threads", "watching", "worker",
    )
}  # fmt: skip


@dataclass(frozen=True)
class Tests:
    """What was recorded of each test: its seconds, and what of the package it runs."""

    recorded: Mapping[str, Mapping[str, Any]]
    importers: Mapping[str, Sequence[str]]  # the modules that import a module

    @classmethod
    def known(cls, copy: Path, record: bool) -> Tests:
        """From the cache, and recorded where a test file is not in it as it is now."""
        files = [
            file
            for file in sorted((copy / "tests").rglob("test_*.py"))
            if file.name not in LEFT_OUT and file.parent.name != "frameworks"
        ]
        digests = {f: _digest(f.relative_to(copy), f.read_bytes()) for f in files}
        kept = {f: CACHE / f"{f.stem}-{digest}.json" for f, digest in digests.items()}
        if record:
            _record([f for f in files if not kept[f].exists()], kept)
        recorded: dict[str, Any] = {}
        for file in files:
            if kept[file].exists():
                recorded |= json.loads(kept[file].read_text(encoding="utf-8"))
        importers: dict[str, list[str]] = {}
        package = copy / "xent_check"
        for file in package.rglob("*.py"):
            for name in re.findall(r"^from [\w.]*\.(\w+) import", file.read_text("utf-8"), re.M):
                importers.setdefault(name, []).append(module_of(package, file))
        return cls(recorded, importers)

    def of(self, mutant: Mutant, source: str, limit: float) -> dict[str, float]:
        """Those that run its line, fastest first, then the others of their files, which may read
        what those left in a cache; as many as take `limit` seconds together."""
        first = set(self._running(mutant, digest(source)))
        files = {_file(test) for test in first}
        seconds = {t: what["seconds"] for t, what in self.recorded.items() if _file(t) in files}
        taken: dict[str, float] = {}
        for test in sorted(seconds, key=lambda t: (t not in first, seconds[t], t)):
            if not taken or sum(taken.values()) + seconds[test] <= limit:
                taken[test] = seconds[test]
        return taken

    def _running(self, mutant: Mutant, now: str) -> list[str]:
        """The tests that run the mutant's line; its function, where the source was another then;
        its module, for what runs at import; one that imports it, where no function of it runs."""
        place = f"{mutant.module}:{mutant.function}"
        lines = set(range(mutant.statement, mutant.line + 1))
        found = [
            test
            for test, what in self.recorded.items()
            if place in what["functions"]
            and (
                what.get("sources", {}).get(mutant.module) != now
                or lines.intersection(what["lines"][mutant.module])
            )
        ]
        for module in (mutant.module, *self.importers.get(mutant.module, ())):
            found = found or [
                test
                for test, what in self.recorded.items()
                if any(function.startswith(f"{module}:") for function in what["functions"])
            ]
        return found


def _digest(file: Path, content: bytes) -> str:
    return hashlib.sha256(file.as_posix().encode() + content).hexdigest()[:16]


def _file(test: str) -> str:
    return test.partition("::")[0]


def _record(files: Sequence[Path], kept: Mapping[Path, Path]) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    for number, file in enumerate(files, 1):
        print(f"what {file.name} reaches, {number} of {len(files)}", file=sys.stderr, flush=True)
        target = Path(f"{file.stem}.json").resolve()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.mutation.reach"]
        subprocess.run(
            [*command, "-p", "no:cacheprovider", str(file.relative_to(Path.cwd()))],
            env={**os.environ, "XENT_CHECK_REACH": str(target)},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        shutil.copy(target, kept[file].with_suffix(".new"))
        kept[file].with_suffix(".new").replace(kept[file])
