"""The figures of a measurement: a table, a JSON file, and how they moved since an older one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    what: str  # what is measured; the same text in every run
    value: float  # the median, unless `detail` says otherwise
    unit: str  # x for a ratio
    target: float | None  # the most that it may be; None where the figure is only told
    detail: str  # what it was made of

    @property
    def missed(self) -> bool:
        """Whether it is above its target."""
        return self.target is not None and self.value > self.target


def line(figure: Figure, older: Mapping[str, float]) -> str:
    """The line of a figure. older: the values of an older run, by `what`."""
    target = "" if figure.target is None else f"at most {figure.target:g} {figure.unit}"
    verdict = "" if figure.target is None else "MISSED" if figure.missed else "holds"
    before = older.get(figure.what)
    moved = f"was {before:.2f} ({figure.value / before - 1:+.0%})" if before else ""
    value = f"{figure.value:.2f} {figure.unit}"
    parts = (f"{figure.what:<50}", f"{value:>11}", f"{target:<16}", f"{verdict:<6}", figure.detail)
    return "  ".join([*parts, moved]).rstrip()


def save(figures: Iterable[Figure], path: Path) -> None:
    """Write the figures as JSON."""
    rows = [asdict(figure) for figure in figures]
    path.write_text(json.dumps({"figures": rows}, indent=1) + "\n", encoding="utf-8")


def values_in(path: Path) -> dict[str, float]:
    """The value of each figure that `save` wrote, by `what`."""
    rows = json.loads(path.read_text(encoding="utf-8"))["figures"]
    return {str(row["what"]): float(row["value"]) for row in rows}
