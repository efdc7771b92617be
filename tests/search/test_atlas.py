"""Atlas: sweeps add up to lines, and nothing is counted twice unsaid."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.swept import record, swept
from xent_check.errors import UserError
from xent_check.search.atlas import atlas_of, files_below, load_sweep
from xent_check.search.sweeping.record import json_text


def test_labels_and_ranges_of_one_implementation_are_one_line() -> None:
    near = swept(label=0, ulps=3.0, share=0.125, inputs=10, order_broken=1)
    far = swept(range=(4.0, 8.0), ulps=2.0, share=1.75, inputs=20, diverging=2)
    atlas = atlas_of([("a.json", record(near)), ("b.json", record(far))])
    (line,) = atlas.lines
    assert (line.inputs, line.diverging, line.order_broken) == (30, 2, 4)
    assert (line.worst.record.size, line.worst.label) == (3.0, 0)
    assert (line.worst_share.record.size, line.worst_share.label) == (1.75, 1)
    assert line.over_ulps["1"] == 30
    assert [one.labels for one in atlas.coverage_of(line.kind)] == [(0,), (1,)]


def test_a_curve_is_the_worst_of_its_records_where_each_has_inputs() -> None:
    whole = swept(label=0, range=(-4.0, 4.0), curve=((-4.0, 1.0), (0.0, 5.0)))
    part = swept(label=1, range=(-4.0, -1.0), curve=((-4.0, 2.0), (-2.0, math.inf)))
    (line,) = atlas_of([("a.json", record(whole, part))]).lines
    assert line.curve() == [(-4.0, 2.0), (-2.0, math.inf), (0.0, 5.0)]


def test_an_atlas_is_sorted_by_what_was_asked() -> None:
    kinds = [("float32", "gradient"), ("float16", "gradient"), ("float32", "value")]
    sweeps = [(f"{n}.json", record(swept(dtype=d, check=c))) for n, (d, c) in enumerate(kinds)]
    order = [("float16", "gradient"), ("float32", "value"), ("float32", "gradient")]
    assert [(kind.dtype, kind.check) for kind in atlas_of(sweeps).kinds] == order


def test_the_same_domain_twice_is_refused() -> None:
    with pytest.raises(UserError, match=r"^b.json: torch on label 1 .* in a.json too"):
        atlas_of([("a.json", record(swept())), ("b.json", record(swept()))])


def test_releases_and_machines_are_told_apart() -> None:
    other = record(swept(), processor="another processor")
    later = record(swept(version="2.0"))
    atlas = atlas_of([("a.json", record(swept())), ("b.json", other), ("c.json", later)])
    names = [atlas.name_of(line.who) for line in atlas.lines]
    assert names == ["torch 1.0 [1]", "torch 1.0 [2]", "torch 2.0 [1]"]


def test_what_was_not_answered_is_kept() -> None:
    why = "it has no such loss"
    none = swept("optax", inputs=0, absent=why, worst=None, worst_share=None, curve=())
    early = swept(absent="failed (crash): died")
    atlas = atlas_of([("a.json", record(none, early))])
    assert list(atlas.absent) == [("optax", why)]
    assert [line.early for line in atlas.lines] == [("failed (crash): died",)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting property name"),
        ("[]", "valid dictionary"),
        ('{"schema": 1, "results": []}', "xent_check: Field required"),
        ("nothing", "Expecting value"),
    ],
)
def test_a_file_that_is_no_sweep_is_refused_with_its_name(
    tmp_path: Path, text: str, why: str
) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(UserError, match=f"a.json: not what .*{why}"):
        load_sweep(file)
    with pytest.raises(UserError, match=r"b.json: No such file"):
        load_sweep(tmp_path / "b.json")


def test_a_sweep_is_read_as_it_was_written(tmp_path: Path) -> None:
    pair = swept(loss="sparse_categorical", worst=swept().worst, ulps=math.inf)
    (tmp_path / "a.json").write_text(json_text(record(swept(), pair)))
    (file,) = files_below([tmp_path])
    assert load_sweep(file) == record(swept(), pair)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"diverging": -1}, "greater than or equal to 0"),
        ({"nan": 40_000}, "more errors than inputs"),
        ({"share": 135.0, "diverging": 0}, "diverges 0 times, and its worst share"),
        ({"share": 0.5, "diverging": 2}, "diverges 2 times, and its worst share"),
    ],
)
def test_counts_that_contradict_the_rest_are_refused(fields: dict[str, Any], words: str) -> None:
    """As in a file that was edited."""
    with pytest.raises(ValidationError, match=words):
        swept(**fields)
