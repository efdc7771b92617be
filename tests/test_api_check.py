"""`check` and `assert_agrees`: a loss of the caller's, called in this process. No framework."""

from __future__ import annotations

import json
import os
import re
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import ml_dtypes
import numpy as np
import pytest

import xent_check
from xent_check import assert_agrees, check, explain
from xent_check.casefile import chosen_cases as chosen
from xent_check.casefile.chosen_cases import conformance_cases
from xent_check.history.saved.json_schema import result_schema
from xent_check.problem.vocabulary import DTYPES, LOSSES

Array = Any
LOGITS = np.array([[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]], dtype=np.float32)
FAR = np.array([[200.0, 0.0, 0.0], [0.5, 2.5, 0.3]], dtype=np.float32)
LABELS = np.array([0, 1])
RIGHT = {"logits": LOGITS, "labels": LABELS}


def stable(logits: Array, labels: Array) -> Array:
    """-log softmax, in float32 at least, as log-sum-exp of what is shifted by the maximum."""
    x = np.asarray(logits, dtype=np.result_type(logits.dtype, np.float32))
    x = x - x.max(axis=-1, keepdims=True)
    picked = np.take_along_axis(x, labels[..., None], axis=-1)[..., 0]
    return (np.log(np.exp(x).sum(axis=-1)) - picked).astype(logits.dtype)


def unshifted(logits: Array, labels: Array) -> Array:
    """It overflows beyond 88."""
    with np.errstate(all="ignore"):
        p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        return -np.log(p[np.arange(len(labels)), labels])


def raising(logits: Array, labels: Array) -> Array:
    raise RuntimeError("no kernel for this")


def leaving(logits: Array, labels: Array) -> Array:
    raise SystemExit(3)


def writing(logits: Array, labels: Array) -> Array:
    losses = stable(logits, labels)
    logits[:] = 0
    labels[:] = 0
    return losses


# ---- check --------------------------------------------------------------------------------------


def test_a_right_loss_agrees() -> None:
    report = check(stable, logits=LOGITS, labels=LABELS)
    assert report.verdict == "agrees"
    (result,) = report.results
    assert (result.case, result.implementation) == ("arrays::sparse_categorical", "stable")
    assert (result.status, result.reason, result.explanations) == ("agrees", None, ())
    assert repr(report) == "<Report: agrees: 1 case, 1 answer; 1 agrees>"
    assert "numpy" in str(report)
    assert max(map(len, str(report).splitlines())) <= 80


def test_a_wrong_loss_diverges_for_a_reason() -> None:
    report = check(unshifted, logits=FAR, labels=LABELS)
    assert report.verdict == "diverges"
    (result,) = report.results
    assert result.explanations[0].id == "unshifted-exp"
    assert "1 of 2 samples; worst: sample [0] is nan, reference 2.7677" in result.sentence
    assert result.sentence in repr(result)
    assert str(result).startswith(result.sentence)
    assert "call: unshifted(logits, labels)" in str(result)
    assert "unshifted diverges on arrays::sparse_categorical" in str(report)


@pytest.mark.parametrize(
    ("loss", "message"),
    [(raising, "RuntimeError: no kernel for this"), (leaving, "SystemExit: 3")],
)
def test_a_loss_that_raises_fails_and_does_not_raise_here(loss: Any, message: str) -> None:
    report = check(loss, logits=LOGITS, labels=LABELS)
    assert report.verdict == "failed"
    ((status, reason),) = [(r.status, r.reason) for r in report.results]
    assert (status, (reason or "").partition(" (at ")[0]) == ("failed", message)
    assert f", in {loss.__name__})" in (reason or "")


def test_an_interrupt_is_no_answer() -> None:
    def interrupted(logits: Array, labels: Array) -> Array:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(interrupted, logits=LOGITS, labels=LABELS)


def test_it_runs_in_this_process_and_gets_what_was_passed() -> None:
    seen: list[tuple[Any, ...]] = []

    def watched(logits: Array, labels: Array) -> Array:
        seen.append((os.getpid(), type(logits), logits.dtype, logits.tolist(), labels.tolist()))
        return stable(logits, labels)

    assert check(watched, logits=LOGITS, labels=[0, 1]).verdict == "agrees"
    assert seen == [(os.getpid(), np.ndarray, np.float32, LOGITS.tolist(), [0, 1])]


