"""Bugs in the reading of case files."""

from __future__ import annotations

from tests.planted import Bug

BAD_CASES = "test_bad_cases.py"
YAML = "test_yaml_reader.py"

BUGS = (
    Bug(
        "a long text counts as one value", "yaml_reader:_Builder._value",
        "self._scalar(event, key), 1 + len(event.value)", "self._scalar(event, key), 1",
        YAML, "long_text_counts",
    ),
    Bug(
        "a word without end is parsed", "yaml_events:parse",
        "if longest > MAX_WORD and", "if longest < 0 and", YAML, "endless_word",
    ),
    Bug(
        "a long text counts as one value in a list", "yaml_reader:_with_plain_scalars",
        "source_text, lines), 1 + len(source_text)", "source_text, lines), 1 + len(plain)",
        YAML, "million_characters",
    ),
    Bug(
        "every item of a list has the line of the first", "yaml_reader:_with_plain_scalars",
        "if first == last", "if first", YAML, "has_its_line",
    ),
    Bug(
        "whole numbers beside floats become floats", "yaml_values:numbers_of",
        "{*map(type, numbers)} in _NUMBER_KINDS", "str not in map(type, numbers)", YAML,
        "as_one_alone",
    ),
    Bug(
        "a text with a comma is two numbers", "yaml_values:numbers_of",
        " and len(numbers) == count", "", YAML, "as_one_alone",
    ),
    Bug(
        "the numbers of a row lose their texts", "yaml_values:Row.__iter__",
        'map(scalar, self.source_text.split(","))', "iter(self.copy())", YAML, "as_one_alone",
    ),
    Bug(
        "a wrong number of a row is told without its text", "validation:_mistakes",
        'written if written == item["input"] else item["input"]', 'item["input"]',
        YAML, "told_as_written",
    ),
    Bug(
        "half a surrogate pair has no place", "yaml_events:parse",
        "_HALF_A_PAIR.search(text) or ", "", BAD_CASES, "half_a_surrogate_pair",
    ),
    Bug(
        "libyaml's own limit of depth is told", "yaml_events:parse",
        ' or "[" * _BRACKETS in text.replace("{", "[")', "", BAD_CASES, "twenty_thousand_brackets",
    ),
    Bug(
        "libyaml's words are told as they are", "yaml_events:_parser_mistake",
        "for pattern, plainer in _PLAINER:", "for pattern, plainer in ():",
        BAD_CASES, "gets_exactly_this_message",
    ),
    Bug(
        "PyYAML without libyaml is an error", "yaml_events:parse",
        'getattr(yaml, "CBaseLoader", yaml.BaseLoader)', "yaml.CBaseLoader",
        "test_yaml_events.py", "without_libyaml",
    ),
    Bug(
        "an infinite number that is no .inf is read", "yaml_values:numbers_of",
        " and all(map(math.isfinite, numbers))", "", BAD_CASES, "number_too_large",
    ),
    Bug(
        "a line separator ends a line", "yaml_events:_CONTROL",
        r"\u2027\u202a-", "", "test_yaml_events.py", "is_not_yaml_1_2",
    ),
    Bug(
        "a repeated mistake is looked up again", "errors:closest",
        "@lru_cache(1024)", "@lru_cache(0)", BAD_CASES, "looked_up_once",
    ),
    Bug(
        "a misspelt implementation waits for the other mistakes", "loading:read_cases",
        "mistakes += [(source, mistake) for mistake in unknown_implementations(source)]", "pass",
        BAD_CASES, "misspelt_beside",
    ),
    Bug(
        "a value of a matrix is told without it", "yaml_values:origin_of",
        "return (*source.origins[str(key[0])], *key[1:]) if", "return key if",
        BAD_CASES, "matrix_of_wrong_values",
    ),
    Bug(
        "the numbers of put come in the order of their indices", "arrays:_put",
        "form.put.items()", "sorted(form.put.items())", "test_arrays.py", "in_their_order",
    ),
    Bug(
        "a given probability is that of the index against one other class", "arrays:_one_hot",
        "on * (classes - 1) / (1 - on)", "on / (1 - on)", "test_arrays.py", "softmax_makes",
    ),
    Bug(
        "put writes into the array of a file", "arrays:_put",
        "base.astype(np.int64 if whole else np.float64)", "base",
        "test_arrays.py", "changes_no_array_file",
    ),
    Bug(
        "the keys of an array inside another are told of the outer one",
        "array_forms:without_tags", "elif field not in _PARTS:", "else:",
        BAD_CASES, "array_algebra",
    ),
    Bug(
        "a case of the run's own level is left out", "levels:is_above",
        "LEVELS.index(level) > LEVELS", "LEVELS.index(level) >= LEVELS",
        "test_case_levels.py", "takes_its_cases",
    ),
    Bug(
        "a named case above the level is left out", "loading:load_all",
        "not above or id(case) in named or", "not above or", "test_case_levels.py", "named_case",
    ),
    Bug(
        "the summary says nothing of what is left out", "outcome:_reasons",
        "if text := left_out_text(report.scope.left_out):", "if text := '':",
        "test_case_levels.py", "summary_says",
    ),
    Bug(
        "what was left out by its level counts as gone", "report:Scope.covers",
        "any(case == one.case for one in self.left_out)", "False",
        "test_case_levels.py", "baseline or scopes",
    ),
    Bug(
        "labels that are no indices have no place", "arrays:class_index_mistake",
        "return Mistake((*key, *index), f", "return Mistake(key, f", BAD_CASES, "no_indices",
    ),
    Bug(
        "a folder behind a link is not below", "casefile.paths:_below",
        "followlinks=True", "followlinks=False", "test_paths.py", "behind_a_link",
    ),
    Bug(
        "a link that leads nowhere is no case file", "casefile.paths:_is_case",
        "or (file.is_symlink() and not file.exists())", "", "test_paths.py", "nowhere",
    ),
    Bug(
        "an entry for a user's own is of NumPy's versions", "names:Implementation.version",
        "FRAMEWORKS.get(self.framework, self.entry.distribution)", "self.entry.distribution",
        "test_expectation.py", "found_out",
    ),
    Bug(
        "the version that was found out does not count",
        "casefile.loading:PosedCase.expectation_of",
        "release or implementation.version", "implementation.version", "test_expectation.py",
        "found_out",
    ),
)  # fmt: skip
