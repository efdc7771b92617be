"""The scripts of repro: arrays of the same bits, calls written out, and the command around them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from tests.support.command import completed
from tests.support.loaded import posed_cases
from tests.support.snapshots import assert_expected
from xent_check.casefile.array_forms import (
    CycleArray,
    FileArray,
    FillArray,
    OneHotArray,
    RandomArray,
    RangeArray,
)
from xent_check.casefile.arrays import make_array
from xent_check.casefile.case import CaseFields
from xent_check.casefile.loading import PosedCase
from xent_check.implementations.names import parse
from xent_check.implementations.program import compiled
from xent_check.implementations.table import CUSTOM, IMPLEMENTATIONS
from xent_check.problem.dtypes import rounded
from xent_check.problem.evaluation import Computed, Failed, Unsupported
from xent_check.reporters.repro import script
from xent_check.reporters.repro.arrays import HELPERS, array_code
from xent_check.reporters.repro.frameworks import LINES, broken
from xent_check.running.one_case import results_of

Command = Callable[..., subprocess.CompletedProcess[str]]
CASE = """
name: one
description: A probability of "0" | and <one> more.
source: https://example.com/issue/1
loss: sparse_categorical
logits: [[0.0, 0.0], [-200, 300]]
labels: [0, 0]
reduction: [mean, sum]
"""
NOISE = {"shape": [30, 5], "random": "normal"}
LABELS = {"shape": [30], "random": "integers", "high": 9}
EDGES = [0.1, 1 / 3, 1e-45, 65504.0, 3e38, 1.0, -0.0, np.inf, -np.inf, np.nan, 2**-24, 16777217]


def composed(form: object) -> Any:
    """A form that is made of others."""
    return CaseFields.model_validate({"loss": "binary", "logits": form, "labels": 0}).logits


def made_by(code: str) -> Any:
    """What the code of an array gives, in a script."""
    namespace: dict[str, Any] = {"np": np, "nan": np.nan, "inf": np.inf}
    for helper in HELPERS.values():
        exec(helper, namespace)
    return eval(code, namespace)


def assert_same_bits(code: str, array: Any) -> None:
    """bfloat16 comes in float32, which holds every one of them."""
    again = made_by(code)
    if array.dtype.name == "bfloat16":
        assert again.dtype == np.float32
        again = again.astype(ml_dtypes.bfloat16)
    assert (again.dtype, again.shape) == (array.dtype, array.shape)
    same = (again == array) | (np.isnan(again) & np.isnan(array))
    assert same.all()
    assert (np.signbit(again) == np.signbit(array))[~np.isnan(array)].all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(12,), (3, 4), (2, 3, 2), (1, 12), (12, 1)])
def test_a_literal_has_the_bits_of_the_array(dtype: str, shape: tuple[int, ...]) -> None:
    array = rounded(np.array(EDGES).reshape(shape), dtype)
    assert_same_bits(array_code(None, array, Path()), array)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_an_empty_array_keeps_its_shape(shape: tuple[int, ...]) -> None:
    array = np.zeros(shape, dtype=np.float32)
    assert_same_bits(array_code(None, array, Path()), array)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize(
    "form",
    [
        RandomArray(shape=[300, 500], random="normal", seed=3),
        RandomArray(shape=[30, 5], random="normal", seed=3, loc=-1.5, scale=40.0),
        RandomArray(shape=[30, 5], random="uniform", seed=4, low=-2, high=3),
        RandomArray(shape=[300], random="integers", seed=5, low=-7, high=9),
        RangeArray(shape=[30, 5], range=True),
        FillArray(shape=[30, 5], fill=0.1),
        OneHotArray(one_hot=[[1, 2], [0, 3]] * 20, num_classes=4),
        CycleArray(shape=[30, 5], cycle=[1, -0.5, 0]),
        *(
            composed(form)
            for form in (
                {"one_hot": LABELS, "num_classes": 9, "on": -3, "off": 2.5},
                {"one_hot": LABELS, "num_classes": 9, "probability": [0.5, 0.999] * 15},
                {"add": [NOISE, {"shape": [30, 1], "fill": 1e4}, [1, 2, 3, 4, 5]]},
                {"base": NOISE, "put": {"0, -1": 20, ":, 1:3": float("-inf"), "3": 0}},
                {"base": {"shape": [30, 5], "range": True}, "put": {"::2": 0.5}},
                {"argmax": {"shape": [5, 100], "random": "normal"}, "axis": 0},
            )
        ),
    ],
    ids=lambda form: "-".join(str(v) for v in form.model_dump(exclude_unset=True).values())[:30],
)
def test_a_large_array_is_made_as_the_case_file_says(form: Any, dtype: str) -> None:
    array = rounded(make_array(form, ("logits",), Path(), False), dtype)
    code = array_code(form, array, Path())
    assert len(code) < 700
    assert_same_bits(code, array)


def test_a_large_file_is_read_and_a_small_one_written_out(tmp_path: Path) -> None:
    form = FileArray(file="x.npy")
    for shape, read in (((50, 60), True), ((5, 6), False)):
        np.save(tmp_path / "x.npy", np.random.RandomState(0).standard_normal(shape))
        array = rounded(make_array(form, ("logits",), tmp_path, False), "float32")
        code = array_code(form, array, tmp_path)
        assert ("np.load" in code) is read
        assert_same_bits(code, array)


def test_a_bare_row_gets_the_sample_axis_that_the_problem_has() -> None:
    form = RandomArray(shape=[100], random="normal")
    array = rounded(make_array(form, ("logits",), Path(), False)[None], "float32")
    assert_same_bits(array_code(form, array, Path()), array)


# ---- calls ------------------------------------------------------------------------------------


def test_a_compiled_call_is_the_compiler_s_call_of_a_function_of_the_arrays() -> None:
    text = compiled("jax.jit({})", "f(x, {1: y})", ["x", "y"])
    assert text == "jax.jit(lambda x, y: f(x, {1: y}))(x, y)"
    assert compiled("", "f(x)", ["x"]) == "f(x)"
    assert compiled("jax.jit({})", "", ["x"]) == ""


@pytest.mark.parametrize("width", [10, 20, 40, 90])
def test_a_long_expression_is_broken_into_lines_that_mean_the_same(width: int) -> None:
    text = "a.b(c(d, e=[1, 2]), axis=-1)(labels, jvp(lambda x: f(x, k='none'), x), w=take(w, i))"
    lines = broken(text, width)
    assert ast.dump(ast.parse(lines)) == ast.dump(ast.parse(text))
    assert ("\n" in lines) is (width < len(text))


def test_every_module_of_the_table_has_its_script() -> None:
    frames = [entry.script for entry in IMPLEMENTATIONS.values()]
    assert {frame.host for frame in frames if frame is not None} == {"", *LINES}
    assert None not in frames
    assert CUSTOM.script is None


# ---- scripts of the formulas written by hand --------------------------------------------------


def ran(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The script in a fresh interpreter, where xent_check cannot be imported."""
    (folder / "script.py").write_text(text, encoding="utf-8")
    before = "import sys; sys.modules['xent_check'] = None; sys.argv[1:] = []\n"
    run = f"{before}import runpy; runpy.run_path({str(folder / 'script.py')!r})"
    return subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=False)


