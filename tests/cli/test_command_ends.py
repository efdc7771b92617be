"""The real command, in a process of its own: how it ends, what it prints, that nothing is left."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from tests.support.command import Command
from tests.support.fake import CASES, PATIENCE, fake, until
from xent_check.casefile.paths import corpus
from xent_check.cli import group

RIGHT, WRONG = fake("answering", "right"), fake("answering", "off_by_a_bit")
RAISES, SLEEPS = fake("failing", "raises"), fake("hanging", "sleeps")


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    command = Command(tmp_path)
    yield command
    for process in command.family.members():
        process.kill()


def statuses(report: Any) -> list[str]:
    return [result["status"] for result in report["results"]]


# ---- exit codes -------------------------------------------------------------------------------


def test_all_agree_is_0(command: Command) -> None:
    arguments = ["-i", "manual", "-i", "stable", "-i", RIGHT, "--require", "manual"]
    assert command.run(*arguments).returncode == 0


def test_a_divergence_is_1_and_names_the_sample(command: Command) -> None:
    done = command.run("-i", WRONG, "-k", "first")
    assert done.returncode == 1
    told = " ".join(done.stdout.split())  # lines fold where the paths' lengths say
    assert "1 of 3 samples" in told
    assert "sample [2]" in told


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--max-fail", "0"], "--max-fail"),
        (["-i", "maunal"], "did you mean 'manual'?"),
        (["--report", "jsno"], "did you mean 'json'?"),
        (["--report", "json=no/such/folder.json"], "no folder"),
        (["--tolerance", "-1"], "--tolerance"),
        (["--timeout", "0"], "--timeout"),
        (["no/such/file.yaml"], "no such file"),
    ],
)
def test_bad_usage_is_2_and_says_what_is_wrong(
    command: Command, arguments: list[str], words: str
) -> None:
    done = command.run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert words in done.stderr


def test_a_bad_case_file_is_2(command: Command) -> None:
    command.cases.write_text(CASES.replace("labels:", "label:"))
    done = command.run("-i", "manual")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("did you mean 'labels'?") == 3


def test_a_bad_case_file_does_not_wait_for_the_frameworks(command: Command) -> None:
    slow_frameworks(command)
    command.cases.write_text(CASES.replace("labels:", "label:"))
    assert command.run().returncode == 2


def test_nothing_selected_is_3(command: Command) -> None:
    assert command.run("-k", "no such case").returncode == 3


def test_a_folder_without_cases_is_3(command: Command) -> None:
    (command.folder / "empty").mkdir()
    assert command.run(paths=("empty",)).returncode == 3


def test_only_unsupported_answers_is_3(command: Command) -> None:
    command.cases.write_text(CASES.replace("defaults:", "defaults:\n  ignore_index: -100"))
    report = command.report("-i", RIGHT)
    assert report["summary"]["exit_code"] == 3
    assert statuses(report) == ["unsupported"] * 3


def test_a_failure_is_4(command: Command) -> None:
    assert command.run("-i", RAISES, "-i", "manual", "-k", "first").returncode == 4


@pytest.mark.long
def test_each_failure_says_which_kind_it_is(command: Command) -> None:
    kinds = {
        RAISES: "error",
        fake("failing", "exits"): "error",
        fake("answering", "none"): "error",
        fake("dying", "exits"): "crash",
        fake("dying", "segfaults"): "crash",
        fake("broken", "any"): "import",
        fake("leaving", "any"): "import",
        "no_such_module:f": "import",
        SLEEPS: "timeout",
    }
    arguments = [part for name in kinds for part in ("-i", name)]
    report = command.report(*arguments, "-i", "manual", "--timeout", "3", "-k", "first")
    assert report["summary"]["exit_code"] == 4
    found = {r["implementation"]: (r["status"], r["failure"]) for r in report["results"]}
    expected = {name: ("failed", kind) for name, kind in kinds.items()}
    assert found == {**expected, "manual": ("agrees", None)}


@pytest.mark.long
def test_every_problem_of_a_crashing_implementation_is_told(command: Command) -> None:
    report = command.report("-i", fake("dying", "aborts"), "-i", RIGHT)
    assert sorted(statuses(report)) == ["agrees"] * 3 + ["failed"] * 3


def test_a_divergence_outranks_a_failure(command: Command) -> None:
    report = command.report("-i", RAISES, "-i", WRONG, "-i", fake("dying", "exits"), "-k", "first")
    assert report["summary"]["exit_code"] == 1
    assert sorted(statuses(report)) == ["diverges", "failed", "failed"]


# ---- answers that are no good -----------------------------------------------------------------


def test_an_odd_answer_gets_its_status(command: Command) -> None:
    expected = {
        "wider": "agrees",
        "as_list": "agrees",
        "other_byte_order": "agrees",
        "nan": "diverges",
        "extra_axis": "diverges",
        "off_by_a_bit": "diverges",
        "complex_numbers": "failed",
    }
    arguments = [part for name in expected for part in ("-i", fake("answering", name))]
    report = command.report(*arguments, "-k", "first")
    found = {r["implementation"].rpartition(":")[2]: r["status"] for r in report["results"]}
    assert found == expected


# ---- signals ----------------------------------------------------------------------------------

HANGS = ["spins", "holds_the_gil", "waits_for_a_child"]


def _begins(command: Command, process: subprocess.Popen[str]) -> bool:
    return until(lambda: command.mark.exists() or process.poll() is not None)


SIGNALS = {
    "interrupt": (signal.SIGINT, False, 130, "interrupted"),
    "ctrl-c": (signal.SIGINT, True, 130, "interrupted"),
    "terminate": (signal.SIGTERM, False, 143, "terminated"),
    "terminate-all": (signal.SIGTERM, True, 143, "terminated"),
}


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "function"),
    [*((name, "sleeps") for name in SIGNALS), *(("ctrl-c", function) for function in HANGS)],
)
def test_a_signal_ends_it_and_leaves_no_process(command: Command, name: str, function: str) -> None:
    number, group, code, word = SIGNALS[name]
    process = command.start("-i", fake("hanging", function), "-i", "manual")
    assert _begins(command, process)
    os.kill(-process.pid if group else process.pid, number)
    stdout, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert (stdout, stderr.strip()) == ("", word)
    command.assert_nothing_is_left()


def test_many_interrupts_are_one(command: Command) -> None:
    process = command.start("-i", SLEEPS, "-i", fake("hanging", "spins"))
    assert _begins(command, process)
    while process.poll() is None:
        os.kill(-process.pid, signal.SIGINT)
        time.sleep(0.002)
    stdout, stderr = process.communicate(timeout=PATIENCE)
    assert (process.returncode, stdout, stderr.strip()) == (130, "", "interrupted")
    command.assert_nothing_is_left()


@pytest.mark.long
@pytest.mark.parametrize("function", ["sleeps", "spins", "holds_the_gil"])
def test_no_worker_outlives_a_command_that_was_killed(command: Command, function: str) -> None:
    process = command.start("-i", fake("hanging", function), "-i", "manual")
    assert _begins(command, process)
    assert len(command.family.members()) > 1
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert command.family.is_gone(), command.family.members()


def slow_frameworks(command: Command) -> None:
    """Stand-ins that never finish their import, for the three that are started by default."""
    folder = command.folder / "slow"
    folder.mkdir()
    code = "import os, pathlib, time; pathlib.Path(os.environ['XENT_CHECK_MARK']).touch()\n"
    for name in ("tensorflow", "torch", "jax"):
        (folder / f"{name}.py").write_text(code + "time.sleep(600)\n")
    for name in ("keras", "optax"):
        (folder / f"{name}.py").touch()
    command.environment["PYTHONPATH"] += os.pathsep + str(folder)
    command.environment["XENT_CHECK_FRESH"] = "1"  # Python reads it as it starts


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)]
)
def test_a_signal_while_the_frameworks_are_imported_leaves_no_process(
    command: Command, number: int, code: int
) -> None:
    slow_frameworks(command)
    process = command.start()
    assert _begins(command, process)
    os.kill(-process.pid, number)
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert "Traceback" not in stderr
    assert command.family.is_gone(), command.family.members()
    if number != signal.SIGKILL:
        command.assert_nothing_is_left()


@pytest.mark.long
@pytest.mark.parametrize("delay", [0, 3, 6])
def test_ctrl_c_while_the_workers_start_leaves_no_process(command: Command, delay: int) -> None:
    process = command.start("-i", "manual", "-i", SLEEPS)
    child = psutil.Process(process.pid)
    assert until(lambda: process.poll() is not None or child.children())
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(delay / 50)
    os.kill(-process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=PATIENCE)
    assert (process.returncode, stdout, stderr.strip()) == (130, "", "interrupted")
    command.assert_nothing_is_left()


@pytest.mark.long
def test_an_interrupt_that_nohup_ignores_is_ignored(command: Command) -> None:
    line = command.line("-i", fake("hanging", "sleeps"), "-k", "first", "--timeout", "2")
    shell = subprocess.Popen(
        ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", *line],
        cwd=command.folder,
        env=command.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        process_group=0,
    )
    assert _begins(command, shell)
    os.kill(-shell.pid, signal.SIGINT)
    shell.communicate(timeout=PATIENCE)
    assert shell.returncode == 4


# ---- stopping early, few at once --------------------------------------------------------------


def test_x_stops_at_the_first_and_ends_what_still_runs(command: Command) -> None:
    report = command.report("-x", "-i", WRONG, "-i", SLEEPS, "--timeout", "600")
    assert report["summary"]["exit_code"] == 1
    assert statuses(report) == ["diverges"]


def test_x_stops_at_a_failure_too_and_says_so(command: Command) -> None:
    done = command.run("-x", "-i", RAISES, "--report", "json=out.json", "--report", "table")
    assert done.returncode == 4
    assert statuses(json.loads((command.folder / "out.json").read_text())) == ["failed"]
    assert "stopped after 1" in " ".join(done.stdout.split())


def test_max_fail_stops_after_that_many(command: Command) -> None:
    assert statuses(command.report("--max-fail", "2", "-i", WRONG)) == ["diverges"] * 2


def test_agreement_does_not_stop_early(command: Command) -> None:
    assert statuses(command.report("-x", "-i", RIGHT)) == ["agrees"] * 3


@pytest.mark.long
def test_one_job_runs_one_process_at_a_time(command: Command) -> None:
    meeting = command.folder / "meeting"
    meeting.mkdir()
    command.environment["XENT_CHECK_MEETING"] = str(meeting)
    names = [fake("meeting", name) for name in ("alone", "alone_too", "alone_again")]
    arguments = [part for name in names for part in ("-i", name)]
    done = command.run("-j", "1", "--report", "jsonl", "-k", "first", *arguments)
    assert "runs as well" not in done.stdout
    assert len(list(meeting.iterdir())) == 3


# ---- what is not installed --------------------------------------------------------------------


def without(command: Command, *modules: str) -> None:
    """Hide modules from this process and from its workers, as if they were not installed."""
    folder = command.folder / "without"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {modules!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
    )
    command.environment["PYTHONPATH"] += os.pathsep + str(folder)
    command.environment["XENT_CHECK_FRESH"] = "1"  # Python reads it as it starts


ALL = ("tensorflow", "keras", "torch", "jax", "optax")


def test_without_any_framework_the_formulas_still_run(command: Command) -> None:
    without(command, *ALL)
    report = command.report()
    assert report["summary"]["exit_code"] == 0
    found = {(r["implementation"], r["status"]) for r in report["results"]}
    missing = {(name, "missing") for name in ("keras", "tf", "torch", "jax", "optax")}
    assert found == {("manual", "agrees"), ("stable", "agrees")} | missing
    assert {"manual", "stable"} == set(report["environment"]["implementations"])


@pytest.mark.long
def test_a_required_framework_that_is_missing_is_4_and_says_how_to_add_it(
    command: Command,
) -> None:
    without(command, *ALL)
    names = ("keras", "tf", "torch", "jax", "optax")
    arguments = [part for name in names for part in ("-i", name)]
    assert command.run("-i", "manual", *arguments).returncode == 0
    done = command.run("-i", "manual", *arguments, "--require", "keras")
    assert done.returncode == 4
    for extra in ("tensorflow", "torch", "jax"):
        assert f"pip install 'xent-check[{extra}]'" in " ".join(done.stdout.split())


@pytest.mark.long
def test_a_divergence_outranks_a_required_framework_that_is_missing(command: Command) -> None:
    without(command, *ALL)
    arguments = ["-i", "torch", "-i", WRONG, "--require", "torch"]
    assert command.run(*arguments).returncode == 1


def test_only_missing_frameworks_is_3(command: Command) -> None:
    without(command, *ALL)
    report = command.report("-i", "torch", "-i", "jax")
    assert report["summary"]["exit_code"] == 3
    assert statuses(report) == ["missing"] * 6


def test_where_nothing_ran_is_no_place_where_something_did(command: Command) -> None:
    (command.folder / "no_device.py").write_text(
        "from xent_check.problem.evaluation import MissingDeviceError\n"
        "def f(logits, labels): raise MissingDeviceError('no such device')\n"
    )
    report = command.report("-i", "no_device.py:f")
    assert statuses(report) == ["missing"] * 3
    assert report["summary"]["exit_code"] == 3
    assert report["environment"]["implementations"] == {}


@pytest.mark.parametrize("name", ["manual@cuda", "stable@cuda", f"numpy={RIGHT}@cuda"])
def test_a_device_for_numpy_is_2_and_nothing_runs(command: Command, name: str) -> None:
    done = command.run("-i", "manual", "-i", name)
    assert (done.returncode, done.stdout) == (2, "")
    assert "device 'cuda' of" in done.stderr


# ---- standard output carries the report only --------------------------------------------------

NOISY = (
    "prints", "prints_unflushed", "writes", "puts", "echoes", "controls",
    "looks_like_a_report", "megabytes", "complains", "closes", "replaces",
)  # fmt: skip


SILENT = ("complains", "closes", "replaces")


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every noisy fake at once, reported in every form; `out` and `err` are the command's own."""
    command = Command(tmp_path_factory.mktemp("noise"))
    command.environment["COLUMNS"] = "1000"
    arguments = [part for name in NOISY for part in ("-i", fake("noisy", name))]
    for form in ("json", "jsonl", "junit", "markdown", "github"):
        arguments += ["--report", f"{form}={form}"]
    done = command.run(*arguments, "--report", "table")
    assert done.returncode == 0
    (command.folder / "out").write_text(done.stdout)
    (command.folder / "err").write_text(done.stderr)
    return command.folder


