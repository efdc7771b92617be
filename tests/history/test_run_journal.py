"""The journal of a run: whole lines, kept as they were, of this run alone."""

from __future__ import annotations

import errno
import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from xent_check.errors import UserError
from xent_check.history import run_journal as module
from xent_check.history.plain_values import from_plain, to_plain
from xent_check.history.run_journal import Heading, RunJournal
from xent_check.problem.conduct import Conduct, Repetition, Unrepeated
from xent_check.problem.evaluation import Computed, Evaluation, Failed, FailureKind, Unsupported
from xent_check.reference.enclosure import Enclosure
from xent_check.results.difference import Difference, Excerpt
from xent_check.results.joining import Finding

HEADING = Heading(
    "1.0", "a processor, Python 3.12", {"a.yaml::a": "12ab", "a.yaml::b": "34cd"},
    {"torch": "2.13.0"}, {"--tolerance": "None"},
)  # fmt: skip
ANSWER = Computed(
    np.array([1.5, np.nan, -0.0], np.float32), {"mean": np.array(np.inf, np.float32)}, "f(x)", 0.1
)


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XENT_CHECK_CACHE", str(tmp_path / "cache"))


def written(file: Path, answers: int = 3) -> bytes:
    """The journal of a run that ended early after so many answers."""
    with RunJournal(file, HEADING, resume=True) as journal:
        journal._open()
        for number in range(answers):
            journal.keep_answer(f"a.yaml::{number}", "torch", ANSWER)
    return file.read_bytes()


