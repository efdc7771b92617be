"""Bugs of the comparison."""

from __future__ import annotations

from tests.planted import Bug

COMPARISON = "test_comparison.py"
DISTANCE = "test_distance.py"
NARROWER = "test_narrower.py"

BUGS = (
    Bug(
        "what one dtype is allowed is kept for all", "difference:Allowance.by_reference",
        "(self, part, name)", "(part,)", "test_shared_by_answers.py", "its_own",
    ),
    Bug(
        "what one tolerance accepts is kept for all", "results.vacuity:vacuity",
        "(gradient_of, *parts, *map(id, arrays))", "()", "test_shared_by_answers.py", "looked_for",
    ),
    Bug(
        "flip <=", "difference:Difference.agrees",
        "self.abs_diff <= self.allowed", "self.abs_diff < self.allowed", COMPARISON,
    ),
    Bug(
        "drop atol", "difference:Allowance._allowed",
        "t.atol + t.rtol * np.abs(target)", "t.rtol * np.abs(target)", COMPARISON,
    ),
    Bug(
        "drop rtol", "difference:Allowance._allowed",
        "t.atol + t.rtol * np.abs(target)", "t.atol + 0 * np.abs(target)", COMPARISON,
    ),
    Bug(
        "drop ulps", "difference:Allowance._allowed",
        "np.fmax(t.atol + t.rtol * np.abs(target), t.ulps * spaced)",
        "np.asarray(t.atol + t.rtol * np.abs(target))", COMPARISON,
    ),
    Bug(
        "add the ulps to the tolerance", "difference:Allowance._allowed",
        "np.fmax(t.atol + t.rtol * np.abs(target), t.ulps * spaced)",
        "np.asarray(t.atol + t.rtol * np.abs(target) + t.ulps * spaced)", COMPARISON,
    ),
    Bug(
        "swap reference and actual", "difference:Allowance.by_reference",
        "return self._difference(upcast, target.high, off, allowed, name, 0.0)",
        "return self._difference(target.high, upcast, off, allowed, name, 0.0)", COMPARISON,
    ),
    Bug(
        "ignore nan", "problem.distance:distance",
        "np.where(same, 0.0, np.inf)",
        "np.where(same | np.isnan(actual), 0.0, np.inf)", COMPARISON,
    ),
    Bug(
        "nan equals anything", "problem.distance:distance",
        "np.where(same, 0.0, np.inf)",
        "np.where(same | np.isnan(target), 0.0, np.inf)", COMPARISON,
    ),
    Bug(
        "inf sign lost", "problem.distance:distance",
        "(actual == target)", "(np.abs(actual) == np.abs(target))", COMPARISON,
    ),
    Bug(
        "infinities are subtracted", "problem.distance:distance",
        "np.where(both_finite, difference, np.where(same, 0.0, np.inf))", "difference",
        DISTANCE,
    ),
    Bug(
        "nan agrees with nothing", "problem.distance:distance",
        "(actual == target) | (np.isnan(actual) & np.isnan(target))", "actual == target",
        DISTANCE,
    ),
    Bug(
        "any two infinities are the same", "problem.distance:distance",
        "(actual == target)", "(np.isinf(actual) & np.isinf(target))", DISTANCE,
    ),
    Bug(
        "a difference beyond float64 is a warning", "problem.distance:distance",
        'np.errstate(invalid="ignore", over="ignore")', 'np.errstate(invalid="ignore")',
        DISTANCE,
    ),
    Bug(
        "an infinity off has no ulps", "problem.distance:in_ulps",
        "np.where(unknown, distance,", "np.where(unknown, 0.0,", DISTANCE,
    ),
    Bug(
        "the sample worked out is an infinity that is right", "results.explanation:_worst_sample",
        "return _furthest(losses, target, units)",
        "return int(np.argmax(np.where(np.isfinite(target), distance(losses, target), np.inf)))",
        "test_explanation.py",
    ),
    Bug(
        "the sample worked out is right as it is printed", "results.explanation:_furthest",
        "off - units.reshape(-1)", "off", "test_eval.py", "that_is_shown",
    ),
    Bug(
        "a zero among printed digits is exact", "expectations:printed_numbers",
        "np.where(whole, decimals.min(), published.units)", "published.units",
        "test_expectation.py", "in_a_print",
    ),
    Bug(
        "nan beside an infinity tells no readings apart", "distinguishing:_differ",
        "np.isinf(off) | (off > DIFFERENT * size)", "off > DIFFERENT * size",
        "test_distinguishing.py",
    ),
    Bug(
        "an overflowing tolerance accepts an infinity", "difference:Difference.agrees",
        "np.isfinite(self.abs_diff) & (self.abs_diff <= self.allowed)",
        "self.abs_diff <= self.allowed", COMPARISON,
    ),
    Bug(
        "worst index wrong", "difference:Difference.worst",
        "np.argmax(scored)", "np.argmin(scored)", COMPARISON,
    ),
    Bug(
        "worst index among those that agree", "difference:Difference.worst",
        "np.where(self.agrees, -1.0, self.abs_diff) if self.diverging else self.abs_diff",
        "self.abs_diff", COMPARISON,
    ),
    Bug(
        "count off", "difference:Difference.diverging",
        "int((~self.agrees).sum()) if", "int((~self.agrees).any()) if", COMPARISON,
    ),
    Bug(
        "totals do not count", "comparison:Comparison.by_reference",
        "for r, d in self.totals.items()", "for r, d in ()", COMPARISON,
    ),
    Bug(
        "the low half of the reference left out", "enclosure:Enclosure.distance",
        "distance(actual, self.high, self.low)", "distance(actual, self.high)", COMPARISON,
    ),
    Bug(
        "ulps of another dtype", "difference:Allowance.by_reference",
        "off, name = target.distance(upcast), actual.dtype.name",
        'off, name = target.distance(upcast), "float32"', COMPARISON,
    ),
    Bug(
        "the ulp of a narrower dtype", "dtypes:ulp",
        "return step if asked in (\"\", computed) else np.minimum(step, spacing(values, asked))",
        "return step",
        NARROWER, "finer_of_the_two",
    ),
    Bug(
        "the ulp of a wider dtype forgotten", "dtypes:ulp",
        "return step if asked in (\"\", computed) else np.minimum(step, spacing(values, asked))",
        "return spacing(values, asked or computed)", NARROWER, "finer_of_the_two",
    ),
    Bug(
        "the infinity of a narrower dtype", "difference:within_range",
        "max(map(largest, filter(None, (dtype, asked))))", "largest(dtype)",
        NARROWER, "infinity",
    ),
    Bug(
        "the asked dtype not saved", "saved.numbers:comparison_of",
        'r.asked_dtype or ""', '""', NARROWER, "judged_again",
    ),
    Bug(
        "stated losses do not reach the totals' divisor", "comparison:_following",
        "losses.target.sum() / divisor", "losses.target.sum()", COMPARISON,
    ),
    Bug(
        "any shape will do", "comparison:check_shapes",
        "if computed.losses.shape != shape and not computed.only_totals:", "if False:", COMPARISON,
    ),
)  # fmt: skip
