"""`run --watch` on the real command: what a save touches runs again, in the same processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.fake import until
from xent_check.casefile.levels import LeftOut
from xent_check.casefile.loading import Filter, load
from xent_check.casefile.paths import corpus
from xent_check.running.settings import Settings
from xent_check.running.watching import KnownCases, fingerprint, watched_folders

pytestmark = pytest.mark.long

CASES = """\
defaults: {loss: sparse_categorical, logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]]}
cases:
  - {name: first, labels: [0, 1]}
  - {name: second, labels: [1, 1]}
"""
MINE = """\
import os
import numpy as np

with open("processes", "a") as out:
    print(os.getpid(), file=out)

def loss(logits, labels):
    x = logits - logits.max(-1, keepdims=True)
    return FACTOR * (np.log(np.exp(x).sum(-1)) - x[np.arange(len(labels)), labels])
"""


class Watch:
    """A watched run: what it writes, line by line as it comes."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.out, self.err = folder / "out.txt", folder / "err.txt"
        command = [sys.executable, "-m", "xent_check", "run", "--watch", *arguments]
        with self.out.open("w") as out, self.err.open("w") as err:
            self.process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err)

    @property
    def told(self) -> list[str]:
        """What was said after each run."""
        lines = self.err.read_text().splitlines()
        return [line.removeprefix("watching; ") for line in lines if line.startswith("watching; ")]

    def runs(self, count: int) -> list[dict[str, Any]]:
        """The first so many reports, once they are there."""
        assert until(lambda: len(self.told) >= count), self.err.read_text()
        decoder, text, found = json.JSONDecoder(), self.out.read_text(), []
        while text.strip():
            document, end = decoder.raw_decode(text.lstrip())
            found.append(document)
            text = text.lstrip()[end:]
        return found

    def close(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "c.yaml").write_text(CASES)
    (tmp_path / "mine.py").write_text(MINE.replace("FACTOR", "1"))
    return tmp_path


@pytest.fixture
def watch(folder: Path) -> Iterator[Watch]:
    watch = Watch(folder, "c.yaml", "-i", "stable", "-i", "mine.py:loss", "--report", "json")
    yield watch
    watch.close()


def ran(report: dict[str, Any]) -> dict[tuple[str, str], str]:
    """The status by case and implementation."""
    names = [(r["case"].removeprefix("c.yaml::"), r["implementation"]) for r in report["results"]]
    return dict(zip(names, (r["status"] for r in report["results"]), strict=True))


BOTH = ("stable", "mine.py:loss")
ALL = {(case, name): "agrees" for case in ("first", "second") for name in BOTH}


def test_a_saved_case_runs_again_and_no_other(watch: Watch, folder: Path) -> None:
    assert ran(watch.runs(1)[0]) == ALL
    (folder / "c.yaml").write_text(
        CASES.replace("second, labels: [1, 1]", "second, labels: [2, 1]")
    )
    _, again = watch.runs(2)
    assert ran(again) == {("second", name): "agrees" for name in BOTH}
    assert watch.told[1] == "agrees: 2 cases, 4 answers; 4 agree"
    processes = (folder / "processes").read_text().split()
    assert len(processes) == 1  # the same process answered both times


def test_a_saved_function_is_loaded_anew(watch: Watch, folder: Path) -> None:
    watch.runs(1)
    (folder / "mine.py").write_text(MINE.replace("FACTOR", "2"))
    _, again = watch.runs(2)
    diverges = {key: "diverges" if key[1] == "mine.py:loss" else "agrees" for key in ALL}
    assert ran(again) == diverges
    assert watch.told[1] == "diverges: 2 of 2 cases diverge (2 of 4 answers); 2 agree"


def test_a_mistake_is_said_and_the_next_save_waited_for(watch: Watch, folder: Path) -> None:
    watch.runs(1)
    (folder / "c.yaml").write_text(CASES.replace("labels: [1, 1]", "lables: [1, 1]"))
    assert until(lambda: "did you mean 'labels'" in watch.err.read_text())
    (folder / "c.yaml").write_text(CASES + "  - {name: third, labels: [0, 0]}\n")
    _, again = watch.runs(2)
    assert ran(again) == {("third", name): "agrees" for name in BOTH}
    assert watch.told[1] == "agrees: 3 cases, 6 answers; 6 agree"


def test_a_save_that_changes_nothing_runs_nothing(watch: Watch, folder: Path) -> None:
    watch.runs(1)
    (folder / "c.yaml").write_text("# a comment\n" + CASES)
    assert len(watch.runs(2)) == 1
    assert watch.told[1] == "no case changed"


