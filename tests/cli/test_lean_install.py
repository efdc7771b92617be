"""A lean install: what one report alone needs is an extra, and its absence is told at once."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

import xent_check
from xent_check.reporters.formats import REPORTERS

PACKAGE = Path(xent_check.__file__).parent
PROJECT: dict[str, Any] = tomllib.loads(
    (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
)["project"]
ONLY_HTML = {"jinja2", "markupsafe", "matplotlib"}
OF_HTML = ("reporters/formats/html.py", "reporters/page/")
MODULES = {"pyyaml": "yaml", "python-flint": "flint"}  # where the name differs
FRAMEWORKS = {  # and safetensors: extras of their own
    *("torch", "tensorflow", "keras", "jax", "optax", "safetensors"),
    *("onnx", "onnxruntime", "sklearn", "mlx", "paddle"),
}

# Of implementations outside the default set, and of a cluster.
BY_NAME_ALONE = {"onnx", "sklearn", "mlx", "paddle", "distributed"}
FOR_WHO_WORKS_ON_IT = {"docs", "mutation", "test"}

LEAN = f"""
import sys
sys.modules |= dict.fromkeys({sorted(ONLY_HTML)})  # as where they are not installed
from xent_check.cli import main
main()
"""
CASE = "{loss: binary, logits: [0.5], labels: [1]}\n"


def lean(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "c.yaml").write_text(CASE)
    return subprocess.run(
        [sys.executable, "-c", LEAN, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def imported(file: Path) -> set[str]:
    """The packages that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    return found - sys.stdlib_module_names - {"xent_check"}


def modules(requirements: list[str]) -> set[str]:
    names = {Requirement(text).name for text in requirements}
    return {MODULES.get(name, name) for name in names}


def test_what_is_imported_is_a_dependency_and_what_the_page_needs_an_extra() -> None:
    files = {file.relative_to(PACKAGE).as_posix(): file for file in PACKAGE.rglob("*.py")}
    page = {name for name in files if name.startswith(OF_HTML)}
    of_page = set[str]().union(*(imported(files[name]) for name in page))
    others = set[str]().union(*(imported(files[name]) for name in files.keys() - page))
    lean_dependencies = modules(PROJECT["dependencies"])
    # pydantic's own core comes with it, pytest loads its plugin, others say what they need
    known = {"pydantic_core", "pytest", "hypothesis", "distributed"}
    assert others - FRAMEWORKS - known == lean_dependencies
    extras = PROJECT["optional-dependencies"]
    assert of_page - lean_dependencies == modules(extras["html"]) == ONLY_HTML
    (everything,) = extras["all"]
    assert Requirement(everything).extras == extras.keys() - FOR_WHO_WORKS_ON_IT - BY_NAME_ALONE - {
        "all"
    }


@pytest.mark.parametrize(
    "command",
    [
        ("run", "c.yaml", "-i", "manual"),
        ("run", "nowhere.yaml"),
        ("judge", "nowhere.json"),
        ("merge", "nowhere.json"),
        ("eval", "--loss", "binary", "--logits", "[0.5]", "--labels", "[1]", "-i", "manual"),
    ],
    ids=lambda command: command[0],
)
@pytest.mark.parametrize("report", ["html", "html=page.html"])
def test_a_page_that_cannot_be_written_is_told_before_anything_else(
    command: tuple[str, ...], report: str, tmp_path: Path
) -> None:
    done = lean(tmp_path, *command, "--report", report, "--report", "json=r.json")
    assert (done.returncode, done.stdout) == (2, "")
    absent = "jinja2, markupsafe, matplotlib"
    last = f"--report html needs what is not installed ({absent}): pip install 'xent-check[html]'"
    assert done.stderr.endswith(f"Error: {last}\n")
    assert not (tmp_path / "r.json").exists()


@pytest.mark.long
def test_everything_else_works_without_them(tmp_path: Path) -> None:
    others = [f"--report={form}={form}" for form in REPORTERS if form != "html"]
    assert lean(tmp_path, "run", "c.yaml", "-i", "manual", *others).returncode == 0
    for words in (["judge", "json"], ["explain", "c.yaml", "-i", "manual"], ["impls", "-v"]):
        assert lean(tmp_path, *words).returncode == 0
