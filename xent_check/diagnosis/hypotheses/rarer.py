"""The rarer hypotheses, which are tried where none of the table gives the numbers."""

from __future__ import annotations

from .further import FURTHER, OF_ZEROS
from .kernels import KERNEL_HYPOTHESES
from .table import Hypothesis

RARER: tuple[Hypothesis, ...] = (*OF_ZEROS, *FURTHER, *KERNEL_HYPOTHESES)
"""by place: the likelier first"""
