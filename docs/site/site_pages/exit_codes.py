"""The exit codes, from their enumeration."""

from __future__ import annotations

from xent_check.errors import ExitCode

from .prose import table

# 70 and 141 are no members: the one is a bug, the other a pipe that was closed.
MEANING = {
    ExitCode.AGREES: "everything that was compared agrees, or diverges as declared",
    ExitCode.DIVERGES: "something diverges, or has changed under a baseline in a way that fails",
    ExitCode.USAGE: "the command line or a case file is wrong; nothing was run",
    ExitCode.NOTHING_COMPARED: "nothing was compared, which is no success",
    ExitCode.FAILED: "an implementation crashed, raised, took too long, or is required and missing",
    ExitCode.INTERRUPTED: "interrupted (Ctrl-C)",
    ExitCode.TERMINATED: "terminated",
}


def page() -> str:
    """The Markdown of the page."""
    rows = [[f"`{int(code)}`", code.name, MEANING[code]] for code in ExitCode]
    return f"""\
# Exit codes

{table(["code", "name", "meaning"], rows)}

A divergence outranks a failure: a run in which one library diverges and another crashes ends
with 1. `explain` ends with 0 where it has explained something, whatever that is.

Two more come from elsewhere: 70 with a traceback is a bug in xent-check, and 141 says that whoever
read the output has closed it.
"""
