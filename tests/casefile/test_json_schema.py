"""The JSON Schema of the case file, with validators and a YAML reader that are not ours."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from xent_check.casefile.json_schema import case_file_schema
from xent_check.casefile.paths import corpus
from xent_check.casefile.validation import case_fields
from xent_check.casefile.yaml_values import Map
from xent_check.implementations.table import IMPLEMENTATIONS

BAD_CASES = Path(__file__).parents[1] / "bad_cases"
SHIPPED = sorted(corpus().rglob("*.y*ml"))


def read(path: Path) -> Any:
    """A YAML file by ruamel's own safe loader."""
    return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def validator() -> Any:
    """The schema as `xent-check schema` prints it."""
    command = [sys.executable, "-m", "xent_check", "schema"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    schema = json.loads(done.stdout)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_command_prints_the_schema(validator: Any) -> None:
    assert validator.schema == case_file_schema()


def test_every_key_says_what_it_is_for_in_an_editor() -> None:
    definitions = case_file_schema()["$defs"].items()
    silent = [
        f"{name}.{key}"
        for name, definition in definitions
        for key, value in definition.get("properties", {}).items()
        if not value.get("description", "").endswith(".")
    ]
    assert silent == []


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.relative_to(corpus()).as_posix())
def test_every_shipped_case_file_validates(file: Path, validator: Any) -> None:
    assert [error.message for error in validator.iter_errors(read(file))] == []


# What a schema can know: keys and types, not shapes, sums, files, names of implementations, or
# the rules of YAML itself.
KNOWN = [
    *("a_list", "a_word", "array_forms", "bad_names", "bad_tolerances", "bad_versions"),
    *("both_logits_and_probs", "case_for_cases", "cases_as_a_mapping", "defaults_without_cases"),
    *("empty", "empty_arrays", "empty_cases", "expectations_of_wrong_types"),
    *("missing_keys", "more_wrong_types", "nan_as_text", "neither_logits_nor_probs"),
    *("terminal_escapes", "unknown_key", "unknown_key_unlike_any", "wrong_types"),
    *("bad_matrices", "random_options", "one_hot_class_outside", "file_forms"),
]


@pytest.mark.parametrize("name", KNOWN)
def test_a_file_that_breaks_a_rule_of_keys_or_types_is_refused_by_the_schema(
    name: str, validator: Any
) -> None:
    assert not validator.is_valid(read(BAD_CASES / f"{name}.yaml"))


CASE = {"loss": "binary", "logits": [0.5], "labels": [1]}


@pytest.mark.parametrize(
    "change",
    [
        {"name": 7},
        {"name": " "},
        {"name": "a::b"},
        {"name": "a\nb"},
        {"loss": "sparse"},
        {"logits": "many"},
        {"logits": []},
        {"logits": [[]]},
        {"logits": {"shape": [2], "random": "gaussian"}},
        {"logits": {"shape": [2], "fill": 0, "extra": 1}},
        {"logits": {"shape": [-1], "fill": 0}},
        {"logits": {"random": "normal"}},
        {"logits": {"one_hot": [0], "num_classes": 0}},
        {"logits": {"file": 3}},
        {"labels": None},
        {"dtype": "float31"},
        {"class_axis": "last"},
        {"normalize": "yes"},
        {"ignore_index": 0.5},
        {"label_smoothing": 1.5},
        {"label_smoothing": -0.1},
        {"reduction": "average"},
        {"reduction": ["mean", "average"]},
        {"check": "gradients"},
        {"tags": [""]},
        {"tolerance": -1},
        {"tolerance": "small"},
        {"tolerance": {"atol": -1}},
        {"tolerance": {"utol": 1}},
        {"implementations": []},
        {"matrix": {"dtype": []}},
        {"matrix": {"dtype": "float32"}},
        {"expect": {"torch": {"loses": [1.0]}}},
        {"expect": {"torch": 0.5}},
        {"expect": {"torch": []}},
        {"expect": {"torch": {"because": " ", "mean": 1.0}}},
        {"expect": {"torch": {"because": {"text": "it clips"}, "mean": 1.0}}},
        {"expect": {"torch": {"because": {"text": " ", "id": "clipped"}, "mean": 1.0}}},
        {"expect": {"torch": {"because": {"text": "it clips", "id": "clip"}, "mean": 1.0}}},
        {"probs": [0.5]},
        {"lables": [1]},
    ],
)
def test_the_schema_knows_each_rule_of_keys_and_types(
    change: dict[str, Any], validator: Any
) -> None:
    assert validator.is_valid(CASE)
    assert not validator.is_valid({**CASE, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"name": "x", "description": "any", "source": "a\nb", "tags": "forum"},
        {"logits": 0.5, "labels": 1},
        {"logits": [[0.5, float("inf")], [1, float("nan")]]},
        {"logits": {"shape": [0, 3], "random": "uniform", "low": -1, "high": 2.5, "seed": 4}},
        {"labels": {"shape": [2], "range": True}},
        {"labels": {"one_hot": [[0, 1]], "num_classes": 2}},
        {"labels": {"file": "x.npz#labels"}},
        {"reduction": "mean"},
        {"reduction": ["mean", "sum"]},
        {"tolerance": 1e-5},
        {"tolerance": {"rtol": 1e-3, "ulps": 4}},
        {"implementations": "keras"},
        {"implementations": ["keras", "tf:xla", "mypkg.losses:fused"]},
        {"matrix": {"dtype": ["float32", "float64"]}},
        {"expect": {"torch": {"losses": [0.5], "because": "a::b is no name here"}}},
        {"expect": {"torch": {"mean": 1, "because": {"text": "it clips", "id": "clipped"}}}},
        {"expect": {"torch": [{"error": "out", "versions": ">=2"}, {"mean": 1}]}},
    ],
)
def test_the_schema_takes_what_the_contract_allows(change: dict[str, Any], validator: Any) -> None:
    assert [error.message for error in validator.iter_errors({**CASE, **change})] == []


