"""The Python API: a case by keywords, its mistakes as TypeError and ValueError, a diagnosis."""

from __future__ import annotations

import copy
import inspect
import json
import math
import re
from pathlib import Path
from typing import Any, get_type_hints

import ml_dtypes
import numpy as np
import pytest

import xent_check
from tests.support.command import as_typed
from xent_check import api
from xent_check.casefile.case import CaseFields
from xent_check.casefile.in_memory import LEFT_OUT, case_in_memory
from xent_check.problem.tolerance import Tolerance
from xent_check.problem.vocabulary import DTYPES

LOGITS = [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]]
LABELS = [0, 1]
CLIPPED: dict[str, Any] = {"probs": [[0.999999999, 0.000000001]], "labels": [1]}


class Tensor:
    """As a library's that records for a gradient, on a device: NumPy reads it from neither."""

    def __init__(self, array: Any, name: str, steps: tuple[str, ...] = ()) -> None:
        self.array, self.dtype, self.steps = array, f"library.{name}", steps

    def _after(self, step: str, name: str = "") -> Tensor:
        return Tensor(self.array, name or self.dtype.rpartition(".")[2], (*self.steps, step))

    def detach(self) -> Tensor:
        return self._after("detach")

    def cpu(self) -> Tensor:
        return self._after("cpu")

    def float(self) -> Tensor:
        return self._after("float", "float32")

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if self.steps[:2] != ("detach", "cpu"):
            raise RuntimeError("it requires a gradient")
        if self.dtype.endswith("bfloat16"):
            raise TypeError("no bfloat16 in NumPy")
        return np.asarray(self.array, dtype="float32" if "float" in self.dtype else "int64")


# ---- the names of the package -----------------------------------------------------------------


def test_the_package_hands_on_the_api() -> None:
    for name in xent_check.__all__:
        assert name in dir(xent_check)
        if name != "__version__":
            assert getattr(xent_check, name) is getattr(api, name)
    with pytest.raises(AttributeError, match="no attribute 'chek'"):
        _ = xent_check.chek


def test_the_keywords_are_the_keys_of_a_case() -> None:
    keys = {*CaseFields.model_fields} - {*LEFT_OUT}
    assert {*get_type_hints(api.CaseKeywords)} == keys
    assert (Path(inspect.getfile(xent_check)).parent / "py.typed").is_file()


# ---- a case by keywords -----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_dtype_is_that_of_the_scores(dtype: str) -> None:
    kind = ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype
    scores = np.array([[0.1, 0.2]]).astype(kind)
    problem = case_in_memory({"logits": scores, "labels": np.array([1])}).problem
    assert problem.dtype == dtype
    assert problem.values.tobytes() == scores.tobytes()
    as_stated = case_in_memory({"logits": scores, "labels": [1], "dtype": "float32"}).problem
    assert as_stated.dtype == as_stated.values.dtype.name == "float32"


def test_lists_are_of_float32_as_in_a_case_file() -> None:
    assert case_in_memory({"logits": LOGITS, "labels": LABELS}).problem.dtype == "float32"
    rows = [np.array([0.1, 0.2]), np.array([0.3, 0.4])]
    assert case_in_memory({"logits": rows, "labels": LABELS}).problem.dtype == "float64"
    integers = np.array([[1, 2]])
    assert case_in_memory({"logits": integers, "labels": [1]}).problem.dtype == "float32"


class Dtype:
    """As a library's that prints with the name of the library."""

    def __str__(self) -> str:
        return "library.float16"


@pytest.mark.parametrize("dtype", ["float16", np.float16, np.dtype("float16"), Dtype()])
def test_a_dtype_may_be_that_of_any_library(dtype: Any) -> None:
    keywords = {"logits": LOGITS, "labels": LABELS, "dtype": dtype}
    assert case_in_memory(keywords).problem.dtype == "float16"


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_tensor_is_detached_and_brought_from_its_device(dtype: Any) -> None:
    scores, labels = Tensor([[0.5, 0.25]], dtype), Tensor([1], "int64")
    problem = case_in_memory({"logits": scores, "labels": labels}).problem
    assert problem.dtype == dtype
    assert problem.values.astype(float).tolist() == [[0.5, 0.25]]
    assert problem.labels.tolist() == [1]