def test_what_a_loss_writes_to_is_its_own() -> None:
    logits, labels = LOGITS.copy(), LABELS.copy()
    assert check(writing, logits=logits, labels=labels, dtypes=["float32", "float64"]).verdict == (
        "agrees"
    )
    assert (logits == LOGITS).all()
    assert (labels == LABELS).all()


def test_each_of_the_dtypes_is_a_case() -> None:
    report = check(stable, logits=LOGITS, labels=LABELS, dtypes=["float32", "bfloat16"])
    cases = [(r.case.partition("[")[2], r.status) for r in report.results]
    assert cases == [("dtype=float32]", "agrees"), ("dtype=bfloat16]", "agrees")]
    seen: list[Any] = []

    def watched(logits: Array, labels: Array) -> Array:
        seen.append(logits.dtype)
        return stable(logits, labels)

    check(watched, logits=LOGITS, labels=LABELS, dtypes=["float32", "bfloat16"])
    assert seen == [np.float32, ml_dtypes.bfloat16]


def test_options_are_passed_by_name_and_an_unnamed_one_is_unsupported() -> None:
    def weighted(y_true: Array, y_pred: Array, weight: Array) -> Array:
        return stable(y_pred, y_true) * weight[y_true]

    weights: dict[str, Any] = {"class_weight": [1.0, 2.0, 0.5]}
    assert check(weighted, logits=LOGITS, labels=LABELS, **weights).verdict == "agrees"
    report = check(stable, logits=LOGITS, labels=LABELS, **weights)
    assert report.verdict == "nothing compared"
    assert report.results[0].status == "unsupported"
    assert report.results[0].reason == "stable takes no class_weight"


def test_a_class_a_partial_application_and_a_lambda_have_names() -> None:
    class Loss:
        def __call__(self, logits: Array, labels: Array) -> Array:
            return stable(logits, labels)

    for loss, name in (
        (Loss(), "Loss"),
        (partial(stable), "stable"),
        (lambda a, b: stable(a, b), "<lambda>"),
    ):
        report = check(loss, logits=LOGITS, labels=LABELS)
        assert (report.verdict, report.results[0].implementation) == ("agrees", name)


def test_the_cases_of_files_are_asked_as_run_asks_them() -> None:
    report = check(stable, cases="corpus:options", loss="sparse_categorical", dtypes="float32")
    statuses = {r.case: r.status for r in report.results}
    assert all(case.startswith("corpus:options/") for case in statuses)
    assert {"agrees", "unsupported"} >= {*statuses.values()}
    assert report.verdict == "agrees"


# ---- its forms ----------------------------------------------------------------------------------


def test_it_is_the_json_of_a_run() -> None:
    report = check(unshifted, logits=FAR, labels=LABELS, reduction="mean")
    plain = report.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    jsonschema.validate(plain, result_schema())
    assert plain["summary"]["verdict"] == report.verdict
    (result,) = plain["results"]
    assert (result["case"], result["implementation"]) == ("arrays::sparse_categorical", "unshifted")
    assert result["losses"][0] == "nan"
    assert result["explanation"][0]["id"] == "unshifted-exp"


def test_a_notebook_shows_the_table_in_colour_and_escapes_what_is_not_its_own() -> None:
    def loss(logits: Array, labels: Array) -> Array:
        raise ValueError("<script>alert(1)</script>")

    html = check(loss, logits=LOGITS, labels=LABELS)._repr_html_()
    assert html.startswith("<pre>")
    assert html.endswith("</pre>")
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    shown = re.sub(r"<[^>]+>", "", check(stable, logits=LOGITS, labels=LABELS)._repr_html_())
    assert "✓ agrees" in shown
    assert 'style="color: #' in check(stable, logits=LOGITS, labels=LABELS)._repr_html_()


# ---- assert_agrees ------------------------------------------------------------------------------


def test_it_is_silent_where_a_loss_agrees() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_agrees(stable, logits=LOGITS, labels=LABELS)


