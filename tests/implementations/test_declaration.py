"""What a user declares of a loss: it is taken at its word, and the rest is found out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from tests.support.fake import PROBLEM
from tests.support.fakes import own
from tests.support.recorded import recorded
from xent_check.implementations.declaration import FIXABLE, NOTHING, Declaration
from xent_check.implementations.own.asking import UserLoss, ask, user_loss
from xent_check.implementations.own.finding import found
from xent_check.implementations.own.gentle import gentle
from xent_check.implementations.own.introducing import answer, introduction
from xent_check.implementations.own.signature import planned
from xent_check.problem.evaluation import Computed, UnsupportedError
from xent_check.problem.problem import Problem
from xent_check.problem.vocabulary import GIVEN, Given, Loss
from xent_check.reference.reference import reference

SPARSE: Loss = "sparse_categorical"
SOFT = replace(PROBLEM, loss="categorical", labels=np.eye(3, dtype=np.float32))


def loss(function: Callable[..., Any], declared: Declaration) -> UserLoss:
    return user_loss(function, "f", "numpy", declared=declared)


def answered(
    function: Callable[..., Any], declared: Declaration, problem: Problem = PROBLEM
) -> Computed:
    one = loss(function, declared)
    return answer(problem, one, found(one))


def total_of(computed: Computed) -> Any:
    return computed.totals["mean"]


def called(signature: str, declared: Declaration, problem: Problem = PROBLEM) -> dict[str, Any]:
    """What a function of that signature is called with."""
    function, calls = recorded(signature, problem.samples_shape)
    ask(problem, loss(function, declared))
    (call,) = calls
    return call


# ---- parameters -------------------------------------------------------------------------------


def test_a_parameter_is_what_it_is_declared_to_be_whatever_its_name() -> None:
    weights = np.array([1, 2, 3], dtype=np.float32)
    problem = replace(PROBLEM, class_weight=weights, ignore_index=7)
    declared = Declaration(
        map=(("y", "logits"), ("x", "labels"), ("w", "class_weight"), ("pad", "ignore_index"))
    )
    call = called("x, y, w, pad", declared, problem)
    assert call["y"].tolist() == PROBLEM.values.tolist()
    assert call["x"].tolist() == PROBLEM.labels.tolist()
    assert call["w"].tolist() == [1, 2, 3]
    assert call["pad"] == 7


def test_a_declared_parameter_is_nothing_else() -> None:
    """`weight` would be the class weights, and `a` the scores."""
    declared = Declaration(map=(("weight", "labels"),), set=(("a", 3),))
    call = called("a, weight, b", declared)
    assert call["weight"].tolist() == PROBLEM.labels.tolist()
    assert call["b"].tolist() == PROBLEM.values.tolist()
    assert call["a"] == 3
    with pytest.raises(UnsupportedError, match="f takes no class_weight"):
        called("a, weight, b", declared, replace(PROBLEM, class_weight=np.ones(3, np.float32)))


def test_a_constant_is_passed_in_every_call_and_a_fact_is_that_of_the_case() -> None:
    declared = Declaration(
        set=(("n", "num_classes"), ("inplace", False), ("reduction", "sum"), ("none", None))
    )
    call = called("x, y, n=1, inplace=True, reduction='mean', none=1", declared)
    assert (call["n"], call["inplace"], call["reduction"], call["none"]) == (3, False, "sum", None)
    assert called("x, y, **k", Declaration(set=(("n", "num_classes"),)))["k"] == {"n": 3}


def test_a_fact_that_a_loss_lacks_is_unsupported() -> None:
    declared = Declaration(set=(("n", "num_classes"),))
    with pytest.raises(UnsupportedError, match="binary has no num_classes, which n is set to"):
        called("x, y, n", declared, replace(PROBLEM, loss="binary", labels=PROBLEM.values))


class Made:
    def __init__(self, chunk: int, weight: Any = None) -> None:
        self.chunk, self.weight = chunk, weight

    def __call__(self, x: Any, y: Any, scale: float = 1.0) -> Any:
        assert (self.chunk, scale) == (8, 2.0)
        return np.zeros(len(y), np.float32)


def test_a_constant_goes_to_the_constructor_or_the_call_whichever_names_it() -> None:
    declared = Declaration(set=(("chunk", 8), ("scale", 2.0)))
    assert ask(PROBLEM, loss(Made, declared)).call == "f(chunk=8)(logits, labels, scale=2.0)"


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        (
            Declaration(map=(("targt", "labels"),)),
            "declared: map targt: f has no parameter 'targt'; it has logits, target; did you mean "
            "'target'?",
        ),
        (
            Declaration(set=(("chunk", 1),)),
            "declared: set chunk: f has no parameter 'chunk'; it has logits, target",
        ),
    ],
)
def test_a_parameter_that_it_lacks_is_an_error(declared: Declaration, told: str) -> None:
    def f(logits: Any, target: Any) -> Any:
        raise AssertionError

    with pytest.raises(ValueError, match=r"^declared") as caught:
        loss(f, declared)
    assert str(caught.value) == told


def test_where_no_parameter_is_left_the_case_is_unsupported() -> None:
    declared = Declaration(map=(("x", "logits"),))
    with pytest.raises(UnsupportedError, match="f has no parameter left for the probs"):
        called("x, labels", declared, replace(PROBLEM, given="probs"))


# ---- what it computes -------------------------------------------------------------------------


def test_what_is_declared_is_not_asked_and_other_kinds_are_unsupported() -> None:
    asked = []

    def counting(logits: Any, labels: Any) -> Any:
        asked.append((labels.dtype.kind, logits.shape))
        return own.any_axes(logits, labels)

    declared = Declaration(loss=(SPARSE,), given=("logits",), returns="losses")
    (kind,) = found(loss(counting, declared)).kinds
    assert (kind.loss, kind.given, kind.returns, kind.axes) == (
        SPARSE,
        "logits",
        "losses",
        (1, 2, 0),
    )
    assert [one for one, _ in asked] == ["i"] * 3  # in which axes alone
    reason = "it is declared to compute sparse_categorical from logits"
    for other in (SOFT, replace(PROBLEM, given="probs")):
        with pytest.raises(UnsupportedError, match=f"^{reason}$"):
            answered(counting, declared, other)


def test_what_is_declared_and_raises_fails_and_is_no_other_kind() -> None:
    def raising(logits: Any, labels: Any) -> Any:
        raise RuntimeError("always")

    declared = Declaration(loss=(SPARSE,), given=("logits",))
    with pytest.raises(RuntimeError, match="always"):
        answered(raising, declared)
    with pytest.raises(RuntimeError, match="always"):
        answered(raising, Declaration(loss=(SPARSE,)))
    with pytest.raises(UnsupportedError, match="declared to compute binary"):
        answered(raising, Declaration(loss=("binary",)))


def test_what_is_declared_is_asked_although_it_raises_and_answers_others_wrongly() -> None:
    def of_probs_alone(p: Any, labels: Any) -> Any:
        assert (p >= 0).all()
        return own.of_probs(p, labels) * 2

    with pytest.raises(AssertionError):
        answered(of_probs_alone, Declaration(loss=(SPARSE,)))
    with pytest.raises(UnsupportedError, match="found not to compute"):
        answered(of_probs_alone, NOTHING)


def test_what_is_declared_and_wrong_is_answered_all_the_same() -> None:
    for declared in (Declaration(loss=(SPARSE,)), Declaration(loss=(SPARSE,), given=("logits",))):
        computed = answered(own.in_bits, declared)
        np.testing.assert_allclose(computed.losses * np.log(2), own.any_axes(
            PROBLEM.values, PROBLEM.labels
        ), rtol=1e-6)  # fmt: skip


def test_the_rest_is_found_out() -> None:
    (kind,) = found(loss(own.of_probs, Declaration(loss=(SPARSE,)))).kinds
    assert (kind.given, kind.returns) == ("probs", "losses")
    declared = Declaration(loss=(SPARSE,), given=("logits",))
    (kind,) = found(loss(own.weighted_mean, declared)).kinds
    assert (kind.returns, kind.weighted) == ("mean", "weighted_mean")
    (kind,) = found(loss(own.two_axes, declared)).kinds
    assert kind.axes == (1,)


def test_a_declared_total_is_that_total_and_no_other() -> None:
    declared = Declaration(returns="weighted_mean")
    (kind,) = found(loss(own.weighted_mean, declared)).kinds
    assert (kind.returns, kind.weighted) == ("weighted_mean", "weighted_mean")
    computed = answered(own.the_mean, declared)
    assert isinstance(computed.totals["weighted_mean"], np.ndarray)
    assert found(loss(own.the_sum, declared)).kinds == ()


def test_losses_in_answer_to_a_declared_mean_are_not_reduced_to_it() -> None:
    computed = answered(own.any_axes, Declaration(returns="mean"))
    assert total_of(computed).shape == (3,)


def test_one_number_in_answer_to_declared_losses_is_not_taken_for_a_total() -> None:
    computed = answered(own.the_mean, Declaration(returns="losses"))
    assert computed.losses.shape == ()
    assert not computed.only_totals


def test_one_number_is_a_declared_total_although_the_losses_were_asked_for() -> None:
    computed = answered(own.none_although_asked, Declaration(returns="mean"))
    assert total_of(computed).shape == ()


def test_a_declared_gradient_that_does_not_come_is_an_error() -> None:
    declared = Declaration(returns="losses, gradient")
    assert answered(own.with_gradient, declared).losses.shape == (3,)
    with pytest.raises(TypeError, match=r"declared to, an array of the scores' shape \[3, 3\]"):
        answered(own.any_axes, declared)


def test_a_promise_narrower_than_the_case_is_said_to_count_for_nothing_there() -> None:
    problem = replace(PROBLEM, values=PROBLEM.values.astype(np.float64), dtype="float64")
    notes = answered(own.any_axes, Declaration(compute="float32"), problem).notes
    assert notes == ("declared to compute in float32, it is held to float64 here",)
    assert answered(own.any_axes, Declaration(compute="float32")).notes == ()


# ---- what it has built in ---------------------------------------------------------------------

WEIGHTS = np.array([1.0, 0.1, 2.0], dtype=np.float32)
ROWS = replace(PROBLEM, class_axis=0)


@pytest.mark.parametrize(
    ("key", "value", "asked", "others", "text"),
    [
        ("label_smoothing", 0.1, {"label_smoothing": 0.1}, [{}, {"label_smoothing": 0.2}], "0.1"),
        ("ignore_index", -100, {"ignore_index": -100}, [{}, {"ignore_index": 0}], "-100"),
        ("class_axis", 0, {"class_axis": 0}, [{}], "0"),
        ("class_axis", -1, {"class_axis": 1}, [{"class_axis": 0}], "-1"),
        (
            "class_weight",
            (1.0, 0.1, 2.0),
            {"class_weight": WEIGHTS},
            [{}, {"class_weight": WEIGHTS * 2}, {"class_weight": np.ones(2, np.float32)}],
            "[1.0, 0.1, 2.0]",
        ),
    ],
)
def test_only_cases_that_set_a_built_in_option_so_are_asked(
    key: str, value: Any, asked: dict[str, Any], others: list[dict[str, Any]], text: str
) -> None:
    declared = Declaration(fixed=((key, value),))
    assert declared.why_not(replace(PROBLEM, **asked)) is None
    for other in others:
        reason = declared.why_not(replace(PROBLEM, **other))
        assert reason == f"it has {key} {text} built in"


def test_a_built_in_option_that_a_loss_lacks_leaves_it_alone() -> None:
    assert Declaration(fixed=(("pos_weight", 2.0),)).why_not(PROBLEM) is None


def test_a_built_in_option_is_not_passed() -> None:
    declared = Declaration(fixed=(("label_smoothing", 0.1),))
    problem = replace(PROBLEM, label_smoothing=0.1)
    assert called("x, y, label_smoothing=0.5", declared, problem)["label_smoothing"] == 0.5
    called("x, y", declared, problem)


def test_what_it_computes_is_found_out_under_what_it_has_built_in() -> None:
    def smoothed(logits: Any, labels: Any) -> Any:
        log_p = np.log(np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))
        return np.float32(0.7) * own.any_axes(logits, labels) - np.float32(0.3) * log_p.mean(-1)

    assert found(loss(smoothed, NOTHING)).kinds == ()
    declared = Declaration(fixed=(("label_smoothing", 0.3),))
    assert [kind.loss for kind in found(loss(smoothed, declared)).kinds] == [SPARSE]


def padded(logits: Any, labels: Any) -> Any:
    """Each label meets the scores before it; the last ones meet none, and have the loss 0."""
    losses = own.any_axes(logits, np.roll(labels, -1, axis=-1))
    losses[..., -1] = 0
    return losses


def sliced(logits: Any, labels: Any) -> Any:
    """The same without the last ones."""
    return own.any_axes(logits[..., :-1, :], labels[..., 1:])


SHIFTED = replace(
    PROBLEM, values=np.sin(np.arange(40, dtype=np.float32)).reshape(2, 4, 5),
    labels=np.array([[4, 1, 2, 0], [3, 3, 1, 4]]), shift=1, reductions=("mean",),
)  # fmt: skip
OF_SHIFT = Declaration(fixed=(("shift", 1),))


@pytest.mark.parametrize("function", [padded, sliced])
def test_a_loss_that_shifts_is_asked_for_that_shift_alone(function: Callable[..., Any]) -> None:
    computed = answered(function, OF_SHIFT, SHIFTED)
    np.testing.assert_allclose(computed.losses, reference(SHIFTED).losses.high, rtol=1e-6)
    assert any("no loss of positions" in note for note in computed.notes) == (function is sliced)
    assert [kind.loss for kind in found(loss(function, OF_SHIFT)).kinds] == [SPARSE]
    for other in (replace(SHIFTED, shift=None), replace(SHIFTED, shift=2)):
        with pytest.raises(UnsupportedError, match="it has shift 1 built in"):
            answered(function, OF_SHIFT, other)


def test_a_loss_that_does_not_shift_is_found_not_to() -> None:
    assert SPARSE not in {kind.loss for kind in found(loss(own.any_axes, OF_SHIFT)).kinds}
    with pytest.raises(UnsupportedError, match="f takes no shift"):
        answered(own.any_axes, NOTHING, SHIFTED)


def test_losses_of_the_met_positions_alone_are_no_answer_without_a_shift() -> None:
    plain = replace(SHIFTED, shift=None)
    assert ask(plain, loss(sliced, NOTHING)).losses.shape == (2, 3)


def test_sequences_are_not_made_one_for_a_loss_that_takes_one() -> None:
    def one_sequence(logits: Any, labels: Any) -> Any:
        assert logits.ndim == 2
        return padded(logits, labels)

    with pytest.raises(UnsupportedError, match="one sequence at a time"):
        answered(one_sequence, OF_SHIFT, SHIFTED)
    alone = replace(SHIFTED, values=SHIFTED.values[:1], labels=SHIFTED.labels[:1])
    computed = answered(one_sequence, OF_SHIFT, alone)
    np.testing.assert_allclose(computed.losses, reference(alone).losses.high, rtol=1e-6)


def test_labels_that_are_shifted_before_go_where_no_shift_is_built_in() -> None:
    signature = "logits, labels, shift_labels=None"
    plain = replace(SHIFTED, shift=None)
    before = called(signature, NOTHING, plain)["shift_labels"]
    np.testing.assert_array_equal(before, SHIFTED.labels)
    assert called(signature, OF_SHIFT, SHIFTED)["shift_labels"] is None


@pytest.mark.parametrize("samples", [(4,), (2, 3), ()])
@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        (SPARSE, {"label_smoothing": 0.3, "class_weight": (1.0, 2.0, 0.5, 3.0)}),
        (SPARSE, {"ignore_index": 0, "class_axis": 0}),
        ("categorical", {"label_smoothing": 0.2, "class_weight": (1.0, 2.0, 0.5), "class_axis": 0}),
        ("binary", {"label_smoothing": 0.2, "pos_weight": 3.0, "class_axis": 1}),
        (SPARSE, {"logit_scale": 0.7, "softcap": 1.5, "z_loss": 0.01, "num_items": 7}),
        ("categorical", {"logit_scale": 1.5, "z_loss": 0.1, "label_smoothing": 0.1}),
        ("binary", {"softcap": 1.0, "logit_scale": 2.0}),
        (SPARSE, {"shift": 1, "ignore_index": 2, "num_items": 5}),
        (SPARSE, {"shift": 2, "label_smoothing": 0.3, "smoothing_formula": "megatron"}),
        ("categorical", {"label_smoothing": 0.2, "smoothing_formula": "megatron"}),
    ],
)  # fmt: skip
def test_gentle_problems_with_options_come_to_what_the_reference_says(
    name: Loss, given: Given, options: dict[str, Any], samples: tuple[int, ...]
) -> None:
    one = gentle(name, given, samples, options)
    if given == "hidden" and (name == "binary" or (options.get("class_axis") == 0 and samples)):
        return  # a last layer makes classes, which come last
    if not samples and "shift" in options:  # a sample alone meets no label
        assert one is None
        return
    assert one is not None
    applying = {key for key in options if FIXABLE[key].applies(name, given)}
    assert one.problem.options == applying - {"class_axis"} | (
        {"class_axis"} if one.problem.class_axis != -1 and samples else set()
    ) | ({"weight"} if given == "hidden" else set())
    exact = reference(replace(one.problem, reductions=("mean", "weighted_mean", "sum")))
    np.testing.assert_allclose(one.losses, exact.losses.high, rtol=2e-6, atol=1e-12)
    assert exact.gradient is not None
    np.testing.assert_allclose(one.gradient, exact.gradient.high, rtol=2e-6, atol=1e-7)
    for total, value in one.totals.items():
        np.testing.assert_allclose(value, exact.totals[total].high, rtol=2e-6)


def test_options_that_fit_no_gentle_problem_make_none() -> None:
    assert gentle(SPARSE, "logits", (), {"class_axis": 1}) is None
    assert gentle(SPARSE, "logits", (4,), {"sample_weight": (1.0, 2.0)}) is None
    assert gentle(SPARSE, "logits", (4,), {"not_yet": 1}) is None


def test_where_the_axis_of_the_classes_is_built_in_nothing_is_flattened() -> None:
    def classes_first(logits: Any, labels: Any) -> Any:
        assert logits.ndim == 2
        return own.any_axes(np.moveaxis(logits, 0, -1), labels)

    declared = Declaration(loss=(SPARSE,), given=("logits",), fixed=(("class_axis", 0),))
    assert answered(classes_first, declared, ROWS).losses.shape == (3,)
    deep = replace(ROWS, values=np.ones((3, 2, 2), np.float32), labels=np.ones((2, 2), int))
    with pytest.raises(AssertionError):
        answered(classes_first, declared, deep)


# ---- as a value -------------------------------------------------------------------------------

FULL = Declaration(
    loss=(SPARSE, "binary"),
    given=("logits",),
    returns="losses, gradient",
    compute="float32",
    map=(("t", "labels"), ("w", "class_weight")),
    set=(("n", "num_classes"), ("inplace", False)),
    fixed=(("class_weight", (1.0, 2.0)), ("label_smoothing", 0.1)),
    env=(("A", "1"),),
)


def test_a_declaration_goes_to_another_process_and_back() -> None:
    def listed(value: Any) -> Any:  # as execnet may give it
        return list(map(listed, value)) if isinstance(value, tuple) else value

    assert Declaration.of({key: listed(value) for key, value in asdict(FULL).items()}) == FULL


def test_what_is_said_last_replaces_what_was_said_key_by_key() -> None:
    assert NOTHING.over(FULL) == FULL
    assert FULL.over(NOTHING) == FULL
    more = Declaration(returns="mean", map=(("z", "logits"),))
    assert more.over(FULL) == replace(FULL, returns="mean", map=(("z", "logits"),))


def test_the_line_says_what_is_declared_and_what_was_found() -> None:
    assert str(FULL) == (
        "loss sparse_categorical or binary, given logits, returns losses and gradient, compute "
        "float32, map t=labels w=class_weight, set n=num_classes inplace=false, fixed "
        "class_weight=[1.0, 2.0] label_smoothing=0.1, env A=1"
    )
    declared = Declaration(loss=(SPARSE,), given=("logits",))
    assert introduction(loss(own.two_axes, declared)).sentence == (
        "f gets numpy arrays; declared: loss sparse_categorical, given logits; returns losses; "
        "gets its cases flattened to (samples, classes)"
    )
    assert introduction(loss(own.in_bits, declared)).sentence == (
        "f gets numpy arrays; declared: loss sparse_categorical, given logits; answers small "
        "problems of sparse_categorical from logits wrongly, or not at all"
    )
    told = introduction(loss(own.in_bits, Declaration(loss=(SPARSE,)))).sentence
    assert re.fullmatch(
        "f gets numpy arrays; declared: loss sparse_categorical; computes nothing of that, so that "
        r"every case of it is tried; not sparse_categorical \(off by [\d.]+ or more\)",
        told,
    )
    declared = replace(declared, returns="losses")
    assert introduction(loss(own.two_axes, declared)).sentence == (
        "f gets numpy arrays; declared: loss sparse_categorical, given logits, returns losses; "
        "gets its cases flattened to (samples, classes)"
    )


def test_a_plan_without_a_declaration_is_as_ever() -> None:
    plan = planned(PROBLEM, own.any_axes, "f")
    assert plan.called.positional == (("scores", None), ("labels", None))
