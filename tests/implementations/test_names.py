"""Selection: `name[:mode][@device]` or `module:function`; a misspelt name is told."""

from __future__ import annotations

import pytest

from xent_check.errors import InvalidError, Mistake
from xent_check.implementations import names
from xent_check.implementations.names import DEFAULT, parse, why_missing
from xent_check.implementations.table import CUSTOM, FRAMEWORKS, IMPLEMENTATIONS


def mistake(text: str) -> Mistake:
    """What is wrong with a name."""
    with pytest.raises(InvalidError) as caught:
        parse(text)
    (found,) = caught.value.mistakes
    return found


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_every_name_of_the_table_is_an_implementation(name: str) -> None:
    found = parse(name)
    assert (found.name, found.entry, found.mode, found.device, found.function) == (
        name,
        IMPLEMENTATIONS[name],
        "",
        "cpu",
        "",
    )


@pytest.mark.parametrize(
    ("name", "mode"), [(name, mode) for name, row in IMPLEMENTATIONS.items() for mode in row.modes]
)
def test_every_mode_of_the_table_can_be_named_with_and_without_a_device(
    name: str, mode: str
) -> None:
    assert (parse(f"{name}:{mode}").mode, parse(f"{name}:{mode}").device) == (mode, "cpu")
    assert (parse(f"{name}:{mode}@cpu").mode, parse(f"{name}@cpu").device) == (mode, "cpu")
    on_cuda = parse(f"{name}:{mode}@cuda")
    assert (on_cuda.name, on_cuda.mode, on_cuda.device) == (f"{name}:{mode}@cuda", mode, "cuda")


def test_each_framework_and_device_is_a_process_of_its_own() -> None:
    assert parse("keras").environment == parse("tf:xla").environment
    assert parse("torch@cpu").environment == parse("torch").environment
    assert parse("torch@cuda").environment != parse("torch").environment


@pytest.mark.parametrize("text", ["mypkg.losses:fused_ce", "losses.py:f", "path/to/file.py:f"])
def test_a_module_and_a_function_are_the_users_own(text: str) -> None:
    found = parse(text)
    assert (found.entry, found.function) == (CUSTOM, text)


