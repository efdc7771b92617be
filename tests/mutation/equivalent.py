"""Faults that change nothing that anybody could see, each with the reason."""

from __future__ import annotations

# (module, the line as it is, the line as it becomes): why it is the same
EQUIVALENT: dict[tuple[str, str, str], str] = {}
