"""Scores: logits scaled and capped, as the softmax or sigmoid gets them, in float64."""

from __future__ import annotations

import numpy as np

from .dtypes import Float64s
from .options import Options


def scores(options: Options, x: Float64s) -> Float64s:
    """softcap tanh(logit_scale x / softcap), logit_scale x without a softcap: each within a few u
    of float64. x: logits, which may be infinite; of any shape."""
    scaled = x if options.logit_scale == 1 else x * options.logit_scale
    cap = options.softcap
    return scaled if cap is None else np.asarray(cap * np.tanh(scaled / cap))
