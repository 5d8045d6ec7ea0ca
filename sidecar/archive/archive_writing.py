"""The archive as a whole: which entries, in which order, and the manifest that vouches for them.

Everything is told it in the order of the file: sections, then ``finish``. protocol/FORMAT.md
describes the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import BinaryIO

import msgspec

from sidecar.archive import manifest as names
from sidecar.archive.manifest import EntryManifest, Manifest, Partial, Readable, TableManifest, Writer, section_entry
from sidecar.archive.zip_writing import Composite, Data, Written, ZipWriter
from sidecar.database.models import CONTRACT
from sidecar.results import VERSION, BackupMetadata
from sidecar.system.pipeline import Sink

QUEUED_BODIES = 2
"""Runs of records that wait to be deflated: what a batch varies by, and no more memory than that takes."""

_encode = msgspec.json.Encoder().encode


class ArchiveWriter:
    """Writes one archive to ``file``.

    :param created_at: RFC 3339, UTC; the moment of the snapshot.
    :param large: whether the archive may pass 4 GiB.
    :param version: that of a backup of all of the data, or of a part.
    """

    def __init__(self, file: BinaryIO, created_at: str, large: bool, version: str = VERSION) -> None:
        moment = datetime.fromisoformat(created_at)
        time = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)
        self._zip = ZipWriter(file, time, large)
        self._created_at = created_at
        self._data = Composite()
        self._data.add(b'{"version":' + _encode(version) + b',"created_at":' + _encode(created_at))

    @property
    def entries(self) -> list[Written]:
        return self._zip.entries

    @property
    def directory(self) -> bytes:
        """The last bytes of the file, once it is finished."""
        return self._zip.directory

    def composed(self) -> Iterator[tuple[bytes, bytes]]:
        """The packed bytes of data.json, as they lie in the file and as they were put together from the sections."""
        return self._zip.composed()

    def metadata(self, metadata: BackupMetadata) -> None:
        self._zip.write(names.METADATA, _encode(metadata))

    def section(self, table: str, bodies: Iterable[Data]) -> Written:
        """One table, and how it was written: ``bodies`` are runs of records, a comma before each record.

        Tables of the contract must come in its order, all of them: their records are a part of data.json too.
        """
        twin = self._data if table in CONTRACT else None
        if twin is not None:
            twin.add(b',"' + table.encode() + b'":')
        name = section_entry(table)
        entry = self._zip.open(name, twin)
        with Sink(entry.write, QUEUED_BODIES) as deflating:
            for piece in _array(bodies):
                deflating.put(piece)
        return self._zip.close(name, entry)

    def finish(
        self,
        settings: Mapping[str, object],
        exact: Iterable[Data] | None,
        tables: Mapping[str, TableManifest],
        migrations: list[str | int | float | None],
        writer: Writer,
        encoding: str = "UTF-8",
        salvaged: Readable | None = None,
        schema: list[str] | None = None,
        partial: Partial | None = None,
    ) -> None:
        """Settings, data.json, exact.json when there is anything in it, and the manifest last."""
        encoded = _encode(settings)
        self._zip.write(names.SETTINGS, encoded)
        self._data.add(b',"settings":' + encoded + b"}")
        self._zip.compose(names.DATA, self._data)
        if exact is not None:
            entry = self._zip.open(names.EXACT)
            for piece in _array(exact):
                entry.write(piece)
            self._zip.close(names.EXACT, entry)
        described = {entry.name: EntryManifest(entry.size, entry.sha256) for entry in self.entries}
        manifest = Manifest(
            revision=names.REVISION,
            writer=writer,
            created_at=self._created_at,
            migrations=migrations,
            tables=dict(tables),
            entries=described,
            encoding=encoding,
            schema=schema or msgspec.UNSET,
            salvaged=salvaged or msgspec.UNSET,
            partial=partial or msgspec.UNSET,
        )
        self._zip.write(names.MANIFEST, msgspec.json.format(_encode(manifest), indent=1))
        self._zip.finish()


def _array(bodies: Iterable[Data]) -> Iterator[Data]:
    """One array of all the records: the first comma becomes its bracket."""
    empty = True
    for body in bodies:
        if empty:
            yield b"["
        yield body[1:] if empty else body
        empty = False
    yield b"[]" if empty else b"]"
