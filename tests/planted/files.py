"""Bugs in the reading of case files."""

from __future__ import annotations

from . import Bug

BAD_CASES = "test_bad_cases.py"
YAML = "test_yaml_source.py"

BUGS = (
    Bug(
        "a long text counts as one value", "yaml_source:_Builder._value",
        "self._scalar(event, key), 1 + len(event.value)", "self._scalar(event, key), 1",
        YAML, "long_text_counts",
    ),
    Bug(
        "a word without end is parsed", "yaml_source:_Builder.document",
        "if long := _LONG_WORD.search(text):", "if (long := _LONG_WORD.search(text)) and False:",
        YAML, "endless_word",
    ),
    Bug(
        "a repeated mistake is looked up again", "errors:_closest",
        "@lru_cache(1024)", "@lru_cache(0)", BAD_CASES, "looked_up_once",
    ),
    Bug(
        "a misspelt implementation waits for the other mistakes", "loading:read_cases",
        "mistakes += [(source, mistake) for mistake in misspelt_names(source)]", "pass",
        BAD_CASES, "misspelt_beside",
    ),
    Bug(
        "a value of a matrix is told without it", "yaml_values:home_of",
        "return (*source.homes[str(key[0])], *key[1:]) if", "return key if",
        BAD_CASES, "matrix_of_wrong_values",
    ),
    Bug(
        "labels that are no indices have no place", "arrays:no_index",
        "return Mistake((*key, *index), f", "return Mistake(key, f", BAD_CASES, "no_indices",
    ),
)  # fmt: skip
