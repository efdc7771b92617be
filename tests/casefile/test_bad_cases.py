"""Bad input: each file of bad_cases/ gets exactly the text beside it, and nothing runs.

`XENT_CHECK_REWRITE=1 pytest tests/casefile/test_bad_cases.py` writes the texts anew; read them
aloud before they are committed.
"""

from __future__ import annotations

import difflib
import os
import pickle
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.support.command import completed
from xent_check.casefile import memory
from xent_check.casefile.loading import Filter, load
from xent_check.errors import CaseFileError, ExitCode, NothingToCompareError, UserError

BAD_CASES = Path(__file__).parents[1] / "bad_cases"
FILES = sorted(file.name for file in BAD_CASES.glob("*.yaml"))
BINARY = "loss: binary\nlabels: [0, 1]\n"


@dataclass(frozen=True)
class Memory:
    """A machine with 16 GiB free: no message may depend on the real one."""

    available: int = 16 * 2**30


@pytest.fixture(autouse=True)
def _a_machine_with_16_gib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", Memory)
    monkeypatch.setattr(memory, "_OWN", Path(os.devnull))


def message(path: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command would print on stderr for a path, seen from `folder`."""
    monkeypatch.chdir(folder)
    with pytest.raises(UserError) as caught:
        load([path], Filter())
    assert caught.value.exit_code == ExitCode.USAGE
    return f"{caught.value}\n"


def written(folder: Path, text: str | bytes, name: str = "case.yaml") -> str:
    """A file of `folder`, and its name."""
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return name


@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_gets_exactly_this_message(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = message(name, BAD_CASES, monkeypatch)
    text = BAD_CASES / Path(name).with_suffix(".txt")
    if os.environ.get("XENT_CHECK_REWRITE"):
        text.write_text(told, encoding="utf-8")
    assert told == text.read_text(encoding="utf-8")


def test_every_text_has_its_bad_file() -> None:
    texts = {file.stem for file in BAD_CASES.glob("*.txt")}
    assert texts == {Path(name).stem for name in FILES}


@pytest.mark.parametrize("name", FILES)
def test_a_message_names_the_file_and_a_line_of_it_and_is_one_line(name: str) -> None:
    lines = (BAD_CASES / name).read_text(encoding="utf-8").count("\n") + 1
    told = (BAD_CASES / Path(name).with_suffix(".txt")).read_text(encoding="utf-8")
    for line in told.splitlines():
        file, number, rest = line.split(":", 2)
        assert file == name
        assert 1 <= int(number) <= lines
        assert rest.strip().isprintable()


def test_a_mistake_that_aliases_repeat_is_looked_up_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookups: list[str] = []

    def closest(word: str, *_: object, **__: object) -> list[str]:
        lookups.append(word)
        return []

    monkeypatch.setattr(difflib, "get_close_matches", closest)
    unknown = ", ".join(f"unheard-of-{i}: 1" for i in range(50))
    text = "cases:\n- &a {" + unknown + "}\n" + "- *a\n" * 100
    told = message(written(tmp_path, text), tmp_path, monkeypatch).splitlines()
    assert len([line for line in told if "unheard-of" in line]) == 50
    assert len(lookups) <= 3 * 50


def test_the_mistakes_of_several_files_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD_CASES)
    with pytest.raises(CaseFileError) as caught:
        load(["ragged.yaml", "empty.yaml", "both_logits_and_probs.yaml"], Filter())
    told = [(item.file, item.line) for item in caught.value.mistakes]
    assert told == [
        ("both_logits_and_probs.yaml", 3),
        ("empty.yaml", 1),
        ("ragged.yaml", 4),
        ("ragged.yaml", 5),
        ("ragged.yaml", 6),
    ]


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("label_outside_the_classes.yaml", "label_outside_the_classes.yaml:5: labels[1]: label 3"),
        ("tags_that_build_objects.yaml", "tags_that_build_objects.yaml:1: name: the tag"),
        ("missing.yaml", "missing.yaml: no such file or folder; did you mean 'missing_keys.yaml'?"),
    ],
)
def test_the_command_exits_2_with_nothing_on_stdout(name: str, first: str) -> None:
    done = command("run", name, folder=BAD_CASES)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert done.stderr.startswith(first)
    assert "Traceback" not in done.stderr


def test_the_command_refuses_a_misspelt_implementation() -> None:
    done = command("run", "-i", "kears", folder=BAD_CASES)
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert "no implementation 'kears'; allowed: keras, tf, torch," in done.stderr
    assert "did you mean 'keras'?" in done.stderr


def test_the_command_finds_nothing_to_compare_in_a_folder_without_case_files(
    tmp_path: Path,
) -> None:
    (tmp_path / "empty").mkdir()
    done = command("run", "-i", "manual", "empty", folder=tmp_path)
    assert (done.returncode, done.stdout) == (ExitCode.NOTHING_COMPARED, "")
    assert done.stderr == "empty: no case files (*.yaml, *.yml) in this folder\n"


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The real command, in a process of its own."""
    return completed(folder, *arguments)


def test_a_folder_without_case_files_is_nothing_to_compare(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a case")
    with pytest.raises(NothingToCompareError, match="no case files"):
        load([str(tmp_path)], Filter())


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = message("missing.yaml", tmp_path, monkeypatch)
    assert told == "missing.yaml: no such file or folder; check the path\n"


def test_an_unreadable_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = written(tmp_path, BINARY)

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    told = message(name, tmp_path, monkeypatch)
    assert told == "case.yaml:1: Permission denied; check the path and its permissions\n"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"loss: binary\nname: caf\xe9\n", "case.yaml:2: byte 0xe9 is not UTF-8"),
        ("loss: binary\n".encode("utf-16"), "case.yaml:1: byte 0xff is not UTF-8"),
    ],
)
def test_a_file_that_is_not_utf_8_is_refused(
    data: bytes, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = written(tmp_path, data)
    allowed = "; allowed: UTF-8 text; save it so\n"
    assert message(name, tmp_path, monkeypatch) == told + allowed


def test_a_control_character_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = written(tmp_path, "loss: binary\nname: bell\a\n")
    assert message(name, tmp_path, monkeypatch) == (
        "case.yaml:2: not YAML: the control character U+0007; allowed: YAML 1.2; "
        'write it as an escape, in "double quotes"\n'
    )


def test_an_npy_file_that_needs_pickle_is_refused_and_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = tmp_path / "it ran"
    np.save(tmp_path / "logits.npy", np.array([Touch(trace)], dtype=object), allow_pickle=True)
    (tmp_path / "labels.npy").write_bytes(pickle.dumps(Touch(trace)))
    text = "loss: binary\nlogits: {file: logits.npy}\nlabels: {file: labels.npy}\n"
    told = message(written(tmp_path, text), tmp_path, monkeypatch)
    refused = "needs pickle to be read, which can run code; allowed: arrays of numbers, without"
    advice = "pickle; save it again with numpy.save or numpy.savez\n"
    assert told == (
        f"case.yaml:2: logits.file: 'logits.npy' {refused} {advice}"
        f"case.yaml:3: labels.file: 'labels.npy' {refused} {advice}"
    )
    assert not trace.exists()
    np.load(tmp_path / "logits.npy", allow_pickle=True)
    assert trace.exists(), "the file is as dangerous as it says"


@dataclass
class Touch:
    """An object that, unpickled, leaves a file behind."""

    path: Path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_an_npz_member_that_needs_pickle_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "x.npz", allow_pickle=True, logits=np.array([None], dtype=object))
    name = written(tmp_path, BINARY + 'logits: {file: "x.npz#logits"}\n')
    told = message(name, tmp_path, monkeypatch)
    assert told.startswith("case.yaml:3: logits.file: 'x.npz' needs pickle to be read")


