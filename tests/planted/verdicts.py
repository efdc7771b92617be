"""Bugs of expectations and verdicts."""

from __future__ import annotations

from tests.planted import Bug

COMPARISON = "test_comparison.py"
GAPS = "test_gaps.py"
JUDGING = "test_verdict.py"
RUN = "test_run.py"
PATH = "test_main_path.py"

BUGS = (
    Bug(
        "the last digit does not count", "expectations:published_numbers",
        "units = np.array(_units(numbers), dtype=np.float64)", "units = np.zeros_like(values)",
        COMPARISON,
    ),
    Bug(
        "every version will do", "expectation:Expectation.applies_to",
        "if self.versions is None:", "if True:", JUDGING,
    ),
    Bug(
        "a user's own loss is excused for its framework", "introducing:_library",
        '.partition(".")[0], "")', '.partition(".")[0], "stable")', "test_judging.py",
        "excuses_no_loss",
    ),
    Bug(
        "a function of a library may diverge in any way", "judging:judged",
        'result = known if known.status == "known" else result',
        'result = replace(result, status="known")', "test_judging.py", "as_the_library",
    ),
    Bug(
        "a narrower dtype is stated of cases of that dtype", "stated:stated_of",
        "if unit_roundoff(entry.compute) <= unit_roundoff(problem.dtype):", "if False:",
        "test_stated.py", "says_nothing",
    ),
    Bug(
        "a divergence in no dtype of the case is stated and never looked for",
        "expectations:_never_narrower", "if all(unit_roundoff", "if False and all(unit_roundoff",
        "test_bad_cases.py", "bad_expectations",
    ),
    Bug(
        "what is computed in a narrower dtype is not rounded to it", "stated:_computed_in",
        "problem.in_dtype(dtype)", "replace(problem, dtype=dtype)", "test_stated.py", "rounded",
    ),
    Bug(
        "any number will do for what is computed in a narrower dtype", "stated:_published",
        "bound + exact.radius", "bound * 1000", "test_stated.py", "or_wrongly",
    ),
    Bug(
        "a stated gradient of the sum is that of the mean", "stated:_divided",
        "published.values / divisor", "published.values", "test_judging.py", "stated_gradient",
    ),
    Bug(
        "a known divergence that is gone stays known", "verdict:_judge_parts",
        "if comparison.agrees_with_reference and not", "if False and not",
        JUDGING,
    ),
    Bug(
        "a known divergence may take any value", "verdict:_judge_parts",
        "if not comparison.agrees_with_expected:", "if False:", JUDGING,
    ),
    Bug(
        "a stated number may go uncompared", "verdict:_judge_parts",
        "    if comparison.unheld:\n        return \"diverges\", _unheld(comparison)\n    if not",
        "    if not", GAPS, "stated_number",
    ),
    Bug(
        "a part that was not given is not said", "verdict:_notes",
        "*gaps(comparison, reason)", "", GAPS, "not_given_is_said",
    ),
    Bug(
        "a gap passes when strict", "verdict:_judge_numbers",
        "if strict and comparison.gaps and", "if False and", GAPS, "not_given_is_said",
    ),
    Bug(
        "a part that is not there at all is no gap", "comparison:compare",
        'unsupported.setdefault(name, "it gave none")', "pass", GAPS, "not_given_is_said",
    ),
    Bug(
        "zero numbers agree", "comparison:Comparison.compared",
        "return sum(parts[name].size for name in names if name in parts)", "return 1",
        GAPS, "zero_numbers",
    ),
    Bug(
        "losses count though a gradient alone was asked for", "case:CaseFields.asked",
        'return frozenset([*self.option_value("reduction"),',
        'return frozenset(["losses", *self.option_value("reduction"),',
        GAPS, "gradient_alone",
    ),
    Bug(
        "what was stated and not given is not saved", "saved.numbers:comparison_of",
        "if gap.expected is not None and", "if False and", GAPS, "judged_again",
    ),
    Bug(
        "what was asked for is not saved", "saved.numbers:comparison_of",
        "asked=frozenset(r.asked),", "", GAPS, "judged_again",
    ),
    Bug(
        "the gradient's verdict is the losses'", "results.behaviour:gradient_status",
        "parts = [*actual.values(), *stated.values()]", "parts = [comparison.losses]",
        GAPS, "verdict_of_its_own",
    ),
    Bug(
        "one pinned number is enough", "verdict:judge_pinned",
        'result.status != "diverges"', "0", GAPS, "reference_is_one_row",
    ),
    Bug(
        "the pinned reference is not said", "run:run",
        "            yield pinned\n", "            pass\n", RUN, "every_case",
    ),
    Bug(
        "who is not there is not said", "run:run",
        "for j in jobs if j.unasked)", "for j in jobs[:0] if j.unasked)", RUN, "every_case",
    ),
    Bug(
        "what rounds once may round on the way", "judging:judged",
        "if i.computes_in_float32(posed.problem):", "if False:", RUN, "computes_in_float32",
    ),
    Bug(
        "an entry of any version is the first", "loading:PosedCase.expectation_of",
        "if version != UNKNOWN and entry.applies_to(version):", "if True:", RUN, "its_version",
    ),
    Bug(
        "the exact value is made before anybody is asked", "run:run",
        "    pool.submit(", "    truth(posed_cases[0].problem)\n    pool.submit(", PATH, "hops",
    ),
    Bug(
        "a divergence is given no reason", "judging:result_of",
        "return diagnosed(", "return (", PATH, "hops",
    ),
    Bug(
        "results stand as they came", "summary:report_of",
        "results=tuple(ordered)", "results=tuple(results)", "test_summary.py",
    ),
    Bug(
        "who is required and on no case is not missed", "summary:report_of",
        "absent=tuple(name for name, why in absent.items() if why),", "", "test_summary.py",
    ),
    Bug(
        "whole numbers pass for losses", "comparison:check_shapes",
        "dtype_name(part.dtype) not in DTYPES", "False", GAPS, "no_floating_point",
    ),
    Bug(
        "entries behind one that is about every version", "expectations:expectation_mistakes",
        "yield from _unreachable_entries(name, entries)", "pass", GAPS, "no_answer_could_meet",
    ),
    Bug(
        "judged again, a gap is forgotten", "rejudge:_rejudge_result",
        "[*result.notes, *missing]", "result.notes", GAPS, "strict_run",
    ),
    Bug(
        "notes left out of JUnit", "junit:_test",
        'lines += [f"note: {visible_lines(note)}" for note in result.notes]', "pass",
        GAPS, "statuses_and_the_counts",
    ),
    Bug(
        "any error will do", "verdict:_judge_failure",
        "if expectation.error in failed.message:", "if expectation.error:", JUDGING,
    ),
    Bug(
        "a crash counts as the error", "verdict:_judge_failure",
        'if failed.kind != "error" or expectation is None:', "if expectation is None:", JUDGING,
    ),
    Bug(
        "numbers count as the error", "verdict:_judge_parts",
        "    if expectation.error is not None:\n        return", "    if False:\n        return",
        JUDGING,
    ),
    Bug(
        "a failure outranks a divergence", "report:Report.exit_code",
        "if diverges:", 'if diverges and not self.counts["failed"]:',
        JUDGING,
    ),
    Bug(
        "nothing compared is success", "report:Report.exit_code",
        "return ExitCode.NOTHING_COMPARED", "return ExitCode.AGREES", JUDGING,
    ),
)  # fmt: skip
