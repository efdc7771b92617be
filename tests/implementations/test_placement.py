"""Placement: `--python` as written, what is said of a wrong one, and what it makes run where."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.environments import environment
from xent_check.errors import InvalidError
from xent_check.implementations.names import Implementation, Python, parse
from xent_check.implementations.placement import expanded, placed, pythons_of, unused


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment whose path needs care."""
    return environment(tmp_path_factory.mktemp("python") / "it's a=b c")


def python(bare: Path) -> str:
    return str(bare / "bin" / "python")


# ---- how it is named --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "name", "label"),
    [
        ("", "", ""),
        ("torch=", "torch", ""),
        ("torch[old]=", "torch", "old"),
        ("torch:compile[2.12_a-b]=", "torch:compile", "2.12_a-b"),
        ("jax@cuda[old]=", "jax@cuda", "old"),
        ("mine.losses:f[old]=", "mine.losses:f", "old"),
        ("path/to/mine.py:f=", "path/to/mine.py:f", ""),
    ],
)
def test_a_python_is_named_by_its_executable_or_its_folder(
    before: str, name: str, label: str, bare: Path
) -> None:
    for path in (bare, python(bare)):
        (found,) = pythons_of([f"{before}{path}"])
        assert found == Python(name, label, python(bare))


ALLOWED = "a Python, or the folder of a virtual environment"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("trch={here}", "no implementation 'trch'; *; did you mean 'torch'?"),
        ("torch:compil[a]={here}", "mode 'compil' of torch; *; did you mean 'compile'?"),
        ("torch[a b]={here}", "label 'a b'; letters, digits, '.', '_' and '-'; "),
        ("torch[]={here}", "label ''; letters, digits, '.', '_' and '-'; "),
        ("[old]={here}", "label 'old' of nothing; NAME[old]=PATH; "),
        ("={here}", "*; PATH, NAME=PATH or NAME[LABEL]=PATH; "),
        ("torch=", f"no path; {ALLOWED}; "),
        ("/nope/python", f"no file /nope/python; {ALLOWED}; "),
        ("no-such-python", f"no file no-such-python; {ALLOWED}; "),
        ("torch=/dev", f"no Python in the folder /dev; {ALLOWED}; "),
    ],
)
def test_what_is_wrong_is_told(text: str, told: str, bare: Path) -> None:
    with pytest.raises(InvalidError) as caught:
        pythons_of([text.format(here=bare)])
    (mistake,) = caught.value.mistakes
    for part, wanted in zip(
        (mistake.fault, mistake.allowed, mistake.advice), told.split("; "), strict=True
    ):
        assert wanted in ("*", part)


def test_two_interpreters_in_one_place_are_refused(bare: Path) -> None:
    with pytest.raises(InvalidError, match=r"two interpreters for torch\[old\]"):
        pythons_of([f"torch[old]={bare}", f"torch[old]={sys.executable}"])
    with pytest.raises(InvalidError, match="two interpreters for everything"):
        pythons_of([str(bare), sys.executable])


# ---- what runs where --------------------------------------------------------------------------

OLD, NEW = "/old/python", "/new/python"


def columns(implementations: Sequence[Implementation]) -> list[tuple[str, str]]:
    return [(i.name, i.python) for i in implementations]


@pytest.mark.parametrize(
    ("names", "pythons", "expected"),
    [
        (["torch"], [], [("torch", "")]),
        (["torch", "jax"], [Python("", "", OLD)], [("torch", OLD), ("jax", OLD)]),
        (
            ["torch", "torch:compile", "torch@cuda", "jax"],
            [Python("torch", "", OLD)],
            [("torch", OLD), ("torch:compile", OLD), ("torch@cuda", OLD), ("jax", "")],
        ),
        (
            ["torch", "torch:compile", "jax"],
            [Python("torch", "old", OLD), Python("torch", "new", NEW)],
            [
                ("torch", ""), ("torch[old]", OLD), ("torch[new]", NEW),
                ("torch:compile", ""), ("torch:compile[old]", OLD), ("torch:compile[new]", NEW),
                ("jax", ""),
            ],
        ),
        (
            ["torch", "torch:compile"],
            [Python("torch:compile", "old", OLD)],
            [("torch", ""), ("torch:compile", ""), ("torch:compile[old]", OLD)],
        ),
        (
            ["jax", "torch", "torch:compile"],
            [Python("", "", OLD), Python("torch", "", NEW), Python("torch:compile", "", "/own")],
            [("jax", OLD), ("torch", NEW), ("torch:compile", "/own")],
        ),
        (["torch[old]"], [Python("torch", "old", OLD)], [("torch[old]", OLD)]),
        (
            ["torch[old]", "torch"],
            [Python("torch", "old", OLD), Python("torch", "", NEW)],
            [("torch[old]", OLD), ("torch", NEW)],
        ),
        (["m:f"], [Python("m:f", "old", OLD)], [("m:f", ""), ("m:f[old]", OLD)]),
    ],
)  # fmt: skip
def test_each_runs_where_it_was_said(
    names: list[str], pythons: list[Python], expected: list[tuple[str, str]]
) -> None:
    once = expanded([parse(name, pythons) for name in names], pythons)
    assert columns(once) == expected
    assert expanded(once, pythons) == once


def test_what_is_required_gets_no_column_beside_it() -> None:
    pythons = [Python("torch", "old", OLD), Python("torch", "", NEW)]
    required = [parse("torch", pythons), parse("torch[old]", pythons)]
    assert columns(placed(required, pythons)) == [("torch", NEW), ("torch[old]", OLD)]


def test_the_parts_of_a_labelled_name() -> None:
    found = parse("torch:compile[old]", [Python("torch", "old", OLD)])
    assert (found.unlabelled, found.base, found.label) == ("torch:compile", "torch", "old")
    assert found.mode == "compile"
    assert found.environment != parse("torch:compile").environment


@pytest.mark.parametrize(
    ("text", "allowed", "advice"),
    [
        ("torch[ol]", "torch[old], torch[new]", "did you mean 'old'?"),
        ("torch[]", "torch[old], torch[new]", "--python 'torch[]=PATH' says where it runs"),
        ("jax[old]", "jax alone", "--python 'jax[old]=PATH' says where it runs"),
    ],
)
def test_a_label_that_was_not_given_is_told(text: str, allowed: str, advice: str) -> None:
    with pytest.raises(InvalidError) as caught:
        parse(text, [Python("torch", "old", OLD), Python("torch", "new", NEW)])
    (mistake,) = caught.value.mistakes
    assert (mistake.allowed, mistake.advice) == (allowed, advice)


def test_what_nothing_runs_in_is_told() -> None:
    pythons = [Python("torch", "old", OLD), Python("jax", "", NEW), Python("", "", "/all")]
    ran = expanded([parse("jax")], pythons)
    assert unused(ran, pythons) == [
        "--python torch[old]: nothing runs there", "--python /all: nothing runs there"
    ]  # fmt: skip
