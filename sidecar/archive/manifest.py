"""manifest.json: what an archive of ours says of itself, so that a reader can hold it to its word.

The archive's layout, entry by entry, is described in protocol/FORMAT.md.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, unquote

import msgspec

from sidecar.archive.part import Part
from sidecar.database.models import CONTRACT
from sidecar.results import PARTIAL_VERSION, BackupMetadata, ReadableTable, SelectedTable

REVISION = 1
"""Format revision: grows when an older reader would misread the archive."""

METADATA, DATA, SETTINGS, EXACT, MANIFEST = (
    "metadata.json", "data.json", "settings.json", "exact.json", "manifest.json",
)  # fmt: skip

_TAKEN = {METADATA, DATA, SETTINGS, EXACT, MANIFEST, *(f"{table}.json" for table in CONTRACT)}


_Count = Annotated[int, msgspec.Meta(ge=0)]


class Writer(msgspec.Struct, frozen=True):
    """The program that wrote an archive."""

    name: str
    version: str


class EntryManifest(msgspec.Struct, frozen=True):
    """One entry: ``size`` in bytes and lower-case hex ``sha256``, both of the unpacked bytes."""

    size: _Count
    sha256: str


class TableManifest(msgspec.Struct, frozen=True):
    """One table of the database the archive was made from.

    ``columns`` maps names to declared types, in order: a key of a record that is not among them
    is there for the shipped app only. ``key`` names the columns of the primary key. ``dangling``
    counts rows whose declared reference led nowhere in the database itself.

    What the database asked of its rows (since 1.1; each where it asked anything, and never in an older archive):
    ``not_null`` columns, ``unique`` sets of them besides the key, and ``references``, declared ones that can be
    followed by the rows alone: column -> table and column that it names.
    """

    entry: str
    rows: _Count
    columns: dict[str, str]
    key: list[str]
    dangling: _Count = 0
    not_null: list[str] | msgspec.UnsetType = msgspec.UNSET
    unique: list[list[str]] | msgspec.UnsetType = msgspec.UNSET
    references: dict[str, tuple[str, str]] | msgspec.UnsetType = msgspec.UNSET


class Readable(msgspec.Struct, frozen=True):
    """What could be read of a damaged database: rows per table, and whether its schema still told all its tables."""

    tables: dict[str, ReadableTable]
    all_tables: bool

    def __str__(self) -> str:
        lost = sum(table.lost or 0 for table in self.tables.values())
        known = self.all_tables and all(table.lost is not None for table in self.tables.values())
        rows = f"{lost:,} {'row' if lost == 1 else 'rows'} could not be read"
        if not known:
            rows = f"at least {rows}" if lost else "nobody knows how many rows could not be read"
        return f"This backup was made of a damaged database: {rows}, and none of the others is proved"


UNKNOWN_PART = "which part is not known"
"""Said of a part where the archive does not tell."""


class Partial(msgspec.Struct, kw_only=True, frozen=True):
    """That an archive holds a part of the data: by which criteria, and per table how many rows met them, and came
    along; a table that is not among these has none."""

    criteria: Part
    tables: dict[str, SelectedTable]

    def __str__(self) -> str:
        return str(self.criteria)


class Manifest(msgspec.Struct, kw_only=True, frozen=True):
    """The whole of manifest.json. ``migrations`` are those of the database; they are never imported.

    An export writes names alone; of older ones some hold whatever stood in the database's table. ``encoding`` is that
    of the database's texts, as SQLite calls it (since 1.1). ``schema`` has the statements that make the tables and
    indexes, where the writer did not know all of them (since 1.1). ``salvaged`` is there where the database was
    damaged, and the archive holds what could be read of it (since 1.1); ``partial`` where the archive holds a part of
    the data, as it was chosen (since 1.1).
    """

    revision: Annotated[int, msgspec.Meta(ge=1)]
    writer: Writer
    created_at: str
    migrations: list[str | int | float | None]
    tables: dict[str, TableManifest]
    entries: dict[str, EntryManifest]
    encoding: str = "UTF-8"
    schema: list[str] | msgspec.UnsetType = msgspec.UNSET
    salvaged: Readable | msgspec.UnsetType = msgspec.UNSET
    partial: Partial | msgspec.UnsetType = msgspec.UNSET

    @property
    def remarks(self) -> list[str]:
        """What is to be said, wherever it is shown, of an archive of a damaged database."""
        return [] if self.salvaged is msgspec.UNSET else [str(self.salvaged)]


class ManifestHead(msgspec.Struct, frozen=True):
    """What every revision of the manifest has: enough to refuse one that is too new."""

    revision: int
    writer: Writer


def section_entry(table: str) -> str:
    """The entry that holds a table: its name and ``.json``, made safe for a ZIP where it is not."""
    name = f"{quote(table, safe=' ')}.json"
    # Case folded: names that differ by case alone collide when somebody unpacks them.
    taken = table not in CONTRACT and name.lower() in _TAKEN
    # A name that begins like this is taken for one of macOS's own files beside the backup's.
    return f"table-{name}" if taken or name.lower().startswith(("table-", "._")) else name


def table_of(entry: str) -> str | None:
    """The table whose entry this would be, None for one that is no table's: what a lost manifest no longer tells."""
    stem = entry.removesuffix(".json")
    for table in (unquote(stem), unquote(stem.removeprefix("table-"))):
        if table and section_entry(table) == entry:
            return table
    return None


def part_of(metadata: BackupMetadata, manifest: Manifest | None) -> str | None:
    """What part of the data an archive holds, in words; None for one that holds all of it.

    It is said twice, by the version and by the manifest: either suffices.
    """
    if manifest is not None and manifest.partial is not msgspec.UNSET:
        return str(manifest.partial) or UNKNOWN_PART
    return UNKNOWN_PART if metadata.version == PARTIAL_VERSION else None
