"""Bugs of the comparison."""

from __future__ import annotations

from . import Bug

COMPARISON = "test_comparison.py"
NARROWER = "test_narrower.py"

BUGS = (
    Bug(
        "flip <=", "difference.py",
        "self.abs_diff <= self.allowed", "self.abs_diff < self.allowed", COMPARISON,
    ),
    Bug(
        "drop atol", "difference.py",
        "t.atol + t.rtol * np.abs(target)", "t.rtol * np.abs(target)", COMPARISON,
    ),
    Bug(
        "drop rtol", "difference.py",
        "t.atol + t.rtol * np.abs(target)", "t.atol + 0 * np.abs(target)", COMPARISON,
    ),
    Bug(
        "drop ulps", "difference.py",
        "np.fmax(t.atol + t.rtol * np.abs(target), t.ulps * ulp)",
        "np.asarray(t.atol + t.rtol * np.abs(target))", COMPARISON,
    ),
    Bug(
        "add the ulps to the tolerance", "difference.py",
        "np.fmax(t.atol + t.rtol * np.abs(target), t.ulps * ulp)",
        "np.asarray(t.atol + t.rtol * np.abs(target) + t.ulps * ulp)", COMPARISON,
    ),
    Bug(
        "swap reference and actual", "difference.py",
        "return self._difference(part, upcast, target.high, distance, name, 0.0)",
        "return self._difference(part, target.high, upcast, distance, name, 0.0)", COMPARISON,
    ),
    Bug(
        "ignore nan", "enclosure.py",
        "np.where(same, 0.0, np.inf)",
        "np.where(same | np.isnan(actual), 0.0, np.inf)", COMPARISON,
    ),
    Bug(
        "nan equals anything", "enclosure.py",
        "np.where(same, 0.0, np.inf)",
        "np.where(same | np.isnan(self.high), 0.0, np.inf)", COMPARISON,
    ),
    Bug(
        "inf sign lost", "enclosure.py",
        "(actual == self.high)", "(np.abs(actual) == np.abs(self.high))", COMPARISON,
    ),
    Bug(
        "an overflowing tolerance accepts an infinity", "difference.py",
        "np.isfinite(self.abs_diff) & (self.abs_diff <= self.allowed)",
        "self.abs_diff <= self.allowed", COMPARISON,
    ),
    Bug(
        "worst index wrong", "difference.py",
        "np.argmax(scored)", "np.argmin(scored)", COMPARISON,
    ),
    Bug(
        "worst index among those that agree", "difference.py",
        "np.where(self.agrees, -1.0, self.abs_diff) if self.diverging else self.abs_diff",
        "self.abs_diff", COMPARISON,
    ),
    Bug(
        "count off", "difference.py",
        "int((~self.agrees).sum()) if", "int((~self.agrees).any()) if", COMPARISON,
    ),
    Bug(
        "totals do not count", "comparison.py",
        "for r, d in self.totals.items()", "for r, d in ()", COMPARISON,
    ),
    Bug(
        "the low half of the reference left out", "enclosure.py",
        "np.abs((actual - self.high) - self.low)", "np.abs(actual - self.high)", COMPARISON,
    ),
    Bug(
        "ulps of another dtype", "difference.py",
        "distance, name = target.distance(upcast), actual.dtype.name",
        'distance, name = target.distance(upcast), "float32"', COMPARISON,
    ),
    Bug(
        "the ulp of a narrower dtype", "dtypes.py",
        "return np.minimum(own, spacing(values, asked)) if asked else own", "return own",
        NARROWER, "finer_of_the_two",
    ),
    Bug(
        "the ulp of a wider dtype forgotten", "dtypes.py",
        "return np.minimum(own, spacing(values, asked)) if asked else own",
        "return spacing(values, asked or computed)", NARROWER, "finer_of_the_two",
    ),
    Bug(
        "the infinity of a narrower dtype", "difference.py",
        "max(map(largest, filter(None, (dtype, asked))))", "largest(dtype)",
        NARROWER, "infinity",
    ),
    Bug(
        "the asked dtype not saved", "saved_numbers.py",
        'r.asked_dtype or ""', '""', NARROWER, "judged_again",
    ),
    Bug(
        "stated losses do not reach the totals' divisor", "comparison.py",
        "losses.target.sum() / divisor", "losses.target.sum()", COMPARISON,
    ),
    Bug(
        "any shape will do", "comparison.py",
        "if computed.losses.shape != shape:", "if False:", COMPARISON,
    ),
)  # fmt: skip
