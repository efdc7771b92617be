"""What reads a CI job's output finds no command in it that a case's text made."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.command import completed
from tests.support.reports import case, every_status, report, result
from xent_check.cli.guarding import Guarded, as_json, as_xml, guarded, guarded_report
from xent_check.reporters.formats import Terminal, reporter

ERROR = "::error file=x.py,line=1::made up"
WEIGHTLESS = ("Cc", "Cf", "Mn")


def obeyed(text: str) -> list[str]:
    """The lines that a runner takes for commands: actions/runner, src/Runner.Common/
    ActionCommand.cs, TryParseV2 (after TrimStart) and TryParse (anywhere), of any name and
    without the second part; Azure's and TeamCity's; GitLab's section markers.

    Lines end as .NET's ReadLine and Python's splitlines have it. Where a comparison is by culture,
    characters without weight do not count.
    """
    found = re.findall(r"section_(?:start|end):\d+:[^\r\n]*\r\x1b.*", text)
    for line in text.splitlines():
        weighty = "".join(c for c in line if unicodedata.category(c) not in WEIGHTLESS)
        bare = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", line)
        if any(form.lstrip().startswith("::") for form in (line, weighty, bare)):
            found.append(line)
        elif re.search(r"##\w*\[", line):
            found.append(line)
    return found


@pytest.mark.parametrize(
    "before",
    ["", " ", "\t ", "\u00a0", "\u3000", "\ufeff", "\u00ad", "\u034f", "\u200b", "\x1b[31m"],
)
@pytest.mark.parametrize("end", ["", "\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028"])
def test_a_command_is_none_after_any_blank_and_any_end_of_a_line(before: str, end: str) -> None:
    text = f"first{end}{before}{ERROR}" if end else before + ERROR
    assert obeyed(text)
    assert not obeyed(guarded(text))
    assert not obeyed(guarded(text, colours=True))


@pytest.mark.parametrize(
    "line",
    [
        "##[error]made up", "said: ##[group]x", "##vso[task.setvariable variable=a]b",
        "##teamcity[testFailed name='x']", "section_start:1560896352:x\r\x1b[0KHidden",
    ],
)  # fmt: skip
def test_older_commands_and_other_runners_are_none_anywhere(line: str) -> None:
    assert obeyed(line)
    assert not obeyed(guarded(line))


def test_what_is_guarded_still_reads_as_it_was() -> None:
    assert guarded(ERROR) == r":\x3aerror file=x.py,line=1::made up"
    assert guarded("##[error]x") == r"##\x5berror]x"
    assert guarded("a.yaml::case\n  b.yaml::case # [x] ## [y]\n") == (
        "a.yaml::case\n  b.yaml::case # [x] ## [y]\n"
    )
    assert guarded("\x1b[8mhidden") == r"\x1b[8mhidden"
    assert guarded("\x1b[1mbold", colours=True) == "\x1b[1mbold"


NASTY = st.text(st.sampled_from(list(":#[]ax \n\r\t\x1b\u00a0\u2028\u034fm3\u00e9")), max_size=30)


@example(":\u034f:")  # a character without weight between the two
@given(NASTY)
def test_no_text_is_a_command_and_to_guard_twice_changes_nothing(text: str) -> None:
    once = guarded(text)
    assert not obeyed(once)
    assert guarded(once) == once


@example([":", ":a"])  # a command that two writes make
@given(st.lists(NASTY, max_size=6))
def test_it_does_not_matter_how_a_stream_is_cut_into_writes(parts: list[str]) -> None:
    out = io.StringIO()
    stream = Guarded(out)
    stream.writelines(parts)
    assert out.getvalue() == guarded("".join(parts))


@given(NASTY)
def test_data_stays_the_same_data(text: str) -> None:
    document = guarded(json.dumps({"a": text + "\x7f"}, indent=1), as_json)
    assert json.loads(document) == {"a": text + "\x7f"}
    assert not obeyed(document)
    element = ElementTree.Element("a")
    element.text = "".join(c for c in text if c.isprintable() or c in "\n\t")
    markup = guarded(ElementTree.tostring(element, "unicode"), as_xml)
    assert ElementTree.fromstring(markup).text == (element.text or None)
    assert not obeyed(markup)


@pytest.mark.parametrize("name", ["table", "json", "jsonl", "sarif", "junit", "html"])
def test_a_report_without_commands_is_not_changed(name: str) -> None:
    text = reporter(name).render(every_status(), Terminal(color=name == "table"))
    assert guarded_report(text, name) == text


def test_an_escape_sequence_of_a_text_is_shown_in_a_coloured_table() -> None:
    hides = result(case("x"), "torch", "failed", reason="\x1b[8m\x1b[2Jnothing to see\u202e")
    text = reporter("table").render(report([hides]), Terminal(color=True))
    assert r"\x1b[8m\x1b[2Jnothing to see\u202e" in text
    assert "\x1b[8m" not in text


COMMANDS = f"""\
def loss(logits, labels):
    print({ERROR!r})
    raise ValueError({ERROR!r} + chr(10) + "##[error]made up" + chr(13) + {ERROR!r})