def test_a_file_gets_all_that_is_known(folder: Path) -> None:
    watch = Watch(folder, "c.yaml", "-i", "stable", "--report", "json=all.json")
    try:
        assert until(lambda: len(watch.told) == 1)
        (folder / "c.yaml").write_text(CASES.replace("[1, 1]", "[2, 1]"))
        assert until(lambda: len(watch.told) == 2)
        assert len(json.loads((folder / "all.json").read_text())["results"]) == 2
    finally:
        assert watch.close() == 143


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
def test_control_c_ends_it_and_its_processes(folder: Path) -> None:
    watch = Watch(folder, "c.yaml", "-i", "mine.py:loss", "--report", "json")
    watch.runs(1)
    [process] = (folder / "processes").read_text().split()
    watch.process.send_signal(signal.SIGINT)
    assert watch.process.wait(60) == 130
    assert until(lambda: not Path(f"/proc/{process}").exists() or not _alive(int(process)))


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_shards_are_not_watched(folder: Path) -> None:
    watch = Watch(folder, "c.yaml", "--shard", "1/2")
    assert watch.process.wait(60) == 2


# ---- which cases a save touches -----------------------------------------------------------------


def names(posed_cases: Any) -> list[str]:
    return [posed.case.name for posed in posed_cases]


def test_a_changed_array_is_another_case(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((2, 3), np.float32))
    file = tmp_path / "c.yaml"
    file.write_text(CASES + "  - {name: third, logits: {file: x.npy}, labels: [0, 0]}\n")
    watched = KnownCases(Settings((str(tmp_path),)))
    assert names(watched.read()) == ["first", "second", "third"]
    assert names(watched.read()) == []
    np.save(tmp_path / "x.npy", np.ones((2, 3), np.float32))
    assert names(watched.after({tmp_path / "x.npy"})) == ["third"]
    assert names(watched.after({file})) == []


def test_files_come_and_go(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(CASES)
    watched = KnownCases(Settings((str(tmp_path),), case_filter=Filter(texts=("first",))))
    assert names(watched.read()) == ["first"]
    (tmp_path / "b.yaml").write_text(CASES)
    assert names(watched.after({tmp_path / "b.yaml"})) == ["first"]
    assert len(watched.posed_cases) == 2
    (tmp_path / "a.yaml").unlink()
    assert names(watched.after({tmp_path / "a.yaml"})) == []
    assert [s.case.shown for s in watched.posed_cases] == [str(tmp_path / "b.yaml")]


def test_what_is_above_the_level_is_counted_as_its_files_change(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(CASES)
    (tmp_path / "b.yaml").write_text("{loss: binary, level: full, logits: [0], labels: [0]}")
    watched = KnownCases(Settings((str(tmp_path),)))
    left_out = [LeftOut(f"{tmp_path}/b.yaml::b", "full")]
    for _ in range(2):
        watched.read()
        assert [*watched.left_out] == left_out
    file.write_text(CASES.replace("name: first", "name: first, level: huge"))
    watched.after({file})
    assert [*watched.left_out] == [*left_out, LeftOut(f"{file}::first", "huge")]
    (tmp_path / "b.yaml").unlink()
    watched.after({tmp_path / "b.yaml"})
    assert [*watched.left_out] == [LeftOut(f"{file}::first", "huge")]


def test_a_pattern_takes_what_comes_later_and_a_name_that_case_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("cases/deep", "other"):
        (tmp_path / folder).mkdir(parents=True)
    file, late = tmp_path / "other" / "a.yaml", tmp_path / "cases" / "deep" / "b.yaml"
    file.write_text(CASES)
    (tmp_path / "cases" / "c.yaml").write_text(CASES.replace("second", "more"))
    settings = Settings(("cases/**/*.yaml", "other/a.yaml::second", "corpus:forum/binary.yaml"))
    assert watched_folders(settings, ()) == sorted(
        [tmp_path / "cases", tmp_path / "other", corpus() / "forum"]
    )
    watched = KnownCases(settings)
    assert names(watched.read()) == ["first", "more", "second", "binary-by-hand"]
    file.write_text(CASES.replace("labels", "tolerance: 1, labels"))
    assert names(watched.after({file})) == ["second"]
    late.write_text(CASES)
    assert names(watched.after({late})) == ["first", "second"]
    assert len(watched.posed_cases) == 6


def test_any_difference_of_a_case_counts(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"

    def read(text: str) -> str:
        file.write_text(text)
        return fingerprint(load([str(file)], Filter())[0])

    before = read(CASES)
    assert read("\n" + CASES) == before
    for change in ("tolerance: 1.0e-3, ", "reduction: mean, ", "dtype: float64, ", "tags: [a], "):
        assert read(CASES.replace("{loss", "{" + change + "loss")) != before