def test_the_arrays_of_a_case_are_its_own() -> None:
    """The caller may write to hers afterwards, and a loss may not write to hers."""
    scores, labels = np.array([[0.5, 0.25]], dtype=np.float32), np.array([1])
    problem = case_in_memory({"logits": scores, "labels": labels}).problem
    scores[:], labels[:] = 7, 0
    assert problem.values.tolist() == [[0.5, 0.25]]
    assert problem.labels.tolist() == [1]


@pytest.mark.parametrize(
    ("logits", "labels", "loss"),
    [
        (LOGITS, LABELS, "sparse_categorical"),
        (np.zeros((2, 4, 3)), np.zeros((2, 4), int), "sparse_categorical"),
        ({"shape": [4, 3], "random": "normal"}, [0, 1, 2, 0], "sparse_categorical"),
        ([1.0, 2.0], 1, "sparse_categorical"),
    ],
)
def test_labels_with_an_axis_less_than_the_scores_are_class_indices(
    logits: Any, labels: Any, loss: str
) -> None:
    assert case_in_memory({"logits": logits, "labels": labels}).problem.loss == loss


def test_options_and_soft_labels_are_those_of_a_case() -> None:
    case = case_in_memory(
        {
            "name": "mine",
            "loss": "categorical",
            "logits": np.array(LOGITS, dtype=np.float32),
            "labels": np.array([[1, 0, 0], [0, 1, 0]]),
            "label_smoothing": np.float32(0.25),
            "class_weight": (1, 2, 0.5),
            "reduction": ("mean", "sum"),
            "ignore_index": None,
            "tolerance": {"atol": 1e-5, "rtol": 0},
        }
    )
    problem = case.problem
    assert case.case.id == "arrays::mine"
    assert problem.label_smoothing == 0.25
    assert problem.class_weight is not None
    assert problem.class_weight.tolist() == [1, 2, 0.5]
    assert problem.reductions == ("mean", "sum")
    assert problem.ignore_index is None
    assert case.case.fields.tolerance == Tolerance(atol=1e-5, rtol=0)


# ---- mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        (TypeError, {"logit": LOGITS, "logits": None}, "logit: unknown key; did you mean 'logits'"),
        (TypeError, {"target": LABELS, "labels": None}, "target: unknown key; did you mean 'labe"),
        (TypeError, {"labels": None}, "explain(): labels: missing"),
        (TypeError, {"logits": None}, "no logits, probs, log_probs or hidden"),
        (TypeError, {"labels": LOGITS}, "loss: missing; allowed: categorical (a distribution"),
        (ValueError, {"labels": [0]}, "labels: shape [1]; allowed: [2], for logits of shape [2, 3"),
        (ValueError, {"labels": np.array([0.0, 1.0])}, "labels: numbers of dtype float64; allowed"),
        (ValueError, {"probs": LOGITS}, "logits and probs together; allowed: exactly one"),
        (ValueError, {"logits": np.zeros((2, 3), complex)}, "values of dtype complex128"),
        (ValueError, {"labels": np.ma.masked_equal([0, 1], 1)}, "labels: an array with masked n"),
        (ValueError, {"observed": np.ma.masked_equal([1.0, 2.0], 2)}, "observed: an array with ma"),
        (ValueError, {"logits": Tensor("text", "float32")}, "Tensor, which NumPy cannot read: V"),
        (ValueError, {"logits": [[1.0, 2.0], [3.0]]}, "logits[1]: ragged"),
        (ValueError, {"class_weight": [1, 2]}, "class_weight: shape [2]; allowed: [3], one per"),
        (ValueError, {"loss": "cross_entropy"}, "did you mean 'sparse_categorical' or 'categoric"),
        (ValueError, {"dtype": np.int8}, "dtype: 'int8'; allowed: float16, bfloat16, float32"),
        (ValueError, {"logits": np.zeros((2, 3), np.longdouble)}, "allowed: float16, bfloat16"),
        (ValueError, {"label_smoothing": 2}, "label_smoothing: 2; allowed: at most 1"),
        (ValueError, {"matrix": {"dtype": ["float32"]}}, "matrix: a key of case files alone"),
        (ValueError, {"observed": [1.0, 2.0, 3.0]}, "observed: 3 numbers for 2 samples"),
        (ValueError, {"observed": [[1.0, 2.0], [3.0]]}, "observed: ragged"),
        (ValueError, {"observed": None}, "observed: NoneType; allowed: numbers, an array, or text"),
        (ValueError, {"observed": []}, "observed: an empty list"),
    ],
)
def test_a_mistake_is_refused_at_once(kind: type, changes: dict[str, Any], words: str) -> None:
    keywords: dict[str, Any] = {"observed": [1.0, 2.0], "logits": LOGITS, "labels": LABELS}
    keywords |= changes
    with pytest.raises(kind) as raised:
        xent_check.explain(**keywords)
    assert words in str(raised.value)
    assert raised.value.__cause__ is None