@pytest.fixture
def few_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of the conformance cases in place of all, which take seconds."""
    monkeypatch.setattr(chosen, "CONFORMANCE", "corpus:conformance/gaps.yaml")


@pytest.mark.usefixtures("few_cases")
def test_without_arrays_it_takes_the_conformance_cases() -> None:
    assert_agrees(stable, loss="sparse_categorical", dtypes=["float32", "bfloat16"])
    with pytest.raises(
        AssertionError, match=r"diverges on corpus:conformance/gaps.yaml::many-that"
    ):
        assert_agrees(unshifted, loss="sparse_categorical", dtypes="float32")


@pytest.mark.long
@pytest.mark.parametrize("level", ["quick", "full"])
def test_a_right_loss_passes_all_conformance_cases_of_its_kind(level: str) -> None:
    assert_agrees(stable, loss="sparse_categorical", level=level)
    report = check(stable, cases="corpus:conformance", level=level)
    assert report.verdict == "agrees"
    assert len(report.results) > 200


def test_it_raises_in_the_words_of_the_report() -> None:
    with pytest.raises(AssertionError) as raised:
        assert_agrees(unshifted, logits=FAR, labels=LABELS)
    report = check(unshifted, logits=FAR, labels=LABELS)
    assert str(raised.value).startswith(str(report.results[0]))
    assert str(raised.value).endswith("diverges: 1 of 1 case diverges (1 of 1 answer)")


def test_it_raises_for_a_loss_that_raises() -> None:
    with pytest.raises(AssertionError, match=r"raising failed on arrays::.*: no kernel for this"):
        assert_agrees(raising, logits=LOGITS, labels=LABELS)


def test_a_loss_that_gives_its_mean_is_held_to_the_mean() -> None:
    """And to that alone: no losses are asked of it, but a total that it does not give is."""

    def mean(logits: Array, labels: Array) -> Array:
        return stable(logits, labels).mean()

    assert_agrees(mean, logits=LOGITS, labels=LABELS)
    assert_agrees(mean, logits=LOGITS, labels=LABELS, reduction="mean")
    with pytest.raises(AssertionError, match=r"mean on arrays::.*: sum not compared: "):
        assert_agrees(mean, logits=LOGITS, labels=LABELS, reduction=["mean", "sum"])

    def wrong(logits: Array, labels: Array) -> Array:
        return stable(logits, labels).mean() * np.float32(1.001)

    with pytest.raises(AssertionError, match=r"wrong diverges on arrays::.*, in the mean, which"):
        assert_agrees(wrong, logits=LOGITS, labels=LABELS)


@pytest.mark.usefixtures("few_cases")
def test_of_many_divergences_it_shows_some() -> None:
    def zero(logits: Array, labels: Array) -> Array:
        return stable(logits, labels) * 0

    with pytest.raises(AssertionError, match=r"\n\nand \d+ more\n\ndiverges: ") as raised:
        assert_agrees(zero, loss="sparse_categorical")
    assert str(raised.value).count("call: zero(logits, labels)") == 5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"class_weight": [1, 2, 3]}, "stable does not support arrays::.*takes no class_weight"),
        ({"reduction": "mean"}, "stable on arrays::.*: mean not compared: "),
        ({"check": ["value", "gradient"]}, "stable on arrays::.*: gradient not compared: "),
    ],
)
def test_what_is_asked_for_and_not_compared_is_no_agreement(
    options: dict[str, Any], words: str
) -> None:
    with pytest.raises(AssertionError, match=words):
        assert_agrees(stable, logits=LOGITS, labels=LABELS, **options)


def test_nothing_compared_is_no_agreement(tmp_path: Path) -> None:
    cases = tmp_path / "a.yaml"
    cases.write_text("{loss: sparse_categorical, logits: [[2.0, 1.0, 0.1]], labels: [0]}")
    with pytest.raises(AssertionError, match="nothing compared: 1 case; 1 missing"):
        assert_agrees(stable, cases=str(cases), framework="torch", device="cuda")
    for where in ({"logits": LOGITS, "labels": LABELS}, {"cases": str(cases)}, {"loss": "binary"}):
        with pytest.raises(ValueError, match=r"assert_agrees\(\): dtypes: there is none"):
            assert_agrees(stable, dtypes=[], **where)


def test_the_callers_settings_of_numpy_are_the_losss_alone() -> None:
    seen = []

    def loss(logits: Array, labels: Array) -> Array:
        seen.append(np.geterr()["under"])
        return np.zeros(1, np.float32)

    underflow = np.array([[0.0, -800.0]], np.float32)
    with np.errstate(all="raise"):
        assert check(loss, logits=underflow, labels=[0]).verdict == "agrees"
        assert explain([0.1], logits=underflow, labels=[0]).explained
        with pytest.raises(AssertionError):
            assert_agrees(loss, logits=underflow, labels=[1])
        assert set(np.geterr().values()) == {"raise"}
    assert set(seen) == {"raise"}


def test_every_one_of_the_dtypes_has_to_be_compared(tmp_path: Path) -> None:
    cases = tmp_path / "a.yaml"
    cases.write_text(
        """\
