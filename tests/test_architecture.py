"""The shape of the package, read from its own source."""

from __future__ import annotations

import ast
import graphlib
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import xent_check
from xent_check.cli import COMMANDS
from xent_check.implementations import elementary
from xent_check.implementations.table import CUSTOM, IMPLEMENTATIONS
from xent_check.reporters.formats import REPORTERS

PACKAGE = Path(xent_check.__file__).parent
PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"
FRAMEWORKS = {
    *("torch", "tensorflow", "keras", "jax", "optax"),
    *("onnx", "onnxruntime", "sklearn", "mlx", "paddle"),
}
# A room imports itself and what stands to its left.
ROOMS = (
    "problem", "reference", "diagnosis", "implementations", "workers", "casefile", "results",
    "history", "running", "search", "reporters", "cli",
)  # fmt: skip
LOOSE = {"__init__", "__main__", "errors", "pytest_plugin", "timing"}
BEYOND = {
    "": {"api"}, "api": {"api", *ROOMS} - {"cli"}, "pytest_plugin": {*ROOMS} - {"cli"},
}  # what may be imported beside the rooms  # fmt: skip

MAX_LINES = 400
HELPERS_OF_CLI = {
    "collecting", "completion", "config_file", "configured", "default_paths", "ending", "examples",
    "gating", "guarding", "observed", "options", "output", "own_options", "progress", "remembering",
    "repeated", "saved_run", "watch", "searching",
}  # fmt: skip
FILES = sorted(PACKAGE.rglob("*.py"))


def module_name(file: Path) -> str:
    """`cli` for the file of the package cli, `cli.options` for one in it."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file) for file in FILES}


def imported(file: Path) -> set[str]:
    """The absolute names of what a file imports, in functions and under TYPE_CHECKING too."""
    package = ("xent_check", *file.relative_to(PACKAGE).parts[:-1])
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


def own(file: Path) -> set[str]:
    """The package's modules among them, the longest name that is one."""
    found = set()
    for name in imported(file):
        first, *parts = name.split(".")
        while parts and ".".join(parts) not in MODULES:
            parts.pop()
        if first == "xent_check" and parts:
            found.add(".".join(parts))
    return found - {module_name(file)}


def room(module: str) -> str:
    return module.partition(".")[0]


def test_the_reader_of_imports_sees_what_is_there() -> None:
    reference = own(PACKAGE / "reference" / "reference.py")
    assert {"problem.problem", "reference.enclosure"} <= reference
    assert "jax" in imported(PACKAGE / "implementations" / "adapters" / "jax.py")
    assert "problem.chunks" in own(PACKAGE / "results" / "difference.py")


def test_every_module_is_in_a_room() -> None:
    assert {room(m) for m in MODULES} - {""} == {*ROOMS, "api", *LOOSE} - {"__init__"}
    assert {f.stem for f in PACKAGE.glob("*.py")} == LOOSE


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_a_module_imports_its_room_and_those_to_its_left(file: Path) -> None:
    name = module_name(file)
    left = ROOMS[: ROOMS.index(room(name)) + 1] if room(name) in ROOMS else ()
    allowed = {*left, "errors", "timing"} if left else {"errors", "cli"}
    allowed |= BEYOND.get(room(name), set())
    assert {room(m) for m in own(file)} <= allowed


def test_the_reference_imports_only_problem() -> None:
    """It shares no code with an implementation, nor with what judges one."""
    found = {room(m) for file in (PACKAGE / "reference").glob("*.py") for m in own(file)}
    assert found == {"reference", "problem"}


def test_no_module_imports_itself_in_the_end() -> None:
    graphlib.TopologicalSorter({module_name(file): own(file) for file in FILES}).prepare()


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_within_a_room_imports_are_relative_and_between_rooms_absolute(file: Path) -> None:
    inside = file.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            assert node.level <= len(inside), ast.unparse(node)
        elif isinstance(node, ast.ImportFrom) and inside:
            assert not f"{node.module}.".startswith(f"xent_check.{inside[0]}."), ast.unparse(node)


