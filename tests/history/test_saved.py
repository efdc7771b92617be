"""A run that was saved is the run: read again, judged again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.command import xent_check
from tests.support.reports import case, compared, difference, every_status, report, result
from xent_check.casefile.paths import corpus as corpus_folder
from xent_check.errors import UserError
from xent_check.history.rejudge import rejudge
from xent_check.history.saved.read import load_report
from xent_check.problem.tolerance import Tolerance
from xent_check.reference.bounds import Bounds
from xent_check.reporters.formats import REPORTERS, Terminal, reporter
from xent_check.results.report import STATUSES, Report

NUMPY = ("-i", "manual", "-i", "stable")
# Written down whole, its 400,000 numbers would be nine tenths of the file.
SMALL = [
    f"corpus:{name}" for name in ("behaviour", "forum", "options")
]  # not conformance: millions
WHOLE = [str(f) for f in sorted(corpus_folder().rglob("*.yaml"))
         if f.name != "large_sums.yaml" and f.parent.name != "conformance"]  # fmt: skip
WITHOUT_ROUND_TRIP = {"html"}  # it plots what an excerpt no longer has


def rendered(name: str, of: Report) -> str:
    return reporter(name).render(of, Terminal())


def saved(of: Report, folder: Path) -> Report:
    """Written as JSON and read again."""
    file = folder / "saved.json"
    file.write_text(rendered("json", of), encoding="utf-8")
    return load_report(file)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs of every shipped case on the formulas in NumPy."""
    folder = tmp_path_factory.mktemp("corpus")
    for name, options in (
        ("short", SMALL),
        ("whole", [*WHOLE, "-v"]),
        ("auto", [*WHOLE, "-v", "--tolerance", "auto"]),
    ):
        done = xent_check(folder, "run", *NUMPY, *options, "--report", f"json={name}.json")
        assert done.code in (0, 1), done.err
    return folder


@pytest.mark.long
@pytest.mark.parametrize("name", ["short", "whole", "auto"])
def test_the_shipped_cases_come_back_as_they_were(corpus: Path, name: str) -> None:
    file = corpus / f"{name}.json"
    again = rendered("json", load_report(file))
    assert json.loads(again) == json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("name", sorted(set(REPORTERS) - WITHOUT_ROUND_TRIP))
def test_every_reporter_says_the_same_of_a_saved_report(
    tmp_path: Path, name: str, verbose: bool
) -> None:
    before = every_status(verbose=verbose)
    assert set(before.counts) == set(STATUSES)
    # An ulp is 1e-7 in the hand-made report, and a tolerance has no allowance for one.
    hidden = saved(before, tmp_path)
    again = saved(hidden, tmp_path)
    assert rendered(name, again) == rendered(name, hidden)
    assert [r.status for r in again.results] == [r.status for r in before.results]


def test_every_word_of_a_run_is_read_again(tmp_path: Path) -> None:
    before = every_status()
    written, again = (json.loads(rendered("json", of)) for of in (before, saved(before, tmp_path)))
    for key in ("xent_check", "environment", "run", "warnings", "durations", "cases"):
        assert again[key] == written[key], key
    for key in (
        "case", "implementation", "call", "required", "failure", "message", "seconds", "dtype",
        "tolerance", "expect", "printed", "notes", "behaviour", "vacuous", "explanation",
    ):  # fmt: skip
        assert [r[key] for r in again["results"]] == [r[key] for r in written["results"]], key


def test_a_wrong_published_number_is_told_of_a_saved_run_as_of_the_run(tmp_path: Path) -> None:
    inputs = "loss: sparse_categorical, logits: [[0.0, 0.0]], labels: [0], reduction: [sum]"
    stated = "expect: {reference: {losses: [0.5]}}"  # it is log 2
    (tmp_path / "c.yaml").write_text(f"cases: [{{name: c, {inputs}, {stated}}}]")
    run = xent_check(tmp_path, "run", "c.yaml", "-i", "stable", "--report", "json=r.json")
    judged = xent_check(tmp_path, "judge", "r.json")
    assert (run.code, judged.code) == (1, 1)
    assert "published 0.5 for sample [0], exactly 0.69314718" in run.out
    assert judged.out == run.out


@pytest.mark.parametrize("off", [0.0, 0.5])
def test_a_gradient_comes_back_with_its_verdict(off: float, tmp_path: Path) -> None:
    exact = np.array([[0.5, -0.5]] * 3)
    losses, gradient = (
        difference([1.0] * 3, [1.0] * 3),
        difference(exact + np.array([0, off]), exact),
    )
    one = result(
        case("c"), "torch", "diverges" if off else "agrees",
        comparison=compared(losses, gradient=gradient),
    )  # fmt: skip
    (back,) = saved(report([one], names=("torch",)), tmp_path).results
    assert back.comparison is not None
    assert back.comparison.gradient is not None
    np.testing.assert_array_equal(back.comparison.gradient.actual, gradient.actual)
    assert back.comparison.gradient.diverging == (3 if off else 0)


