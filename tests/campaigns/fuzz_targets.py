"""What is fuzzed, and what must hold of any bytes: each target takes bytes, and raises where a promise is broken.

``tests.campaigns.fuzz`` leads coverage-guided bytes to them for as long as one likes; ``test_fuzzing`` the corpus,
and what hypothesis makes of it, in every run.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from sidecar.archive import json_stream, limits, zip_reading
from sidecar.archive.json_stream import Array, Document
from sidecar.archive.zip_reading import ZipReader
from sidecar.errors.backups import BackupError
from sidecar.stage.problems import ERROR, Problems
from sidecar.stage.records import RecordReader
from sidecar.wire.messages import Request, read_message
from sidecar.wire.stdio import TooLong, encode, split_lines

CORPUS = Path(__file__).resolve().parent / "corpus"

Target = Callable[[bytes], None]


def narrow() -> dict[tuple[Any, str], int]:
    """Limits under which a few hundred bytes reach every branch: (module, name) -> value."""
    return {
        (json_stream, "WINDOW_BYTES"): 48, (limits, "MAX_RECORD_BYTES"): 600, (limits, "MAX_KEY_BYTES"): 40,
        (limits, "MAX_PARTS"): 200, (limits, "MAX_KEYS"): 20, (zip_reading, "PIECE_BYTES"): 64,
    }  # fmt: skip


def lines(data: bytes) -> None:
    """The line reader: whatever the chunks, the lines are those of the whole, and each gets an answer of ASCII."""
    size, rest = _sized(data)
    chunks = iter([rest[start : start + size] for start in range(0, len(rest), size)])
    found = list(split_lines(lambda: next(chunks, b""), limit=200))
    whole = iter([rest])
    assert _shown(found) == _shown(list(split_lines(lambda: next(whole, b""), limit=200)))
    for line in found:
        if not isinstance(line, TooLong):
            said = read_message(line)
            for element in said if isinstance(said, list) else [said]:
                _answerable(element)


def _answerable(element: Request | dict[str, Any]) -> None:
    body = {"id": element.id, "result": element.method} if isinstance(element, Request) else element
    line = encode(body)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert line.isascii()
    json.loads(line)


def _shown(found: list[bytes | TooLong]) -> list[bytes | None]:
    return [line if isinstance(line, bytes) else None for line in found]


def zips(data: bytes) -> None:
    """The ZIP reader: an error for people, or just what Python's own reads of the same file."""
    try:
        reader = ZipReader(io.BytesIO(data))
        read = {reader.info(name).filename: b"".join(reader.pieces(name)) for name in reader.names}
    except BackupError:
        return
    archive = zipfile.ZipFile(io.BytesIO(data))
    for name, content in read.items():
        assert len(content) == archive.getinfo(name).file_size
        assert zlib.crc32(content) == archive.getinfo(name).CRC
        try:
            other = archive.read(name)
        except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, OSError, RuntimeError, ValueError):
            # Stricter than ours in what means nothing here: a version, or a flag.
            continue
        assert content == other


def records(data: bytes) -> None:
    """Records and members of a document: as ``json`` reads the whole, or an error for people."""
    size, rest = _sized(data)
    for read in (_records, _members):
        try:
            found = read(rest, size)
        except BackupError:
            continue
        # What json's own reader takes beyond JSON (NaN), ours must have refused.
        assert found == json.loads(rest.decode("utf-8-sig"), parse_constant=_refused)
    _rows(rest, size)


def _records(text: bytes, size: int) -> list[Any]:
    return [record for batch in Document("x.json", _pieces(text, size)).records(_decoded) for record in batch]


def _members(text: bytes, size: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in Document("x.json", _pieces(text, size)).members():
        if isinstance(value, Array):
            found[key] = [record for batch in value.batches(_decoded) for record in batch]
        else:
            found[key] = json.loads(value)
    return found


def _rows(text: bytes, size: int) -> None:
    """The record reader: as many rows as records, each as wide as it says, and no integer beyond 64 bits."""
    for table in ("tasks", "anything"):
        problems = Problems()
        reader = RecordReader(table, None, problems)
        with suppress(BackupError):
            for batch in Document("x.json", _pieces(text, size)).records(reader.decode):
                before = reader.count
                rows = list(reader.rows(batch))
                assert sum(len(some.indexes) for some in rows) == reader.count - before
                for some in rows:
                    assert len(some.columns) == len(some.values)
                    for column in some.values:
                        assert len(column) == len(some.indexes)
                        assert all(abs(value) <= 2**63 for value in column if isinstance(value, int))
        assert all(len(line) <= 500 for line in problems.lines(ERROR))


def _decoded(batch: bytes) -> list[Any]:
    return [json.loads(bytes(record)) for record in msgspec.json.decode(batch, type=list[msgspec.Raw])]


def _refused(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")


def _sized(data: bytes) -> tuple[int, bytes]:
    """The size of the pieces, which the first byte says, and the rest."""
    return (data[0] % 64 + 1, data[1:]) if data else (1, b"")


def _pieces(text: bytes, size: int) -> Iterator[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


TARGETS: dict[str, Target] = {"lines": lines, "zips": zips, "records": records}
