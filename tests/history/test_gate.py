"""The regression gate on the real command: what is planted, and what becomes of it.

The function under test is a file of its own, which a test changes between `accept` and `run`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import xent_check
from tests.support.gated import BEYOND, CASES, ERROR, FURTHER, NAME, NAN, NOTHING, ONE_BIT, Place
from xent_check.history.gate import Rule, parse_rules


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    (tmp_path / "c.yaml").write_text(CASES)
    made.plant(NOTHING)
    return made


@pytest.fixture
def accepted(place: Place) -> Place:
    assert place.accept().code == 0
    return place


def test_accepting_twice_changes_nothing(accepted: Place) -> None:
    before, time = accepted.baseline, (accepted.folder / "base.json").stat().st_mtime_ns
    done = accepted.accept()
    assert done.code == 0
    assert "nothing changed" in done.err
    assert accepted.baseline == before
    assert (accepted.folder / "base.json").stat().st_mtime_ns == time


def test_a_run_that_is_as_it_was_is_quiet(accepted: Place) -> None:
    assert accepted.changes() == (0, {})


def test_the_baseline_is_sorted_and_exact(accepted: Place) -> None:
    document = json.loads(accepted.baseline)
    assert list(document["cases"]) == sorted(document["cases"])
    answer = document["cases"]["c.yaml::first"][NAME]
    # log(e^2 + e + e^0.1) - 2 and so on, by mpmath: 0.417030016, 0.220049524, 4.024744890
    assert answer["losses"] == pytest.approx([0.417030016, 0.220049524, 4.024744890], rel=3e-7)
    assert "e-" not in str(answer["losses"])  # the shortest float32, not the float64 it is kept in
    assert max(len(str(loss)) for loss in answer["losses"]) <= 11
    assert (answer["status"], answer["behaviour"]) == ("agrees", "value")
    assert document["implementations"][NAME]["device"] == "cpu"


BOTH = ("first", "second")


@pytest.mark.parametrize(
    ("planted", "kind", "code"),
    [
        (ONE_BIT, "drifted", 0),
        (BEYOND, "new", 1),
        (NAN, "behaviour", 1),
        (ERROR, "behaviour", 4),
    ],
)
def test_a_planted_change_is_what_it_is(
    accepted: Place, planted: str, kind: str, code: int
) -> None:
    accepted.plant(planted)
    assert accepted.changes() == (code, dict.fromkeys(BOTH, kind))


def test_an_error_that_became_a_value(place: Place) -> None:
    place.plant(ERROR)
    assert place.accept("--because", "it was never written").code == 0
    assert place.changes() == (0, dict.fromkeys(BOTH, "known"))
    place.plant(NOTHING)
    assert place.changes() == (0, dict.fromkeys(BOTH, "fixed"))
    place.plant(BEYOND)
    assert place.changes() == (1, dict.fromkeys(BOTH, "behaviour"))


def test_one_bit_more_or_less_fails_where_that_is_asked_for(accepted: Place) -> None:
    accepted.plant(ONE_BIT)
    assert accepted.changes("--fail-on", "drift")[0] == 1
    assert accepted.changes("--fail-on", "new,drift:1000x")[0] == 0
    code, report = accepted.run("--fail-on", "new,behaviour,drift:1.001x")
    shares = [(c["share_before"], c["share_after"]) for c in report["baseline"]["changes"]]
    assert code == (1 if any(b >= 1.001 * max(a, 0.05) for a, b in shares) else 0)
    assert [c["ulps"] for c in report["baseline"]["changes"]] == [1.0, 1.0]


@pytest.mark.long
def test_a_case_added_and_a_case_removed(accepted: Place) -> None:
    cases = accepted.folder / "c.yaml"
    cases.write_text(CASES.replace("name: second", "name: third"))
    assert accepted.changes() == (0, {"third": "added", "second": "removed"})
    assert accepted.changes("--fail-on", "removed")[0] == 1
    assert accepted.changes("-k", "third") == (0, {"third": "added"})  # others were left out
    assert "second" in accepted.baseline
    assert accepted.accept().code == 0
    assert "second" in accepted.baseline
    assert accepted.accept("--prune").code == 0
    assert "second" not in accepted.baseline
    assert accepted.changes() == (0, {})


def test_a_case_added_that_diverges_is_new(accepted: Place) -> None:
    accepted.plant("losses = losses if labels[0] == 0 else losses + 1")
    (accepted.folder / "c.yaml").write_text(CASES.replace("name: second", "name: third"))
    assert accepted.changes() == (1, {"third": "new", "second": "removed"})


def test_another_version_is_compared_and_said(accepted: Place) -> None:
    file = accepted.folder / "base.json"
    document = json.loads(accepted.baseline)
    document["implementations"][NAME] |= {"version": "1.2.3", "platform": "plan9 mips"}
    file.write_text(json.dumps(document))
    code, report = accepted.run()
    assert code == 0
    assert report["baseline"]["same"] == 2
    [note] = report["baseline"]["notes"]
    assert "1.2.3 on cpu, plan9 mips in the baseline; " in note
    done = accepted.command("run", "c.yaml", "-i", NAME, "--baseline", "base.json")
    assert f"{NAME}: 1.2.3 on cpu" in " ".join(done.out.split())


@pytest.mark.long
def test_a_divergence_needs_a_reason_and_keeps_it(place: Place) -> None:
    place.plant(BEYOND)
    refused = place.accept()
    assert refused.code == 2
    assert "--because" in refused.err
    assert "c.yaml::first" in refused.err
    assert not (place.folder / "base.json").exists()
    assert place.accept("--because", "  ").code == 2
    assert place.accept("--because", "planted").code == 0
    code, report = place.run()
    assert code == 0
    assert {r["status"] for r in report["results"]} == {"known"}
    assert {r["reason"] for r in report["results"]} == {"accepted in the baseline: planted"}
    assert place.accept().code == 0  # it stands, and needs no second reason
    assert '"because": "planted"' in place.baseline
    place.plant(FURTHER)
    assert place.changes() == (1, dict.fromkeys(BOTH, "new"))
    assert place.accept().code == 2
    place.plant(NOTHING)
    assert place.changes() == (0, dict.fromkeys(BOTH, "fixed"))
    assert place.accept().code == 0
    assert "because" not in place.baseline


def test_a_divergence_that_nothing_makes_fail_is_still_said(accepted: Place) -> None:
    accepted.plant(BEYOND)
    code, report = accepted.run("--fail-on", "behaviour")
    assert (code, report["summary"]["verdict"], report["summary"]["diverges"]) == (0, "diverges", 2)


def test_a_reason_that_was_cut_out_of_the_file_is_missed(place: Place) -> None:
    place.plant(BEYOND)
    assert place.accept("--because", "planted").code == 0
    cut = place.baseline.replace(', "because": "planted"', "")
    assert cut != place.baseline
    (place.folder / "base.json").write_text(cut)
    done = place.command("run", "c.yaml", "-i", NAME, "--baseline", "base.json")
    assert (done.code, "diverges without a because" in done.err) == (2, True)


def test_what_did_not_run_stays_in_the_baseline(accepted: Place) -> None:
    accepted.plant(ONE_BIT)
    assert accepted.accept("-k", "first").code == 0
    accepted.plant(NOTHING)
    assert accepted.changes() == (0, {"first": "drifted"})


def test_nothing_compared_is_not_accepted(place: Place) -> None:
    (place.folder / "c.yaml").write_text(
        CASES.replace("labels", "sample_weight: [1, 1, 1], labels")
    )
    done = place.accept()
    assert done.code == 3
    assert not (place.folder / "base.json").exists()


def test_one_answer_is_no_answers(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("{loss: binary, logits: [1.0], labels: [1]}")
    done = xent_check(tmp_path, "accept", "one.yaml", "-i", "stable", "--baseline", "b.json")
    assert (done.code, done.err) == (0, "b.json: 1 answer to 1 case\n")


def test_what_is_required_and_missing_is_not_accepted(place: Place) -> None:
    document = place.command("run", "c.yaml", "-i", NAME, "--report", "json").json
    document["run"]["absent"] = ["torch"]
    document["summary"] |= {"verdict": "failed", "exit_code": 4}
    (place.folder / "run.json").write_text(json.dumps(document))
    saved = ("accept", "--results", "run.json", "--baseline", "base.json")
    done = place.command(*saved)
    assert done.code == 4
    refused = place.command(*saved, "c.yaml", "-k", "first")
    assert refused.code == 2
    assert "--results runs nothing; leave out PATH, -k" in refused.err
    assert "torch: required and missing" in done.err
    assert not (place.folder / "base.json").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no baseline of xent-check"),
        ("[]", "no baseline of xent-check"),
        ('{"schema": 2, "implementations": {}, "cases": {}}', "schema"),
        ('{"schema": 1, "implementations": {}, "cases": {"a": {"b": {"status": "agrees"}}}}', "b"),
    ],
)
def test_a_file_that_is_no_baseline_is_refused(place: Place, text: str, message: str) -> None:
    (place.folder / "base.json").write_text(text)
    for done in (
        place.command("run", "c.yaml", "-i", NAME, "--baseline", "base.json"),
        place.accept(),
    ):
        assert done.code == 2
        assert message in done.err
        assert "accept` writes one" in done.err
    assert (place.folder / "base.json").read_text() == text


def test_a_baseline_that_is_not_there_is_said_before_anything_runs(place: Place) -> None:
    done = place.command("run", "c.yaml", "-i", NAME, "--baseline", "nowhere.json")
    assert (done.code, done.out) == (2, "")
    assert "nowhere.json: No such file or directory; `xent-check accept` writes one" in done.err


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("new,behaviour", (Rule("new"), Rule("behaviour"))),
        ("drift:2x", (Rule("drifted", 2.0),)),
        ("drift:1.5", (Rule("drifted", 1.5),)),
        (" drift , added", (Rule("drifted"), Rule("added"))),
    ],
)
def test_rules_are_read(text: str, rules: tuple[Rule, ...]) -> None:
    assert parse_rules([text]) == rules


@pytest.mark.parametrize("text", ["drfit", "new:2x", "drift:1x", "drift:x", "drift:-2", "same", ""])
def test_a_rule_that_is_none_is_refused(place: Place, text: str) -> None:
    done = place.command("run", "--baseline", "base.json", "--fail-on", text)
    assert done.code == 2
    assert f"--fail-on '{text}'; allowed: " in done.err
