"""Arrays that are not contiguous reach a framework's loss as views, or the loss is not asked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch

from tests.support.command import Command, xent_check
from tests.support.fake import LOSSES, PROBLEM, fake
from xent_check.implementations.adapters import torch as torch_adapter
from xent_check.implementations.own.asking import ask, user_loss
from xent_check.implementations.program import problem_arrays
from xent_check.problem.dtypes import rounded
from xent_check.problem.evaluation import UnsupportedError
from xent_check.problem.vocabulary import DTYPES, CotangentLayout, DType, Layout
from xent_check.reporters.repro.layouts import laid_out_arrays, layout_lines

STRIDES: dict[Layout, Any] = {"transposed": ((1, 3), (2,)), "sliced": ((6, 2), (2,))}
COTANGENTS: tuple[CotangentLayout, ...] = get_args(CotangentLayout)
seen: list[Any] = []


class Recording(torch.autograd.Function):  # type: ignore[misc]
    """cross_entropy, which notes the strides of scores, labels and cotangent."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        seen.append((logits.stride(), labels.stride()))
        ctx.save_for_backward(logits, labels)
        return torch.nn.functional.cross_entropy(logits, labels, reduction="none")

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        logits, labels = ctx.saved_tensors
        seen.append(grads[0].stride())
        slope = logits.softmax(-1) - torch.nn.functional.one_hot(labels, 3)
        return slope * grads[0][..., None], None


def recording(logits: torch.Tensor, labels: torch.Tensor) -> Any:
    return Recording.apply(logits, labels)


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", STRIDES)
def test_a_torch_loss_gets_views_of_the_same_numbers(layout: Layout, dtype: DType) -> None:
    problem = replace(PROBLEM, dtype=dtype, values=rounded(PROBLEM.values, dtype), layout=layout)
    computed = ask(problem, user_loss(recording, "mine:f", "torch"))
    assert seen == [STRIDES[layout]]
    np.testing.assert_allclose(computed.losses.astype(np.float64), LOSSES, rtol=0.02)


@pytest.mark.parametrize(
    ("layout", "strides"), [("transposed", (1, 2)), ("sliced", (6, 2)), ("expanded", (0, 0))]
)
def test_a_cotangent_arrives_in_the_backward_as_it_is_laid_out(
    layout: CotangentLayout, strides: tuple[int, ...]
) -> None:
    """Of the softmax of each row minus its one-hot label, times 0.5."""
    problem = replace(
        PROBLEM, values=np.tile(PROBLEM.values, (2, 1, 1)), labels=np.tile(PROBLEM.labels, (2, 1)),
        gradient=True, cotangent=np.full((2, 3), 0.5, np.float32), cotangent_layout=layout,
    )  # fmt: skip

    def by_rows(logits: torch.Tensor, labels: torch.Tensor) -> Any:
        return Rows.apply(logits, labels)

    computed = ask(problem, user_loss(by_rows, "mine:f", "torch"))
    assert seen == [strides]
    exact = np.exp(PROBLEM.values) / np.exp(PROBLEM.values).sum(-1, keepdims=True)
    exact[np.arange(3), PROBLEM.labels] -= 1
    np.testing.assert_allclose(computed.gradient, [exact * 0.5] * 2, rtol=1e-5)  # type: ignore[arg-type]


