"""Bugs in the HTML page: a wrong answer or a change that it hides, or tells wrongly."""

from __future__ import annotations

from . import Bug

BUGS = (
    Bug(
        name="the page leaves out changes that fail",
        place="page.changes:_group",
        old="for c in failing)",
        new="for c in failing[:MAX_SHOWN])",
        tests="test_page_parts.py",
    ),
    Bug(
        name="the page shows the answer that is least off",
        place="page.causes:_line",
        old="max(details, key=_size)",
        new="min(details, key=_size)",
        tests="test_page_parts.py",
    ),
    Bug(
        name="the page takes the exact value for the published one",
        place="page.far_off:far_off",
        old="given, target = target, given",
        new="pass",
        tests="test_page_parts.py",
    ),
    Bug(
        name="an old place of a branch outranks where it is now",
        place="commit:_lines_of",
        old="    if (git / name).is_file():\n        yield _line(git / name)\n",
        new="",
        tests="test_commit.py",
    ),
)
