"""What every report says of a user's own loss: what it takes, and how what it raised got there."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.reports import agreeing, case, report, result
from xent_check.history.saved.read import load_report
from xent_check.problem.evaluation import Failed
from xent_check.reporters.formats import Terminal, github, html, junit, markdown, table
from xent_check.reporters.formats import json as json_format
from xent_check.results.report import Host, Report

OWN = "mine.py:loss"
TOOK = f"{OWN} gets numpy arrays; computes sparse_categorical from logits; not binary (off by 1)"
TRACEBACK = '  File "mine.py", line 3, in loss\n    return <inner>(logits)\nValueError: no'
TERMINAL = Terminal(width=200, color=False, unicode=True)
LOUD = replace(TERMINAL, verbosity=1)


def of_own() -> Report:
    failed = Failed("error", "ValueError: no (at mine.py:3, in loss)", f"{OWN}(logits, labels)",
                    traceback=TRACEBACK)  # fmt: skip
    results = [
        agreeing(case("easy", line=3), OWN),
        result(case("hard", line=5), OWN, "failed", reason=failed.message, evaluation=failed),
    ]
    host = Host("2.0.0", "cpu", "numpy", own=True, took=TOOK)
    return replace(report(results, names=(OWN,)), hosts={OWN: host})


def test_a_table_folds_the_traceback_unless_it_is_asked_for() -> None:
    text = table.render(of_own(), TERMINAL)
    assert "-v shows the traceback" in text
    assert "<inner>" not in text
    assert "traceback" not in table.render(of_own(), replace(TERMINAL, verbosity=-1))
    lines = [line.removeprefix("  ") for line in table.render(of_own(), LOUD).splitlines()]
    start = lines.index(f"call: {OWN}(logits, labels)")
    assert lines[start + 1 :][:3] == TRACEBACK.splitlines()


def test_json_has_the_traceback_and_judging_again_keeps_it(tmp_path: Path) -> None:
    text = json_format.render(of_own(), TERMINAL)
    easy, hard = json.loads(text)["results"]
    assert hard["traceback"] == TRACEBACK
    assert "traceback" not in easy
    (tmp_path / "run.json").write_text(text)
    again = load_report(tmp_path / "run.json")
    assert json.loads(json_format.render(again, TERMINAL))["results"][1] == hard
    assert again.hosts[OWN].took == TOOK


def test_junit_has_both() -> None:
    root = ElementTree.fromstring(junit.render(of_own(), TERMINAL))
    properties = {one.get("name"): one.get("value") for one in root.iter("property")}
    assert properties == {OWN: TOOK}
    (error,) = root.iter("error")
    assert error.text == f"call: {OWN}(logits, labels)\n{TRACEBACK}"


def test_the_page_has_both_and_folds_the_traceback() -> None:
    pytest.importorskip("jinja2")
    text = html.render(of_own(), TERMINAL)
    assert f'<p class="meaning">{TOOK}.</p>' in text
    folded = text.partition('<details class="traceback"')[2].partition("</details>")[0]
    assert "return &lt;inner&gt;(logits)\nValueError: no</pre>" in folded
    assert not folded.startswith(" open")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (markdown.render(of_own(), TERMINAL), TOOK.replace("_", r"\_") + "."),
        (github.render(of_own(), TERMINAL), f"::notice title=xent-check::{TOOK}"),
    ],
)
def test_what_it_takes_has_a_line_of_its_own(text: str, line: str) -> None:
    assert line in text.splitlines()