class Rows(torch.autograd.Function):  # type: ignore[misc]
    """cross_entropy of rows of rows, which notes the strides of the cotangent."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(logits, labels)
        return torch.nn.functional.cross_entropy(logits.mT, labels, reduction="none")

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        logits, labels = ctx.saved_tensors
        seen.append(grads[0].stride())
        slope = logits.softmax(-1) - torch.nn.functional.one_hot(labels, 3)
        return slope * grads[0][..., None], None


@pytest.mark.parametrize("layout", STRIDES)
def test_pytorch_s_own_losses_compute_on_the_views(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    native = torch.nn.functional.cross_entropy

    def noting(logits: torch.Tensor, labels: torch.Tensor, **options: Any) -> torch.Tensor:
        seen.append((logits.stride(), labels.stride()))
        return native(logits, labels, **options)

    monkeypatch.setattr(torch.nn.functional, "cross_entropy", noting)
    problem = replace(PROBLEM, layout=layout, gradient=True, reductions=())
    computed = torch_adapter.evaluate(problem, "", "cpu")
    assert seen == [STRIDES[layout]]
    np.testing.assert_allclose(computed.losses, LOSSES, atol=1e-6)


def test_reversed_memory_is_none_of_torch_s() -> None:
    problem = replace(PROBLEM, layout="reversed")
    with pytest.raises(UnsupportedError, match="has no arrays that are reversed in memory"):
        torch_adapter.evaluate(problem, "", "cpu")
    with pytest.raises(UnsupportedError, match="torch has no arrays that are reversed in memory"):
        ask(problem, user_loss(recording, "mine:f", "torch"))
    assert seen == []


@pytest.mark.long
@pytest.mark.parametrize("framework", ["jax", "tensorflow"])
def test_a_loss_of_a_framework_without_strides_is_not_asked(framework: str) -> None:
    def never(logits: Any, labels: Any) -> Any:
        raise AssertionError("it was called")

    laid_out: tuple[dict[str, Any], ...] = ({"layout": "sliced"}, {"cotangent_layout": "expanded"})
    for fields in laid_out:
        problem = replace(PROBLEM, gradient=True, cotangent=np.ones(3, np.float32), **fields)
        with pytest.raises(UnsupportedError, match=f"{framework} has no arrays that are"):
            ask(problem, user_loss(never, "mine:f", framework))


@pytest.mark.parametrize("layout", STRIDES)
@pytest.mark.parametrize("cotangent", COTANGENTS)
def test_a_script_lays_tensors_out_as_they_were(layout: Layout, cotangent: CotangentLayout) -> None:
    asked = replace(
        PROBLEM, values=np.tile(PROBLEM.values, (2, 1, 1)), labels=np.tile(PROBLEM.labels, (2, 1)),
        gradient=True, cotangent=np.full((2, 3), 0.5, np.float32), layout=layout,
        cotangent_layout=cotangent,
    )  # fmt: skip
    plain = problem_arrays(replace(asked, layout=None, cotangent_layout=None))
    variables = {"torch": torch, "nan": np.nan} | {k: torch.tensor(a) for k, a in plain.items()}
    exec("\n".join(layout_lines(laid_out_arrays(asked), "torch")), variables)
    for name, array in problem_arrays(asked).items():
        tensor = torch_adapter.to_tensor(array, "cpu")
        assert variables[name].stride() == tensor.stride(), name
        assert torch.equal(variables[name], tensor)


CASES = """\
defaults:
  loss: sparse_categorical
  logits: {shape: [2, 3, 5], random: normal}
  labels: {shape: [2, 3], cycle: [0, 4, 2]}
  check: [value, gradient, inputs, repeatable, batch]
  reduction: mean
  tolerance: auto
cases:
  - {name: transposed, layout: transposed}
  - {name: sliced, layout: sliced}
  - {name: reversed, layout: reversed}
  - {name: transposed-cotangent, cotangent: {transposed: [[1, 2, 3], [4, 5, 6]]}}
  - {name: expanded-cotangent, cotangent: {expanded: 0.25}}
  - {name: sliced-cotangent, cotangent: {sliced: {shape: [2, 3], cycle: [1, -1, 0]}}}
  - {name: both, layout: transposed, cotangent: {sliced: [[1, 2, 3], [4, 5, 6]]}}
"""


STRIDED = ("torch", "keras-torch", "manual", "stable")
CONTIGUOUS = ("keras", "keras-jax", "tf", "jax", "optax")


@pytest.mark.long
@pytest.mark.parametrize("names", [STRIDED, CONTIGUOUS], ids=["strided", "contiguous"])
def test_every_framework_has_the_layout_or_says_that_it_has_none(
    names: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "cases.yaml").write_text(CASES)
    arguments = [part for name in names for part in ("-i", name)]
    done = xent_check(tmp_path, "run", "cases.yaml", *arguments, "--report", "json=r.json")
    results = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["results"]
    assert done.code == (0 if names is STRIDED else 3)
    assert len(results) == 7 * len(names)
    for result in results:
        case, who = result["case"].rpartition("::")[2], result["implementation"]
        lacks = who in CONTIGUOUS or (case == "reversed" and who in ("torch", "keras-torch"))
        assert result["status"] == ("unsupported" if lacks else "agrees"), (case, who, result)
        if lacks:
            assert "in memory" in result["reason"]


@pytest.mark.long
def test_the_strides_arrive_in_the_worker(tmp_path: Path) -> None:
    """The fakes raise what they see, from where a user's loss runs."""
    command = Command(tmp_path)
    command.cases.write_text(CASES)
    names = [fake("strides", "numpy_strides"), f"torch={fake('strides', 'torch_strides')}"]
    options = ("--loss", "sparse_categorical", "--given", "logits", "--returns", "losses")
    report = command.report("-i", names[0], "-i", names[1], "-k", "sliced or reversed", *options)
    found = {
        (r["case"].rpartition("::")[2], r["implementation"].partition("=")[0]): r["reason"]
        for r in report["results"]
    }
    assert "(-15, -5, -1) and (-3, -1)" in found["reversed", names[0]]
    assert "(30, 10, 2) and (6, 2)" in found["sliced", names[0]]
    assert "(30, 10, 2) and (6, 2)" in found["sliced", "torch"]
    assert "torch has no arrays that are reversed in memory" in found["reversed", "torch"]