@pytest.mark.long
def test_noise_is_told_with_the_result_it_came_with(noise: Path) -> None:
    for result in json.loads((noise / "json").read_text())["results"]:
        function = result["implementation"].rpartition(":")[2]
        told = any(note.startswith("it printed to stdout:") for note in result["notes"])
        assert told == (function not in SILENT), result["implementation"]


@pytest.mark.long
def test_noise_leaves_stdout_to_the_report_and_stderr_empty(noise: Path) -> None:
    shown = (noise / "out").read_text()
    assert shown.replace("\n", "").isprintable()
    assert "it printed to stdout: garbage, from print" in " ".join(shown.split())
    assert not any(line.startswith(("garbage", "{")) for line in shown.splitlines())
    assert (noise / "err").read_text() == ""


@pytest.mark.long
def test_noise_leaves_every_report_well_formed(noise: Path) -> None:
    assert ET.parse(noise / "junit").getroot().tag == "testsuites"
    for line in (noise / "jsonl").read_text().splitlines():
        json.loads(line)
    for form in ("markdown", "github"):
        lines = (noise / form).read_text().splitlines()
        assert all(line.isprintable() and not line.startswith("::error::x") for line in lines)


def test_what_an_import_prints_is_told_once(command: Command) -> None:
    done = command.run("--report", "json", "-i", fake("loud", "right"))
    printed = [result["printed"] for result in json.loads(done.stdout)["results"]]
    assert printed == ["garbage, from the import\n", None, None]


