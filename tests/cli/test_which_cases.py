"""Which cases a command takes, and what they are called: paths, patterns, the package's own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import Done, xent_check
from xent_check.casefile.loading import Filter, load
from xent_check.casefile.paths import case_files, corpus
from xent_check.casefile.project import Project
from xent_check.errors import UserError
from xent_check.results.report import Scope

CASE = "{name: NAME, loss: binary, logits: [0.5], labels: [1]}\n"
SHIPPED = "corpus:forum/binary.yaml::binary-by-hand"
ONE = ("-i", "manual")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder outside of any repository, with a cache of its own."""
    made = tmp_path / "project"
    made.mkdir()
    monkeypatch.setenv("XENT_CHECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(made)
    return made


def write(file: str, *names: str) -> None:
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text("cases:\n" + "".join(f"- {CASE.replace('NAME', n)}" for n in names))


def run(folder: Path, *arguments: str) -> tuple[int, list[str]]:
    """The exit code, and the ids of the cases that ran."""
    done = xent_check(folder, "run", *arguments, *ONE, "--report", "json")
    return done.code, _ids(done) if done.out else [done.err]


def _ids(done: Done) -> list[str]:
    results: list[dict[str, Any]] = done.json["results"]
    return list(dict.fromkeys(r["case"] for r in results if r["implementation"] != "reference"))


# ---- without a path -----------------------------------------------------------------------------


def test_without_a_path_the_folder_cases_is_checked(folder: Path) -> None:
    write("cases/mine.yaml", "a")
    write("other.yaml", "b")
    assert run(folder) == (0, ["cases/mine.yaml::a"])


def test_the_configured_paths_come_before_the_folder_cases(folder: Path) -> None:
    write("cases/mine.yaml", "a")
    write("other.yaml", "b")
    Path("pyproject.toml").write_text(
        '[tool.xent-check]\npaths = ["o*.yaml", "corpus:forum/binary.yaml"]\n'
    )
    assert run(folder) == (0, ["other.yaml::b", SHIPPED])
    (folder / "sub").mkdir()
    assert run(folder / "sub") == (0, ["../other.yaml::b", SHIPPED])


@pytest.mark.parametrize("there", ["nothing", "a file"])
@pytest.mark.parametrize("command", ["run", "accept"])
def test_without_the_folder_it_says_what_to_type(folder: Path, command: str, there: str) -> None:
    if there == "a file":
        Path("cases").touch()
    done = xent_check(folder, command, *(["--baseline", "b.json"] if command == "accept" else []))
    assert (done.code, done.out) == (2, "")
    for typed in (f"xent-check {command} PATH", f"xent-check {command} corpus:", "xent-check init"):
        assert f"\n  {typed}  " in done.err


def test_the_folder_above_is_offered_within_the_repository(folder: Path) -> None:
    write("cases/mine.yaml", "a")
    (folder / "deep" / "er").mkdir(parents=True)
    done = xent_check(folder / "deep" / "er", "run", *ONE)
    assert done.code == 2
    assert "\n  xent-check run ../../cases  that folder above\n" in done.err
    (folder / "deep" / ".git").mkdir()
    assert "../../cases" not in xent_check(folder / "deep" / "er", "run", *ONE).err


def test_an_empty_folder_cases_is_nothing_to_compare(folder: Path) -> None:
    Path("cases").mkdir()
    done = xent_check(folder, "run", *ONE)
    assert (done.code, done.err) == (
        3,
        "cases: no case files (*.yaml, *.yml) in this folder\n",
    )


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("paths = ['corpus:forms']", "paths[0]: 'corpus:forms': no such cases in the package;"),
        ("paths = ['x*.yaml']", "paths[0]: 'x*.yaml': no file or folder matches; check the pat"),
    ],
)
def test_a_configured_path_that_names_nothing_is_refused(
    folder: Path, path: str, said: str
) -> None:
    Path("pyproject.toml").write_text(f"[tool.xent-check]\n{path}\n")
    done = xent_check(folder, "run", *ONE)
    assert done.code == 2
    assert f"pyproject.toml:2: tool.xent-check.{said}" in done.err


# ---- what ships with the package ----------------------------------------------------------------


def test_all_that_ships_is_named_alike_whatever_names_it(folder: Path) -> None:
    names = {file.relative_to(corpus()).as_posix() for file in corpus().rglob("*.yaml")}
    assert {file.shown for file in case_files("corpus:")} == {f"corpus:{name}" for name in names}
    assert len(names) > 20
    for path in ("corpus:forum/binary.yaml", "corpus:forum/b*.yaml", SHIPPED):
        assert [s.case.id for s in load([path], Filter())] == [SHIPPED]
    everything = load(["corpus:::binary-by-hand"], Filter())
    assert [s.case.id for s in everything] == [SHIPPED]