def test_defaults_and_cases_need_no_whole_case_each(validator: Any) -> None:
    assert validator.is_valid({"defaults": {"loss": "binary"}, "cases": [{"name": "a"}]})
    assert not validator.is_valid({"defaults": {"loss": "binary"}})
    assert not validator.is_valid({"cases": [{"nmae": "a"}]})


def test_examples_and_defaults_are_valid_themselves(validator: Any) -> None:
    properties = validator.schema["$defs"]["Case"]["properties"]
    words = {"loss", "dtype", "level"}
    assert all("examples" in properties[key] for key in properties.keys() - words)
    for key, part in properties.items():
        schema = {"$ref": f"#/$defs/Case/properties/{key}", "$defs": validator.schema["$defs"]}
        values = [*part.get("examples", []), *([part["default"]] if "default" in part else [])]
        for value in values:
            assert [e.message for e in Draft202012Validator(schema).iter_errors(value)] == [], key
    definitions = (part.get("properties", {}) for part in validator.schema["$defs"].values())
    defaults = [v["default"] for part in definitions for v in part.values() if "default" in v]
    assert defaults
    assert not [value for value in defaults if value in (None, [], {})]


def test_examples_mean_what_the_reader_of_files_takes(validator: Any) -> None:
    for key, part in validator.schema["$defs"]["Case"]["properties"].items():
        for value in part.get("examples", []):
            source = Map(1)
            source.update({"loss": "sparse_categorical", "labels": [0], "logits": [[1.0]]})
            if key in ("probs", "log_probs", "hidden"):
                del source["logits"]
            source[key] = value
            case_fields(source)


def test_the_names_of_the_table_are_offered_and_others_taken(validator: Any) -> None:
    properties = validator.schema["$defs"]["Case"]["properties"]
    offered = properties["implementations"]["anyOf"][0]["enum"]
    assert {*IMPLEMENTATIONS, "tf:xla", "torch:compile"} <= {*offered}
    assert {*offered, "reference"} == properties["expect"]["properties"].keys()
    assert validator.is_valid({**CASE, "implementations": ["mine.py:f", "torch"]})
    assert validator.is_valid({**CASE, "expect": {"mine.py:f": {"mean": 1}}})
    assert not validator.is_valid({**CASE, "expect": {"torch": {"maen": 1}}})


def test_a_matrix_takes_lists_of_what_its_keys_take(validator: Any) -> None:
    keys = validator.schema["$defs"]["Case"]["properties"].keys()
    (matrix,) = [
        part for part in validator.schema["$defs"]["Case"]["properties"]["matrix"]["anyOf"]
        if "properties" in part
    ]  # fmt: skip
    assert matrix["properties"].keys() == keys - {"name", "matrix"}
    assert validator.is_valid({**CASE, "matrix": {"dtype": ["float32"], "reduction": ["mean"]}})
    assert not validator.is_valid({**CASE, "matrix": {"dtype": ["float31"]}})
    assert not validator.is_valid({**CASE, "matrix": {"dtpye": ["float32"]}})
