"""A ZIP, written in one pass: each entry deflated, hashed and counted as its bytes go by.

What the standard library's zipfile cannot do, and the reason for this module: put one
deflated run of bytes into two entries. An archive holds every record twice, in data.json
and in its section entry; compressing it once halves the cost of an export.

Format: PKWARE APPNOTE 6.3, deflate, ZIP64 where sizes need it. Knows nothing of tables.
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from isal import isal_zlib

from sidecar.archive.zip_headers import CENTRAL, DEFLATE, END, END64, LOCAL, LOCATOR64, MAX16, MAX32

LEVEL = 2
"""ISA-L level: 1.14 times the size of zlib's level 6 at thirteen times its speed; 3 halves the speed for 2 %."""

COPY_BYTES = 1 << 20

_EXTRA64_LOCAL = struct.Struct("<HHQQ")
_EXTRA64_CENTRAL = struct.Struct("<HHQQQ")

_UNIX_30, _VERSION64 = (3 << 8) | 30, 45
_OWNER_ONLY = 0o100600 << 16

_LAST_BLOCK = b"\x03\x00"
"""An empty deflate block marked as the last: ends a run of blocks that was flushed to a byte."""


Data = bytes | memoryview
"""Bytes to be written; a view saves a copy of a large batch."""


@dataclass
class Tally:
    """Bytes seen so far, their CRC-32 and SHA-256."""

    size: int = 0
    crc: int = 0
    sha256: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, data: Data) -> None:
        self.size += len(data)
        self.crc = isal_zlib.crc32(data, self.crc)
        self.sha256.update(data)


@dataclass(frozen=True)
class Run:
    """Deflated bytes that lie in the archive already: flushed, without a last block, so that they fit anywhere."""

    offset: int
    length: int


@dataclass(frozen=True)
class Written:
    """One finished entry: sizes in bytes, SHA-256 of the unpacked bytes in hex.

    ``offset`` is where its header begins, ``start`` where its packed bytes do.
    """

    name: str
    size: int
    packed: int
    crc: int
    sha256: str
    offset: int
    start: int

    def info(self) -> zipfile.ZipInfo:
        """What a reader of the directory is to find."""
        info = zipfile.ZipInfo(self.name)
        info.compress_type, info.file_size, info.compress_size, info.CRC = DEFLATE, self.size, self.packed, self.crc
        return info


