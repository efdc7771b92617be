"""What editors show of the JSON Schema of the case file: examples, names, no noise."""

from __future__ import annotations

from typing import Any

from xent_check.implementations.table import IMPLEMENTATIONS
from xent_check.problem.expectation import REFERENCE

from .array_forms import ARRAY_FORMS, LAID_OUT_FORMS
from .case import Because, GradientFields, ToleranceFields

EXAMPLES: dict[str, list[Any]] = {
    "name": ["two-samples"],
    "description": ["A padded sample counts in the mean."],
    "source": ["https://example.org/thread/1", "the documentation of version 2.1"],
    "tags": [["forum"]],
    "logits": [
        [[2.0, 1.0, 0.1], [0.5, 2.5, 0.3]],
        {"shape": [4, 10], "random": "normal", "seed": 0},
    ],
    "probs": [[[0.7, 0.2, 0.1]]],
    "log_probs": [[[-0.357, -1.609, -2.303]]],
    "hidden": [[[0.5, -1.0], [1.5, 0.25]], {"shape": [4, 8], "random": "normal", "seed": 1}],
    "labels": [[0, 1], [[1.0, 0.0, 0.0]]],
    "tolerance": [1e-06, {"atol": 1e-06, "rtol": 1e-05}, "auto"],
    "implementations": [[*IMPLEMENTATIONS][1:3], "mypkg.losses:fused"],
    "matrix": [{"dtype": ["float32", "float64"]}],
    "expect": [{"reference": {"losses": [0.417, 0.22]}}],
}
"""Values of keys that are no options; an option has its own in the table."""


def add_details(properties: dict[str, Any]) -> None:
    """Offer the names of the table where an implementation is named, and a case's keys where values
    of them are listed; give the keys examples."""
    for key, values in EXAMPLES.items():
        properties[key]["examples"] = values
    modes = [f"{name}:{mode}" for name, entry in IMPLEMENTATIONS.items() for mode in entry.modes]
    names = [*IMPLEMENTATIONS, *modes]
    alone, several, *rest = properties["implementations"]["anyOf"]
    several["items"] = {"anyOf": [{"enum": names}, several["items"]]}
    properties["implementations"]["anyOf"] = [{"enum": names}, alone, several, *rest]
    expect = properties["expect"]
    entries = expect["additionalProperties"]
    expect["properties"] = dict.fromkeys((REFERENCE, *names), entries)
    (matrix,) = (part for part in properties["matrix"]["anyOf"] if part.get("type") == "object")
    keys = [key for key in properties if key not in ("name", "matrix")]
    matrix["additionalProperties"] = False
    matrix["properties"] = {
        key: {"type": "array", "minItems": 1, "items": {"$ref": f"#/$defs/Case/properties/{key}"}}
        for key in keys
    }


def for_editors(schema: Any, key: str = "") -> Any:
    """The schema without titles, made of keys, and empty defaults, which editors would show. What a
    form of values is like is a comment, so that they show the description of the key."""
    if isinstance(schema, list):
        return [for_editors(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if key in ("properties", "$defs"):
        names = key == "$defs"
        return {name: for_editors(part, name if names else "") for name, part in schema.items()}
    kept = {
        name: for_editors(part, name)
        for name, part in schema.items()
        if name != "title" and not (name == "default" and part in (None, [], {}))
    }
    if key in _FORMS:
        kept["$comment"] = kept.pop("description")
    return kept


_FORMS = ("Numbers", *(model.__name__ for model in (Because, GradientFields, ToleranceFields)))
_FORMS += tuple(form.__name__ for form in (ARRAY_FORMS | LAID_OUT_FORMS).values())
