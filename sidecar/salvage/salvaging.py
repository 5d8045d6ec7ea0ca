"""Damaged archive -> stage: the records that can be proved, each of them, and no other.

A record is proved when it stands in an entry that is sound, in a list of data.json that is byte for
byte what its own entry was, or word for word in both places that an archive keeps it in. Whatever
else is found is counted and left out. protocol/IMPORT.md, "Salvage", says why.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from sidecar.archive import limits
from sidecar.archive import manifest as names
from sidecar.archive.forms import ExactCell
from sidecar.archive.json_stream import Array, Document
from sidecar.archive.part import remark_on_part
from sidecar.database.introspection import quote
from sidecar.database.models import CONTRACT
from sidecar.errors.backups import (
    BackupError,
    DamagedBackup,
    InvalidBackup,
    InvalidMetadata,
    MissingData,
    NotABackup,
    NothingToSalvage,
)
from sidecar.errors.base import Cancelled, SidecarError
from sidecar.json_wording import in_words
from sidecar.progress import Progress
from sidecar.results import COUNT_OF, VERSION, BackupMetadata
from sidecar.salvage.account import DIFFERENT, LOST, UNPROVED, Salvage
from sidecar.salvage.candidates import BOTH, DATA, SECTION, Candidates
from sidecar.salvage.json_fragments import Fragment, Scan, fragment
from sidecar.salvage.soundness import decoded_settings, survey
from sidecar.salvage.zip_entries import Wreck
from sidecar.stage.checks import check
from sidecar.stage.head import require_version
from sidecar.stage.judged import Judged
from sidecar.stage.problems import PARTIAL, Problems
from sidecar.stage.records import RecordReader
from sidecar.stage.stage import ROW, Stage, as_known_cell
from sidecar.stage.staging import Contents
from sidecar.system.files import open_source
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.workfolder import free_space, work_errors, work_folder

UNASKED_BYTES = 4 << 30
"""Most bytes that are unpacked to find out whether a salvage is worth a mention: nobody asked for it."""

SUGGESTION = "A part of it can still be saved: import it with salvage, which shows what first."
"""Added to the sentence of a refusal when that is so."""


@dataclass
class Salvaged(Judged):
    """A damaged archive of which the provable part was staged."""

    salvage: Salvage

    def require_valid(self) -> None:
        """Raise NothingToSalvage if nothing at all can be proved."""
        if not any(table.rows for table in self.stage.tables.values() if table.carried):
            raise NothingToSalvage(detail="; ".join(self.salvage.damage[:3]) or "none of its records can be a row")


@contextmanager
def salvaged(
    file_path: str, work_dir: Path, progress: Progress, encoding: str = "UTF-8", most: int = sys.maxsize
) -> Iterator[Salvaged]:
    """What can be proved of a backup, staged; the stage is gone at the end.

    :param most: bytes that its entries may take, unpacked; never more than there is space for.
    Raises PathError, LimitExceeded, TooNew, UnsupportedVersion, WorkFolderUnusable, DiskFull, Cancelled.
    """
    with open_source(file_path, progress) as file, work_folder(work_dir) as folder, work_errors(work_dir):
        free = free_space(folder)
        with file_errors(Path(file_path), Act.UNPACK):
            wreck = Wreck(file, min(most if free is None else free, most), progress.check)
        progress.phase("stage", 1, "backups", "Reading what is left of the backup")
        evidence = survey(file, wreck)
        stage = Stage(folder, encoding)
        try:
            salvage = Salvage(evidence, damage=evidence.damage)
            problems = Problems()
            contents = _Salvaging(salvage, stage, progress).run()
            if contents.part is not None:
                problems.warning(PARTIAL, remark_on_part(contents.part))
            check(stage, contents.metadata, problems, progress)
            yield Salvaged(stage, contents, problems, salvage)
        finally:
            stage.close()


@contextmanager
def offering_salvage(file_path: str, work_dir: Path, progress: Progress, asked: bool = False) -> Iterator[None]:
    """Say of a backup that is refused for damage whether a salvage, unless one is asked for, would get anything out."""
    try:
        yield
    except (DamagedBackup, InvalidBackup, InvalidMetadata, MissingData, NotABackup) as error:
        if not asked and _can_salvage(file_path, work_dir, progress.quietly()):
            error.suggestion = SUGGESTION
        raise


@contextmanager
def nothing_in_it(asked: bool) -> Iterator[None]:
    """Say of a file that is no backup at all, when a salvage was asked for, that there is nothing to be had of it."""
    try:
        yield
    except NotABackup as error:
        if not asked:
            raise
        raise NothingToSalvage(path=error.path, detail=error.detail) from error


def _can_salvage(file_path: str, work_dir: Path, progress: Progress) -> bool:
    try:
        with salvaged(file_path, work_dir, progress, most=UNASKED_BYTES) as backup:
            backup.require_valid()
    except Cancelled:
        raise
    except SidecarError:
        return False
    return True


class _Salvaging:
    """One wreck on its way into a stage."""

    def __init__(self, salvage: Salvage, stage: Stage, progress: Progress) -> None:
        self._salvage = salvage
        self._evidence = salvage.evidence
        self._stage = stage
        self._progress = progress
        self._candidates = Candidates(stage.connection)
        self._settings: dict[str, msgspec.Raw] | None = None
        self._created_at = ""
        self._version = self._evidence.metadata.version if self._evidence.metadata else VERSION

    def run(self) -> Contents:
        tables = self._evidence.entries()
        self._read_data()
        for table, entry in tables.items():
            self._read_section(table, entry)
        self._candidates.index()
        by_index = {table for table in tables if self._choose(table)}
        for table in tables:
            self._stage_table(table)
        self._candidates.drop()
        self._set_exact(by_index)
        return self._contents()

    # Finding

    def _read_data(self) -> None:
        evidence = self._evidence
        if names.DATA in evidence.sound:
            try:
                self._candidates.add(DATA, self._document_of_data())
            except DamagedBackup as error:
                self._salvage.damage.append(error.detail)
                self._candidates.forget(DATA)
            else:
                return
        copy = evidence.sound.get(names.DATA) or evidence.unsound.get(names.DATA)
        if copy is not None:
            sound = names.DATA in evidence.sound
            scan = Scan(evidence.wreck.unpack(copy), None, sound)
            self._candidates.add(DATA, scan)
            for table, extent in scan.arrays.items():
                if sound or evidence.proves(table, extent):
                    self._candidates.note_sound(DATA, table, extent.whole)

    def _document_of_data(self) -> Iterator[Fragment]:
        """data.json read as JSON, as long as it is."""
        pieces = self._evidence.wreck.unpack(self._evidence.sound[names.DATA])
        for key, value in Document(names.DATA, pieces).members():
            if isinstance(value, Array):
                if key in CONTRACT:
                    yield from _fragments(key, value.batches(_raws))
                    self._candidates.note_sound(DATA, key, whole=True)
            elif key == "version":
                self._version = max(self._version, require_version(value), key=len)
            elif key == "created_at":
                self._created_at = _text(value)
            elif key == "settings":
                self._settings = decoded_settings(value)

    def _read_section(self, table: str, entry: str) -> None:
        evidence = self._evidence
        if entry in evidence.sound:
            pieces = evidence.wreck.unpack(evidence.sound[entry])
            try:
                self._candidates.add(SECTION, _fragments(table, Document(entry, pieces).records(_raws)))
                self._candidates.note_sound(SECTION, table, whole=True)
            except DamagedBackup as error:
                self._salvage.damage.append(error.detail)
                self._candidates.forget(SECTION, table)
            else:
                return
        copy = evidence.sound.get(entry) or evidence.unsound.get(entry)
        if copy is not None:
            scan = Scan(evidence.wreck.unpack(copy), table, entry in evidence.sound)
            self._candidates.add(SECTION, scan)
            if entry in evidence.sound:
                self._candidates.note_sound(SECTION, table, whole=False)

    # Choosing

    def _choose(self, table: str) -> bool:
        """Mark what is proved, count what is not; answers whether the records' indexes are those of the archive."""
        candidates, salvage = self._candidates, self._salvage
        sources = candidates.sound_sources(table)
        if sources == BOTH and not candidates.same(table):
            salvage.damage.append(f"{names.section_entry(table)} and {names.DATA} do not hold the same records")
            candidates.take_all(table, BOTH)
        elif sources:
            candidates.take_all(table, sources[:1])
        else:
            candidates.take_agreeing(table)
        self._count_left_out(table)
        return candidates.settled(table) and (sources != BOTH or candidates.same(table))

    def _count_left_out(self, table: str) -> None:
        """Each record that is not taken once, whichever places it was found in."""
        candidates, salvage = self._candidates, self._salvage
        taken, expected = candidates.taken(table), self._evidence.expected(table)
        room = None if expected is None else max(expected - taken, 0)
        sound = bool(candidates.sound_sources(table))
        found = {DIFFERENT: candidates.contradicting(table)}
        if not candidates.settled(table):
            found[UNPROVED] = candidates.unproved(table)
        for reason, some in found.items():
            # A record whose id is damaged looks like two: there are no more than the archive says.
            count = some.count if room is None or sound else min(some.count, room)
            salvage.leave_out(table, reason, count, ((row_id, None) for row_id in some.ids[:count]))
            room = None if room is None else max(room - count, 0)
        if room:
            salvage.leave_out(table, LOST, room)
        if expected is not None and taken > expected:
            held = f"{taken:,} {'record' if taken == 1 else 'records'}"
            salvage.damage.append(f"{table} holds {held}, but the backup says {expected:,}")

    # Staging

    def _stage_table(self, table: str) -> None:
        manifest, taken = self._evidence.manifest, self._candidates.taken(table)
        if not taken and not self._candidates.sound_sources(table):
            return
        described = manifest.tables.get(table) if manifest else None
        if manifest is not None and described is None:
            return  # empty for the shipped app's sake: the database had no such table
        staged = self._stage.declare(table, described) if described else self._stage.add_table(table, {}, ())
        staged.carried = True
        refused = _Refused()
        reader = RecordReader(table, described.columns if described else None, refused)
        for place, raws in self._candidates.runs(table):
            self._progress.check()
            reader.count = place
            for rows in reader.rows(reader.decode(b"[" + b",".join(raws) + b"]")):
                self._stage.fill(staged.name, rows)
        for index, (reason, row_id) in refused.records.items():
            self._stage.query(f"DELETE FROM {quote(staged.name)} WHERE {quote(ROW)} = ?", index)
            self._salvage.leave_out(table, reason, 1, [(row_id, index)])
        staged.rows -= len(refused.records)

    def _set_exact(self, by_index: set[str]) -> None:
        salvage, evidence = self._salvage, self._evidence
        salvage.hedged = evidence.exact_is_lost()
        if names.EXACT not in evidence.sound:
            return
        document = Document(names.EXACT, evidence.wreck.unpack(evidence.sound[names.EXACT]))
        decoder = msgspec.json.Decoder(list[ExactCell])
        source = evidence.manifest.encoding if evidence.manifest else "UTF-8"
        try:
            for cells in document.records(decoder.decode):
                for what in self._stage.set_exact(self._placed(cells, by_index), source):
                    salvage.damage.append(f"{names.EXACT} does not fit the records: {what}")
                    salvage.hedged = True
        except (msgspec.ValidationError, BackupError) as error:
            salvage.damage.append(f"{names.EXACT}: {in_words(error)}")
            salvage.hedged = True

    def _placed(self, cells: Iterable[ExactCell], by_index: set[str]) -> Iterator[ExactCell]:
        """The cells of records that are staged; where indexes are lost, the id tells which it is."""
        for cell in map(as_known_cell, cells):
            if cell.table not in self._stage.tables:
                continue
            column, value = (ROW, cell.row) if cell.table in by_index else ("id", cell.id)
            if column not in (ROW, *self._stage.tables[cell.table].columns):
                continue
            sql = f"SELECT {quote(ROW)} FROM {quote(cell.table)} WHERE {quote(column)} = ? LIMIT 2"
            rows = self._stage.query(sql, value).fetchall()
            if len(rows) == 1:
                yield msgspec.structs.replace(cell, row=rows[0][0])

    def _contents(self) -> Contents:
        evidence = self._evidence
        created_at = evidence.metadata.created_at if evidence.metadata else self._created_at
        if not created_at and evidence.manifest is not None:
            created_at = evidence.manifest.created_at
        settings = self._settings
        if settings is None:
            settings = decoded_settings(evidence.text(names.SETTINGS))
        if settings is None:
            self._salvage.damage.append("the settings are lost")
        return Contents(taken_metadata(created_at, self._stage, self._version), evidence.manifest, settings or {})