def test_an_npz_member_that_claims_more_memory_than_there_is_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    header = header.ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr(
            "logits.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
        )
    name = written(tmp_path, BINARY + 'logits: {file: "x.npz#logits"}\n')
    assert message(name, tmp_path, monkeypatch) == (
        "case.yaml:3: logits.file: shape [1000000, 1000000] needs 7,450.6 GiB; "
        "allowed: 16.0 GiB, the memory that is free; make it smaller\n"
    )


def test_a_misspelt_member_is_told_with_the_names_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "x.npz", logits=np.zeros(2), targets=np.zeros(2))
    name = written(tmp_path, BINARY + 'logits: {file: "x.npz#logit"}\n')
    assert message(name, tmp_path, monkeypatch) == (
        "case.yaml:3: logits.file: no array 'logit'; allowed: logits, targets; "
        "did you mean 'logits'?\n"
    )


@pytest.mark.parametrize("dtype", ["complex64", "U3", "datetime64[D]"])
def test_a_file_of_no_numbers_is_refused(
    dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "logits.npy", np.zeros(2, dtype=dtype))
    name = written(tmp_path, BINARY + "logits: {file: logits.npy}\n")
    told = message(name, tmp_path, monkeypatch)
    assert told.startswith("case.yaml:3: logits.file: 'logits.npy' holds values of dtype ")
    assert told.endswith("; allowed: numbers\n")


def test_a_link_that_leaves_the_case_folder_is_refused_unless_it_is_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "outside.npy", np.array([0.5, 0.25]))
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "link.npy").symlink_to(tmp_path / "outside.npy")
    name = written(folder, BINARY + "logits: {file: link.npy}\n")
    assert message(name, folder, monkeypatch) == (
        "case.yaml:3: logits.file: 'link.npy' leaves the case file's folder; allowed: files in it "
        "or below it; move the file there, or pass --allow-outside\n"
    )
    (posed,) = load([name], Filter(), allow_outside=True)
    assert posed.problem.values.tolist() == [0.5, 0.25]


def test_a_link_to_itself_is_no_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loop.npy").symlink_to(tmp_path / "loop.npy")
    name = written(tmp_path, BINARY + "logits: {file: loop.npy}\n")
    told = message(name, tmp_path, monkeypatch)
    assert told.startswith("case.yaml:3: logits.file: 'loop.npy' is no path")


def test_what_does_not_print_in_a_file_name_is_escaped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = message(written(tmp_path, "", "\x1b[2J.yaml"), tmp_path, monkeypatch)
    assert told.startswith(r"\x1b[2J.yaml:1: an empty file")


def test_twenty_thousand_brackets_do_not_overflow_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = written(tmp_path, "logits: " + "[" * 20_000)
    told = message(name, tmp_path, monkeypatch)
    assert told == "case.yaml:1: logits: nested too deep; allowed: at most 64 levels\n"


def test_a_whole_number_of_five_thousand_digits_is_no_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = written(tmp_path, BINARY + f"logits: [{'9' * 5000}, {'9' * 400}]\n")
    told = message(name, tmp_path, monkeypatch).splitlines()
    assert [line.split("; allowed")[0] for line in told] == [
        f"case.yaml:3: logits[0]: '{'9' * 37}...'",
        f"case.yaml:3: logits[1]: {'9' * 37}...",
    ]