def _with_terminal(
    command: Command, *arguments: str, stream: str
) -> tuple[subprocess.CompletedProcess[str], str]:
    """Run it with a terminal for one of its streams, and what the terminal saw."""
    ours, theirs = pty.openpty()
    done = command.run(*arguments, paths=("cases.yaml",), **{stream: theirs})
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:  # the terminal's other side is closed
        pass
    os.close(ours)
    return done, shown.decode()


@pytest.mark.long
def test_progress_goes_to_a_terminal_on_stderr_and_the_report_stays_valid(command: Command) -> None:
    done, shown = _with_terminal(
        command, "--report", "json", "-i", fake("noisy", "prints"), "-i", "manual", stream="stderr"
    )
    assert json.loads(done.stdout)["summary"]["agrees"] == 6
    assert "starting" in shown
    assert "answers" in shown
    assert "/6" in shown
    assert "garbage" not in shown
    assert shown.endswith("\x1b[2K")  # the bar is gone
    assert HIDES_THE_CURSOR not in shown


HIDES_THE_CURSOR = "\x1b[?25l"


@pytest.mark.long
def test_progress_counts_what_is_wrong(command: Command) -> None:
    _, shown = _with_terminal(command, "-i", WRONG, stream="stderr")
    assert "3 wrong" in re.sub(r"\x1b\[[0-9;]*m", "", shown)


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "environment"),
    [([], {"NO_COLOR": "1"}), pytest.param(["--no-color"], {}, marks=pytest.mark.long)],
)
def test_progress_has_no_color_where_it_is_not_wanted(
    command: Command, arguments: list[str], environment: Mapping[str, str]
) -> None:
    command.environment |= environment
    _, shown = _with_terminal(command, "-i", WRONG, *arguments, stream="stderr")
    assert "wrong" in shown
    assert not re.search(r"\x1b\[(\d+;)*3[0-9]", shown)


