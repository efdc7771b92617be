"""What a process frees is not asked of the system again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

ARRAYS, PAGES = 20, 2**20 * 8 // 4096  # how many are made, and the pages of one
COUNT = f"""
import resource
import numpy as np
from xent_check.workers.heap import keep_freed
keep_freed()
np.ones(2**20) + np.ones(2**20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range({ARRAYS}):
    np.ones(2**20) + np.ones(2**20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
@pytest.mark.parametrize(
    ("environment", "kept"),
    [({}, True), ({"MALLOC_TRIM_THRESHOLD_": "0"}, False)],
    ids=["kept", "unless the environment says otherwise"],
)
def test_arrays_of_a_few_mebibytes_are_made_of_what_was_freed(
    environment: dict[str, str], kept: bool
) -> None:
    plain = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    asked = subprocess.run(
        [sys.executable, "-c", COUNT],
        env={**plain, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    faults = int(asked.stdout)
    assert faults < PAGES if kept else faults > 4 * PAGES
