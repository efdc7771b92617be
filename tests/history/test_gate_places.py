"""The baseline as a file among others: any working directory, two writers, links, no file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import xent_check
from tests.support.gated import CASES, NAME, NOTHING, ONE_BIT, Place
from xent_check.casefile.project import project_of

pytestmark = pytest.mark.long


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    (tmp_path / "cases").mkdir()
    (tmp_path / "sub").mkdir()
    (tmp_path / "cases" / "c.yaml").write_text(CASES)
    made.plant(NOTHING)
    return made


ACCEPT = ("accept", "cases", "-i", NAME, "--baseline", "base.json")
RUN = ("run", "cases", "-i", NAME, "--baseline", "base.json")


@pytest.mark.parametrize("mark", ["", "pyproject.toml", ".git"])
def test_the_working_directory_does_not_matter(place: Place, mark: str) -> None:
    if mark:
        (place.folder / mark).touch()
    assert place.command(*ACCEPT).code == 0
    text = place.baseline
    assert '"cases/c.yaml::first"' in text
    sub = place.folder / "sub"
    there = ("../cases", "-i", f"../{NAME}", "--baseline", "../base.json")
    done = xent_check(sub, "run", *there, "--report", "json")
    assert (done.code, done.json["baseline"]["same"]) == (0, 2)
    assert xent_check(sub, "accept", *there, "--prune").code == 0
    assert place.baseline == text
    cases = place.folder / "cases" / "c.yaml"
    cases.write_text(CASES.replace("name: second", "name: third"))
    done = xent_check(sub, "run", *there, "--report", "json")
    kinds = {c["case"]: c["kind"] for c in done.json["baseline"]["changes"]}
    assert kinds == {"../cases/c.yaml::third": "added", "cases/c.yaml::second": "removed"}
    assert done.json["summary"]["gone_cases"] == 1
    assert done.json["summary"]["gone_implementations"] == []


def test_a_path_is_relative_to_the_project_of_the_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "pyproject.toml").touch()
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path / "b")
    inside = project_of(tmp_path / "a" / "deep" / "base.json")
    assert inside.root == tmp_path / "a"
    assert inside.path("../a/deep/c.yaml") == "deep/c.yaml"
    assert inside.path("c.yaml") == "../b/c.yaml"
    answers = [("c.yaml::x", "jax"), ("c.yaml::y", "../a/f.py:loss")]
    named = [("../b/c.yaml::x", "jax"), ("../b/c.yaml::y", "f.py:loss")]
    assert inside.keys(answers) == dict(zip(answers, named, strict=True))
    assert inside.implementation("jax=../a/f.py:loss@cuda[old]") == "jax=f.py:loss@cuda[old]"
    assert inside.implementation("pkg.losses:loss") == "pkg.losses:loss"
    assert project_of(tmp_path / "b" / "base.json").root == tmp_path / "b"
    monkeypatch.chdir(tmp_path / "a" / "deep")  # a baseline that lies outside any project
    assert project_of(tmp_path / "b" / "base.json").root == tmp_path / "a"


@pytest.mark.parametrize("why", ["folder", "function", "empty"])
def test_a_baseline_that_matches_nothing_is_no_success(place: Place, why: str) -> None:
    assert place.command(*ACCEPT).code == 0
    run = list(RUN)
    if why == "folder":
        (place.folder / "cases").rename(place.folder / "moved")
        run[1] = "moved"
    elif why == "function":
        (place.folder / "mine.py").rename(place.folder / "ours.py")
        run[3] = "ours.py:loss"
    else:
        empty = {"schema": 1, "implementations": {}, "cases": {}}
        (place.folder / "base.json").write_text(json.dumps(empty))
    done = place.command(*run)
    out = " ".join(done.out.split())
    assert done.code == 3
    assert "nothing compared: 2 cases, 2 answers; 2 agree in" in out
    assert "; no answer was compared with base.json" in out
    if why != "empty":
        assert (
            "base.json: it has answers such as mine.py:loss on cases/c.yaml::first, the run has"
            in out
        )
        assert "paths in base.json are relative to the folder ." in out
    for form in ("markdown", "github", "html", "sarif"):
        assert "no answer was compared with base.json" in place.command(*run, "--report", form).out


@pytest.mark.long
def test_what_is_gone_is_on_the_summary_line_of_every_format(place: Place) -> None:
    stable = ("-i", "stable")
    assert place.command(*ACCEPT, *stable).code == 0
    cases = place.folder / "cases" / "c.yaml"
    cases.write_text(
        CASES.replace("  - {name: second, labels: [1, 1, 1]}\n", "").replace(
            "cases:", f'  implementations: ["{NAME}"]\ncases:'
        )
    )
    run = ("run", "cases", "--baseline", "base.json")
    done = place.command(*run)
    words = "gone since the baseline: 1 case and stable"
    assert done.code == 0
    outcome = " ".join(done.out.splitlines()[-2:])
    assert "agrees: 1 case, 1 answer; 1 agrees in" in outcome
    assert outcome.endswith(f"; {words}")
    for form in ("markdown", "github", "html", "sarif"):
        assert words in place.command(*run, "--report", form).out
    summary = place.command(*run, "--report", "json").json["summary"]
    assert (summary["gone_cases"], summary["gone_implementations"]) == (1, ["stable"])
    some = place.command(*run, "-k", "first").out
    assert "baseline base.json: 1 the same bits, 3 not run" in " ".join(some.split())


# ---- writing ------------------------------------------------------------------------------------

SLOW = """\
import sys, time
import xent_check.history.baseline_file as baseline

