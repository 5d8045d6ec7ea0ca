"""Archive -> stage: every entry read once, held to the manifest, its records stored.

Owns the order in which an archive is read and what it must hold; what rows mean to each
other is judged later, in ``checks``.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import msgspec

from sidecar.archive import limits
from sidecar.archive import manifest as names
from sidecar.archive.forms import ExactCell, leads_beyond_the_contract
from sidecar.archive.json_stream import Array, Document
from sidecar.archive.manifest import Manifest, part_of, section_entry
from sidecar.archive.timestamps import is_moment
from sidecar.archive.zip_names import listed
from sidecar.archive.zip_reading import ZipReader
from sidecar.database.models import CONTRACT, KNOWN, MIGRATIONS, Column, Reference
from sidecar.database.spelling import known_table
from sidecar.errors.backups import (
    DamagedBackup,
    LimitExceeded,
    MissingData,
)
from sidecar.json_wording import in_words
from sidecar.progress import Progress
from sidecar.results import PARTIAL_VERSION, VERSION, BackupMetadata
from sidecar.stage.head import read_head, require_version
from sidecar.stage.problems import Problems
from sidecar.stage.records import Batch, RecordReader, named
from sidecar.stage.stage import Stage, as_known_cell, own
from sidecar.stage.wanted import ALL, Wanted
from sidecar.system.pipeline import Ahead
from sidecar.system.workfolder import require_space

SECTION = own("section of")
"""Prefix of the staged copy of a section entry that is not byte for byte its part of data.json."""

SINCE_THIRD = {"periodic_task_templates", "periodic_template_count"}
"""What the two older generations do not have."""

WORTH_A_THREAD = 1 << 16
"""Bytes of an entry: a smaller one is read in less time than a thread takes to begin."""

BatchSource = Callable[[Callable[[bytes], Batch]], Iterator[Batch]]
"""Hands each batch of an array to a decoder."""


@dataclass
class Contents:
    """What was read of an archive besides its rows."""

    metadata: BackupMetadata
    manifest: Manifest | None
    settings: dict[str, msgspec.Raw]

    @property
    def part(self) -> str | None:
        """What part of the data it holds, in words; None for all of it."""
        return part_of(self.metadata, self.manifest)


def stage_archive(
    archive: ZipReader,
    stage: Stage,
    folder: Path,
    problems: Problems,
    progress: Progress,
    wanted: Wanted = ALL,
) -> Contents:
    """Store the records of an archive in the stage; everything wrong with an entry is noted in ``problems``.

    :param wanted: which of them are stored at least, where the archive's manifest vouches for the others.
    Raises BackupError for a file that cannot be read on, DiskFull, Cancelled.
    """
    metadata, manifest = read_head(archive)
    total = sum(archive.info(name).file_size for name in archive.names)
    require_space(folder, total, "reading the backup")
    progress.phase("stage", total, "bytes", "Reading the backup")
    return _Staging(archive, stage, problems, progress, manifest, wanted).run(metadata)


class _Staging:
    """One archive on its way into a stage."""

    def __init__(
        self,
        archive: ZipReader,
        stage: Stage,
        problems: Problems,
        progress: Progress,
        manifest: Manifest | None,
        wanted: Wanted,
    ) -> None:
        self._wanted = wanted if manifest else ALL
        self._archive = archive
        self._stage = stage
        self._problems = problems
        self._progress = progress
        self._manifest = manifest
        self._tables = manifest.tables if manifest else {}
        self._read: set[str] = {names.MANIFEST}
        self._digests: dict[str, str] = {}
        self._version = VERSION

    def run(self, metadata: BackupMetadata) -> Contents:
        self._declare()
        self._want()
        # Nobody needs the sections' bytes yet, only their hashes: another thread has the time.
        with closing(Ahead(self._section_digests())) as digests:
            settings = self._data()
            for name, digest in digests:
                self._digests[name] = digest
                self._progress.advance(self._archive.info(name).file_size)
        for table in CONTRACT:
            self._section(table)
        for table in sorted(self._tables.keys() - set(CONTRACT) - {MIGRATIONS}):
            self._further(table)
        self._exact()
        self._rest()
        self._hold_to_manifest()
        if self._version == PARTIAL_VERSION:
            # Wherever it is said, it is so: for all of the data a part is never taken.
            metadata.version = PARTIAL_VERSION
        return Contents(metadata, self._manifest, settings)

    def _declare(self) -> None:
        for name, table in self._tables.items():
            if name != MIGRATIONS:
                self._stage.declare(name, table)

    def _want(self) -> None:
        """Want all rows of which others may have need, and where not the records say which are wanted."""
        if self._wanted != ALL:
            for table in self._stage.tables.values():
                self._wanted = self._wanted.all_of(parent for parent, _ in table.references.values())
            for columns in KNOWN.values():
                self._wanted = self._wanted.all_of(field.meant for field in columns.values() if field.meant)
            cells = self._exact_cells(self._archive.pieces(names.EXACT)) if names.EXACT in self._archive.names else ()
            self._wanted = self._wanted.all_of(self._wanted.not_told_by(map(as_known_cell, cells)))

    def _pieces(self, name: str) -> Iterator[bytes]:
        """An entry's bytes, hashed on the way; of one that is worth a thread, made ahead on it."""
        self._read.add(name)
        digest = hashlib.sha256()

        def hashed() -> Generator[bytes, None, None]:
            for piece in self._archive.pieces(name):
                digest.update(piece)
                yield piece
            self._digests[name] = digest.hexdigest()

        large = self._archive.info(name).file_size >= WORTH_A_THREAD
        with closing(Ahead(hashed()) if large else hashed()) as pieces:
            for piece in pieces:
                self._progress.advance(len(piece))
                yield piece

    def _section_digests(self) -> Generator[tuple[str, str], None, None]:
        for name in map(section_entry, CONTRACT):
            if name in self._archive.names:
                self._read.add(name)
                digest = hashlib.sha256()
                for piece in self._archive.pieces(name):
                    self._progress.check()
                    digest.update(piece)
                yield name, digest.hexdigest()

    def _data(self) -> dict[str, msgspec.Raw]:
        seen: set[str] = set()
        settings: dict[str, msgspec.Raw] = {}
        for key, value in Document(names.DATA, self._pieces(names.DATA)).members():
            seen.add(key)
            if isinstance(value, Array):
                self._data_array(key, value)
            elif key == "version":
                self._version = require_version(value)
            elif key == "settings":
                settings = _settings(value, names.DATA)
            elif key in CONTRACT:
                raise DamagedBackup(detail=f"{names.DATA}: {key} is not a list")
        for key in ("version", *CONTRACT):
            if key not in seen and not (key in SINCE_THIRD and self._manifest is None):
                raise MissingData(detail=f"{key} in {names.DATA}")
        return settings

    def _data_array(self, key: str, array: Array) -> None:
        if key in ("version", "settings"):
            raise DamagedBackup(detail=f"{names.DATA}: {key} is a list")
        if key not in CONTRACT:
            self._problems.warning(
                "unknown_data", f"{names.DATA} holds {key!r}, which KiraPilot does not know: it is left out"
            )
            return
        digest = hashlib.sha256()
        array.observe = digest.update
        if self._manifest is None:
            self._stage.tables[key].carried = True
        self._store(key, key, array.batches)
        self._digests[f"{names.DATA}/{key}"] = digest.hexdigest()

    def _store(self, table: str, target: str, batches: BatchSource) -> None:
        described = self._tables.get(table)
        problems = self._problems if target == known_table(table) else Problems()
        reader = RecordReader(table, described.columns if described else None, problems)
        for batch in batches(reader.decode):
            for rows in reader.rows(batch):
                self._stage.fill(target, rows, self._wanted.of(known_table(table), rows))

    def _section(self, table: str) -> None:
        """Hold a section entry against data.json: the same bytes, or else the same rows."""
        name = section_entry(table)
        if name not in self._archive.names:
            if table in self._tables or (table not in SINCE_THIRD and self._manifest is None):
                self._problems.warning("missing_section", f"{name} is missing; {names.DATA} holds its records")
            return
        if self._digests[name] == self._digests.get(f"{names.DATA}/{table}"):
            return
        copy = f"{SECTION} {table}"
        while copy in self._stage.tables:
            copy = f" {copy}"
        staged = self._stage.tables[table]
        self._stage.add_table(copy, staged.columns, staged.key)
        self._store(table, copy, Document(name, self._archive.pieces(name)).records)
        self._compare(table, copy, name)

    def _compare(self, table: str, copy: str, name: str) -> None:
        differing = self._stage.differing_row(table, copy)
        if differing is not None:
            self._problems.error(
                "section_differs",
                f"{name} and {names.DATA} do not hold the same records (first at index {differing})",
                table=table,
                index=differing,
            )

    def _further(self, table: str) -> None:
        name = self._tables[table].entry
        if name in (names.METADATA, names.DATA, names.EXACT, names.MANIFEST):
            raise DamagedBackup(detail=f"{names.MANIFEST}: {name} cannot hold {table}")
        if name in self._archive.names:
            self._store(table, known_table(table), Document(name, self._pieces(name)).records)
        elif self._manifest is not None and name not in self._manifest.entries:
            self._problems.error("missing_entry", f"Backup file is missing {name}", table=table)

    def _exact(self) -> None:
        if names.EXACT not in self._archive.names or self._manifest is None:
            return
        cells = map(self._remarked, self._exact_cells(self._pieces(names.EXACT)))
        for what in self._stage.set_exact(cells, self._manifest.encoding):
            self._problems.error("invalid_exact", f"{names.EXACT} does not fit the records: {what}")

    def _exact_cells(self, pieces: Iterator[bytes]) -> Iterator[ExactCell]:
        decoder = msgspec.json.Decoder(list[ExactCell])
        try:
            yield from chain.from_iterable(Document(names.EXACT, pieces).records(decoder.decode))
        except msgspec.ValidationError as error:
            raise DamagedBackup(detail=f"{names.EXACT}: {in_words(error)}") from error

    def _remarked(self, cell: ExactCell) -> ExactCell:
        """Say of a value that the app would not have written that it is kept."""
        field = KNOWN.get(cell.table, {}).get(cell.column)
        if field is None or (cell.storage == "text" and not _is_odd_text(field, cell)):
            return cell
        if cell.storage == "null":
            what = f"{cell.column} is empty"
        else:
            what = f"{cell.column} holds {cell.storage} that KiraPilot would not have written"
        self._problems.warning(
            "odd_value",
            f"{named(cell.table)} at index {cell.row}: {what} (it is kept as it is)",
            table=cell.table,
            row_id=cell.id,
            index=cell.row,
            column=cell.column,
        )
        return cell

    def _rest(self) -> None:
        """Read what nothing else reads, so that its checksum, hash and encoding are proved too."""
        for name in self._archive.names:
            if name == names.SETTINGS:
                self._judge_settings()
            elif name not in self._read:
                utf8 = codecs.getincrementaldecoder("utf-8")("strict" if name.endswith(".json") else "ignore")
                try:
                    for piece in self._pieces(name):
                        utf8.decode(piece)
                    utf8.decode(b"", final=True)
                except UnicodeDecodeError as error:
                    raise DamagedBackup(detail=f"{name} is not UTF-8") from error
        self._name_strangers()

    def _name_strangers(self) -> None:
        """Say which files of the backup's own folder are left out: no part that an archive has, or tells of."""
        told = self._manifest.entries.keys() | {names.EXACT, names.MANIFEST} if self._manifest else frozenset[str]()
        known = {names.METADATA, names.DATA, names.SETTINGS, *map(section_entry, CONTRACT), *told}
        strangers = [name for name in self._archive.names if name not in known]
        if strangers:
            count = f"{len(strangers):,} {'file that is' if len(strangers) == 1 else 'files that are'} no part of it"
            self._problems.warning("ignored", f"The backup holds {count}, left out: {listed(strangers)}")

    def _judge_settings(self) -> None:
        """settings.json says once more what data.json says, but whoever looks into it must find JSON."""
        if self._archive.info(names.SETTINGS).file_size > limits.MAX_SMALL_BYTES:
            raise LimitExceeded(detail=f"{names.SETTINGS} takes more than {limits.MAX_SMALL_BYTES:,} bytes")
        text = b"".join(self._pieces(names.SETTINGS)).removeprefix(codecs.BOM_UTF8)
        try:
            text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DamagedBackup(detail=f"{names.SETTINGS} is not UTF-8") from error
        _settings(text, names.SETTINGS)

    def _hold_to_manifest(self) -> None:
        if self._manifest is None:
            return
        for name, entry in self._manifest.entries.items():
            if name not in self._archive.names:
                self._problems.error("missing_entry", f"Backup file is missing {name}")
            elif (self._archive.info(name).file_size, self._digests[name]) != (entry.size, entry.sha256):
                self._problems.error("hash_mismatch", f"{name} is not what the backup's manifest says: it was changed")
        for table, described in self._tables.items():
            rows = self._stage.tables[known_table(table)].rows if table != MIGRATIONS else described.rows
            if rows != described.rows:
                held = f"{rows:,} {'record' if rows == 1 else 'records'}"
                message = f"{table} holds {held}, but the backup's manifest says {described.rows:,}"
                self._problems.error("count_mismatch", message, table=table)
        for table in CONTRACT:
            if table not in self._tables and self._stage.tables[table].rows:
                message = f"{names.DATA} holds {table}, which the backup's manifest does not speak of"
                self._problems.error("count_mismatch", message, table=table)


def _is_odd_text(field: Column | Reference, cell: ExactCell) -> bool:
    if cell.base64 is not None or field.kind != "timestamp":
        return cell.base64 is not None or not leads_beyond_the_contract(field)
    # SQL defaults leave "YYYY-MM-DD HH:MM:SS", in UTC.
    return not any(is_moment(f"{cell.value}{offset}") for offset in ("", "Z"))


def _settings(value: bytes, name: str) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise DamagedBackup(detail=f"the settings in {name}: {in_words(error)}") from error
