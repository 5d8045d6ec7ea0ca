"""The JSON that the first releases (v0.0.1 to v0.0.7, August 2025) saved as a backup -> an archive of today's form.

``kirapilot-backup-YYYY-MM-DD.json``: one object with camelCase names, its lists out of the page's localStorage. Read
in several passes, a batch of records at a time. Values that are not as that release wrote them are handed on as they
are: the reader of archives judges them, as it does every other's. protocol/FORMAT.md has the table of names.
"""

from __future__ import annotations

import math
import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from sidecar.archive import limits
from sidecar.archive.archive_writing import ArchiveWriter
from sidecar.archive.json_stream import Array, Document
from sidecar.archive.manifest import TableManifest, Writer, section_entry
from sidecar.archive.settings import KEYS, read_settings
from sidecar.archive.timestamps import is_moment
from sidecar.database.models import CONTRACT, KNOWN
from sidecar.errors.backups import DamagedBackup, LimitExceeded, NotABackup
from sidecar.progress import Progress
from sidecar.results import COUNT_OF, BackupMetadata
from sidecar.sources.recognising import OTHER_JSON
from sidecar.system.workfolder import folder_errors, new_file, require_space

NAME = "The backup"

_PIECE_BYTES = 256 << 10
_HELD_BACK_BYTES = 64 << 10

