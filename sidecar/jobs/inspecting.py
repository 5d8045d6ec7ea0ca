"""Inspection: what an archive says of itself, without judging it and without a database."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import msgspec

from sidecar.archive import manifest as names
from sidecar.archive.json_stream import Document
from sidecar.archive.manifest import Manifest, part_of
from sidecar.archive.part import remark_on_part
from sidecar.archive.zip_reading import ZipReader
from sidecar.database.models import CONTRACT
from sidecar.errors.backups import DamagedBackup
from sidecar.export.exporting import export_data
from sidecar.json_wording import in_words
from sidecar.progress import Progress
from sidecar.results import COUNT_OF, BackupMetadata, BackupSummary, EntrySummary
from sidecar.sources.opening import ARCHIVE, opened
from sidecar.sources.recognising import JSON
from sidecar.stage.head import read_head, read_small
from sidecar.stage.judged import remarks_on
from sidecar.system.files import open_source
from sidecar.system.os_errors import Act, file_errors
from sidecar.system.paths import Places, find_places

SHIPPED = "kirapilot"
"""Writer of archives without a manifest: the app itself."""


FIRST = "2025-08 (JSON)"
"""Generation of what the first releases saved: v0.0.1 to v0.0.7."""


def inspect_backup(file_path: str, progress: Progress, places: Places | None = None) -> BackupSummary:
    """Counts, dates, writer and tables of a backup, as it states them.

    :param places: where the work folder lies, for a file that is no archive itself; by default the platform's.
    Raises PathError, BackupError for a file that is not a readable backup, Cancelled.
    """
    progress.check()
    with opened(file_path, places or find_places(), export_data, progress) as given, open_source(given.path) as file:
        with file_errors(Path(given.path), Act.UNPACK):
            archive = ZipReader(file)
        metadata, manifest = read_head(archive)
        return BackupSummary(
            **msgspec.structs.asdict(metadata),
            path=str(Path(file_path).absolute()),
            size=Path(file_path).stat().st_size if given.form != ARCHIVE else archive.size,
            writer=_writer(manifest) if given.form == ARCHIVE else SHIPPED,
            generation=FIRST if given.form == JSON else _generation(archive, metadata),
            revision=manifest.revision if manifest and given.form == ARCHIVE else None,
            migrations=[str(name) for name in manifest.migrations if name is not None] if manifest else [],
            tables=_tables(metadata, manifest),
            # What was made of a database or of JSON is no part of the file.
            entries=_entries(archive, metadata, manifest) if given.form == ARCHIVE else [],
            settings=_settings(archive),
            form=given.form,
            warnings=[*given.remarks, *remarks_on(archive), *_remarks(metadata, manifest)],
            partial=part_of(metadata, manifest),
            selection=_criteria(manifest),
        )


def _remarks(metadata: BackupMetadata, manifest: Manifest | None) -> list[str]:
    part = part_of(metadata, manifest)
    return [*(manifest.remarks if manifest else ()), *([remark_on_part(part)] if part else ())]


def _criteria(manifest: Manifest | None) -> dict[str, Any] | None:
    if manifest is None or manifest.partial is msgspec.UNSET:
        return None
    criteria: dict[str, Any] = msgspec.to_builtins(manifest.partial.criteria)
    return criteria


def _writer(manifest: Manifest | None) -> str:
    return f"{manifest.writer.name} {manifest.writer.version}" if manifest else SHIPPED


def _tables(metadata: BackupMetadata, manifest: Manifest | None) -> dict[str, int]:
    if manifest is not None:
        return {name: table.rows for name, table in manifest.tables.items()}
    return {table: getattr(metadata, COUNT_OF[table]) for table in CONTRACT}


def _entries(archive: ZipReader, metadata: BackupMetadata, manifest: Manifest | None) -> list[EntrySummary]:
    rows = {names.section_entry(table): count for table, count in _tables(metadata, manifest).items()}
    return [
        EntrySummary(name=name, size=info.file_size, packed=info.compress_size, rows=rows.get(name))
        for name in archive.names
        for info in (archive.info(name),)
    ]


def _generation(archive: ZipReader, metadata: BackupMetadata) -> str:
    """The first app generation that could have written the contract's part, by its own marks."""
    text = read_small(archive, names.METADATA)
    if "periodic_template_count" in msgspec.json.decode(text, type=dict[str, msgspec.Raw]):
        return "2025-09-08"
    if metadata.task_count and "task_list_id" in _first_keys(archive, names.section_entry("tasks")):
        return "2025-08-24"
    return "2025-08-23"


def _first_keys(archive: ZipReader, name: str) -> set[str]:
    if name not in archive.names:
        return set()
    decoder = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
    try:
        batches = Document(name, archive.pieces(name)).records(decoder.decode)
        return {key for batch in itertools.islice(batches, 1) for record in batch[:1] for key in record}
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DamagedBackup(detail=f"{name}: {in_words(error)}") from error


def _settings(archive: ZipReader) -> list[str]:
    """The names of what settings.json holds; never its values."""
    if names.SETTINGS not in archive.names:
        return []
    try:
        return list(msgspec.json.decode(read_small(archive, names.SETTINGS), type=dict[str, msgspec.Raw]))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise DamagedBackup(detail=f"{names.SETTINGS}: {in_words(error)}") from error
