"""The JSON Schema of a run's result, made from the models that write and read it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from xent_check.casefile.case import ToleranceFields
from xent_check.casefile.json_schema import describe_keys, with_references
from xent_check.results.origin import Origin
from xent_check.results.report import Host, Scope, Ungated
from xent_check.results.shard import Shard

from .parts import NOT_FINITE, Saved
from .results import NotCompared
from .schema import Document

# Their keys have defaults when read, and are always written.
_ALWAYS_WHOLE = (ToleranceFields, Host, Origin, Scope, Shard, Ungated, NotCompared, Document)
_NUMBERS: dict[str, Any] = {
    "Number": {
        "description": "A number; what is not finite is its name.",
        "anyOf": [{"type": "number"}, {"enum": list(NOT_FINITE)}],
    },
    "Numbers": {
        "description": "A number, or lists of numbers as deep as the array has axes.",
        "anyOf": [{"x-ref": "Number"}, {"type": "array", "items": {"x-ref": "Numbers"}}],
    },
}


def result_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of what `run --report json` writes."""
    schema = Document.model_json_schema()
    definitions = schema["$defs"]
    kinds: list[type] = [*_kinds(Saved), *_ALWAYS_WHOLE]
    for kind in kinds:
        definition = schema if kind is Document else definitions.get(kind.__name__)
        if definition is not None:
            describe_keys(definition["properties"], kind)
        if definition is not None and kind in _ALWAYS_WHOLE:
            definition["required"] = list(definition["properties"])
    definitions |= _NUMBERS
    body: dict[str, Any] = with_references(schema)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return head | body | {"title": "xent-check result"}


def _kinds(kind: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A model and all its subclasses."""
    yield kind
    for part in kind.__subclasses__():
        yield from _kinds(part)
