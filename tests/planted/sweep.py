"""Bugs of `sweep`, and of the float64 reference that it leans on."""

from __future__ import annotations

from tests.planted import Bug

SWEEP = "search/test_sweep.py"

BUGS = (
    Bug(
        "a zoom ends after its first step", "search.sweeping.zoom:towards_the_worst",
        "if inner in looked_at:", "if looked_at:", SWEEP,
    ),
    Bug(
        "a number that rises where it should fall is in order", "search.sweeping.tally:_breaks",
        "(after > before) & (directions < 0)", "(after > before) & (directions < -1)", SWEEP,
    ),
    Bug(
        "two classes have no order", "search.sweeping.tally:_breaks",
        "% domain.taken == 0] = False", "% domain.taken >= 0] = False", SWEEP,
    ),
    Bug(
        "two ends stand for what lies between on another side", "search.sweeping.tally:_decide",
        "if _sides(d, start) == _sides(d, end):", "if True:", SWEEP,
    ),
    Bug(
        "who stops in the middle passes", "cli.sweep_command:command",
        "ExitCode.FAILED if failed else", "ExitCode.AGREES if failed else", "cli/test_sweep.py",
    ),
    Bug(
        "a float64 gradient forgets the sign of the target",
        "reference.float64_gradient:_binary_from_logits",
        "np.where(on_one, -1.0, 1.0)", "1.0", "reference/test_float64.py",
    ),
    Bug(
        "a float64 gradient of classes counts the label's own exp twice",
        "reference.float64_gradient:_classes_from_logits",
        "exps[row, y] = -others", "exps[row, y] = -others - at_label", "reference/test_float64.py",
    ),
)  # fmt: skip
