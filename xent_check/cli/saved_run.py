"""Reading a run that was saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..report import Report


def saved_run(name: str) -> Report:
    """The run of a file; UserError where there is none, or where it contradicts its own numbers."""
    from ..contradictions import contradiction
    from ..errors import UserError
    from ..reporters.plain import plain_report
    from ..saved import edited, load_report
    from ..saved_checks import ContradictionError, of_one_run

    file = Path(name)
    report = load_report(file)
    again = json.loads(json.dumps(plain_report(report)))
    try:
        of_one_run(report)
        found = contradiction(json.loads(file.read_bytes()), again)
    except ContradictionError as error:
        found = str(error)
    if found is not None:
        raise UserError(edited(file, found, report.version))
    return report