def taken_metadata(created_at: str, stage: Stage, version: str = VERSION) -> BackupMetadata:
    """Metadata whose counts are those of the records that are staged, not of those that once were."""
    metadata = BackupMetadata(version=version, created_at=created_at)
    for table, count in COUNT_OF.items():
        setattr(metadata, count, stage.tables[table].rows)
    return metadata


class _Refused(Problems):
    """Keeps which records have problems, and the first problem of each."""

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[int, tuple[str, str | None]] = {}

    def error(self, kind: str, message: str, **where: Any) -> None:
        """Note it by the record's index."""
        self.records.setdefault(where["index"], (kind, where.get("row_id")))
        super().error(kind, message, **where)


_decoder = msgspec.json.Decoder(list[msgspec.Raw])


def _raws(body: bytes) -> list[msgspec.Raw]:
    return _decoder.decode(body)


def _fragments(table: str, batches: Iterable[list[msgspec.Raw]]) -> Iterator[Fragment]:
    """The records of a list that is JSON. Raises DamagedBackup for one that is hardly a list of records."""
    nothing = 0
    for place, raw in enumerate(map(bytes, chain.from_iterable(batches))):
        if not raw.startswith(b"{") or not raw[1:-1].strip():
            nothing += 1
            if nothing > limits.MAX_NO_RECORDS:
                raise DamagedBackup(detail=f"more than {limits.MAX_NO_RECORDS:,} records of {table} are none")
        yield fragment(table, place, raw)


def _text(value: bytes) -> str:
    decoded = msgspec.json.decode(value)
    return decoded if isinstance(decoded, str) else ""
