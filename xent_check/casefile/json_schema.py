"""The JSON Schema of the case file, made from the models that check it."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from xent_check.problem.vocabulary import GIVEN

from .array_forms import ARRAY_FORMS, LAID_OUT_FORMS
from .case import Because, CaseFields, ExpectedFields, GradientFields, ToleranceFields
from .field_types import NUMBERS_SCHEMA, Strict
from .schema_details import add_details, for_editors


def case_file_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a case file: one case, or `defaults` and `cases`. What it
    cannot say (shapes, labels, probabilities) is checked when the file is read."""
    case = CaseFields.model_json_schema(mode="validation")
    definitions = case.pop("$defs")
    required = case.pop("required")
    models: list[type[Strict]] = [Because, ExpectedFields, GradientFields, ToleranceFields]
    models += [*ARRAY_FORMS.values(), *LAID_OUT_FORMS.values()]
    for model in models:
        describe_keys(definitions[model.__name__]["properties"], model)
    describe_keys(case["properties"], CaseFields)
    add_details(case["properties"])
    definitions["Case"] = case
    definitions["Numbers"] = {
        "description": "A number, or nested lists of numbers with rows of one length.",
        "anyOf": [
            {"type": "number"},
            {"type": "array", "minItems": 1, "items": dict(NUMBERS_SCHEMA)},
        ],
    }
    part = {"$ref": "#/$defs/Case"}
    whole = {"required": required, "oneOf": [{"required": [given]} for given in GIVEN]}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "description": "A case file of xent-check: one case, or defaults and cases.",
        "anyOf": [
            {**part, **whole},
            {
                "type": "object",
                "properties": {
                    "defaults": part,
                    "cases": {"type": "array", "minItems": 1, "items": part},
                },
                "required": ["cases"],
                "additionalProperties": False,
            },
        ],
        "$defs": definitions,
    }
    document: dict[str, Any] = for_editors(with_references(schema))
    return document


def with_references(schema: Any) -> Any:
    """The schema with `$ref` for each `x-ref`, which stands for a definition that pydantic did not
    make and so cannot refer to."""
    if isinstance(schema, list):
        return [with_references(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "x-ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "x-ref"}
        return {**rest, "$ref": f"#/$defs/{schema['x-ref']}"}
    return {key: with_references(value) for key, value in schema.items()}


def describe_keys(properties: dict[str, Any], model: type) -> None:
    """Give each property the docstring of its field. pydantic's use_attribute_docstrings would read
    the source on every start."""
    aliases = {n: f.alias for n, f in getattr(model, "model_fields", {}).items() if f.alias}
    for name, text in docstrings(model):
        properties[aliases.get(name, name)]["description"] = text


def docstrings(model: type) -> Iterator[tuple[str, str]]:
    """Each field with its docstring, the fields of bases first."""
    for base in reversed(model.__mro__):
        if base.__module__.partition(".")[0] != "xent_check":
            continue
        [body] = ast.parse(inspect.getsource(base)).body
        assert isinstance(body, ast.ClassDef)
        for field, text in pairwise(body.body):
            match field, text:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(words))),
                ):
                    yield name, " ".join(words.split())
