"""Which framework's cross-entropy is right, by how much, and why."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xent_check.api import Diagnoses as Diagnoses
    from xent_check.api import Diagnosis as Diagnosis
    from xent_check.api import Explanation as Explanation
    from xent_check.api import Report as Report
    from xent_check.api import Result as Result
    from xent_check.api import assert_agrees as assert_agrees
    from xent_check.api import check as check
    from xent_check.api import explain as explain

__version__ = "0.1.0"
__all__ = [
    "Diagnoses",
    "Diagnosis",
    "Explanation",
    "Report",
    "Result",
    "__version__",
    "assert_agrees",
    "check",
    "explain",
]


def __getattr__(name: str) -> Any:
    """The API, loaded when a name of it is first asked for: workers and `--help` ask for none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    value = globals()[name] = getattr(importlib.import_module("xent_check.api"), name)
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
