"""JSON Schemas of what the command line prints with ``--json``: one for each command, and one for every error.

Made from the OpenRPC document: a command's result is that of the method that does the same, and its error has the
shape of the wire's, with the members of ``data`` beside it as well. protocol/CLI.md says what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sidecar.description.licences import Licences
from sidecar.description.message_schemas import Schema, described_struct, headed, stand_alone

FOLDER = "cli"

RESULT_OF = {
    "export": "export_data_to_file",
    "import": "import_data_from_file",
    "validate": "validate_backup_comprehensive",
    "validate --basic": "validate_backup_file",
    "preview": "preview_import",
    "undo": "undo_last_import",
    "backups": "list_backups",
    "inspect": "inspect_backup",
    "status": "backup_status",
    "auto run": "run_backup_if_due",
    "auto set": "set_backup_policy",
    "auto show": "get_backup_policy",
    "auto prune": "prune_backups",
    "auto accept": "accept_backup_hold",
    "auto check": "check_backups",
    "drill": "drill_backups",
    "restore": "import_data_from_file",
    "clear": "clear_all_data",
    "show": "inspect_backup",
    "pin": "note_backup",
    "unpin": "note_backup",
    "note": "note_backup",
    "conflicts": "conflicts",
    "diff": "compare_backups",
    "diff --html": "write_difference",
    "find": "find_in_backups",
    "check": "check_database",
    "report": "write_report",
    "repair": "repair_database",
    "compact": "compact_database",
}
"""Command -> the method whose result it prints."""

TIMER = ("auto install", "auto installed", "auto uninstall")
"""The commands that tell of the system's timer."""

USAGE = {"code": 2, "message": "What was typed cannot be carried out.", "data": {"kind": "usage"}}
"""The one kind of error that the wire does not have; its hint says what to type instead."""


def make_command_schemas(document: Mapping[str, Any]) -> dict[str, Schema]:
    """File name -> schema, for the output of every command; names as in protocol/schemas."""
    methods = {method["name"]: method for method in document["methods"]}
    components = document["components"]["schemas"]
    files = {
        command: stand_alone(f"{command} --json", methods[name]["result"]["schema"], components)
        for command, name in RESULT_OF.items()
    }
    files["demo"] = headed("demo --json", _demo())
    for command in TIMER:
        files[command] = headed(f"{command} --json", _timer())
    files["licences"] = headed("licences --json", described_struct(Licences))
    files["error"] = headed("Any command's --json where it failed", _failure(document["components"]))
    return {f"{FOLDER}/{file_of(command)}.json": schema for command, schema in files.items()}


def file_of(command: str) -> str:
    """The name of a command's schema, without its ending."""
    return command.replace(" --", "-").replace(" ", "-")


def _demo() -> Schema:
    # Not above: rpc.discover has no need of the jobs.
    from sidecar.jobs.demo import DemoResult

    return described_struct(DemoResult)


def _timer() -> Schema:
    from sidecar.installing.answers import SystemTimer

    return described_struct(SystemTimer)


def _failure(components: Mapping[str, Mapping[str, Any]]) -> Schema:
    kinds = [_of_kind(error) for error in (USAGE, *components["errors"].values())]
    data = {
        "kind": {"type": "string"},
        "hint": {"type": "string"},
        "path": {"type": "string"},
        "detail": {"type": "string"},
        "salvage": {"const": True},
        "refused": {"type": "array", "items": components["schemas"]["RefusedRows"]},
    }
    error = {
        "type": "object",
        "properties": {
            "code": {"type": "integer"},
            "message": {"type": "string", "minLength": 1},
            "data": {"type": "object", "properties": data, "required": ["kind", "hint"]},
            **data,
        },
        "required": ["code", "message", "data", "kind", "hint"],
        "oneOf": kinds,
    }
    return {"type": "object", "properties": {"error": error}, "required": ["error"]}


def _of_kind(error: Mapping[str, Any]) -> Schema:
    named = {name: {"const": value} for name, value in error["data"].items()}
    return {
        "description": error["message"],
        "properties": {"code": {"const": error["code"]}, "data": {"properties": named}, **named},
    }
