"""Loading: files and folders become cases; defaults merge, matrices are written out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from tests.support.loaded import mistakes, posed_cases
from xent_check.casefile.loading import Filter, PosedCase, load
from xent_check.errors import ExitCode, NothingToCompareError, UserError

ONE = "loss: binary\nlogits: [0.5]\nlabels: [1]\n"


def names(found: tuple[PosedCase, ...]) -> list[str]:
    """The cases' names."""
    return [posed.case.name for posed in found]


def test_a_case_without_a_name_has_the_stem_of_its_file(tmp_path: Path) -> None:
    (posed,) = posed_cases(ONE, tmp_path)
    assert posed.case.name == "case"
    assert posed.case.id == f"{(tmp_path / 'case.yaml').as_posix()}::case"


def test_a_file_whose_name_cannot_name_a_case_needs_a_name(tmp_path: Path) -> None:
    file = tmp_path / "two\nlines.yaml"
    file.write_text(ONE)
    with pytest.raises(UserError, match=r"cannot stand for it; allowed: printable .*; add a name"):
        load([str(file)], Filter())
    file.write_text(ONE + "name: one-line\n")
    assert names(load([str(file)], Filter())) == ["one-line"]


def test_a_file_below_the_working_directory_is_shown_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "x.yml").write_text(ONE)
    monkeypatch.chdir(tmp_path)
    for path in ("below/x.yml", "./below/x.yml", str(tmp_path / "below" / "x.yml"), "below"):
        (posed,) = load([path], Filter())
        assert posed.case.id == "below/x.yml::x"


def test_defaults_are_under_each_case_key_by_key_and_not_deep(tmp_path: Path) -> None:
    text = """
        defaults:
          loss: binary
          logits: [0.5]
          labels: [1]
          tolerance: {atol: 1e-3, rtol: 1e-4}
          tags: [a]
        cases:
          - name: as-it-is
          - name: changed
            tolerance: {rtol: 1e-2}
            tags: [b]
            labels: [0]
    """
    first, second = posed_cases(text, tmp_path)
    assert (first.case.fields.tags, second.case.fields.tags) == (["a"], ["b"])
    assert (first.problem.labels.tolist(), second.problem.labels.tolist()) == ([1.0], [0.0])
    tolerance: Any = second.case.fields.tolerance
    assert (tolerance.atol, tolerance.rtol) == (0.0, 1e-2), "an absent atol is 0, not the default's"


def test_a_mistake_in_the_defaults_is_told_once_at_its_line(tmp_path: Path) -> None:
    text = "defaults:\n  loss: binary\n  dtype: float31\ncases:\n" + (
        "  - {name: a, logits: [1.0], labels: [0]}\n  - {name: b, logits: [1.0], labels: [0]}\n"
    )
    assert mistakes(text, tmp_path) == ["dtype: 'float31'"]


@pytest.mark.parametrize(
    ("tolerance", "expected"),
    [
        ("1e-4", (1e-4, 0.0, 1.0)),
        ("0", (0.0, 0.0, 1.0)),
        ("{rtol: 1e-3}", (0.0, 1e-3, 1.0)),
        ("{atol: 1, rtol: 2, ulps: 0}", (1.0, 2.0, 0.0)),
        ("{}", (0.0, 0.0, 1.0)),
    ],
)
def test_a_tolerance_is_atol_rtol_and_ulps(
    tolerance: str, expected: tuple[float, float, float], tmp_path: Path
) -> None:
    (posed,) = posed_cases(f"{ONE}tolerance: {tolerance}\n", tmp_path)
    found: Any = posed.case.fields.tolerance
    assert (found.atol, found.rtol, found.ulps) == expected


def test_the_tolerance_is_2e_6_or_one_ulp_where_none_is_written(tmp_path: Path) -> None:
    (posed,) = posed_cases(ONE, tmp_path)
    found: Any = posed.case.fields.tolerance
    assert (found.atol, found.rtol, found.ulps) == (2e-6, 0.0, 1.0)


def test_one_word_stands_for_a_list_of_one(tmp_path: Path) -> None:
    text = ONE + "reduction: mean\ntags: forum\ncheck: value\nimplementations: torch\n"
    (posed,) = posed_cases(text, tmp_path)
    fields = posed.case.fields
    assert (fields.option_value("reduction"), fields.option_value("check")) == (["mean"], ["value"])
    assert fields.tags == ["forum"]
    assert [i.name for i in posed.implementations or ()] == ["torch"]


