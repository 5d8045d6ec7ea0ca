"""A ZIP, read with suspicion: hostile until each header has been held against the others.

zipfile reads the directory; this module holds it against the local headers, within limits,
and inflates by itself (ISA-L, in pieces, so that neither a lie about a size nor an honest
large entry takes memory). An entry's name never becomes a path. Knows nothing of JSON.
"""

from __future__ import annotations

import bz2
import io
import os
import stat
import struct
import threading
import zipfile
from collections.abc import Generator, Iterator
from typing import BinaryIO, Protocol, cast

from isal import igzip_lib, isal_zlib

from sidecar.errors import BackupError, DamagedBackup, LimitExceeded, NotABackup, ReadFailed

MAX_ENTRIES = 1000
"""Most entries in an archive; KiraPilot's have about twenty."""

MAX_DIRECTORY_BYTES = 4 << 20
"""Most bytes of central directory that are read into memory."""

PIECE_BYTES = 256 << 10
"""Bytes handed on at a time, unpacked."""

_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_ENCRYPTED, _DESCRIPTOR, _UTF8 = 0x1, 0x8, 0x800
_STORED, _DEFLATE, _BZIP2 = 0, 8, 12
_MAX32 = 0xFFFFFFFF


class _Decompressor(Protocol):
    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _BoundedFile:
    """The file as zipfile sees it: no single read beyond what an honest directory needs."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY_BYTES:
            raise LimitExceeded(detail=f"its directory takes {size:,} bytes")
        return self._file.read(size)


class ZipReader:
    """The entries of an archive by name.

    One common top folder is stripped from the names, ``__MACOSX/`` and ``.DS_Store`` are left
    out: archives that people unpacked and zipped again still open.
    Raises NotABackup, DamagedBackup, LimitExceeded.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._turn = threading.Lock()
        self.size = file.seek(0, io.SEEK_END)
        self._infos = _named(self._directory())
        self._starts = self._data_starts()

    @property
    def names(self) -> list[str]:
        return list(self._infos)

    def info(self, name: str) -> zipfile.ZipInfo:
        return self._infos[name]

    def pieces(self, name: str) -> Generator[bytes, None, None]:
        """The unpacked bytes of an entry, PIECE_BYTES at a time; size and CRC-32 are checked at the end.

        Several entries may be read at once, on several threads. Raises DamagedBackup.
        """
        info = self._infos[name]
        return unpacked_pieces(self._file, self._turn, self._starts[info.filename], info)

    def _directory(self) -> list[zipfile.ZipInfo]:
        try:
            directory = zipfile.ZipFile(cast(BinaryIO, _BoundedFile(self._file)))
        except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OverflowError) as error:
            raise self._no_directory(error) from error
        except OSError as error:
            raise DamagedBackup(detail=f"its directory cannot be read ({error})") from error
        infos = directory.infolist()
        if len(infos) > MAX_ENTRIES:
            raise LimitExceeded(detail=f"it has {len(infos):,} entries")
        for info in infos:
            _refuse_unreadable(info)
        return infos

    def _no_directory(self, error: Exception) -> BackupError:
        """A file that begins like a ZIP was one; any other never was."""
        self._file.seek(0)
        if self._file.read(4) == b"PK\3\4":
            return DamagedBackup(detail=f"the file is cut short or overwritten ({error})")
        return NotABackup(detail=str(error))

    def _data_starts(self) -> dict[str, int]:
        """Where each entry's bytes begin, once its local header agrees with the directory and nothing overlaps."""
        starts: dict[str, int] = {}
        taken_until = 0
        for info in sorted(self._infos.values(), key=lambda info: info.header_offset):
            if info.header_offset < taken_until:
                raise DamagedBackup(detail=f"{info.filename} overlaps another entry")
            start = self._check_local_header(info)
            taken_until = start + info.compress_size
            if taken_until > self.size:
                raise DamagedBackup(detail=f"the file is cut short in {info.filename}")
            starts[info.filename] = start
        return starts

    def _check_local_header(self, info: zipfile.ZipInfo) -> int:
        self._file.seek(info.header_offset)
        header = self._file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or header[:4] != b"PK\3\4":
            raise DamagedBackup(detail=f"the header of {info.filename} is missing")
        _, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(header)
        name = self._file.read(name_length).decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        # zipfile cuts a name at a NUL and turns os.sep around: compare what the file says.
        if name != info.orig_filename or method != info.compress_type or (flags ^ info.flag_bits) & _ENCRYPTED:
            raise DamagedBackup(detail=f"the two headers of {info.filename} contradict each other")
        # A data descriptor leaves them 0 here, ZIP64 leaves a placeholder.
        honest = (crc, packed, size) == (info.CRC, info.compress_size, info.file_size)
        if not honest and not flags & _DESCRIPTOR and _MAX32 not in (packed, size):
            raise DamagedBackup(detail=f"the two headers of {info.filename} contradict each other")
        return int(info.header_offset + _LOCAL.size + name_length + extra_length)


