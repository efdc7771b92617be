"""Bugs of what was accepted, and what became of it."""

from __future__ import annotations

from . import Bug

CHANGES = "test_changes.py"
GATE = "test_gate.py"
MERGING = "test_merging.py"
SAVED = "test_saved.py"

BUGS = (
    Bug(
        "one bit does not count", "recorded.py",
        "(self.dtype, self.shape, self.digest) == (other.dtype, other.shape, other.digest)",
        "(self.dtype, self.shape) == (other.dtype, other.shape)", CHANGES,
    ),
    Bug(
        "a digest of the first number", "digest.py",
        'some).astype("<f8").tobytes()', 'some)[:1].astype("<f8").tobytes()', CHANGES,
    ),
    Bug(
        "nan is as good as a number", "changes.py",
        "return self.ulps is None or bool(np.isfinite(self.ulps))", "return True", CHANGES,
    ),
    Bug(
        "an accepted divergence may grow", "changes.py",
        "if before.status in BAD and move.stands:", "if before.status in BAD:", CHANGES,
    ),
    Bug(
        "whatever diverged is fixed", "changes.py",
        'if before.status in BAD and after.status in ("agrees", "known"):',
        "if before.status in BAD:", CHANGES,
    ),
    Bug(
        "a missing framework is as before", "changes.py",
        'return "same" if before.status == "missing" else "missing"', 'return "same"', CHANGES,
    ),
    Bug(
        "a new case that diverges is added", "changes.py",
        'return "new" if after.status in BAD else "added"', 'return "added"', CHANGES,
    ),
    Bug(
        "another dtype is the same", "changes.py",
        "or not move.same_class or before.forms != after.forms:", "or not move.same_class:",
        CHANGES,
    ),
    Bug(
        "distances that are no ulps", "changes.py",
        "distance / spacing(first, was.dtype)", "distance", CHANGES,
    ),
    Bug(
        "six digits are enough", "baseline.py",
        "float(str(numpy_dtype(dtype).type(value)))", 'float(f"{value:.6g}")', CHANGES,
    ),
    Bug(
        "the reason is lost", "baseline.py",
        'data["because"] = record.because', "pass", GATE, "keeps_it",
    ),
    Bug(
        "no reason is needed", "gating.py",
        "if refused:", "if False:", GATE, "keeps_it",
    ),
    Bug(
        "drift at any share", "gating.py",
        "return growth(change.share_before, change.share_after) >= self.factor", "return True",
        GATE, "one_bit_more",
    ),
    Bug(
        "a baseline written in place", "cli/accept_command.py",
        "write_whole(file, text)", 'file.write_text(text, encoding="utf-8")',
        "test_killed_accept.py", "half_way",
    ),
    Bug(
        "a missing shard passes", "merging.py",
        "if missing:", "if False:", MERGING, "missing_shard",
    ),
    Bug(
        "the first case in no shard", "shard.py",
        "items[self.index - 1 :: self.of]", "items[self.index :: self.of]", MERGING,
        "exactly_one",
    ),
    Bug(
        "only what was kept is counted", "difference.py",
        "if self.excerpt is None else self.excerpt.diverging", "if True else 0", SAVED,
        "large_array",
    ),
    Bug(
        "a saved array unseen", "watching.py",
        "self._marks.get(s.case.id) != marks[s.case.id]", "s.case.id not in self._marks",
        "test_watching.py", "changed_array",
    ),
)  # fmt: skip
