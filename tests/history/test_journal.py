"""A journal: what was appended is read again, and nothing else."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xent_check.history.journal import Journal, JournalError

SUBJECT = {"cases": "a", "version": 1}


def entries(file: Path) -> list[object]:
    with Journal(file, SUBJECT, resume=True) as journal:
        return list(journal.entries)


def filled(file: Path, count: int = 3) -> None:
    with Journal(file, SUBJECT, resume=False) as journal:
        for number in range(count):
            journal.add({"number": number, "text": "é\n"})


def test_what_was_added_is_read_again_and_more_is_added(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "a.jsonl"
    filled(file, 2)
    with Journal(file, SUBJECT, resume=True) as journal:
        assert [entry["number"] for entry in journal.entries] == [0, 1]
        journal.add({"number": 2})
    assert len(entries(file)) == 3


@given(st.data())
def test_a_file_that_was_cut_off_anywhere_gives_its_whole_lines(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    file = tmp_path_factory.mktemp("cut") / "a.jsonl"
    filled(file)
    whole = file.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    file.write_bytes(whole[:cut])
    lines = whole[:cut].count(b"\n")
    assert len(entries(file)) == max(0, lines - 1)
    with Journal(file, SUBJECT, resume=True) as journal:
        journal.add({"number": 9})
    assert entries(file)[max(0, lines - 1) :] == [{"number": 9}]


def test_without_resume_it_begins_anew(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    filled(file)
    filled(file, 1)
    assert len(entries(file)) == 1


def test_one_that_was_edited_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    filled(file)
    file.write_text(file.read_text().replace('"number": 1', '"number": 7'))
    with pytest.raises(JournalError, match=r"a\.jsonl:3: damaged; delete the file"):
        entries(file)


def test_one_of_another_job_is_refused_with_what_differs(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    filled(file)
    with pytest.raises(JournalError, match="it is of another version; leave out --resume"):
        Journal(file, {**SUBJECT, "version": 2}, resume=True)
    assert len(entries(file)) == 3


def _tries(file: Path) -> None:
    with pytest.raises(JournalError, match="another process works on this"):
        Journal(file, SUBJECT, resume=True)


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    with Journal(file, SUBJECT, resume=False):
        process = multiprocessing.get_context("fork").Process(target=_tries, args=(file,))
        process.start()
        process.join(30)
    assert process.exitcode == 0
