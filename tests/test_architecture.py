"""The shape of the package, read from its own source."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import xent_check
from xent_check.cli import COMMANDS
from xent_check.implementations import CUSTOM, IMPLEMENTATIONS
from xent_check.reporters import REPORTERS

PACKAGE = Path(xent_check.__file__).parent
FRAMEWORKS = {"torch", "tensorflow", "keras", "jax", "optax"}
MAX_LINES = 300

# The nouns with what they are made of: each imports those before it, and nothing after it.
NOUNS = (
    "words", "options", "errors", "timing", "tolerance", "dtypes", "digest", "ranking", "chunks",
    "support",
    "yaml_values", "yaml_events", "yaml_source", "value_types", "memory", "array_files",
    "array_forms", "case",
    "arrays", "problem", "parts", "needs", "problem_digest", "data_rules", "posing",
    "exact_sum", "divisors", "enclosure", "expectation", "expectations", "extended",
    "exact_answers",
    "exact_binary", "exact_classes", "exact", "fast", "reference",
    "evaluation", "calls", "program", "idioms", "keras_losses",
    "rounding", "bounds_binary", "bounds_classes", "bounds_totals", "bounds", "bounds_in_parts",
    "bounds_inside",
    "difference", "excerpts", "comparison", "other_labels", "vacuity",
    "choices", "coefficients", "formulas", "meaning",
    "score_changes", "label_changes", "total_changes", "hypotheses",
    "readings", "evidence", "telling", "steps", "diagnosis",
    "change", "shard", "report", "judging", "reasons", "markup", "number_text", "outcome",
    "durations", "change_text", "recorded", "changes", "wording", "alarms", "saved_parts",
    "saved_results", "saved_schema", "saved_write_numbers", "saved_write",
    "project", "baseline_fields", "baseline", "gating", "saved_checks", "saved_numbers", "saved",
    "contradictions", "versus", "versus_text",
)  # fmt: skip
# What runs them: from the command line to the workers and back.
MACHINERY = {
    "arguments", "checking", "config", "corpus", "expansion", "explaining",
    "explanation_text", "interpreters", "known_issues", "last_failed", "leftovers", "loading",
    "locking",
    "merging", "pasted", "paths", "placement", "pool", "rejudging", "result_schema", "run",
    "schema", "selection",
    "serving", "session", "settings", "starting", "stated", "streams", "watching", "wire", "worker",
    "yaml_text",
}  # fmt: skip
# Problem and evaluation, their words, and what makes a public call and writes it down.
FOR_IMPLEMENTATIONS = {
    "words", "options", "errors", "dtypes", "support", "problem", "evaluation", "calls", "program",
    "idioms", "keras_losses",
}  # fmt: skip
HELPERS_OF_CLI = {
    "completion", "configured", "ending", "guarding", "options", "output", "remembering",
    "repeated", "saved_run", "watch",
}  # fmt: skip
HELPERS_OF_REPORTERS = {
    "matrix", "drawing",
    "page_behaviour", "page_data", "page_details", "page_errors", "page_matrix", "page_text",
    "plot_canvas", "plot_errors", "plots", "rulers",
}  # fmt: skip


@dataclass(frozen=True)
class Import:
    """One import: a module of the package by its dotted name, another by its first part."""

    target: str
    own: bool
    function: str  # the function it stands in, or ""

    @property
    def first(self) -> str:
        return self.target.partition(".")[0]


def files() -> list[Path]:
    """Every source file of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def module_name(file: Path) -> str:
    """`implementations.torch` for its file, `implementations` for the package's own."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file) for file in files()}


def imports(file: Path) -> Iterator[Import]:
    """Every import of a file, those inside functions and under TYPE_CHECKING too."""
    package = file.relative_to(PACKAGE).parts[:-1]
    pending: list[tuple[ast.AST, str]] = [(ast.parse(file.read_text(encoding="utf-8")), "")]
    while pending:
        node, function = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        pending += [(child, function) for child in ast.iter_child_nodes(node)]
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _absolute(alias.name, function)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                yield _absolute(f"{node.module}.{alias.name}", function)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            for alias in node.names:
                yield _own([*base, *(node.module or "").split("."), alias.name], function)


def _absolute(name: str, function: str) -> Import:
    first, _, rest = name.partition(".")
    return (
        _own(rest.split("."), function) if first == "xent_check" else Import(first, False, function)
    )


def _own(parts: list[str], function: str) -> Import:
    """The longest leading part that is a module; "" for a name of the package itself."""
    parts = [part for part in parts if part]
    while parts and ".".join(parts) not in MODULES:
        parts = parts[:-1]
    return Import(".".join(parts), True, function)


def own_imports(file: Path) -> set[str]:
    """The package's modules that a file imports; the package itself (`__version__`) apart."""
    return {i.target for i in imports(file) if i.own} - {""}