class Composite:
    """An entry made of other entries' runs and bytes of its own, in order; written once all runs lie in the archive."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.parts: list[bytes | Run] = []

    def add(self, data: bytes) -> None:
        """Append bytes of its own."""
        self.tally.add(data)
        self.parts.append(data)


class Entry:
    """An entry being written. ``write`` deflates; the run it makes may be a part of ``twin`` as well."""

    def __init__(self, file: BinaryIO, twin: Composite | None) -> None:
        self._file = file
        self._twin = twin
        self._deflate = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -15)
        self._start = file.tell()
        self.tally = Tally()

    def write(self, data: Data) -> None:
        self.tally.add(data)
        if self._twin is not None:
            self._twin.tally.add(data)
        self._file.write(self._deflate.compress(data))

    def finish(self) -> None:
        """Flush to a whole byte, hand the run to the twin, and end the entry."""
        self._file.write(self._deflate.flush(isal_zlib.Z_SYNC_FLUSH))
        if self._twin is not None:
            self._twin.parts.append(Run(self._start, self._file.tell() - self._start))
        self._file.write(_LAST_BLOCK)


def _flushed(data: bytes) -> bytes:
    deflate = isal_zlib.compressobj(LEVEL, isal_zlib.DEFLATED, -15)
    packed: bytes = deflate.compress(data) + deflate.flush(isal_zlib.Z_SYNC_FLUSH)
    return packed


class ZipWriter:
    """Writes entries to ``file``, which must be seekable and readable.

    :param time: (year, month, day, hour, minute, second) for all entries, UTC.
    :param large: whether an entry may pass 4 GiB: its header must have room from the start.
    """

    def __init__(self, file: BinaryIO, time: tuple[int, int, int, int, int, int], large: bool) -> None:
        self._file = file
        self._large = large
        year, month, day, hour, minute, second = time
        # Seven bits for the year; what the clock says beyond is in created_at, in full.
        self._date = (min(max(year, 1980), 2107) - 1980) << 9 | month << 5 | day
        self._time = hour << 11 | minute << 5 | second // 2
        self.entries: list[Written] = []
        self.directory = b""
        self._composed: list[tuple[int, bytes | Run]] = []
        self._header_at = 0
        self._data_at = 0

    def open(self, name: str, twin: Composite | None = None) -> Entry:
        """Begin an entry; finish it with ``close`` before the next."""
        self._begin(name)
        return Entry(self._file, twin)

    def close(self, name: str, entry: Entry) -> Written:
        """End an entry; all of it is handed to the file system then."""
        entry.finish()
        written = self._end(name, entry.tally)
        self._file.flush()
        return written

    def write(self, name: str, data: bytes) -> Written:
        """A whole entry at once."""
        entry = self.open(name)
        entry.write(data)
        return self.close(name, entry)

    def compose(self, name: str, composite: Composite) -> Written:
        """Write a composite: its runs are copied as they are, its own bytes deflated."""
        self._begin(name)
        for part in composite.parts:
            packed = part if isinstance(part, Run) else _flushed(part)
            self._composed.append((self._file.tell(), packed))
            if isinstance(packed, Run):
                self._copy(packed)
            else:
                self._file.write(packed)
        self._file.write(_LAST_BLOCK)
        return self._end(name, composite.tally)

    def composed(self) -> Iterator[tuple[bytes, bytes]]:
        """The bytes of all composites, as they lie in the file and as they were put together, piece by piece.

        Where the two are equal, and each run's first entry unpacks, the composite does: a run is whole
        blocks that refer to nothing before it, or its first entry would not unpack.
        """
        for offset, packed in self._composed:
            if isinstance(packed, bytes):
                yield self._at(offset, len(packed)), packed
                continue
            for done in range(0, packed.length, COPY_BYTES):
                size = min(COPY_BYTES, packed.length - done)
                yield self._at(offset + done, size), self._at(packed.offset + done, size)

    def _at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)

    def finish(self) -> None:
        """Write the central directory; its bytes, the last of the file, stay in ``directory``."""
        start = self._file.tell()
        listed = b"".join(map(self._central, self.entries))
        self.directory = listed + self._directory_end(start, start + len(listed))
        self._file.write(self.directory)
        self._file.flush()

    def _begin(self, name: str) -> None:
        self._header_at = self._file.tell()
        self._file.write(self._local(name, 0, 0, 0))
        self._data_at = self._file.tell()

    def _end(self, name: str, tally: Tally) -> Written:
        end = self._file.tell()
        packed = end - self._data_at
        self._file.seek(self._header_at)
        self._file.write(self._local(name, tally.crc, tally.size, packed))
        self._file.seek(end)
        written = Written(name, tally.size, packed, tally.crc, tally.sha256.hexdigest(), self._header_at, self._data_at)
        self.entries.append(written)
        return written

    def _copy(self, run: Run) -> None:
        end = self._file.tell()
        for done in range(0, run.length, COPY_BYTES):
            piece = self._at(run.offset + done, min(COPY_BYTES, run.length - done))
            self._file.seek(end)
            end += self._file.write(piece)

    def _local(self, name: str, crc: int, size: int, packed: int) -> bytes:
        extra = _EXTRA64_LOCAL.pack(1, 16, size, packed) if self._large else b""
        sizes = (MAX32, MAX32) if self._large else (packed, size)
        version = _VERSION64 if self._large else 20
        encoded = name.encode("ascii")
        header = LOCAL.pack(
            b"PK\3\4", version, 0, DEFLATE, self._time, self._date, crc, *sizes, len(encoded), len(extra)
        )
        return header + encoded + extra

    def _central(self, entry: Written) -> bytes:
        extra, size, packed, offset = b"", entry.size, entry.packed, entry.offset
        if max(size, packed, offset) >= MAX32:
            extra = _EXTRA64_CENTRAL.pack(1, 24, size, packed, offset)
            size = packed = offset = MAX32
        version = _VERSION64 if self._large else 20
        encoded = entry.name.encode("ascii")
        header = CENTRAL.pack(
            b"PK\1\2", _UNIX_30, version, 0, DEFLATE, self._time, self._date, entry.crc, packed, size,
            len(encoded), len(extra), 0, 0, 0, _OWNER_ONLY, offset,
        )  # fmt: skip
        return header + encoded + extra

    def _directory_end(self, start: int, end: int) -> bytes:
        count, size, extra = len(self.entries), end - start, b""
        if max(start, size) >= MAX32 or count >= MAX16:
            extra = END64.pack(b"PK\6\6", 44, _UNIX_30, _VERSION64, 0, 0, count, count, size, start)
            extra += LOCATOR64.pack(b"PK\6\7", 0, end, 1)
        return extra + END.pack(
            b"PK\5\6", 0, 0, min(count, MAX16), min(count, MAX16), min(size, MAX32), min(start, MAX32), 0
        )