def test_every_mistake_is_said() -> None:
    with pytest.raises(ValueError, match=r"dtype: 'int8'.*\n.*class_weight: shape"):
        xent_check.explain(1.0, logits=LOGITS, labels=LABELS, dtype="int8", class_weight=[1.0])


# ---- a diagnosis --------------------------------------------------------------------------------


def test_a_number_is_explained() -> None:
    """github.com/tensorflow/tensorflow/issues/62204: Keras clips probabilities at 1e-7."""
    diagnosis = xent_check.explain([16.118095], **CLIPPED)
    assert diagnosis.explained
    assert [e.id for e in diagnosis.explanations] == ["clipped"]
    assert diagnosis.explanations[0].parameters["epsilon"] == 1e-7
    assert diagnosis.closest == ()
    assert "probabilities are clipped to [1e-7, 1 - 1e-7]" in diagnosis.sentence
    assert repr(diagnosis) == f"<Diagnosis: {diagnosis.sentence}>"
    assert "clipped: the only one of" in str(diagnosis)
    assert max(map(len, str(diagnosis).splitlines())) <= 80
    assert "-&gt; 0.999999881" in diagnosis._repr_html_()
    assert copy.copy(diagnosis).sentence == diagnosis.sentence


def test_it_says_what_the_command_says(tmp_path: Path) -> None:
    arguments = ["--probs", "[[0.999999999, 0.000000001]]", "--labels", "[1]"]
    command = ["eval", "--loss", "sparse_categorical", *arguments, "--observed", "[16.118095]"]
    done = as_typed(tmp_path, *command, "--report", "json")
    said = xent_check.explain([16.118095], **CLIPPED).to_dict()
    assert json.loads(json.dumps(said)) == json.loads(done.stdout.replace("eval::", "arrays::"))


def test_numbers_of_an_array_are_exact_and_printed_ones_are_not() -> None:
    """-log 0.6 is 0.5108: 0.5 to one digit, and not 0.5."""
    case: dict[str, Any] = {"probs": [[0.6, 0.4]], "labels": [0], "loss": "sparse_categorical"}
    for printed in ("0.5", "[0.5]", [0.5], 0.5, "tf.Tensor([0.5], shape=(1,), dtype=float32)"):
        assert xent_check.explain(printed, **case).explanations[0].id == "rounding"
    arrays: tuple[Any, ...] = (np.array([0.5]), np.float32(0.5), Tensor([0.5], "float32"))
    for exact in (*arrays, [np.float64(0.5)]):
        ids = [e.id for e in xent_check.explain(exact, **case).explanations]
        assert "rounding" not in ids


def test_one_number_is_the_total_that_the_case_asks_for() -> None:
    """log 2 a sample, of 4: the sum is 4 log 2."""
    case: dict[str, Any] = {"logits": np.zeros((4, 2)), "labels": [0, 1, 0, 1]}
    total = 4 * math.log(2)
    assert xent_check.explain(np.array(total), **case).explanations[0].id == "sum"
    said = xent_check.explain(np.array(total), reduction="sum", **case)
    assert said.explanations[0].id == "rounding"
    assert "the sum is 2.77" in said.sentence


def test_a_label_outside_the_classes_may_be_asked_about() -> None:
    said = xent_check.explain([math.nan], logits=[[1.0, 2.0]], labels=[2])
    assert said.explanations[0].id == "label-gives-nan"


def test_what_nothing_explains_is_said() -> None:
    said = xent_check.explain(np.array([0.123456789, 7.654321]), logits=LOGITS, labels=LABELS)
    assert not said.explained
    assert said.explanations == ()
    assert said.sentence.startswith("nothing explains the numbers on arrays::sparse_categorical")


# ---- several answers, and gradients -------------------------------------------------------------