_SURROGATE = re.compile(
    rb"(?<!\\)(?P<before>(?:\\\\)*+)"
    rb"(?:(?P<pair>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_OF_ESCAPES = rb"\u0123456789abcdefABCDEF"

Turn = Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _whole(value: Any) -> Any:
    """JavaScript has no whole numbers: what a column of such takes is rounded."""
    return round(value) if isinstance(value, float) and math.isfinite(value) else value


def _json(value: Any) -> Any:
    """A list or an object as the text that the database keeps."""
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value


def _json_unless_empty(value: Any) -> Any:
    return _json(value) if value else None


_TASK: dict[str, tuple[str, Turn]] = {
    "id": ("id", _same), "title": ("title", _same), "description": ("description", _same),
    "priority": ("priority", _whole), "status": ("status", _same), "dependencies": ("dependencies", _json),
    "timeEstimate": ("time_estimate", _whole), "actualTime": ("actual_time", _whole), "dueDate": ("due_date", _same),
    "scheduledDate": ("scheduled_date", _same), "tags": ("tags", _json), "projectId": ("project_id", _same),
    "parentTaskId": ("parent_task_id", _same), "subtasks": ("subtasks", _json),
    "completedAt": ("completed_at", _same), "createdAt": ("created_at", _same), "updatedAt": ("updated_at", _same),
}  # fmt: skip
# The page keeps paused_time in milliseconds to this day: it takes it from a duration in milliseconds as it stands.
_TIME_SESSION: dict[str, tuple[str, Turn]] = {
    "id": ("id", _same), "taskId": ("task_id", _same), "startTime": ("start_time", _same),
    "endTime": ("end_time", _same), "pausedTime": ("paused_time", _whole), "isActive": ("is_active", _same),
    "notes": ("notes", _same), "breaks": ("breaks", _json), "createdAt": ("created_at", _same),
}  # fmt: skip
_FOCUS_SESSION: dict[str, tuple[str, Turn]] = {
    "id": ("id", _same), "taskId": ("task_id", _same), "plannedDuration": ("planned_duration", _whole),
    "actualDuration": ("actual_duration", _whole), "focusScore": ("focus_score", _same),
    "distractionCount": ("distraction_count", _whole), "distractionLevel": ("distraction_level", _same),
    "backgroundAudio": ("background_audio", _json), "notes": ("notes", _same), "breaks": ("breaks", _json),
    "metrics": ("metrics", _json), "createdAt": ("created_at", _same), "completedAt": ("completed_at", _same),
}  # fmt: skip
_CONVERSATION: dict[str, tuple[str, Turn]] = {
    "id": ("id", _same), "message": ("message", _same), "response": ("response", _same),
    "timestamp": ("created_at", _same), "actions": ("action_taken", _json_unless_empty),
    "reasoning": ("reasoning", _same),
}  # fmt: skip

LISTS: dict[str, tuple[str, dict[str, tuple[str, Turn]]]] = {
    "tasks": ("tasks", _TASK),
    "timeSessions": ("time_sessions", _TIME_SESSION),
    "aiConversations": ("ai_interactions", _CONVERSATION),
    "focusSessions": ("focus_sessions", _FOCUS_SESSION),
}
"""Key of the document -> the table its records belong to, and the column of each of their keys."""

_MARKS = {"timeSessions", "focusSessions", "aiConversations", "exportMetadata"}
"""Keys of which another program's JSON has hardly two."""

_KEYS = {*LISTS, *_MARKS, "preferences", "privacySettings"}

_COLUMNS = {table: [column for column, _ in columns.values()] for table, columns in LISTS.values()}

_SETTINGS = dict(zip(("preferences", "privacySettings"), KEYS, strict=True))
_DEPENDENCY = ("id", "task_id", "depends_on_id", "created_at")
_EARLIEST = "1980-01-01T00:00:00Z"
"""The first time that a ZIP can tell."""


@dataclass
class _Head:
    """What a first pass finds: the keys, whatever is no list, the ids of the tasks, how many records each list has.

    ``halves`` counts what is half a character.
    """

    keys: set[str] = field(default_factory=set)
    values: dict[str, bytes] = field(default_factory=dict)
    tasks: set[str] = field(default_factory=set)
    records: Counter[str] = field(default_factory=Counter)
    halves: int = 0


def write_archive(file: BinaryIO, target: Path, progress: Progress) -> list[str]:
    """Write what the document holds to the new file ``target``; answers what was left out, in sentences.

    Raises NotABackup for other JSON, DamagedBackup, LimitExceeded, DiskFull, WorkFolderUnusable, Cancelled.
    """
    size = file.seek(0, 2)
    if size > limits.MAX_FIRST_JSON_BYTES:
        raise LimitExceeded(detail=f"JSON of {size:,} bytes, {limits.MAX_FIRST_JSON_BYTES:,} at most")
    require_space(target.parent, size, "reading the backup")
    head = _read_head(file, progress)
    new_file(target.parent, target.name)
    with folder_errors(target.parent.parent), target.open("r+b") as archive:
        return _Rewriting(file, head, progress).write(archive)


class _Rewriting:
    """One document on its way into an archive."""

    def __init__(self, file: BinaryIO, head: _Head, progress: Progress) -> None:
        self._file = file
        self._head = head
        self._progress = progress
        self._tables: dict[str, TableManifest] = {}
        self._left_out: Counter[str] = Counter()

    def write(self, file: BinaryIO) -> list[str]:
        created_at = _created_at(self._head)
        archive = ArchiveWriter(file, created_at, large=False)
        sources: dict[str, Callable[[], Iterator[Any]]] = {
            table: partial(self._records, key, table, columns) for key, (table, columns) in LISTS.items()
        }
        sources["task_dependencies"] = self._dependencies
        for table in (*CONTRACT, *sorted(sources.keys() - set(CONTRACT))):
            self._section(archive, table, sources.get(table, lambda: iter(())))
        metadata = BackupMetadata(created_at=created_at)
        for table, count in COUNT_OF.items():
            setattr(metadata, count, self._tables[table].rows if table in self._tables else 0)
        archive.metadata(metadata)
        settings, remarks = self._settings()
        archive.finish(settings, None, self._tables, [], Writer("kirapilot", "0.0"))
        return [*self._remarks(), *remarks]

    def _section(self, archive: ArchiveWriter, table: str, source: Callable[[], Any]) -> None:
        # What no record speaks of is missing from each: whoever reads the archive has to look for it.
        columns: dict[str, None] = dict.fromkeys(_COLUMNS.get(table, ()))
        rows = 0

        def bodies() -> Iterator[bytes]:
            nonlocal rows
            for record in source():
                columns.update(dict.fromkeys(record if isinstance(record, dict) else ()))
                rows += 1
                yield b"," + msgspec.json.encode(record)

        archive.section(table, bodies())
        # A list that is empty says nothing: the page's own was, when the tasks lay in the database already.
        if rows:
            known = KNOWN[table]
            types = {column: known[column].field_type for column in columns}
            # Records of the contract are judged by the code's own word, as they are read.
            needed = [column for column in columns if table not in CONTRACT and not known[column].null]
            self._tables[table] = TableManifest(
                section_entry(table), rows, types, ["id"], not_null=needed or msgspec.UNSET
            )

    def _records(self, key: str, table: str, columns: dict[str, tuple[str, Turn]]) -> Iterator[Any]:
        for record in _records(self._file, key, self._progress):
            if not isinstance(record, dict):
                yield record
                continue
            task = record.get("taskId")
            if "taskId" in columns and isinstance(task, str) and task not in self._head.tasks:
                self._left_out[f"{table} of a task that the backup does not hold"] += 1
                continue
            for unknown in record.keys() - columns.keys():
                if record[unknown] not in (None, [], {}, ""):
                    self._left_out[
                        f"{table} with {unknown}, which has no place in the database: that part of them"
                    ] += 1
            yield self._turned(record, table, columns)

    def _turned(self, record: dict[str, Any], table: str, columns: dict[str, tuple[str, Turn]]) -> dict[str, Any]:
        turned = {column: turn(record[key]) for key, (column, turn) in columns.items() if key in record}
        # An absent key is an undefined value; one that the database needs is told of by whoever reads the archive.
        optional = {column for column, _ in columns.values() if not KNOWN[table][column].required}
        return dict.fromkeys(optional - turned.keys()) | turned

    def _dependencies(self) -> Iterator[dict[str, Any]]:
        for task in _records(self._file, "tasks", self._progress):
            if not isinstance(task, dict) or not isinstance(task.get("dependencies"), list):
                continue
            named = dict.fromkeys(one for one in task["dependencies"] if isinstance(one, str))
            for other in named:
                if other not in self._head.tasks:
                    self._left_out["task_dependencies on a task that the backup does not hold"] += 1
                    continue
                made = uuid.uuid5(uuid.NAMESPACE_OID, f"{task.get('id')} {other}")
                values = (str(made), task.get("id"), other, task.get("createdAt"))
                yield dict(zip(_DEPENDENCY, values, strict=True))

    def _settings(self) -> tuple[dict[str, Any], list[str]]:
        given = {
            setting: msgspec.json.decode(self._head.values[key])
            for key, setting in _SETTINGS.items()
            if key in self._head.values
        }
        taken = read_settings(given)
        return dict(taken.clean), list(taken.warnings)

    def _remarks(self) -> list[str]:
        remarks = [
            "The backup is of KiraPilot's first releases (JSON): what such a backup does not speak of stays as it is"
        ]
        empty = [key for key in LISTS if key in self._head.keys and not self._head.records[key]]
        if empty:
            remarks.append(f"It holds no {', '.join(empty)}: those of KiraPilot stay as they are")
        if self._head.halves:
            remarks.append(
                f"Half a character, which no text can hold, is shown as \ufffd ({self._head.halves:,} times)"
            )
        return remarks + [f"{count:,} {what} is left out" for what, count in self._left_out.items()]


def _read_head(file: BinaryIO, progress: Progress) -> _Head:
    head = _Head()
    try:
        for key, value in Document(NAME, _pieces(file, progress, head)).members():
            head.keys.add(key)
            if not isinstance(value, Array):
                head.values[key] = value
            elif key in LISTS:
                for batch in value.batches(_decode):
                    head.records[key] += len(batch)
                    if key == "tasks":
                        head.tasks.update(one["id"] for one in batch if _has_id(one))
    except DamagedBackup as error:
        if not head.keys or not head.keys <= _KEYS:
            raise NotABackup(detail=OTHER_JSON) from error
        raise
    if len(head.keys & _MARKS) < 2 or any(key in head.values for key in LISTS):
        raise NotABackup(detail=OTHER_JSON)
    return head


def _has_id(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("id"), str)


def _decode(body: bytes) -> list[Any]:
    decoded: list[Any] = msgspec.json.decode(body, type=list[Any])
    return decoded


def _records(file: BinaryIO, wanted: str, progress: Progress) -> Iterator[Any]:
    for key, value in Document(NAME, _pieces(file, progress)).members():
        if key == wanted and isinstance(value, Array):
            for batch in value.batches(_decode):
                yield from batch


def _pieces(file: BinaryIO, progress: Progress, head: _Head | None = None) -> Iterator[bytes]:
    """The document, with U+FFFD for half a character, which JavaScript's texts may hold; ``head`` counts them."""
    file.seek(0)
    rest = b""
    while piece := file.read(_PIECE_BYTES):
        progress.check()
        piece = rest + piece
        # An escape is in one piece with what may be its other half.
        end = len(piece.rstrip(_OF_ESCAPES))
        end = end if len(piece) - end < _HELD_BACK_BYTES else len(piece)
        whole, halves = _mended(piece[:end])
        rest = piece[end:]
        if head is not None:
            head.halves += halves
        yield whole
    yield _mended(rest)[0]


def _mended(piece: bytes) -> tuple[bytes, int]:
    halves = 0

    def mend(found: re.Match[bytes]) -> bytes:
        nonlocal halves
        if found["pair"]:
            return found[0]
        halves += 1
        return found["before"] + rb"\ufffd"

    return (_SURROGATE.sub(mend, piece), halves) if rb"\u" in piece else (piece, 0)


def _created_at(head: _Head) -> str:
    try:
        about = msgspec.json.decode(head.values.get("exportMetadata", b"{}"), type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        return _EARLIEST
    said = about.get("exportDate")
    return said if isinstance(said, str) and is_moment(said) and said >= _EARLIEST else _EARLIEST