def test_the_contracts_of_import_linter_hold(capsys: pytest.CaptureFixture[str]) -> None:
    """The order again; no framework but in its adapter; an adapter by its name alone."""
    assert lint_imports(config_filename=str(PYPROJECT), no_cache=True) == 0
    assert "Contracts: 3 kept, 0 broken." in capsys.readouterr().out


def test_no_test_module_imports_another() -> None:
    for file in Path(__file__).parent.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"^(from|import) \S*\btest_", text, re.MULTILINE), file


def named(file: Path) -> bool:
    """Whether a framework is in its names, or in its texts but for docstrings."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and id(node) not in docstrings
    ]
    texts += [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    pattern = re.compile(r"(?<![a-z])(torch|tensorflow|tf|keras|jax|optax|cuda)(?![a-z])", re.I)
    return any(isinstance(text, str) and pattern.search(text) for text in texts)


def test_a_framework_is_named_where_it_is_asked() -> None:
    """Elsewhere only what people paste, an example to begin with, examples of commands and options,
    what users write around a loss, and bugs with the addresses of who reported them."""
    found = {module_name(file) for file in FILES if named(file)}
    found = {name for name in found if not name.startswith("search.mutants.")}
    assert {name for name in found if room(name) != "implementations"} == {
        "casefile.printed_numbers",
        "cli.examples",
        "cli.init_command",
        "cli.mutate_command",
        "cli.options",
        "reporters.repro.frameworks",
        "reporters.repro.layouts",
    }


# ---- one table each ---------------------------------------------------------------------------


def stems(*folder: str) -> set[str]:
    return {file.stem for file in PACKAGE.joinpath(*folder).glob("*.py")} - {"__init__"}


def test_the_table_of_implementations_is_their_files() -> None:
    entries = {entry.module for entry in IMPLEMENTATIONS.values()}
    assert entries == stems("implementations", "adapters") - {CUSTOM.module, elementary.MODULE}


def test_the_table_of_reporters_is_their_files() -> None:
    assert set(REPORTERS) == stems("reporters", "formats")
    for name in REPORTERS:
        assert callable(importlib.import_module(f"xent_check.reporters.formats.{name}").render)


def test_the_table_of_commands_is_their_files() -> None:
    assert {f"{name}_command" for name in COMMANDS} == stems("cli") - HELPERS_OF_CLI


# ---- light and small ----------------------------------------------------------------------------

HEAVY = {"pydantic", "rich", "yaml", "ruamel", "flint", "execnet", "psutil", "ml_dtypes", "jinja2"}


def loaded_after(code: str) -> set[str]:
    """The top-level modules in a fresh interpreter after running the code."""
    report = "import sys; sys.stderr.write(' '.join(m for m in sys.modules if '.' not in m))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


def test_help_loads_nothing_heavy() -> None:
    loaded = loaded_after("import xent_check.cli as c; c.group(['--help'], standalone_mode=False)")
    assert "click" in loaded
    assert not loaded & (FRAMEWORKS | HEAVY | {"numpy"})


def test_the_package_itself_loads_nothing() -> None:
    loaded = loaded_after("import xent_check; dir(xent_check)")
    assert not loaded & (FRAMEWORKS | HEAVY | {"numpy", "click"})


def test_the_python_api_loads_no_framework() -> None:
    """And no command line: what the caller does not ask for stays away."""
    code = "import xent_check; xent_check.explain(1.0, loss='binary', logits=[1.0], labels=[0])"
    loaded = loaded_after(code)
    assert "flint" in loaded  # it computed
    assert not loaded & (FRAMEWORKS | {"click", "matplotlib", "jinja2", "execnet"})


@pytest.mark.parametrize(
    "module",
    ["problem.problem", "implementations.table", "implementations.names", "workers.pool"],
)
def test_the_first_rooms_load_numpy_alone(module: str) -> None:
    loaded = loaded_after(f"import xent_check.{module}")
    assert not loaded & (FRAMEWORKS | HEAVY | {"click"})


def test_the_main_path_loads_no_framework() -> None:
    loaded = loaded_after("import xent_check.running.run, xent_check.cli.run_command")
    assert "numpy" in loaded
    assert not loaded & FRAMEWORKS


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_a_file_is_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MAX_LINES
