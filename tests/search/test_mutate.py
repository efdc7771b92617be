"""What is said of each mutant on some cases."""

from __future__ import annotations

from pathlib import Path

from tests.support.answered import posed
from xent_check.search.mutants.kernel import Array
from xent_check.search.mutants.mutant import Mutant, mutant_of
from xent_check.search.mutants.softmax import Softmax
from xent_check.search.mutants.table import MUTANTS, RIGHT
from xent_check.search.mutate import Fate, Mutation, mutate

GENTLE = "{loss: sparse_categorical, logits: [[1, 2, 3], [0.5, 0.5, 0.5]], labels: [0, 1]}"
LARGE = "{loss: sparse_categorical, logits: [[100, 0, 0]], labels: [1]}"


def named(*names: str) -> list[Mutant]:
    return [next(mutant for mutant in MUTANTS if mutant.id == name) for name in names]


def mutated(folder: Path, text: str, *names: str, suite: str = "") -> Mutation:
    cases = posed(folder, text)
    (folder / "suite").mkdir()
    return mutate(cases, named(*names), RIGHT, posed(folder / "suite", suite) if suite else ())


def only(mutation: Mutation) -> Fate:
    (fate,) = mutation.fates
    return fate


def test_a_bug_is_caught_by_the_smallest_case_that_shows_it(tmp_path: Path) -> None:
    three = LARGE.replace("[[100, 0, 0]], labels: [1]", "[[100, 0, 0], [0, 0, 0]], labels: [1, 0]")
    three = three.replace("{", "{name: three, ")
    one = LARGE.replace("{", "{name: one, ")
    gentle = GENTLE.replace("{", "{name: gentle, ")
    fate = only(mutated(tmp_path, f"cases: [{three}, {gentle}, {one}]", "maximum-missing"))
    assert fate.caught is not None
    assert fate.caught.case.name == "one"
    assert fate.caught.diagnosis is not None
    assert fate.caught.diagnosis.explanations[0].id == "unshifted-exp"


def test_of_a_bug_that_slips_through_it_is_said_what_no_case_has(tmp_path: Path) -> None:
    fate = only(mutated(tmp_path, GENTLE, "smoothing-counts-ignored"))
    assert fate.caught is None
    assert fate.lacking == ("ignored samples", "label_smoothing")
    assert fate.met == 0


def test_two_needs_that_no_single_case_has_are_lacking_together(tmp_path: Path) -> None:
    a = GENTLE.replace("{", "{name: a, label_smoothing: 0.1, ")
    b = GENTLE.replace("{", "{name: b, check: [value, gradient], ")
    fate = only(mutated(tmp_path, f"cases: [{a}, {b}]", "gradient-zero-if-smoothed"))
    assert fate.lacking == ("label_smoothing and a gradient to check",)


def test_a_bug_of_another_kind_of_loss_slips_through(tmp_path: Path) -> None:
    mutation = mutated(tmp_path, GENTLE, "clamp-of-the-wrong-sign")
    assert only(mutation).lacking == ("binary losses from logits",)
    assert mutation.asked == 0


def test_a_bug_that_gentle_numbers_do_not_show_has_met_them(tmp_path: Path) -> None:
    fate = only(mutated(tmp_path, GENTLE, "maximum-missing"))
    assert fate.caught is None
    assert (fate.lacking, fate.met) == ((), 1)


def test_a_case_of_the_suite_is_found_for_what_slips_through(tmp_path: Path) -> None:
    fate = only(mutated(tmp_path, GENTLE, "maximum-missing", suite=LARGE))
    assert fate.caught is None
    assert fate.cure.endswith("::cases")


def test_a_case_that_flags_the_right_loss_catches_nothing(tmp_path: Path) -> None:
    """A tolerance below rounding tells the two apart by chance."""
    text = GENTLE.replace("{", "{tolerance: {atol: 0, ulps: 0}, ")
    mutation = mutated(tmp_path, text, "smoothing-over-others", "epsilon-in-the-log")
    assert mutation.caught == ()
    assert {result.implementation for result in mutation.flagged} >= {"softmax", "two-passes"}


