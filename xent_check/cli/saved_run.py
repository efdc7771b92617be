"""Reading a run that was saved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..report import Report


def saved_run(name: str) -> Report:
    """The run of a file; UserError where there is none, or where it contradicts its own numbers."""
    from ..contradictions import contradiction
    from ..errors import UserError
    from ..saved import edited, load_document, report_of
    from ..saved_checks import ContradictionError, of_one_run
    from ..saved_write import plain_report

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
