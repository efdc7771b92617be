"""What an editor shows of a case file that `init` wrote: yaml-language-server (npm) on its schema.

Without one these tests are skipped; where XENT_CHECK_LANGUAGE_SERVER is set (the command, or 1 for
the one on the PATH), that is a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.support.language_server import LanguageServer
from xent_check.casefile.case import CaseFields
from xent_check.cli import group
from xent_check.implementations.table import IMPLEMENTATIONS

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `init` writes."""
    folder = tmp_path_factory.mktemp("editor")
    assert CliRunner().invoke(group, ["init", str(folder / "case.yaml")]).exit_code == 0
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[LanguageServer]:
    asked = os.environ.get("XENT_CHECK_LANGUAGE_SERVER", "")
    command = shutil.which("yaml-language-server" if asked in ("", "1") else asked)
    if command is None:
        words = "yaml-language-server is not on the PATH: npm install -g yaml-language-server"
        if asked:
            pytest.fail(f"{words}, and XENT_CHECK_LANGUAGE_SERVER is set")
        pytest.skip(words)
    with LanguageServer([command, "--stdio"], folder) as server:
        yield server


def modeline(folder: Path) -> str:
    return (folder / "case.yaml").read_text(encoding="utf-8").splitlines()[0] + "\n"


def test_what_init_writes_has_no_mistake_and_every_key_is_explained(
    server: LanguageServer, folder: Path
) -> None:
    text = (folder / "case.yaml").read_text(encoding="utf-8")
    uri = server.open("case.yaml", text)
    assert server.mistakes(uri) == []
    keys = {
        line.split(":")[0]: at for at, line in enumerate(text.splitlines()) if line[:1].isalpha()
    }
    assert {"loss", "logits", "labels", "dtype", "tolerance", "implementations"} <= keys.keys()
    for key, line in keys.items():
        words = server.hover(uri, line, 1)
        assert "Source: [xent-check.schema.json]" in words, key
    assert "Which cross-entropy: binary (a sigmoid" in server.hover(uri, keys["loss"], 1)
    assert "classes along the class axis" in server.hover(uri, keys["logits"], 1)
    assert "How far off still agrees" in server.hover(uri, keys["tolerance"], 1)
    assert "float16" in server.hover(uri, keys["dtype"], 1)


def test_keys_and_choices_are_offered(server: LanguageServer, folder: Path) -> None:
    text = "cases:\n- loss: binary\n  l\n- dtype: \n  implementations: [t]\n  expect:\n    t\n"
    uri = server.open("offered.yaml", modeline(folder) + text)
    keys = server.completions(uri, 3, 3)
    assert keys.keys() == CaseFields.model_fields.keys() - {"loss"}
    assert all(keys.values()), "each with its description"
    assert server.completions(uri, 4, 9).keys() == {"float16", "bfloat16", "float32", "float64"}
    assert {*IMPLEMENTATIONS, "tf:xla"} <= server.completions(uri, 5, 20).keys()
    assert {*IMPLEMENTATIONS, "reference"} <= server.completions(uri, 7, 5).keys()


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("loss: binary\nlogits: [1]\nlables: [1]\n", 3, "Property lables is not allowed."),
        ("loss: binary\nlogits: [1]\nlabels: [1]\ndtype: fp32\n", 4, "Value is not accepted."),
        ("cases:\n- loss: binary\n  lables: [1]\n", 3, "Property lables is not allowed."),
        ("loss: binary\nlogits: [1]\n", 1, 'Missing property "labels".'),
        (
            "loss: binary\nlogits: [1]\nlabels: [1]\nmatrix: {dtpye: [float32]}\n", 4,
            "Property dtpye is not allowed.",
        ),
        (
            "loss: binary\nlogits: [1]\nlabels: [1]\nmatrix: {dtype: [float31]}\n", 4,
            "Value is not accepted.",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_at_its_line(
    server: LanguageServer, folder: Path, text: str, line: int, message: str
) -> None:
    uri = server.open(f"mistake-{len(server.diagnostics)}.yaml", modeline(folder) + text)
    found = server.mistakes(uri)
    assert any(at == line and told.startswith(message) for at, told in found), found


def test_your_own_function_is_no_mistake(server: LanguageServer, folder: Path) -> None:
    text = "loss: binary\nlogits: [1]\nlabels: [1]\nimplementations: [mine.py:f, tf]\n"
    uri = server.open("own.yaml", f"{modeline(folder)}{text}expect: {{mine.py:f: {{mean: 1}}}}\n")
    assert server.mistakes(uri) == []