@pytest.mark.long
def test_no_progress_on_a_terminal_that_takes_no_escape_sequences(command: Command) -> None:
    command.environment["TERM"] = "dumb"
    assert _with_terminal(command, "-i", "manual", stream="stderr")[1] == ""


@pytest.mark.long
def test_an_interrupt_leaves_the_terminal_as_it_was(command: Command) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command.line("-i", SLEEPS), cwd=command.folder, env=command.environment,
        stdout=subprocess.PIPE, stderr=theirs, process_group=0,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    while b"starting" not in shown:
        shown += os.read(ours, 65536)
    os.killpg(process.pid, signal.SIGINT)
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:
        pass
    os.close(ours)
    assert process.wait(PATIENCE) == 130
    assert HIDES_THE_CURSOR not in shown.decode()
    assert shown.decode().endswith("interrupted\r\n")


def test_no_progress_where_stderr_is_no_terminal(command: Command) -> None:
    assert command.run("-i", "manual").stderr == ""


COLOR = "\x1b["


@pytest.mark.long
def test_a_terminal_gets_color(command: Command) -> None:
    _, shown = _with_terminal(command, "-i", WRONG, stream="stdout")
    assert COLOR in shown


@pytest.mark.long
@pytest.mark.parametrize(
    ("arguments", "environment"),
    [([], {"NO_COLOR": "1"}), pytest.param(["--no-color"], {}, marks=pytest.mark.long)],
)
def test_a_terminal_gets_no_color_where_it_is_not_wanted(
    command: Command, arguments: list[str], environment: Mapping[str, str]
) -> None:
    command.environment |= environment
    _, shown = _with_terminal(command, "-i", WRONG, *arguments, stream="stdout")
    assert "diverges" in shown
    assert COLOR not in shown


