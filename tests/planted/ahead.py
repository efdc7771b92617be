"""Bugs in how a process starts, and how problems are sent ahead to it."""

from __future__ import annotations

from tests.planted import Bug

AHEAD = "test_ahead.py"

BUGS = (
    Bug(
        "answers that nobody waited for are given to the next problems", "workers.worker:Worker",
        "self._drop(channel, len(sent), timeout)", "pass", AHEAD, "leaves_early",
    ),
    Bug(
        "a death takes the problem after it along", "workers.worker:Worker",
        "sent.clear()\n                    remaining.popleft()",
        "sent.clear()\n                    del remaining[0], remaining[0]",
        AHEAD, "death_is_that",
    ),
    Bug(
        "a large problem is sent ahead of a small one", "workers.worker:Worker",
        "request.is_small and sent[-1].is_small", "request.is_small", AHEAD, "beside_a_large",
    ),
    Bug(
        "problems are sent without end", "workers.worker:Worker", "_AHEAD + 1", "None", AHEAD,
        "never_many",
    ),
    Bug(
        "the words of an earlier problem are the last ones of one that died", "workers.child:serve",
        "drop(errors)", "pass", AHEAD, "last_words",
    ),
    Bug(
        "what one problem printed is told with all that follow", "workers.printed:printed_text",
        "os.ftruncate(descriptor, 0)", "pass", AHEAD, "is_printed",
    ),
    Bug(
        "a heap for each thread of a framework", "workers.worker:Worker",
        "[*with_heap(), *self._interpreter()]", "self._interpreter()", "test_worker.py", "one_heap",
    ),
)  # fmt: skip
