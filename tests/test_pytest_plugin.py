"""`pytest --xent PATH`: an item for each case and implementation, in pytest's own ways."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.console import ROOT
from tests.support.fake import fake
from xent_check.errors import InvalidError
from xent_check.implementations import names

pytest_plugins = "pytester"
# Loaded here: pytester forgets what is imported while it runs, and compiled modules come once.
for _name in ("running.answers", "reporters.sentences", "casefile.loading"):
    importlib.import_module(f"xent_check.{_name}")
for _name in ("ml_dtypes", "execnet", "psutil", "platformdirs"):
    importlib.import_module(_name)
# As from its entry point, which an installed package has and a checkout may not.
PLUGIN = ("-p", "no:xent_check", "-p", "xent_check.pytest_plugin", "-p", "no:cacheprovider")
# -log softmax of the first row at 0 and of the second at 1: mpmath, 30 digits.
CASES = """\
defaults:
  loss: sparse_categorical
  logits: [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]]
  implementations: [manual, mine.py:loss]
cases:
  - {name: good, labels: [0, 1], tags: [easy], expect: {reference: {losses: [0.41703, 0.2200495]}}}
  - {name: weighted, labels: [0, 1], class_weight: [1, 2, 3]}
  - name: far
    logits: [[200.0, 0.0]]
    labels: [0]
    expect: {manual: {losses: [.nan], because: it does not shift}}
"""
MINE = """\
import pathlib
import numpy as np

def loss(logits, labels):
    with pathlib.Path("asked.txt").open("a") as file:
        print(logits.max(), file=file)
    if logits.max() > 100:
        raise ValueError("too large for me")
    return np.log(np.exp(logits).sum(-1))
"""
ITEMS = [
    "cases/a.yaml::good[reference]",
    "cases/a.yaml::good[manual]",
    "cases/a.yaml::good[mine.py:loss]",
    "cases/a.yaml::weighted[manual]",
    "cases/a.yaml::weighted[mine.py:loss]",
    "cases/a.yaml::far[manual]",
    "cases/a.yaml::far[mine.py:loss]",
]


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project with three cases and a function of its own."""
    pytester.mkdir("cases").joinpath("a.yaml").write_text(CASES)
    pytester.path.joinpath("mine.py").write_text(MINE)
    return pytester


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*PLUGIN, *arguments)