@pytest.mark.long
def test_a_shipped_case_has_one_name_in_every_report_and_every_command(folder: Path) -> None:
    Path("mine.py").write_text("def loss(logits, labels):\n    return logits * 0\n")
    done = xent_check(folder, "run", SHIPPED, "-i", "mine.py:loss", "--report", "json=a.json")
    assert done.code == 1
    for form in ("table", "junit", "markdown", "github", "html", "jsonl", "sarif"):
        name = SHIPPED.replace(":", "%3A") if form == "github" else SHIPPED
        name = name.partition("%3A%3A")[0].partition("::")[0]
        assert name in xent_check(folder, "judge", "a.json", "--report", form).out
    assert f'"{SHIPPED}"' in Path("a.json").read_text()
    assert _ids(xent_check(folder, "merge", "a.json", "--report", "json")) == [SHIPPED]
    assert f"on {SHIPPED}" in xent_check(folder, "explain", SHIPPED, *ONE).out
    assert SHIPPED in xent_check(folder, "repro", SHIPPED, "-i", "stable").out
    assert run(folder, "--last-failed") == (0, [SHIPPED])
    assert run(folder, "corpus:forum", "-k", SHIPPED) == (0, [SHIPPED])
    again = xent_check(folder, "run", SHIPPED, *ONE, "--report", "json=b.json")
    assert again.code == 0
    assert f"manual on {SHIPPED}: new" in xent_check(folder, "compare", "a.json", "b.json").out


def test_a_baseline_knows_a_shipped_case_from_any_folder(folder: Path) -> None:
    Path("pyproject.toml").touch()
    (folder / "deep").mkdir()
    assert xent_check(folder, "accept", SHIPPED, *ONE, "--baseline", "b.json").code == 0
    assert f'"{SHIPPED}"' in Path("b.json").read_text()
    gate = ("run", "corpus:forum/binary.yaml", *ONE, "--baseline", "../b.json", "--report", "json")
    done = xent_check(folder / "deep", *gate)
    assert (done.code, done.json["baseline"]["changes"]) == (0, [])


def test_shipped_and_own_cases_of_one_name_are_two(folder: Path) -> None:
    write("forum/binary.yaml", "binary-by-hand")
    code, ids = run(folder, "corpus:forum/binary.yaml", "forum")
    assert (code, ids) == (0, [SHIPPED, "forum/binary.yaml::binary-by-hand"])


def test_own_files_never_pass_for_shipped_ones(folder: Path) -> None:
    write("corpus:forum/binary.yaml", "binary-by-hand")
    own = "./corpus:forum/binary.yaml::binary-by-hand"
    assert run(folder, "corpus:forum/binary.yaml") == (0, [SHIPPED])
    assert run(folder, ".") == (0, [own])
    assert run(folder, own) == (0, [own])
    assert Project(folder).path("./corpus:forum") == "./corpus:forum"
    assert Project(folder).path(str(folder / "corpus:forum")) == "./corpus:forum"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("corpus:form", "did you mean 'corpus:forum'?"),
        ("corpus:forum/binay.yaml", "did you mean 'corpus:forum/binary.yaml'?"),
        ("corpus:conformanc", "did you mean 'corpus:conformance'?"),
        ("corpus:../cases", ""),
        ("corpus:/", ""),
        ("corpus:forum/z*", ""),
    ],
)
def test_an_unknown_shipped_name_is_refused_with_those_that_are(
    folder: Path, name: str, hint: str
) -> None:
    done = xent_check(folder, "run", name, *ONE)
    names = ("behaviour", "conformance", "forum", "found", "language_models", "options")
    allowed = f"{', '.join(f'corpus:{one}' for one in names)}, corpus: for all"
    said = f"{name}: no such cases in the package; allowed: {allowed}"
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(said)
    assert hint in done.err


def test_who_means_a_shipped_case_is_told_its_name(folder: Path) -> None:
    for typed in ("forum", "cases/forum", "./cases/forum/"):
        done = xent_check(folder, "run", typed, *ONE)
        assert done.code == 2
        assert "no such file or folder; did you mean 'corpus:forum'?" in done.err


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("cases/sparce.yaml", "cases/sparse.yaml"),
        ("cases/sparse.yml", "cases/sparse.yaml"),
        ("cases/sparse", "cases/sparse.yaml"),
        ("case", "cases"),
        ("cases/sparce.yaml::x", "cases/sparse.yaml"),
    ],
)
def test_a_misspelt_path_is_told_what_is_there(folder: Path, typed: str, meant: str) -> None:
    write("cases/sparse.yaml", "x")
    Path("cases/sparc.txt").touch()
    done = xent_check(folder, "run", typed, *ONE)
    assert done.code == 2
    assert done.err.endswith(f": no such file or folder; did you mean {meant!r}?\n")