loaded, read = baseline.load_baseline, []

def late(file):
    read.append(file)
    found = loaded(file)
    if len(read) == 2:  # before it runs, and before it writes
        time.sleep(0.7)
    return found

baseline.load_baseline = late
from xent_check.cli import main
main()
"""


@pytest.mark.long
def test_two_that_accept_at_once_lose_nothing(place: Place) -> None:
    assert place.command(*ACCEPT, "-k", "nothing").code != 0
    for name in ("first", "second", "third", "fourth"):
        (place.folder / "cases" / "c.yaml").write_text(
            CASES.replace("name: first", f"name: {name}x")
        )
        done = place.command("run", *RUN[1:4], "-k", f"{name}x", "--report", f"json={name}.json")
        assert done.code == 0
    accept = ("accept", "--baseline", "base.json", "--results")
    assert place.command(*accept, "first.json").code == 0
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SLOW, *accept, f"{name}.json"],
            cwd=place.folder, stderr=subprocess.PIPE,
        )
        for name in ("second", "third", "fourth")
    ]  # fmt: skip
    for process in running:
        _, said = process.communicate(timeout=100)
        assert process.returncode == 0, said
    kept = {case.rpartition("::")[2] for case in json.loads(place.baseline)["cases"]}
    assert kept == {"firstx", "secondx", "thirdx", "fourthx"}


def test_who_may_read_the_file_and_where_it_is_stay_as_they_were(place: Place) -> None:
    real = place.folder / "sub" / "real.json"
    assert place.command(*ACCEPT).code == 0
    (place.folder / "base.json").rename(real)
    real.chmod(0o640)
    (place.folder / "base.json").symlink_to("sub/real.json")
    place.plant(ONE_BIT)
    before = real.read_text()
    assert place.command(*ACCEPT).code == 0
    assert real.read_text() != before
    assert (real.stat().st_mode & 0o777, (place.folder / "base.json").is_symlink()) == (0o640, True)
    assert sorted(path.name for path in (place.folder / "sub").iterdir()) == ["real.json"]


@pytest.mark.parametrize("what", ["folder", "loop", "utf-16", "below a file"])
def test_what_is_no_file_of_ours_is_said(place: Place, what: str) -> None:
    file = place.folder / "base.json"
    words = {
        "folder": "Is a directory",
        "loop": "Too many levels of symbolic links",
        "utf-16": "is not UTF-8; save it as UTF-8",
        "below a file": "",
    }[what]
    named = "base.json"
    if what == "folder":
        file.mkdir()
    elif what == "loop":
        file.symlink_to("base.json")
    elif what == "utf-16":
        assert place.command(*ACCEPT).code == 0
        file.write_bytes(file.read_text().encode("utf-16"))
    else:
        named = "mine.py/base.json"
    for command in (ACCEPT, RUN):
        done = place.command(*command[:-1], named)
        assert (done.code, named in done.err, words in done.err) == (2, True, True), done.err
    assert os.path.islink(file) == (what == "loop")


def test_a_lock_that_cannot_be_had_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XENT_CHECK_CACHE", str(place.folder / "mine.py"))
    done = place.command(*ACCEPT)
    assert done.code == 2
    assert "base.json: no lock in" in done.err
    assert "set XENT_CHECK_CACHE to another folder" in done.err
    assert not (place.folder / "base.json").exists()


# ---- the inputs ---------------------------------------------------------------------------------


def test_an_edited_label_fails_and_edited_words_do_not(place: Place) -> None:
    assert place.command(*ACCEPT).code == 0
    cases = place.folder / "cases" / "c.yaml"
    words = CASES.replace("name: first,", "name: first, description: other words, tolerance: 1e-3,")
    cases.write_text(words)
    assert place.command(*RUN).code == 0
    cases.write_text(words.replace("labels: [0, 1, 1]", "labels: [0, 0, 1]"))
    done = place.command(*RUN)
    out = " ".join(done.out.split())
    assert done.code == 1
    assert "1 the same bits, 1 changed inputs; 1 fail (--fail-on new,behaviour,inputs)" in out
    assert f"{NAME} on cases/c.yaml::first: its inputs differ from the recorded ones" in out
    assert place.command(*RUN, "--fail-on", "new,behaviour").code == 0
    assert place.command(*ACCEPT, "-k", "first").code == 0
    assert place.command(*RUN).code == 0


def test_a_saved_run_knows_its_inputs(place: Place) -> None:
    save = ("run", "cases", "-i", NAME, "--report")
    assert place.command(*save, "json=a.json").code == 0
    assert place.command("accept", "--results", "a.json", "--baseline", "base.json").code == 0
    cases = place.folder / "cases" / "c.yaml"
    cases.write_text(CASES.replace("labels: [0, 1, 1]", "labels: [0, 0, 1]"))
    assert place.command(*save, "json=b.json").code == 0
    for command in (
        ("judge", "b.json", "--baseline", "base.json"),
        ("compare", "a.json", "b.json"),
    ):
        done = place.command(*command)
        assert (done.code, "changed inputs" in done.out) == (1, True)
    assert place.command("judge", "a.json", "--baseline", "base.json").code == 0
