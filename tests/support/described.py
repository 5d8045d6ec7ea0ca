"""The JSON Schemas in protocol/schemas, as tests hold answers and archives against them: closed, and strictly."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from sidecar.description.command_schemas import RESULT_OF, file_of
from tests.conftest import ROOT
from tests.support.shell import said

SCHEMAS = ROOT / "protocol" / "schemas"


def faults(name: str, value: object, open_to_more: bool = False) -> list[str]:
    """What of ``value`` the schema of that name does not allow.

    :param open_to_more: False takes a key that the schema does not name for a fault: it was forgotten there.
    """
    found = _validator(name, open_to_more).iter_errors(value)
    return [f"{name}: {fault.json_path}: {fault.message[:300]}" for fault in found]


def allows(name: str, value: object) -> bool:
    """Whether a reader of the schema of that name takes ``value``."""
    return not faults(name, value, open_to_more=True)


def assert_described(told: Any, command: str) -> None:
    """What a command prints is as its own schema says, and where a method does the same, as that method's result."""
    assert faults(f"cli/{file_of(command)}", told) == []
    if command in RESULT_OF:
        assert faults(f"results/{RESULT_OF[command]}", told) == []


def object_of(ended: subprocess.CompletedProcess[bytes], code: int, command: str) -> Any:
    """The object that a command with --json ended with, which is as it is described."""
    found = json.loads(said(ended, code))
    assert_described(found, command)
    return found


@cache
def _validator(name: str, open_to_more: bool) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema if open_to_more else _closed(schema))


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(part) for key, part in schema.items()}
    # Not within the branches of a choice, which name only what they differ in.
    if schema.get("type") == "object" and "properties" in schema:
        closed.setdefault("additionalProperties", False)
    return closed