@pytest.mark.long
def test_a_pipe_gets_color_only_where_it_is_asked_for(command: Command) -> None:
    assert COLOR not in command.run("-i", WRONG).stdout
    assert COLOR in command.run("-i", WRONG, "--color").stdout


@pytest.mark.long
def test_a_reader_that_goes_away_gets_no_traceback(command: Command) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = command.run("-v", "-i", "manual", stdout=writer)
    os.close(writer)
    assert done.returncode == 141
    assert done.stderr == ""


@pytest.mark.long
def test_head_gets_its_line(command: Command) -> None:
    line = subprocess.list2cmdline(command.line("--report", "jsonl", "-i", "manual"))
    done = subprocess.run(
        ["/bin/sh", "-c", f"{line} | head -1"],
        cwd=command.folder,
        env=command.environment,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=True,
    )
    assert json.loads(done.stdout)["implementation"] == "manual"
    assert done.stderr == ""


@pytest.mark.long
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_under_stdout_is_said(command: Command) -> None:
    with open("/dev/full", "w") as full:
        done = command.run("-i", "manual", stdout=full)
    assert done.returncode == 2
    assert "standard output: No space left on device" in done.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("closed", "implementation", "code"),
    [("<&-", WRONG, 1), (">&-", WRONG, 1), ("2>&-", RIGHT, 0), ("<&- >&- 2>&-", RIGHT, 0)],
    ids=["stdin", "stdout", "stderr", "all"],
)
def test_a_closed_standard_stream_changes_no_exit_code(
    command: Command, closed: str, implementation: str, code: int
) -> None:
    line = subprocess.list2cmdline(command.line("-i", implementation))
    done = subprocess.run(
        ["/bin/sh", "-c", f"{line} {closed}"],
        cwd=command.folder,
        env=command.environment,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, "")


