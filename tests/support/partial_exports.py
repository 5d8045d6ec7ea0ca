"""Exports of a part of a database, and what to choose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sidecar.export.exporting import export_data
from sidecar.jobs.validating import validate_comprehensive
from sidecar.progress import Progress
from sidecar.results import ExportResult
from sidecar.selection.request import PartToExport
from sidecar.system.paths import Places
from tests.support.databases import query


def exported(places: Places, target: Path, *, settings: Any = None, force: bool = False, **chosen: Any) -> ExportResult:
    """An export of a part, which validates without an error."""
    part = PartToExport(**chosen)
    result = export_data(places, str(target), Progress(), settings, force=force, part=part)
    verdict = validate_comprehensive(places, str(target), Progress())
    assert (verdict.errors, verdict.is_valid) == ([], True)
    return result


def a_list(database: Path) -> tuple[str, str]:
    """Id and name of the list with the most tasks."""
    sql = "SELECT l.id, l.name FROM task_lists l JOIN tasks t ON t.task_list_id = l.id GROUP BY l.id ORDER BY count(*)"
    list_id, name = query(database, f"{sql} DESC LIMIT 1")[0]
    return list_id, name
