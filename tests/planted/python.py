"""Bugs in what Python is given."""

from __future__ import annotations

from tests.planted import Bug

API = "test_api.py"

BUGS = (
    Bug(
        "every case of Python's is of float32", "in_memory:_dtype_of_scores", "return name",
        'return ""', API, "dtype_is_that_of_the_scores",
    ),
    Bug(
        "an array of the caller's is used as it is", "in_memory:as_array", "np.array(",
        "np.asarray(", API, "are_its_own",
    ),
    Bug(
        "numbers of an array are printed ones", "in_memory:_numbers",
        "exact_numbers(as_array(value, ()).astype(np.float64).tolist())",
        "_numbers(as_array(value, ()).astype(np.float64).tolist())", API, "are_exact_and",
    ),
    Bug(
        "bfloat16 of a library becomes float32", "in_memory:_on_the_host",
        '.astype(numpy_dtype("bfloat16"))', "", API, "detached",
    ),
)  # fmt: skip
