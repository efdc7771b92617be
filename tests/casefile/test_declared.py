"""What a pyproject.toml declares of losses: what it may say, what it may not, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from xent_check.casefile.declared import KEYS, declaration_of, project_implementations
from xent_check.casefile.pyproject import find_table
from xent_check.errors import InvalidError, UserError, mistake_text
from xent_check.implementations.declaration import FIXABLE, ROLES, Declaration
from xent_check.implementations.names import declaring, parse

HEAD = """\
[project]
dependencies = [
  "xent-check",  # [tool.xent-check]
]

[tool.xent-check.implementation.fused]
function = "torch=mypkg.losses:fused_ce@cuda"
"""
FIRST = 8  # the line after HEAD


def write(folder: Path, more: str, head: str = HEAD) -> None:
    (folder / "pyproject.toml").write_text(head + more + "\n", encoding="utf-8")


def mistakes(folder: Path, more: str, head: str = HEAD) -> list[str]:
    write(folder, more, head)
    with pytest.raises(UserError) as caught:
        project_implementations(folder)
    return str(caught.value).splitlines()


FULL = """\
loss = ["sparse_categorical"]
given = "logits"
returns = ["losses", "gradient"]
compute = "float32"
map = {target = "labels", w = "class_weight"}
set = {vocab_size = "num_classes", inplace = false, scale = 1.5}
fixed = {label_smoothing = 0.1, class_weight = [1, 2.5], ignore_index = -100}
env = {TRITON_INTERPRET = "1"}
"""


def test_a_table_says_all_that_there_is_to_say(tmp_path: Path) -> None:
    write(tmp_path, FULL)
    fused = project_implementations(tmp_path)["fused"]
    assert (fused.name, fused.framework, fused.function, fused.device) == (
        "fused", "torch", "mypkg.losses:fused_ce", "cuda",
    )  # fmt: skip
    assert fused.spec == "torch=mypkg.losses:fused_ce@cuda"
    assert fused.declared == Declaration(
        loss=("sparse_categorical",),
        given=("logits",),
        returns="losses, gradient",
        compute="float32",
        map=(("target", "labels"), ("w", "class_weight")),
        set=(("vocab_size", "num_classes"), ("inplace", False), ("scale", 1.5)),
        fixed=(("label_smoothing", 0.1), ("class_weight", (1.0, 2.5)), ("ignore_index", -100)),
        env=(("TRITON_INTERPRET", "1"),),
    )
    assert all(getattr(fused.declared, key) for key in KEYS)


def test_the_file_of_a_function_is_found_from_the_table(tmp_path: Path) -> None:
    write(tmp_path, "", "[tool.xent-check.implementation.f]\nfunction = 'numpy=src/mine.py:f.g'\n")
    (tmp_path / "below").mkdir()
    assert project_implementations(tmp_path / "below")["f"].own == "numpy=../src/mine.py:f.g"


def test_a_declared_name_is_known_as_long_as_it_is_declared(tmp_path: Path) -> None:
    write(tmp_path, "")
    declared = project_implementations(tmp_path)
    with declaring(declared):
        assert parse("fused") is declared["fused"]
        with pytest.raises(InvalidError, match="did you mean 'fused'"):
            raise_text("fusd")
        with pytest.raises(InvalidError, match=r"`function`: torch=mypkg.losses:fused_ce@cpu"):
            raise_text("fused@cpu")
    with pytest.raises(InvalidError, match="no implementation 'fused'"):
        parse("fused")


def raise_text(name: str) -> None:
    """The error of `parse` with its advice in the message."""
    try:
        parse(name)
    except InvalidError as error:
        (mistake,) = error.mistakes
        raise InvalidError(type(mistake)((), mistake_text(mistake), "", "")) from None


_ROLES, _FIXABLE = ", ".join(ROLES), ", ".join(FIXABLE)
BAD = {
    'los = "x"': "los: unknown key; did you mean 'loss'?",
    'dtype = "x"': "dtype: unknown key; did you mean 'compute'?",
    "tolerance = 1": "tolerance: unknown key; allowed: function, loss, given, returns, compute, "
    "map, set, fixed, env",
    'loss = "sparse"': "loss: 'sparse'; allowed: binary, categorical, sparse_categorical; did you "
    "mean 'sparse_categorical'?",
    'loss = ["binary", "x"]': "loss[1]: 'x'; allowed: binary, categorical, sparse_categorical",
    "loss = []": "loss: an empty list; allowed: binary, categorical, sparse_categorical, or a list "
    "of them",
    'given = "logit"': "given: 'logit'; allowed: logits, probs, log_probs, hidden; did you "
    "mean 'logits'?",
    'returns = "maen"': "returns: 'maen'; allowed: losses, mean, weighted_mean, sum, [losses, "
    "gradient]; did you mean 'mean'?",
    'returns = ["gradient", "losses"]': "returns: [gradient, losses]; allowed: losses, mean, "
    "weighted_mean, sum, [losses, gradient]",
    'returns = "grad"': "returns: 'grad'; allowed: losses, mean, weighted_mean, sum, [losses, "
    "gradient]; did you mean [losses, gradient]?",
    'compute = "bfloat16"': "compute: 'bfloat16'; allowed: float32, float64; without it the bound "
    "is that of the case's own dtype",
    'compute = "fp32"': "compute: 'fp32'; allowed: float32, float64; did you mean 'float32'?",
    'map = "x"': "map: 'x'; allowed: a table, such as {target = \"labels\"}",
    'map = {t = "label"}': f"map.t: 'label'; allowed: {_ROLES}; did you mean 'labels'?",
    'map = {a = "labels", b = "labels"}': "map.b: 'labels', which a is already; allowed: one "
    "parameter for each",
    "set = {n = [1]}": "set.n: a list; allowed: text, a number, true or false; or num_classes or "
    "from_logits, as the case has it",
    "fixed = {rotation = 1}": f"fixed.rotation: unknown option; allowed: {_FIXABLE}",
    "fixed = {shift = 0}": "fixed.shift: 0; allowed: 1 or more",
    'fixed = {smoothing_formula = "megatrn"}': "fixed.smoothing_formula: 'megatrn'; allowed: "
    "standard, megatron; did you mean 'megatron'?",
    "fixed = {weight = 1}": f"fixed.weight: unknown option; allowed: {_FIXABLE}; did you mean "
    "'class_weight'?",
    "fixed = {label_smoothing = 2}": "fixed.label_smoothing: 2; allowed: at most 1",
    "fixed = {ignore_index = 0.5}": "fixed.ignore_index: 0.5; allowed: a whole number",
    "fixed = {normalize = 1}": "fixed.normalize: 1; allowed: true or false",
    'fixed = {class_weight = ["a"]}': "fixed.class_weight: a list; allowed: numbers",
    'fixed = {reduction = "mean"}': "fixed.reduction: nothing that a loss has built in; allowed: "
    f"{_FIXABLE}; `returns` says what comes back",
    "env = {A = 1}": "env.A: 1; allowed: text; quote it",
    'env = {PYTHONPATH = "x"}': "env.PYTHONPATH: read when Python starts, which is before it would "
    "be set; set it in the shell",
}  # fmt: skip


@pytest.mark.parametrize("line", BAD)
def test_a_mistake_is_told_with_its_line_and_what_is_allowed(tmp_path: Path, line: str) -> None:
    told = f"pyproject.toml:{FIRST}: tool.xent-check.implementation.fused.{BAD[line]}"
    assert mistakes(tmp_path, line) == [told]


def test_a_parameter_is_said_to_be_one_thing(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, 'map = {a = "labels"}\nset = {a = 1}')
    assert told == (
        f"pyproject.toml:{FIRST + 1}: tool.xent-check.implementation.fused.set.a: is in `map` too; "
        "allowed: one of the two"
    )


TABLES = {
    '[tool.xent-check]\nimplementation = "torch"': "2: tool.xent-check.implementation: 'torch'; "
    "allowed: tables, one for each name; did you mean 'implementations'?",
    '[tool.xent-check.implementation]\nfunction = "a:b"': "2: tool.xent-check.implementation."
    "function: 'a:b'; allowed: a table, whose key is a name; write [tool.xent-check.implementation."
    "NAME], with a function in it",
    "[tool.xent-check.implementation.a]\nloss = 'binary'": "1: tool.xent-check.implementation.a."
    "function: missing; allowed: [FRAMEWORK=]module:attribute[@DEVICE], or path/to/file.py:"
    "attribute; add it",
    "[tool.xent-check.implementation.a]\nfunction = 'jax'": "2: tool.xent-check.implementation.a."
    "function: 'jax' is no function of yours; allowed: [FRAMEWORK=]module:attribute[@DEVICE], or "
    "path/to/file.py:attribute",
    "[tool.xent-check.implementation.torch]\nfunction = 'a:b'": "1: tool.xent-check.implementation."
    "torch: 'torch' is taken; allowed: another name; torch is built in",
    "[tool.xent-check.implementation.'a:b']\nfunction = 'a:b'": "1: tool.xent-check.implementation."
    "a:b: 'a:b'; allowed: a name of letters, digits, '.', '_' and '-'",
    "[tool.xent-check.implementation.a]\nfunction='a:b'\n[tool.xent-check.implementation.a]": "3: "
    "Cannot declare ('tool', 'xent-check', 'implementation', 'a') twice; --no-config does without",
}  # fmt: skip


@pytest.mark.parametrize("text", TABLES)
def test_a_table_that_declares_nothing_is_told(tmp_path: Path, text: str) -> None:
    assert mistakes(tmp_path, text, head="") == [f"pyproject.toml:{TABLES[text]}"]


def test_all_mistakes_of_all_tables_are_told_line_by_line(tmp_path: Path) -> None:
    more = 'los = 1\nenv = {A = 1}\n[tool.xent-check.implementation.x]\nfunction = "x"'
    lines = [told.split(":")[1] for told in mistakes(tmp_path, more)]
    assert lines == [str(FIRST), str(FIRST + 1), str(FIRST + 3)]


def test_a_line_is_that_of_the_statement_that_says_the_key(tmp_path: Path) -> None:
    write(tmp_path, "# a comment\n\nset = { a = '''\n''', b = 1 }\nmap.t = 'labels'")
    table = find_table(tmp_path)
    assert table is not None
    key = ("implementation", "fused")
    assert table.line_of(*key) == FIRST - 2
    assert table.line_of(*key, "set", "b") == FIRST + 2
    assert table.line_of(*key, "map", "t") == FIRST + 4
    assert table.line_of(*key, "nothing") == FIRST - 2


def test_none_says_nothing() -> None:
    assert declaration_of({"returns": None, "map": None}) == Declaration()