def collected(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    done = run(pytester, "--collect-only", "-q", *arguments)
    return [line for line in done.outlines if "::" in line]


def asked(pytester: pytest.Pytester) -> list[str]:
    """What the loss is called with, but for what finds out what it computes."""
    file = pytester.path / "asked.txt"
    lines = sorted(file.read_text().splitlines()) if file.exists() else []
    return [line for line in lines if line in ("2.5", "200.0")]


# ---- items --------------------------------------------------------------------------------------


def test_each_case_and_implementation_is_an_item(project: pytest.Pytester) -> None:
    assert collected(project, "--xent", "cases") == ITEMS
    assert collected(project, "--xent", "cases", "--xent", "cases/a.yaml") == ITEMS
    assert collected(project, "--xent", "cases/a.yaml::weighted") == ITEMS[3:5]
    assert collected(project, "--xent=cases", "--xent-impl=stable", "-k", "far") == [
        "cases/a.yaml::far[stable]"
    ]


def test_what_failed_last_is_run_again(project: pytest.Pytester) -> None:
    own = project.makepyfile(test_own="def test_own(): assert 0")
    with_cache = [*PLUGIN[:-2], "--xent", "cases", "--xent-impl", "manual"]
    file = project.path / "cases" / "a.yaml"
    file.write_text(CASES.replace(", because: it does not shift", ""))
    project.runpytest_inprocess(*with_cache).assert_outcomes(failed=2, passed=3)
    own.write_text("def test_own(): pass")
    again = project.runpytest_inprocess(*with_cache, "--lf")
    again.assert_outcomes(failed=1, passed=1)
    again.stdout.fnmatch_lines(["FAILED cases/a.yaml::far[[]manual] *"])


@pytest.mark.long
def test_they_stand_beside_the_tests_and_can_be_chosen(project: pytest.Pytester) -> None:
    project.makepyfile(test_own="def test_own(): pass")
    own = "test_own.py::test_own"
    assert collected(project, "--xent", "cases") == [own, *ITEMS]
    assert collected(project, "--xent", "cases", "-m", "xent") == ITEMS
    assert collected(project, "--xent", "cases", "-m", "not xent") == [own]
    assert collected(project, "--xent", "cases", "-k", "easy") == ITEMS[:3]
    assert collected(project, "--xent", "cases", "test_own.py") == [own, *ITEMS]
    assert collected(project, "--xent", "cases", ITEMS[4]) == [ITEMS[4]]
    assert collected(project, "--xent", "cases", ITEMS[4], "test_own.py") == [own, ITEMS[4]]
    assert collected(project, "--xent", "cases", "--deselect", ITEMS[0]) == [own, *ITEMS[1:]]


def test_cases_above_the_level_are_an_item_that_is_skipped(project: pytest.Pytester) -> None:
    file = project.path / "cases" / "a.yaml"
    file.write_text(CASES.replace("{name: weighted,", "{name: weighted, level: full,"))
    done = run(project, "--xent", "cases", "--xent-impl", "manual", "-rs", "-k", "left or good")
    done.assert_outcomes(passed=2, skipped=1, deselected=1)
    done.stdout.fnmatch_lines(["SKIPPED * 1 case of level full left out: --xent-level full"])


@pytest.mark.long
def test_a_named_case_is_an_item_whatever_its_level(project: pytest.Pytester) -> None:
    file = project.path / "cases" / "a.yaml"
    file.write_text(CASES.replace("{name: weighted,", "{name: weighted, level: full,"))
    big = "cases/a.yaml::weighted[manual]"
    assert big not in collected(project, "--xent", "cases", "--xent-impl", "manual")
    for more in (["--xent-level", "full"], ["--xent", "cases/a.yaml::weighted"], [big]):
        assert big in collected(project, "--xent", "cases", "--xent-impl", "manual", *more)
    file.write_text(CASES.replace("defaults:", "defaults:\n  level: huge"))
    done = run(project, "--xent", "cases")
    assert done.ret != 0
    done.stdout.fnmatch_lines(["3 cases of level huge left out: --xent-level huge"])
    done = run(project, "--xent", "cases", "--xent-level", "slow")
    done.stderr.fnmatch_lines(["ERROR: --xent-level: 'slow'; allowed: quick, full, huge"])


@pytest.mark.long
def test_a_shipped_case_has_its_name_everywhere(project: pytest.Pytester) -> None:
    ids = collected(project, "--xent", "corpus:forum/sparse.yaml", "--xent-impl", "manual")
    assert all(one.startswith("corpus:forum/sparse.yaml::") for one in ids)
    alone = collected(project, "--xent", "corpus:", "--xent-impl", "manual", ids[0])
    assert alone == ids[:1]


# ---- outcomes -----------------------------------------------------------------------------------


def test_an_item_ends_as_its_result_does(project: pytest.Pytester) -> None:
    done = run(project, "--xent", "cases", "-v", "-rs")
    words = {
        line.split()[0]: line.split()[1] for line in done.outlines if line.startswith("cases/a.y")
    }
    assert words == dict(
        zip(
            ITEMS,
            ["PASSED", "PASSED", "FAILED", "PASSED", "SKIPPED", "KNOWN", "FAILED"],
            strict=True,
        )
    )
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.stdout.fnmatch_lines(["*2 failed, 3 passed, 1 skipped, 1 known in*"])
    done.stdout.fnmatch_lines(
        ["SKIPPED [[]1] cases/a.yaml:7: unsupported: mine.py:loss takes no class_weight"]
    )


def test_what_was_not_compared_is_said_though_the_item_passes(project: pytest.Pytester) -> None:
    file = project.path / "cases" / "a.yaml"
    file.write_text(CASES.replace("defaults:", "defaults:\n  check: [value, gradient]"))
    done = run(project, "--xent", "cases", "-q", "-k", "manual", "--junitxml", "out.xml")
    done.stdout.fnmatch_lines(
        [
            "*= notes of xent-check =*",
            "3 items, the first cases/a.yaml::good[[]manual]: gradient not compared: NumPy*",
        ]
    )
    tests = ElementTree.parse(project.path / "out.xml").iter("testcase")
    notes = [t.find("properties/property[@name='xent note']") for t in tests]
    assert [n is not None and "gradient not compared" in n.attrib["value"] for n in notes] == [
        True, True, True,
    ]  # fmt: skip


def test_a_failure_is_the_sentence_and_the_table(project: pytest.Pytester) -> None:
    """log-sum-exp alone: too much by the score of the label, 2.5 and 2."""
    done = run(project, "--xent", "cases", "--tb=short")
    done.stdout.fnmatch_lines(
        [
            "*_ cases/a.yaml::good [[]mine.py:loss] _*",
            "mine.py:loss diverges on cases/a.yaml::good, 2 of 2 samples; worst: sample [[]1] is "
            "2.72*, reference 0.22*, off by 2.5, allowed 2e-6 *",
            "call: mine.py:loss(logits, labels)",
            "sample  label *actual * reference  difference *",
            "[[]1] * 1  2.72* 0.22* 2.5 *",
            "[[]0] * 0 * 2.41* 0.41* 2 *",
            "*_ cases/a.yaml::far [[]mine.py:loss] _*",
            "mine.py:loss failed on cases/a.yaml::far (error): ValueError: too large for me (at "
            "mine.py:8, in loss)",
        ]
    )
    assert "pytest_plugin.py" not in done.stdout.str()
    done.stdout.fnmatch_lines(["FAILED cases/a.yaml::far* - Failed: mine.py:loss failed on*"])


@pytest.mark.long
def test_a_wrong_published_number_fails_on_its_own(project: pytest.Pytester) -> None:
    file = project.path / "cases" / "a.yaml"
    file.write_text(CASES.replace("0.2200495", "0.2210495"))
    done = run(project, "--xent", "cases", "--xent-impl", "manual", "-k", "good")
    done.assert_outcomes(passed=1, failed=1, deselected=2)
    done.stdout.fnmatch_lines(["`expect.reference` of cases/a.yaml::good is wrong: published*"])


@pytest.mark.long
def test_what_is_missing_is_skipped_and_fails_where_it_is_required(
    project: pytest.Pytester,
) -> None:
    arguments = ("--xent", "cases", "--xent-impl", "no_such_module:loss", "-k", "weighted")
    run(project, *arguments).assert_outcomes(failed=1, deselected=3)  # it cannot be imported
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "_find", lambda module: None)
        gone = ("--xent", "cases", "--xent-impl", "optax", "-k", "weighted", "-rs")
        done = run(project, *gone)
        done.assert_outcomes(skipped=1, deselected=3)
        done.stdout.fnmatch_lines(["SKIPPED * missing: *optax not installed: pip install *"])
        done = run(project, *gone, "--xent-require", "optax")
        done.assert_outcomes(failed=1, deselected=3)
        done.stdout.fnmatch_lines(["optax is missing for cases/a.yaml::weighted: *"])