"""
NAME = "## ##[error]name"
CASES = f"""\
loss: sparse_categorical
logits: [[1.0, 2.0]]
labels: [0]
name: "{NAME}"
description: "{ERROR}"
source: "{ERROR}"
implementations: [manual]
expect:
  manual:
    losses: [7]
    because: "declared\\n{ERROR}\\r{ERROR}"
"""


def command(folder: Path, *arguments: str, **environment: str) -> tuple[str, str]:
    """Both streams of the real command."""
    ci = {"GITHUB_ACTIONS": "true", "GITLAB_CI": "true"}
    done = completed(folder, *arguments, **{**ci, **environment})
    return done.stdout, done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    (folder / "own.py").write_text(COMMANDS)
    (folder / "good").mkdir()
    (folder / "good" / f"a\n{ERROR}\n.yaml").write_text(CASES)
    (folder / "bad").mkdir()
    (folder / "bad" / f"b\n{ERROR}.yaml").write_text(f'loss: "{ERROR}"\n"\\n{ERROR}": 1\n')
    return folder


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "sarif", "junit", "html", "markdown"])
def test_no_report_of_the_command_is_obeyed(form: str, folder: Path) -> None:
    asked = ("run", "good", "-v", "-i", "manual", "-i", "own.py:loss", "--report", form)
    streams = command(folder, *asked, COLUMNS="60")
    assert "made up" in streams[0]
    assert [obeyed(text) for text in streams] == [[], []]
    if form == "json":
        assert {r["case"].rpartition("::")[2] for r in json.loads(streams[0])["results"]} == {NAME}
    if form == "junit":
        ElementTree.fromstring(streams[0])


def test_the_github_report_s_own_commands_are_obeyed_and_no_others(folder: Path) -> None:
    out, err = command(folder, "run", "good", "-i", "own.py:loss", "--report", "github")
    assert not obeyed(err)
    assert out.splitlines() == obeyed(out)
    assert all(re.match(r"::(error|warning|notice) [^:]*::", line) for line in out.splitlines())
    assert "::error file=x.py" not in [line[:17] for line in out.splitlines()]


@pytest.mark.parametrize(
    "arguments", [("run", "bad"), ("run", f"\n {ERROR}::name"), (f"\n{ERROR}",)]
)
def test_what_is_said_on_standard_error_is_not_obeyed(
    arguments: tuple[str, ...], folder: Path
) -> None:
    out, err = command(folder, *arguments)
    assert "made up" in err
    assert [obeyed(text) for text in (out, err)] == [[], []]


def test_a_bug_of_our_own_is_not_obeyed(folder: Path) -> None:
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(
        "import xent_check.cli as c\n"
        f"def broken(**_): raise ZeroDivisionError('x\\n' + {ERROR!r})\n"
        "c.group = broken\n"
    )
    paths = [str(folder / "site"), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    path = os.pathsep.join(filter(None, paths))
    _, err = command(folder, "impls", PYTHONPATH=path, XENT_CHECK_FRESH="1")
    assert "this is a bug" in err
    assert not obeyed(err)


# ---- terminals that take no escape sequences ----------------------------------------------------


@pytest.mark.parametrize(("term", "escapes"), [("dumb", False), ("xterm", True)])
def test_a_dumb_terminal_gets_no_escape_sequence(term: str, escapes: bool, folder: Path) -> None:
    (folder / "plain").mkdir(exist_ok=True)
    (folder / "plain" / "case.yaml").write_text("loss: binary\nlogits: [0.5]\nlabels: [1]\n")
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "xent_check", "run", "plain", "-i", "manual"],
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**environment, "TERM": term},
    )
    os.close(theirs)
    seen = b""
    try:
        while part := os.read(ours, 65536):
            seen += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 0
    assert b"agrees: 1 case" in seen.replace(b"\x1b[0m", b"").replace(b"\x1b[1;32m", b"")
    assert (b"\x1b" in seen) == escapes
