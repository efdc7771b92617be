"""Bugs of what a baseline excuses, and of the file that it is."""

from __future__ import annotations

from tests.planted import Bug

ACCEPTED = "test_accepted.py"
CHANGES = "test_changes.py"
FILE = "test_baseline_file.py"
PLACES = "test_gate_places.py"

BUGS = (
    Bug(
        "what was not kept may diverge", "changes:_diverged_before",
        "or d.diverging > bad.size or (rows < 0).any():", "or d.diverging > bad.size:", ACCEPTED,
    ),
    Bug(
        "what agreed may diverge by a hair", "changes:_diverged_before",
        "return not (np.isfinite(off) & (off <= allowed[bad])).any()",
        "return True", ACCEPTED,
    ),
    Bug(
        "an accepted number may be any other", "changes:_part_move",
        "(off <= d.allowed.reshape(-1)[rows >= 0]).all() for d in now.differences[:1]",
        "True for d in now.differences[:1]", ACCEPTED,
    ),
    Bug(
        "what is stated does not count", "changes:_part_move",
        "all(_diverged_before(was, now, d) for d in now.differences)",
        "all(_diverged_before(was, now, d) for d in now.differences[:1])", ACCEPTED,
    ),
    Bug(
        "an accepted divergence grows with each accept", "gate:accept",
        "if accepted is not None and not move_between(accepted, record).same_bits:", "if False:",
        ACCEPTED,
    ),
    Bug(
        "the worst alone are kept of what was accepted", "record:PartRecord.rows_to_keep",
        "for d in self.differences if accepted", "for d in ()", ACCEPTED,
    ),
    Bug(
        "the first are kept for the worst", "record:PartRecord.rows_to_keep",
        'np.argsort(-self.differences[0].abs_diff.reshape(-1), kind="stable")[:WORST]',
        "np.arange(self.numbers.size)[:WORST]", FILE, "the_worst",
    ),
    Bug(
        "an error of the same type is the same", "record:_behaviour",
        "return name if declared else normalized_message(evaluation.message)", "return name",
        ACCEPTED,
    ),
    Bug(
        "any wrong shape is the same", "record:_behaviour",
        'return "another shape" if declared else f"another shape: {result.reason}"',
        'return "another shape"', ACCEPTED,
    ),
    Bug(
        "numbers in a word are folded", "record:_NUMBER", "(?<![A-Za-z0-9])", "", ACCEPTED,
        "folded",
    ),
    Bug(
        "other inputs are no matter", "changes:_kind",
        "if before is not None and _other_inputs(before, after):", "if False:", ACCEPTED, "inputs",
    ),
    Bug(
        "other inputs pass", "gate:DEFAULT",
        'DEFAULT = ("new", "behaviour", "inputs")', 'DEFAULT = ("new", "behaviour")', FILE,
        "passes_in_silence",
    ),
    Bug(
        "nothing is taken after a missing framework", "gate:accept",
        "            continue\n        place =", "            break\n        place =",
        ACCEPTED, "follows",
    ),
    Bug(
        "answers of nobody knows where are left out", "gate:accept",
        "raise UserError(_no_environment_text(result.implementation))", "continue",
        "test_baseline_file.py", "nobody_knows",
    ),
    Bug(
        "pruning reaches other files", "gate:_absent_in_scope",
        "return sorted(key for key in absent if whole.covers(*key))", "return sorted(absent)",
        ACCEPTED, "pruning",
    ),
    Bug(
        "new is not a nan", "gate:Rule.fails",
        'if self.kind == "new" and change.kind in _MORE_SPECIFIC:', "if False:", CHANGES,
        "nobody_accepted",
    ),
    Bug(
        "a drift from beyond its factor", "gate:Rule.fails",
        ">= self.factor", "> self.factor", CHANGES, "from_its_factor",
    ),
    Bug(
        "a share that is no number passes", "change:growth",
        "return math.inf if math.isnan(times) else times", "return times", CHANGES, "factor",
    ),
    Bug(
        "the losses alone have a share", "record:_shares",
        "if bounds is None:\n        return shares", "if True:\n        return shares", CHANGES,
        "part_by_part",
    ),
    Bug(
        "a share is the bare difference", "comparison:share_of",
        "(part.abs_diff[finite] / bound[finite]).max()", "part.abs_diff[finite].max()", CHANGES,
        "part_by_part",
    ),
    Bug(
        "a share may be nan in the file", "baseline_fields:_share_of",
        "or not float(number) >= 0", "or float(number) < 0", FILE, "silence",
    ),
    Bug(
        "numbers may be cut out of the file", "baseline_file:_answer_record",
        'if _OF_NUMBERS.match(stated_classes) and "losses" not in parts:', "if False:", FILE,
        "silence",
    ),
    Bug(
        "the numbers may be others than the file says", "baseline_file:_answer_record",
        "if part.index is None and stated_classes != actual:", "if False:", FILE, "silence",
    ),
    Bug(
        "places that do not exist", "baseline_file:_flat_index",
        "or any(i >= n for i, n in zip(place, shape, strict=True))", "", FILE, "silence",
    ),
    Bug(
        "a key may stand there twice", "baseline_file:_object_without_repeats",
        "if len(data) < len(pairs):", "if False:", FILE, "merge",
    ),
    Bug(
        "names are of the working directory", "project:Project.keys",
        "keys[case, name] = cases[shown] + case[len(shown) :], names[name]",
        "keys[case, name] = case, name", PLACES, "working_directory",
    ),
    Bug(
        "a baseline that matches nothing is success", "report:Report.exit_code",
        "or unmatched", "", PLACES, "matches_nothing",
    ),
    Bug(
        "what was stopped is success", "report:Report.exit_code",
        "or self.stopped", "", "cli/test_stopped.py", "no_success",
    ),
    Bug(
        "what a gated run lets pass is counted", "gating:gate_from_options",
        "lambda result: fails(result, loaded, rules, project)",
        'lambda result: result.status in ("diverges", "failed")',
        "cli/test_stopped.py", "accepted_divergence",
    ),
    Bug(
        "what is gone goes unsaid", "outcome:_gate_reasons",
        "if text := gone_text(gate):", "if text := '':", PLACES, "summary_line",
    ),
    Bug(
        "two write at once", "locking:file_lock",
        "    with held:\n", "    held.lock.release()\n    if True:\n", PLACES, "at_once",
    ),
    Bug(
        "what another wrote meanwhile is lost", "accept_command:_update",
        "accept(report, _baseline_in(file), because", "accept(report, None, because", PLACES,
        "at_once",
    ),
    Bug(
        "the mode is lost", "whole_file:write_whole",
        "shutil.copymode(target, temporary)", "pass", PLACES, "who_may_read",
    ),
    Bug(
        "anybody may read what failed", "whole_file:write_whole",
        "0o600 if private else 0o666", "0o666", "test_last_failed.py", "its_user_alone",
    ),
    Bug(
        "for want of a lock a run fails", "remembering:FailureRecorder.__exit__",
        "except (OSError, UserError) as", "except OSError as",
        "test_last_failed.py", "lock_that_cannot",
    ),
    Bug(
        "two runs at once remember", "last_failed:update",
        "with file_lock(file):", "with contextlib.nullcontext():",
        "test_last_failed.py", "updates_at_once",
    ),
)  # fmt: skip