defaults: {loss: sparse_categorical, logits: [[2.0, 1.0, 0.1]], labels: [0]}
cases:
  - {name: plain, dtype: float32}
  - {name: plainer, dtype: float64}
  - {name: weighted, dtype: float64, class_weight: [1, 2, 3]}
  - {name: narrow, dtype: float16, class_weight: [1, 2, 3]}
"""
    )
    assert_agrees(stable, cases=str(cases), dtypes=["float32", "float64"])
    why = "nothing was compared in float16: stable takes no class_weight"
    with pytest.raises(AssertionError, match=why):
        assert_agrees(stable, cases=str(cases), dtypes=["float32", "float16"])
    with pytest.raises(AssertionError, match="stable takes no class_weight"):
        assert_agrees(stable, cases=str(cases), dtypes="float16")


def test_a_tolerance_that_would_accept_nearly_anything_is_a_warning() -> None:
    with pytest.warns(UserWarning, match="arrays::sparse_categorical: the tolerance would accept"):
        assert_agrees(stable, logits=LOGITS, labels=LABELS, tolerance=10.0)


@pytest.mark.parametrize("loss", LOSSES)
def test_there_are_conformance_cases_of_every_loss_and_dtype(loss: str) -> None:
    posed_cases = conformance_cases(loss, DTYPES, "quick").posed_cases
    assert {p.problem.loss for p in posed_cases} == {loss}
    assert {p.problem.dtype for p in posed_cases} == {*DTYPES}
    narrow = conformance_cases(loss, "float16", "quick").posed_cases
    assert {p.problem.dtype for p in narrow} == {"float16"}


# ---- mistakes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "keywords", "words"),
    [
        (TypeError, {}, "check(): labels: missing"),
        (TypeError, {"logit": LOGITS, "labels": LABELS}, "logit: unknown key; did you mean"),
        (ValueError, {"logits": LOGITS, "labels": [0]}, "check(): labels: shape [1]; allowed: [2]"),
        (ValueError, {"cases": "corpus:options", "level": "slow"}, "allowed: quick, full, huge"),
        (ValueError, {"cases": "corpus:optoins"}, "did you mean 'corpus:options'?"),
        (ValueError, {"cases": "corpus:options", "logits": LOGITS}, "logits: beside cases"),
        (ValueError, {"cases": "corpus:options", "loss": "sparse"}, "loss: 'sparse'; allowed: bin"),
        (ValueError, {"cases": "corpus:options", "dtypes": "half"}, "dtypes: 'half'; allowed: flo"),
        (ValueError, {**RIGHT, "dtype": "float32", "dtypes": "float16"}, "dtype and dtypes toget"),
        (ValueError, {"logits": LOGITS, "labels": [0, 7]}, "labels[1]: label 7; allowed: 0 to 2"),
        (ValueError, {**RIGHT, "device": "cuda"}, "gets NumPy arrays"),
        (ValueError, {**RIGHT, "framework": "torhc"}, "framework: 'torhc'; allowed: numpy, torch"),
    ],
)  # fmt: skip
def test_a_mistake_is_refused_at_once(kind: type, keywords: dict[str, Any], words: str) -> None:
    def never(logits: Array, labels: Array) -> Array:
        raise AssertionError("called")

    with pytest.raises(kind) as raised:
        check(never, **keywords)
    assert words in str(raised.value)


def test_what_is_no_callable_is_refused() -> None:
    with pytest.raises(TypeError, match=r"check\(\): the loss is a str; allowed: a callable"):
        check("my.module:loss", logits=LOGITS, labels=LABELS)  # type: ignore[arg-type]


def test_without_arrays_the_loss_has_to_be_said() -> None:
    with pytest.raises(TypeError, match=r"assert_agrees\(\): loss: missing; allowed: binary, "):
        assert_agrees(stable)
    assert xent_check.assert_agrees is assert_agrees
