"""One sample worked out by hand, as lines: alone, or the right steps beside the observed ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np

from xent_check.casefile.loading import PosedCase
from xent_check.diagnosis.by_hand import WorkedStep, steps
from xent_check.diagnosis.losses import meaning_of
from xent_check.errors import visible
from xent_check.problem.problem import Problem
from xent_check.results.explanation import Explained, first_departure
from xent_check.results.number_text import index_text, number

from .terminal_lines import Line, Style

_MAX_CLASSES = 12
_NAME = 16  # columns for the name of a step
_DEPARTS = "  <- departs here"


@dataclass(frozen=True)
class _Row:
    name: str  # "" where the row above has the same step
    step: WorkedStep  # its formula and its numbers
    sign: str = ""  # "->": as the numbers have it
    after: str = ""  # words after the numbers
    style: Style = ""  # of the whole line


def sample_text(problem: Problem, flat: int) -> str:
    """`sample [1, 2]`."""
    index = np.unravel_index(flat, problem.samples_shape)
    return f"sample {index_text(tuple(int(i) for i in index))}"


def side_by_side(item: Explained, width: int) -> list[Line]:
    """The expected and the actual steps of the sample, the first that differs marked."""
    heading = f"{sample_text(item.problem, item.sample)}, step by step"
    if item.actual is None:
        rows = [_Row(step.name, step) for step in item.expected]
        return [Line(f"{heading}, as it should be:", "bold"), *_lines(rows, width)]
    rows = list(_merged(item.expected, item.actual, first_departure(item.expected, item.actual)))
    ending = "" if any(row.sign for row in rows) else "; what departs comes after the losses"
    heading += f": as it should be, and (->) as the numbers have it{ending}"
    return [Line(heading, "bold"), *_lines(rows, width)]


def _merged(
    expected: Sequence[WorkedStep], actual: Sequence[WorkedStep], departs: str | None
) -> Iterator[_Row]:
    """The steps of both in their order; one that is the same in both stands once. departs: the
    name of the step to mark."""
    matcher = SequenceMatcher(None, [s.name for s in expected], [s.name for s in actual])
    pairs: list[tuple[WorkedStep | None, WorkedStep]]
    for kind, i, end, j, stop in matcher.get_opcodes():
        if kind == "equal":
            pairs = [*zip(expected[i:end], actual[j:stop], strict=True)]
        else:
            for step in expected[i:end]:
                yield _Row(step.name, step, after="  (not taken)", style="dim")
            pairs = [(None, step) for step in actual[j:stop]]
        for before, step in pairs:
            if before is not None:
                yield _Row(before.name, before)
                if before.same_as(step):
                    continue
            name = "" if before is not None else step.name
            if step.name == departs:
                yield _Row(name, step, "->", _DEPARTS, "bold red")
            else:
                yield _Row(name, step, "->", style="red")


def worked_sample(posed: PosedCase, sample: int, width: int) -> list[Line]:
    """One sample worked out by hand, with the formula of each step."""
    meaning = meaning_of(posed.problem)
    if not 0 <= sample < len(meaning.scores):
        return [Line(f"there is no sample {sample}: the case has {len(meaning.scores)}")]
    place = f"{visible(posed.case.id)}, {sample_text(posed.problem, sample)}"
    lines = [Line(f"{place}, by hand:", "bold"), Line("")]
    worked = steps(meaning, sample)
    cell = _cell_width(worked)
    for position, step in enumerate(worked, start=1):
        formula = f" = {step.formula}" if step.formula else ""
        lines.append(Line(f"  {position:>2}. {step.name}{formula}", hanging=6))
        lines += [Line(f"        {row}") for row in _folded(step, cell, width - 8)]
    return lines


def _lines(rows: Sequence[_Row], width: int) -> Iterator[Line]:
    """A line for each row, its numbers in columns; several where they do not fit."""
    cell = _cell_width([row.step for row in rows])
    before = 2 + _NAME + 4
    for row in rows:
        start = f"  {row.name:<{_NAME}} {row.sign:<2} "
        parts = _folded(row.step, cell, width - before)
        for part in parts[:-1]:
            yield Line(f"{start}{part}", row.style)
            start = " " * before
        last = f"{start}{parts[-1]}"
        yield Line(last + row.after, row.style, hanging=before)


def _cell_width(worked: Sequence[WorkedStep]) -> int:
    texts = [number(v) for step in worked if len(step.values) > 1 for v in _shown(step)]
    return max(map(len, texts), default=0)


def _shown(step: WorkedStep) -> Sequence[float]:
    """The first values; all where that would leave one out."""
    return step.values if len(step.values) == _MAX_CLASSES + 1 else step.values[:_MAX_CLASSES]


def _folded(step: WorkedStep, cell: int, width: int) -> list[str]:
    """The numbers of a step in columns of a width, as many to a line as fit."""
    texts = [number(value).ljust(cell) for value in _shown(step)]
    if remainder := len(step.values) - len(texts):
        texts.append(f"... and {remainder} more")
    count = max(1, (width + 2) // (cell + 2))
    parts = [texts[i : i + count] for i in range(0, len(texts), count)]
    return ["  ".join(part).rstrip() for part in parts]