def test_without_implementations_it_is_the_default_set(tmp_path: Path) -> None:
    (posed,) = posed_cases(ONE, tmp_path)
    assert posed.implementations is None


def test_a_matrix_is_one_case_per_combination_the_last_key_fastest(tmp_path: Path) -> None:
    text = """
        name: m
        loss: categorical
        matrix:
          dtype: [float32, float64]
          label_smoothing: [0.1, 1.0e-2]
        logits: [[1.0, 2.0]]
        labels: [[0, 1]]
    """
    found = posed_cases(text, tmp_path)
    assert names(found) == [
        "m[dtype=float32,label_smoothing=0.1]",
        "m[dtype=float32,label_smoothing=1.0e-2]",
        "m[dtype=float64,label_smoothing=0.1]",
        "m[dtype=float64,label_smoothing=1.0e-2]",
    ]
    assert [(s.problem.dtype, s.problem.label_smoothing) for s in found] == [
        ("float32", 0.1),
        ("float32", 0.01),
        ("float64", 0.1),
        ("float64", 0.01),
    ]


def test_a_matrix_replaces_what_the_case_and_the_defaults_say(tmp_path: Path) -> None:
    text = """
        defaults: {loss: binary, logits: [0.5], labels: [1], dtype: float16}
        cases: [{name: m, matrix: {dtype: [float32]}}, {name: n}]
    """
    assert [s.problem.dtype for s in posed_cases(text, tmp_path)] == ["float32", "float16"]


def test_a_matrix_without_a_name_is_named_after_the_file(tmp_path: Path) -> None:
    found = posed_cases(ONE + "matrix: {dtype: [float16, bfloat16]}\n", tmp_path)
    assert names(found) == ["case[dtype=float16]", "case[dtype=bfloat16]"]


def test_lists_and_mappings_of_a_matrix_stand_in_the_name(tmp_path: Path) -> None:
    text = """
        loss: binary
        labels: [0, 1]
        matrix:
          logits: [[1.0, 2], {shape: [2], fill: 0}]
          normalize: [null]
    """
    assert names(posed_cases(text, tmp_path)) == [
        "case[logits=[1.0,2],normalize=null]",
        "case[logits={shape=[2],fill=0},normalize=null]",
    ]


def test_a_wrong_value_of_a_matrix_is_told_at_its_own_line(tmp_path: Path) -> None:
    file = tmp_path / "case.yaml"
    file.write_text(ONE + "matrix:\n  dtype:\n    - float32\n    - float33\n")
    with pytest.raises(UserError, match=r"case\.yaml:7: matrix\.dtype\[1\]: 'float33'"):
        load([str(file)], Filter())


MANY = """
    defaults: {loss: binary, logits: [0.5], labels: [1]}
    cases:
      - {name: alpha, tags: [slow, gpu]}
      - {name: beta, tags: [slow]}
      - {name: alphabet}
"""


@pytest.mark.parametrize(
    ("case_filter", "expected"),
    [
        (Filter(), ["alpha", "beta", "alphabet"]),
        (Filter(texts=("alpha",)), ["alpha", "alphabet"]),
        (Filter(texts=("ALPHA",)), ["alpha", "alphabet"]),
        (Filter(texts=("case.yaml::be",)), ["beta"]),
        (Filter(tags=("gpu",)), ["alpha"]),
        (Filter(tags=("gpu", "slow")), ["alpha", "beta"]),
        (Filter(texts=("bet",), tags=("slow",)), ["beta"]),
    ],
)
def test_a_filter_is_text_in_the_id_and_any_of_the_tags(
    case_filter: Filter, expected: list[str], tmp_path: Path
) -> None:
    assert names(posed_cases(MANY, tmp_path, case_filter)) == expected


@pytest.mark.parametrize("case_filter", [Filter(texts=("gamma",)), Filter(tags=("fast",))])
def test_a_filter_that_leaves_nothing_is_no_success(case_filter: Filter, tmp_path: Path) -> None:
    with pytest.raises(NothingToCompareError, match="none of 3 cases is selected by -") as caught:
        posed_cases(MANY, tmp_path, case_filter)
    assert caught.value.exit_code == ExitCode.NOTHING_COMPARED


