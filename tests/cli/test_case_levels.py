"""Levels of cases: what is above the level of a run is left out, and said; what is named runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import xent_check
from xent_check import api
from xent_check.casefile.levels import LeftOut, left_out_text
from xent_check.casefile.loading import Filter, load_all
from xent_check.errors import NothingToCompareError
from xent_check.problem.vocabulary import Level
from xent_check.results.report import Scope

ONE = ("-i", "manual")
TEXT = """\
defaults: {loss: binary, logits: [0.5], labels: [1]}
cases:
  - name: a
  - {name: b, level: full}
  - {name: c, matrix: {level: [quick, full, huge]}}
  - {name: "no-array", level: huge, logits: {shape: [1099511627776], fill: 0}, labels: {shape: [1099511627776], fill: 0}}
"""  # noqa: E501
QUICK = ["a", "c[level=quick]"]
FULL = ["a", "b", "c[level=quick]", "c[level=full]"]
SENTENCE = "2 cases of level full left out: --level full; 2 cases of level huge left out: "
SENTENCE += "--level huge"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `cases/x.yaml`, outside of any repository, with a cache of its own."""
    made = tmp_path / "project"
    (made / "cases").mkdir(parents=True)
    (made / "cases" / "x.yaml").write_text(TEXT)
    monkeypatch.setenv("XENT_CHECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(made)
    return made


def loaded(*paths: str, level: Level = "quick", **filters: Any) -> tuple[list[str], list[str]]:
    """The names of the cases that run, and of those that are left out."""
    found = load_all(paths, Filter(level=level, **filters))
    ran = [posed.case.name for posed in found.posed_cases]
    return ran, [one.case.rpartition("::")[2] for one in found.left_out]


def test_a_level_takes_its_cases_and_those_of_the_levels_before_it(folder: Path) -> None:
    assert loaded("cases") == (QUICK, ["b", "c[level=full]", "c[level=huge]", "no-array"])
    assert loaded("cases", level="full") == (FULL, ["c[level=huge]", "no-array"])


def test_a_named_case_runs_whatever_its_level(folder: Path) -> None:
    assert loaded("cases/x.yaml::b") == (["b"], [])
    assert loaded("cases/x.yaml::b", "cases/x.yaml")[0] == ["b", *QUICK]


def test_what_other_filters_leave_out_is_not_said_of_the_level(folder: Path) -> None:
    assert loaded("cases", texts=("::c",))[1] == ["c[level=full]", "c[level=huge]"]
    assert loaded("cases", losses=("binary",), dtypes=("float32",))[0] == QUICK
    with pytest.raises(NothingToCompareError, match="none of 6 cases is selected by float16"):
        loaded("cases", dtypes=("float16",))


def test_the_summary_says_how_many_are_left_out_and_what_runs_them(folder: Path) -> None:
    done = xent_check(folder, "run", "cases", *ONE)
    assert (done.code, " ".join(done.out.split()).endswith(f" s; {SENTENCE}")) == (0, True)
    done = xent_check(folder, "run", "cases", *ONE, "--collect-only")
    assert done.out.splitlines()[-1] == f"2 cases in 1 file; {SENTENCE}"
    done = xent_check(folder, "run", "cases/x.yaml::b", *ONE)
    assert "left out" not in done.out


def test_the_json_names_what_is_left_out(folder: Path) -> None:
    done = xent_check(folder, "run", "cases", "-k", "::c", *ONE, "--report", "json")
    assert done.json["run"]["scope"]["left_out"] == [
        {"case": "cases/x.yaml::c[level=full]", "level": "full"},
        {"case": "cases/x.yaml::c[level=huge]", "level": "huge"},
    ]
    Path("run.json").write_text(done.out)
    again = xent_check(folder, "judge", "run.json")
    assert "1 case of level full left out: --level full" in again.out


@pytest.mark.parametrize("command", [(), ("--collect-only",)])
def test_where_all_are_left_out_nothing_was_compared(
    folder: Path, command: tuple[str, ...]
) -> None:
    done = xent_check(folder, "run", "cases", "-k", "::b", *ONE, *command)
    assert (done.code, done.out) == (3, "")
    assert "1 case of level full left out: --level full\n" in done.err


def test_the_level_may_stand_in_the_table_of_a_project(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[tool.xent-check]\nlevel = "full"\n')
    done = xent_check(folder, "run", "cases", *ONE, "--report", "json")
    assert done.json["summary"]["cases"] == len(FULL)
    (folder / "pyproject.toml").write_text('[tool.xent-check]\nlevel = "slow"\n')
    done = xent_check(folder, "run", "cases", *ONE)
    assert done.code == 2
    assert "level: 'slow'; allowed: quick, full, huge; did you mean 'full'?" in done.err


def test_a_wrong_level_of_a_case_has_its_place(folder: Path) -> None:
    (folder / "cases" / "x.yaml").write_text(TEXT.replace("level: full}", "level: fast}"))
    done = xent_check(folder, "check", "cases")
    said = "cases/x.yaml:4: level: 'fast'; allowed: quick, full, huge; did you mean 'quick'?\n"
    assert (done.code, done.err) == (2, said)


def test_check_makes_no_array_of_a_case_above_the_level(folder: Path) -> None:
    """8 TiB of them, which no machine of today has free."""
    done = xent_check(folder, "check", "cases")
    more = ", 4 of them but for their arrays: --level huge"
    assert (done.code, done.out) == (0, f"6 cases in 1 file are valid{more}\n")
    done = xent_check(folder, "check", "cases", "--level", "huge")
    assert done.code == 2
    assert "no-array" not in done.out
    assert "logits: shape [1099511627776] needs 8,192.0 GiB" in done.err


def test_a_baseline_of_a_higher_level_misses_nothing_at_a_lower_one(folder: Path) -> None:
    file = folder / "cases" / "x.yaml"
    file.write_text(TEXT.partition("  - {name: c")[0])
    whole = ("cases", *ONE, "--baseline", "base.json")
    assert xent_check(folder, "accept", *whole, "--level", "full").code == 0
    done = xent_check(folder, "run", *whole, "--fail-on", "removed")
    assert (done.code, "no more" in done.out) == (0, False)
    recorded = json.loads(Path("base.json").read_text())["cases"]
    assert xent_check(folder, "accept", *whole, "--prune").code == 0
    assert json.loads(Path("base.json").read_text())["cases"] == recorded


def test_what_failed_last_is_named_by_that(folder: Path) -> None:
    wrong = "expect: {manual: {losses: [2]}}"
    file = folder / "cases" / "x.yaml"
    file.write_text(
        TEXT.partition("  - {name: c")[0].replace("level: full}", f"level: full, {wrong}}}")
    )
    assert xent_check(folder, "run", "cases", *ONE, "--level", "full").code == 1
    done = xent_check(folder, "run", "--last-failed", *ONE, "--report", "json")
    assert {result["case"] for result in done.json["results"]} == {"cases/x.yaml::b"}


def test_python_takes_the_level_as_a_word(folder: Path) -> None:
    def loss(y_true: Any, y_pred: Any) -> Any:
        raise ValueError("no answer")

    report = api.check(loss, cases="cases", level="full")
    assert len(report.results) == len(FULL)
    assert "2 cases of level huge left out" in " ".join(str(report).split())
    with pytest.raises(ValueError, match="level: 'slow'; allowed: quick, full, huge"):
        api.check(loss, cases="cases", level="slow")


def test_scopes_do_not_cover_what_was_left_out() -> None:
    scope = Scope(("cases",), filtered=False, left_out=(LeftOut("cases/x.yaml::b", "full"),))
    assert scope.covers("cases/x.yaml::a", "torch")
    assert not scope.covers("cases/x.yaml::b", "torch")


def test_nothing_left_out_is_no_sentence() -> None:
    assert left_out_text(()) == ""
    assert left_out_text([LeftOut("x::a", "huge")]) == "1 case of level huge left out: --level huge"
