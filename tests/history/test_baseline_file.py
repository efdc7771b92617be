"""A baseline that somebody edited: refused, or told as a change; nothing passes in silence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.reports import case, compared, difference, report, result
from xent_check.casefile.project import Project
from xent_check.errors import UserError
from xent_check.history.baseline_file import baseline_text, load_baseline
from xent_check.history.gate import DEFAULT, accept, gate, parse_rules
from xent_check.problem.vocabulary import Reduction
from xent_check.reference.bounds import Bounds
from xent_check.results.report import CaseResult, Report, Scope

HERE = Project(Path.cwd())


def answer(name: str, losses: Any, status: Any = "agrees") -> CaseResult:
    numbers = difference(losses, np.ones_like(losses))
    comparison = compared(numbers, {"mean": difference(1.0, 1.0)})
    made = replace(comparison, share=0.5)
    return result(case(name), "torch", status, comparison=made)


MANY = np.ones(40)
MANY[3:10] = 6.0
RUN = replace(
    report(
        [
            answer("good", np.array([1.0, 1.0, 1.0])),
            answer("bad", np.array([6.0, 1.0, 1.0]), "diverges"),
            answer("many", MANY, "diverges"),
        ],
        names=("torch",),
    )
)
DRIFTED = replace(
    RUN, results=(answer("good", np.array([1.0 + 2**-23, 1.0, 1.0])), *RUN.results[1:])
)


def document() -> dict[str, Any]:
    """The baseline of the run, as JSON."""
    made: dict[str, Any] = json.loads(baseline_text(accept(RUN, None, "it is known", HERE)))
    return made


def loaded(text: str, folder: Path) -> Any:
    (folder / "base.json").write_text(text, encoding="utf-8")
    return load_baseline(folder / "base.json")


def told(text: str, folder: Path, rules: str = ",".join(DEFAULT), ran: Report = RUN) -> set[str]:
    """The kinds of what fails, and of what is said beside that; `same` where nothing is."""
    result = gate(ran, loaded(text, folder), "base.json", parse_rules([rules]), HERE).gate
    assert result is not None
    kinds = {str(change.kind) for change in result.failing}
    others = [c for c in result.changes if c not in result.failing and c.kind != "known"]
    kinds |= {f"said: {change.kind}" for change in others}
    kinds |= {"not run"} if result.left_out else set()
    return (kinds | ({"note"} if result.notes else set())) or {"same"}


Edit = Callable[[dict[str, Any]], Any]


def answers(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["cases"][f"cases/demo.yaml::{name}"]["torch"]
    return found


def put(name: str, **values: Any) -> Edit:
    return lambda d: answers(d, name).update(values)


def cut(name: str, key: str) -> Edit:
    return lambda d: answers(d, name).pop(key)


def rename(d: dict[str, Any]) -> None:
    d["cases"]["cases/demo.yaml::goods"] = d["cases"].pop("cases/demo.yaml::good")


def in_many(**values: Any) -> Edit:
    return lambda d: answers(d, "many")["losses"].update(values)


def test_what_nobody_edited_is_the_same(tmp_path: Path) -> None:
    assert told(json.dumps(document()), tmp_path) == {"same"}


@pytest.mark.parametrize(
    ("edit", "kinds"),
    [
        (put("good", status="known"), {"same"}),  # no more is excused: it agrees
        (put("good", losses=[1.0, 1.0, 2.0]), {"said: drifted"}),
        (put("good", losses=[1.0, 1.0]), {"behaviour"}),
        (put("good", dtype="float64"), {"behaviour"}),
        (put("good", behaviour="value; no mean"), {"behaviour"}),
        (cut("good", "mean"), {"behaviour"}),
        (cut("good", "inputs"), {"note"}),
        (put("good", inputs="0" * 16), {"inputs"}),
        (rename, {"said: added", "not run"}),
        (put("bad", status="agrees"), {"new"}),
        (put("bad", status="failed", because="x"), {"same"}),
        (put("bad", losses=[7.0, 1.0, 1.0]), {"new"}),
        (put("bad", losses=[6.0, 6.0, 1.0]), {"new"}),
        (put("bad", losses=[1.0, 1.0, 1.0]), {"new"}),
        (put("bad", losses={"values": [[6.0, 1.0, 1.0]]}), {"behaviour"}),
        (cut("bad", "mean"), {"behaviour"}),
        (in_many(digest="0" * 16, worst={}), {"new"}),
        (in_many(digest="0" * 16, worst={"[3]": 6.0}), {"new"}),
        (in_many(shape=[8, 5]), {"refused: worst"}),
        (in_many(shape=[41]), {"behaviour"}),
        (in_many(dtype="float16"), {"behaviour"}),
        (in_many(worst={"[40]": 1.0}), {"refused: no place [40] in the shape [40]"}),
        (in_many(worst={"[3, 0]": 1.0}), {"refused: no place [3, 0] in the shape [40]"}),
        (in_many(worst={"3": 1.0}), {"refused: worst.3"}),
        (in_many(worst={"[3]": [1.0]}), {"refused: a number for each place"}),
        (in_many(worst={"[3]": None}), {"refused: null"}),
        (in_many(digest=""), {"refused: digest"}),
        (in_many(digest=None), {"refused: no numbers: give `values`"}),
        (in_many(shape=[-40]), {"refused: shape"}),
        (in_many(values=[1.0]), {"refused: need neither"}),
        (in_many(more=1), {"refused: more"}),
        (put("many", losses={}), {"refused: no numbers: give `values`"}),
        (cut("many", "losses"), {"refused: no `losses`, but `behaviour` says"}),
        (cut("bad", "losses"), {"refused: no `losses`, but `behaviour` says"}),
        (put("bad", losses=None), {"refused: no `losses`, but `behaviour` says"}),
        (put("bad", losses=[]), {"refused: no numbers, but `behaviour` says 'value'"}),
        (put("bad", losses=["nan", 1.0, 1.0]), {"refused: nan (1), value (2)"}),
        (put("bad", losses=[None, 1.0, 1.0]), {"refused: null"}),
        (put("bad", losses=[True, 1.0, 1.0]), {"refused: true"}),
        (put("bad", losses=["6", 1.0, 1.0]), {"refused: '6'"}),
        (put("bad", losses=[[6.0], 1.0, 1.0]), {"refused: losses"}),
        (put("bad", mean="nan"), {"refused: nan, but `behaviour` says 'value'"}),
        (put("bad", because=""), {"refused: diverges without a because"}),
        (put("bad", because=" \n"), {"refused: diverges without a because"}),
        (cut("bad", "because"), {"refused: diverges without a because"}),
        (put("bad", status="accepted"), {"refused: status"}),
        (put("bad", maen=1.0), {"refused: maen"}),
        (put("bad", share="nan"), {"refused: share"}),
        (put("bad", share=-1), {"refused: share"}),
        (put("bad", share={"losses": "nan"}), {"refused: share"}),
        (put("bad", inputs="what"), {"refused: inputs"}),
        (cut("bad", "dtype"), {"refused: numbers without a dtype"}),
        (lambda d: d["implementations"].clear(), {"refused: implementations: no 'torch'"}),
    ],
)  # fmt: skip
def test_no_edit_by_hand_passes_in_silence(edit: Edit, kinds: set[str], tmp_path: Path) -> None:
    edited = document()
    edit(edited)
    words = min(kinds)
    if not words.startswith("refused: "):
        assert told(json.dumps(edited), tmp_path) == kinds
        return
    with pytest.raises(UserError) as raised:
        loaded(json.dumps(edited), tmp_path)
    assert words.removeprefix("refused: ") in str(raised.value)
    assert "base.json: no baseline of xent-check: " in str(raised.value)
    assert "cases.cases/demo.yaml::" in str(raised.value) or "implementations" in words


@pytest.mark.parametrize(
    ("share", "fails"),
    [(0.25, True), (0.2501, False), ("inf", False), (None, True), ({"mean": 0.5}, True)],
)
def test_a_share_that_is_not_known_is_no_excuse_for_a_drift(
    share: Any, fails: bool, tmp_path: Path
) -> None:
    edited = document()
    answers(edited, "good")["share"] = share
    kinds = told(json.dumps(edited), tmp_path, "drift:2x", DRIFTED)
    assert kinds == {"drifted" if fails else "said: drifted"}


def test_a_baseline_of_an_older_version_has_the_share_of_the_losses_alone(tmp_path: Path) -> None:
    old = document()
    for name in ("good", "bad", "many"):
        del answers(old, name)["inputs"]
    ran = tuple(_with_share(r, {"mean": 0.9}) for r in DRIFTED.results)
    drifted = replace(DRIFTED, results=ran)
    assert told(json.dumps(old), tmp_path, "drift:2x", drifted) == {"said: drifted", "note"}
    assert told(json.dumps(document()), tmp_path, "drift:2x", drifted) == {"drifted"}


def _with_share(of: CaseResult, totals: dict[Reduction, float]) -> CaseResult:
    """With such a share of the bounds of its totals, whose errors are 2^-10."""
    assert of.comparison is not None
    off = difference(1.0 + 2**-10, 1.0, 1.0)
    bounds = Bounds(np.ones(1), {n: 2**-10 / s for n, s in totals.items()}, None, {}, 2.0**-24)
    comparison = replace(of.comparison, bounds=bounds, totals=dict.fromkeys(totals, off))
    return replace(of, comparison=comparison)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"schema": 1, "schema": 1}', "the key 'schema' appears 2 times; keep one"),
        ('{"a": {"b": NaN}}', "NaN is not JSON; write it in quotes"),
        ('{"schema": 1, "implementations": {}, "cases": {"x": {"y": {"status": "agrees", '
         '"behaviour": "value", "dtype": "float32", "losses": 1e400}}}}', "cases.x.y.losses"),
        ('{"schema": 1, "implementations": {}, "cases": {"x": {"y": {"status": "agrees", '
         f'"behaviour": "value", "dtype": "float32", "losses": 1{"0" * 400}}}}}}}}}',
         "cases.x.y.losses"),
        ("[" * 100_000, "no baseline of xent-check"),
    ],
)  # fmt: skip
def test_what_is_not_json_of_a_baseline_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"base\.json: no baseline of xent-check") as raised:
        loaded(text, tmp_path)
    assert message in str(raised.value)


def test_both_sides_of_a_merge_are_refused(tmp_path: Path) -> None:
    text = baseline_text(accept(RUN, None, "it is known", HERE))
    line = next(line for line in text.splitlines() if '"torch": {"status": "diverges"' in line)
    twice = text.replace(line, f"{line.rstrip(',')},\n{line}")
    with pytest.raises(UserError, match="the key 'torch' appears 2 times; keep one"):
        loaded(twice, tmp_path)


def test_another_encoding_is_said(tmp_path: Path) -> None:
    text = baseline_text(accept(RUN, None, "it is known", HERE))
    file = tmp_path / "base.json"
    file.write_bytes(text.encode("utf-16"))
    with pytest.raises(UserError, match=r"base\.json: .*byte 0 is not UTF-8; save it as UTF-8"):
        load_baseline(file)
    file.write_bytes(text.encode("utf-8-sig"))
    assert len(load_baseline(file).records) == 3


def test_accept_is_advised_where_there_is_no_baseline_and_not_where_a_folder_is(
    tmp_path: Path,
) -> None:
    for path, advised in ((tmp_path / "none.json", True), (tmp_path, False)):
        with pytest.raises(UserError) as caught:
            load_baseline(path)
        assert ("`xent-check accept` writes one" in str(caught.value)) is advised


def test_the_worst_are_kept_not_the_first(tmp_path: Path) -> None:
    losses = np.ones(40) + np.linspace(0, 1e-6, 40)
    one = replace(RUN, results=(answer("good", losses),))
    kept = json.loads(baseline_text(accept(one, None, None, HERE)))
    worst = answers(kept, "good")["losses"]["worst"]
    assert list(worst) == ["[35]", "[36]", "[37]", "[38]", "[39]"]


def test_the_numbers_of_32_samples_are_written_one_by_one() -> None:
    for count, kind in ((32, list), (33, dict)):
        one = replace(RUN, results=(answer("good", np.ones(count)),))
        kept = json.loads(baseline_text(accept(one, None, None, HERE)))
        assert type(answers(kept, "good")["losses"]) is kind


@pytest.mark.parametrize("narrowed", [False, True])
def test_a_new_case_alone_is_held_against_the_others_of_its_file(narrowed: bool) -> None:
    """A part of a run may be all new; a whole one was of something else."""
    baseline = accept(RUN, None, "it is known", HERE)
    new = report([answer("other", np.ones(3))], names=("torch",))
    new = replace(new, scope=Scope(("cases/demo.yaml",), filtered=narrowed))
    held = gate(new, baseline, "base.json", parse_rules(DEFAULT), HERE).gate
    assert held is not None
    assert [change.kind for change in held.changes if change.after] == ["added"]
    assert held.matched is narrowed
    elsewhere = report([result(case("other", file="cases/b.yaml"), "torch", "agrees")])
    elsewhere = replace(elsewhere, scope=Scope(("cases/b.yaml",), filtered=narrowed))
    held = gate(elsewhere, baseline, "base.json", parse_rules(DEFAULT), HERE).gate
    assert held is not None
    assert not held.matched


def test_answers_of_nobody_knows_where_are_not_left_out_in_silence() -> None:
    """Else a saved run without its environment accepts nothing, and says that nothing changed."""
    with pytest.raises(UserError, match="environment: torch has answers but no environment"):
        accept(replace(RUN, hosts={}), None, "it is known", HERE)
