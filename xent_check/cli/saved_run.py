"""Reading a run that was saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xent_check.results.report import Report


def saved_run(name: str) -> Report:
    """The run of a file; UserError where there is none, or where it contradicts its own numbers."""
    from xent_check.errors import UserError
    from xent_check.history.contradictions import contradiction
    from xent_check.history.saved.checks import ContradictionError, of_one_run
    from xent_check.history.saved.read import edited, load_document, report_of
    from xent_check.history.saved.write import plain_report

    file = Path(name)
    document = load_document(file)
    report = report_of(file, document)
    try:
        of_one_run(report)
        found = contradiction(document, plain_report(report))
    except ContradictionError as error:
        found = str(error)
    if found is not None:
        raise UserError(edited(file, found, report.version))
    return report
