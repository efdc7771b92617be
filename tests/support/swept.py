"""Records of sweeps that nobody ran."""

from __future__ import annotations

from typing import Any

from xent_check.history.machine import Machine
from xent_check.results.origin import Origin
from xent_check.search.sweeping.record import SweepRecord, SweptRecord, WorstRecord


def worst(size: float, score: float | tuple[float, ...] = -2.5) -> WorstRecord:
    """Where an answer was off by so much."""
    return WorstRecord(
        size=size, input=score, bits="0xc100", actual=1.0, reference=1.5, case="loss: binary\n"
    )


def swept(implementation: str = "torch", label: int = 1, **fields: Any) -> SweptRecord:
    """One implementation on the float16 from -4 to 4."""
    ulps, share = fields.pop("ulps", 1.25), fields.pop("share", 0.25)
    inputs = fields.get("inputs", 33_000)
    plain: dict[str, Any] = {
        "implementation": implementation, "version": "1.0", "loss": "binary", "given": "logits",
        "dtype": "float16", "label": label, "range": (-4.0, 4.0), "stride": 1, "domain": 33_000,
        "check": "value", "inputs": inputs, "absent": None, "diverging": 0, "nan": 0,
        "over_ulps": {"0.5": min(100, inputs), "1": min(33, inputs), "2": 0, "4": 0},
        "decided_in_ball_arithmetic": 0,
        "order_broken": 3, "worst": worst(ulps), "worst_share": worst(share, 3.5),
        "curve": ((-4.0, ulps), (0.0, 0.5), (1.0, 1.0)),
    }  # fmt: skip
    return SweptRecord(**plain | fields)


def record(*results: SweptRecord, processor: str = "a processor") -> SweepRecord:
    """A sweep of these."""
    return SweepRecord(
        xent_check="1.0",
        origin=Origin("2026-03-01T14:05:09Z", "", "xent-check sweep binary --dtype float16"),
        machine=Machine(python="3.11.7", platform="linux x86_64", processor=processor),
        seconds=1.0,
        results=results,
    )
