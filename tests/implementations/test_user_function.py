"""The user's own function: how it is found, what it is called with, what may come back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.fake import LOSSES, PROBLEM, fake
from xent_check.implementations.adapters.user_function import evaluate, load
from xent_check.implementations.own.answers import AnswerError
from xent_check.problem.evaluation import Computed, Unsupported, UnsupportedError
from xent_check.problem.problem import Problem


@pytest.fixture(autouse=True)
def _as_in_a_fresh_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    modules = set(sys.modules)
    load.cache_clear()
    yield
    load.cache_clear()
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def written(folder: Path, code: str) -> str:
    """A function `f` in a file of its own, which records what it is called with."""
    (folder / "mine.py").write_text(f"called = []\n{code}\n")
    return f"{folder / 'mine.py'}:f"


def run(function: str, problem: Problem = PROBLEM) -> Computed:
    return evaluate(problem, function, "cpu")


def test_a_function_of_a_file_gives_its_losses_and_no_totals() -> None:
    answer = run(fake("answering", "right"))
    np.testing.assert_allclose(answer.losses, LOSSES, atol=1e-6)
    assert answer.dtype == np.float32
    assert isinstance(answer.totals["mean"], Unsupported)
    assert answer.call.endswith("answering.py:right(logits, labels)")


def test_a_function_of_a_module_in_the_working_directory_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "losses.py").write_text("def f(logits, labels): return labels / 2")
    monkeypatch.chdir(tmp_path)
    assert run("my_package.losses:f").losses.tolist() == [0.0, 0.5, 0.5]


def test_a_file_is_run_once_for_all_its_problems(tmp_path: Path) -> None:
    code = "count = [0]\ndef f(logits, labels):\n count[0] += 1\n return labels * 0.0 + count[0]"
    function = written(tmp_path, code)
    assert [float(run(function).losses[0]) for _ in range(3)] == [1.0, 2.0, 3.0]


def test_a_file_may_import_the_file_beside_it_and_define_a_dataclass() -> None:
    np.testing.assert_allclose(run(fake("loud", "right")).losses, LOSSES, atol=1e-6)


def test_a_file_named_like_a_module_in_use_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("def f(logits, labels): return labels * 1.0")
    before = sys.modules["numpy"]
    assert run(f"{tmp_path}/numpy.py:f").losses.tolist() == [0.0, 1.0, 1.0]
    assert sys.modules["numpy"] is before


def test_a_file_with_a_syntax_error_cannot_be_imported(tmp_path: Path) -> None:
    with pytest.raises(ImportError, match="cannot be imported: SyntaxError"):
        run(written(tmp_path, "def f(logits, labels:"))


def test_a_module_that_is_not_there_cannot_be_imported() -> None:
    with pytest.raises(ImportError, match="ModuleNotFoundError: No module named 'no_such_module'"):
        run("no_such_module:f")


def test_the_first_number_of_a_tuple_is_its_loss(tmp_path: Path) -> None:
    """The mean and the accuracy, as many as there are samples: three here, so of three."""
    for numbers in ("losses.mean(), 0.5, 0.25", "losses.mean().item(), 0.5, 0.25"):
        code = f"def f(logits, labels):\n losses = labels.astype('float32')\n return {numbers}"
        answer = run(written(tmp_path, code))
        load.cache_clear()
        assert answer.losses.shape == ()
        assert answer.losses == pytest.approx(2 / 3)


def test_probs_come_first_where_the_case_has_probs(tmp_path: Path) -> None:
    function = written(tmp_path, "def f(probs, labels): return probs[:, 0]")
    answer = run(function, replace(PROBLEM, given="probs"))
    assert answer.losses.tolist() == PROBLEM.values[:, 0].tolist()
    assert "(probs, labels)" in answer.call


FULL = replace(
    PROBLEM,
    ignore_index=-100,
    label_smoothing=0.25,
    class_weight=np.array([1, 2, 3], dtype=np.float32),
)


def test_exactly_the_options_of_the_case_are_passed(tmp_path: Path) -> None:
    code = (
        "import numpy as np\n"
        "def f(logits, labels, class_weight=0, ignore_index=0, label_smoothing=0.0):\n"
        " given = {'class_weight': class_weight, 'ignore_index': ignore_index}\n"
        " given['label_smoothing'] = label_smoothing\n"
        " called.append(sorted(k for k, v in given.items() if np.any(v)))\n"
        " return labels * 0.0 + len(called[-1])"
    )
    function = written(tmp_path, code)
    assert run(function).losses.tolist() == [0.0] * 3
    assert run(function, FULL).losses.tolist() == [3.0] * 3
    called = sys.modules["mine"].called
    assert called == [[], ["class_weight", "ignore_index", "label_smoothing"]]


def test_options_arrive_with_their_values(tmp_path: Path) -> None:
    code = (
        "def f(logits, labels, ignore_index, label_smoothing, class_weight):\n"
        " assert (ignore_index, label_smoothing) == (-100, 0.25)\n"
        " return class_weight"
    )
    answer = run(written(tmp_path, code), FULL)
    assert answer.losses.tolist() == [1.0, 2.0, 3.0]
    assert "class_weight=..., ignore_index=-100, label_smoothing=0.25" in answer.call


def test_an_option_that_the_signature_does_not_name_is_unsupported(tmp_path: Path) -> None:
    function = written(tmp_path, "def f(logits, labels, ignore_index): return labels * 1.0")
    with pytest.raises(UnsupportedError, match="takes no class_weight, label_smoothing"):
        run(function, FULL)


def test_an_option_may_go_by_a_synonym_of_the_table(tmp_path: Path) -> None:
    code = (
        "def f(logits, labels, padding_idx, smoothing, weight):\n"
        " assert (padding_idx, smoothing) == (-100, 0.25)\n"
        " return weight"
    )
    answer = run(written(tmp_path, code), FULL)
    assert answer.losses.tolist() == [1.0, 2.0, 3.0]
    assert "weight=..., padding_idx=-100, smoothing=0.25" in answer.call


def test_an_option_s_own_name_comes_before_its_synonyms(tmp_path: Path) -> None:
    code = (
        "def f(logits, labels, smoothing=None, label_smoothing=None):\n"
        " assert smoothing is None\n"
        " return labels * 0.0 + label_smoothing"
    )
    problem = replace(PROBLEM, label_smoothing=0.25)
    assert set(run(written(tmp_path, code), problem).losses.tolist()) == {0.25}


def test_the_class_axis_is_an_option_where_it_is_not_the_last(tmp_path: Path) -> None:
    function = written(
        tmp_path, "def f(logits, labels, class_axis): return labels * 0.0 + class_axis"
    )
    problem = replace(PROBLEM, class_axis=0)
    assert run(function, problem).losses.tolist() == [0.0] * 3


def test_reduction_none_is_passed_where_the_signature_names_it(tmp_path: Path) -> None:
    code = (
        "def f(logits, labels, reduction='mean'):\n"
        " assert reduction == 'none'\n"
        " return labels * 1.0"
    )
    answer = run(written(tmp_path, code))
    assert answer.losses.shape == (3,)
    assert "reduction='none'" in answer.call


@pytest.mark.parametrize("name", ["none", "text", "complex_numbers", "whole_numbers"])
def test_what_is_no_float_is_refused(name: str) -> None:
    with pytest.raises(AnswerError, match="it returned "):
        run(fake("answering", name))


def test_a_gradient_that_is_asked_for_is_unsupported() -> None:
    function = fake("answering", "right")
    assert isinstance(run(function, replace(PROBLEM, gradient=True)).gradient, Unsupported)
    assert run(function).gradient is None


def test_an_array_beside_the_losses_that_is_no_gradient_is_told(tmp_path: Path) -> None:
    code = (
        "import numpy as np\ndef f(logits, labels):\n e = np.exp(logits)\n"
        " p = e / e.sum(-1, keepdims=True)\n one = np.eye(logits.shape[-1])[labels]\n"
        " return (-np.log((p * one).sum(-1))).astype(logits.dtype), (one - p).astype(logits.dtype)"
    )
    answer = run(written(tmp_path, code), replace(PROBLEM, gradient=True))
    assert isinstance(answer.gradient, Unsupported)
    assert answer.gradient.reason == (
        "what it returns beside the losses ([1]) was not found to be their gradient; where it is "
        "meant to be, say so: returns losses,gradient"
    )