def test_labels_outside_the_classes_are_not_asked(tmp_path: Path) -> None:
    text = "{loss: sparse_categorical, logits: [[1, 2]], labels: [5], expect: {torch: {error: x}}}"
    assert mutated(tmp_path, text, "maximum-missing").asked == 0


class Raises(Softmax):
    """It raises."""

    def losses(self) -> Array:
        raise IndexError("class 5 of 3")


def test_what_a_mutant_raises_catches_it(tmp_path: Path) -> None:
    mutation = mutate(posed(tmp_path, GENTLE), [mutant_of(Raises, Softmax)], RIGHT)
    caught = only(mutation).caught
    assert caught is not None
    assert caught.status == "failed"
    assert "IndexError: class 5 of 3" in str(caught.reason)


def test_conduct_is_checked_where_the_case_asks_for_it(tmp_path: Path) -> None:
    text = GENTLE.replace("{", "{check: [value, inputs], ")
    mutation = mutated(tmp_path, text, "logits-overwritten", "sum-in-any-order")
    overwritten, in_any_order = mutation.fates
    assert overwritten.caught is not None
    assert "overwrit" in str(overwritten.caught.reason) or overwritten.caught.status == "diverges"
    assert in_any_order.lacking == ("check: repeatable",)
    assert mutation.flagged == ()


def test_a_gradient_that_is_wrong_alone_gets_its_reason(tmp_path: Path) -> None:
    text = GENTLE.replace("{", "{check: [value, gradient], label_smoothing: 0.1, ")
    fate = only(mutated(tmp_path, text, "gradient-zero-if-smoothed"))
    assert fate.caught is not None
    assert fate.caught.diagnosis is not None
    assert [e.id for e in fate.caught.diagnosis.explanations] == ["gradient-zero"]


def test_16_bits_are_held_to_the_promise_of_float32(tmp_path: Path) -> None:
    """-log of a rounded 1/3 is 1.09375, log 3 in bfloat16 1.1015625: what bfloat16's own arithmetic
    may come to, but not float32's rounded once."""
    text = GENTLE.replace("[1, 2, 3], [0.5, 0.5, 0.5]", "[0, 0, 0]").replace("[0, 1]", "[1]")
    text = text.replace("{", "{dtype: bfloat16, tolerance: auto, ")
    fate = only(mutated(tmp_path, text, "probabilities-in-16-bits"))
    assert fate.caught is not None


def test_a_sum_of_exps_in_16_bits_that_the_gradient_alone_shows_is_named(tmp_path: Path) -> None:
    """Its gradient is within what bfloat16 may come to, beyond what float32 rounded once may."""
    text = (
        "{loss: sparse_categorical, dtype: bfloat16, tolerance: auto, check: [value, gradient], "
        "logits: {shape: [8, 33], random: normal, scale: 3, seed: 1}, "
        "labels: [0, 1, 2, 3, 4, 5, 6, 7]}"
    )
    reason = only(mutated(tmp_path, text, "gradient-summed-in-16-bits")).reason
    assert reason is not None
    assert reason.explanation.ids == ("accumulator-dtype",)


def test_the_reason_is_that_of_most_cases_that_catch_it(tmp_path: Path) -> None:
    """With one class, 7 more of it are every class 8 times."""
    one = "{name: one, loss: sparse_categorical, logits: [[1], [2]], labels: [0, 0]}"
    small = [
        GENTLE.replace("{", "{name: a, "),
        GENTLE.replace("{", "{name: b, ").replace("[0, 1]", "[2, 0]"),
    ]
    fate = only(mutated(tmp_path, f"cases: [{one}, {', '.join(small)}]", "tail-read-whole"))
    assert [result.case.name for result in fate.catching] == ["one", "a", "b"]
    assert fate.caught is not None
    assert fate.caught.diagnosis is not None
    assert fate.caught.diagnosis.explanations[0].id == "classes-counted-twice"
    assert fate.reason is not None
    assert (fate.reason.explanation.id, fate.reason.explained) == ("tail-read-twice", 3)


def test_a_case_with_an_option_that_the_losses_lack_is_not_asked(tmp_path: Path) -> None:
    text = LARGE.replace("{", "{logit_scale: 0.5, ")
    mutation = mutated(tmp_path, text, "maximum-missing")
    assert (mutation.asked, mutation.flagged) == (0, ())
