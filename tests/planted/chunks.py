"""Bugs of cases that are asked in chunks, of a look at some rows, and of runs that go on."""

from __future__ import annotations

from tests.planted import Bug

CHUNKS = "test_in_chunks.py"
JOURNAL = "test_run_journal.py"
RESUMING = "test_resuming.py"
SAMPLING = "test_sampling.py"

BUGS = (
    Bug(
        "the last chunk's total stands for all", "joining:_furthest_off",
        "return furthest and furthest[0]", "return of[-1][0] if of else None", CHUNKS,
        "are_its_own",
    ),
    Bug(
        "a total that no chunk has is not missed", "joining:_comparison",
        "        if r not in shown:\n", "        if False:\n", CHUNKS, "no_chunk_has",
    ),
    Bug(
        "a gradient by a parameter stands for all chunks where one has none",
        "joining:_furthest_off",
        "if name not in REDUCTIONS and len(of) < len(findings):", "if False:",
        CHUNKS, "one_chunk_lacks",
    ),
    Bug(
        "the gradients by parameters of the last chunk alone are held", "joining:_comparison",
        "name: of_chunks[name].by_parameters[name]", "name: comparisons[-1].by_parameters[name]",
        CHUNKS, "parameters_of_a_chunk",
    ),
    Bug(
        "a weight is written for every chunk", "in_chunks:_InChunks._write",
        "pool.folder.name, self._shared)", "pool.folder.name)", CHUNKS, "written_once",
    ),
    Bug(
        "a weight is deleted with the first chunk", "in_chunks:_InChunks._chunk",
        " if name not in self._shared}", "}", CHUNKS, "written_once",
    ),
    Bug(
        "a chunk without kept samples is asked for a mean", "in_chunks:_part",
        " if by != 0", "", CHUNKS, "without_a_kept",
    ),
    Bug(
        "what failed is asked further chunks", "joining:Finding.ends",
        "return self.comparison is None", "return False", CHUNKS, "not_computed_in_one_chunk",
    ),
    Bug(
        "rows are cut from a case that states numbers", "chunking:why_not_cut",
        "    if posed.expectations:\n", "    if False:\n", CHUNKS, "cannot_be_asked",
    ),
    Bug(
        "a sequence is cut", "rows:row_shape",
        "if problem.shift and", "if False and", CHUNKS, "cannot_be_asked or whole_case",
    ),
    Bug(
        "a weight of each score is that of the first rows", "rows:_cut",
        "array[index[absent:]] if absent < len(index) else array", "array", SAMPLING, "last_axes",
    ),
    Bug(
        "the rows of a look stand in the order they were drawn", "rows:sampled",
        "tuple(sorted(random.Random(0).sample(range(math.prod(shape)), count)))",
        "tuple(range(count))[::-1]", SAMPLING, "rows_are_those",
    ),
    Bug(
        "what diverges is counted in the last part alone", "excerpts:merged",
        "sum(excerpt.diverging for excerpt in excerpts)", "excerpts[-1].diverging",
        "test_excerpts.py", "parts_are_merged",
    ),
    Bug(
        "a crash is kept", "run_journal:_may_change",
        "isinstance(evaluation, Failed) and evaluation.kind in _LATER", "False",
        JOURNAL, "another_try",
    ),
    Bug(
        "a run goes on with other versions", "run_journal:Heading.change_to",
        "if other.implementations[name] != text:", "if False:", JOURNAL, "what_differs",
    ),
    Bug(
        "a run goes on with another tolerance", "resuming:_heading",
        " {tolerances[one.case]}", "", RESUMING, "another_run",
    ),
    Bug(
        "an edited file of the user's is the same", "resuming:release_of",
        'f"file {digest}"', '"file"', RESUMING, "another_run",
    ),
    Bug(
        "what was answered is asked again", "running.asking:KeptAnswers.submit",
        "if not job.is_chunk:", "if False:", RESUMING, "not_asked_again",
    ),
    Bug(
        "a finished run leaves its journal", "run_journal:RunJournal.finish",
        "self._journal.remove()", "pass", JOURNAL, "came_to_its_end",
    ),
)  # fmt: skip
