"""Bugs of what was accepted, and what became of it."""

from __future__ import annotations

from tests.planted import Bug

CHANGES = "test_changes.py"
GATE = "test_gate.py"
MERGING = "test_merge.py"
SAVED = "test_saved.py"

BUGS = (
    Bug(
        "one bit does not count", "record:PartRecord.same_bits",
        "(self.dtype, self.shape, self.digest) == (other.dtype, other.shape, other.digest)",
        "(self.dtype, self.shape) == (other.dtype, other.shape)", CHANGES,
    ),
    Bug(
        "a digest of the first number", "fingerprint:digest",
        'chunk).astype("<f8").tobytes()', 'chunk)[:1].astype("<f8").tobytes()', CHANGES,
    ),
    Bug(
        "nan is as good as a number", "changes:Move.same_class",
        "return self.ulps is None or bool(np.isfinite(self.ulps))", "return True", CHANGES,
    ),
    Bug(
        "an accepted divergence may grow", "changes:_kind",
        "if before.status in BAD and move.stays_accepted:", "if before.status in BAD:", CHANGES,
    ),
    Bug(
        "whatever diverged is fixed", "changes:_kind",
        'if before.status in BAD and after.status in ("agrees", "known"):',
        "if before.status in BAD:", CHANGES,
    ),
    Bug(
        "a missing framework is as before", "changes:_kind",
        'return "same" if before.status == "missing" else "missing"', 'return "same"', CHANGES,
    ),
    Bug(
        "a new case that diverges is added", "changes:_kind",
        'return "new" if after.status in BAD else "added"', 'return "added"', CHANGES,
    ),
    Bug(
        "another dtype is the same", "changes:_kind",
        "or not move.same_class or before.forms != after.forms:", "or not move.same_class:",
        CHANGES,
    ),
    Bug(
        "distances that are no ulps", "changes:_part_move",
        "in_ulps(off, spacing(first, was.dtype))", "off", CHANGES,
    ),
    Bug(
        "six digits are enough", "baseline_file:_number",
        "float(str(numpy_dtype(dtype).type(value)))", 'float(f"{value:.6g}")', CHANGES,
    ),
    Bug(
        "the reason is lost", "baseline_file:_answer",
        'data["because"] = record.because', "pass", GATE, "keeps_it",
    ),
    Bug(
        "no reason is needed", "gate:accept",
        "if refused:", "if False:", GATE, "keeps_it",
    ),
    Bug(
        "drift at any share", "gate:Rule.fails",
        "return growth(change.share_before, change.share_after) >= self.factor", "return True",
        GATE, "one_bit_more",
    ),
    Bug(
        "a baseline written in place", "accept_command:_update",
        "write_whole(file, text)", 'file.write_text(text, encoding="utf-8")',
        "test_killed_accept.py", "half_way",
    ),
    Bug(
        "a missing shard passes", "merge:_require_each_shard",
        "if missing:", "if False:", MERGING, "missing_shard",
    ),
    Bug(
        "the first case in no shard", "shard:Shard.take",
        "items[self.index - 1 :: self.of]", "items[self.index :: self.of]", MERGING,
        "exactly_one",
    ),
    Bug(
        "only what was kept is counted", "difference:Difference.diverging",
        "if self.excerpt is None else self.excerpt.diverging", "if True else 0", SAVED,
        "large_array",
    ),
    Bug(
        "a saved array unseen", "watching:KnownCases._take",
        "self._marks.get(s.case.id) != marks[s.case.id]", "s.case.id not in self._marks",
        "test_watching.py", "changed_array",
    ),
)  # fmt: skip
