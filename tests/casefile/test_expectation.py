"""Expectation: a published number agrees within one unit of the last digit that it prints."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import numpy as np
import pytest

from tests.support.loaded import mistakes, posed_cases
from xent_check.casefile.expectations import last_digit, printed_numbers
from xent_check.casefile.printed_numbers import parse_numbers
from xent_check.implementations.names import parse


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        # one unit of the last digit as printed
        ("0.35197204", 1e-8),
        ("2.0077195", 1e-7),
        ("0.8046684", 1e-7),
        ("-0.5", 0.1),
        ("1.50", 0.01),
        ("0.10", 0.01),
        (".25", 0.01),
        ("2.697068929672241", 1e-15),
        ("1.00", 0.01),
        ("0.00", 0.01),
        ("1.2e-3", 1e-4),
        ("1.20e-3", 1e-5),
        ("1e-7", 1e-7),
        ("5E-324", 1e-324),
        ("1.25e1", 0.1),
        ("12.5e1", 1.0),
        ("1.52118264e+11", 1e3),  # as NumPy prints a large number
        ("1.00e+11", 1e9),
        # integers, whole numbers printed as x.0 and non-finite ones are exact
        ("0", 0.0),
        ("200", 0.0),
        ("-3", 0.0),
        ("0x10", 0.0),
        ("200.0", 0.0),
        ("0.0", 0.0),
        ("-1.0", 0.0),
        ("+1.0", 0.0),
        ("2.", 0.0),
        ("1e5", 0.0),
        ("1.0e+5", 0.0),
        (".nan", 0.0),
        (".inf", 0.0),
        ("-.INF", 0.0),
    ],
)
def test_the_unit_of_a_printed_number(text: str, unit: float) -> None:
    assert last_digit(text) == unit


def test_no_exponent_is_too_small_to_have_a_unit() -> None:
    assert last_digit("1e-3000000") == 0.0
    assert last_digit("1e-" + "9" * 30) == 0.0


def test_each_number_has_the_unit_of_its_own_text(tmp_path: Path) -> None:
    text = """
        loss: sparse_categorical
        logits: [[[1, 2], [1, 2]], [[1, 2], [1, 2]]]
        labels: [[0, 1], [0, 1]]
        expect:
          reference: {losses: [[1.3132617, 0.3133], [1, 0.0]], mean: 0.81}
    """
    (posed,) = posed_cases(text, tmp_path)
    (entry,) = posed.expectations["reference"]
    assert entry.losses is not None
    np.testing.assert_array_equal(entry.losses.values, [[1.3132617, 0.3133], [1.0, 0.0]])
    np.testing.assert_array_equal(entry.losses.units, [[1e-7, 1e-4], [0.0, 0.0]])
    assert {name: float(total.units) for name, total in entry.totals.items()} == {"mean": 0.01}


def test_one_entry_stands_for_a_list_of_one(tmp_path: Path) -> None:
    text = """
        loss: binary
        logits: [0.0]
        labels: [1]
        expect:
          torch: {mean: 0.6931472}
          keras:
            - {mean: 0.6931472, versions: "<3"}
            - {error: refused, because: it is strict, versions: ">=3"}
    """
    (posed,) = posed_cases(text, tmp_path)
    assert [len(posed.expectations[name]) for name in ("torch", "keras")] == [1, 2]
    old, new = posed.expectations["keras"]
    assert (old.because, old.error) == (None, None)
    assert (new.because, new.error, new.hypothesis) == ("it is strict", "refused", None)


def test_a_reason_may_name_its_hypothesis(tmp_path: Path) -> None:
    text = """
        loss: binary
        logits: [0.0]
        labels: [1]
        expect:
          torch: {mean: 0.7, because: {text: it clips, id: clipped}}
          jax: {mean: 0.7, because: it clips}
    """
    (posed,) = posed_cases(text, tmp_path)
    (named,), (plain,) = posed.expectations["torch"], posed.expectations["jax"]
    assert (named.because, named.hypothesis) == ("it clips", "clipped")
    assert (plain.because, plain.hypothesis) == ("it clips", None)


@pytest.mark.parametrize(
    ("versions", "version", "applies"),
    [
        (None, "1.0", True),
        (">=3.15,<3.16", "3.15.1", True),
        (">=3.15,<3.16", "3.16.0", False),
        (">=3.15,<3.16", "3.14.9", False),
        (">=2.6", "2.13.0+cpu", True),
        ("==2.13.0", "2.13.0+cpu", True),
        (">=3.15", "3.16.0.dev2026", True),
        ("!=1.0", "1.0", False),
    ],
)
def test_an_entry_is_about_the_versions_it_names(
    versions: str | None, version: str, applies: bool, tmp_path: Path
) -> None:
    named = "" if versions is None else f', versions: "{versions}"'
    text = f"""
        loss: binary
        logits: [0.0]
        labels: [1]
        expect: {{torch: {{mean: 0.6931472{named}}}}}
    """
    (posed,) = posed_cases(text, tmp_path)
    (entry,) = posed.expectations["torch"]
    assert entry.applies_to(version) is applies


@pytest.mark.parametrize("losses", ["0.6931472", "[0.6931472]"])
def test_the_loss_of_one_sample_may_be_bare(losses: str, tmp_path: Path) -> None:
    text = f"{{loss: binary, logits: 0.0, labels: 1, expect: {{torch: {{losses: {losses}}}}}}}"
    (posed,) = posed_cases(text, tmp_path)
    (entry,) = posed.expectations["torch"]
    assert entry.losses is not None
    assert entry.losses.values.tolist() == [0.6931472]


def test_losses_have_the_shape_of_the_samples(tmp_path: Path) -> None:
    text = """
        loss: sparse_categorical
        class_axis: 1
        logits: {shape: [2, 3, 4], fill: 0}
        labels: {shape: [2, 4], fill: 0}
        expect: {torch: {losses: [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]}}
    """
    assert mistakes(text, tmp_path) == ["expect.torch.losses: shape [2, 3]"]


def test_an_implementation_may_be_named_with_its_mode_and_the_users_own_too(
    tmp_path: Path,
) -> None:
    text = """
        loss: binary
        logits: [0.0]
        labels: [1]
        expect:
          "keras:xla": {mean: 0.6931472}
          "torch@cuda": {mean: 0.6931472}
          "mypkg.losses:fused": {mean: 0.6931472}
    """
    (posed,) = posed_cases(text, tmp_path)
    assert set(posed.expectations) == {"keras:xla", "torch@cuda", "mypkg.losses:fused"}


def test_the_version_that_was_found_out_is_the_one_that_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user's own is of the framework that it is stated or found to be of, and not of NumPy."""
    numpy, torch = "2.4.6", "2.13.0"
    installed = {"numpy": numpy, "torch": torch}
    monkeypatch.setattr(importlib.metadata, "version", installed.__getitem__)
    text = """
        {loss: binary, logits: [0.0], labels: [1],
         expect: {"torch=m:f": {mean: 0.6931472, versions: "==VERSION"},
                  "m:f": {mean: 0.6931472, versions: "==VERSION"}}}
    """
    (of_numpy,) = posed_cases(text.replace("VERSION", numpy), tmp_path)
    (of_torch,) = posed_cases(text.replace("VERSION", torch), tmp_path)
    assert of_numpy.expectation_of(parse("torch=m:f")) is None
    assert of_torch.expectation_of(parse("torch=m:f")) is not None
    assert of_numpy.expectation_of(parse("m:f"), torch) is None
    assert of_torch.expectation_of(parse("m:f"), torch) is not None


def test_in_a_print_a_whole_number_is_known_as_well_as_the_others() -> None:
    """NumPy prints 0.00001 among four digits as `0.`; alone it is exact, and so is a 0."""
    assert units("[0., 0.349, 1.1962]") == [1e-4, 1e-3, 1e-4]
    assert units("[0.0, 0.36]") == [0.01, 0.01]
    assert units("[0, 0.36]") == [0.0, 0.01]
    assert units("[0.0, 2.0]") == [0.0, 0.0]


def units(text: str) -> object:
    return printed_numbers(parse_numbers(text)).units.tolist()