# ---- patterns -----------------------------------------------------------------------------------


def test_a_quoted_pattern_is_what_the_shell_would_make_of_it(folder: Path) -> None:
    write("cases/a.yaml", "x", "y")
    write("cases/deep/er/b.yml", "x")
    write("cases/[c].yaml", "x")
    Path("cases/notes.txt").touch()
    all_files = ["cases/[c].yaml::x", "cases/a.yaml::x", "cases/a.yaml::y"]
    deep = "cases/deep/er/b.yml::x"
    assert run(folder, "cases/**/*.y*ml") == (0, [*all_files, deep])
    assert run(folder, "cases/*") == (0, [*all_files, deep])
    assert run(folder, "cases/*.yaml::y") == (0, ["cases/a.yaml::y"])
    assert run(folder, "cases/[c].yaml") == (0, ["cases/[c].yaml::x"])
    assert run(folder, "cases/*.yaml", "cases") == (0, [*all_files, deep])


@pytest.mark.parametrize(
    ("pattern", "code", "said"),
    [
        ("*.yml", 2, "*.yml: no file or folder matches; check the pattern\n"),
        ("*.txt", 3, "*.txt: no case files (*.yaml, *.yml) match\n"),
        ("a.y?ml::z", 2, "a.y?ml: no case 'z'; it has x\n"),
    ],
)
def test_a_pattern_without_cases(folder: Path, pattern: str, code: int, said: str) -> None:
    write("a.yaml", "x")
    Path("notes.txt").touch()
    done = xent_check(folder, "run", pattern, *ONE)
    assert (done.code, done.err) == (code, said)


def test_a_case_named_like_an_option_is_taken_by_its_name(folder: Path) -> None:
    write("cases/a.yaml", "--help", "-k")
    assert run(folder, "cases/a.yaml::--help") == (0, ["cases/a.yaml::--help"])


def test_hidden_folders_are_passed_over_unless_they_are_named(folder: Path) -> None:
    """As pytest and shells do: an environment in `.venv`, workflows in `.github`."""
    for file in ("a.yaml", ".venv/x.yaml", "deep/.hidden/b.yaml", ".hidden.yaml"):
        write(file, "x")
    assert run(folder, ".") == (0, [".hidden.yaml::x", "a.yaml::x"])
    assert run(folder, ".venv", "deep/.hidden/b.yaml") == (
        0,
        [".venv/x.yaml::x", "deep/.hidden/b.yaml::x"],
    )


def test_a_folder_that_cannot_be_read_is_no_empty_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("cases/a.yaml", "x")
    write("cases/locked/b.yaml", "x")
    real = os.scandir

    def refuse(path: str) -> Iterator[os.DirEntry[str]]:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(UserError, match="cases/locked: Permission denied"):
        load(["cases"], Filter())


# ---- what is gone from a baseline ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "case", "covered"),
    [
        ((".",), "a.yaml::x", True),
        ((".",), "../a.yaml::x", False),
        ((".",), SHIPPED, False),
        ((".",), "./corpus:a.yaml::x", True),
        (("corpus:",), SHIPPED, True),
        (("corpus:forum",), SHIPPED, True),
        (("corpus:for",), SHIPPED, False),
        (("corpus:options",), SHIPPED, False),
        (("cases",), "cases/a.yaml::x", True),
        (("cases",), "cases2/a.yaml::x", False),
    ],
)
def test_a_run_asks_for_what_is_below_its_paths(
    paths: tuple[str, ...], case: str, covered: bool
) -> None:
    assert Scope(paths, filtered=False).covers(case, "torch") == covered


def test_a_run_of_a_pattern_misses_the_cases_of_its_files(folder: Path) -> None:
    write("cases/a.yaml", "x", "y")
    accept = ("accept", "cases/*.yaml", "corpus:forum/binary.yaml", *ONE, "--baseline", "b.json")
    assert xent_check(folder, *accept).code == 0
    write("cases/a.yaml", "x")
    gate = ("run", *accept[1:], "--report", "json")
    changes = json.loads(xent_check(folder, *gate).out)["baseline"]["changes"]
    assert [(c["case"], c["kind"]) for c in changes] == [("cases/a.yaml::y", "removed")]
