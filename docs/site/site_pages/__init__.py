"""The pages of the site that are made from the package and its cases, never by hand."""

from __future__ import annotations

from functools import cache

from . import atlas, command_line, divergences, exit_codes, forum, python_api, reasons, schemas

FOLDERS = ("forum/", "divergences/")  # their pages, one for each file or framework


@cache
def pages() -> dict[str, str]:
    """Their Markdown, by the file in docs/ that each stands for. No framework is loaded."""
    return {
        **forum.pages(),
        **divergences.pages(),
        "reference/case-file.md": schemas.case_file(),
        "reference/command-line.md": command_line.page(),
        "reference/result.md": schemas.result(),
        "reference/exit-codes.md": exit_codes.page(),
        "reference/reasons.md": reasons.page(),
        "reference/python.md": python_api.page(),
        "reference/atlas.md": atlas.page(),
    }