def test_one_case_of_a_file_is_named_after_two_colons(tmp_path: Path) -> None:
    posed_cases(MANY, tmp_path)
    file = str(tmp_path / "case.yaml")
    assert names(load([f"{file}::beta"], Filter())) == ["beta"]
    assert names(load([f"{file}::beta", f"{file}::alpha"], Filter())) == ["beta", "alpha"]
    assert names(load([f"{tmp_path}::beta"], Filter())) == ["beta"]


def test_a_case_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    posed_cases(MANY, tmp_path)
    with pytest.raises(UserError) as caught:
        load([f"{tmp_path / 'case.yaml'}::alpa"], Filter())
    assert str(caught.value).endswith(
        "case.yaml: no case 'alpa'; it has alpha, beta, alphabet; did you mean 'alpha'?"
    )
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_case_that_is_named_twice_is_loaded_once(tmp_path: Path) -> None:
    posed_cases(MANY, tmp_path)
    file = str(tmp_path / "case.yaml")
    found = load([file, str(tmp_path), f"{file}::beta"], Filter())
    assert names(found) == ["alpha", "beta", "alphabet"]


def test_a_folder_is_every_case_file_below_it_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    for name in ("b.yaml", "a.yml", "deep/er/c.yaml", "notes.txt", "deep/x.yaml.bak"):
        (tmp_path / name).write_text(ONE)
    (tmp_path / "folder.yaml").mkdir()
    monkeypatch.chdir(tmp_path)
    assert [s.case.shown for s in load(["."], Filter())] == ["a.yml", "b.yaml", "deep/er/c.yaml"]


def test_a_mistake_in_a_case_that_is_not_selected_is_a_mistake_still(tmp_path: Path) -> None:
    text = MANY + "      - {name: bad, dtype: float31}\n"
    with pytest.raises(UserError, match="dtype: 'float31'"):
        posed_cases(text, tmp_path, Filter(texts=("beta",)))


_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        ["float32", "mean", "torch", "a::b", "x.npy", "../x.npy", "normal", "reference"]
    ),
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                st.text(max_size=5),
                st.sampled_from(
                    ["shape", "random", "fill", "one_hot", "num_classes", "file", "range", "seed",
                     "low", "high", "loc", "scale", "losses", "mean", "sum", "error", "because",
                     "versions", "gradient", "torch", "reference", "keras", "dtype", "atol"]
                ),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)  # fmt: skip
_KEYS = st.sampled_from(
    ["name", "description", "source", "tags", "loss", "logits", "probs", "log_probs", "labels",
     "dtype", "class_axis", "normalize", "ignore_index", "label_smoothing", "class_weight",
     "pos_weight", "sample_weight", "reduction", "check", "cotangent", "tolerance",
     "implementations", "matrix", "expect", "defaults", "cases", "other"]
)  # fmt: skip
_VALID: dict[str, Any] = {
    "loss": "sparse_categorical",
    "logits": [[1.0, 2.0], [3.0, 4.0]],
    "labels": [0, 1],
    "reduction": ["mean"],
    "expect": {"torch": {"losses": [1.3132617, 0.3132617]}},
}


@given(
    loss=st.sampled_from(["binary", "categorical", "sparse_categorical"]),
    changes=st.dictionaries(_KEYS, _VALUES, max_size=4),
    without=st.sets(st.sampled_from(sorted(_VALID)), max_size=2),
    nested=st.booleans(),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_mapping_holds_it_is_read_or_refused_in_words(
    loss: str,
    changes: dict[str, Any],
    without: set[str],
    nested: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    case = {**{k: v for k, v in _VALID.items() if k not in without}, "loss": loss, **changes}
    file = tmp_path_factory.mktemp("any") / "case.yaml"
    with file.open("w", encoding="utf-8", errors="surrogatepass") as stream:
        YAML(typ="safe", pure=True).dump({"cases": [case]} if nested else case, stream)
    _read_or_refused(file)


@given(
    text=st.text(
        alphabet=st.sampled_from("abx:*&!|>-[]{},?#%@'\"\\ \n\t0159.<=~é\x00\x85\ud800"),
        max_size=60,
    )
)
@settings(max_examples=150, deadline=None)
def test_whatever_a_text_holds_it_is_refused_in_words(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("any") / "case.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    _read_or_refused(file)


def _read_or_refused(file: Path) -> None:
    told = f"{file}:1: fine"
    try:
        load([str(file)], Filter())
    except UserError as error:
        told = str(error)
    for line in told.split("\n"):
        assert re.match(rf"{re.escape(str(file))}:\d+: ", line)
        assert line.isprintable()