@pytest.mark.long
def test_a_process_that_dies_fails_its_item_alone(project: pytest.Pytester) -> None:
    both = ("--xent-impl", fake("dying", "segfaults"), "--xent-impl", "manual")
    done = run(project, "--xent", "cases", *both, "-k", "good and not reference")
    done.assert_outcomes(passed=1, failed=1, deselected=5)
    done.stdout.fnmatch_lines(["*failed on cases/a.yaml::good (crash): *"])


@pytest.mark.long
def test_the_reasons_of_known_divergences_are_listed_where_asked(project: pytest.Pytester) -> None:
    known = "KNOWN cases/a.yaml::far[[]manual] - it does not shift"
    for option in ("-v", "-rA", "-rx"):
        done = run(project, "--xent", "cases", option, "-k", "far and manual")
        done.stdout.fnmatch_lines(["*= known divergences =*", known])
    done = run(project, "--xent", "cases", "-k", "far and manual")
    done.stdout.no_fnmatch_line(known)


# ---- pytest's own ways --------------------------------------------------------------------------


@pytest.mark.long
def test_it_stops_at_the_first_failure(project: pytest.Pytester) -> None:
    done = run(project, "--xent", "cases", "-x")
    done.assert_outcomes(passed=2, failed=1)


@pytest.mark.long
def test_what_is_chosen_is_computed_once_and_nothing_else(project: pytest.Pytester) -> None:
    run(project, "--xent", "cases", "-k", "mine and (good or weighted)")
    assert asked(project) == ["2.5"]  # the weighted case is unsupported, the far one not chosen


