"""Shards, several machines, and two runs side by side, on the real command."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.command import Done, xent_check
from tests.support.reports import agreeing, case, report
from xent_check.casefile.levels import LeftOut
from xent_check.errors import UserError
from xent_check.history.merge import merge
from xent_check.results.report import Asked, Host, Report, Scope, selection_digest
from xent_check.results.shard import Shard, parse_shard

CASES = "defaults: {loss: sparse_categorical, labels: [0, 1]}\ncases:\n" + "".join(
    f"  - {{name: c{i}, logits: [[{i}.5, 1.0], [0.25, 2.0]]}}\n" for i in range(7)
)

ASKED = ("case", "line", "inputs", "implementations", "parts")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "c.yaml").write_text(CASES)
    return tmp_path


def run(folder: Path, *arguments: str) -> Done:
    return xent_check(folder, "run", "c.yaml", *arguments)


def shards(folder: Path, of: int) -> list[str]:
    names = [f"{i}.json" for i in range(1, of + 1)]
    for i, name in enumerate(names, 1):
        options = ("-i", "manual", "-i", "stable", "--shard", f"{i}/{of}")
        assert run(folder, *options, "--report", f"json={name}").code in (0, 3)
    return names


def without_times(report: Any) -> Any:
    report["summary"].pop("seconds")
    return [
        report["summary"],
        report["run"],
        report["environment"],
        report["cases"],
        [{k: v for k, v in r.items() if k != "seconds"} for r in report["results"]],
    ]


@given(st.integers(0, 50), st.integers(1, 12))
def test_every_case_is_in_exactly_one_shard(cases: int, of: int) -> None:
    items = list(range(cases))
    taken = [Shard(index, of).take(items) for index in range(1, of + 1)]
    assert sorted(itertools.chain(*taken)) == items
    assert max(map(len, taken)) - min(map(len, taken)) <= 1


@pytest.mark.parametrize("text", ["0/5", "6/5", "1", "1/0", "a/b", "1/5x", "-1/5", "١/٥"])
def test_a_shard_that_is_none_is_refused(folder: Path, text: str) -> None:
    done = run(folder, "--shard", text)
    assert done.code == 2
    assert f"--shard {text!r}; allowed: 1/5 to 5/5" in done.err


def test_a_shard_is_read() -> None:
    assert parse_shard("2/5") == Shard(2, 5)


@pytest.mark.parametrize("of", [1, 3, pytest.param(9, marks=pytest.mark.long)])
def test_the_shards_together_are_the_whole_run(folder: Path, of: int) -> None:
    names = shards(folder, of)
    merged = xent_check(folder, "merge", *reversed(names), "--report", "json")
    whole = run(folder, "-i", "manual", "-i", "stable", "--report", "json")
    assert (merged.code, whole.code) == (0, 0)
    took = [json.loads((folder / name).read_text())["summary"]["seconds"] for name in names]
    assert merged.json["summary"]["seconds"] == pytest.approx(sum(took), abs=0.01)
    assert without_times(merged.json) == without_times(whole.json)


def test_a_shard_without_cases_compares_nothing(folder: Path) -> None:
    done = run(folder, "-i", "stable", "--shard", "9/9", "--report", "json")
    assert (done.code, done.json["summary"]["cases"]) == (3, 0)


def test_a_missing_shard_is_an_error(folder: Path) -> None:
    shards(folder, 5)
    done = xent_check(folder, "merge", "1.json", "3.json", "5.json")
    assert (done.code, done.out) == (2, "")
    assert "missing: shard 2/5, 4/5; the cases in it were not compared" in done.err


def test_shards_that_do_not_fit_together_are_an_error(folder: Path) -> None:
    shards(folder, 2)
    again = xent_check(folder, "merge", "1.json", "2.json", "1.json")
    assert (again.code, "shard 1/2 is in 1.json too" in again.err) == (2, True)
    (folder / "c.yaml").write_text(CASES.replace("c6", "other"))
    options = ("-i", "manual", "-i", "stable", "--shard", "2/2", "--report", "json=other.json")
    assert run(folder, *options).code == 0
    other = xent_check(folder, "merge", "1.json", "other.json")
    assert (other.code, "has other cases than shard 1/2" in other.err) == (2, True)
    assert run(folder, "-i", "stable", "--report", "json=whole.json").code == 0
    mixed = xent_check(folder, "merge", "1.json", "2.json", "whole.json")
    assert (mixed.code, "whole.json: not a shard, but the other files are" in mixed.err) == (
        2,
        True,
    )


def test_two_machines_with_different_frameworks_make_one_report(folder: Path) -> None:
    assert run(folder, "-i", "manual", "--report", "json=a.json").code == 0
    assert run(folder, "-i", "stable", "--report", "json=b.json").code == 0
    merged = xent_check(folder, "merge", "a.json", "b.json", "--report", "json")
    assert merged.json["summary"]["compared"] == 14
    assert merged.json["summary"]["cases"] == 7
    twice = xent_check(folder, "merge", "a.json", "b.json", "a.json")
    assert twice.code == 2
    assert "manual on c.yaml::c0: in a.json and in a.json" in twice.err


def without(document: Any) -> Any:
    """The same run where what it ran is not installed."""
    kept = ("case", "implementation", "tolerance", "expect", "required", "samples", "vacuous")
    empty = dict.fromkeys(
        ("call", "ungated", "failure", "message", "traceback", "seconds", "dtype", "printed",
         "explanation", "gradient", "max_abs_diff", "max_ulps", "worst_sample",
         "diverging_samples", "losses"),
    )  # fmt: skip
    own = {"status": "missing", "reason": "not installed", "notes": [], "behaviour": []}
    document["results"] = [
        empty | own | {"totals": {}} | {key: r[key] for key in kept} for r in document["results"]
    ]
    counts = {"agrees": 0, "compared": 0, "missing": len(document["results"])}
    document["summary"] |= counts | {"verdict": "nothing compared", "exit_code": 3}
    return document


def test_one_is_missing_here_and_ran_there(folder: Path) -> None:
    assert run(folder, "-i", "manual", "--report", "json=a.json").code == 0
    (folder / "b.json").write_text(json.dumps(without(json.loads((folder / "a.json").read_text()))))
    for order in (("a.json", "b.json"), ("b.json", "a.json")):
        merged = xent_check(folder, "merge", *order, "--report", "json")
        assert (merged.code, merged.json["summary"]["agrees"]) == (0, 7)


@pytest.mark.parametrize("there", [1, 2])
def test_the_first_shard_may_be_missing_and_the_last(there: int) -> None:
    one = replace(report([agreeing(case("c"), "torch")]), shard=Shard(there, 2))
    with pytest.raises(UserError, match=f"missing: shard {3 - there}/2; the cases in it"):
        merge([("a.json", one)])


@pytest.mark.parametrize(("count", "more"), [(5, ""), (7, "and 2 more")])
def test_of_many_answers_given_twice_five_are_named(count: int, more: str) -> None:
    one = report([agreeing(case(f"c{i}"), "torch") for i in range(count)])
    with pytest.raises(UserError) as caught:
        merge([("a.json", one), ("b.json", one)])
    head, *lines = str(caught.value).splitlines()
    assert head == "more than one answer to the same case"
    assert lines[:5] == [
        f"  torch on cases/demo.yaml::c{i}: in a.json and in b.json" for i in range(5)
    ]
    assert lines[5:] == ([f"  {more}"] if more else [])


def test_of_runs_of_two_files_nobody_knows_what_is_gone() -> None:
    """One file has lost a case; the other run never was to have it."""
    first, second = Scope(("a.yaml",), False, ("torch",)), Scope(("b.yaml",), False, ("torch",))
    mine, other = agreeing(case("one", file="a.yaml"), "torch"), agreeing(case("two"), "torch")
    parts = [replace(report([mine]), scope=first), replace(report([other]), scope=second)]
    both = merge([("a.json", parts[0]), ("b.json", parts[1])])
    assert both.scope == Scope()
    assert not both.scope.covers("a.yaml::gone", "torch")
    jax = replace(first, chosen=("jax",))
    machines = [parts[0], replace(report([agreeing(mine.case, "jax")]), scope=jax)]
    same = merge([("a.json", machines[0]), ("b.json", machines[1])])
    assert same.scope == replace(first, chosen=("torch", "jax"))


def test_of_runs_at_two_levels_that_is_left_out_which_neither_took() -> None:
    big, huge = LeftOut("a.yaml::big", "full"), LeftOut("a.yaml::huge", "huge")
    quick = Scope(("a.yaml",), False, ("torch",), (big, huge))
    full = replace(quick, chosen=("jax",), left_out=(huge,))
    of = agreeing(case("one", file="a.yaml"), "torch").case
    parts = [
        replace(report([agreeing(of, name)]), scope=scope)
        for name, scope in (("torch", quick), ("jax", full))
    ]
    both = merge([("a.json", parts[0]), ("b.json", parts[1])])
    assert both.scope.left_out == (huge,)
    assert not both.scope.covers("a.yaml::big", "torch")  # nobody knows whether it is gone


def test_what_is_required_is_missing_where_no_run_had_it(folder: Path) -> None:
    assert run(folder, "-i", "manual", "--report", "json=a.json").code == 0
    assert run(folder, "-i", "stable", "--report", "json=b.json").code == 0
    edited(folder, "a.json", absent)
    one = xent_check(folder, "merge", "a.json", "b.json")
    assert one.code == 0
    edited(folder, "b.json", absent)
    both = xent_check(folder, "merge", "a.json", "b.json", "--report", "json")
    assert (both.code, both.json["run"]["absent"]) == (4, ["torch"])


def absent(document: Any) -> None:
    document["run"]["absent"] = ["torch"]
    document["summary"] |= {"verdict": "failed", "exit_code": 4}


# ---- what does not fit together -----------------------------------------------------------------


def edited(folder: Path, name: str, edit: Callable[[Any], object]) -> None:
    document = json.loads((folder / name).read_text())
    edit(document)
    (folder / name).write_text(json.dumps(document))


def test_shards_of_the_same_names_and_other_labels_are_an_error(folder: Path) -> None:
    shards(folder, 2)
    (folder / "c.yaml").write_text(CASES.replace("labels: [0, 1]", "labels: [1, 1]"))
    other = ("-i", "manual", "-i", "stable", "--shard", "2/2", "--report", "json=other.json")
    assert run(folder, *other).code == 0
    done = xent_check(folder, "merge", "1.json", "other.json")
    assert (done.code, "other.json: shard 2/2 has other cases than shard 1/2" in done.err) == (
        2,
        True,
    )


def test_runs_of_the_same_names_and_other_labels_are_an_error(folder: Path) -> None:
    assert run(folder, "-i", "manual", "--report", "json=a.json").code == 0
    (folder / "c.yaml").write_text(CASES.replace("labels: [0, 1]", "labels: [1, 1]"))
    assert run(folder, "-i", "stable", "--report", "json=b.json").code == 0
    done = xent_check(folder, "merge", "a.json", "b.json")
    assert (done.code, done.out) == (2, "")
    assert "b.json: c.yaml::c0 has other inputs than in a.json" in done.err


def test_runs_of_another_xent_check_or_tolerance_are_an_error(folder: Path) -> None:
    assert run(folder, "-i", "manual", "--report", "json=a.json").code == 0
    for name, options in (("b", ["--tolerance", "1.0e-3"]), ("c", ["--strict"]), ("d", [])):
        assert run(folder, "-i", "stable", *options, "--report", f"json={name}.json").code == 0
    edited(folder, "d.json", lambda document: document.update(xent_check="0.0.9"))
    for name, words in (
        ("b.json", "--tolerance 0.001, or 1 ulp, and of the cases in a.json"),
        ("c.json", "--strict True, and False in a.json"),
        ("d.json", "xent-check 0.0.9, and "),
    ):
        done = xent_check(folder, "merge", "a.json", name)
        assert (done.code, f"{name}: {words}" in done.err) == (2, True), done.err


def test_a_shard_without_one_of_its_cases_is_an_error(folder: Path) -> None:
    """Left out of everything that the file says of itself."""
    shards(folder, 2)

    def leave_out(document: Any) -> None:
        document["results"] = [r for r in document["results"] if r["case"] != "c.yaml::c1"]
        document["cases"] = [c for c in document["cases"] if c["case"] != "c.yaml::c1"]
        for key, count in (("cases", 1), ("compared", 2), ("agrees", 2)):
            document["summary"][key] -= count
        asked = [Asked(**{k: c[k] for k in ASKED}) for c in document["cases"]]
        document["run"]["selection"] = selection_digest(asked)

    edited(folder, "2.json", leave_out)
    assert xent_check(folder, "judge", "2.json").code == 0  # a file is not signed
    done = xent_check(folder, "merge", "1.json", "2.json")
    assert (done.code, done.out) == (2, "")
    assert "the shards' cases are not the run's" in done.err


def test_a_shard_without_one_of_its_answers_is_an_error(folder: Path) -> None:
    shards(folder, 2)
    edited(folder, "2.json", lambda document: document["results"].pop())
    done = xent_check(folder, "merge", "1.json", "2.json")
    assert (done.code, done.out) == (2, "")
    assert "2.json: results: no answer of stable on c.yaml::c5" in done.err


def test_a_part_of_the_cases_merged_with_all_is_not_all(folder: Path) -> None:
    """What the part lacks was not to be run, and is not gone."""
    accept = ("accept", "c.yaml", "-i", "manual", "-i", "stable", "--baseline", "base.json")
    assert xent_check(folder, *accept).code == 0
    assert run(folder, "-i", "manual", "--report", "json=a.json").code == 0
    assert run(folder, "-i", "stable", "-k", "c1", "--report", "json=b.json").code == 0
    for order in (("a.json", "b.json"), ("b.json", "a.json")):
        gate = ("--baseline", "base.json", "--fail-on", "removed", "--report", "json")
        done = xent_check(folder, "merge", *order, *gate)
        assert (done.code, done.json["baseline"]["changes"]) == (0, [])
        assert done.json["run"]["scope"]["filtered"]


def test_a_reference_that_is_pinned_otherwise_elsewhere_is_an_error(folder: Path) -> None:
    """What the case files state of the exact value is not of the inputs."""
    case = "{loss: sparse_categorical, logits: [[0.0, 0.0]], labels: [0], expect: {reference: "
    for name, losses in (("manual", "[0.6931]"), ("stable", "[0.7931]")):
        (folder / "c.yaml").write_text(f"{case}{{losses: {losses}}}}}}}")
        run(folder, "-i", name, "--report", f"json={name}.json")
    done = xent_check(folder, "merge", "manual.json", "stable.json")
    assert (done.code, done.out) == (2, "")
    assert "reference on c.yaml::c: in manual.json and in stable.json" in done.err


def test_a_divergence_in_one_shard_is_one_of_the_whole(folder: Path) -> None:
    (folder / "c.yaml").write_text(CASES.replace("[[3.5,", "[[1.0e+4,"))
    for i in (1, 2):
        run(folder, "-i", "manual", "--shard", f"{i}/2", "--report", f"json={i}.json")
    merged = xent_check(folder, "merge", "1.json", "2.json", "--report", "json")
    assert (merged.code, merged.json["summary"]["verdict"]) == (1, "diverges")
    assert merged.json["summary"]["diverges"] == 1


def test_a_merged_run_goes_through_the_gate(folder: Path) -> None:
    shards(folder, 2)
    accept = ("accept", "c.yaml", "-i", "manual", "-i", "stable", "--baseline", "base.json")
    assert xent_check(folder, *accept).code == 0
    gate = ("--baseline", "base.json", "--report", "json")
    whole = xent_check(folder, "merge", "1.json", "2.json", *gate)
    assert (whole.code, whole.json["baseline"]["same"]) == (0, 14)
    half = xent_check(folder, "judge", "1.json", *gate)
    assert (half.code, half.json["baseline"]["changes"]) == (0, [])
    saved = ("accept", "--results", "1.json", "--baseline", "half.json")
    assert xent_check(folder, *saved).code == 0
    (folder / "c.yaml").write_text(CASES.replace("c6", "other"))
    names = shards(folder, 2)
    changed = xent_check(folder, "merge", *names, *gate).json["baseline"]["changes"]
    assert sorted((c["kind"], c["case"]) for c in changed) == [
        ("added", "c.yaml::other"), ("added", "c.yaml::other"),
        ("removed", "c.yaml::c6"), ("removed", "c.yaml::c6"),
    ]  # fmt: skip


# ---- compare ------------------------------------------------------------------------------------


@pytest.fixture
def two(folder: Path) -> Path:
    """Two runs of one function: between them c1 moves two ulps away from the exact value, c2
    becomes nan, c3 is gone and c7 comes."""
    mine = (
        "import numpy as np\n"
        "def loss(logits, labels):\n"
        "    x = logits.astype(np.float64)\n"
        "    losses = np.log(np.exp(x).sum(-1)) - x[np.arange(2), labels]\n"
        "    losses = losses.astype(np.float32)\n"
        "    PLANTED\n"
        "    return losses\n"
    )
    (folder / "mine.py").write_text(mine.replace("PLANTED", ""))
    assert run(folder, "-i", "mine.py:loss", "--report", "json=a.json").code == 0
    planted = (
        "if logits[0, 0] == 1.5: losses[0] += 2 * np.spacing(losses[0])\n"
        "    if logits[0, 0] == 2.5: losses[1] = np.nan"
    )
    (folder / "mine.py").write_text(mine.replace("PLANTED", planted))
    (folder / "c.yaml").write_text(CASES.replace("c3", "c7"))
    assert run(folder, "-i", "mine.py:loss", "--report", "json=b.json").code == 1
    return folder


def test_compare_says_what_changed_and_by_how_much(two: Path) -> None:
    done = xent_check(two, "compare", "a.json", "b.json")
    assert done.code == 1
    lines = done.out.splitlines()
    assert lines[0] == "a.json -> b.json"
    assert lines[1] == (
        "  mine.py:loss  4 the same bits, 1 drifted within the tolerance, 1 changed behaviour, "
        "1 added, 1 removed; 1 away, at most 2 ulps"
    )
    assert "mine.py:loss on c.yaml::c2: value -> nan (1), value (1)" in done.out
    [moved] = [line for line in lines if "::c1" in line]
    assert "moved by 2 ulps" in moved
    assert moved.endswith("(away from the exact value)")


def test_compare_backwards_is_the_other_direction(two: Path) -> None:
    done = xent_check(two, "compare", "b.json", "a.json", "--report", "json")
    kinds = {c["case"]: c["kind"] for c in done.json["changes"]}
    assert kinds["c.yaml::c2"] == "fixed"
    assert kinds["c.yaml::c1"] == "drifted"
    assert (kinds["c.yaml::c3"], kinds["c.yaml::c7"]) == ("added", "removed")
    assert done.code == 0


def test_comparing_a_run_with_itself_is_quiet(two: Path) -> None:
    done = xent_check(two, "compare", "b.json", "b.json")
    assert done.code == 0
    assert done.out.splitlines()[1:] == ["  mine.py:loss  7 the same bits"]


def test_nothing_in_common_is_no_success(folder: Path) -> None:
    assert run(folder, "-i", "manual", "--report", "json=a.json").code == 0
    assert run(folder, "-i", "stable", "--report", "json=b.json").code == 0
    done = xent_check(folder, "compare", "a.json", "b.json")
    assert done.code == 3
    assert "no answer in common" in done.err


def test_compare_names_no_direction_where_a_loss_was_not_finite(folder: Path) -> None:
    """One sample is mended, nan to exact; that the other one moved by an ulp is not "away"."""
    mine = (
        "import numpy as np\n"
        "def loss(logits, labels):\n"
        "    x = logits.astype(np.float64)\n"
        "    exact = np.log(np.exp(x).sum(-1)) - x[np.arange(2), labels]\n"
        "    losses = exact.astype(np.float32)\n"
        "    PLANTED\n"
        "    return losses\n"
    )
    for name, planted in (("a", "losses[1] = np.nan"), ("b", "losses[0] += np.spacing(losses[0])")):
        (folder / "mine.py").write_text(mine.replace("PLANTED", planted))
        run(folder, "-i", "mine.py:loss", "-k", "c1", "--report", f"json={name}.json")
    done = xent_check(folder, "compare", "a.json", "b.json")
    assert done.code == 0
    (changed,) = [line for line in done.out.splitlines() if "::c1" in line]
    assert changed.endswith("diverges -> agrees")


def test_a_name_that_is_declared_otherwise_is_no_column_of_both() -> None:
    def declaring(text: str, name: str) -> tuple[str, Report]:
        host = Host("2.0.0", "cpu", "numpy", own=True, declared=text)
        one = report([agreeing(case(name), "fused")], names=("fused",))
        return name, replace(one, hosts={"fused": host})

    first = declaring("a:b, returns mean", "1.json")
    assert merge([first, declaring("a:b, returns mean", "2.json")]).cases == 2
    with pytest.raises(UserError) as caught:
        merge([first, declaring("a:b, returns sum", "2.json")])
    assert str(caught.value) == (
        "2.json: fused is declared: a:b, returns sum; a:b, returns mean in 1.json"
    )
