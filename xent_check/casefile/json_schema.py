"""The JSON Schema of the case file, made from the models that check it."""

from __future__ import annotations

from typing import Any

from xent_check.problem.vocabulary import GIVEN

from .case import CaseFields
from .field_types import NUMBERS_SCHEMA


def case_file_schema() -> dict[str, Any]:
    """JSON Schema (2020-12): a file is one case, or `defaults` and `cases`."""
    case = CaseFields.model_json_schema(mode="validation")
    definitions = case.pop("$defs")
    required = case.pop("required")
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
        "title": "xent-check case file",
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
    document: dict[str, Any] = with_references(schema)
    return document


def with_references(schema: Any) -> Any:
    """pydantic cannot name a definition that it did not make: put the reference in afterwards."""
    if isinstance(schema, list):
        return [with_references(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "x-ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "x-ref"}
        return {**rest, "$ref": f"#/$defs/{schema['x-ref']}"}
    return {key: with_references(value) for key, value in schema.items()}