def test_a_large_array_keeps_its_worst_samples_and_what_was_counted(tmp_path: Path) -> None:
    actual = np.ones((2, 1001))
    actual[1, 7] += 3e-3
    actual[0, 100:131] += 2e-3
    of = compared(difference(actual, np.ones((2, 1001))))
    before = report([result(case("many"), "torch", "diverges", comparison=of)])
    again = saved(before, tmp_path)
    [kept] = again.results
    assert kept.comparison is not None
    assert kept.comparison.losses.size == 2002
    assert kept.comparison.losses.diverging == 32
    assert kept.comparison.losses.place(kept.comparison.losses.worst) == (1, 7)
    text = " ".join(rendered("table", again).split())
    assert "32 of 2002 samples; worst: sample [1, 7]" in text


def test_a_gradient_without_its_bound_is_refused(tmp_path: Path) -> None:
    numbers, one = difference([0.5], [0.5]), np.ones(1)
    of = replace(
        compared(numbers, gradient=numbers), bounds=Bounds(one, {}, one, {}, 2.0**-24), share=0.0
    )
    document = json.loads(
        rendered("json", report([result(case("x"), "torch", "agrees", comparison=of)]))
    )
    file = tmp_path / "x.json"
    file.write_text(json.dumps(document))
    assert load_report(file).counts["agrees"] == 1
    del document["results"][0]["gradient"]["bound"]
    file.write_text(json.dumps(document))
    with pytest.raises(UserError, match=r"no gradient\.bound, but the losses have"):
        load_report(file)


def test_a_dtype_that_numpy_has_not_is_refused(tmp_path: Path) -> None:
    document = json.loads(rendered("json", every_status()))
    file = tmp_path / "x.json"
    of = next(r for r in document["results"] if r["status"] == "unsupported")
    of.update(status="diverges", dtype="int64")
    file.write_text(json.dumps(document))
    load_report(file)
    of.update(dtype="float99")
    file.write_text(json.dumps(document))
    with pytest.raises(UserError, match=f"{of['implementation']} on .*: dtype is 'float99'"):
        load_report(file)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("[]", "valid dictionary"),
        ('{"schema": 2}', "schema"),
        ('{"schema": 1}', "Field required; an older xent-check wrote less: run it again"),
        ("\x00", "Expecting value"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_a_file_that_is_no_run_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.json").write_text(text)
    done = xent_check(tmp_path, "judge", "x.json")
    assert done.code == 2
    assert done.err.startswith("x.json: not what `xent-check run --report json=FILE` writes; ")
    assert message in done.err


def test_a_run_with_arrays_that_do_not_fit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    document = json.loads(rendered("json", every_status()))
    document["results"][1]["losses"] = [1.0]
    file.write_text(json.dumps(document))
    with pytest.raises(UserError, match="not what `xent-check run"):
        load_report(file)


def statuses(of: Any) -> dict[tuple[str, str], str]:
    return {(r["case"], r["implementation"]): r["status"] for r in of["results"]}


@pytest.mark.long
@pytest.mark.parametrize("tolerance", ["auto", "1e-3", "0"])
def test_judging_again_is_what_a_run_would_have_said(corpus: Path, tolerance: str) -> None:
    judged = xent_check(corpus, "judge", "whole.json", "--tolerance", tolerance, "--report", "json")
    run = xent_check(
        corpus, "run", *WHOLE, *NUMPY, "-v", "--tolerance", tolerance, "--report", "json"
    )
    assert judged.code == run.code == 1
    assert statuses(judged.json) == statuses(run.json)
    assert judged.json["summary"] | {"seconds": 0} == run.json["summary"] | {"seconds": 0}
    keys = ("diverging_samples", "max_abs_diff", "totals", "gradient")
    for ours, theirs in zip(judged.json["results"], run.json["results"], strict=True):
        assert {k: ours.get(k) for k in keys} == {k: theirs.get(k) for k in keys}


@pytest.mark.long
def test_judging_back_from_auto_gives_the_first_verdict(corpus: Path) -> None:
    there = rejudge(load_report(corpus / "whole.json"), "auto")
    back = rejudge(there, Tolerance(atol=2e-6))
    again = rejudge(load_report(corpus / "whole.json"), Tolerance(atol=2e-6))
    assert [r.status for r in back.results] == [r.status for r in again.results]


@pytest.mark.long  # the whole corpus
def test_judging_loads_no_framework_and_no_case_file(corpus: Path) -> None:
    code = (
        "import sys\n"
        "from xent_check.cli import group\n"
        "try: group(['judge', 'whole.json', '--report', 'jsonl=x'], standalone_mode=False)\n"
        "except BaseException as e: print(type(e), file=sys.stderr)\n"
        "sys.stderr.write(' '.join(sys.modules))"
    )
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=corpus, capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert "pydantic" in loaded
    assert not loaded & {"torch", "tensorflow", "jax", "keras", "optax", "execnet"}