def same(value: Any, other: Any) -> bool:
    """Equal to the bit, with the same dtypes and classes."""
    if is_dataclass(value):
        names = [field.name for field in fields(value)]
        return type(value) is type(other) and all(
            same(getattr(value, name), getattr(other, name)) for name in names
        )
    if isinstance(value, np.ndarray | np.generic):
        ours, theirs = np.asarray(value), np.asarray(other)
        form = (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        return form and ours.tobytes() == theirs.tobytes()
    if isinstance(value, dict):
        return value.keys() == other.keys() and all(same(v, other[k]) for k, v in value.items())
    if isinstance(value, tuple):
        return len(value) == len(other) and all(map(same, value, other))
    return bool(value == other) and type(value) is type(other)


ONE = np.ones(2)
DIFFERENCE = Difference(
    ONE, ONE, ONE, ONE, "float32", 0.0,
    Excerpt(((0, 1), (2, 3)), (9, 9), 4, "nan (1), value (80)", "12ab", ONE, np.array([1, 80])),
    "float32",
)  # fmt: skip
CONDUCT = Conduct({"logits": 3}, Repetition((Unrepeated("losses", 1, 2, (0,), 1.0, float("inf")),)))


@pytest.mark.parametrize(
    "value",
    [
        ANSWER,
        replace(ANSWER, losses=np.array([1.5, -0.0], ml_dtypes.bfloat16), conduct=CONDUCT),
        replace(ANSWER, losses=np.zeros((2, 0)), gradient=Unsupported("none")),
        Failed("error", "ValueError: ☃ \n", "f(x)", traceback="a\nb"),
        Enclosure(ONE, ONE * 2.0**-60, np.array([0.0, 5e-324])),
        Finding((slice(0, 3), slice(1, 2)), ANSWER, None, "why", True, None, ("a note",)),
        DIFFERENCE,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_kept_comes_back_to_the_bit(value: Any) -> None:
    assert same(from_plain(json.loads(json.dumps(to_plain(value)))), value)


@pytest.mark.parametrize(
    "plain",
    [
        {"Path": {"args": "/etc"}},
        {"Unsupported": {"reason": "a", "more": 1}},
        {"Unsupported": {}},
        {"array": ["object", [1], "AAAA"]},
        {"array": ["float32", [3], "AAAA"]},
        {"a": 1, "b": 2},
        {},
    ],
    ids=["class", "field", "no field", "dtype", "size", "keys", "no key"],
)
def test_what_the_journal_never_writes_is_refused(plain: Any) -> None:
    """A file makes no other objects than those of answers."""
    with pytest.raises(ValueError):  # noqa: PT011  NumPy's, binascii's or its own
        from_plain(plain)


def test_a_later_run_has_what_was_kept(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    written(file)
    with RunJournal(file, HEADING, resume=True) as journal:
        assert journal.resumed == 3
        assert same(journal.answer("a.yaml::2", "torch"), ANSWER)
        assert journal.answer("a.yaml::2", "jax") is None
        journal.keep_answer("a.yaml::9", "torch", Unsupported("why"))
    with RunJournal(file, HEADING, resume=True) as journal:
        assert journal.resumed == 4
        assert journal.answer("a.yaml::9", "torch") == Unsupported("why")


def test_a_journal_that_was_cut_short_anywhere_has_its_whole_lines(tmp_path: Path) -> None:
    """A kill may come in the middle of a write. What comes after goes behind the last whole line,
    and is there at the next try."""
    file = tmp_path / "journal"
    content = written(file, 2)
    ends = [i + 1 for i, byte in enumerate(content) if byte == ord("\n")]
    for length in [*range(0, len(content), 23), *ends, *(end - 1 for end in ends)]:
        file.write_bytes(content[:length])
        with RunJournal(file, HEADING, resume=True) as journal:
            lines = content[:length].count(b"\n")
            assert journal.resumed == max(0, lines - 1)
            journal._open()
            journal.keep_answer("a.yaml::new", "torch", ANSWER)
        with RunJournal(file, HEADING, resume=True) as journal:
            assert journal.resumed == max(0, lines - 1) + 1


def test_what_is_no_journal_of_a_run_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    lines = written(file).splitlines(keepends=True)
    file.write_bytes(b"".join(lines[1:]))  # without its first line
    with pytest.raises(UserError, match="another xent-check wrote it; without --resume it begins"):
        RunJournal(file, HEADING, resume=True)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"xent_check": "2.0"}, "it was begun by xent-check 1.0; this is 2.0"),
        (
            {"machine": "another one"},
            "it was begun on a processor, Python 3.12; this is another one",
        ),
        ({"cases": {"a.yaml::a": "12ab"}}, "it has the case a.yaml::b, which is not asked for now"),
        ({"cases": {**HEADING.cases, "c": ""}}, "it does not have the case c"),
        ({"cases": {**HEADING.cases, "a.yaml::b": "ef"}}, "a.yaml::b has changed since"),
        ({"implementations": {"torch": "2.14.0"}}, "torch was 2.13.0, and is 2.14.0"),
        ({"implementations": {}}, "it has the implementation torch, which is not asked for now"),
        ({"options": {"--tolerance": "auto"}}, "--tolerance was None, and is auto"),
    ],
)
def test_the_journal_of_another_run_is_refused_with_what_differs(
    change: Any, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "journal"
    before = written(file)
    with pytest.raises(UserError) as caught:
        RunJournal(file, replace(HEADING, **change), resume=True)
    assert told in str(caught.value)
    assert "without --resume it begins anew" in str(caught.value)
    assert file.read_bytes() == before
    with RunJournal(file, HEADING, resume=True) as journal:  # nobody has it locked
        assert journal.resumed == 3


def test_without_resume_it_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    written(file)
    with RunJournal(file, HEADING) as journal:
        journal._open()
        assert journal.answer("a.yaml::0", "torch") is None
    with RunJournal(file, HEADING, resume=True) as journal:
        assert journal.resumed == 0


def test_a_short_run_leaves_no_trace(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "journal"
    with RunJournal(file, HEADING) as journal:
        journal.keep_answer("a.yaml::0", "torch", ANSWER)
        journal.finish()
    assert not file.parent.exists()


def test_what_came_before_the_file_is_in_it(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    with RunJournal(file, HEADING) as journal:
        journal.keep_answer("a.yaml::0", "torch", ANSWER)
        journal._open()
        journal.keep_answer("a.yaml::1", "torch", ANSWER)
    with RunJournal(file, HEADING, resume=True) as journal:
        assert journal.resumed == 2


def test_a_run_that_came_to_its_end_deletes_it(tmp_path: Path) -> None:
    file = tmp_path / "journal"
    written(file)
    with RunJournal(file, HEADING, resume=True) as journal:
        journal.finish()
    assert not file.exists()


def test_the_second_of_two_runs_at_once_keeps_none(tmp_path: Path) -> None:
    """And it cannot go on from what is being written."""
    file = tmp_path / "journal"
    with RunJournal(file, HEADING) as first:
        first._open()
        with RunJournal(file, HEADING) as second:
            second._open()
            second.keep_answer("a.yaml::0", "torch", ANSWER)
            second.finish()
        with pytest.raises(UserError, match="another process works on this"):
            RunJournal(file, HEADING, resume=True)
        first.keep_answer("a.yaml::1", "torch", ANSWER)
    with RunJournal(file, HEADING, resume=True) as journal:
        assert journal.resumed == 1
        assert journal.answer("a.yaml::1", "torch") is not None


@pytest.mark.parametrize(
    ("kind", "kept"), [("error", True), ("crash", False), ("timeout", False), ("import", False)]
)
def test_a_failure_that_another_try_may_not_have_is_asked_again(
    kind: FailureKind, kept: bool, tmp_path: Path
) -> None:
    """After a kill of everything, a process that died first is no finding; nor is a time-out that a
    longer --timeout may end."""
    file = tmp_path / "journal"
    failed: Evaluation = Failed(kind, "why")
    with RunJournal(file, HEADING) as journal:
        journal._open()
        journal.keep_answer("a", "torch", failed)
        finding = Finding((slice(0, 1),), failed, None, None, False, None, ())
        journal.keep_finding("a", 0, "torch", finding)
    with RunJournal(file, HEADING, resume=True) as journal:
        assert journal.resumed == 2 * kept


def test_an_answer_that_is_too_large_to_keep_is_given_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 10)
    assert b"a.yaml::0" not in written(tmp_path / "journal")


def test_old_journals_of_the_folder_are_deleted(tmp_path: Path) -> None:
    import os

    for name, age in (("old", 31), ("new", 29)):
        file = tmp_path / name
        file.touch()
        then = file.stat().st_mtime - age * 24 * 3600
        os.utime(file, (then, then))
    written(tmp_path / "journal")
    assert {file.name for file in tmp_path.iterdir()} == {"new", "journal", "journal.lock"}


def full(_: object) -> None:
    raise OSError(errno.ENOSPC, "no space left on device")


def test_a_full_disk_ends_the_journal_and_not_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "journal"
    with RunJournal(file, HEADING) as journal:
        journal._open()
        assert journal._journal is not None
        monkeypatch.setattr(journal._journal, "add", full)
        journal.keep_answer("a", "torch", ANSWER)
        journal.keep_answer("b", "torch", ANSWER)
        journal.finish()
