"""Fragments of a JSON document that may be damaged anywhere: the records that still stand in it.

``json_stream`` stops at the first break; here the scan goes on at the next place where a record can
begin. What is found is what stands there: whether to believe it is for ``salvaging`` to judge.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sidecar.archive import limits
from sidecar.database.models import CONTRACT, KNOWN

_SPACE = re.compile(rb"[ \t\r\n,]*")
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["{}]', re.DOTALL)
_ARRAY = re.compile(rb'"(%s)"[ \t\r\n]*:[ \t\r\n]*\[' % "|".join(CONTRACT).encode())
"""Where a list of data.json begins. No text of a record looks so: its quotes are escaped."""

_NEXT = re.compile(rb'[\[,][ \t\r\n]*(?=\{[ \t\r\n]*")')
"""Where a record can begin."""

_END = re.compile(rb'\}(?=[ \t\r\n]*(?:\]|,[ \t\r\n]*\{[ \t\r\n]*"))')
"""Where a record can end."""

_TRIES = 8
"""Most ends that are tried for one record before it is given up, or looked at token by token."""

_INDENTED = re.compile(rb"\n  ")

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_canonical = msgspec.json.Encoder(order="sorted").encode

_REQUIRED = {
    table: {name for name, column in KNOWN[table].items() if column.required and column.default_sql is None}
    for table in CONTRACT
}
"""What tells a record of one table from one of another, where the document does not."""


@dataclass(frozen=True)
class Fragment:
    """One record: its ``table``, its place among the table's, its id where it has one, and its text.

    Two records with the same ``digest`` say the same, whatever their spacing and the order of their keys.
    """

    table: str
    place: int
    id: str | None
    digest: bytes
    raw: bytes


def fragment(table: str, place: int, raw: bytes) -> Fragment:
    """A record of a document that is JSON, whatever the record may be."""
    try:
        return _fragment(table, place, raw, _decode(raw))
    except (msgspec.DecodeError, RecursionError):
        return Fragment(table, place, None, _digest(raw), raw)


def _fragment(table: str, place: int, raw: bytes, record: dict[str, Any]) -> Fragment:
    row_id = record.get("id")
    return Fragment(table, place, row_id if isinstance(row_id, str) else None, _digest(_canonical(record)), raw)


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


@dataclass
class Sum:
    """Size, CRC-32 and SHA-256 of a run of bytes."""

    size: int = 0
    crc: int = 0
    sha256: Any = field(default_factory=hashlib.sha256)

    def add(self, data: bytes) -> None:
        self.size += len(data)
        self.crc = zlib.crc32(data, self.crc)
        self.sha256.update(data)


@dataclass
class Extent:
    """An array as it was read: ``whole`` once its end was reached without a break; its bytes' sum, and the sum of
    the same two spaces less indented, which is how the shipped app writes it into an entry of its own."""

    whole: bool = False
    verbatim: Sum = field(default_factory=Sum)
    outdented: Sum = field(default_factory=Sum)

    def add(self, data: bytes) -> None:
        self.verbatim.add(data)
        self.outdented.add(_INDENTED.sub(b"\n", data))


class Scan:
    """The records of one document, in order; ``breaks`` counts where it was no JSON, ``arrays`` the arrays found.

    :param table: whose section entry it is; None for data.json.
    :param sound: its bytes are known to be right, so that a record may be as odd as it likes.
    """

    def __init__(self, pieces: Iterable[bytes], table: str | None, sound: bool) -> None:
        self._pieces = iter(pieces)
        self._section = table
        self._sound = sound
        self._buffer = b""
        self._at = 0
        self._table = table
        self._extent: Extent | None = None
        self._places: dict[str, int] = {}
        self._breaks_here = 0
        self._patience = 4 * limits.MAX_RECORD_BYTES
        self.breaks = 0
        self.arrays: dict[str, Extent] = {}

    def __iter__(self) -> Iterator[Fragment]:
        self._more()
        self._buffer = self._buffer.removeprefix(codecs.BOM_UTF8)
        if self._section is not None:
            yield from self._section_records(self._section)
        else:
            while (table := self._next_array()) is not None:
                yield from self._array(table)

    def _section_records(self, table: str) -> Iterator[Fragment]:
        if self._peek() == b"[":
            self._at += 1
            yield from self._array(table)
        elif (following := self._resync(table)) is not None:
            yield from self._array(following)

    def _next_array(self) -> str | None:
        """The next list of data.json that holds a table; the position is behind its bracket then."""
        while True:
            found = _ARRAY.search(self._buffer, self._at)
            if found is not None:
                self._at = found.end()
                name = found[1].decode()
                if name in self.arrays and self.arrays[name].whole:
                    continue  # of the settings, which hold what they like
                return name
            # What was looked at already need not be kept, but for a mark that the end of the buffer cuts.
            self._at = max(self._at, len(self._buffer) - 200)
            if not self._more():
                return None

    def _array(self, table: str) -> Iterator[Fragment]:
        """The records up to the end of an array; after a break, of those that follow as well."""
        self._enter(table)
        while True:
            byte = self._peek()
            if byte == b"{":
                fragment = self._record(table)
                if fragment is not None:
                    yield fragment
                    continue
            elif byte == b"]":
                self._advance(self._at + 1)
                self.arrays[table].whole = not self._breaks_here
                self._extent = None
                return
            following = self._resync(table)
            if following is None:
                return
            if following != table:
                table = following
                self._enter(table)

    def _enter(self, table: str) -> None:
        self._table, self._breaks_here = table, 0
        if table in self.arrays:
            # A second list of the same name: which of the two counts would be a guess.
            self.breaks += 1
            self._breaks_here += 1
        self._extent = self.arrays[table] = Extent()
        self._extent.add(b"[")

    def _record(self, table: str) -> Fragment | None:
        """The record that begins here, taken; None for what is none, with the position where it was."""
        while True:
            tries = 0
            for end in self._ends():
                tries += 1
                try:
                    record = _decode(self._buffer[self._at : end])
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    continue
                return self._fragment(table, record, end)
            enough = tries > _TRIES and not (self._sound and self._patience > 0)
            if enough or len(self._buffer) - self._at > limits.MAX_RECORD_BYTES or not self._more():
                return None

    def _fragment(self, table: str, record: dict[str, Any], end: int) -> Fragment | None:
        raw = self._buffer[self._at : end]
        # An empty object is no record, here as everywhere: millions of them are passed over at once.
        if not record or (self.breaks and not _REQUIRED.get(table, set()) <= record.keys()):
            return None
        self._advance(end)
        place = self._places.get(table, 0)
        self._places[table] = place + 1
        return _fragment(table, place, raw, record)

    def _ends(self) -> Iterator[int]:
        """Where the record may end: hardly ever anywhere but at its first closing brace."""
        first = self._buffer.find(b"}", self._at)
        if first < 0:
            return
        yield first + 1
        for number, match in enumerate(_END.finditer(self._buffer, first + 1)):
            if number >= _TRIES:
                break
            yield match.end()
        if self._sound and self._patience > 0:
            end = self._exact_end()
            if end is not None:
                yield end

    def _exact_end(self) -> int | None:
        depth = 0
        self._patience -= len(self._buffer) - self._at
        for match in _TOKEN.finditer(self._buffer, self._at):
            token = match[0]
            if token == b'"':
                return None
            depth += (token == b"{") - (token == b"}")
            if depth == 0:
                return match.end()
        return None

    def _resync(self, table: str) -> str | None:
        """Go on where the next record can begin, and tell of which table; None at the end."""
        self.breaks += 1
        self._breaks_here += 1
        self._at += 1
        while True:
            record = _NEXT.search(self._buffer, self._at)
            array = _ARRAY.search(self._buffer, self._at) if self._section is None else None
            if array is not None and (record is None or array.start() < record.start()):
                self._at = array.end()
                return array[1].decode()
            if record is not None:
                self._at = record.end()
                return table
            self._at = max(self._at, len(self._buffer) - 200)
            if not self._more():
                return None

    def _peek(self) -> bytes:
        """The next byte that is neither white space nor a comma, not taken; b"" at the end."""
        while True:
            match = _SPACE.match(self._buffer, self._at)
            end = match.end() if match else self._at
            # White space is taken as a whole: a part of it would not be outdented rightly.
            if end < len(self._buffer) or end - self._at > limits.MAX_RECORD_BYTES:
                self._advance(end)
                return self._buffer[end : end + 1]
            if not self._more():
                self._advance(len(self._buffer))
                return b""

    def _advance(self, to: int) -> None:
        if self._extent is not None and to > self._at:
            self._extent.add(self._buffer[self._at : to])
        self._at = to

    def _more(self) -> bool:
        """Look at as much again of the document as is looked at already."""
        wanted = max(len(self._buffer) - self._at, 1)
        pieces, read = [self._buffer[self._at :]], 0
        for piece in self._pieces:
            pieces.append(piece)
            read += len(piece)
            if read >= wanted:
                break
        self._buffer, self._at = b"".join(pieces), 0
        return read > 0
