"""The JSON Schemas: what the code writes is allowed by them, and what they allow of an archive is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sidecar.database.models import CONTRACT, KNOWN
from sidecar.description.archive_schemas import make_archive_schemas
from sidecar.description.command_schemas import make_command_schemas
from sidecar.description.message_schemas import make_schemas
from sidecar.description.openrpc import make_document
from sidecar.stage.problems import Problems
from sidecar.stage.records import RecordReader
from sidecar.wire.methods import METHODS
from tests.conftest import DATA, EVERY_KIND, Copy
from tests.support import shipped
from tests.support.archives import entries_of
from tests.support.databases import execute, export
from tests.support.described import SCHEMAS, allows, faults

BACKUPS = sorted(path.name for path in DATA.glob("*.kpbackup"))
DATABASES = sorted(path.stem for path in DATA.glob("*.db"))

RECORDS: dict[str, dict[str, Any]] = {
    "tasks": shipped.task("t"),
    "time_sessions": shipped.session("s", "t"),
    "ai_interactions": shipped.interaction("i"),
    "task_dependencies": shipped.dependency("d", "t", "t"),
    "periodic_task_templates": shipped.template("p"),
}

VALUES: tuple[Any, ...] = (
    None, True, 0, -(2**63), 2**63, 1.5, "", "text", [], {}, shipped.TIME, "2025-01-02 03:04:05+01:00", "2025-01-02",
    "+10000-01-02T03:04:05Z", "2016-12-31T23:59:60Z", "2025-1-2", "02.01.2025", "2025-01-02T" + "0" * 65,
)  # fmt: skip
"""One of each kind, and the edges of kinds."""


def schema_of(entry: str) -> str:
    """The schema of an entry of an archive."""
    name = f"archive/{entry.removesuffix('.json')}"
    return name if (SCHEMAS / f"{name}.json").is_file() else "archive/table"


def is_read(table: str, record: dict[str, Any]) -> bool:
    """Whether the reader of archives finds nothing wrong with a record."""
    problems = Problems()
    reader = RecordReader(table, None, problems)
    list(reader.rows(reader.decode(json.dumps([record]).encode())))
    return not problems.count("error")


def assert_described(archive: Path) -> set[str]:
    """Every entry is as its schema says; answers the schemas that were used."""
    used = set()
    for name, body in entries_of(archive).items():
        assert faults(schema_of(name), json.loads(body)) == [], name
        used.add(schema_of(name))
    return used


def test_every_method_and_every_entry_has_a_schema() -> None:
    made = make_schemas(make_document()) | make_archive_schemas() | make_command_schemas(make_document())
    assert {path.relative_to(SCHEMAS).as_posix() for path in SCHEMAS.rglob("*.json")} == set(made)
    for method in METHODS:
        assert {f"{part}/{method.removeprefix('$/')}.json" for part in ("params", "results")} <= set(made)
    for schema in made.values():
        assert schema["title"]
        assert "#/components" not in json.dumps(schema), "each file stands alone"


@pytest.mark.parametrize("name", BACKUPS)
def test_backups_of_every_generation_are_as_described(name: str) -> None:
    assert "archive/data" in assert_described(DATA / name)


@pytest.mark.parametrize("name", DATABASES)
def test_our_backups_are_as_described(name: str, database_copy: Copy, tmp_path: Path) -> None:
    archive = tmp_path / "backup.kpbackup"
    export(database_copy(name), archive)
    assert {"archive/manifest", "archive/table"} <= assert_described(archive)


def test_a_backup_of_values_that_no_record_can_say_is_as_described(fresh_database: Path, tmp_path: Path) -> None:
    execute(
        fresh_database,
        "UPDATE tasks SET created_at = '2026-11-22 16:07:21', priority = NULL, tags = x'00ff', time_estimate = 1.5",
        "UPDATE ai_interactions SET confidence = 9e999",
        "CREATE TABLE notes (id INTEGER PRIMARY KEY, body)",
        "INSERT INTO notes (body) VALUES (x'00ff'), (-9e999), (CAST(x'ff' AS TEXT)), (1), (1.5), ('text'), (NULL)",
    )
    archive = tmp_path / "backup.kpbackup"
    export(fresh_database, archive)
    assert "archive/exact" in assert_described(archive)
    storages = {cell["storage"] for cell in json.loads(entries_of(archive)["exact.json"])}
    assert storages == {"null", "integer", "real", "text", "blob"} - {"integer"}


@pytest.mark.slow(but=24)
@pytest.mark.parametrize(("table", "column"), [(table, column) for table in CONTRACT for column in KNOWN[table]])
def test_the_schema_of_a_record_allows_what_is_read_and_nothing_else(table: str, column: str) -> None:
    name, record = f"archive/{table}", RECORDS[table]
    assert is_read(table, record)
    assert allows(name, [record])
    without = shipped.without(record, column)
    assert allows(name, [without]) == is_read(table, without)
    for value in VALUES:
        changed = record | {column: value}
        assert allows(name, [changed]) == is_read(table, changed), value


@pytest.mark.parametrize("value", [*VALUES[:6], "text"])
def test_a_column_of_a_newer_app_is_allowed_where_it_is_read(value: object) -> None:
    record = RECORDS["tasks"] | {"mood": value}
    assert allows("archive/tasks", [record])
    assert is_read("tasks", record) == (value != 2**63), "SQLite has no longer integers"


def test_what_is_no_backup_is_not_allowed(real_files: Path) -> None:
    metadata = json.loads(entries_of(real_files / f"{EVERY_KIND}.kpbackup")["metadata.json"])
    data = json.loads(entries_of(real_files / f"{EVERY_KIND}.kpbackup")["data.json"])
    for name, whole in (("archive/metadata", metadata), ("archive/data", data)):
        assert allows(name, whole)
        assert not allows(name, whole | {"version": "2.0.0"})
        assert not allows(name, {key: value for key, value in whole.items() if key != "version"})
        assert not allows(name, [])
    assert not allows("archive/metadata", metadata | {"task_count": "12"})
    assert not allows("archive/data", shipped.without(data, "tasks"))
    assert not allows("archive/data", data | {"tasks": {}})
    cell = {"table": "tasks", "row": 0, "id": None, "column": "tags", "storage": "blob", "base64": "AA=="}
    assert allows("archive/exact", [cell])
    assert not allows("archive/exact", [cell | {"storage": "bytes"}])
    assert not allows("archive/exact", [shipped.without(cell, "row")])


@pytest.mark.slow
def test_every_error_is_described_with_its_code_and_hint() -> None:
    for kind, error in make_document()["components"]["errors"].items():
        told = {"code": error["code"], "message": "A sentence.", "data": {"kind": kind, "hint": error["data"]["hint"]}}
        assert faults("error", told) == []
        assert faults("error", told | {"code": error["code"] + 1000})
        assert faults("error", told | {"data": told["data"] | {"hint": "Do something else."}})
        assert faults("error", shipped.without(told, "data"))


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_params_are_refused_by_the_schema_where_the_method_refuses_them(method: Any) -> None:
    name = f"params/{method.name.removeprefix('$/')}"
    every = {"filePath": "b.kpbackup", "overwrite": True, "id": 1, "progressToken": "t"}
    known = {key: value for key, value in every.items() if key in method.params.__struct_encode_fields__}
    for params in (known, known | {"more": 1}, {}, *(known | {key: [1.5]} for key in known)):
        try:
            msgspec.convert(params, method.params)
            taken = True
        except msgspec.ValidationError:
            taken = False
        assert allows(name, params) == taken, params
