"""A ZIP, read with suspicion: each entry in pieces, proved by its size and checksum.

``zip_headers`` has held the headers against each other; this module inflates by itself (ISA-L,
in pieces, so that neither a lie about a size nor an honest large entry takes memory). An
entry's name never becomes a path. Knows nothing of JSON.
"""

from __future__ import annotations

import bz2
import io
import os
import threading
import zipfile
from collections.abc import Generator, Iterator
from typing import BinaryIO, Protocol, cast

from isal import igzip_lib, isal_zlib

from sidecar.archive.zip_headers import BZIP2, STORED, data_starts, read_directory, unlisted
from sidecar.archive.zip_names import lay_out
from sidecar.errors.backups import DamagedBackup
from sidecar.errors.paths import ReadFailed

PIECE_BYTES = 256 << 10
"""Bytes handed on at a time, unpacked."""


class _Decompressor(Protocol):
    eof: bool
    needs_input: bool
    unused_data: bytes

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class ZipReader:
    """The entries of an archive by name.

    Named as ``zip_names`` finds them: archives that people unpacked and zipped again still open. ``ignored``
    are the full names of what is no part of the backup, ``remarks`` say what else in the file is not looked at.
    Raises NotABackup, SeveralBackups, DamagedBackup, LimitExceeded.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._turn = threading.Lock()
        self.size = file.seek(0, io.SEEK_END)
        directory = read_directory(file)
        layout = lay_out(directory.infos)
        self._infos, self.ignored = layout.entries, layout.ignored
        self._starts = data_starts(file, self._infos.values(), directory.start)
        self.remarks = unlisted(file, directory, self._starts)

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


def unpacked_pieces(
    file: BinaryIO, turn: threading.Lock, start: int, info: zipfile.ZipInfo, most: int = PIECE_BYTES
) -> Generator[bytes, None, None]:
    """The unpacked bytes of the entry that ``info`` describes and whose packed bytes begin at ``start``.

    :param turn: held while ``file`` is read; for all who share its position.
    :param most: bytes handed on at a time.
    Raises DamagedBackup, at the latest at the end, for what is not as ``info`` says; ReadFailed.
    """
    name, size, crc = info.filename, 0, 0
    try:
        for piece in _unpacked(_packed(file, turn, start, info.compress_size, most), info.compress_type, most):
            size += len(piece)
            if size > info.file_size:
                raise DamagedBackup(detail=f"{name} is longer than the archive says")
            crc = isal_zlib.crc32(piece, crc)
            yield piece
    except (isal_zlib.IsalError, OSError, EOFError, ValueError) as error:  # type: ignore[misc]
        if getattr(error, "errno", None):
            # Not bz2's complaint about the data, which has no number, but the disk's.
            raise ReadFailed(path=file.name, detail=os.strerror(error.errno)) from error
        raise DamagedBackup(detail=f"{name} cannot be unpacked") from error
    if size != info.file_size:
        raise DamagedBackup(detail=f"{name} is cut short")
    if crc != info.CRC:
        raise DamagedBackup(detail=f"{name} does not match its checksum")


def _packed(file: BinaryIO, turn: threading.Lock, position: int, left: int, most: int) -> Iterator[bytes]:
    while left:
        with turn:
            file.seek(position)
            piece = file.read(min(left, most))
        if not piece:
            raise DamagedBackup(detail="the file is cut short")
        position += len(piece)
        left -= len(piece)
        yield piece


def _unpacked(packed: Iterator[bytes], method: int, most: int) -> Iterator[bytes]:
    if method == STORED:
        yield from packed
        return
    decompressor = cast(
        _Decompressor,
        bz2.BZ2Decompressor() if method == BZIP2 else igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE),
    )
    for piece in packed:
        if decompressor.eof:
            raise ValueError("data follows its end")
        unpacked = decompressor.decompress(piece, most)
        if unpacked:
            yield unpacked
        while not decompressor.needs_input and not decompressor.eof:
            unpacked = decompressor.decompress(b"", most)
            if unpacked:
                yield unpacked
    if not decompressor.eof:
        raise EOFError("the compressed data ends too early")
    if decompressor.unused_data:
        raise ValueError("data follows its end")
