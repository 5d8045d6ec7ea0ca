"""Where a task, or another row, stands in all backups there are: since when, until when, and what changed in between.

Each backup's records are read as a stream, twice: once to find out which are meant, once to follow them. Memory holds
the rows that are told of, and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from sidecar.archive import manifest as names
from sidecar.archive.forms import ExactCell
from sidecar.archive.json_stream import Array, Document
from sidecar.archive.manifest import part_of
from sidecar.archive.zip_reading import ZipReader
from sidecar.automatic.shelf import all_files
from sidecar.comparison.answers import Found, Searched, Version
from sidecar.comparison.sides import NOW, archived
from sidecar.errors.backups import BackupError, DamagedBackup
from sidecar.errors.base import SidecarError
from sidecar.errors.databases import DatabaseError
from sidecar.errors.paths import PathError
from sidecar.json_wording import in_words
from sidecar.merging.answers import shown_value
from sidecar.progress import Progress
from sidecar.selection.words import WORDS, folded
from sidecar.stage.head import read_head
from sidecar.system.files import open_source
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import Places

TASKS, LISTS = "tasks", "task_lists"

MOST = 50
"""Most tasks and other rows that are told of; how many more there are is said."""

PHASES = {"search": 0.5, "follow": 0.5}

_TOUCHED = "updated_at"
"""Says that something changed; of interest only where nothing else did."""

LONGEST_TITLE = 200
"""Most characters of what a row is known by: a note may be long."""

T = TypeVar("T")

Record = dict[str, Any]

Row = tuple[str, str]
"""Table and id."""


@dataclass(frozen=True)
class _State:
    """A backup: when it was made, what it is called, and the archive that is read; whether it holds a part alone."""

    moment: datetime
    name: str
    archive: str
    is_partial: bool


@dataclass
class _Followed:
    """A task, or another row, on its way through the backups."""

    table: str
    versions: list[Version] = field(default_factory=list)
    last: Record | None = None
    vanished: datetime | None = None
    in_database: bool = False

    def seen(self, name: str, moment: datetime, record: Record | None, lists: Mapping[str, str]) -> None:
        if record is None:
            self.vanished = self.vanished or (moment if self.versions else None)
            self.in_database = False
            return
        came_back, self.vanished, self.in_database = self.vanished is not None, None, name == NOW
        if self.last == record and not came_back:
            version = self.versions[-1]
            version.last_backup, version.until, version.backups = name, moment, version.backups + 1
            return
        changed = [] if self.last is None else _changed(self.last, record)
        self.last = record
        self.versions.append(
            Version(
                first_backup=name,
                last_backup=name,
                since=moment,
                until=moment,
                backups=1,
                title=_title(self.table, record),
                task_list=lists.get(str(record.get("task_list_id"))),
                status=shown_value(status) if isinstance(status := record.get("status"), (str, int, float)) else None,
                fields=changed,
            )
        )


def find_in_backups(
    places: Places, query: str, progress: Progress, by_id: bool = False, everywhere: bool = False
) -> Searched:
    """The tasks in whose words ``query`` is, or whose id it is, in each backup and in the database.

    :param everywhere: look into rows of all types that have words; else into tasks alone.

    What cannot be read is a warning, not a failure: the other backups are looked into all the same.
    Raises PathError for a folder of ours that cannot be read, WorkFolderUnusable, Cancelled.
    """
    progress.plan(PHASES)
    files = [*all_files(places), places.database]
    progress.phase("search", len(files), "backups", "Searching the backups")
    with ExitStack() as stack:
        search = _Search(places, query, tuple(WORDS) if everywhere else (TASKS,), by_id, progress, stack)
        for path in files:
            search.look_into(path)
            progress.advance(1)
        told = list(search.wanted)[:MOST]
        followed = _follow(search, told, progress)
    return Searched(
        query=query,
        tasks=[_found(row_id, row) for (table, row_id), row in followed.items() if row.versions and table == TASKS],
        backups=sum(state.name != NOW for state in search.states),
        more=max(0, len(search.wanted) - MOST),
        warnings=search.warnings,
        others=[_found(row_id, row) for (table, row_id), row in followed.items() if row.versions and table != TASKS],
    )


class _Search:
    """The first reading: which rows are meant, and which backups can be read."""

    def __init__(
        self,
        places: Places,
        query: str,
        tables: tuple[str, ...],
        by_id: bool,
        progress: Progress,
        stack: ExitStack,
    ) -> None:
        self._places = places
        self._query = folded(query)
        self._tables = tables
        self._by_id = by_id
        self._progress = progress
        self._stack = stack
        self.states: list[_State] = []
        self.wanted: dict[Row, None] = dict.fromkeys((table, query) for table in tables) if by_id else {}
        self.warnings: list[str] = []

    def look_into(self, path: Path) -> None:
        """Note the rows of a backup that are meant; a warning where it cannot be read."""
        try:
            # What had to be made for it stays until it was read a second time.
            archive = self._stack.enter_context(archived(path, self._places, self._progress.quietly())).path
            is_now = path == self._places.database
            moment, is_partial = (datetime.now(UTC), False) if is_now else _moment(Path(archive))
            found = [] if self._by_id else list(self._found_in(archive))
        except (BackupError, PathError, DatabaseError) as error:
            self._warn(path, error)
        else:
            self.states.append(_State(moment, NOW if is_now else str(path), archive, is_partial))
            self.wanted.update(dict.fromkeys(found))

    def in_order(self) -> list[_State]:
        """The backups that can be read, from the oldest on; the database comes last."""
        return sorted(self.states, key=lambda state: (state.name == NOW, state.moment))

    def leave_out(self, state: _State, error: SidecarError) -> None:
        """Note that one of them cannot be read after all."""
        self.states.remove(state)
        self._warn(state.name, error)

    def _warn(self, which: Path | str, error: SidecarError) -> None:
        self.warnings.append(f"{which} could not be looked into: {error.message}")

    def _found_in(self, archive: str) -> Iterator[Row]:
        for table in self._tables:
            for record in _records(archive, table, self._progress):
                words = (str(record.get(column) or "") for column in WORDS[table])
                if "id" in record and any(self._query in folded(text) for text in words):
                    yield table, str(record["id"])


def _follow(search: _Search, told: list[Row], progress: Progress) -> dict[Row, _Followed]:
    followed = {row: _Followed(row[0]) for row in told}
    states = search.in_order()
    progress.phase("follow", len(states), "backups", "Following what was found")
    for state in states if told else ():
        try:
            here, lists = _standing(state.archive, followed, progress)
        except (BackupError, PathError) as error:
            search.leave_out(state, error)
            continue
        for row, task in followed.items():
            # What a part of the data does not hold may well have been there.
            if row in here or not state.is_partial:
                task.seen(state.name, state.moment, here.get(row), lists)
        progress.advance(1)
    return followed


def _standing(
    archive: str, followed: Mapping[Row, _Followed], progress: Progress
) -> tuple[dict[Row, Record], dict[str, str]]:
    """Those of the rows that stand in a backup, and the names of its lists by their ids."""
    places = {
        (table, index): record
        for table in {table for table, _ in followed}
        for index, record in enumerate(_records(archive, table, progress))
        if (table, str(record.get("id"))) in followed
    }
    _say_exactly(archive, places, progress)
    lists = {str(record.get("id")): str(record.get("name")) for record in _records(archive, LISTS, progress)}
    return {(table, str(record["id"])): record for (table, _), record in places.items()}, lists


def _say_exactly(archive: str, places: Mapping[tuple[str, int], Record], progress: Progress) -> None:
    """Let records, told by table and index, say what only exact.json can: a template's list, and that a field is
    empty where the app wants a value. Other values differ there in how they are spelled."""
    cells = _streamed(archive, lambda reader: _batches_of(reader, names.EXACT, ExactCell), names.EXACT, progress)
    for cell in cells if places else ():
        record = places.get((cell.table, cell.row))
        if record is not None and cell.base64 is None and (cell.value is None or record.get(cell.column) is None):
            record[cell.column] = cell.value


def _found(task_id: str, task: _Followed) -> Found:
    return Found(
        id=task_id,
        title=task.versions[-1].title,
        versions=task.versions,
        vanished=task.vanished,
        in_database=task.in_database,
        table=task.table,
    )


def _changed(before: Record, after: Record) -> list[str]:
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return [key for key in changed if key != _TOUCHED] or changed


def _title(table: str, record: Record) -> str:
    """What a row is known by: the first of its words."""
    words = (str(record.get(column) or "") for column in WORDS[table])
    return next(filter(None, words), "")[:LONGEST_TITLE]


def _moment(archive: Path) -> tuple[datetime, bool]:
    """When a backup was made, as it says itself, else by its file; and whether it holds a part of the data alone."""
    with open_source(str(archive)) as file, file_errors(archive, Act.UNPACK):
        metadata, manifest = read_head(ZipReader(file))
        is_partial = part_of(metadata, manifest) is not None
        try:
            # Nine digits of a second are more than Python has.
            return datetime.fromisoformat(f"{metadata.created_at[:19]}+00:00"), is_partial
        except ValueError:
            return datetime.fromtimestamp(archive.stat().st_mtime, UTC), is_partial


def _records(archive: str, table: str, progress: Progress) -> Iterator[Record]:
    """The records of a table, as the backup has them. Raises PathError, BackupError, Cancelled."""
    return _streamed(archive, lambda reader: _batches(reader, table), table, progress)


def _streamed(
    archive: str, batches: Callable[[ZipReader], Iterator[list[T]]], what: str, progress: Progress
) -> Iterator[T]:
    with open_source(archive, progress) as file, file_errors(Path(archive), Act.UNPACK):
        try:
            for batch in batches(ZipReader(file)):
                progress.advance(0)
                yield from batch
        except msgspec.ValidationError as error:
            raise DamagedBackup(detail=f"{what}: {in_words(error)}") from error


def _batches(archive: ZipReader, table: str) -> Iterator[list[Record]]:
    entry = names.section_entry(table)
    if entry in archive.names:
        yield from _batches_of(archive, entry, Record)
    elif names.DATA in archive.names:
        decode = msgspec.json.Decoder(list[Record]).decode
        for key, value in Document(names.DATA, archive.pieces(names.DATA)).members():
            if isinstance(value, Array) and key == table:
                yield from value.batches(decode)
            elif isinstance(value, Array):
                value.skip()


def _batches_of(archive: ZipReader, entry: str, kind: type[T]) -> Iterator[list[T]]:
    if entry in archive.names:
        yield from Document(entry, archive.pieces(entry)).records(msgspec.json.Decoder(list[kind]).decode)  # type: ignore[valid-type]