@pytest.mark.long
def test_the_items_are_in_a_junit_file(project: pytest.Pytester) -> None:
    run(project, "--xent", "cases", "--junitxml", "out.xml")
    tests = list(ElementTree.parse(project.path / "out.xml").iter("testcase"))
    assert [(t.get("classname"), t.get("name")) for t in tests] == [
        ("cases.a.yaml", one.rpartition("::")[2]) for one in ITEMS
    ]
    outcomes = [[c.tag for c in t if c.tag != "properties"] for t in tests]
    failure, skipped = ["failure"], ["skipped"]
    assert [o for o in outcomes if o and "system-out" not in o] == [failure, skipped, failure]
    assert [t.find("properties/property[@name='xent']").get("value") for t in tests] == [  # type: ignore[union-attr]
        "agrees", "agrees", "diverges", "agrees", "unsupported", "known", "failed",
    ]  # fmt: skip


@pytest.mark.long
def test_it_is_shared_among_the_processes_of_xdist(project: pytest.Pytester) -> None:
    """Each computes its own items: every answer is asked for once."""
    done = project.runpytest_subprocess(*PLUGIN, "--xent", "cases", "-n", "2")
    done.stdout.fnmatch_lines(["*2 failed, 3 passed, 1 skipped, 1 known in*"])
    assert asked(project) == ["2.5", "200.0"]


@pytest.mark.long
def test_an_item_that_runs_again_is_computed_again(project: pytest.Pytester) -> None:
    project.makeconftest(
        "def pytest_runtest_call(item):\n    item.runtest()  # as a plugin that runs tests again"
    )
    run(project, "--xent", "cases", ITEMS[2])
    assert asked(project) == ["2.5"]
    project.makeconftest(
        """
        import pytest
        def pytest_runtest_call(item):
            with pytest.raises(pytest.fail.Exception):
                item.runtest()
        """
    )
    run(project, "--xent", "cases", ITEMS[2])
    assert asked(project) == ["2.5"] * 3


