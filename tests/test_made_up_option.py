"""An option that nobody knows, added to the table of a copy of the package and nowhere else.

Every list has it, and what would have to give it a meaning refuses it by name.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.made_up import python, with_longer_table
from xent_check.implementations.table import IMPLEMENTATIONS

pytestmark = pytest.mark.long

CASE = """\
name: one
loss: sparse_categorical
logits: [[1.0, 2.0, 3.0], [0.5, 0.25, 4.0]]
labels: [2, 0]
dtype: float16
"""
TEMPERATURE = "temperature: 2.5\n"
BOTH = f"{TEMPERATURE}token_weight: [0.1, 2.0]\n"
# What a process of the copy finds, as JSON: `problem` is the case's, of a file `case.yaml`.
POSED = """
import json
from dataclasses import replace
from pathlib import Path
from xent_check.casefile.loading import Filter, load
problem = load(["case.yaml"], Filter())[0].problem
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package, its table longer, and the tests of the table."""
    folder = tmp_path_factory.mktemp("copy")
    with_longer_table(folder, "support/options_page.py", "problem/test_options.py")
    return folder


def command(copy: Path, *arguments: str, case: str = CASE) -> subprocess.CompletedProcess[str]:
    """The command, with the case in `case.yaml`."""
    (copy / "case.yaml").write_text(case, encoding="utf-8")
    return python(copy, "-m", "xent_check", *arguments)


def answer(copy: Path, code: str, case: str) -> Any:
    """What a code of the copy prints as JSON, after POSED."""
    (copy / "case.yaml").write_text(case, encoding="utf-8")
    done = python(copy, "-c", POSED + code)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# ---- what knows it ------------------------------------------------------------------------------


def test_the_copy_is_what_runs(copy: Path) -> None:
    done = python(copy, "-c", "import xent_check; print(xent_check.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(copy)


def test_the_schema_has_it(copy: Path) -> None:
    case = json.loads(command(copy, "schema").stdout)["$defs"]["Case"]
    number = {"type": "number", "exclusiveMinimum": 0}
    temperature = case["properties"]["temperature"]
    assert temperature["anyOf"] == [number, {"type": "null"}]
    assert temperature["description"] == "The logits are divided by it."
    assert case["properties"]["token_weight"]["anyOf"] == case["properties"]["logits"]["anyOf"]


def test_eval_and_impls_have_it(copy: Path) -> None:
    shown = command(copy, "eval", "--help").stdout
    assert re.search(r"--temperature X +The logits are divided by it\.", shown)
    assert re.search(r"--token-weight ARRAY +Another weight per sample\.", shown)
    lines = command(copy, "impls", "-v").stdout.splitlines()
    assert any(line.endswith("| temperature") for line in lines)
    # a column of the marks is two wide; the real table is held to 80 by its own test
    assert max(map(len, lines)) <= 80 + 2 * len(("temperature", "token_weight"))


def test_a_case_file_is_posed_with_it(copy: Path) -> None:
    code = "print(json.dumps([problem.temperature, problem.token_weight.tolist()]))"
    tenth = 0.0999755859375  # 0.1 to the nearest float16: 1638 / 2^14
    assert answer(copy, code, CASE + BOTH) == [2.5, [tenth, 2.0]]
    assert answer(copy, "print(json.dumps(problem.temperature))", CASE) == 1.0


def test_each_mistake_in_it_is_told(copy: Path) -> None:
    case = """
defaults: {loss: sparse_categorical, labels: [2, 0]}
cases:
  - {name: a, logits: &x [[1.0, 2.0, 3.0], [0.5, 0.25, 4.0]], temperature: 0}
  - {name: b, logits: *x, temperature: hot}
  - {name: c, logits: *x, temprature: 2}
  - {name: d, logits: *x, token_weight: [1.0]}
  - {name: e, logits: *x, token_weight: [1.0, .inf]}
  - {name: f, log_probs: *x, temperature: 2}
"""
    done = command(copy, "run", "case.yaml", case=case)
    assert done.returncode == 2
    told = done.stderr.splitlines()
    assert told[0].endswith(":4: temperature: 0; allowed: more than 0")
    assert told[1].endswith(":5: temperature: 'hot'; allowed: a number")
    assert ":6: temprature: unknown key; " in told[2]
    assert told[2].endswith("did you mean 'temperature'?")
    assert told[3].endswith(":7: token_weight: shape [1]; allowed: [2], one per sample")
    assert ":8: token_weight: a weight that is not finite; " in told[4]
    assert ":9: temperature: set for sparse_categorical from log_probs; allowed: with " in told[5]
    assert told[5].endswith("from logits; remove it")


def test_the_digest_knows_it(copy: Path) -> None:
    code = """