SMOOTHED: dict[str, Any] = {
    "loss": "sparse_categorical", "labels": [0, 2, 1],
    "logits": [[1.5, -0.25, 0.5], [-1.0, 0.75, 3.0], [0.25, 1.25, -2.0]],
}  # fmt: skip
TWO = {"torch": "tensor([0.5245, 0.3250, 0.4829])", "keras": [0.4328556, 0.1166400, 0.3412136]}
X, W, B = np.array([[1.0, 2.0], [0.5, -1.0]]), np.eye(3, 2) * 2, np.array([0.5, 0.0, -0.5])


def by_the_logits() -> Any:
    """p - t of hidden @ weight.T + bias."""
    exps = np.exp(X @ W.T + B)
    return exps / exps.sum(axis=1, keepdims=True) - np.eye(3)[[0, 2]]


def layer(**more: Any) -> dict[str, Any]:
    return {"hidden": X, "weight": W, "bias": B, "labels": [0, 2], **more}


def test_of_two_answers_it_says_which_choice_separates_them() -> None:
    """torch's label_smoothing of 0.1: 0.9 of the loss and 0.1 of the mean over the labels."""
    said = xent_check.explain(TWO, **SMOOTHED)
    assert list(said) == ["torch", "keras"]
    assert said["torch"].explanations[0].parameters["epsilon"] == 0.1
    assert [e.id for e in said["keras"].explanations] == ["rounding"]
    assert said.explained
    words = "what separates them: label smoothing of 0.1 is used, in torch and not in keras"
    assert said.sentence == words
    assert words in str(said).replace("\n", " ")
    assert repr(said) == f"<Diagnoses: {words}>"
    assert "keras" in said._repr_html_()


def test_of_two_answers_it_says_what_the_command_says(tmp_path: Path) -> None:
    arguments = ["--labels", "[0, 2, 1]", "--logits", str(SMOOTHED["logits"])]
    command = ["eval", "--loss", "sparse_categorical", *arguments]
    command += [f"--observed={name}={numbers}" for name, numbers in TWO.items()]
    done = as_typed(tmp_path, *command, "--report", "json")
    said = xent_check.explain(TWO, **SMOOTHED).to_dict()
    assert json.loads(json.dumps(said)) == json.loads(done.stdout.replace("eval::", "arrays::"))


def test_a_gradient_is_explained() -> None:
    logits = X @ W.T + B
    said = xent_check.explain(observed_gradient=by_the_logits() / 2, logits=logits, labels=[0, 2])
    assert [e.id for e in said.explanations] == ["mean"]
    assert "the gradient at [" in said.sentence


def test_the_gradients_of_a_layer_are_explained_by_what_they_are_by() -> None:
    slopes = by_the_logits()
    seen = {"hidden": slopes @ W, "weight": slopes.T @ X / 2, "torch:bias": -slopes.sum(axis=0)}
    said = xent_check.explain(observed_gradient=seen, **layer())
    found = {name: [e.id for e in said[name].explanations] for name in said}
    assert found["hidden"] == ["rounding"]
    assert found["weight"] == ["mean"]
    assert found["torch:bias"] == ["sign"]
    assert said["weight"].sentence.startswith(
        "observed on arrays::sparse_categorical: by the weight, the gradient is that of the mean"
    )
    assert [one["part"] for one in said.to_dict()["each"]] == [
        "gradient", "weight_gradient", "bias_gradient",
    ]  # fmt: skip
    assert said.to_dict()["separated_by"] is None
    assert "by the weight" in said.sentence


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"observed": {}}, "observed: an empty mapping; allowed: a name"),
        ({"observed": {1: [1.0, 2.0]}}, "observed: the name 1; allowed: a text"),
        ({"observed": {"a": [1.0, 2.0, 3.0]}}, "observed: a: 3 numbers for 2 samples"),
        ({"observed": [1.0, 2.0], "observed_gradient": X}, "not always with a name"),
        ({"observed": {"a": [1.0, 2.0]}, "observed_gradient": {"a": X}}, "a 2 times"),
        ({"observed_gradient": [1.0]}, "observed_gradient: 1 numbers, of shape [1]"),
        ({"observed_gradient": W}, "name it for another: weight=[...] or bias=[...]"),
        ({"observed_gradient": {"weight": X}}, "with respect to weight: shape [3, 2]"),
        ({"observed_gradient": {"bias": X}, "bias": None}, "bias: the case has no bias"),
        ({"observed": None, "observed_gradient": None}, "observed: NoneType"),
    ],
)
def test_a_mistake_of_several_answers_is_refused(keywords: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        xent_check.explain(**layer() | keywords)
