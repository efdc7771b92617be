"""Bugs of what is computed exactly of many numbers, and a part at a time."""

from __future__ import annotations

from tests.planted import Bug

DIVISORS = "test_divisors.py"

MEMORY = "test_memory.py"
CHUNKS = "test_chunks.py"
PARTS = "test_parts.py"
ENDING = "test_ending.py"

BUGS = (
    Bug(
        "what comes of parts is taken as they are done", "problem.parts:in_threads",
        "results[number] = result", "results[turn] = result", PARTS, "order",
    ),
    Bug(
        "what comes of a part is not taken", "problem.parts:in_threads",
        "while turn in results:", "while turn in ():", PARTS, "order",
    ),
    Bug(
        "what comes of a small problem's part is not taken", "problem.parts:in_threads",
        "            take(work(*part))", "            work(*part)", PARTS, "one_core",
    ),
    Bug(
        "the user's file is read to the end of the run", "jobs:encode_case",
        "replace(posed, problem=decode_problem(message))", "replace(posed)",
        "test_wire.py", "meanwhile",
    ),
    Bug(
        "a chunk is held against the bounds of the first", "difference:Allowance._of",
        "losses=bounds.losses[place]",
        "losses=np.resize(bounds.losses, bounds.losses[place].shape)", CHUNKS, "judged",
    ),
    Bug(
        "the last chunk is left out", "chunks:chunks",
        "range(0, shape[axis], step)", "range(0, shape[axis] - step, step)", CHUNKS, "the_array",
    ),
    Bug(
        "only the first chunk's radii are looked at", "enclosure:is_narrow",
        "            return False\n    return True",
        "            return False\n        return True", CHUNKS, "wide_radius",
    ),
    Bug(
        "answers are compared whole", "difference:Allowance.by_reference",
        "if actual.size > NUMBERS:", "if False:", CHUNKS, "counted",
    ),
    Bug(
        "a process that hears a signal is ended all the same", "ending:_watch",
        "time.sleep(CLEANING)", "pass", ENDING, "by_itself",
    ),
    Bug(
        "a process that cleans up for ever is not ended", "ending:_watch",
        "time.sleep(CLEANING)", "threading.Event().wait(30)", ENDING, "never_ends",
    ),
    Bug(
        "a process that has not begun our code is asked to end", "worker:Worker.stop",
        "group.terminate(timeout=_EXIT_TIMEOUT)", "[gateway.exit() for gateway in group]",
        "test_worker.py", "not_begun",
    ),
    Bug(
        "folders are left", "leftovers:clear",
        "shutil.rmtree(folder, ignore_errors=True)", "pass", ENDING, "deaf",
    ),
    Bug(
        "processes are left", "leftovers:clear",
        "child.kill()", "pass", ENDING, "deaf",
    ),
    Bug(
        "the last of equal ones first", "ranking:largest_first",
        "np.flatnonzero(chunk == least)[: count - above.size]",
        "np.flatnonzero(chunk == least)[above.size - count :]", "test_ranking.py",
    ),
    Bug(
        "what other groups left is asked of none", "memory:available_bytes",
        "min([free, *_bytes_left_in_groups(_GROUPS, _OWN)])", "free", MEMORY, "group",
    ),
    Bug(
        "cached files count as used", "memory:_bytes_left",
        "max(0, used - files)", "used", MEMORY, "control_group",
    ),
    Bug(
        "the groups around ours are not looked at", "memory:_bytes_left_in_groups",
        "for group in (folder, *folder.parents):", "for group in (folder,):", MEMORY, "around_ours",
    ),
    Bug(
        "a gradient takes nothing", "memory:Size._numbers",
        "self.samples + (entries if self.gradient else 0)", "self.samples", MEMORY, "gradient",
    ),
    Bug(
        "a problem is posed without room for it", "posing:_ProblemBuilder.problem",
        "self.require_memory()", "pass", MEMORY, "tebibyte and value",
    ),
    Bug(
        "one answer alone is counted", "memory_needed:require_memory",
        "len(present) * size.answer_bytes", "size.answer_bytes", MEMORY, "every_answer",
    ),
    Bug(
        "one case alone is counted", "memory_needed:require_memory",
        "memory += size.truth_bytes +", "memory = size.truth_bytes +", MEMORY, "every_answer",
    ),
    Bug(
        "a short file is mapped", "array_files:_npy",
        "if promised > present and", "if False and", MEMORY, "promises",
    ),
    Bug(
        "unsigned numbers are widened unasked", "array_files:as_numbers",
        "        must_fit(array.shape, 8, key)\n        fits", "        fits", MEMORY, "unsigned",
    ),
    Bug(
        "observed numbers are listed unasked", "command_line:Arguments.observed",
        "                must_fit(array.shape, _OBSERVED_BYTES, ())\n", "", MEMORY, "observed",
    ),
    Bug(
        "the bounds of a middle class axis in another order", "bounds_in_parts:_shaped",
        "np.moveaxis(classes_last, -1, problem.class_axis)",
        "classes_last.reshape(problem.values.shape)",
        "test_bounds_in_parts.py", "whole",
    ),
    Bug(
        "class weights left out of the weighted mean", "divisors:_weights",
        "weights.append(np.where(inside, of_class, 1.0))", "pass", DIVISORS, "add_up_exactly",
    ),
    Bug(
        "class weights left out of soft labels", "divisors:_weights",
        "else [_floats(part.class_weight)]", "else []", DIVISORS, "soft_label_weighs",
    ),
    Bug(
        "a label outside the classes weighs as the first", "divisors:_weights",
        "np.where(inside, of_class, 1.0)", "of_class", DIVISORS, "outside_the_classes",
    ),
    Bug(
        "weights added up in float64", "divisors:_weights",
        "return exact_sum(*weights) if weights",
        "return Fraction(float(np.prod(weights, axis=0).sum())) if weights", DIVISORS,
        "weights_that_cancel",
    ),
    Bug(
        "the error of a product left out", "reference.pairs:product_of",
        "((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2", "0 * a2 * b2", DIVISORS, "products",
    ),
    Bug(
        "the low half of a significand left out", "exact_sum:_sum_by_exponent",
        "int(sums[0][place]) * _HALF + int(sums[1][place])", "int(sums[0][place]) * _HALF",
        DIVISORS, "sums",
    ),
    Bug(
        "a total's radius without what two numbers leave out", "float64:_total",
        " + abs(value - Fraction(high) - Fraction(low))", "", DIVISORS, "holds_what",
    ),
    Bug(
        "a total's radius not divided", "float64:_total",
        "error = radius / abs(divisor)", "error = radius", DIVISORS, "holds_what",
    ),
    Bug(
        "the samples of a middle axis at the wrong place", "parts:_places",
        "flat = slice(i * after + start, i * after + stop)", "flat = slice(start, stop)",
        DIVISORS, "parts",
    ),
    Bug(
        "pos_weight repeated from each part's start", "parts:_trailing",
        "np.arange(samples.start, samples.stop) % array.size",
        "np.arange(samples.stop - samples.start) % array.size", DIVISORS, "own_pos_weights",
    ),
    Bug(
        "the first of equal maxima not left out of the others", "float64:_row_losses",
        "x[at, top] = 0.0", "pass", "test_float64.py", "every_kind",
    ),
    Bug(
        "a label outside the classes has the first one's loss", "float64:_row_losses",
        "np.where(inside & np.isfinite(maximum), losses, np.nan)",
        "np.where(np.isfinite(maximum), losses, np.nan)", "test_float64.py", "every_kind",
    ),
)  # fmt: skip
