"""Bugs of `sweep`, and of the float64 reference that it leans on."""

from __future__ import annotations

from tests.planted import Bug

SWEEP = "search/test_sweep.py"

BUGS = (
    Bug(
        "what lies between the inputs is taken for asked", "reporters.sweep:summary",
        "one.domain.stride > 1", "one.domain.stride < 1", "reporters/test_sweep.py",
    ),
    Bug(
        "an input between two parts is left out", "search.sweeping.sweep:parts_of",
        "range(asked, domain.count, asked - 1)", "range(asked, domain.count, asked)", SWEEP,
    ),
    Bug(
        "a zoom ends after its first step", "search.sweeping.zoom:towards_the_worst",
        "if inner in looked_at:", "if looked_at:", SWEEP,
    ),
    Bug(
        "a number that rises where it should fall is in order", "search.sweeping.counting:_breaks",
        "else of[1:] > of[:-1]", "else of[1:] > np.inf", SWEEP,
    ),
    Bug(
        "two classes have no order", "search.sweeping.counting:_breaks",
        "wrong[-(start + 1) % domain.taken :: domain.taken]", "wrong[:]", SWEEP,
    ),
    Bug(
        "the second score goes on where the first changes", "search.sweeping.counting:_breaks",
        "-(start + 1) % domain.taken", "-start % domain.taken", SWEEP,
    ),
    Bug(
        "what fails is asked for the next part", "search.sweeping.engine:Here.answers",
        "{found.implementation for found in answered.absent} if answered else set()", "set()",
        SWEEP, "next_part",
    ),
    Bug(
        "an answer near a limit gets no look of its own", "search.sweeping.counting:_of_plain",
        "limits.slack + _ROUNDED * limit", "-1.0", SWEEP, "need_no_look",
    ),
    Bug(
        "an answer near its bound gets no look of its own",
        "search.sweeping.counting:_of_large_shares",
        "slack + 2 * _ROUNDED", "-1.0", SWEEP, "near_its_bound",
    ),
    Bug(
        "an answer near a limit counts twice", "search.sweeping.counting:_of_plain",
        "len(largest) - len(near)", "len(largest)", SWEEP, "need_no_look",
    ),
    Bug(
        "a worse share further on is not looked for", "search.sweeping.counting:_of_shares",
        "min(tally.by_share.size, 1 - SLACK)", "1 - SLACK", SWEEP, "need_no_look",
    ),
    Bug(
        "one that diverges hides the next", "search.sweeping.counting:_of_shares",
        "min(tally.by_share.size, 1 - SLACK)", "tally.by_share.size", SWEEP, "however_far",
    ),
    Bug(
        "an answer near a limit has a share of its own too", "search.sweeping.counting:_of_shares",
        "np.setdiff1d(rows, near, assume_unique=True)", "rows",
        SWEEP, "beyond_its_bound",
    ),
    Bug(
        "what is counted already is counted again", "search.sweeping.counting:_of_shares",
        "if most[first] <= 0:", "if most[first] < 0:", SWEEP, "counted_once_where",
    ),
    Bug(
        "a bound falls no faster than the logit", "reference.bounds_between:least_bounds",
        "bound - falls * np.abs(end - first)", "bound", "test_bounds_between.py",
    ),
    Bug(
        "a bound falls as fast on both sides", "reference.bounds_between:least_bounds",
        "np.where(on_its_side, 2.0, 4.0)", "2.0", "test_bounds_between.py",
    ),
    Bug(
        "a run with both signs has the bound of its end", "reference.bounds_between:least_bounds",
        "one_sign & (least > 0)", "least > 0", "test_bounds_between.py",
    ),
    Bug(
        "a worse error further on is not looked for", "search.sweeping.counting:_of_plain",
        "if top > min(", "if top > 0.5 + min(", SWEEP, "need_no_look",
    ),
    Bug(
        "an infinite answer is looked at as a number", "search.sweeping.counting:_of_plain",
        "if not top < math.inf:", "if False:", SWEEP, "need_no_look",
    ),
    Bug(
        "an answer of another bound is the same", "search.sweeping.counting:Part.tally",
        "if of is exact and ", "if ", SWEEP, "counted_once",
    ),
    Bug(
        "two ends stand for what lies between on another side", "search.sweeping.counting:_decide",
        "if _sides(ulps, start) == _sides(ulps, end):", "if True:", SWEEP,
    ),
    Bug(
        "an infinite error hides the worst finite one", "search.sweeping.counting:_of_any",
        "np.where(np.isinf(sizes), -1.0, sizes)", "sizes", SWEEP, "worst_finite",
    ),
    Bug(
        "a zoom goes towards an infinite error", "search.sweeping.zoom:_by_ulps",
        "return tally.by_finite", "return tally.by_ulps", SWEEP, "zoom",
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