def in_folder(folder: str) -> list[Path]:
    return sorted((PACKAGE / folder).glob("*.py"))


def test_the_reader_of_imports_sees_what_is_there() -> None:
    assert {"problem", "enclosure"} <= own_imports(PACKAGE / "reference.py")
    assert "saved_write" in own_imports(PACKAGE / "reporters" / "json.py")
    jax = {i for i in imports(PACKAGE / "implementations" / "jax.py") if not i.own}
    assert Import("jax", False, "") in jax


def test_every_module_has_its_place() -> None:
    top = {file.stem for file in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert top == set(NOUNS) | MACHINERY


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_imports_only_nouns_to_its_left(noun: str) -> None:
    allowed = set(NOUNS[: NOUNS.index(noun)])
    assert own_imports(PACKAGE / f"{noun}.py") <= allowed | {"errors"} - {noun}


@pytest.mark.parametrize("file", in_folder("implementations"), ids=lambda file: file.stem)
def test_an_implementation_imports_problem_evaluation_and_the_making_of_calls(file: Path) -> None:
    others = {name for name in own_imports(file) if name.partition(".")[0] != "implementations"}
    assert others <= FOR_IMPLEMENTATIONS


@pytest.mark.parametrize("file", in_folder("reporters"), ids=lambda file: file.stem)
def test_a_reporter_imports_nouns_alone(file: Path) -> None:
    others = {name for name in own_imports(file) if name.partition(".")[0] != "reporters"}
    assert others <= set(NOUNS)


def test_no_framework_is_imported_outside_the_implementations() -> None:
    found = {
        (module_name(file), i.target, i.function)
        for file in files()
        if file.parent != PACKAGE / "implementations"
        for i in imports(file)
        if not i.own and i.target in FRAMEWORKS
    }
    # In the child alone: JAX is told where to keep what it compiled.
    assert found <= {("serving", "jax", "_configure")}


def test_only_a_worker_loads_an_implementation_and_only_the_command_line_a_reporter() -> None:
    for file in files():
        name = module_name(file)
        loaded = own_imports(file)
        if not name.startswith("implementations"):
            assert not {m for m in loaded if m.startswith("implementations.")}, name
        if not name.startswith(("reporters", "cli", "pytest_plugin")):
            assert not {m for m in loaded if m.partition(".")[0] == "reporters"}, name
        if not name.startswith("cli") and name != "__main__":
            assert not {m for m in loaded if m.partition(".")[0] == "cli"}, name


def test_the_reference_shares_no_code_with_an_implementation() -> None:
    reached, pending = set(), ["reference"]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            pending += own_imports(PACKAGE / f"{name}.py")
    assert reached <= {
        "reference", "exact", "exact_answers", "exact_binary", "exact_classes", "fast", "extended",
        "enclosure", "dtypes", "problem", "options", "words", "parts", "divisors", "exact_sum",
        "chunks",
    }  # fmt: skip


# ---- one table each ---------------------------------------------------------------------------


def stems(folder: str) -> set[str]:
    return {file.stem for file in in_folder(folder)} - {"__init__"}


def test_the_table_of_implementations_is_their_files() -> None:
    assert {entry.module for entry in IMPLEMENTATIONS.values()} == stems("implementations") - {
        CUSTOM.module
    }


def test_the_table_of_reporters_is_their_files() -> None:
    assert set(REPORTERS) == stems("reporters") - HELPERS_OF_REPORTERS
    for name in REPORTERS:
        assert callable(importlib.import_module(f"xent_check.reporters.{name}").render)


def test_the_table_of_commands_is_their_files() -> None:
    assert {f"{name}_command" for name in COMMANDS} == stems("cli") - HELPERS_OF_CLI


# ---- light and small ----------------------------------------------------------------------------


def loaded_after(code: str) -> set[str]:
    """The top-level modules in a fresh interpreter after running the code."""
    report = "import sys; sys.stderr.write(' '.join(m for m in sys.modules if '.' not in m))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [["--help"], ["eval", "--help"]], ids=" ".join)
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    loaded = loaded_after(f"import xent_check.cli as c; c.group({words}, standalone_mode=False)")
    assert "click" in loaded
    heavy = {"numpy", "pydantic", "rich", "yaml", "flint", "execnet", "ml_dtypes", "mpmath"}
    assert not loaded & (FRAMEWORKS | heavy)


def test_the_main_path_loads_no_framework() -> None:
    loaded = loaded_after("import xent_check.run, xent_check.cli.run_command")
    assert "numpy" in loaded
    assert not loaded & FRAMEWORKS


@pytest.mark.parametrize("file", files(), ids=module_name)
def test_a_file_is_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) < MAX_LINES
