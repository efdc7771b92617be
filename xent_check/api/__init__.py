"""The Python API: what `xent_check.NAME` gives, in the caller's own process.

`import xent_check` loads this package when one of its names is first asked for.
"""

from xent_check.casefile.case_keywords import CaseKeywords
from xent_check.diagnosis.diagnosis import Explanation

from .checking import Report, Result, assert_agrees, check
from .explaining import Diagnoses, Diagnosis, explain

__all__ = [
    "CaseKeywords",
    "Diagnoses",
    "Diagnosis",
    "Explanation",
    "Report",
    "Result",
    "assert_agrees",
    "check",
    "explain",
]