# ---- what is wrong is said ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--xent", "case"), "ERROR: --xent: case: no such file or folder; did you mean 'cases'?"),
        (("--xent", "empty"), "ERROR: --xent: empty: no case files (*.yaml, *.yml) in this folder"),
        (("--xent", "cases", "--xent-impl", "stabel"), "ERROR: --xent-impl: no implementation 'st"),
        (
            ("--xent-impl", "manual"),
            "ERROR: --xent-impl, --xent-level and --xent-require: say which cases by",
        ),
    ],
)
@pytest.mark.long
def test_what_names_nothing_is_a_usage_error(
    arguments: tuple[str, ...], words: str, project: pytest.Pytester
) -> None:
    project.mkdir("empty")
    project.makepyfile(test_own="def test_own(): pass")
    done = run(project, *arguments)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert words in done.stderr.str() + done.stdout.str()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--xent", "cases::god"), "none of the paths gives a case"),
        (
            ("--xent", "cases", "cases/a.yaml::god[manual]"),
            "cases/a.yaml::god[manual]: no such item",
        ),
        (("--xent", "cases", "--xent-require", "jax"), "jax: required, and no case is run on it"),
    ],
)
@pytest.mark.long
def test_what_gives_no_item_is_an_error(
    arguments: tuple[str, ...], words: str, project: pytest.Pytester
) -> None:
    """Also where there are other tests, which pass."""
    project.makepyfile(test_own="def test_own(): pass")
    done = run(project, *arguments)
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines(["*ERROR collecting --xent cases*", f"{words.replace('[', '[[]')}*"])


@pytest.mark.long
def test_what_gives_no_item_is_told_by_xdist_too(project: pytest.Pytester) -> None:
    project.makepyfile(test_own="def test_own(): pass")
    arguments = ("--xent", "cases", "--xent-require", "jax", "-n", "1")
    done = project.runpytest_subprocess(*PLUGIN, *arguments)
    assert done.ret != pytest.ExitCode.OK
    done.stdout.fnmatch_lines(["jax: required, and no case is run on it"])


def test_no_case_is_no_success(project: pytest.Pytester) -> None:
    done = run(project, "--xent", "cases", "-k", "nothing_has_this_name")
    assert done.ret == pytest.ExitCode.NO_TESTS_COLLECTED


@pytest.mark.long
def test_a_bad_case_file_is_an_error_in_its_words(project: pytest.Pytester) -> None:
    project.path.joinpath("cases", "bad.yaml").write_text("{loss: binary, logit: [1.0]}\n")
    done = run(project, "--xent", "cases")
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines(
        ["*ERROR collecting cases/bad.yaml*", "cases/bad.yaml:1: *logit: unknown key; did you *"]
    )
    assert "pytest_plugin.py" not in done.stdout.str()
    done = run(project, "--xent", "cases/a.yaml::god")
    done.stdout.fnmatch_lines(["cases/a.yaml: no case 'god'; it has good, *; did you mean 'good'?"])


# ---- where it is not used -----------------------------------------------------------------------


def test_without_the_option_nothing_is_loaded(project: pytest.Pytester) -> None:
    project.makepyfile(
        """
        import sys
        def test_light():
            ours = {name for name in sys.modules if name.startswith("xent_check.")}
            assert ours == {"xent_check.pytest_plugin"}
            assert not {"numpy", "pydantic", "click", "yaml"} & {*sys.modules}
        """
    )
    project.runpytest_subprocess(*PLUGIN, "-p", "no:hypothesispytest").assert_outcomes(passed=1)


@pytest.mark.long
def test_pytest_finds_it_by_itself() -> None:
    project = tomllib.loads(Path(ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (module,) = project["entry-points"]["pytest11"].values()
    assert hasattr(importlib.import_module(module), "pytest_addoption")


DECLARED = """\
[tool.xent-check.implementation.first]
function = "mine.py:loss"
set = {logits = 3}
"""


@pytest.mark.long
def test_what_the_project_declares_has_items_of_its_name(project: pytest.Pytester) -> None:
    project.path.joinpath("pyproject.toml").write_text(DECLARED.replace("set", "fixed"))
    done = run(project, "--xent", "cases", "--xent-impl", "first")
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([
        "ERROR: pyproject.toml:3: tool.xent-check.implementation.first.fixed.logits: unknown *"
    ])  # fmt: skip
    project.path.joinpath("pyproject.toml").write_text(DECLARED.replace("set", "# set"))
    arguments = ("--xent", "cases", "--xent-impl", "first")
    assert "cases/a.yaml::good[first]" in collected(project, *arguments)
    with pytest.raises(InvalidError):
        names.parse("first")
