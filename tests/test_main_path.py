"""docs/architecture.md: the main path that it lists is walked, the files that it names exist."""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import tomllib
from operator import attrgetter
from pathlib import Path
from types import CodeType, FrameType

import pytest

import xent_check
from xent_check.cli import run_command

PACKAGE = Path(xent_check.__file__).parent
ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
HOP = re.compile(r"^( *)([a-z_.]+[A-Za-z_.]+)(  +\S.*)$")
WRONG = """
loss: sparse_categorical
logits: [[1000, 0], [0, 1000]]
labels: [1, 0]
tolerance: 1.0e-6
"""


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def listed() -> list[tuple[int, str]]:
    """The hops of the page: how deep each stands, and its function."""
    block = section("The main path").split("```")[1]
    lines = [HOP.fullmatch(line) for line in block.strip().splitlines()]
    return [(len(line[1]) // 2, line[2]) for line in lines if line is not None]


def code_of(hop: str) -> CodeType:
    """Of the function; of a command of click, of what it calls."""
    parts = re.fullmatch(r"([a-z_.]+)\.((?:[A-Z]\w*\.)?\w+)", hop)
    assert parts is not None
    function = attrgetter(parts[2])(importlib.import_module(f"xent_check.{parts[1]}"))
    code: CodeType = inspect.unwrap(getattr(function, "callback", function)).__code__
    return code


def walked(folder: Path, hops: list[str]) -> list[tuple[int, str]]:
    """The first call of each hop during a run of one case by `manual`: how many hops it is in."""
    names = {code_of(hop): hop for hop in hops}
    seen: dict[str, int] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        hop = names.get(frame.f_code)
        if event != "call" or hop is None or hop in seen:
            return
        depth, outer = 0, frame.f_back
        while outer is not None:
            depth, outer = depth + (outer.f_code in names), outer.f_back
        seen[hop] = depth

    sys.setprofile(note)
    try:
        code = run_command.command.main(
            [str(folder / "case.yaml"), "-i", "manual"], standalone_mode=False
        )
    finally:
        sys.setprofile(None)
    assert code == 1
    return [(depth, hop) for hop, depth in seen.items()]


def test_a_run_takes_the_hops_that_the_page_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In that order, each called within the one that it stands under."""
    (tmp_path / "case.yaml").write_text(WRONG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    hops = listed()
    assert len(hops) >= 10
    assert walked(tmp_path, [hop for _, hop in hops]) == hops
    assert "diverges" in capsys.readouterr().out


def test_every_line_of_the_list_is_a_hop() -> None:
    block = section("The main path").split("```")[1]
    assert len(listed()) == len(block.strip().splitlines())


def test_the_run_itself_is_half_a_screen() -> None:
    """Whoever reads it sees cases x implementations -> results."""
    from xent_check.running.run import run

    assert len(inspect.getsource(run).splitlines()) <= 36
    assert len(inspect.getsource(sys.modules[run.__module__]).splitlines()) <= 70


def test_the_rooms_of_the_page_are_those_of_the_rule() -> None:
    """In the order in which import-linter holds them."""
    order = re.search(r"^    errors timing \|(.*)$", section("The rooms"), re.MULTILINE)
    assert order is not None
    rooms = order[1].replace("|", " ").split()
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (layers,) = (c["layers"] for c in contracts if c["type"] == "layers")
    names = [name for layer in layers[-2::-1] for name in layer.split(" | ")]
    assert [name.removeprefix("xent_check.") for name in names] == rooms
    folders = [room for room in rooms if (PACKAGE / room).is_dir()]
    assert re.findall(r"^\| `(\w+)/` \|", section("The rooms"), re.MULTILINE) == folders


def test_every_file_that_the_page_names_is_there() -> None:
    """In the package, or beside it; in the table of rooms, in the row's room."""
    for line in PAGE.splitlines():
        row = re.match(r"\| `(\w+/)` \|", line)
        folders = [PACKAGE, ROOT, *([PACKAGE / row[1]] if row else [])]
        names = re.findall(r"`([\w/]+(?:\.py|\.toml|/))`", line)
        names += [f"docs/{name}" for name in re.findall(r"\]\(([\w.]+)\)", line)]
        for name in names:
            places = [folder for folder in folders if (folder / name).exists()]
            assert places, f"{name}: {line}"
