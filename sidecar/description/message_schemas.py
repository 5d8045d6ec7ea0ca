"""JSON Schemas of the protocol, each a file of its own: params, results, errors, progress.

Made from the OpenRPC document, so that the two cannot disagree; the archive's are
:mod:`sidecar.description.archive_schemas`. Every file stands alone: what it refers to lies in its ``$defs``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_COMPONENT = "#/components/schemas/"
_DEFINITION = "#/$defs/"


def make_schemas(document: Mapping[str, Any]) -> dict[str, Schema]:
    """File name -> schema, for all that ``document`` (OpenRPC) describes; names as in protocol/schemas."""
    components = document["components"]
    schemas = components["schemas"]
    files: dict[str, Schema] = {}
    for method in document["methods"]:
        name = method["name"].removeprefix("$/")
        files[f"params/{name}.json"] = stand_alone(f"Params of {method['name']}", _params(method), schemas)
        files[f"results/{name}.json"] = stand_alone(f"Result of {method['name']}", method["result"]["schema"], schemas)
    files["error.json"] = stand_alone("Error of any method", _error(components["errors"]), schemas)
    files["progress.json"] = stand_alone("Params of $/progress", {"$ref": f"{_COMPONENT}ProgressParams"}, schemas)
    return files


def described_struct(struct: type[msgspec.Struct]) -> Schema:
    """The schema of a struct, whose parts are in its ``$defs``."""
    _, components = msgspec.json.schema_components([struct], ref_template=f"{_DEFINITION}{{name}}")
    schema: Schema = components.pop(struct.__name__)
    return schema | ({"$defs": components} if components else {})


def headed(title: str, schema: Schema) -> Schema:
    """``schema`` as a document of its own."""
    return {"$schema": DIALECT, "title": title} | {key: value for key, value in schema.items() if key != "title"}


def _params(method: Mapping[str, Any]) -> Schema:
    """The params by name; by position they come in the same order."""
    params = method["params"]
    return {
        "description": f"{method['summary']} By position, the params come in the order of this list.",
        "type": "object",
        "properties": {param["name"]: param["schema"] | {"description": param["description"]} for param in params},
        "required": [param["name"] for param in params if param["required"]],
        "additionalProperties": False,
    }


def _error(errors: Mapping[str, Mapping[str, Any]]) -> Schema:
    """The error member of a response: each kind with its own code and hint, and a sentence."""
    return {
        "type": "object",
        "properties": {
            "code": {"type": "integer"},
            "message": {"type": "string", "minLength": 1},
            "data": {"$ref": f"{_COMPONENT}ErrorData"},
        },
        "required": ["code", "message", "data"],
        "oneOf": [_error_of_kind(error) for error in errors.values()],
    }


def _error_of_kind(error: Mapping[str, Any]) -> Schema:
    data = {name: {"const": value} for name, value in error["data"].items()}
    return {
        "description": error["message"],
        "properties": {"code": {"const": error["code"]}, "data": {"properties": data}},
    }


def stand_alone(title: str, schema: Schema, components: Mapping[str, Schema]) -> Schema:
    """``schema`` as a document of its own, with those of the ``components`` that it refers to."""
    needed: dict[str, Schema] = {}
    waiting = [schema]
    while waiting:
        for name in _named(waiting.pop()):
            if name not in needed:
                needed[name] = components[name]
                waiting.append(components[name])
    definitions = {"$defs": dict(sorted(needed.items()))} if needed else {}
    return headed(title, _moved(schema) | _moved(definitions))


def _named(schema: Any) -> Iterator[str]:
    """The components that a schema refers to."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                yield value.removeprefix(_COMPONENT)
            else:
                yield from _named(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _named(value)


def _moved(schema: Any) -> Any:
    """The same with references to the definitions of its own file."""
    if isinstance(schema, dict):
        return {
            key: value.replace(_COMPONENT, _DEFINITION) if key == "$ref" else _moved(value)
            for key, value in schema.items()
        }
    return [_moved(value) for value in schema] if isinstance(schema, list) else schema
