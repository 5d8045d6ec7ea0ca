"""Archives as the shipped app writes them, made by hand from Python values; and real ones, tampered with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sidecar.results import COUNT_OF
from tests.support.archives import entries_of, write

Record = dict[str, Any]

TIME = "2025-01-02T03:04:05.123456789Z"

SETTINGS: Record = {}


def task(task_id: str, **fields: Any) -> Record:
    return {
        "id": task_id, "title": f"Task {task_id}", "description": None, "priority": 1, "status": "pending",
        "dependencies": "[]", "time_estimate": 0, "actual_time": 0, "due_date": None, "scheduled_date": None,
        "tags": "[]", "project_id": None, "parent_task_id": None, "subtasks": None, "completed_at": None,
        "created_at": TIME, "updated_at": TIME, "task_list_id": None, "order_num": 0,
        "periodic_template_id": None, "is_periodic_instance": False, "generation_date": None,
    } | fields  # fmt: skip


def session(session_id: str, task_id: str, **fields: Any) -> Record:
    return {
        "id": session_id, "task_id": task_id, "start_time": TIME, "end_time": None, "paused_time": 0,
        "is_active": False, "notes": "", "breaks": "[]", "created_at": TIME,
    } | fields  # fmt: skip


def interaction(interaction_id: str, **fields: Any) -> Record:
    return {
        "id": interaction_id, "message": "Hello", "response": "Hi", "action_taken": None, "reasoning": None,
        "tools_used": "[]", "confidence": 0.5, "created_at": TIME,
    } | fields  # fmt: skip


def dependency(dependency_id: str, task_id: str, depends_on_id: str, **fields: Any) -> Record:
    return {"id": dependency_id, "task_id": task_id, "depends_on_id": depends_on_id, "created_at": TIME} | fields


def template(template_id: str, **fields: Any) -> Record:
    return {
        "id": template_id, "title": f"Template {template_id}", "description": None, "priority": 1, "time_estimate": 0,
        "tags": "[]", "task_list_id": None, "recurrence_type": "daily", "recurrence_interval": 1,
        "recurrence_unit": None, "start_date": TIME, "next_generation_date": TIME, "is_active": True,
        "created_at": TIME, "updated_at": TIME,
    } | fields  # fmt: skip


def without(record: Record, *keys: str) -> Record:
    return {key: value for key, value in record.items() if key not in keys}


def shipped_archive(
    path: Path,
    *,
    metadata: Record | None = None,
    data: Record | None = None,
    settings: Record = SETTINGS,
    templates: bool = True,
    **tables: list[Record],
) -> Path:
    """An archive of the third generation, or of an older one without ``templates``.

    :param metadata, data: keys that replace those of metadata.json, or of data.json.
    """
    names = [name for name in COUNT_OF if templates or name != "periodic_task_templates"]
    sections = {name: tables.get(name, []) for name in names}
    head = {"version": "1.0.0", "created_at": TIME}
    said = head | {COUNT_OF[name]: len(records) for name, records in sections.items()} | (metadata or {})
    entries = {
        "metadata.json": said,
        "data.json": head | sections | {"settings": settings} | (data or {}),
        **{f"{name}.json": records for name, records in sections.items()},
        "settings.json": settings,
    }
    return write(path, {name: as_json(entry) for name, entry in entries.items()})


def as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode()


def entry(path: Path, name: str) -> Any:
    """One entry of an archive, as Python sees it."""
    return json.loads(entries_of(path)[name])


Change = Callable[[dict[str, Any]], object]
"""Changes the entries of an archive, as Python sees them, in place."""


def tampered(source: Path, target: Path, change: Change, sealed: bool = False) -> Path:
    """A copy of ``source`` with its entries changed.

    :param sealed: whether the manifest is brought in line: sizes and hashes, as a forger would.
    """
    entries = {name: json.loads(body) for name, body in entries_of(source).items()}
    change(entries)
    bodies = {name: as_json(body) for name, body in entries.items()}
    if sealed and "manifest.json" in bodies:
        manifest = entries["manifest.json"]
        manifest["entries"] = {
            name: {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            for name, body in bodies.items()
            if name != "manifest.json"
        }
        bodies["manifest.json"] = as_json(manifest)
    return write(target, bodies)
