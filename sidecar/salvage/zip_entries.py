"""Entries of a ZIP that is damaged or cut: found by their headers, wherever those lie, unpacked as far as it goes.

``zip_reading`` refuses an archive as a whole; here nothing is refused but what goes beyond the
limits, and nothing is believed: an entry is told with its damage, and with all that the headers
say of it, so that whoever uses it can judge. Knows nothing of JSON.
"""

from __future__ import annotations

import bz2
import hashlib
import io
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from sidecar.archive import limits
from sidecar.archive.zip_headers import (
    BZIP2,
    CENTRAL,
    DEFLATE,
    DESCRIBED_LATER,
    ENCRYPTED,
    LOCAL,
    MAX32,
    STORED,
)
from sidecar.errors.backups import LimitExceeded
from sidecar.errors.paths import ReadFailed

PACKED_BYTES = 16 << 10
"""Packed bytes unpacked at a time: what is before the damage within them is found byte by byte."""

UNPACKED_BYTES = 256 << 10
"""Most bytes handed on at a time."""

_SCAN_BYTES = 1 << 20
_DESCRIPTOR = struct.Struct("<III")
_SIGNATURE = re.compile(rb"PK(?:\x03\x04|\x01\x02)")
_LONGEST_NAME = 1000
_READABLE = re.compile(r"[^\0-\x1f]+")


@dataclass(frozen=True)
class Statement:
    """What a header says of an entry's unpacked bytes."""

    size: int
    crc: int


@dataclass(frozen=True)
class Place:
    """Where an entry's packed bytes begin, and how they are packed; ``packed`` is what the header says, if anything."""

    start: int
    method: int
    packed: int
    described_later: bool = False


@dataclass
class Entry:
    """Everything the headers say of one name, and whether its own header and the directory do."""

    places: list[Place] = field(default_factory=list)
    statements: set[Statement] = field(default_factory=set)
    own_header: bool = False
    in_directory: bool = False


@dataclass(frozen=True)
class Copy:
    """One place of an entry, unpacked once: how much came out, its checksums, and the first damage ("" for none)."""

    place: Place
    size: int
    crc: int
    sha256: str
    damage: str


class Wreck:
    """What can be found in a file that once was an archive.

    :param budget: most bytes that may be unpacked in all, while it is surveyed.
    :param check: called between steps; raises Cancelled.
    Raises LimitExceeded for more headers than any backup has, ReadFailed.
    """

    def __init__(self, file: BinaryIO, budget: int, check: Callable[[], None]) -> None:
        self._file = file
        self._budget = budget
        self._check = check
        self.entries: dict[str, Entry] = {}
        self.size = file.seek(0, io.SEEK_END)
        self._scan()

    def copies(self, name: str) -> list[Copy]:
        """Each place of an entry, unpacked once. Raises LimitExceeded, Cancelled, ReadFailed."""
        entry = self.entries.get(name)
        return [self._copy(entry, place) for place in entry.places] if entry else []

    def _copy(self, entry: Entry, place: Place) -> Copy:
        size, crc, digest = 0, 0, hashlib.sha256()
        longest = max((statement.size for statement in entry.statements), default=MAX32)
        unpacking = Unpacking(self._read, place)
        damage = ""
        for piece in unpacking:
            self._check()
            size, crc = size + len(piece), zlib.crc32(piece, crc)
            digest.update(piece)
            self._spend(len(piece))
            if size > longest and not place.described_later:
                damage = "is longer than the archive says"
                break
        if place.described_later and not unpacking.damage:
            entry.statements |= self._described(unpacking.end)
        if Statement(size, crc) in entry.statements:
            damage = ""  # even if what follows its last byte is gone
        else:
            damage = damage or unpacking.damage or "does not match its checksum"
        return Copy(place, size, crc, digest.hexdigest(), damage)

    def unpack(self, copy: Copy) -> Iterator[bytes]:
        """The bytes of a copy once more, as far as they go."""
        left = copy.size
        for piece in Unpacking(self._read, copy.place):
            self._check()
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                return

    def _spend(self, octets: int) -> None:
        self._budget -= octets
        if self._budget < 0:
            raise LimitExceeded(detail="what is left of it unpacks to more than there is space for")

    def _read(self, position: int, size: int) -> bytes:
        """What lies there: less than ``size``, or nothing, behind the end, wherever a header says that something is."""
        if position >= self.size:
            return b""
        try:
            self._file.seek(position)
            return self._file.read(size)
        except OSError as error:
            raise ReadFailed(path=self._file.name, detail=os.strerror(error.errno or 0)) from error

    def _scan(self) -> None:
        """Look for headers in the whole file: the directory may be gone, or lie about where they are."""
        central: list[tuple[str, Place, int]] = []
        for found, position in enumerate(self._signatures()):
            if found >= limits.MAX_HEADERS:
                raise LimitExceeded(detail=f"it has more than {limits.MAX_HEADERS:,} headers")
            if self._read(position, 4) == b"PK\3\4":
                self._note_local(position)
            else:
                central += self._central(position)
        for name, place, offset in central:
            self._note_by_directory(name, place, offset)

    def _signatures(self) -> Iterator[int]:
        for start in range(0, self.size, _SCAN_BYTES):
            self._check()
            chunk = self._read(start, _SCAN_BYTES + 3)
            yield from (start + match.start() for match in _SIGNATURE.finditer(chunk) if match.start() < _SCAN_BYTES)

    def _note_local(self, position: int) -> None:
        header = self._read(position, LOCAL.size)
        if len(header) < LOCAL.size:
            return
        _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = LOCAL.unpack(header)
        rest = self._read(position + LOCAL.size, min(name_length, _LONGEST_NAME) + extra_length)
        name = _plain_name(rest[:name_length])
        if name is None or not _is_readable(flags, method):
            return
        size, packed, _ = _sizes64(rest[name_length:], size, packed, 0)
        later = bool(flags & DESCRIBED_LATER)
        start = position + LOCAL.size + name_length + extra_length
        entry = self.entries.setdefault(name, Entry())
        entry.own_header = True
        entry.places.append(Place(start, method, packed, later))
        if not later:
            entry.statements.add(Statement(size, crc))

    def _central(self, position: int) -> Iterator[tuple[str, Place, int]]:
        header = self._read(position, CENTRAL.size)
        if len(header) < CENTRAL.size:
            return
        _, _, _, flags, method, _, _, crc, packed, size, name_length, extra_length, *_, offset = CENTRAL.unpack(header)
        rest = self._read(position + CENTRAL.size, min(name_length, _LONGEST_NAME) + extra_length)
        name = _plain_name(rest[:name_length])
        if name is None or not _is_readable(flags, method):
            return
        size, packed, offset = _sizes64(rest[name_length:], size, packed, offset)
        entry = self.entries.setdefault(name, Entry())
        entry.in_directory = True
        entry.statements.add(Statement(size, crc))
        yield name, Place(offset + LOCAL.size + name_length, method, packed), offset

    def _note_by_directory(self, name: str, place: Place, offset: int) -> None:
        """Add the place that the directory tells, unless the entry's own header was found there."""
        header = self._read(offset, LOCAL.size)
        starts = {place.start}
        if len(header) == LOCAL.size:
            *_, name_length, extra_length = LOCAL.unpack(header)
            starts.add(offset + LOCAL.size + name_length + extra_length)
        entry = self.entries[name]
        known = {(one.start, one.method) for one in entry.places}
        entry.places += [
            Place(start, place.method, place.packed)
            for start in sorted(starts)
            if (start, place.method) not in known and start < self.size
        ]

    def _described(self, end: int) -> set[Statement]:
        """What follows an entry whose header was written before its size was known; with a signature, or without."""
        found = self._read(end, 4 + _DESCRIPTOR.size)
        found = found[4:] if found[:4] == b"PK\7\x08" else found[: _DESCRIPTOR.size]
        if len(found) < _DESCRIPTOR.size:
            return set()
        crc, _, size = _DESCRIPTOR.unpack(found)
        return {Statement(size, crc)}