def unpacked_pieces(
    file: BinaryIO, turn: threading.Lock, start: int, info: zipfile.ZipInfo
) -> Generator[bytes, None, None]:
    """The unpacked bytes of the entry that ``info`` describes and whose packed bytes begin at ``start``.

    :param turn: held while ``file`` is read; for all who share its position.
    Raises DamagedBackup, at the latest at the end, for what is not as ``info`` says; ReadFailed.
    """
    name, size, crc = info.filename, 0, 0
    try:
        for piece in _unpacked(_packed(file, turn, start, info.compress_size), info.compress_type):
            size += len(piece)
            if size > info.file_size:
                raise DamagedBackup(detail=f"{name} is longer than the archive says")
            crc = isal_zlib.crc32(piece, crc)
            yield piece
    except (isal_zlib.IsalError, OSError, EOFError, ValueError) as error:  # type: ignore[misc]
        if getattr(error, "errno", None):
            # Not bz2's complaint about the data, which has no number, but the disk's.
            raise ReadFailed(path=file.name, detail=os.strerror(error.errno)) from error
        raise DamagedBackup(detail=f"{name} cannot be unpacked ({error})") from error
    if size != info.file_size:
        raise DamagedBackup(detail=f"{name} is cut short")
    if crc != info.CRC:
        raise DamagedBackup(detail=f"{name} does not match its checksum")


def _packed(file: BinaryIO, turn: threading.Lock, position: int, left: int) -> Iterator[bytes]:
    while left:
        with turn:
            file.seek(position)
            piece = file.read(min(left, PIECE_BYTES))
        if not piece:
            raise DamagedBackup(detail="the file is cut short")
        position += len(piece)
        left -= len(piece)
        yield piece


def _refuse_unreadable(info: zipfile.ZipInfo) -> None:
    if not info.filename:
        raise DamagedBackup(detail="it has an entry without a name")
    if info.flag_bits & _ENCRYPTED:
        raise NotABackup(detail=f"{info.filename} is encrypted")
    if info.compress_type not in (_STORED, _DEFLATE, _BZIP2):
        raise NotABackup(detail=f"{info.filename} is compressed in a way KiraPilot does not read")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise NotABackup(detail=f"{info.filename} is a symbolic link")


def _named(infos: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    files = [info for info in infos if not info.is_dir() and not _is_litter(info.filename)]
    tops = {name.partition("/")[0] if "/" in (name := info.filename) else "" for info in files}
    strip = len(top) + 1 if len(tops) == 1 and (top := tops.pop()) else 0
    named: dict[str, zipfile.ZipInfo] = {}
    for info in files:
        name = info.filename[strip:]
        if name in named:
            raise DamagedBackup(detail=f"it holds {name} twice")
        named[name] = info
    return named


def _is_litter(name: str) -> bool:
    return name.startswith("__MACOSX/") or os.path.basename(name) == ".DS_Store"  # noqa: PTH119 - no path, a ZIP name


def _unpacked(packed: Iterator[bytes], method: int) -> Iterator[bytes]:
    if method == _STORED:
        yield from packed
        return
    decompressor = cast(
        _Decompressor,
        bz2.BZ2Decompressor() if method == _BZIP2 else igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE),
    )
    for piece in packed:
        if decompressor.eof:
            raise ValueError("data follows its end")
        unpacked = decompressor.decompress(piece, PIECE_BYTES)
        if unpacked:
            yield unpacked
        while not decompressor.needs_input and not decompressor.eof:
            unpacked = decompressor.decompress(b"", PIECE_BYTES)
            if unpacked:
                yield unpacked
    if not decompressor.eof:
        raise EOFError("the compressed data ends too early")
    if decompressor.unused_data:
        raise ValueError("data follows its end")
