"""The keys of a case file and of a saved run, from their JSON Schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from xent_check.casefile.json_schema import case_file_schema
from xent_check.history.saved.json_schema import result_schema

from .prose import code, prose, table

Schema = Mapping[str, Any]


def case_file() -> str:
    """The Markdown of the page on case files."""
    return CASE_FILE + _definitions(case_file_schema(), first="Case")


def result() -> str:
    """The Markdown of the page on saved runs."""
    schema = result_schema()
    return RESULT + _keys(schema) + "\n\n" + _definitions(schema)


def _definitions(schema: Schema, first: str = "") -> str:
    definitions: Mapping[str, Schema] = schema["$defs"]
    names = sorted(definitions, key=lambda name: (name != first, name))
    return "\n\n".join(part for name in names for part in _definition(name, definitions[name]))


def _definition(name: str, schema: Schema) -> Iterator[str]:
    yield f"## {name} {{ #{name.lower()} }}"
    if words := schema.get("description", schema.get("$comment")):
        yield prose(words)
    if "properties" in schema:
        yield _keys(schema)
    elif kind := _kind(schema):
        yield kind


def _keys(schema: Schema) -> str:
    properties = schema["properties"]
    required = [key for key in properties if key in schema.get("required", ())]
    rows = [
        [
            code(key) + ("" if key in required or not required else " (optional)"),
            _kind(value),
            _meaning(value),
        ]
        for key, value in properties.items()
    ]
    full = [index for index in range(3) if any(row[index] for row in rows)]
    headings = ["key", "value", "meaning"]
    return table(
        [headings[index] for index in full], [[row[index] for index in full] for row in rows]
    )


def _meaning(schema: Schema) -> str:
    """The description, with the default and the examples where there are any."""
    parts = [prose(schema.get("description", ""))]
    if schema.get("default") not in (None, [], {}):
        parts.append(f"Default: {code(json.dumps(schema['default']))}.")
    if examples := [code(json.dumps(example)) for example in schema.get("examples", ())]:
        parts.append(f"For example {', '.join(examples)}.")
    return " ".join(part for part in parts if part)


def _kind(schema: Schema) -> str:
    """The values that a schema allows, in words."""
    for several in ("anyOf", "oneOf"):
        if several in schema:
            kinds = [_kind(one) for one in schema[several] if one.get("type") != "null"]
            arrays = [kind for kind in kinds if kind.startswith("[") and "array" in kind]
            if len(arrays) > 1:
                kinds = [kind for kind in kinds if kind not in (NUMBERS, *arrays)] + [ARRAY]
            return " or ".join(dict.fromkeys(kind for kind in kinds if kind))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(map(code, map(str, schema["enum"])))
    if "const" in schema:
        return code(json.dumps(schema["const"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {})) or 'anything'}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"mapping to {_kind(schema['additionalProperties']) or 'anything'}"
    return WORDS.get(schema.get("type", ""), "")


NUMBERS, ARRAY = "[Numbers](#numbers)", "an [array](#arrays)"
WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "object": "mapping",
    "null": "nothing",
}
CASE_FILE = """\
# Case file

A file is one case, a mapping with the keys of [Case](#case), or `cases:`, a list of them, over
common `defaults:`. `loss`, `labels` and one of `logits`, `probs` and `log_probs` have to be there.
It is YAML 1.2 in UTF-8: `1e-5` is a number, `on` and `1_000` are text, a key that stands twice is
an error. A folder means every `*.yaml` and `*.yml` below it.

Made from the schema that `xent-check schema` prints. What each option means, and for which losses,
is in [Options of a case](../options.md).

## Arrays { #arrays }

Nested lists, as [Numbers](#numbers) says, or a mapping that makes one: [FillArray](#fillarray),
[CycleArray](#cyclearray), [RangeArray](#rangearray), [RandomArray](#randomarray),
[OneHotArray](#onehotarray); from other arrays [SumArray](#sumarray), [PutArray](#putarray),
[ArgmaxArray](#argmaxarray); or [FileArray](#filearray) for one that stands in a file.

"""
RESULT = """\
# JSON result

What `--report json` writes and `compare`, `judge`, `merge` and `accept --results` read. Numbers
that are not finite are the strings `"nan"`, `"inf"` and `"-inf"`, so that the file is valid JSON.

Made from the schema that `xent-check schema --result` prints.

"""