class Unpacking:
    """The bytes of an entry up to its end or to what ``damage`` then tells; ``end`` is where that was."""

    def __init__(self, read: Callable[[int, int], bytes], place: Place) -> None:
        self._read = read
        self._place = place
        self.damage = ""
        self.end = place.start

    def __iter__(self) -> Iterator[bytes]:
        if self._place.method == STORED:
            yield from self._stored()
        elif self._place.method == DEFLATE:
            yield from self._inflated()
        else:
            yield from self._decompressed()

    def _packed(self, size: int) -> bytes:
        piece = self._read(self.end, size)
        self.end += len(piece)
        if not piece:
            self.damage = "is cut short"
        return piece

    def _stored(self) -> Iterator[bytes]:
        left = self._place.packed
        while left and (piece := self._packed(min(left, UNPACKED_BYTES))):
            left -= len(piece)
            yield piece

    def _inflated(self) -> Iterator[bytes]:
        inflate = zlib.decompressobj(-15)
        while not inflate.eof and (packed := self._packed(PACKED_BYTES)):
            while packed and not inflate.eof:
                before = inflate.copy()
                try:
                    piece = inflate.decompress(packed, UNPACKED_BYTES)
                except zlib.error:
                    yield from _up_to_damage(before, packed)
                    self.damage = "cannot be unpacked"
                    return
                packed = inflate.unconsumed_tail
                if piece:
                    yield piece
        self.end -= len(inflate.unused_data)

    def _decompressed(self) -> Iterator[bytes]:
        bunzip = bz2.BZ2Decompressor()
        try:
            while not bunzip.eof:
                packed = self._packed(PACKED_BYTES) if bunzip.needs_input else b""
                if self.damage:
                    return
                piece = bunzip.decompress(packed, UNPACKED_BYTES)
                if piece:
                    yield piece
        except (OSError, EOFError, ValueError):
            self.damage = "cannot be unpacked"
            return
        self.end -= len(bunzip.unused_data)


def _up_to_damage(inflate: zlib._Decompress, packed: bytes) -> Iterator[bytes]:
    for index in range(len(packed)):
        try:
            piece = inflate.decompress(packed[index : index + 1])
        except zlib.error:
            return
        if piece:
            yield piece


def _plain_name(encoded: bytes) -> str | None:
    """The name without its folders, or None for what is no name of a JSON entry."""
    name = encoded.decode("utf-8", "replace")
    folder, _, plain = name.rpartition("/")
    if folder.startswith("__MACOSX") or not plain.endswith(".json") or not _READABLE.fullmatch(plain):
        return None
    return plain


def _is_readable(flags: int, method: int) -> bool:
    return not flags & ENCRYPTED and method in (STORED, DEFLATE, BZIP2)


def _sizes64(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Sizes and offset, from the ZIP64 field where the header has placeholders."""
    values: list[int] = []
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1:
            data = extra[4 : 4 + length]
            values = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data) - 7, 8)]
            break
        extra = extra[4 + length :]
    told = iter(values)
    return (
        next(told, size) if size == MAX32 else size,
        next(told, packed) if packed == MAX32 else packed,
        next(told, offset) if offset == MAX32 else offset,
    )