@pytest.mark.long
def test_what_stdout_cannot_encode_is_escaped(command: Command) -> None:
    command.cases.write_text(CASES.replace("name: first", "name: größe-→"))
    command.environment["PYTHONIOENCODING"] = "latin-1"
    done = command.run("-i", RIGHT, encoding="latin-1")
    assert done.returncode == 0
    assert "größe-\\u2192" in done.stdout


# ---- reports to files -------------------------------------------------------------------------


def test_a_report_to_a_file_is_there_alone(command: Command) -> None:
    done = command.run("-i", "manual", "--report", "json=out.json")
    assert done.returncode == 0
    assert json.loads((command.folder / "out.json").read_text())["summary"]["agrees"] == 3
    assert sorted(path.name for path in command.folder.iterdir()) == [
        "cases.yaml",
        "out.json",
        "tmp",
    ]


def test_a_report_that_cannot_be_written_is_2_and_the_others_are_written(command: Command) -> None:
    name = "x" * 300
    done = command.run("-i", "manual", "--report", f"json={name}", "--report", "table")
    assert done.returncode == 2
    assert "File name too long" in done.stderr
    assert "agrees" in done.stdout
    assert sorted(path.name for path in command.folder.iterdir()) == ["cases.yaml", "tmp"]


def test_a_report_to_a_folder_is_refused_before_anything_runs(command: Command) -> None:
    (command.folder / "out").mkdir()
    done = command.run("-i", fake("hanging", "sleeps"), "--report", "json=out")
    assert done.returncode == 2
    assert not command.mark.exists()


def test_a_report_goes_through_a_link_and_into_a_pipe_not_over_them(command: Command) -> None:
    target, link, fifo = (command.folder / name for name in ("target", "link", "fifo"))
    link.symlink_to(target)
    os.mkfifo(fifo)
    with subprocess.Popen(["cat", str(fifo)], stdout=subprocess.PIPE) as cat:
        done = command.run("-i", "manual", "--report", "json=link", "--report", "json=fifo")
        piped, _ = cat.communicate(timeout=PATIENCE)
    assert done.returncode == 0
    assert link.is_symlink()
    assert fifo.is_fifo()
    assert json.loads(target.read_text()) == json.loads(piped)


# ---- the shipped cases ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "sample"),
    [
        ("4.34527206", "3.34527206", "sample [1]"),
        ("labels: [2, 3, 4]", "labels: [2, 3, 5]", "sample [2]"),
    ],
    ids=["logit", "label"],
)
def test_editing_one_number_of_a_shipped_case_is_1_and_names_the_sample(
    command: Command, before: str, after: str, sample: str
) -> None:
    shipped = (corpus() / "forum" / "sparse.yaml").read_text()
    assert shipped.count(before) == 1
    (command.folder / "edited.yaml").write_text(shipped.replace(before, after))
    done = command.run("-i", "manual", "-i", "stable", paths=("edited.yaml",))
    assert done.returncode == 1
    assert sample in done.stdout


def test_the_same_case_unedited_agrees(command: Command) -> None:
    shutil.copy(corpus() / "forum" / "sparse.yaml", command.folder / "copied.yaml")
    assert command.run("-i", "manual", "-i", "stable", paths=("copied.yaml",)).returncode == 0


def test_a_required_framework_that_runs_on_no_case_must_be_installed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "xent_check.implementations.names._find", lambda name: None if name == "keras" else name
    )
    case = tmp_path / "case.yaml"
    case.write_text("loss: binary\nlogits: 0.0\nlabels: 1\n")
    arguments = ["run", str(case), "-i", "manual", "--require", "keras"]
    result = CliRunner().invoke(group, arguments)
    assert result.exit_code == 4
    assert "keras is required and missing" in " ".join(result.stdout.split())


def test_a_required_device_that_no_case_asks_for_is_no_success(tmp_path: Path) -> None:
    """Whether it is there is known in its process alone, which nothing has started."""
    case = tmp_path / "case.yaml"
    case.write_text("loss: binary\nlogits: 0.0\nlabels: 1\n")
    arguments = ["run", str(case), "-i", "manual", "--require", "jax@cuda"]
    result = CliRunner().invoke(group, arguments)
    assert result.exit_code == 4
    assert "add -i jax@cuda" in " ".join(result.stdout.split())
