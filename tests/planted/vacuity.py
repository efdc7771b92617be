"""Bugs of vacuity: what a tolerance would accept beside the right answer."""

from __future__ import annotations

from tests.planted import Bug

VACUITY = "test_vacuity.py"

BUGS = (
    Bug(
        "blind to labels of a lower logit", "other_labels:_apart",
        "distance = np.abs(first - second)", "distance = second - first", VACUITY,
        "lower_logit or oracle",
    ),
    Bug(
        "a soft target swaps like a hard one", "other_labels:_binary",
        "return apart * np.abs(1 - 2 * t)", "return apart", VACUITY, "soft_target",
    ),
    Bug(
        "smoothing does not bring labels nearer", "other_labels:_distances",
        "np.asarray(abs(1 - float(problem.smoothing)))", "np.asarray(1.0)", VACUITY, "oracle",
    ),
    Bug(
        "class weights move no label", "other_labels:_classes",
        "if weight is not None:", "if False:", VACUITY, "oracle",
    ),
    Bug(
        "every label has one class", "other_labels:_of_masses",
        "np.where(largest[:, 0] > np.abs(masses).sum(axis=1) / 2, swapped, shifted)", "swapped",
        VACUITY,
        "oracle",
    ),
    Bug(
        "totals are never vacuous", "vacuity:_computed",
        "present = [r for r in REDUCTIONS if r in parts]", "present = []", VACUITY, "total",
    ),
    Bug(
        "a total's other labels by one loss", "vacuity:_other_total",
        "return bool(apart / abs(divisor) <= total.allowed)",
        "return bool(apart <= total.allowed)", VACUITY, "other_labels",
    ),
    Bug(
        "gradients are never vacuous", "vacuity:_computed",
        'if "gradient" in parts:', "if False:", VACUITY, "gradient",
    ),
    Bug(
        "one entry tells nothing beside the label", "vacuity:_of_gradient",
        "ELSEWHERE: zeros(off_label) & ~zero", "ELSEWHERE: zero & ~zero", VACUITY,
        "beside_the_label",
    ),
    Bug(
        "every gradient near 0 is vacuous", "vacuity:_of_gradient",
        "least = _SHARE * _weights(problem)", "least = 0 * _weights(problem)", VACUITY,
        "near_0_itself",
    ),
    Bug(
        "what is stated of a known divergence is not looked at", "verdict:_deciding",
        "return {**comparison.by_reference, **comparison.by_expectation}",
        "return comparison.by_reference", VACUITY, "stated_of_it",
    ),
    Bug(
        "a vacuous agreement passes where it must be sharp", "verdict:_judge_numbers",
        'if vacuous is not None and strict and status == "agrees":', "if False:", VACUITY,
        "must_be_sharp",
    ),
)  # fmt: skip
