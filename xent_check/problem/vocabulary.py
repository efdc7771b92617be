"""The closed vocabularies of a case file."""

from __future__ import annotations

from typing import Literal, get_args

Loss = Literal["binary", "categorical", "sparse_categorical"]
Given = Literal["logits", "probs", "log_probs"]
DType = Literal["float16", "bfloat16", "float32", "float64"]
Reduction = Literal["mean", "weighted_mean", "sum"]
Check = Literal["value", "gradient"]

GIVEN: tuple[Given, ...] = get_args(Given)
DTYPES: tuple[DType, ...] = get_args(DType)
REDUCTIONS: tuple[Reduction, ...] = get_args(Reduction)
