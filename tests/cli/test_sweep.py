"""`xent-check sweep`, with NumPy functions."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from mpmath import mp, mpf

from tests.support.command import completed
from tests.support.fakes.swept import BUMP, BUMP_AT, WRONG_AT
from tests.support.snapshots import assert_expected

FAKES = Path(__file__).parents[1] / "support" / "fakes"
SOME = ("binary", "--dtype", "float16", "--label", "1", "--range", "2", "3")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(FAKES / "swept.py", tmp_path)
    return tmp_path


def run(folder: Path, *arguments: str) -> Any:
    return completed(folder, "sweep", *arguments, COLUMNS="100", XENT_CHECK_CACHE=str(folder))


def results(done: Any) -> Any:
    return json.loads(done.stdout)["results"]


def test_one_wrong_number_is_found(folder: Path) -> None:
    done = run(folder, *SOME, "-i", "swept.py:right", "-i", "swept.py:wrong_once")
    text = re.sub(r"; \S+ s$", "; 0.1 s", done.stdout, flags=re.MULTILINE)
    assert_expected("sweep.txt", text)
    assert (done.returncode, done.stderr) == (1, "")


def test_the_worst_of_the_json_is_that_number_and_its_case_shows_it(folder: Path) -> None:
    done = run(folder, *SOME, "-i", "swept.py:wrong_once", "--report", "json")
    (result,) = results(done)
    assert result["inputs"] == 513  # 2 to 3 in steps of 2^-9, both ends
    assert result["diverging"] == 1
    worst = result["worst_share"]
    assert (worst["input"], worst["bits"]) == (WRONG_AT, "0x4180")  # 2.75 in IEEE 754 binary16
    with mp.workdps(30):
        exact = mp.log1p(mp.exp(-mpf(WRONG_AT)))
    assert worst["reference"] == pytest.approx(float(exact), rel=1e-15)
    (folder / "case.yaml").write_text(worst["case"])
    again = completed(folder, "run", "case.yaml", "-i", "swept.py:wrong_once")
    assert again.returncode == 1


def test_counts_are_those_of_an_oracle(folder: Path) -> None:
    """Every error in ulps again, by mpmath."""
    import numpy as np

    from tests.support.fakes.swept import right

    (result,) = results(run(folder, *SOME, "-i", "swept.py:right", "--report", "json"))
    z = np.arange(2, 3 + 2**-10, 2**-9).astype(np.float16)
    got = right(z, np.ones_like(z))
    with mp.workdps(30):
        exact = [mp.log1p(mp.exp(-mpf(float(x)))) for x in z]
        spacing = [mpf(2) ** (mp.floor(mp.log(e, 2)) - 10) for e in exact]
        ulps = [abs(mpf(float(g)) - e) / s for g, e, s in zip(got, exact, spacing, strict=True)]
        over = {f"{u:g}": sum(x > u for x in ulps) for u in (0.5, 1, 2, 4)}
    assert result["over_ulps"] == over
    assert result["worst"]["size"] == pytest.approx(float(max(ulps)), rel=1e-3)
    assert result["worst"]["input"] == float(z[ulps.index(max(ulps))])


def test_a_function_that_fails_is_said_and_fails_the_sweep(folder: Path) -> None:
    """Beside one that agrees, too: on the 251 numbers, 8 apart, of 10,000 to 12,000."""
    some = ("binary", "--dtype", "float16", "--label", "1", "--range", "9999", "12000")
    done = run(folder, *some, "-i", "swept.py:dying", "-i", "swept.py:right")
    assert "failed (error): ValueError: too large" in done.stdout
    assert "nothing diverges: 251 answers; swept.py:dying failed" in done.stdout
    assert done.returncode == 4


def test_losses_of_another_shape_fail_a_sweep(folder: Path) -> None:
    done = run(folder, *SOME, "-i", "swept.py:short")
    assert "failed: losses of shape [3], samples [513]" in done.stdout
    assert done.returncode == 4


def test_nothing_compared_is_3(folder: Path) -> None:
    done = run(folder, *SOME, "--check", "gradient", "-i", "swept.py:right")
    assert done.returncode == 3


def test_a_function_that_fails_in_the_middle_is_4(folder: Path) -> None:
    """Of 1.1 million numbers, in two parts, the second has some above 10,000."""
    some = ("--label", "1", "--range", "8951", "10010", "-i", "swept.py:dying")
    done = run(folder, "binary", *some)
    assert "swept.py:dying: not further than 1,048,576 inputs: failed (error)" in done.stdout
    assert "; swept.py:dying failed" in done.stdout
    assert done.returncode == 4


def test_float64_goes_towards_the_worst(folder: Path) -> None:
    """A bump of an error, 2^-20 wide, that no number of the first 16,384 is on top of."""
    some = ("binary", "--dtype", "float64", "--label", "1", "--range", "1", "2")
    asked = (*some, "--stride", str(2**38 + 1), "-i", "swept.py:bumpy")
    (result,) = results(run(folder, *asked, "--report", "json"))
    assert result["domain"] == 16_384
    spacing = 2.0 ** (-3 - 52)  # of the loss there, 0.2176
    assert result["worst"]["size"] == pytest.approx(BUMP / spacing, rel=0.01)
    # Rounding, an ulp or so of these 2^15, may move the top by 2^-15 of the bump's width, 2^-20.
    assert result["worst"]["input"] == pytest.approx(BUMP_AT, abs=2.0**-34)


@pytest.mark.long
def test_a_region_of_float64_is_found_that_is_a_sixteenth_between_two_powers_of_2(
    folder: Path,
) -> None:
    """Off by a billionth between 10 and 10.5: where nothing else has a large error."""
    done = run(
        folder, "binary", "--dtype", "float64", "--label", "1", "-i", "swept.py:wrong_within"
    )
    assert "answers diverge (swept.py:wrong_within); what lies between" in done.stdout
    assert done.returncode == 1


@pytest.mark.long
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_report_that_cannot_be_written_is_written_later(folder: Path) -> None:
    some = (*SOME, "-i", "swept.py:right", "--report")
    done = run(folder, *some, "json=/dev/full")
    why = "/dev/full: No space left on device; --resume writes it without asking again"
    assert (done.returncode, why in done.stderr) == (2, True)
    again = run(folder, *some, "json", "--resume")
    assert (again.returncode, again.stderr) == (0, "")  # it does not say that all of it runs
    assert results(again) == results(run(folder, *some, "json"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("binary", "--dtype", "float16", "--range", "0.1", "0.10000001"),
            "--range 0.1 0.10000001: no float16 lies between them",
        ),
        (("binary", "--range", "3", "2"), "--range 3 2: two numbers, the smaller one first"),
        (("binary", "--given", "probs", "--range", "0", "2"), "probabilities are from 0 to 1"),
        (
            ("sparse_categorical",),
            "--dtype float32: sparse_categorical takes all pairs of float16 or bfloat16",
        ),
    ],
)
def test_what_cannot_be_swept_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = run(tmp_path, *arguments, "-i", "stable")
    assert done.returncode == 2
    assert message in done.stderr
