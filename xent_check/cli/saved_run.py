"""Read a saved run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xent_check.results.report import Report


def saved_run(name: str) -> Report:
    """The run saved in a file; UserError where it is unreadable or contradicts its own numbers."""
    from xent_check.errors import UserError
    from xent_check.history.contradictions import contradiction
    from xent_check.history.saved.checks import ContradictionError, check_agreement
    from xent_check.history.saved.read import contradiction_text, load_document, report_of
    from xent_check.history.saved.write import plain_report

    file = Path(name)
    document = load_document(file)
    report = report_of(file, document)
    try:
        check_agreement(report)
        mistake = contradiction(document, plain_report(report))
    except ContradictionError as error:
        mistake = str(error)
    if mistake is not None:
        raise UserError(contradiction_text(file, mistake, report.version))
    return report
