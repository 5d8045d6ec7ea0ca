"""TypeScript of the protocol: the types of its client, made from the OpenRPC document.

Knows only those forms of JSON Schema that occur there, and fails on any other.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_HEAD = """\
// Made by `python -m sidecar.description.openrpc --write protocol` from the code: change that, not this file.
"""

_WIDTH = 120

_PLAIN = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def make_types(document: Mapping[str, Any]) -> str:
    """The module of all params, results and error kinds that ``document`` (OpenRPC) describes."""
    methods = document["methods"]
    parts = [
        _HEAD,
        *(_result_interface(name, schema) for name, schema in document["components"]["schemas"].items()),
        *(_params_interface(method) for method in methods),
        _methods_interface(methods),
        _error_kinds(document["components"]["errors"]),
    ]
    return "\n".join(parts)


def _result_interface(name: str, schema: Mapping[str, Any]) -> str:
    required = set(schema["required"])
    members = [_member(key, value, key in required) for key, value in schema["properties"].items()]
    return _interface(name, schema["description"], members)


def _params_interface(method: Mapping[str, Any]) -> str:
    members = [
        _comment(param["description"], "  ") + _member(param["name"], param["schema"], param["required"])
        for param in method["params"]
    ]
    return _interface(_params_name(method), f"Params of {method['name']}.", members)


def _methods_interface(methods: Iterable[Mapping[str, Any]]) -> str:
    members = [
        f"{_comment(method['summary'], '  ')}"
        f'  "{method["name"]}": {{ params: {_params_name(method)}; result: {_type(method["result"]["schema"])} }};\n'
        for method in methods
    ]
    return _interface("Methods", "Every method, by name: what it takes and what it answers.", members)


def _error_kinds(errors: Mapping[str, Mapping[str, Any]]) -> str:
    kinds = "".join(f'\n  | "{kind}"' for kind in errors)
    return (
        _comment("Every kind of error; protocol/ERRORS.md has their sentences.") + f"export type ErrorKind ={kinds};\n"
    )


def _interface(name: str, description: str, members: Sequence[str]) -> str:
    return f"{_comment(description)}export interface {name} {{\n{''.join(members)}}}\n"


def _member(name: str, schema: Mapping[str, Any], required: bool) -> str:
    return f"  {name}{'' if required else '?'}: {_type(schema)};\n"


def _params_name(method: Mapping[str, Any]) -> str:
    words = re.findall(r"[A-Za-z]+", method["name"])
    return "".join(word[0].upper() + word[1:] for word in words) + "Params"


def _comment(text: str, indent: str = "") -> str:
    lines = textwrap.wrap(text, _WIDTH - len(f"{indent}/**  */"))
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */\n"
    return "".join(f"{indent}{line}\n" for line in ("/**", *(f" * {line}" for line in lines), " */"))


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(choice) for choice in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    if schema["type"] == "array":
        return f"Array<{_type(schema['items'])}>"
    if schema["type"] == "object":
        values = schema.get("additionalProperties")
        return f"Record<string, {_type(values) if values else 'unknown'}>"
    return _PLAIN[schema["type"]]