def scripted(posed: PosedCase, name: str) -> tuple[str, Any]:
    (result,) = results_of(posed, [parse(name)], 60)
    return script(posed, parse(name), result), result


def test_a_script_that_agrees_prints_both_and_ends_well(tmp_path: Path) -> None:
    (posed,) = posed_cases(CASE, tmp_path)
    text, result = scripted(posed, "stable")
    done = ran(text, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\nagrees\n")
    printed = [float(x) for x in re.findall(r"^losses\[\d\]: (\S+) ", done.stdout, re.MULTILINE)]
    assert printed == result.evaluation.losses.tolist()
    assert "https://example.com/issue/1" in text


@pytest.mark.parametrize(
    "text",
    ["x coding: utf-7 +AAo-print(0x7)+AAo-#", "\nprint(0x7)", "\rprint(0x7)", "\"\"\"\nprint(0x7)",
     "\u2028print(0x7)", "\fprint(0x7)"],
)  # fmt: skip
def test_no_text_of_a_case_is_code_of_its_script(text: str, tmp_path: Path) -> None:
    (posed,) = posed_cases(CASE, tmp_path)
    fields = posed.case.fields.model_copy(update={"description": text, "source": text})
    named = replace(posed, case=replace(posed.case, name=text, shown=text, fields=fields))
    done = ran(scripted(named, "stable")[0], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("\nagrees\n")
    assert "\n7\n" not in done.stdout


def test_a_script_that_disagrees_ends_in_an_assertion_that_names_the_worst(tmp_path: Path) -> None:
    (posed,) = posed_cases(CASE, tmp_path)
    done = ran(scripted(posed, "manual")[0], tmp_path)
    assert done.returncode == 1
    assert "AssertionError: losses[1] is nan, exactly 500.0: off by inf" in done.stderr
    assert "losses[0]: 0.693" in done.stdout


def test_a_script_of_what_raised_ends_in_the_same_error(tmp_path: Path) -> None:
    text = CASE.replace("labels: [0, 0]", "labels: [0, 9]") + "expect: {stable: {error: out of}}\n"
    (posed,) = posed_cases(text, tmp_path)
    code, result = scripted(posed, "stable")
    assert isinstance(result.evaluation, Failed)
    assert ran(code, tmp_path).stderr.strip().splitlines()[-1] == result.evaluation.message


def test_a_bfloat16_script_of_a_formula_needs_ml_dtypes_beside_numpy(tmp_path: Path) -> None:
    (posed,) = posed_cases(CASE + "dtype: bfloat16\n", tmp_path)
    text, result = scripted(posed, "stable")
    assert {n.names[0].name for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Import)} == {
        "numpy", "ml_dtypes",
    }  # fmt: skip
    done = ran(text, tmp_path)
    assert f"losses[0]: {float(result.evaluation.losses[0])!r} " in done.stdout


def test_a_large_part_is_held_against_its_worst_numbers(tmp_path: Path) -> None:
    text = """
        loss: binary
        logits: {shape: [3000], random: normal, seed: 1, scale: 8}
        labels: {shape: [3000], random: integers, low: 0, high: 2, seed: 2}
        tolerance: 0
    """
    (posed,) = posed_cases(text, tmp_path)
    code, result = scripted(posed, "manual")
    losses = result.comparison.losses
    assert losses.diverging > 20
    done = ran(code, tmp_path)
    assert len(re.findall(r"^losses\[", done.stdout, re.MULTILINE)) == 20
    assert f"losses{list(losses.worst)} is {float(losses.actual[losses.worst])!r}" in done.stderr
    assert "np.random.RandomState(1).standard_normal((3000,)) * 8.0" in code


def test_what_was_not_computed_has_no_script(tmp_path: Path) -> None:
    (posed,) = posed_cases(CASE.replace("logits:", "log_probs:"), tmp_path)
    (result,) = results_of(posed, [parse("stable")], 60)
    assert isinstance(result.evaluation, Unsupported)
    with pytest.raises(ValueError, match="unsupported"):
        script(posed, parse("stable"), result)
    (posed,) = posed_cases(CASE, tmp_path)
    (result,) = results_of(posed, [parse("stable")], 60)
    assert isinstance(result.evaluation, Computed)


# ---- the command ------------------------------------------------------------------------------


@pytest.fixture
def repro(tmp_path: Path) -> Command:
    """`xent-check repro` in a folder with one.yaml and two.yaml."""
    (tmp_path / "one.yaml").write_text(CASE, encoding="utf-8")
    binary = "loss: binary, logits: [0], labels: [1]"
    two = f"cases: [{{name: a, {binary}}}, {{name: b, {binary}}}]"
    (tmp_path / "two.yaml").write_text(two, encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return completed(tmp_path, "repro", *arguments, COLUMNS="80")

    return run


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("one.yaml",), 2, "none was given"),
        (("one.yaml", "-i", "manual", "-i", "stable"), 2, "2 were given"),
        (("one.yaml", "-i", "numpy:no_loss"), 4, "no script: numpy:no_loss failed"),
        (("two.yaml", "-i", "manual"), 2, "FILE::NAME, of a, b"),
        (("two.yaml::c", "-i", "manual"), 2, "no case 'c'"),
        (("one.yaml", "-i", "manual", "-o", "no/where.py"), 2, "no folder no"),
        (("log.yaml", "-i", "stable"), 3, "stable does not support log.yaml::one"),
    ],
)
def test_what_cannot_be_shown_is_said(
    repro: Command, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "log.yaml").write_text(CASE.replace("logits:", "log_probs:"), encoding="utf-8")
    done = repro(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in " ".join(done.stderr.split())


def test_the_script_goes_to_standard_output_or_to_a_file(repro: Command, tmp_path: Path) -> None:
    printed = repro("one.yaml", "-i", "manual")
    assert printed.returncode == 0
    written = repro("one.yaml::one", "-i", "manual", "-o", "out.py")
    assert (written.returncode, written.stdout) == (0, "")
    assert (tmp_path / "out.py").read_text(encoding="utf-8") == printed.stdout


def test_the_tolerance_can_be_overridden(repro: Command, tmp_path: Path) -> None:
    done = repro("one.yaml", "-i", "stable", "--tolerance", "auto")
    assert "Tolerance: auto" in done.stdout
    assert ran(done.stdout, tmp_path).returncode == 0


def test_the_markdown_is_the_whole_issue(repro: Command) -> None:
    done = repro("one.yaml", "-i", "manual", "--format", "markdown")
    assert done.returncode == 0
    text = re.sub(r"numpy [\d.]+", "numpy 2.0.0", done.stdout)
    text = re.sub(r"- Python .*\n- .*\n", "- Python 3.11.0\n- Linux\n", text)
    assert_expected("repro.md", text)
