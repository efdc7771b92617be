"""A module that prints while it is imported, and has a module beside it and a dataclass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

print("garbage, from the import")


@dataclass
class Scale:
    factor: float = 1.0


def right(logits: npt.NDArray[Any], labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    import answering  # type: ignore[import-not-found]  # the file beside this one

    losses: npt.NDArray[Any] = answering.right(logits, labels) * np.float32(Scale().factor)
    return losses
