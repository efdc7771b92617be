"""The pages that are made from the package and its cases: all of it is there, and true."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import click
import pytest
from site_pages import answers, command_line, divergences, exit_codes, pages, python_api
from site_pages.prose import prose, sentence, table, title

import xent_check
from xent_check.casefile.case import CaseFields
from xent_check.cli import COMMANDS, group
from xent_check.diagnosis.hypotheses.table import HYPOTHESES
from xent_check.errors import ExitCode
from xent_check.implementations.table import IMPLEMENTATIONS

SITE = Path(__file__).parents[2] / "docs" / "site"


def section(page: str, heading: str) -> str:
    """What stands below a heading of a page."""
    return pages()[page].split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]


# ---- forum questions --------------------------------------------------------------------------


def test_each_forum_case_is_listed_and_has_its_section() -> None:
    index = pages()["forum/index.md"]
    for posed in answers.cases("forum"):
        name = f"forum/{answers.page_name(posed.case.file)}"
        anchor = f"#{answers.anchor(posed.case.name)}"
        assert f"({name.partition('/')[2]}{anchor})" in index
        assert pages()[name].count(f"{{ {anchor} }}") == 1


def test_a_forum_case_says_who_gives_what_and_why() -> None:
    text = section("forum/clipped.md", "certain-and-wrong-1-and-0 { #certain-and-wrong-1-and-0 }")
    assert "<https://github.com/tensorflow/tensorflow/issues/62204>" in text
    assert "probs: [[1.0], [0.0]]" in text
    assert "| **exactly** | `inf, inf` |  |" in text  # -log 0
    assert "| `keras` `>=3` | `15.9423851529, 16.1180956393` | Probabilities are clipped to" in text
    assert "| `torch` | `100.0, 100.0` | binary\\_cross\\_entropy clamps the log at -100. |" in text
    assert "`jax`, `manual`: the exact value" in text
    assert "`tf`, `optax`, `stable`: no public API" in text
    assert "`xent-check run corpus:forum/clipped.yaml::certain-and-wrong-1-and-0`" in text


def test_a_published_number_stands_beside_the_exact_one() -> None:
    text = section("forum/binary.md", "binary-by-hand { #binary-by-hand }")
    exact = re.search(r"\*\*exactly\*\*.*mean `0\.351972", text)
    assert exact
    assert "| the exact value, as published | mean `0.35197204` | Agrees. |" in text
    assert "| `keras` | mean `0.35197204` | As published; agrees. |" in text


# ---- known divergences ------------------------------------------------------------------------


def test_every_because_has_its_section() -> None:
    for posed in answers.cases():
        for name in posed.expectations:
            if name.partition(":")[0] not in IMPLEMENTATIONS:
                continue  # a function by its own name
            page = pages().get(f"divergences/{name.partition(':')[0]}.md", "")
            for entry in answers.known(posed, name):
                assert f"\n## {title(entry.because or '')}\n" in page, posed.case.id
                assert f"{posed.case.id}" in page


def test_a_divergence_shows_its_smallest_input_the_exact_value_and_the_report() -> None:
    reason = "take_along_axis counts a negative index from the end: -1 is trained as the last class"
    text = section("divergences/optax.md", title(reason))
    assert "labels: [-1, 0]" in text
    assert "losses" not in text
    assert "| **exactly** | `nan, 2.40760596`" in text
    assert "| `optax` | `0.407605964444, 2.40760596444`" in text
    assert re.search(r"`xent-check repro \S+::minus-1 -i optax --format markdown`", text)


def test_the_releases_are_those_of_the_tests() -> None:
    pinned = dict(
        line.split("==") for line in divergences.CONSTRAINTS.read_text(encoding="utf-8").split()
    )
    for name in ("tensorflow", "keras", "torch", "jax", "optax"):
        assert f"{name} {pinned[name]}" in pages()["divergences/index.md"]


# ---- the reference ----------------------------------------------------------------------------


def test_every_command_and_option_is_there_with_its_help() -> None:
    text = command_line.page()
    for name in COMMANDS:
        command = group.get_command(click.Context(group), name)
        assert command is not None
        part = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert all(option in part for option in parameter.opts)
                assert prose(parameter.help or "").split(". ")[0] in part
        for paragraph in (command.epilog or "").split("\n\n"):
            assert all(line.strip() in part for line in paragraph.replace("\b", "").splitlines())


def test_every_exit_code_is_there() -> None:
    assert set(exit_codes.MEANING) == set(ExitCode)
    codes = re.findall(r"^\| `(\d+)` \|", exit_codes.page(), re.MULTILINE)
    assert codes == [str(int(code)) for code in ExitCode]


def test_the_keys_of_a_case_and_of_a_result_are_there() -> None:
    case, result = pages()["reference/case-file.md"], pages()["reference/result.md"]
    for key in CaseFields.model_fields:
        assert f"| `{key}` |" in case
    for key in ("verdict", "exit_code", "max_abs_diff", "implementations"):
        assert f"| `{key}` |" in result
    for text in (case, result):
        links = set(re.findall(r"\]\(#([\w-]+)\)", text))
        assert links <= set(re.findall(r"\{ #([\w-]+) \}", text))


def test_every_reason_is_there_and_its_parameters_are_slanted() -> None:
    text = pages()["reference/reasons.md"]
    assert all(f"| `{one.id}` |" in text for one in HYPOTHESES)
    assert "| `log-clamped` | the log is clamped at *clamp* | the loss of a sample |" in text
    assert "{" not in text.split("| --- |")[1]


def test_python_s_page_has_what_a_module_offers_and_says_where_that_is_nothing() -> None:
    def check(paths: list[str]) -> bool:
        """Whether all agree."""
        return bool(paths)

    module = ModuleType("made_up")
    module.__dict__.update(check=check, __version__="1.2.3", __all__=["__version__", "check"])
    assert "(paths: list[str]) -> bool`\n\nWhether all agree." in python_api.page(module)
    for name in {*xent_check.__all__} - {"__version__"}:
        assert f"\n## `{name}" in python_api.page()
    assert "| `explained` | Whether something reproduces the numbers" in python_api.page()


# ---- how they are made ------------------------------------------------------------------------


@pytest.mark.long
def test_they_are_made_alike_each_time_and_without_a_framework() -> None:
    code = (
        "import hashlib, sys; from site_pages import pages;"
        "print(hashlib.sha256(repr(pages()).encode()).hexdigest());"
        "print({'torch', 'tensorflow', 'keras', 'jax', 'optax'} & set(sys.modules))"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code], cwd=SITE, capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout.split()
        for seed in ("1", "2")
    )  # fmt: skip
    assert first == second
    assert first[1:] == ["set()"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b *c* [d] <e> & f", "a\\_b \\*c\\* \\[d\\] &lt;e> &amp; f"),
        ("`a_b` c_d", "`a_b` c\\_d"),
        ("see https://a.b/c_d: e_f", "see <https://a.b/c_d>: e\\_f"),
        ("- no list", "\\- no list"),
    ],
)
def test_text_stands_as_itself(text: str, shown: str) -> None:
    assert prose(text) == shown


def test_a_sentence_begins_with_a_capital_where_it_begins_with_a_word() -> None:
    assert sentence("the row is divided") == "The row is divided."
    assert sentence("z t is -inf") == "z t is -inf."
    assert table(["a"], [["b | c"]]).splitlines()[-1] == "| b \\| c |"