from xent_check.problem.problem_digest import problem_digest
one = replace(problem, temperature=1.0)
print(json.dumps([problem_digest(p) for p in (problem, one, replace(one, token_weight=None))]))
"""
    both, one, none = answer(copy, code, CASE + BOTH)
    digest = "from xent_check.problem.problem_digest import problem_digest as of\n"
    digest += "print(json.dumps(of({})))"
    assert len({both, one, none}) == 3
    assert none == answer(copy, digest.format("problem"), CASE)


def test_the_wire_and_a_part_carry_it(copy: Path) -> None:
    code = """
import execnet
from xent_check.problem.parts import one_sample
from xent_check.workers.wire import decode_problem, encode_problem
arrived = decode_problem(execnet.loads(execnet.dumps(encode_problem(problem, Path(".")))))
part = one_sample(problem, 1)
print(json.dumps([[p.temperature, p.token_weight.tolist()] for p in (arrived, part)]))
"""
    tenth = 0.0999755859375
    assert answer(copy, code, CASE + BOTH) == [[2.5, [tenth, 2.0]], [2.5, [2.0]]]


def test_a_user_s_function_gets_it_by_name_or_synonym(copy: Path) -> None:
    (copy / "mine.py").write_text("def f(logits, labels, tau): return logits[:, 0] * 0 + tau\n")
    code = """
from xent_check.implementations.adapters.user_function import evaluate
from xent_check.problem.evaluation import UnsupportedError
answers = [evaluate(problem, "mine.py:f", "").losses.tolist()]
try:
    evaluate(replace(problem, token_weight=problem.values[:, 0]), "mine.py:f", "")
except UnsupportedError as error:
    answers.append(str(error))
print(json.dumps(answers))
"""
    assert answer(copy, code, CASE + TEMPERATURE) == [[2.5, 2.5], "mine.py:f takes no token_weight"]


# ---- what refuses it ----------------------------------------------------------------------------


def test_every_implementation_answers_unsupported(copy: Path) -> None:
    code = """
from xent_check.problem.evaluation import UnsupportedError
from xent_check.implementations.adapters import manual, stable
from xent_check.implementations.table import IMPLEMENTATIONS
from xent_check.implementations.program import refuse_what_is_not_supported as refuse
told = {}
for name, entry in IMPLEMENTATIONS.items():
    asked = {"manual": manual.evaluate, "stable": stable.evaluate}.get(
        name, lambda problem, *_: refuse(problem, entry.supports, name))
    try:
        asked(problem, "", "cpu")
    except UnsupportedError as error:
        told[name] = str(error)
print(json.dumps(told))
"""
    told = answer(copy, code, CASE + TEMPERATURE)
    assert set(told) == set(IMPLEMENTATIONS)
    assert told.pop("sklearn").endswith("no sparse_categorical loss from logits")
    for reason in told.values():
        assert reason.endswith("sparse_categorical from logits has no temperature")


def test_what_computes_refuses_it(copy: Path) -> None:
    code = """
from xent_check.diagnosis import losses
from xent_check.reference import bounds, reference
from xent_check.results import vacuity
exact = reference.reference(replace(problem, temperature=1.0, token_weight=None))
told = []
for ask in (
    lambda: reference.reference(problem),
    lambda: bounds.bounds(problem, exact),
    lambda: vacuity.vacuity(problem, exact, {}),
    lambda: losses.meaning_of(problem),
):
    try:
        ask()
    except NotImplementedError as error:
        told.append(str(error))
print(json.dumps(told))
"""
    givers = ("reference", "bound", "note on what a tolerance accepts", "diagnosis")
    ending = "gives no meaning to temperature, token_weight"
    assert answer(copy, code, CASE + BOTH) == [f"the {giver} {ending}" for giver in givers]


def test_a_run_ends_loudly(copy: Path) -> None:
    for arguments in (
        ("run", "case.yaml", "-i", "manual"),
        ("explain", "case.yaml", "-i", "manual"),
    ):
        done = command(copy, *arguments, case=CASE + TEMPERATURE)
        assert done.returncode == 70, done.stdout
        assert "NotImplementedError: the reference gives no meaning to temperature" in done.stderr
        assert "agrees" not in done.stdout


def test_the_tests_of_the_table_name_what_must_speak_of_it(copy: Path) -> None:
    done = python(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-rf", "--tb=no", "tests")
    red = set(
        re.findall(r"^FAILED tests/problem/test_options.py::(\S+)", done.stdout, re.MULTILINE)
    )
    meaning = "test_what_computes_gives_a_meaning_to_every_option"
    assert red == {
        *(f"{meaning}[{giver}]" for giver in ("reference", "bounds", "vacuity", "meaning")),
        "test_the_page_is_made_from_the_table",
    }