@pytest.mark.parametrize(
    ("text", "found", "advice"),
    [
        ("kears", "no implementation 'kears'", "did you mean 'keras'?"),
        ("kears:xla", "no implementation 'kears:xla'", "did you mean 'keras:xla'?"),
        (
            "tensorflow:xla@cuda",
            "no implementation 'tensorflow:xla@cuda'",
            "did you mean 'tf:xla@cuda'?",
        ),
        ("tensorflow", "no implementation 'tensorflow'", "did you mean 'tf'?"),
        ("tf.keras", "no implementation 'tf.keras'", "did you mean 'keras'?"),
        ("PyTorch", "no implementation 'PyTorch'", "did you mean 'torch'?"),
        ("JAX", "no implementation 'JAX'", "did you mean 'jax'?"),
        ("numpy", "no implementation 'numpy'", "did you mean 'manual' or 'stable'?"),
        ("flax", "no implementation 'flax'", ""),
        ("Torch", "no implementation 'Torch'", "did you mean 'torch'?"),
        ("", "no implementation ''", ""),
        (":f", "no implementation ':f'", ""),
        ("module:", "no implementation 'module:'", ""),
        ("module:not a name", "no implementation 'module:not a name'", ""),
        ("tf:xlaa", "mode 'xlaa' of tf", "did you mean 'xla'?"),
        ("manual:xla", "mode 'xla' of manual", ""),
        ("torch@gpu", "device 'gpu'", "did you mean 'cuda'?"),
        ("torch@", "device ''", ""),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest_right_one(
    text: str, found: str, advice: str
) -> None:
    told = mistake(text)
    assert (told.fault, told.advice) == (found, advice)
    assert told.allowed


@pytest.mark.parametrize("text", ["manual", "stable", "numpy=f.py:f", "numpy=pkg.losses:f"])
def test_what_computes_in_numpy_has_no_device(text: str) -> None:
    assert parse(f"{text}@cpu").device == "cpu"
    told = mistake(f"{text}@cuda")
    assert (told.fault, told.allowed) == (f"device 'cuda' of {text}", f"{text} alone")
    assert "NumPy" in told.advice
    assert mistake(f"{text}@cuda[old]") == told
    assert (mistake(f"{text}@gpu").fault, mistake(f"{text}@gpu").allowed) == ("device 'gpu'", "cpu")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_framework_may_stand_before_the_users_own(framework: str) -> None:
    found = parse(f"{framework}=a/../losses.py:f")
    assert (found.name, found.framework) == (f"{framework}=losses.py:f", framework)
    assert (found.function, found.own) == ("losses.py:f", f"{framework}=losses.py:f")


@pytest.mark.parametrize("text", ["mypkg.losses:f@cuda", "torch=losses.py:f@cuda"])
def test_the_users_own_may_run_on_a_device(text: str) -> None:
    assert (parse(text).device, parse(text).name) == ("cuda", text)


@pytest.mark.parametrize(
    ("text", "fault", "advice"),
    [
        ("tf=f.py:f", "framework 'tf' of f.py:f", "did you mean 'tensorflow'?"),
        ("troch=f.py:f", "framework 'troch' of f.py:f", "did you mean 'torch'?"),
        ("torch=f.py", "'f.py' of torch=", ""),
        ("torch=:f", "':f' of torch=", ""),
    ],
)
def test_a_wrong_framework_is_told(text: str, fault: str, advice: str) -> None:
    assert (mistake(text).fault, mistake(text).advice) == (fault, advice)


@pytest.mark.parametrize(
    "text", ["optax:softmax_cross_entropy", "torch:nn.CrossEntropyLoss", "keras:losses.x"]
)
def test_a_member_of_a_module_that_a_name_of_the_table_is_too(text: str) -> None:
    assert (parse(text).entry, parse(text).function) == (CUSTOM, text)


@pytest.mark.parametrize("text", ["sklearn.metrics:log_loss", "mlx.nn.losses:cross_entropy"])
def test_a_module_of_a_framework_is_one_where_it_is_not_installed(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "_find", lambda module: None)
    assert (parse(text).entry, parse(text).function) == (CUSTOM, text)


@pytest.mark.parametrize("text", ["torch:compil", "jax:egear", "torch:xla", "manual:f", "tf:f"])
def test_what_looks_like_a_mode_is_one(text: str) -> None:
    assert mistake(text).fault.startswith("mode ")


def test_a_mode_is_refused_before_its_device() -> None:
    assert mistake("manual:xla@cuda").fault == "mode 'xla' of manual"


def test_an_implementation_without_modes_says_so() -> None:
    assert mistake("manual:xla").allowed == "manual alone"


def test_looking_for_a_dotted_module_imports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """`kears.losses` may be a typo; find_spec of a dotted name would import its first part."""
    asked: list[str] = []
    monkeypatch.setattr("xent_check.implementations.names._find", asked.append)
    assert mistake("kears.x:f").advice == "did you mean 'keras'?"
    assert asked == ["kears"]


def test_the_default_set_is_the_rows_that_say_so() -> None:
    assert [i.name for i in DEFAULT] == [n for n, row in IMPLEMENTATIONS.items() if row.default]
    assert {"keras", "tf", "torch", "jax", "optax", "manual", "stable"} <= {i.name for i in DEFAULT}


def test_what_needs_numpy_alone_is_never_missing() -> None:
    assert why_missing(parse("manual")) is None
    assert why_missing(parse("stable")) is None


def test_a_missing_framework_comes_with_the_command_that_adds_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("xent_check.implementations.names._find", lambda module: None)
    told = why_missing(parse("torch"))
    assert told == "torch not installed: pip install 'xent-check[torch]'"
    told = why_missing(parse("optax"))
    assert told == "jax and optax not installed: pip install 'xent-check[jax]'"
