"""Whose arrays a function takes: by its annotations, what it is, what its module imports."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from xent_check.implementations.own.guess import guessed, passed_with


def of(module: str, name: str) -> type:
    """A class that is from that module."""
    return type(name, (), {"__module__": module, "__call__": lambda self, a, b: a})


@pytest.fixture
def mine(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An empty module of the user's."""
    module = ModuleType("mine_for_guess")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def function(module: ModuleType, signature: str = "a, b", **names: Any) -> Any:
    vars(module).update(names)
    exec(f"def f({signature}): return a", vars(module))
    return vars(module)["f"]


def test_nothing_says_so_is_numpy(mine: ModuleType) -> None:
    assert guessed(function(mine)) == ("numpy", "")


@pytest.mark.parametrize(
    ("annotation", "framework"),
    [
        (of("torch", "Tensor"), "torch"),
        (of("jax", "Array"), "jax"),
        (of("jaxlib._jax", "Array"), "jax"),
        (of("tensorflow.python.framework.tensor", "Tensor"), "tensorflow"),
        (of("numpy", "ndarray"), "numpy"),
    ],
)
def test_annotations_come_first(mine: ModuleType, annotation: type, framework: str) -> None:
    modules = {"torch": ModuleType("torch"), "jax": ModuleType("jax")}
    f = function(mine, "a: T, b: T", T=annotation, **modules)
    assert guessed(f) == (framework, "its annotations")
    as_text = function(mine, "a: 'T', b: 'T | None'", T=annotation, **modules)
    assert guessed(as_text) == (framework, "its annotations")


@pytest.mark.parametrize(
    ("module", "framework"), [("torch.nn.modules.module", "torch"), ("optax.losses", "jax")]
)
def test_then_what_it_is(module: str, framework: str) -> None:
    made = of(module, "Module")
    for target in (made, made(), type("Mine", (made,), {}), type("Mine", (made,), {})()):
        assert guessed(target) == (framework, "what it is")


def test_then_what_its_module_imports(mine: ModuleType) -> None:
    assert guessed(function(mine, torch=ModuleType("torch"))) == ("torch", "its imports")
    assert guessed(function(mine, F=ModuleType("torch.nn.functional"))) == ("torch", "its imports")


def test_several_imports_say_nothing(mine: ModuleType) -> None:
    assert guessed(function(mine, a=ModuleType("torch"), b=ModuleType("jax"))) == ("numpy", "")


def test_a_module_of_the_same_package_may_import_it(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels, losses = ModuleType("own_package.kernels"), ModuleType("own_package.losses")
    for module in (kernels, losses):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    vars(kernels)["triton"] = ModuleType("triton")
    assert guessed(function(losses, kernels=kernels)) == ("torch", "its imports")


def test_what_is_passed_says_what_a_function_gets(mine: ModuleType) -> None:
    """A tensor says it, and its device; an array of NumPy counts for more than an import."""
    plain, imports = of("mine_for_guess", "Loss")(), function(mine, torch=ModuleType("torch"))
    tensor, array = of("torch", "Tensor")(), of("jaxlib._jax", "ArrayImpl")()
    assert passed_with(tensor, imports) == ("torch", "cpu")
    vars(tensor)["device"] = "cuda:1"
    assert passed_with(tensor, plain) == ("torch", "cuda")
    vars(array)["device"] = "TFRT_CPU_0"
    assert passed_with(array, imports) == ("jax", "cpu")
    assert passed_with(np.zeros(2), imports) == ("numpy", "cpu")
    assert passed_with(np.zeros(2), of("torch.nn.modules.loss", "L")()) == ("torch", "cpu")
    assert passed_with([0.5], imports) == passed_with(None, plain) == ("", "cpu")
