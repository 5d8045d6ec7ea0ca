"""JSON Schemas of what lies in an archive, made from the structs and models that read and write it.

They say what a reader accepts, the two older generations of the app included; protocol/FORMAT.md says
the rest: what entries have to do with each other, and which archives have which.
"""

from __future__ import annotations

import msgspec

from sidecar.archive.forms import ExactCell, Int64
from sidecar.archive.manifest import Manifest
from sidecar.database.models import CONTRACT, KNOWN, Column, Reference
from sidecar.description.message_schemas import Schema, described_struct, headed
from sidecar.results import PARTIAL_VERSION, VERSION, BackupMetadata
from sidecar.stage.staging import SINCE_THIRD

MOMENT = r"^[+-]?\d{4,6}-\d{1,2}-\d{1,2}([Tt ][\dTtZz:.,+ -]{0,64})?$"
"""A time as it is read; we write ``2026-11-22T16:07:21.689983550Z``."""

_SHA256 = "^[0-9a-f]{64}$"

_STORAGE = ("null", "integer", "real", "text", "blob")
"""SQLite's storage classes."""

(_INTEGER,), _ = msgspec.json.schema_components([Int64])

_KINDS: dict[str, Schema] = {
    "text": {"type": "string"},
    "json": {"type": "string", "description": "JSON, as text", "contentMediaType": "application/json"},
    "timestamp": {
        "type": "string",
        "description": "A time in RFC 3339; an unusual one is kept as it is, with a warning.",
        "pattern": MOMENT,
    },
    "boolean": {"type": "boolean"},
    "integer": _INTEGER,
    "double": {"type": "number"},
}

_FURTHER: Schema = {"type": ["string", "number", "boolean", "null"]}
"""A value of a column that the app's model does not name."""


def make_archive_schemas() -> dict[str, Schema]:
    """File name -> schema, for every entry of an archive; names as in protocol/schemas."""
    files = {
        "metadata": headed("metadata.json", _metadata()),
        "data": headed("data.json", _data()),
        "settings": headed("settings.json", _settings()),
        "exact": headed("exact.json", _exact()),
        "manifest": headed("manifest.json", _manifest()),
        "table": headed("<table>.json, for each further table", _further_table()),
    }
    files |= {table: headed(f"{table}.json", _section(table)) for table in CONTRACT}
    return {f"archive/{name}.json": schema for name, schema in files.items()}


def _metadata() -> Schema:
    schema = described_struct(BackupMetadata)
    for member in schema["properties"].values():
        del member["default"]
    schema["properties"]["version"] = {"enum": [VERSION, PARTIAL_VERSION]}
    schema["required"] = [name for name in schema["properties"] if name not in SINCE_THIRD]
    return schema


def _data() -> Schema:
    tables = {table: {"type": "array", "items": {"$ref": f"#/$defs/{table}"}} for table in CONTRACT}
    return {
        "description": "The records of the five contract tables, all of them, and the settings.",
        "type": "object",
        "properties": {
            "version": {"enum": [VERSION, PARTIAL_VERSION]},
            "created_at": {"type": "string"},
            **tables,
            "settings": _settings(),
        },
        "required": ["version", *(table for table in CONTRACT if table not in SINCE_THIRD)],
        "$defs": {table: _record(table) for table in CONTRACT},
    }


def _settings() -> Schema:
    return {"description": "User preferences and settings, by name; without secrets.", "type": "object"}


def _section(table: str) -> Schema:
    return {
        "description": "The records of one contract table, as in data.json.",
        "type": "array",
        "items": _record(table),
    }


def _record(table: str) -> Schema:
    fields = KNOWN[table]
    return {
        "type": "object",
        "properties": {name: _value(field) for name, field in fields.items()},
        "required": [name for name, field in fields.items() if field.required and field.default_sql is None],
        "additionalProperties": _FURTHER,
    }


def _value(field: Column | Reference) -> Schema:
    kind = _KINDS[field.kind]
    return kind if field.required else kind | {"type": [kind["type"], "null"]}


def _further_table() -> Schema:
    return {
        "description": "The rows of one table, each value as it is stored; the manifest tells which entry holds which.",
        "type": "array",
        "items": {"type": "object", "additionalProperties": _FURTHER},
    }


def _exact() -> Schema:
    cell = described_struct(ExactCell)
    cell["properties"]["storage"] = {"enum": list(_STORAGE)}
    return {"description": "Values that records cannot say.", "type": "array", "items": cell}


def _manifest() -> Schema:
    schema = described_struct(Manifest)
    schema["$defs"]["EntryManifest"]["properties"]["sha256"]["pattern"] = _SHA256
    return schema
