"""`xent-check eval`: a problem on the command line means what it would mean in a file."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file

from tests.support.fake import fake
from xent_check.casefile.case import CaseFields
from xent_check.casefile.command_line import Arguments, option_name, posed_case
from xent_check.casefile.expectations import last_digit
from xent_check.casefile.validation import case_fields
from xent_check.casefile.yaml_reader import read
from xent_check.casefile.yaml_writer import case_yaml
from xent_check.cli import group
from xent_check.errors import UserError
from xent_check.implementations.table import IMPLEMENTATIONS

SPARSE = ("--loss", "sparse_categorical")
ROW = (*SPARSE, "--logits", "[[1, 2, 3]]", "--labels", "[2]")
LOSS = math.log(1 + math.exp(-1) + math.exp(-2))  # of ROW
BY_HAND = ("-i", "manual", "-i", "stable")
CLIPPED = (*SPARSE, "--probs", "[[0.999999999, 1e-9], [0.9, 0.1]]", "--labels", "[1, 0]")


@dataclass(frozen=True)
class Done:
    """How the command ended, and what it printed."""

    code: int
    out: str
    err: str


def evaluate(*arguments: str, command: str = "eval", stdin: str = "") -> Done:
    """The command in this process, its ends as `main` has them."""
    result = CliRunner().invoke(group, [command, *arguments], input=stdin)
    if isinstance(result.exception, UserError):
        return Done(result.exception.exit_code, result.stdout, f"{result.exception}\n")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def results(done: Done) -> list[dict[str, Any]]:
    """The results of a JSON report, without what differs from run to run and file to file."""
    listed: list[dict[str, Any]] = json.loads(done.out)["results"]
    return [{k: v for k, v in r.items() if k not in ("seconds", "case")} for r in listed]


# ---- running ------------------------------------------------------------------------------------


def test_a_problem_runs_as_a_case_does() -> None:
    done = evaluate(*ROW, "--reduction", "mean", *BY_HAND, "--report", "json")
    assert done.code == 0
    listed = results(done)
    assert [r["implementation"] for r in listed] == ["manual", "stable"]
    for result in listed:
        assert result["status"] == "agrees"
        assert result["losses"] == pytest.approx([LOSS], abs=2e-7)
        assert result["totals"]["mean"]["reference"] == pytest.approx(LOSS, rel=1e-7)


def test_a_divergence_exits_1_and_a_failure_4() -> None:
    assert evaluate(*ROW, "-i", fake("answering", "off_by_a_bit")).code == 1
    assert evaluate(*ROW, "-i", fake("failing", "raises")).code == 4


@pytest.mark.parametrize("report", ["table", "github", "html"])
def test_what_stands_in_no_file_has_no_place(report: str) -> None:
    wrong = ("-i", fake("answering", "off_by_a_bit"), "--report", report)
    typed = evaluate(*ROW, *wrong)
    assert typed.code == 1
    assert "off_by_a_bit" in typed.out
    assert not re.search(r"eval:\d|file=eval", typed.out)
    Path("eval.yaml").write_text("loss: sparse_categorical\nlogits: [[1, 2, 3]]\nlabels: [2]\n")
    from_file = evaluate("eval.yaml", *wrong, command="run")
    assert re.search(r"eval\.yaml:1|file=eval\.yaml,line=1", from_file.out)


def test_reports_go_where_they_are_sent() -> None:
    done = evaluate(*ROW, "-i", "stable", "--report", "json=report.json", "--report", "table", "-v")
    assert json.loads(Path("report.json").read_text())["results"][0]["case"].startswith("eval::")
    assert "eval" in done.out


def test_every_key_of_a_case_has_its_option() -> None:
    no_options = {"name", "description", "source", "tags", "level", "matrix", "expect"}
    shown = evaluate("--help").out
    for key in CaseFields.model_fields.keys() - no_options:
        assert f"{option_name(key)} " in shown, key


# ---- what an array may be -----------------------------------------------------------------------

PASTED = [
    "[[1.5, 2, -inf], [0, 0.25, 4]]",
    "tensor([[1.5000, 2.0000,   -inf],\n        [0.0000, 0.2500, 4.0000]], device='cuda:0')",
    "tf.Tensor(\n[[1.5  2.   -inf]\n [0.   0.25 4.  ]], shape=(2, 3), dtype=float32)",
    "@x.npy",
    "@all.npz#x",
    "@all.safetensors#x",
    "@x.txt",
    "{file: x.npy}",
    "-",
]


@pytest.mark.parametrize("text", PASTED)
def test_an_array_is_the_same_however_it_is_given(text: str) -> None:
    array = np.array([[1.5, 2, -np.inf], [0, 0.25, 4]], dtype=np.float32)
    np.save("x.npy", array)
    np.savez("all.npz", x=array)
    save_file({"x": array}, "all.safetensors")
    Path("x.txt").write_text(f"{array}\n")
    arguments = Arguments(lambda: f"{array!r}\n")
    source = arguments.source(
        {"loss": "sparse_categorical", "logits": text, "labels": "tensor([0, 2])"}
    )
    assert arguments.mistakes == []
    problem = posed_case(source).problem
    assert problem.values.dtype == np.float32
    np.testing.assert_array_equal(problem.values, array)
    assert problem.labels.tolist() == [0, 2]


def test_standard_input_is_read_by_the_command() -> None:
    by_stdin = (*SPARSE, "--logits", "-", "--labels", "[2]", "-i", "stable", "--report", "json")
    done = evaluate(*by_stdin, stdin="tensor([[1., 2., 3.]])\n")
    assert results(done)[0]["reference"] == pytest.approx([LOSS], rel=1e-7)


def test_a_recipe_of_a_case_file_makes_an_array() -> None:
    arguments = Arguments(str)
    recipe = "{shape: [4, 3], random: normal, seed: 7}"
    source = arguments.source(
        {"loss": "sparse_categorical", "logits": recipe, "labels": "{shape: [4], fill: 1}"}
    )
    expected = np.random.RandomState(7).standard_normal((4, 3)).astype(np.float32)
    np.testing.assert_array_equal(posed_case(source).problem.values, expected)


F64 = "tensor([[1., 2., 3.]], dtype=torch.float64)"


@pytest.mark.parametrize(
    ("logits", "dtype"),
    [
        (F64, "float64"),
        ("tensor([[1., 2., 3.]], device='cuda:0', dtype=torch.bfloat16)", "bfloat16"),
        ("array([[1., 2., 3.]], dtype=float16)", "float16"),
        ("array([[1., 2., 3.]], dtype='>f8')", "float64"),
        ("<tf.Tensor: shape=(1, 3), dtype=float64, numpy=array([[1., 2., 3.]])>", "float64"),
        ("tf.Tensor([[1. 2. 3.]], shape=(1, 3), dtype=bfloat16)", "bfloat16"),
        ("Array([[1., 2., 3.]], dtype=float16)", "float16"),
        ("[[np.float64(1.0), np.float64(2.0), np.float64(3.0)]]", "float64"),
        ("array([[1, 2, 3]], dtype=int32)", "float32"),
        ("tensor([[1., 2., 3.]])", "float32"),
        ("[[1, 2, 3]]", "float32"),
    ],
)
def test_the_dtype_that_was_pasted_is_the_dtype(logits: str, dtype: str) -> None:
    arguments = (*SPARSE, "--logits", logits, "--labels", "tensor([2], dtype=torch.int32)")
    done = evaluate(*arguments, "-i", "stable", "--save", "case.yaml")
    assert done.code == 0
    assert ("dtype: " in Path("case.yaml").read_text()) is (dtype != "float32")
    assert fields_of("case.yaml").dtype == dtype
    assert (f"dtype {dtype}, as the numbers were printed" in done.err) is (dtype != "float32")


def test_an_option_outdoes_the_dtype_that_was_pasted() -> None:
    arguments = (*SPARSE, "--logits", F64, "--labels", "[2]", "--dtype", "float16")
    done = evaluate(*arguments, "-i", "stable", "--save", "case.yaml")
    assert fields_of("case.yaml").dtype == "float16"
    assert "as the numbers were printed" not in done.err


def test_a_pasted_dtype_of_the_labels_says_nothing_about_the_logits() -> None:
    labels = "tensor([[0., 0., 1.]], dtype=torch.float64)"
    arguments = ("--loss", "categorical", "--logits", "[[1, 2, 3]]", "--labels", labels)
    evaluate(*arguments, "-i", "stable", "--save", "case.yaml")
    assert fields_of("case.yaml").dtype == "float32"


def fields_of(file: str) -> CaseFields:
    return case_fields(read(Path(file), file).root)


WHICH = "--dtype NAME says which; the numbers are rounded to it"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("--logits", "[[np.float32(1), np.float64(2)]]", "--labels", "[0]"),
            f"--logits: printed with dtype float32 and float64; allowed: one dtype; {WHICH}",
        ),
        (
            ("--logits", F64, "--labels", "[0]", "--class-weight", "[np.float32(1), 1, 1]"),
            "--class-weight: printed with dtype float32, logits with float64; allowed: one dtype; "
            f"{WHICH}",
        ),
        (
            ("--logits", "tensor([[1., 2.]], dtype=torch.float8_e4m3fn)", "--labels", "[0]"),
            "--logits: printed with dtype float8_e4m3fn; allowed: float16, bfloat16, float32, "
            f"float64; {WHICH}",
        ),
    ],
)
def test_pasted_dtypes_that_disagree_are_asked_about(
    arguments: tuple[str, ...], message: str
) -> None:
    done = evaluate(*SPARSE, *arguments, "-i", "stable")
    assert (done.code, done.err) == (2, f"eval: {message}\n")
    assert evaluate(*SPARSE, *arguments, "-i", "stable", "--dtype", "float32").code == 0


def test_labels_may_be_booleans() -> None:
    binary = ("--loss", "binary", "--logits", "tensor([1., -2.])", "--report", "json")
    done = evaluate(*binary, "--labels", "tensor([True, False])", "-i", "manual")
    # log(1 + e^-1) for the target 1, log(1 + e^-2) for 0 at -2
    expected = [math.log(1 + math.exp(-1)), math.log(1 + math.exp(-2))]
    assert results(done)[0]["reference"] == pytest.approx(expected, rel=1e-7)
    assert evaluate(*binary, "--labels", "[1, 0]", "--logits", "[True, False]").code == 2


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ("--smoothing", "'--label-smoothing'"),
        ("--axis", "'--class-axis'"),
        ("--y_pred", "'--logits' or '--probs'"),
        ("--y-true", "'--labels'"),
        ("--tol", "'--tolerance'"),
        ("--mask", "'--sample-weight'"),
    ],
)
def test_an_option_that_users_write_is_answered_with_ours(option: str, meant: str) -> None:
    done = evaluate(*ROW, option, "1")
    assert done.code == 2
    assert f"No such option '{option}'. Did you mean {meant}?" in done.err


# ---- mistakes -----------------------------------------------------------------------------------

NUMBERS = "allowed: numbers, as Python, NumPy, torch, TensorFlow or JAX print them"
MISTAKES: list[tuple[tuple[str, ...], list[str]]] = [
    (
        (),
        [
            "--loss: missing; allowed: binary, categorical, sparse_categorical; add it",
            "--labels: missing; allowed: numbers, or a mapping that makes them; add it",
            "no logits, probs, log_probs or hidden; allowed: exactly one of them; add one",
        ],
    ),
    (
        (*ROW, "--dtype", "float23"),
        [
            "--dtype: 'float23'; allowed: float16, bfloat16, float32, float64; "
            "did you mean 'float32'?"
        ],
    ),
    (
        (*ROW, "--class-axis", "x", "--label-smoothing", "2"),
        [
            "--class-axis: 'x'; allowed: a whole number",
            "--label-smoothing: 2; allowed: at most 1",
        ],
    ),
    (
        (*SPARSE, "--logits", "[[1, 2, 3], [4, 5, 6]]", "--labels", "[2]"),
        ["--labels: shape [1]; allowed: [2], for logits of shape [2, 3]"],
    ),
    (
        (*SPARSE, "--probs", "[[0.5, 0.2]]", "--labels", "[0]"),
        [
            "--probs[0]: the row sums to 0.7; allowed: 1 within 1e-6; "
            "say whether to divide by the sum: `--normalize` or `--no-normalize`"
        ],
    ),
    (
        (*ROW, "--cotangent", "[1]", "--pos-weight", "2"),
        [
            "--pos-weight: set for the loss sparse_categorical; allowed: with the loss binary; "
            "remove it",
            "--cotangent: set where no gradient is checked; allowed: with `--check gradient`; "
            "remove it",
        ],
    ),
    (
        (*SPARSE, "--logits", "[[1, 2, 3]]", "--labels", "[3]"),
        [
            "--labels[0]: label 3; allowed: 0 to 2; mend the label, or declare under `expect` in "
            "a case file what each implementation does with it"
        ],
    ),
    (
        (*ROW, "-i", "touch"),
        [
            f"--impl: no implementation 'touch'; allowed: {', '.join(IMPLEMENTATIONS)}, "
            "or module:function; did you mean 'torch'?"
        ],
    ),
    (
        (*SPARSE, "--logits", "[[1, 2], [3]]", "--labels", "[0, x]"),
        [
            "--logits: ragged: 1 number at [1], 2 numbers before it; allowed: rows of one length; "
            "paste every number of every row",
            f"--labels: 'x' among the numbers; {NUMBERS}",
        ],
    ),
    (
        (*SPARSE, "--logits", "@x.npy", "--labels", "@x.txt"),
        [
            "--labels: 'x.txt': No such file or directory; allowed: a text file with numbers, "
            "x.npy, x.npz#key or x.safetensors#key"
        ],
    ),
    (
        (*SPARSE, "--logits", "@x.npy", "--labels", "[0]"),
        ["--logits: 'x.npy' does not exist; check the path; it starts at the current folder"],
    ),
    (
        (*SPARSE, "--logits", "-", "--labels", "-"),
        [
            f"--logits: no numbers; {NUMBERS}",
            "--labels: standard input, read for `--logits` already; allowed: `-` once; "
            "put one of them in a file",
        ],
    ),
    (
        (*ROW, "--tolerance", "{atol: 1e-6, rtl: 1}"),
        ["--tolerance.rtl: unknown key; did you mean 'rtol'?"],
    ),
]


@pytest.mark.parametrize(("arguments", "told"), MISTAKES)
def test_mistakes_are_told_by_option_all_at_once(
    arguments: tuple[str, ...], told: list[str]
) -> None:
    done = evaluate(*arguments)
    assert (done.code, done.out) == (2, "")
    order = sorted(done.err.splitlines()), sorted(f"eval: {line}" for line in told)
    assert order[0] == order[1]


def test_what_observed_cannot_go_with_is_said() -> None:
    for more in (("-i", "manual"), ("--report", "table")):
        done = evaluate(*ROW, "--observed", "0.4", *more)
        assert done.code == 2
        assert (
            "--observed runs nothing: leave out -i and --python, and reports but json" in done.err
        )
    done = evaluate(*ROW, "--observed", "0.4", "--check", "gradient")
    assert (done.code, done.out) == (2, "")
    assert "--check gradient without a gradient to explain" in done.err


def test_what_observed_is_of_may_be_beyond_the_dtype() -> None:
    """70000 is inf in float16, and the loss nan: that is said, beside why nan came out."""
    row = ("--loss", "binary", "--logits", "[70000]", "--labels", "[1]", "--dtype", "float16")
    done = evaluate(*row, "--observed", "nan")
    assert done.err == "warning: logits[0] is 70000, which is inf in float16\n"


# ---- --save -------------------------------------------------------------------------------------

FULL: list[dict[str, Any]] = [
    {"loss": "sparse_categorical", "logits": "[[1, 2.50, -inf], [1e-05, .5, 3.]]",
     "labels": "[0, -100]", "class_axis": "-1", "ignore_index": "-100", "dtype": "float64",
     "label_smoothing": "0.10", "class_weight": "[1, 2, 0.5]", "sample_weight": "[1., 2.]",
     "reduction": ("mean", "weighted_mean"), "check": ("value", "gradient"),
     "cotangent": "[1, -1]", "tolerance": "{atol: 1.0e-6, ulps: 2}",
     "implementations": ("manual", "path to/my loss.py:fn", "stable")},
    {"loss": "binary", "logits": "0.5", "labels": "1", "pos_weight": "2.0", "tolerance": "auto"},
    {"loss": "categorical", "probs": "[[0.5, 0.2]]", "labels": "[[1, 0]]", "normalize": False},
    {"loss": "sparse_categorical", "logits": "{shape: [2, 3], random: normal, seed: 1}",
     "labels": "[0, 2]", "tolerance": "1e-3"},
    {"loss": "sparse_categorical", "labels": str([[0, 1]] * 30),
     "logits": str((np.arange(30 * 2 * 40) / 7).reshape(30, 2, 40).tolist())},
]  # fmt: skip


def texts(value: Any) -> Any:
    """The value with every number as the text that it was written in."""
    if isinstance(value, dict):
        return {key: texts(item) for key, item in value.items()}
    return [texts(item) for item in value] if isinstance(value, list) else getattr(
        value, "text", value
    )  # fmt: skip


@pytest.mark.parametrize("options", FULL)
def test_a_saved_case_reads_back_number_for_number(options: dict[str, Any]) -> None:
    arguments = Arguments(str)
    source = arguments.source(options)
    assert source.keys() == options.keys()
    text = case_yaml(source, Path.cwd())
    Path("saved.yaml").write_text(text, encoding="utf-8")
    document = read(Path("saved.yaml"), "saved.yaml")
    assert document.mistakes == ()
    assert texts(document.root) == texts(source)
    assert max(len(line) for line in text.splitlines()) <= 96 + 2


def test_rows_stand_on_lines_of_their_own_in_a_saved_case() -> None:
    rows = [[0.123456789 + row] * 5 for row in range(3)]
    evaluate(*SPARSE, "--logits", str(rows), "--labels", "[0, 1, 2]", "-i", "stable",
             "--save", "mine.yaml")  # fmt: skip
    lines = Path("mine.yaml").read_text(encoding="utf-8").splitlines()
    start = lines.index("logits:")
    assert lines[start + 1 : start + 4] == [f"  - {row}" for row in rows]
    assert "labels: [0, 1, 2]" in lines


def test_a_saved_case_run_gives_the_same_results() -> None:
    np.save("x.npy", np.array([[0.1, 0.2, 3.0]], dtype=np.float32))
    for given in (ROW, (*SPARSE, "--logits", "@x.npy", "--labels", "[0]")):
        more = ("--reduction", "mean", "--check", "value", "--check", "gradient", *BY_HAND)
        first = evaluate(*given, *more, "--save", "s.yaml", "--force", "--report", "json")
        again = evaluate("s.yaml", "--report", "json", command="run")
        assert (first.code, len(results(first))) == (0, 2)
        assert results(again) == results(first)
        assert first.err == "wrote s.yaml; check it with: xent-check run s.yaml\n"


def test_saving_does_not_overwrite_unless_forced() -> None:
    Path("mine.yaml").write_text("mine", encoding="utf-8")
    save = (*ROW, "-i", "stable", "--save", "mine.yaml")
    done = evaluate(*save)
    assert done.code == 2
    assert "--force overwrites it" in done.err
    assert Path("mine.yaml").read_text(encoding="utf-8") == "mine"
    assert evaluate(*save, "--force").code == 0
    assert "logits: [[1, 2, 3]]" in Path("mine.yaml").read_text(encoding="utf-8")


def test_a_case_is_not_saved_away_from_its_array_files() -> None:
    np.save("x.npy", np.zeros((1, 2)))
    Path("below").mkdir()
    save = (*SPARSE, "--logits", "@x.npy", "--labels", "[0]", "--save", "below/mine.yaml")
    done = evaluate(*save, "-i", "stable")
    assert done.code == 2
    assert done.err == (
        "eval: --logits: 'x.npy' is not below the saved case's folder; "
        "save the case beside or above it\n"
    )
    assert not Path("below/mine.yaml").exists()


# ---- --observed ---------------------------------------------------------------------------------


def explained(*arguments: str, stdin: str = "") -> Any:
    done = evaluate(*arguments, "--report", "json", stdin=stdin)
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_observed_numbers_are_explained() -> None:
    """What Keras prints for these probabilities: the first is clipped at 1e-7."""
    np.save("seen.npy", np.array([16.118095, 0.10536055]))
    for numbers in ("tensor([16.1181, 0.1054])", "[16.118095 0.10536055]", "@seen.npy", "-"):
        data = explained(*CLIPPED, "--observed", numbers, stdin="16.118095, 0.10536055")
        assert data["explained"], numbers
        assert data["explanations"][0]["id"] == "clipped"
        assert data["explanations"][0]["parameters"]["epsilon"] == 1e-7


def test_one_observed_number_is_the_total_that_is_asked_for() -> None:
    two = (*SPARSE, "--logits", "[[1, 2, 3], [1, 2, 3]]", "--labels", "[2, 2]")
    assert explained(*two, "--observed", f"{LOSS:.6f}")["explanations"][0]["id"] == "rounding"
    summed = explained(*two, "--reduction", "sum", "--observed", f"{2 * LOSS:.6f}")
    assert summed["explanations"][0]["id"] == "rounding"
    assert explained(*two, "--observed", f"{2 * LOSS:.6f}")["explanations"][0]["id"] == "sum"


def test_numbers_of_an_array_file_claim_no_last_digit() -> None:
    np.save("seen.npy", np.array([0.5, 2.0]))
    numbers = Arguments(str).observed("@seen.npy")
    assert isinstance(numbers, list)
    assert numbers == [0.5, 2.0]
    assert [last_digit(n.text) for n in numbers if not isinstance(n, list)] == [0, 0]


def test_a_label_outside_the_classes_may_be_explained() -> None:
    outside = (*SPARSE, "--logits", "[[3, 1, 2], [3, 2, 1]]", "--labels", "[-1, 0]")
    data = explained(
        *outside, "--observed", f"[{LOSS + 1:.7f}, {LOSS:.7f}]"
    )  # -1 is the last class
    assert "label-wraps" in [e["id"] for e in data["explanations"]]


def test_observed_loads_no_framework_and_starts_no_worker() -> None:
    report = "import sys; print(*(m for m in sys.modules if '.' not in m), file=sys.stderr)"
    run = f"group({['eval', *CLIPPED, '--observed', '16.118095 0.1053605']}, standalone_mode=False)"
    code = f"from xent_check.cli import group\ntry: {run}\nexcept SystemExit: pass\n{report}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stderr.split())
    assert "numpy" in loaded
    assert "[1e-7, 1 - 1e-7]" in " ".join(done.stdout.split())
    assert not loaded & {"torch", "tensorflow", "keras", "jax", "optax", "execnet", "rich"}


def test_the_reason_of_a_run_writes_its_numbers_as_explain_does() -> None:
    Path("mine.py").write_text(
        "import numpy as np\n"
        "def loss(probs, labels):\n"
        "    return -np.log(np.clip(probs, 1e-7, 1 - 1e-7)[np.arange(len(labels)), labels])\n"
    )
    done = evaluate(*CLIPPED, "-i", "mine.py:loss")
    assert done.code == 1
    assert "clipped to [1e-7, 1 - 1e-7]" in " ".join(done.out.split())


def test_the_sample_that_is_shown_is_one_that_is_wrong() -> None:
    """5.2 is right as printed (5.22185 exactly), 0.3501 is not (0.34901)."""
    logits = ("--logits", "[[-1.0, 0.1, 4.2], [1, 2, -1]]", "--labels", "[0, 1]")
    done = evaluate("--loss", "sparse_categorical", *logits, "--observed", "[5.2, 0.3501]")
    assert "sample [1] is 0.3501, exactly 0.349012" in done.out


# Logits of six digits, printed to four; their losses by mpmath: log of the sum of exps, less x_y.
PRINTED = "tensor([[0.2515, -0.2642, 1.2808], [0.2098, -1.0713, 0.7232]])"
LONGER = [[0.251464, -0.264217, 1.280841], [0.209766, -1.071289, 0.723179]]


@pytest.mark.parametrize(
    ("logits", "further", "said"),
    [
        (PRINTED, 0.0, True),
        (PRINTED, 3e-4, False),
        (PRINTED.replace("0.2515", "0.3"), 0.0, False),
    ],
    ids=["as printed", "further off", "written with one digit"],
)
def test_logits_that_were_printed_short_may_explain_it(
    logits: str, further: float, said: bool
) -> None:
    losses = [mpmath.log(mpmath.fsum(map(mpmath.exp, row))) - row[0] for row in LONGER]
    numbers = str([round(float(loss) + further, 8) for loss in losses])
    given = (*SPARSE, "--logits", logits, "--labels", "[0, 0]", "--observed", numbers)
    out = " ".join(evaluate(*given).out.split())
    assert ("The logits are known to" in out) is said
    assert ("The logits are known to 0.0001; where the numbers come from" in out) is said
